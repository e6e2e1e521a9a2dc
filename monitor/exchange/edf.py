"""EDF+: a session for the viewers of sleep and movement laboratories, there and back.

One signal an axis at a whole rate, as the format wants it: samples stand on a grid, at most half a
sample from where they were taken.  EDF knows no unknown: the lowest value of each signal is reserved
for it, which the field ``prefiltering`` says, and every hole is an annotation too.  Poses, phases and
alerts are annotations; angles and rates are signals at one a second.

Format: https://www.edfplus.info/specs/edfplus.html; written and read by edfio.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.results import FloatArray, Poses, SensorData
from monitor.errors import UserError
from monitor.exchange.session_data import (
    Incoming,
    Outgoing,
    needed,
    nominal_hz,
    on_grid,
    without_holes,
)
from monitor.recording.raw import held_poses, with_pose

_CODES = {  # a label has 16 letters
    "chest": "Chest",
    "head": "Head",
    "left_thigh": "LThigh",
    "left_shank": "LShank",
    "right_thigh": "RThigh",
    "right_shank": "RShank",
}
_UNKNOWN_WORDS = "lowest value: unknown"
_DIGITAL = (-32767, 32767)  # symmetrical, so that zero stays zero
_PER_SECOND = {  # columns of the epochs that a viewer has use for: label and unit
    "knee_left_deg": ("Knee L", "deg"),
    "knee_right_deg": ("Knee R", "deg"),
    "trunk_tilt_deg": ("Trunk tilt", "deg"),
    "breathing_per_min": ("Breathing", "1/min"),
    "heart_per_min": ("Heart", "1/min"),
    "stillness": ("Stillness", ""),
    "relaxation": ("Relaxation", ""),
}


def write_edf(session: Outgoing, folder: Path) -> list[Path]:
    """Write ``NAME.edf``.

    Raises
    ------
    UserError
        When edfio is not installed.
    """
    edfio = needed("edfio", "edf")
    seconds = max(1, math.ceil(session.result.analysis.duration_s))
    signals = [
        s for p, data in session.raw.sensors.items() for s in _sensor(edfio, p, data, seconds)
    ]
    signals += list(_rates(edfio, session, seconds))
    began = session.started_at
    file = edfio.Edf(
        signals,
        recording=edfio.Recording(
            startdate=began.date() if began else None,
            equipment_code="backrelease",
            additional=_words(session.result.source),
        ),
        starttime=began.time().replace(microsecond=0) if began else None,
        data_record_duration=1.0,
        annotations=[edfio.EdfAnnotation(*a) for a in _annotations(session)],
    )
    path = folder / f"{session.name}.edf"
    file.write(path)
    path.chmod(0o600)
    return [path]


def read_edf(path: Path) -> Incoming:
    """Read the accelerometers and gyroscopes of a file that `write_edf`, or one like it, wrote.

    Raises
    ------
    UserError
        When it is no EDF, or holds no signal that is labelled as ours are.
    """
    edfio = needed("edfio", "edf")
    try:
        file = edfio.read_edf(path)
        signals = {s.label.strip(): s for s in file.signals}
        sensors = {
            p: data
            for p, code in _CODES.items()
            if (data := _read_sensor(signals, code)) is not None
        }
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as EDF: {error}", hint="Is it whole? Open it in an EDF viewer."
        ) from error
    if not sensors:
        raise UserError(
            f"{path} has no signals such as 'Chest acc x' in m/s2; found {', '.join(signals)[:200]}",
            hint="Export the sensor as CSV instead, and import that.",
        )
    try:
        began = datetime.combine(file.startdate, file.starttime).astimezone()
    except edfio.AnonymizedDateError:
        began = None
    said = " ".join(w.replace("_", " ") for w in file.recording.additional)
    return Incoming(sensors, _poses(file), began, said)


# --- out -------------------------------------------------------------------------------------


def _words(source: str) -> tuple[str, ...]:
    """A sentence as a subfield of the header: plain letters, no spaces, 40 at most."""
    plain = source.encode("ascii", "ignore").decode()[:40]
    return ("_".join(plain.split()),) if plain.split() else ()


def _sensor(edfio: Any, placement: str, data: SensorData, seconds: int) -> Iterator[Any]:
    fs_hz = math.ceil(nominal_hz(data))
    grid = on_grid(data, fs_hz, seconds * fs_hz)
    kinds = [("acc", "m/s2", "accelerometer"), ("gyr", "rad/s", "gyroscope")]
    for i in range(grid.shape[1]):
        short, unit, device = kinds[i // 3]
        label = f"{_CODES[placement]} {short} {'xyz'[i % 3]}"
        yield _signal(edfio, grid[:, i], fs_hz, label=label, unit=unit, device=device)


def _rates(edfio: Any, session: Outgoing, seconds: int) -> Iterator[Any]:
    epochs = session.result.analysis.epochs
    row = np.round(epochs.t_s).astype(int) - 1  # an epoch's time is its end
    inside = (row >= 0) & (row < seconds)
    for name, (label, unit) in _PER_SECOND.items():
        values = np.full(seconds, np.nan)
        values[row[inside]] = getattr(epochs, name)[inside]
        if np.isfinite(values).any():
            device = "computed by backrelease"
            yield _signal(edfio, values, 1, label=label, unit=unit, device=device)


def _signal(
    edfio: Any, values: FloatArray, fs_hz: int, *, label: str, unit: str, device: str
) -> Any:
    largest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    # a few per mille of room keep every known value off the lowest; five digits fit the header
    limit = float(f"{1.001 * largest:.4g}")
    return edfio.EdfSignal(
        np.where(np.isfinite(values), values, -limit),
        fs_hz,
        label=label,
        transducer_type=device,
        physical_dimension=unit,
        physical_range=(-limit, limit),
        digital_range=_DIGITAL,
        prefiltering=_UNKNOWN_WORDS,
    )


def _annotations(session: Outgoing) -> Iterator[tuple[float, float | None, str]]:
    analysis = session.result.analysis
    for name, start_s, end_s in held_poses(session.raw.poses):
        yield start_s, end_s - start_s, f"pose {name}"
    for phase in analysis.phases:
        yield phase.start_s, phase.end_s - phase.start_s, f"phase {phase.name}"
    for gap in session.result.gaps:
        yield gap.start_s, gap.end_s - gap.start_s, f"gap {gap.placement}"
    for alert in session.result.alerts:
        yield alert.t_s, None, f"alert {alert.kind} {alert.side}".rstrip()


# --- in --------------------------------------------------------------------------------------


def _read_sensor(signals: dict[str, Any], code: str) -> SensorData | None:
    acc = [signals.get(f"{code} acc {axis}") for axis in "xyz"]
    if any(s is None for s in acc):
        return None
    gyr = [signals.get(f"{code} gyr {axis}") for axis in "xyz"]
    columns = [_values(s) for s in (acc if any(s is None for s in gyr) else acc + gyr)]
    if len({len(c) for c in columns}) > 1:
        raise ValueError(f"the axes of {code} have different rates")
    values = np.stack(columns, axis=1)
    t_s = np.arange(len(values)) / float(acc[0].sampling_frequency)  # type: ignore[union-attr]
    return without_holes(t_s, values)


def _values(signal: Any) -> FloatArray:
    values = np.asarray(signal.data, dtype=float)
    if signal.prefiltering.strip() == _UNKNOWN_WORDS:
        half_a_step = (signal.physical_max - signal.physical_min) / (_DIGITAL[1] - _DIGITAL[0]) / 2
        values = np.where(values <= signal.physical_min + half_a_step, np.nan, values)
    return values


def _poses(file: Any) -> Poses:
    poses = Poses()
    for note in file.annotations:
        held_s = note.onset, note.onset + (note.duration or 0.0)
        poses = with_pose(poses, note.text.removeprefix("pose "), held_s)
    return poses
