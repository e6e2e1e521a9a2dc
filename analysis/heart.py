"""Heart rate from the knock of the heart on the chest wall (seismocardiography).

    acceleration ──► 8 to 25 Hz ──► size over the axes ──► its slow rhythm ──► does it repeat?
                                    (the envelope)          0.5 to 3.5 Hz       one, two and three
                                                                                beats later

A knock is a burst of some tenths of a milli-g to several; valves close twice a beat, which is why
the rhythm one, two *and* three beats later is asked for.  Rate only: no beats, no variability.

Noise has a rhythm too: of the hundred beats that could be, one always repeats best.  What it does
not do is repeat one, two and three beats later alike, and in the first half of the window as in the
second.  Both are asked for, with limits taken from white noise (`HeartSettings`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.results import FloatArray
from analysis.spectrum import (
    bridged,
    by_axis,
    check_windows,
    detrended,
    fft_length,
    frequencies,
    peak_near,
)

WINDOW_S = 20.0
"""Length of the windows to pass: 13 beats at 40 per minute."""

LEAST_FS_HZ = 49.0
"""A sensor of 50 Hz shows the band, one of 25 Hz nothing of it; 49 allows for a slow clock."""

_BLOCK = 64  # windows at a time: keeps the working arrays within a few tens of MB


@dataclass(frozen=True, slots=True)
class HeartSettings:
    """What is looked for; every default with its source."""

    band_hz: tuple[float, float] = (8.0, 25.0)  # above limbs, below voice; field: 5-25 or 10-40
    rhythm_hz: tuple[float, float] = (0.5, 3.5)  # twice the fastest heart that is looked for
    per_min: tuple[float, float] = (40.0, 130.0)  # lying or sitting quietly
    known_share: float = 0.9  # of the window; a gap breaks the rhythm
    bridge_s: float = 0.05  # shorter than a knock
    clip: float = 3.0  # times the median envelope: a twitch must not outshout 10 beats, the half
    nearly: float = 0.85  # of the highest top
    # mean autocorrelation of the envelope one, two and three beats later.  White noise reaches 0.11
    # (median) to 0.22 (99th percentile) at its best rhythm, counted hearts have 0.5 (median)
    repeats: tuple[float, float] = (0.15, 0.35)  # nothing below, all of the confidence above
    half_repeats: float = 0.05  # the same in each half, one and two beats later: not just once
    least_shake: float = 1e-6  # of |g|: 50 times below any sensor's noise is rounding, no signal
    least_confidence: float = 0.4  # known in 0.1 % of windows of white noise, 50 to 200 Hz


@dataclass(frozen=True, slots=True, eq=False)
class Heart:
    """One row a window; a rate is NaN where it is not known, with the confidence that it had."""

    rate_per_min: FloatArray
    confidence: FloatArray


def heart(
    acc_windows_m_s2: FloatArray,
    fs_hz: float,
    sensor_hz: float | None = None,
    settings: HeartSettings | None = None,
) -> Heart:
    """Heart rate over the window that ends at each epoch.

    A pure function of the window.  Turning the sensor or scaling its unit changes nothing.

    Parameters
    ----------
    acc_windows_m_s2 : (k, n, 3) array
        The last `WINDOW_S` seconds on a uniform grid; NaN where unknown.
    fs_hz : float
        Rate of the grid.
    sensor_hz : float, optional
        Rate of the sensor itself, if the grid is finer: interpolation adds no heart beats.  Below
        49 Hz everything is unknown.

    Raises
    ------
    InputError
        If the windows have another shape.

    Notes
    -----
    The envelope's autocorrelation as in Landreani et al. 2016 (smartphone on the chest), with the
    axes added before the root, so that none has to be chosen, and with the repeats at two and three
    beats counted in (half and a third): the second sound of a beat repeats at neither.  Confidence
    is the distance to the best rival, less where the repeats are as weak as those of noise, and 0
    where the two halves of the window do not agree on the rhythm.

    Examples
    --------
    >>> t = np.arange(2000) / 100
    >>> knock = np.exp(-(((t % 0.9) - 0.2) / 0.05) ** 2) * np.sin(2 * np.pi * 15 * t)
    >>> window = np.stack([0 * t, 0.01 * knock, 9.81 + 0.05 * knock], axis=1)[np.newaxis]
    >>> print(round(heart(window, 100.0).rate_per_min[0], 1))
    66.7
    """
    windows = check_windows(acc_windows_m_s2, fs_hz, name="acc_windows_m_s2")
    s = settings or HeartSettings()
    k, n, _ = windows.shape
    longest = fs_hz * 60 / s.per_min[0]
    if min(fs_hz, sensor_hz or fs_hz) < LEAST_FS_HZ or n < 3 * longest + 2:
        return Heart(np.full(k, np.nan), np.full(k, np.nan))
    parts = [_block(windows[i : i + _BLOCK], fs_hz, s) for i in range(0, k, _BLOCK)]
    if not parts:
        return Heart(np.empty(0), np.empty(0))
    rate, confidence = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Heart(np.where(confidence >= s.least_confidence, rate, np.nan), confidence)


class Follower:
    """Believes a rate that is weak alone when it goes on from one that was sure.

    Noise has a best rhythm in every window, anywhere between 40 and 130: that it lies within a
    tenth of the last sure one has one chance in ten.  So such a rate needs half the confidence, for
    `HOLD_S` after the last sure one.

    Examples
    --------
    >>> seen = Heart(np.array([60.0, 61.0, 95.0, 62.0]), np.array([0.9, 0.3, 0.3, 0.1]))
    >>> Follower().believed(seen, np.arange(4.0))
    array([60., 61., nan, nan])
    """

    HOLD_S = 30.0
    NEAR = 0.1

    def __init__(self, settings: HeartSettings | None = None) -> None:
        self._settings = settings or HeartSettings()
        self._sure_per_min = self._sure_s = float("nan")

    def believed(self, seen: Heart, t_s: FloatArray) -> FloatArray:
        """The rates that are believed of windows that end at `t_s`; NaN for the others.

        `seen` must hold the rates of low confidence too (`least_confidence=0`).
        """
        least = self._settings.least_confidence
        out = np.full(len(t_s), np.nan)
        for i in np.flatnonzero(seen.confidence >= 0.5 * least):
            rate, now_s = float(seen.rate_per_min[i]), float(t_s[i])
            if seen.confidence[i] >= least:
                self._sure_per_min, self._sure_s, out[i] = rate, now_s, rate
            elif now_s - self._sure_s <= self.HOLD_S:
                near = abs(rate / self._sure_per_min - 1) <= self.NEAR
                out[i] = rate if near else np.nan
        return out


def _block(windows: FloatArray, fs_hz: float, s: HeartSettings) -> tuple[FloatArray, FloatArray]:
    n = windows.shape[1]
    values, usable = bridged(by_axis(windows), round(s.bridge_s * fs_hz))
    known = usable.mean(axis=1) >= s.known_share
    envelope = _envelope(detrended(values, usable, order=1), fs_hz, s)
    alike = _alike(envelope, fs_hz, s)
    length = np.linalg.norm(values.sum(axis=2), axis=1) / np.maximum(usable.sum(axis=1), 1)
    some = (alike[:, 0] > 0) & (envelope.std(axis=1) > s.least_shake * length)

    lags = np.arange(int(fs_hz * 60 / s.per_min[1]), int(fs_hz * 60 / s.per_min[0]) + 1)
    score = alike[:, lags] + alike[:, 2 * lags] / 2 + alike[:, 3 * lags] / 3
    tops = np.full(score.shape, -np.inf)
    inner = score[:, 1:-1]
    is_top = (inner >= score[:, :-2]) & (inner > score[:, 2:])
    tops[:, 1:-1] = np.where(is_top, inner, -np.inf)
    # two beats later all is as one beat later: the first of nearly equal tops is the beat
    best = np.argmax(tops >= s.nearly * tops.max(axis=1, keepdims=True), axis=1)
    row = np.arange(len(score))
    height = tops[row, best]
    beat = lags[best][:, np.newaxis]
    own = np.abs(lags - beat) <= 0.12 * beat
    for several in (2, 3):
        own |= np.abs(lags - several * beat) <= 0.12 * beat
    rival = np.maximum(np.where(own, -np.inf, tops).max(axis=1), 0.0)
    lag = lags[best]
    repeat = (alike[row, lag] + alike[row, 2 * lag] + alike[row, 3 * lag]) / 3
    halves = [_alike(half, fs_hz, s) for half in (envelope[:, : n // 2], envelope[:, -(n // 2) :])]
    again = np.minimum(*((half[row, lag] + half[row, 2 * lag]) / 2 for half in halves))
    judged = known & some & (height > 0)
    margin = 1 - rival / np.where(judged, height, 1.0)
    confidence = np.clip(margin, 0.0, 1.0) * np.clip(
        (repeat - s.repeats[0]) / (s.repeats[1] - s.repeats[0]), 0.0, 1.0
    )
    confidence = np.where(again >= s.half_repeats, confidence, 0.0)
    rate = 60 * fs_hz / (lags[0] + peak_near(score, best))
    return np.where(judged, rate, np.nan), np.where(judged, confidence, np.nan)


def _alike(envelope: FloatArray, fs_hz: float, s: HeartSettings) -> FloatArray:
    """Autocorrelation of the envelope's slow rhythm, 1 at lag 0; all 0 where there is none."""
    n = envelope.shape[1]
    n_fft = fft_length(2 * n)
    rhythm = band_gain(frequencies(n_fft, fs_hz), *s.rhythm_hz)
    power = np.abs(np.fft.rfft(envelope, n_fft, axis=1)) ** 2 * rhythm
    alike = np.fft.irfft(power, n_fft, axis=1)[:, :n] * (n / np.arange(n, 0, -1))
    own = alike[:, :1]
    return np.asarray(alike / np.where(own > 0, own, 1.0))


def _envelope(values: FloatArray, fs_hz: float, s: HeartSettings) -> FloatArray:
    """Size of what shakes within the band, twitches clipped, about its mean."""
    n = values.shape[2]
    n_fft = fft_length(n)
    gain = np.sqrt(band_gain(frequencies(n_fft, fs_hz), *s.band_hz))
    spectrum = np.fft.rfft(values, n_fft, axis=2) * gain
    shaking = np.fft.irfft(spectrum, n_fft, axis=2)[:, :, :n]
    size = np.sqrt(np.einsum("kin,kin->kn", shaking, shaking))
    size = np.minimum(size, s.clip * np.median(size, axis=1, keepdims=True))
    return np.asarray(size - size.mean(axis=1, keepdims=True))


def band_gain(f_hz: FloatArray, low_hz: float, high_hz: float) -> FloatArray:
    """Power gain of a fourth-order Butterworth pair, without its phase."""
    rise = 1 / (1 + (low_hz / np.maximum(f_hz, 1e-9)) ** 8)
    return np.asarray(rise / (1 + (f_hz / high_hz) ** 8))
