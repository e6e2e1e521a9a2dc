"""What an analysis says: frozen values with units in their names.

The rule for all of them: unknown is NaN (in arrays) or None (single values), never zero, and every
summary carries the share of time in which it was known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]

PLACEMENTS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank", "head")
"""Where a sensor can be worn.  Any subset works."""

PositionName: TypeAlias = Literal["supine", "left", "right", "prone", "upright", "unknown"]

PhaseName: TypeAlias = Literal[
    "straight", "settling", "rest", "extra", "rolling", "kneeling", "standing", "unknown"
]


@dataclass(frozen=True, slots=True, eq=False)
class SensorData:
    """One sensor's samples as the analysis takes them.

    Attributes
    ----------
    t_s : (n,) array
        Session seconds, never falling.
    acc_m_s2 : (n, 3) array
        Specific force in the sensor's axes; NaN rows are samples that are known to be bad.
    gyr_rad_s : (n, 3) array or None
        Angular rate in the sensor's axes.
    n_lost : int
        Samples known (or estimated) to be missing.
    """

    t_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray | None = None
    n_lost: int = 0


@dataclass(frozen=True, slots=True)
class Poses:
    """When the two calibration poses were held, as (start, end) in session seconds; None if not.

    `slide_s` is when the heels slid slowly there and back, if they did (`analysis.slide`).
    """

    straight_s: tuple[float, float] | None = None
    bent_s: tuple[float, float] | None = None
    slide_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class SensorSummary:
    """How well one sensor was heard.

    `coverage` is the share of the session, 0 to 1, in which it delivered usable samples.
    `problems` are sentences for the wearer; empty when nothing was found.
    """

    fs_hz: float | None
    n_samples: int
    n_lost: int
    coverage: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of the exercise."""

    name: PhaseName
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Position:
    """One stretch in which the trunk lay, or was held, in one way."""

    name: PositionName
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Breath:
    """One breath, from the beginning of breathing in to the beginning of the next.

    Attributes
    ----------
    start_s, end_s : float
        Session seconds.
    depth_deg : float
        How far the chest turned with it: a proxy that compares breaths of one session, not people
        nor straps.
    kind : str
        ``breath``, or ``sigh`` for one much deeper than those around it.
    pause_s : float or None
        How long the chest rested before the next breath; None where that cannot be seen.
    """

    start_s: float
    end_s: float
    depth_deg: float
    kind: Literal["breath", "sigh"] = "breath"
    pause_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """How the wearer got up: the last part of the exercise.

    Attributes
    ----------
    start_s, end_s : float
        Session seconds from the first turn to standing.
    rolling_s, kneeling_s, standing_s : float or None
        When each part began; None where it was not seen.
    peak_speed_deg_s : float or None
        Fastest turn of the trunk on the way.
    hurried : bool or None
        Whether it was faster than is kind to the back; None where that cannot be said.
    reason : str
        One sentence: what was seen and against which limit.
    """

    start_s: float
    end_s: float
    rolling_s: float | None
    kneeling_s: float | None
    standing_s: float | None
    peak_speed_deg_s: float | None
    hurried: bool | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """One row an epoch, all arrays of the same length; NaN is unknown.

    Attributes
    ----------
    t_s
        End of the epoch in session seconds: a row says what was known then.
    stillness
        0 (moving throughout) to 1 (still throughout), over all sensors worn.
    movement_mg
        Movement of the most restless segment, in mg above the sensor's own noise floor.
    breathing_per_min, breathing_confidence
        Breaths per minute, and how far to trust it, 0 to 1.
    heart_per_min, heart_confidence
        Heart beats per minute, and how far to trust it, 0 to 1.
    trunk_tilt_deg
        Angle of the chest from where it lay while calibrating; 0 lying, about 90 sitting.
    knee_left_deg, knee_right_deg
        Knee flexion, 0 straight, about 90 in the position.
    lean_left_deg, lean_right_deg
        Leg leaning out (positive) or in (negative) from the calibrated plane.
    relaxation
        The index of `analysis.relaxation`, 0 to 1, against the wearer's own opening minutes.
    posture_drift_deg
        How far the trunk has turned from where it lay when rest began.
    drowsy
        0 (awake) to 1 (asleep, by all that motion can tell): not the same as relaxed.
    """

    t_s: FloatArray
    stillness: FloatArray
    movement_mg: FloatArray
    breathing_per_min: FloatArray
    breathing_confidence: FloatArray
    heart_per_min: FloatArray
    heart_confidence: FloatArray
    trunk_tilt_deg: FloatArray
    knee_left_deg: FloatArray
    knee_right_deg: FloatArray
    lean_left_deg: FloatArray
    lean_right_deg: FloatArray
    relaxation: FloatArray
    posture_drift_deg: FloatArray
    drowsy: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, rows: slice) -> Epochs:
        return Epochs(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def unknown(cls, t_s: FloatArray) -> Epochs:
        """Epochs that end at `t_s`, about which nothing is known."""
        nan = {f.name: np.full(len(t_s), np.nan) for f in fields(cls) if f.name != "t_s"}
        return cls(t_s=np.asarray(t_s, dtype=float), **nan)

    @classmethod
    def joined(cls, parts: list[Epochs]) -> Epochs:
        """Several runs of epochs, one after the other."""
        if not parts:
            return cls.unknown(np.empty(0))
        names = [f.name for f in fields(cls)]
        return cls(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of one segment, cut from the recording.

    `sparc` and `ldlj` are nearer to zero when smoother; None where they cannot be had.
    """

    placement: str
    start_s: float
    end_s: float
    kind: str
    sparc: float | None
    ldlj: float | None
    range_deg: float | None
    peak_speed_deg_s: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number for the summary: value, interval, the share of time it rests on, and its unit."""

    value: float | None
    low: float | None
    high: float | None
    coverage: float
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class SessionAnalysis:
    """All that the analysis says about one session."""

    duration_s: float
    sensors: Mapping[str, SensorSummary]
    phases: tuple[Phase, ...]
    epochs: Epochs
    movements: tuple[Movement, ...] = ()
    summary: Mapping[str, Estimate] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()
    breaths: tuple[Breath, ...] = ()
    finish: Finish | None = None
