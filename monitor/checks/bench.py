"""What a sensor is worth, from a minute in which it lay still.  Pure: samples in, figures out.

    acceleration, cut into 3 s --still?--> noise of a sample, noise in two bands, |a| against 1 g
    device time against arrival ---------> true rate, drift, how late notifications come

While it was moved it tells nothing of its noise: those windows are left out and said.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import G_M_S2
from analysis.quality import TRUSTED_G, rest_problem
from analysis.stillness import WINDOW_S, StillnessSettings, stillness
from devices.chunk import FloatArray
from devices.driver import ClockKind
from devices.supported import CHEST_PULSE, STILLNESS, TILT, Abilities, Support, supports
from monitor.result import LossBy

PULSE_BAND_HZ = (8.0, 25.0)  # where `analysis.heart` looks for the knock on the chest
_TURNED_DEG = 2.0  # more than any still sensor's own wander within a minute
_INTERVAL_S = 0.03  # a usual connection interval; arrivals on its grid hide what lies between
_ONE_EVENT_S = 0.002  # notifications nearer than this came together
_LEAST_FIT_S = 10.0  # before that a packet that came late outweighs any drift
_FAINT_KNOCK_MG = 1.0  # a knock is some tenths of a milli-g to several
_STRONG_KNOCK_MG = 10.0
_MUCH_LOST = 0.02  # beyond, an estimated loss misplaces samples by tenths of a second


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What came of one sensor in one stretch without a break.

    Attributes
    ----------
    fs_hz : float
        The rate it agreed to; 0 for a sensor without acceleration.
    clock : ClockKind
        Where its device time comes from.
    t_device_s, t_arrival_s : (n,) array
        Of each sample: the device's time, unwrapped, and when its notification arrived.
    acc_m_s2 : (n, 3) array
    n_lost : int
        Samples that never came; `loss_is_estimate` says that it had to be guessed.
    n_breaks : int
        How often the stream broke before or after this stretch.
    n_errors : int
        Notifications that could not be read.
    battery_percent : float or None
    heart_per_min : (k,) array
        One a message of its heart rate, NaN where it told none.
    """

    fs_hz: float
    clock: ClockKind
    t_device_s: FloatArray
    t_arrival_s: FloatArray
    acc_m_s2: FloatArray
    n_lost: int = 0
    loss_is_estimate: bool = False
    n_breaks: int = 0
    n_errors: int = 0
    battery_percent: float | None = None
    heart_per_min: FloatArray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late notifications came after the promptest, in milliseconds."""

    median_ms: float
    p95_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Bench:
    """The figures; None is unknown, and `remarks` say why.

    `fs_hz` counts the computer's seconds.  `noise_sample_mg` is of one axis, the two bands are of
    all axes together.  `offset_mg` is |a| at rest less 1 g.  `drift_ppm` is positive when the
    sensor's clock is fast, and `drift_error_ppm` how far off that may be.  Both are None where there
    is no clock to drift.
    """

    seconds: float
    n_samples: int
    fs_nominal_hz: float
    fs_hz: float | None
    noise_sample_mg: float | None
    noise_movement_mg: float | None
    noise_pulse_mg: float | None
    offset_mg: float | None
    still_s: float
    moved_s: float
    n_lost: int
    loss_by: LossBy
    lateness: Lateness | None
    drift_ppm: float | None
    drift_error_ppm: float | None
    battery_percent: float | None
    n_heart: int
    heart_per_min: float | None
    supports: tuple[Support, ...]
    remarks: tuple[str, ...]


def bench(heard: Heard, abilities: Abilities) -> Bench:
    """All figures of one sensor.

    Examples
    --------
    A perfect sensor that reads 10 mg too much:

    >>> t = np.arange(0.0, 30.0, 0.01)
    >>> acc = np.tile([0.0, 0.0, 1.01 * G_M_S2], (len(t), 1))
    >>> from devices.supported import ABILITIES
    >>> told = bench(Heard(100.0, ClockKind.DEVICE, t, t + 5.0, acc), ABILITIES["polar_h10"])
    >>> round(told.fs_hz, 3), round(told.drift_ppm, 3), round(told.offset_mg, 3), told.moved_s
    (100.0, 0.0, 10.0, 0.0)
    """
    line = _Line.fit(heard.t_device_s, heard.t_arrival_s)
    fs_hz = None if line is None else _rate_hz(heard, line)
    windows = _windows(heard)
    movement_mg = stillness(windows, heard.fs_hz).movement_mg if len(windows) else np.empty(0)
    is_still = _is_still(windows, movement_mg)
    still = windows[is_still]
    has_clock = line is not None and heard.clock is ClockKind.DEVICE
    n_told = heard.heart_per_min[np.isfinite(heard.heart_per_min)]
    told = Bench(
        seconds=float(np.ptp(heard.t_arrival_s)) if len(heard.t_arrival_s) else 0.0,
        n_samples=len(heard.t_device_s),
        fs_nominal_hz=heard.fs_hz,
        fs_hz=fs_hz,
        noise_sample_mg=_sample_noise_mg(still),
        noise_movement_mg=_median(movement_mg[is_still]),
        noise_pulse_mg=_pulse_noise_mg(still, heard.fs_hz),
        offset_mg=_offset_mg(still),
        still_s=float(is_still.sum()) * WINDOW_S,
        moved_s=float((~is_still).sum()) * WINDOW_S,
        n_lost=heard.n_lost,
        loss_by=_loss_by(heard),
        lateness=None if line is None else line.lateness(),
        drift_ppm=1e6 * (1.0 / line.rate - 1.0) if line is not None and has_clock else None,
        drift_error_ppm=1e6 * line.rate_error if line is not None and has_clock else None,
        battery_percent=heard.battery_percent,
        n_heart=len(heard.heart_per_min),
        heart_per_min=_median(n_told),
        supports=(),
        remarks=(),
    )
    told = replace(told, supports=_supports(told, abilities))
    return replace(told, remarks=_remarks(told, heard))


# --- time ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Arrival of the promptest notification of each second against device time.

    A link delivers on a grid of its own.  Where the sensor's notifications keep step with it, all
    are late by the same unknown part of an interval, which may have changed by as much from end to
    end: that is added to the error, less what the scatter of the lateness rules out.
    """

    rate: float  # seconds of the computer in one of the device
    rate_error: float  # twice the standard error, and what the grid may hide
    late_s: FloatArray  # of every notification, after the promptest

    @classmethod
    def fit(cls, t_device_s: FloatArray, t_arrival_s: FloatArray) -> _Line | None:
        """None when there is too little to fit."""
        if len(t_device_s) < 2 or t_device_s[-1] - t_device_s[0] < _LEAST_FIT_S:
            return None
        ends = np.flatnonzero(np.append(np.diff(t_arrival_s) > 0.0, True))
        x, late_s = t_device_s[ends], t_arrival_s[ends] - t_device_s[ends]
        second = (x - x[0]).astype(int)
        first = np.flatnonzero(np.diff(second, prepend=-1))
        least = np.minimum.reduceat(late_s, first)
        at = np.array([x[a + int(np.argmin(late_s[a:b]))] for a, b in _spans(first, len(x))])
        about, spread = at - at.mean(), float(np.sum((at - at.mean()) ** 2))
        slope = float(np.sum(about * least)) / spread
        rest = least - least.mean() - slope * about
        error = float(np.sqrt(np.sum(rest**2) / max(len(at) - 2, 1) / spread))
        late_s = late_s - slope * (x - x[0])
        late_s = late_s - late_s.min()
        events = np.append(np.diff(t_arrival_s[ends]) > _ONE_EVENT_S, True)
        step_s = min(_INTERVAL_S, float(np.median(np.diff(x))))
        hidden_s = max(0.0, step_s - 2.0 * float(np.median(late_s[events])))
        return cls(1.0 + slope, float(np.hypot(2.0 * error, hidden_s / np.ptp(x))), late_s)

    def lateness(self) -> Lateness:
        median, p95 = np.percentile(self.late_s, [50, 95])
        return Lateness(1e3 * float(median), 1e3 * float(p95), 1e3 * float(self.late_s.max()))


def _spans(first: NDArray[np.intp], end: int) -> list[tuple[int, int]]:
    bounds = [*first.tolist(), end]
    return list(itertools.pairwise(bounds))


def _rate_hz(heard: Heard, line: _Line) -> float:
    """Samples taken in a second of the computer, the lost ones included where they are counted."""
    span_s = float(heard.t_device_s[-1] - heard.t_device_s[0])
    n_lost = 0 if heard.clock is ClockKind.COUNTED else heard.n_lost
    return (len(heard.t_device_s) - 1 + n_lost) / (span_s * line.rate)


# --- acceleration ----------------------------------------------------------------------------


def _windows(heard: Heard) -> FloatArray:
    """(k, n, 3): stretches of 3 s one after the other, none over a gap; the rest is left."""
    n = round(WINDOW_S * heard.fs_hz)
    if n < 4 or len(heard.t_device_s) < n:
        return np.empty((0, max(n, 1), 3))
    t_s = heard.t_device_s[: len(heard.t_device_s) // n * n].reshape(-1, n)
    whole = np.ptp(t_s, axis=1) < (n - 0.5) / heard.fs_hz
    return np.asarray(heard.acc_m_s2[: t_s.size].reshape(-1, n, 3)[whole])


def _is_still(windows: FloatArray, movement_mg: FloatArray) -> NDArray[np.bool_]:
    """Windows without a jerk and with gravity where it mostly is."""
    if not len(windows):
        return np.empty(0, dtype=np.bool_)
    up = windows.mean(axis=1)
    middle = np.median(up, axis=0)
    lengths = np.maximum(np.linalg.norm(up, axis=1) * np.linalg.norm(middle), 1e-9)
    turned_deg = np.degrees(np.arccos(np.clip(up @ middle / lengths, -1.0, 1.0)))
    # Where the rate is too slow for the band, its turn is all that is known of a movement.
    jerked = movement_mg >= StillnessSettings().still_below_mg
    return np.asarray(~jerked & (turned_deg < _TURNED_DEG))


def _sample_noise_mg(still: FloatArray) -> float | None:
    if not len(still):
        return None
    return float(1e3 / G_M_S2 * np.sqrt(np.mean(still.var(axis=1))))


def _pulse_noise_mg(still: FloatArray, fs_hz: float) -> float | None:
    low_hz, high_hz = PULSE_BAND_HZ
    high_hz = min(high_hz, 0.49 * fs_hz)
    if not len(still) or high_hz < 0.9 * PULSE_BAND_HZ[1]:
        return None
    band = replace(StillnessSettings(), low_hz=low_hz, high_hz=high_hz)
    return _median(stillness(still, fs_hz, settings=band).movement_mg)


def _offset_mg(still: FloatArray) -> float | None:
    lengths = np.linalg.norm(still.mean(axis=1), axis=1)
    return 1e3 * (float(np.median(lengths)) / G_M_S2 - 1.0) if len(lengths) else None


def _median(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


# --- in words --------------------------------------------------------------------------------


def _loss_by(heard: Heard) -> LossBy:
    is_guess = heard.loss_is_estimate or heard.clock is ClockKind.COUNTED
    return "estimated" if is_guess else "counted"


def _supports(told: Bench, abilities: Abilities) -> tuple[Support, ...]:
    """What its rate allows, less what its noise and its offset forbid."""
    if not told.n_samples and abilities.clock is not None:
        nothing = (Support(name, False, "it sent none") for name in (TILT, STILLNESS, CHEST_PULSE))
        return (*nothing, supports(abilities)[-1])
    rate_hz = told.fs_hz or told.fs_nominal_hz or None
    judge = {TILT: _tilt, STILLNESS: _stillness, CHEST_PULSE: _pulse}
    return tuple(
        judge[it.measure](it, told) if it.is_supported and it.measure in judge else it
        for it in supports(abilities, rate_hz)
    )


def _tilt(it: Support, told: Bench) -> Support:
    if told.offset_mg is None:
        return it
    problem = rest_problem((1.0 + told.offset_mg / 1e3) * G_M_S2)
    is_believed = TRUSTED_G[0] <= 1.0 + told.offset_mg / 1e3 <= TRUSTED_G[1]
    return replace(it, is_supported=None if is_believed else False, why=problem) if problem else it


def _stillness(it: Support, told: Bench) -> Support:
    if told.still_s or not told.moved_s:
        return it
    return replace(it, is_supported=None, why=f"{it.why}, but it was never still")


def _pulse(it: Support, told: Bench) -> Support:
    if told.noise_pulse_mg is None:
        return replace(it, is_supported=None, why=f"{it.why}, its noise is not known")
    low_hz, high_hz = PULSE_BAND_HZ
    noise = f"noise {told.noise_pulse_mg:.1f} mg in {low_hz:g} to {high_hz:g} Hz"
    if told.noise_pulse_mg > _STRONG_KNOCK_MG:
        return replace(it, is_supported=False, why=f"{noise} hides every knock")
    if told.noise_pulse_mg > _FAINT_KNOCK_MG:
        return replace(it, is_supported=None, why=f"{it.why}, {noise} hides faint knocks")
    return replace(it, why=f"{it.why}, {noise}")


def _remarks(told: Bench, heard: Heard) -> tuple[str, ...]:
    said = []
    if told.moved_s and told.still_s:
        said.append(
            f"It was moved for about {told.moved_s:.0f} s; noise and offset are from the"
            f" {told.still_s:.0f} s in which it lay still."
        )
    elif told.moved_s:
        said.append(
            "It was never still, so its noise and offset are unknown: lay it on a table and"
            " leave it alone."
        )
    if heard.n_breaks:
        said.append(
            f"The stream broke {heard.n_breaks} times; the figures are from its longest stretch."
        )
    if heard.n_errors:
        said.append(f"{heard.n_errors} notifications could not be read.")
    if heard.clock is ClockKind.COUNTED and told.n_samples:
        said.append(
            "It has no clock and no counter: samples are counted as they come, a loss is"
            " estimated, and a slow loss looks like a slow rate."
        )
    if told.fs_hz is not None and told.n_lost > _MUCH_LOST * told.n_samples:
        said.append("Much was lost: bring it nearer, or use another Bluetooth adapter.")
    if told.fs_hz is None and told.n_samples:
        said.append(f"{_LEAST_FIT_S:.0f} s are needed for the rate, the drift and the lateness.")
    error = told.drift_error_ppm
    if told.drift_ppm is not None and error is not None and abs(told.drift_ppm) < error:
        said.append("Its clock does not differ from this computer's by more than can be measured.")
    return tuple(said)
