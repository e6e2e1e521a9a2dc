"""Motion-BIDS: a session as a dataset for researchers, there and back.

    bids/
        dataset_description.json  README
        sub-01/ses-20260301T183005/
            ..._scans.tsv                              when it began
            motion/..._tracksys-chest_motion.tsv       samples, no header
                   ..._tracksys-chest_channels.tsv     ACCEL, GYRO, and LATENCY: the time of each sample
                   ..._tracksys-joints_motion.tsv      JNTANG: knee flexion, one a second
                   ..._task-passiveBackRelease_events.tsv   poses, phases, alerts

A tracking system of BIDS has one clock, so every sensor is one.  Bluetooth samples are not even: the
LATENCY channel (Motion-BIDS: seconds from the beginning) is their time, not the row's number.

Format: https://bids-specification.readthedocs.io/en/stable/modality-specific-files/motion.html
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.results import PLACEMENTS, FloatArray, Poses, SensorData
from monitor import __version__
from monitor.errors import UserError
from monitor.exchange.session_data import Incoming, Outgoing, nominal_hz, without_holes
from monitor.home import make_private_folder
from monitor.recording.raw import held_poses, with_pose
from monitor.result_file import write_text

BIDS_VERSION = "1.10.0"
_TASK = "passiveBackRelease"
_HEAD = ("name", "component", "type", "tracked_point", "units")
_UNITS = {"ACCEL": "m/s^2", "GYRO": "rad/s", "JNTANG": "deg", "LATENCY": "s"}
_README = """A session of the Passive Back Release: lying on the back, knees bent about 90 degrees.

Written by backrelease. Acceleration is specific force in the axes of each sensor: at rest it reads
one g upwards. Knee flexion is 0 straight and about 90 in the position; n/a is unknown.
"""


def write_bids(session: Outgoing, folder: Path) -> list[Path]:
    """Write the dataset into ``folder/bids``; other sessions that are there stay."""
    root = make_private_folder(folder / "bids")
    label = "".join(c for c in session.name if c.isalnum())
    subject = root / "sub-01" / f"ses-{label}"
    motion = make_private_folder(subject / "motion")
    stem = f"sub-01_ses-{label}"
    files = {
        root / "dataset_description.json": _json(_description()),
        root / "README": _README,
    }
    scans = []
    for placement, data in session.raw.sensors.items():
        system = f"{stem}_task-{_TASK}_tracksys-{_camel(placement)}"
        values, channels = _sensor_channels(placement, data)
        files |= _system(motion / system, values, channels, nominal_hz(data))
        scans.append(f"motion/{system}_motion.tsv")
    epochs = session.result.analysis.epochs
    system = f"{stem}_task-{_TASK}_tracksys-joints"
    files |= _system(
        motion / system,
        np.stack([epochs.knee_left_deg, epochs.knee_right_deg, epochs.t_s], axis=1),
        [
            ("kneeLeft_flexion", "n/a", "JNTANG", "kneeLeft"),
            ("kneeRight_flexion", "n/a", "JNTANG", "kneeRight"),
            ("latency", "n/a", "LATENCY", "n/a"),
        ],
        1.0,
    )
    scans.append(f"motion/{system}_motion.tsv")
    files[motion / f"{stem}_task-{_TASK}_events.tsv"] = _events(session)
    began = session.started_at.strftime("%Y-%m-%dT%H:%M:%S") if session.started_at else "n/a"
    source = session.result.source or "n/a"
    files[subject / f"{stem}_scans.tsv"] = _tsv(
        ("filename", "acq_time", "source"), [(s, began, source) for s in scans]
    )
    files[subject / f"{stem}_scans.json"] = _json(
        {"source": {"Description": "Where the data are from, in words of the program"}}
    )
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def read_bids(folder: Path) -> Incoming:
    """Read one session of a dataset: `folder` is the dataset, or a session within it.

    Raises
    ------
    UserError
        When there is no motion in it, several sessions, or no sensor at one of our placements.
    """
    sessions = sorted({path.parent.parent for path in folder.rglob("*_motion.tsv")})
    if len(sessions) != 1:
        found = f"{len(sessions)} sessions: " + ", ".join(s.name for s in sessions[:5])
        raise UserError(
            f"{folder} holds {found if sessions else 'no *_motion.tsv'}",
            hint="Give the folder of one session (sub-*/ses-*), or a Motion-BIDS dataset with one.",
        )
    try:
        sensors = dict(_read_systems(sessions[0]))
        poses, (began, source) = _read_events(sessions[0]), _read_scans(sessions[0])
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise UserError(
            f"{sessions[0]} cannot be read as Motion-BIDS: {type(error).__name__} {error}",
            hint="Check the dataset with the BIDS validator.",
        ) from error
    if not sensors:
        raise UserError(
            f"{sessions[0]} has no ACCEL channels tracked at {', '.join(PLACEMENTS)}",
            hint="The column tracked_point of *_channels.tsv says where a sensor was worn.",
        )
    return Incoming(sensors, poses, began, source)


# --- out -------------------------------------------------------------------------------------

_Channel = tuple[str, str, str, str]  # name, component, type, tracked point


def _description() -> dict[str, Any]:
    return {
        "Name": "Passive Back Release",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "backrelease", "Version": __version__}],
    }


def _sensor_channels(placement: str, data: SensorData) -> tuple[FloatArray, list[_Channel]]:
    point = _camel(placement)
    columns, channels = [*data.acc_m_s2.T], [(f"acc_{a}", a, "ACCEL", point) for a in "xyz"]
    if data.gyr_rad_s is not None:
        columns += [*data.gyr_rad_s.T]
        channels += [(f"gyro_{a}", a, "GYRO", point) for a in "xyz"]
    columns.append(data.t_s)
    channels.append(("latency", "n/a", "LATENCY", "n/a"))
    return np.stack(columns, axis=1), channels


def _system(
    stem: Path, values: FloatArray, channels: list[_Channel], fs_hz: float
) -> dict[Path, str]:
    kinds = [kind for _, _, kind, _ in channels]
    about = {
        "TaskName": _TASK,
        "TaskDescription": "Lying on the back, knees bent about 90 degrees, at rest",
        "TrackingSystemName": stem.name.rpartition("-")[2],
        "SamplingFrequency": fs_hz,
        "MissingValues": "n/a",
        "MotionChannelCount": len(channels),
        "TrackedPointsCount": len({point for *_, point in channels} - {"n/a"}),
    }
    about |= {f"{kind}ChannelCount": kinds.count(kind) for kind in dict.fromkeys(kinds)}
    rows = [(name, axis, kind, point, _UNITS[kind]) for name, axis, kind, point in channels]
    return {
        stem.with_name(f"{stem.name}_motion.tsv"): _numbers(values),
        stem.with_name(f"{stem.name}_motion.json"): _json(about),
        stem.with_name(f"{stem.name}_channels.tsv"): _tsv(_HEAD, rows),
    }


def _events(session: Outgoing) -> str:
    analysis = session.result.analysis
    rows = [
        (f"{start_s:.6f}", f"{end_s - start_s:.6f}", f"pose_{name}")
        for name, start_s, end_s in held_poses(session.raw.poses)
    ]
    rows += [
        (f"{p.start_s:.6f}", f"{p.end_s - p.start_s:.6f}", f"phase_{p.name}")
        for p in analysis.phases
    ]
    rows += [
        (f"{a.t_s:.6f}", "0", f"alert_{a.kind}" + (f"_{a.side}" if a.side else ""))
        for a in session.result.alerts
    ]
    return _tsv(("onset", "duration", "trial_type"), sorted(rows, key=lambda row: float(row[0])))


def _numbers(values: FloatArray) -> str:
    text = io.StringIO()
    np.savetxt(text, values, fmt="%.9g", delimiter="\t")
    return text.getvalue().replace("nan", "n/a")


def _tsv(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in (head, *rows))


def _json(about: Mapping[str, Any]) -> str:
    return json.dumps(about, indent=2) + "\n"


def _camel(placement: str) -> str:
    """A BIDS label has letters and digits only.

    Examples
    --------
    >>> _camel("left_thigh")
    'leftThigh'
    """
    first, *rest = placement.split("_")
    return first + "".join(word.title() for word in rest)


# --- in --------------------------------------------------------------------------------------


def _read_systems(session: Path) -> Iterable[tuple[str, SensorData]]:
    places = {_camel(p): p for p in PLACEMENTS}
    for path in sorted(session.glob("motion/*_motion.tsv")):
        channels = _rows(path.with_name(path.name.replace("_motion.tsv", "_channels.tsv")))
        columns = [c["type"] for c in channels]
        points = {c["tracked_point"] for c in channels if c["type"] == "ACCEL"}
        if len(points) != 1 or not points <= places.keys():
            continue
        values = np.genfromtxt(path, delimiter="\t", missing_values="n/a", ndmin=2)
        of_kind = {kind: [i for i, k in enumerate(columns) if k == kind] for kind in set(columns)}
        if "LATENCY" in of_kind:
            t_s = values[:, of_kind["LATENCY"][0]]
        else:
            about = json.loads(path.with_suffix(".json").read_text("utf-8"))
            t_s = np.arange(len(values)) / float(about["SamplingFrequency"])
        wanted = of_kind["ACCEL"] + of_kind.get("GYRO", [])
        yield places[points.pop()], without_holes(t_s, values[:, wanted])


def _read_events(session: Path) -> Poses:
    poses = Poses()
    for path in session.glob("motion/*_events.tsv"):
        for row in _rows(path):
            held_s = float(row["onset"]), float(row["onset"]) + float(row["duration"])
            poses = with_pose(poses, row.get("trial_type", "").removeprefix("pose_"), held_s)
    return poses


def _read_scans(session: Path) -> tuple[datetime | None, str]:
    """When it began, and where it is from, as far as the first line says."""
    for path in session.glob("*_scans.tsv"):
        for row in _rows(path):
            said = {k: v for k, v in row.items() if v != "n/a"}
            began = said.get("acq_time")
            when = datetime.fromisoformat(began).astimezone() if began else None
            return when, said.get("source", "")
    return None, ""


def _rows(path: Path) -> list[dict[str, str]]:
    head, *lines = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line]
    return [dict(zip(head, line, strict=True)) for line in lines]
