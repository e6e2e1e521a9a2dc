"""Heart rate from the knock of the heart on the chest wall (seismocardiography).

    acceleration ──► 8 to 25 Hz ──► size over the axes ──► its slow rhythm ──► does it repeat?
    each second once                (the envelope)          0.5 to 3.5 Hz       one, two and three
                                                            of 20 s             beats later

A knock is a burst of some tenths of a milli-g to several; valves close twice a beat, which is why
the rhythm one, two *and* three beats later is asked for.  Rate only: no beats, no variability.

Noise has a rhythm too: of the hundred beats that could be, one always repeats best.  What it does
not do is repeat one, two and three beats later alike, and in the first half of the window as in the
second.  Both are asked for, with limits taken from white noise (`HeartSettings`).

Windows of 20 s that end a second apart share 19 s.  So the envelope of a second is made once, from
it and half a second on either side (`knocks`), and only its rhythm is asked for in every window
(`rhythm`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.errors import InputError
from analysis.results import FloatArray
from analysis.spectrum import (
    bridged,
    by_axis,
    check_windows,
    detrended,
    frequencies,
    median_where,
    peak_near,
)

WINDOW_S = 20.5
"""Length of the windows to pass: 13 beats at 40 per minute, and a quarter of a second at each end."""

KNOCKS_S = 1.5
"""What one second's envelope is made of: a quarter of a second from an edge, the filter has rung off
to a hundredth."""

N_SECONDS = round(WINDOW_S - KNOCKS_S) + 1
"""Seconds of envelope in a window."""

ENVELOPE_HZ = 25
"""The envelope's rhythm ends at 3.5 Hz; its means over 40 ms lose nothing of it."""

_LAGS_PER_SAMPLE = 4  # the autocorrelation is drawn four times finer: 10 ms tell 1 beat in 100

LEAST_FS_HZ = 49.0
"""A sensor of 50 Hz shows the band, one of 25 Hz nothing of it; 49 allows for a slow clock."""

_BLOCK = 256  # windows at a time: keeps the working arrays within a few tens of MB


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

    A pure function of the window.  Turning the sensor or scaling its unit changes nothing.  For
    windows that overlap `knocks` and `rhythm` do the same with less work.

    Parameters
    ----------
    acc_windows_m_s2 : (k, n, 3) array
        The last `WINDOW_S` seconds on a uniform grid; NaN where unknown.
    fs_hz : float
        Rate of the grid, a multiple of `ENVELOPE_HZ`.
    sensor_hz : float, optional
        Rate of the sensor itself, if the grid is finer: interpolation adds no heart beats.  Below
        49 Hz everything is unknown.

    Raises
    ------
    InputError
        If the windows have another shape, or the grid another rate.

    Notes
    -----
    The envelope's autocorrelation as in Landreani et al. 2016 (smartphone on the chest), with the
    axes added before the root, so that none has to be chosen, and with the repeats at two and three
    beats counted in (half and a third): the second sound of a beat repeats at neither.  Confidence
    is the distance to the best rival, less where the repeats are as weak as those of noise, and 0
    where the two halves of the window do not agree on the rhythm.

    Examples
    --------
    >>> t = np.arange(2050) / 100
    >>> knock = np.exp(-(((t % 0.9) - 0.2) / 0.05) ** 2) * np.sin(2 * np.pi * 15 * t)
    >>> window = np.stack([0 * t, 0.01 * knock, 9.81 + 0.05 * knock], axis=1)[np.newaxis]
    >>> print(round(heart(window, 100.0).rate_per_min[0], 1))
    66.7
    """
    windows = check_windows(acc_windows_m_s2, fs_hz, name="acc_windows_m_s2")
    k, n, _ = windows.shape
    length, step = round(KNOCKS_S * fs_hz), round(fs_hz)
    starts = n - length - step * np.arange(N_SECONDS)[::-1]
    if min(fs_hz, sensor_hz or fs_hz) < LEAST_FS_HZ or starts[0] < 0:
        return Heart(np.full(k, np.nan), np.full(k, np.nan))
    seconds = [knocks(windows[:, i : i + length], fs_hz, settings) for i in starts]
    return rhythm(np.stack(seconds, axis=1), settings)


def knocks(
    acc_windows: FloatArray, fs_hz: float, settings: HeartSettings | None = None
) -> FloatArray:
    """The envelope of the second in the middle of each window.

    Parameters
    ----------
    acc_windows : (k, n, 3) array
        `KNOCKS_S` seconds on a uniform grid; NaN where unknown.
    fs_hz : float
        Rate of the grid, a multiple of `ENVELOPE_HZ`.

    Returns
    -------
    (k, ENVELOPE_HZ + 2) array
        The envelope, the share of the second that is known, and the size of gravity in it.

    Raises
    ------
    InputError
        If the grid is another.
    """
    s = settings or HeartSettings()
    n, n_mean = round(KNOCKS_S * fs_hz), round(fs_hz / ENVELOPE_HZ)
    if acc_windows.shape[1] != n or n_mean * ENVELOPE_HZ != fs_hz:
        raise InputError(
            f"knocks needs {KNOCKS_S:g} s on a grid whose rate is a multiple of {ENVELOPE_HZ} Hz,"
            f" got {acc_windows.shape[1]} rows at {fs_hz:g} Hz"
        )
    values, usable = bridged(by_axis(acc_windows), round(s.bridge_s * fs_hz))
    band = _to_band(n, fs_hz, s.band_hz)
    second = slice((n - band.shape[1]) // 2, (n + band.shape[1]) // 2)
    flat = detrended(values, usable, order=1).reshape(-1, n)
    shaking = (flat @ band).reshape(len(values), 3, band.shape[1])
    size = np.sqrt(np.einsum("kin,kin->kn", shaking, shaking))
    out = np.empty((len(values), ENVELOPE_HZ + 2))
    out[:, :ENVELOPE_HZ] = size.reshape(-1, ENVELOPE_HZ, n_mean).mean(axis=2)
    known = usable[:, second]
    out[:, ENVELOPE_HZ] = known.mean(axis=1)
    total = values[:, :, second].sum(axis=2)
    out[:, -1] = np.linalg.norm(total, axis=1) / np.maximum(known.sum(axis=1), 1)
    return out


def rhythm(seconds: FloatArray, settings: HeartSettings | None = None) -> Heart:
    """Heart rate of each window of seconds, (k, N_SECONDS, ...), rows of `knocks`; NaN: not heard."""
    s = settings or HeartSettings()
    parts = [_block(seconds[i : i + _BLOCK], s) for i in range(0, len(seconds), _BLOCK)]
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


def _block(seconds: FloatArray, s: HeartSettings) -> tuple[FloatArray, FloatArray]:
    seconds = np.nan_to_num(seconds)
    envelope = seconds[:, :, :ENVELOPE_HZ].reshape(len(seconds), -1)
    share, gravity = seconds[:, :, ENVELOPE_HZ], seconds[:, :, -1]
    known = share.mean(axis=1) >= s.known_share
    n, everywhere = envelope.shape[1], np.ones(envelope.shape, dtype=np.bool_)
    envelope = np.minimum(envelope, s.clip * median_where(envelope, everywhere)[:, np.newaxis])
    envelope -= envelope.mean(axis=1, keepdims=True)

    fs_hz = ENVELOPE_HZ * _LAGS_PER_SAMPLE
    lags = np.arange(int(fs_hz * 60 / s.per_min[1]), int(fs_hz * 60 / s.per_min[0]) + 1)
    alike = _alike(envelope, 3 * lags[-1], s)
    some = (alike[:, 0] > 0) & (envelope.std(axis=1) > s.least_shake * gravity.mean(axis=1))
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
    halves = [
        _alike(half, 2 * lags[-1], s) for half in (envelope[:, : n // 2], envelope[:, -(n // 2) :])
    ]
    again = np.minimum(*((half[row, lag] + half[row, 2 * lag]) / 2 for half in halves))
    judged = known & some & (height > 0)
    margin = 1 - rival / np.where(judged, height, 1.0)
    confidence = np.clip(margin, 0.0, 1.0) * np.clip(
        (repeat - s.repeats[0]) / (s.repeats[1] - s.repeats[0]), 0.0, 1.0
    )
    confidence = np.where(again >= s.half_repeats, confidence, 0.0)
    rate = 60.0 * fs_hz / (lags[0] + peak_near(score, best))
    return np.where(judged, rate, np.nan), np.where(judged, confidence, np.nan)


def _alike(envelope: FloatArray, last_lag: int, s: HeartSettings) -> FloatArray:
    """Autocorrelation of the envelope's slow rhythm, 1 at lag 0; all 0 where there is none.

    Column i is a lag of i / `_LAGS_PER_SAMPLE` samples, up to `last_lag`.
    """
    n, finer = envelope.shape[1], _LAGS_PER_SAMPLE
    lag = np.arange(last_lag + 1)
    # padded so that no lag that is asked for meets the other end; a length that is quick to transform
    n_fft = 40 * int(np.ceil((n + last_lag / finer) / 40))
    spectrum = np.fft.rfft(envelope, n_fft, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    power *= band_gain(frequencies(n_fft, ENVELOPE_HZ), *s.rhythm_hz)
    # the rhythm has nothing near the spectrum's end, so a longer inverse draws it finer
    alike = np.fft.irfft(power, n_fft * finer, axis=1)[:, : last_lag + 1] * (n / (n - lag / finer))
    own = alike[:, :1]
    return np.asarray(alike / np.where(own > 0, own, 1.0))


@cache
def _to_band(n: int, fs_hz: float, band_hz: tuple[float, float]) -> FloatArray:
    """Matrix (n, fs_hz) from a window to what shakes within the band in its middle second."""
    gain = np.sqrt(band_gain(frequencies(n, fs_hz), *band_hz))
    every = np.fft.irfft(np.fft.rfft(np.eye(n), axis=1) * gain, n, axis=1)
    before = (n - round(fs_hz)) // 2
    return np.ascontiguousarray(every[:, before : before + round(fs_hz)])


def band_gain(f_hz: FloatArray, low_hz: float, high_hz: float) -> FloatArray:
    """Power gain of a fourth-order Butterworth pair, without its phase."""
    rise = 1 / (1 + (low_hz / np.maximum(f_hz, 1e-9)) ** 8)
    return np.asarray(rise / (1 + (f_hz / high_hz) ** 8))
