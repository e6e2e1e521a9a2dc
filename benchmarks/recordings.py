"""The real recordings, one loader a kind; nothing of them is part of the project.

They are looked for beside the project (`../shared/data`); a kind that is absent is skipped, and the
table says so.  Every loader gives SI units and the reference that its owner measured.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
G_M_S2 = 9.80665


@dataclass(frozen=True, slots=True, eq=False)
class ChestRecording:
    """One chest sensor and what is known about its wearer.

    `breaths_s` are times of single breaths where somebody counted them; `rate_per_min` is the
    reference for the whole recording, `baseline_per_min` what the owner of the collection got with
    a crude method; None where there is none.
    """

    name: str
    posture: str
    t_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray | None = None
    rate_per_min: float | None = None
    breaths_s: FloatArray | None = None
    beats_s: FloatArray | None = None
    baseline_per_min: float | None = None
    also: dict[str, FloatArray] = field(default_factory=dict)


def wendexd(posture: str, data: Path = DATA) -> Iterator[ChestRecording]:
    """Sternum sensor with counted breaths (key presses) and an electrocardiogram."""
    folder = data / "chest" / "wendexd_sternum_imu_ecg"
    for row in _reference(folder):
        if row["position"] != posture:
            continue
        table = _columns(folder / f"{row['id']}_imu.csv.gz")
        yield ChestRecording(
            name=row["id"],
            posture=posture,
            t_s=table[:, 0],
            acc_m_s2=table[:, 1:4] * G_M_S2,
            gyr_rad_s=np.deg2rad(table[:, 4:7]),
            rate_per_min=float(row["ref_breaths_per_min"]),
            breaths_s=_columns(folder / f"{row['id']}_breaths.csv")[:, 0],
            beats_s=_columns(folder / f"{row['id']}_rpeaks.csv")[:, 0],
            baseline_per_min=float(row["baseline_breaths_per_min"]),
        )


def agatelite(data: Path = DATA) -> Iterator[ChestRecording]:
    """Telephone on the chest, breathing to a pace of 2, 4 or 8 s."""
    folder = data / "chest" / "agatelite_paced_phone"
    for row in _reference(folder):
        if not row["ref_breaths_per_min"]:
            continue
        table = _columns(folder / f"{row['id']}.csv.gz")
        rate = float(row["ref_breaths_per_min"])
        yield ChestRecording(
            row["id"],
            "supine",
            table[:, 0],
            table[:, 1:4],
            rate_per_min=rate,
            baseline_per_min=float(row["baseline_breaths_per_min"]),
        )


def paoli(data: Path = DATA) -> Iterator[ChestRecording]:
    """Telephone on the chest, 12 breaths to a pace of 2 to 20 s."""
    folder = data / "chest" / "paoli_paced_phone"
    for row in _reference(folder):
        table = _columns(folder / f"{row['id']}.csv.gz")
        _, first = np.unique(table[:, 0], return_index=True)  # two or three per cent come twice
        table = table[first]
        rate = float(row["ref_breaths_per_min"])
        acc_m_s2 = table[:, 1:4] * G_M_S2
        yield ChestRecording(
            row["id"],
            "supine",
            table[:, 0],
            acc_m_s2,
            rate_per_min=rate,
            baseline_per_min=float(row["baseline_breaths_per_min"]),
        )


BELT_LAG_S = 11.8
"""The belt's clock runs behind the sensor's by this (peak of their cross-correlation)."""


def rrhr(posture: str, data: Path = DATA) -> Iterator[ChestRecording]:
    """Orientation of a trunk sensor beside a respiration belt; gravity stands in for acceleration."""
    folder = data / "chest" / "rrhr_imu_respbelt"
    for row in _reference(folder):
        if row["posture"] != posture:
            continue
        table = _columns(folder / f"{row['id']}.csv.gz")
        z, y, x, w = table[:, 1:5].T  # the file's header names them the other way round
        up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
        peaks_s = _columns(folder / f"{row['id']}_peaks.csv")[:, 0] - BELT_LAG_S
        yield ChestRecording(
            name=row["id"],
            posture=posture,
            t_s=table[:, 0],
            acc_m_s2=up * G_M_S2,
            rate_per_min=float(row["human_breaths_per_min"]),
            breaths_s=peaks_s[(peaks_s >= 0) & (peaks_s <= table[-1, 0])],
            also={"belt_n": table[:, 9], "belt_t_s": table[:, 0] - BELT_LAG_S},
        )


def hea(data: Path = DATA) -> Iterator[ChestRecording]:
    """One axis of 10 bits at 50 Hz (nominal), some 15 min; an oximeter read 100 times, every 5 s.

    `also["oximeter_per_min"]` are its readings; when they began is not known.
    """
    folder = data / "chest" / "hea_lis3dh_oximeter"
    path = folder / "oximeter_readings.csv"
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as file:
        readings = list(csv.DictReader(file))
    for name in ("lying_down_2", "seated_2", "standing_2"):
        signal = folder / f"{name}_az.csv.gz"
        if not signal.exists():
            continue
        acc_m_s2 = np.full((len(axis := _columns(signal)[:, 0]), 3), np.nan)
        acc_m_s2[:, 2] = axis
        told = np.array([float(row[f"{name}_oximeter_bpm"] or "nan") for row in readings])
        yield ChestRecording(
            name,
            name.split("_", maxsplit=1)[0],
            np.arange(len(axis)) / 50.0,
            acc_m_s2,
            also={"oximeter_per_min": told},
        )


def respeck(activity: str, data: Path = DATA) -> Iterator[ChestRecording]:
    """Half a minute of one labelled activity a person, sensor on the lower ribs, 25 Hz."""
    path = data / "chest" / "pdiot_respeck_positions" / f"{activity}.csv.gz"
    if not path.exists():
        return
    table = _columns(path)
    for person in np.unique(table[:, 0]):
        rows = table[table[:, 0] == person]
        yield ChestRecording(
            name=f"{activity} {person:.0f}",
            posture=activity,
            t_s=np.arange(len(rows)) / 25.0,
            acc_m_s2=rows[:, 2:5] / 16384 * G_M_S2,
            gyr_rad_s=np.deg2rad(rows[:, 5:8] / 64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class KneeRecording:
    """A thigh and a shank sensor beside a measured knee (or hinge) angle; NaN where it is not."""

    name: str
    t_s: FloatArray
    thigh_acc_m_s2: FloatArray
    shank_acc_m_s2: FloatArray
    thigh_gyr_rad_s: FloatArray
    shank_gyr_rad_s: FloatArray
    reference_deg: FloatArray
    labels: NDArray[np.str_] | None = None


def cmu(data: Path = DATA) -> Iterator[KneeRecording]:
    """A seated and standing person beside optical knee angles."""
    path = data / "knee" / "cmu_sit_stand" / "dev" / "cmu_dev.npz"
    path = path if path.exists() else data / "knee" / "cmu_sit_stand" / "cmu_dev.npz"
    if not path.exists():
        return
    with np.load(path) as z:
        yield KneeRecording(
            name="cmu",
            t_s=z["t"] - z["t"][0],
            thigh_acc_m_s2=z["thigh_l_acc"],
            shank_acc_m_s2=z["shank_l_acc"],
            thigh_gyr_rad_s=z["thigh_l_gyr"],
            shank_gyr_rad_s=z["shank_l_gyr"],
            reference_deg=np.where(z["ref_valid"], z["knee_flexion_l_deg_opensim"], np.nan),
            labels=z["label"].astype(str),
        )


def hinge(name: str, data: Path = DATA) -> Iterator[KneeRecording]:
    """Two cheap sensors on a motorised hinge with an encoder, 25 minutes."""
    path = data / "knee" / "mpu6050_encoder_hinge" / f"{name}.npz"
    if not path.exists():
        return
    with np.load(path) as z:
        yield KneeRecording(
            name=name,
            t_s=(z["time_ms"] - z["time_ms"][0]) / 1000.0,
            thigh_acc_m_s2=z["fixed_acc_g"] * G_M_S2,
            shank_acc_m_s2=z["moving_acc_g"] * G_M_S2,
            thigh_gyr_rad_s=np.deg2rad(z["fixed_gyr_dps"]),
            shank_gyr_rad_s=np.deg2rad(z["moving_gyr_dps"]),
            reference_deg=z["encoder_deg"].astype(float),
        )


@dataclass(frozen=True, slots=True, eq=False)
class BoardRecording:
    """A board with one sensor, moved by hand, beside where cameras saw up in the sensor's axes."""

    name: str
    fs_hz: float
    t_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray
    up: FloatArray
    is_moving: NDArray[np.bool_]


def broad(data: Path = DATA) -> Iterator[BoardRecording]:
    """BROAD: slow rotations and translations of a board, and taps on it."""
    for path in sorted((data / "knee" / "broad").glob("*.npz")):
        with np.load(path) as z:
            fs_hz = float(z["fs"])
            w, x, y, q = z["opt_quat"].astype(float).T
            up = np.stack(
                [2 * (x * q - w * y), 2 * (y * q + w * x), 1 - 2 * (x * x + y * y)], axis=1
            )
            yield BoardRecording(
                name=path.stem.replace("undisturbed_", "").replace("disturbed_", "")[:20],
                fs_hz=fs_hz,
                t_s=np.arange(len(up)) / fs_hz,
                acc_m_s2=z["imu_acc"].astype(float),
                gyr_rad_s=z["imu_gyr"].astype(float),
                up=up,
                is_moving=z["movement"].astype(bool),
            )


def smoothness_reference(data: Path = DATA) -> dict[str, list[dict[str, object]]] | None:
    """Values that the authors' own programs gave, with the arrays they were given."""
    path = data / "knee" / "smoothness_reference.json"
    if not path.exists():
        return None
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _reference(folder: Path) -> list[dict[str, str]]:
    path = folder / "reference.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _columns(path: Path) -> FloatArray:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = text.decode("utf-8").splitlines()[1:]
    return np.array([line.split(",") for line in lines], dtype=float)
