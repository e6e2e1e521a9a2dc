"""Breaths per minute from how gravity rocks in a chest sensor, and how far to trust it.

    10 Hz gravity ──► drift out, outliers clipped ──► spectrum, summed over the axes
                                                        │
       last 30 s: the strongest peak, 5 to 37 /min ─────┤  fast answer
       last 60 s: a peak below 8 /min that repeats ─────┘  slow answer, if it explains the window

Breathing tilts a chest by 1 to 5 mg at rest.  Two answers, because 30 s hold only one and a half
breaths at 3 per minute, and 60 s are slow to notice a change at 15 per minute.

Both must be more than the best of many rivals, which noise has as well.  A breath holds a good part
of all that moves, and the minute is alike one breath later: so noise, breath beyond the band, and
the harmonic of a breath too slow to be seen yet are unknown, not a number within the band.

Confidence is the distance from the peak to its best rival: a peak twice as high as any other gives
0.5.  On recordings with counted breaths the share of right answers follows it closely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.results import FloatArray
from analysis.spectrum import (
    BoolArray,
    autocorrelation,
    between,
    bridged,
    by_axis,
    check_windows,
    detrended,
    fft_length,
    frequencies,
    median_where,
    peak_near,
    power,
)

WINDOW_S = 60.0
"""Length of the windows to pass; what is not known (a session's first minute) is NaN."""

_COARSE_HZ = 5.0
_HIGHEST_HZ = 0.9  # nothing that is asked of a spectrum lies above

_BLOCK = 256  # windows at a time: keeps the working arrays within a few tens of MB


@dataclass(frozen=True, slots=True)
class BreathingSettings:
    """What is looked for; every default with its source."""

    fast_window_s: float = 30.0  # the usual window of the literature (field studies: 30 s)
    fast_per_min: tuple[float, float] = (5.0, 37.0)  # 35 is hard panting at rest, and a margin
    slow_per_min: tuple[float, float] = (2.7, 8.0)  # 3 per minute is practised by few, and a margin
    shortest_s: float = 12.0  # of the last 30: three breaths at 15 per minute
    tells_s: float = 24.0  # of the last 60: before, a breath of 20 s cannot be told from its third
    # or so many breaths: then one three times as long, whose third this may be, has shown itself too
    tells_cycles: float = 3.6
    fewest_cycles: float = 2.4  # fewer do not repeat: a drift looks the same
    known_share: float = 0.7  # of the samples since the first one
    bridge_s: float = 0.5  # a lost packet or two; no breath hides in it
    clip: float = 4.0  # times the median movement: a twitch must not outshout a minute of breathing
    slow_share: float = 0.75  # of the power explained by a slow rate and two harmonics
    slow_repeats: float = 0.5  # autocorrelation one slow breath later
    slow_height: float = 0.3  # of the highest peak: else it is a subharmonic of a faster rate
    # of the power up to 48 /min, weighed by the frequency, at a fast rate and its double: white noise
    # that passes for sure has 0.28 (median) to 0.42 (95th percentile), counted breaths 0.57 to 0.9
    fast_share: float = 0.4
    # autocorrelation of the last 30 s, but for a straight line, one fast breath later: the third
    # harmonic of a slow breath has -0.1 to -0.8, counted breaths 0.12 (5th percentile) to 0.9
    fast_repeats: float = 0.05
    least_rocking: float = 1e-6  # of |g|, RMS: 50 times below any sensor's noise is rounding
    least_confidence: float = 0.3  # below, half of the answers are wrong: unknown
    posture_deg: float = 15.0  # the deepest breaths on record turn a chest by 6; a roll by 80


@dataclass(frozen=True, slots=True, eq=False)
class Breathing:
    """One row a window; a rate is NaN where it is not known, with the confidence that it had.

    Attributes
    ----------
    rate_per_min : (k,) array
    confidence : (k,) array
        0 to 1; NaN where there was nothing to judge.
    span_s : (k,) array
        The stretch before the window's end on which the answer rests.
    """

    rate_per_min: FloatArray
    confidence: FloatArray
    span_s: FloatArray


def breathing(
    gravity_windows: FloatArray, fs_hz: float, settings: BreathingSettings | None = None
) -> Breathing:
    """Breathing rate at the end of each window.

    A pure function of the window: the same live and afterwards.  Turning the sensor or scaling its
    unit changes nothing.

    Parameters
    ----------
    gravity_windows : (k, n, 3) array
        The last `WINDOW_S` seconds of acceleration, low-passed or in bin means, any unit; NaN
        where unknown.
    fs_hz : float
        Grid rate, 10 Hz in this program; at least 4.

    A chest that took another posture within the last 30 s moved by more than its breath: unknown.

    Raises
    ------
    InputError
        If the windows have another shape.

    Notes
    -----
    Schipper et al. 2021 (doi:10.1088/1361-6579/abf01f) and Hostrup et al. 2025 choose an axis by
    principal components and take the rate from the autocorrelation.  Here the spectra of the axes
    are added, which needs no choice and cannot change its sign, and the power is weighed by the
    frequency, because the sway of a trunk falls with its square and would win otherwise.

    Examples
    --------
    >>> t = np.arange(600) / 10
    >>> tilt = 0.003 * np.sin(2 * np.pi * 0.2 * t)
    >>> window = np.stack([tilt, 0 * t, 1 + 0 * t], axis=1)[np.newaxis]
    >>> print(round(breathing(window, 10.0).rate_per_min[0], 1))
    12.0
    """
    windows = check_windows(gravity_windows, fs_hz, name="gravity_windows")
    chosen = settings or BreathingSettings()
    parts = [_block(windows[i : i + _BLOCK], fs_hz, chosen) for i in range(0, len(windows), _BLOCK)]
    rate, confidence, span = (
        np.concatenate([p[j] for p in parts]) if parts else np.empty(0) for j in range(3)
    )
    return Breathing(rate, confidence, span)


@dataclass(frozen=True, slots=True)
class WholeRate:
    """Breathing over a whole recording: the rate, its 95 % interval, the share of time known."""

    rate_per_min: float | None
    low_per_min: float | None
    high_per_min: float | None
    coverage: float


def whole_recording_rate(
    t_s: FloatArray,
    rate_per_min: FloatArray,
    confidence: FloatArray,
    span_s: FloatArray | float = 30.0,
) -> WholeRate:
    """Typical breathing rate in which every known second counts the same.

    Each epoch's rate belongs to the `span_s` before it; a second's rate is the mean over the epochs
    that saw it, weighed by their confidence, and those of the first seconds by the cube of how much
    they had seen (the variance of a frequency falls with the cube of the time; Rife & Boorstyn
    1974).  Without this the ends of a recording would count too little.  Epochs off the median by a factor of 1.7 are left out (a wrong harmonic makes it 2),
    and the mean is taken over the middle half of the seconds, as steady as a median and less coarse.

    Examples
    --------
    >>> t = np.arange(1.0, 121.0)
    >>> whole_recording_rate(t, np.full(120, 14.0), np.ones(120)).rate_per_min
    14.0
    """
    t_s, rate, weight = (np.asarray(a, dtype=float) for a in (t_s, rate_per_min, confidence))
    span = np.broadcast_to(np.asarray(span_s, dtype=float), t_s.shape)
    n_s = int(np.ceil(t_s[-1])) if len(t_s) else 0
    known = np.isfinite(rate) & (np.nan_to_num(weight) > 0)
    if not known.any():
        return WholeRate(None, None, None, 0.0)
    centre = _weighted_median(rate[known], weight[known])
    known &= (rate > centre / 1.7) & (rate < centre * 1.7)
    weight = weight * np.minimum(1.0, t_s / span) ** 3
    total, votes = np.zeros(n_s), np.zeros(n_s)
    for end, value, vote, length in zip(
        t_s[known], rate[known], weight[known], span[known], strict=True
    ):
        seen = slice(max(0, round(end - length)), round(end))
        total[seen] += vote * value
        votes[seen] += vote
    by_second = total[votes > 0] / votes[votes > 0]
    quarter = len(by_second) // 4
    mean = float(np.sort(by_second)[quarter : len(by_second) - quarter].mean())
    n_independent = max(1.0, len(by_second) / float(np.median(span[known])))
    half = float(1.96 * by_second.std() / np.sqrt(n_independent))
    return WholeRate(mean, mean - half, mean + half, len(by_second) / n_s)


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    heap = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heap, heap[-1] / 2)])


def _block(
    windows: FloatArray, fs_hz: float, s: BreathingSettings
) -> tuple[FloatArray, FloatArray, FloatArray]:
    windows = by_axis(windows)
    turned_deg = _turned_deg(windows[:, :, -round(s.fast_window_s * fs_hz) :], fs_hz)
    slow, slow_ok, fs_hz = _coarser(*bridged(windows, round(s.bridge_s * fs_hz)), fs_hz)
    n = slow.shape[2]
    n_fft = fft_length(n, finer=2)
    f_hz = frequencies(n_fft, fs_hz)
    n_fast = min(round(s.fast_window_s * fs_hz), n)
    fast, fast_ok = slow[:, :, -n_fast:], slow_ok[:, -n_fast:]
    fast_x = rocking(fast, fast_ok, s, order=2)
    slow_x = rocking(slow, slow_ok, s, order=3)
    fast_gain, slow_gain = _band(f_hz, 0.07, 0.8), _band(f_hz, 0.03, 0.8)
    slow_power = power(slow_x, n_fft) * slow_gain
    slow_curve = slow_power  # with what lies above the band, for the autocorrelation
    f_hz = f_hz[f_hz <= _HIGHEST_HZ]
    fast_power = power(fast_x, n_fft, len(f_hz)) * fast_gain[: len(f_hz)]
    slow_power = slow_power[:, : len(f_hz)]
    known_s = slow_ok.sum(axis=1) / fs_hz

    fast_hz, fast_trust, fast_holds = _fast(f_hz, fast_power, slow_power, s)
    slow_hz, slow_trust, slow_wins = _slow(f_hz, slow_power, s)
    level_x = rocking(fast, fast_ok, s, order=1)  # a parabola is a slow breath
    level_fft = fft_length(2 * n_fast)
    level_gain = _band(frequencies(level_fft, fs_hz), 0.03, 0.8)
    alike = autocorrelation(power(level_x, level_fft) * level_gain, fast_ok)
    fast_holds &= between(alike, fs_hz / fast_hz) > s.fast_repeats
    alike = autocorrelation(slow_curve, slow_ok)
    slow_wins &= between(alike, fs_hz / slow_hz) > s.slow_repeats
    slow_wins &= known_s * slow_hz >= s.fewest_cycles

    rate_hz = np.where(slow_wins, slow_hz, fast_hz)
    confidence = np.where(slow_wins, slow_trust, np.where(fast_holds, fast_trust, 0.0))
    fast_known_s = fast_ok.sum(axis=1) / fs_hz
    span_s = np.where(slow_wins, known_s, fast_known_s)
    first = np.argmax(slow_ok, axis=1)
    share = slow_ok.sum(axis=1) / np.maximum(n - first, 1)
    tells = (known_s >= s.tells_s) | (known_s * rate_hz >= s.tells_cycles)
    judged = (fast_known_s >= s.shortest_s) & tells & (share >= s.known_share)
    confidence = confidence * np.minimum(1.0, known_s / s.tells_s)
    swing = np.sqrt(np.einsum("kin,kin->k", fast_x, fast_x) / np.maximum(fast_ok.sum(axis=1), 1))
    judged &= (swing > s.least_rocking) & np.isfinite(rate_hz)
    judged &= span_s * rate_hz >= s.fewest_cycles
    judged &= turned_deg <= s.posture_deg
    sure = judged & (confidence >= s.least_confidence)
    return (
        np.where(sure, 60 * rate_hz, np.nan),
        np.where(judged, confidence, np.nan),
        np.where(sure, span_s, np.nan),
    )


def _turned_deg(windows: FloatArray, fs_hz: float) -> FloatArray:
    """Largest angle between gravity in any second of a window and in its last known second."""
    n = round(fs_hz)
    n_seconds = windows.shape[2] // n
    seconds = windows[:, :, -n_seconds * n :].reshape(len(windows), 3, n_seconds, n)
    total = seconds.sum(axis=3)
    if np.isnan(total).any():
        known: BoolArray = np.asarray(np.isfinite(seconds).all(axis=1, keepdims=True))
        total = np.where(known, seconds, 0.0).sum(axis=3)
    length = np.sqrt(np.einsum("kis,kis->ks", total, total))
    up = total / np.where(length > 0, length, 1.0)[:, np.newaxis]  # 0 where a second is unknown
    last = n_seconds - 1 - np.argmax(length[:, ::-1] > 0, axis=1)
    now = up[np.arange(len(up)), :, last]
    cosine = np.where(length > 0, np.einsum("kis,ki->ks", up, now), 1.0)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine.min(axis=1), -1.0, 1.0))))


def _coarser(
    values: FloatArray, usable: BoolArray, fs_hz: float
) -> tuple[FloatArray, BoolArray, float]:
    """Means over a few samples, down to some 5 Hz: breath ends at 0.62 Hz, half are half the work."""
    few = max(1, int(fs_hz / _COARSE_HZ))
    start, stop = values.shape[2] % few, values.shape[2]
    # every few-th sample, then the next ones: a sum over a last axis of two takes four times as long
    total, whole = values[:, :, start:stop:few].copy(), usable[:, start:stop:few].copy()
    for later in range(start + 1, start + few):
        total += values[:, :, later:stop:few]
        whole &= usable[:, later:stop:few]
    if not whole.all():
        total = np.where(whole[:, np.newaxis], total, 0.0)
    total /= few
    return total, whole, fs_hz / few


def rocking(values: FloatArray, usable: BoolArray, s: BreathingSettings, order: int) -> FloatArray:
    """What moves around the mean direction of gravity, in parts of |g|, twitches clipped; (k, 3, n).

    Of bridged windows; `order` is that of the drift to take out.
    """
    count = np.maximum(usable.sum(axis=1), 1)[:, np.newaxis]
    length = np.linalg.norm(values.sum(axis=2) / count, axis=1)
    values = detrended(values, usable, order)
    values /= np.where(length > 0, length, 1.0)[:, np.newaxis, np.newaxis]
    size = np.sqrt(np.einsum("kin,kin->kn", values, values))
    most = s.clip * median_where(size, usable)[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = np.where(size > most, most / size, 1.0)
    values *= shrink[:, np.newaxis]
    return values


def _band(f_hz: FloatArray, low_hz: float, high_hz: float) -> FloatArray:
    """Power gain of a fourth-order Butterworth pair, without its phase."""
    rise = 1 / (1 + (low_hz / np.maximum(f_hz, 1e-9)) ** 8)
    return np.asarray(rise / (1 + (f_hz / high_hz) ** 8))


def _fast(
    f_hz: FloatArray, fast_power: FloatArray, slow_power: FloatArray, s: BreathingSettings
) -> tuple[FloatArray, FloatArray, BoolArray]:
    band = (f_hz >= s.fast_per_min[0] / 60) & (f_hz <= s.fast_per_min[1] / 60)
    weighed = fast_power * f_hz
    peak = np.argmax(np.where(band, weighed, 0.0), axis=1)
    f0 = f_hz[peak][:, np.newaxis]
    # weighing moves a peak up a little: look for its own top nearby
    near = np.abs(f_hz - f0) <= 0.12 * f0
    top = np.argmax(np.where(near, fast_power, 0.0), axis=1)
    rate_hz = peak_near(fast_power, top) * f_hz[1]

    own = (np.abs(f_hz - f0) <= 0.05) | (np.abs(f_hz - 2 * f0) <= 0.05)  # 30 s resolve 0.033 Hz
    rival = np.where(band & ~own, weighed, 0.0).max(axis=1)
    margin = 1 - _ratio(rival, np.where(band, weighed, 0.0).max(axis=1))
    every = (f_hz >= s.fast_per_min[0] / 60) & (f_hz <= 0.8)
    share = np.where(every & own, weighed, 0.0).sum(axis=1)
    holds = share > s.fast_share * np.where(every, weighed, 0.0).sum(axis=1)
    # a slower peak in the longer window may be the breath of which this is a harmonic
    weighed = slow_power * f_hz
    slower = (f_hz >= s.slow_per_min[0] / 60) & (f_hz < f0 - 0.05)
    here = np.where(np.abs(f_hz - f0) < 0.02, weighed, 0.0).max(axis=1)
    slow_margin = 1 - _ratio(np.where(slower, weighed, 0.0).max(axis=1), here)
    return rate_hz, np.clip(margin * (0.5 + 0.5 * slow_margin), 0.0, 1.0), holds


def _slow(
    f_hz: FloatArray, slow_power: FloatArray, s: BreathingSettings
) -> tuple[FloatArray, FloatArray, BoolArray]:
    band = (f_hz >= s.slow_per_min[0] / 60) & (f_hz <= s.slow_per_min[1] / 60)
    every = (f_hz >= s.slow_per_min[0] / 60) & (f_hz <= 0.75)
    row = np.arange(len(slow_power))
    peak = np.argmax(np.where(band, slow_power, -1.0), axis=1)
    f0 = f_hz[peak][:, np.newaxis]
    height = slow_power[row, peak]
    inner = (height >= slow_power[row, peak - 1]) & (height >= slow_power[row, peak + 1])
    in_band = np.where(every, slow_power, 0.0)
    own = np.zeros(slow_power.shape, dtype=np.bool_)
    for harmonic in (1, 2, 3):
        own |= np.abs(f_hz - harmonic * f0) <= 0.017  # what 60 s resolve
    share = _ratio(np.where(own, in_band, 0.0).sum(axis=1), in_band.sum(axis=1))
    wins = inner & (share > s.slow_share) & (height >= s.slow_height * in_band.max(axis=1))
    margin = 1 - _ratio(np.where(own, 0.0, in_band).max(axis=1), height)
    return peak_near(slow_power, peak) * f_hz[1], np.clip(margin, 0.0, 1.0), wins


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Share of the whole, 0 to 1; 1 where there is no whole: nothing is certain about nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, np.minimum(part / whole, 1.0), 1.0)
