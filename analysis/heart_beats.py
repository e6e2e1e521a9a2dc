"""Single heart beats from the chest's knock, and RMSSD: only where both rate and quality allow.

    20 s at a known rate ──► envelope ──► best chain of beats ──► mean knock ──► each beat moved
                                          (dynamic programming)   of the window   to where it fits

The chain (Ellis 2007, for music) finds which knocks are beats.  Where exactly a beat lies is read
from its shape: the knocks of a window are averaged, and each is shifted to where it is most like the
average (Centracchio et al. 2023 do so with a template chosen by hand).  How alike they are on the
whole is the quality.

RMSSD is taken within windows, so nothing is stitched between them.  Timing noise of s ms adds
2.4 s to it as the root of squares: 5 ms make 30 ms into 32, and 10 ms into 16.  So it needs a sensor
of 100 Hz and more, and knocks that are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.heart import HeartSettings, band_gain
from analysis.results import FloatArray
from analysis.spectrum import bridged, by_axis, check_windows, detrended, fft_length, frequencies
from analysis.variability import differences_ms

LEAST_FS_HZ = 99.0
"""Below, a beat cannot be placed well enough for its variability; 99 allows for a slow clock."""


@dataclass(frozen=True, slots=True)
class BeatSettings:
    """How beats are chained and fitted; every default with its source."""

    step: int = 4  # the chain works on every fourth sample: 40 ms at 100 Hz
    smooth_s: float = 0.12  # a knock lasts so long
    stretch: tuple[float, float] = (0.72, 1.4)  # of the usual interval, from beat to beat
    n_stretches: int = 24
    tightness: float = 4.0  # cost of the squared log of a stretch, in usual envelope heights
    knock_s: tuple[float, float] = (-0.15, 0.25)  # about a beat: first sound and ejection
    shift_s: float = 0.08  # the chain is not wrong by more than two of its steps
    rounds: int = 3  # of averaging and shifting; the shifts settle in two
    alike: float = 0.75  # least mean correlation with the average knock
    beat_alike: float = 0.5  # of a single beat; else both of its intervals are left out


class WindowBeats(NamedTuple):
    """Beats of one window in seconds from its start, how alike each is to the mean, and all are."""

    t_s: FloatArray
    alike: FloatArray
    quality: float


def window_beats(
    acc_windows: FloatArray,
    fs_hz: float,
    rate_per_min: FloatArray,
    settings: BeatSettings | None = None,
) -> list[WindowBeats]:
    """The beats of each window; none where its rate is not known.

    Parameters
    ----------
    acc_windows : (k, n, 3) array
        Any unit, any mounting; NaN where unknown.
    fs_hz : float
    rate_per_min : (k,) array
        Of `analysis.heart.heart`.

    Examples
    --------
    >>> t = np.arange(2000) / 100
    >>> since = t % 0.8 - 0.4
    >>> knock = np.exp(-((since / 0.05) ** 2)) * np.sin(2 * np.pi * 15 * since)
    >>> window = np.stack([0 * t, 0.01 * knock, 9.81 + 0.05 * knock], axis=1)[np.newaxis]
    >>> beats = window_beats(window, 100.0, np.array([75.0]))[0]
    >>> bool(np.abs(np.diff(beats.t_s) - 0.8).max() < 0.001), round(beats.quality, 1)
    (True, 1.0)
    """
    windows = check_windows(acc_windows, fs_hz, name="acc_windows")
    s = settings or BeatSettings()
    none = WindowBeats(np.empty(0), np.empty(0), 0.0)
    found = [none] * len(windows)
    known = np.flatnonzero(np.isfinite(rate_per_min))
    if not len(known):
        return found
    shaking, envelope = _shaking(windows[known], fs_hz, s)
    coarse = envelope[:, :: s.step]
    chains = _chains(coarse, fs_hz / s.step * 60 / rate_per_min[known], s)
    for row, chain, knocks in zip(known, chains, shaking, strict=True):
        found[row] = _fitted(knocks, chain * s.step, fs_hz, s)
    return found


def successive_differences_ms(
    beats: WindowBeats, settings: BeatSettings | None = None
) -> FloatArray:
    """Differences between following intervals of one window, of good beats only; ms."""
    s = settings or BeatSettings()
    if beats.quality < s.alike or len(beats.t_s) < 3:
        return np.empty(0)
    good = beats.alike >= s.beat_alike
    trusted = good[1:] & good[:-1]
    change_ms = differences_ms(1000 * np.diff(beats.t_s))
    change_ms = change_ms[trusted[1:] & trusted[:-1]]
    return np.asarray(change_ms[np.isfinite(change_ms)])


def _shaking(windows: FloatArray, fs_hz: float, s: BeatSettings) -> tuple[FloatArray, FloatArray]:
    values, usable = bridged(by_axis(windows), round(HeartSettings().bridge_s * fs_hz))
    values = detrended(values, usable, order=1)
    n = values.shape[2]
    n_fft = fft_length(n)
    f_hz = frequencies(n_fft, fs_hz)
    gain = np.sqrt(band_gain(f_hz, *HeartSettings().band_hz))
    shaking = np.fft.irfft(np.fft.rfft(values, n_fft, axis=2) * gain, n_fft, axis=2)[:, :, :n]
    power = (shaking**2).sum(axis=1)
    smooth = np.exp(-0.5 * (2 * np.pi * f_hz * s.smooth_s / 2.4) ** 2)
    power = np.fft.irfft(np.fft.rfft(power, n_fft, axis=1) * smooth, n_fft, axis=1)[:, :n]
    size = np.sqrt(np.maximum(power, 0.0))
    usual = np.maximum(size.std(axis=1, keepdims=True), 1e-30)
    return shaking.transpose(0, 2, 1), np.minimum(
        (size - size.mean(axis=1, keepdims=True)) / usual, 3.0
    )


def _chains(envelope: FloatArray, interval: FloatArray, s: BeatSettings) -> list[NDArray[np.intp]]:
    """The chain of samples with the most envelope and the evenest steps, one for each window."""
    k, n = envelope.shape
    stretch = np.geomspace(*s.stretch, s.n_stretches)
    steps = np.round(interval[:, None] * stretch).astype(np.intp)
    cost = s.tightness * np.log(steps / interval[:, None]) ** 2
    longest = int(steps.max())
    score = np.zeros((k, longest + n))  # before the window a chain has nothing to gain
    came_from = np.zeros((k, n), dtype=np.intp)
    row = np.arange(k)[:, None]
    for i in range(n):
        before = score[row, longest + i - steps] - cost
        best = np.argmax(before, axis=1)
        came_from[:, i] = i - steps[row[:, 0], best]
        score[:, longest + i] = envelope[:, i] + before[row[:, 0], best]
    chains = []
    for w in range(k):
        tail = score[w, longest + n - int(interval[w]) :]
        at = n - len(tail) + int(np.argmax(tail))
        chain = []
        while at >= 0:
            chain.append(at)
            at = int(came_from[w, at])
        chains.append(np.array(chain[::-1], dtype=np.intp))
    return chains


def _fitted(
    shaking: FloatArray, chain: NDArray[np.intp], fs_hz: float, s: BeatSettings
) -> WindowBeats:
    """Beats moved to where each is most like the mean of all."""
    n = len(shaking)
    first, last = (round(x * fs_hz) for x in s.knock_s)
    most = round(s.shift_s * fs_hz)
    chain = chain[(chain + first - 2 * most >= 0) & (chain + last + 2 * most < n)]
    if len(chain) < 4:
        return WindowBeats(np.empty(0), np.empty(0), 0.0)
    offsets = np.arange(first - most, last + most + 1)
    length = last - first + 1
    shift = np.zeros(len(chain), dtype=np.intp)
    alike = np.zeros((len(chain), 2 * most + 1))
    for _ in range(s.rounds):
        around = shaking[(chain + shift)[:, None] + offsets]  # (beats, time, axes)
        mean = around[:, most : most + length].mean(axis=0)
        pieces = np.lib.stride_tricks.sliding_window_view(around, length, axis=1)
        product = np.einsum("bsat,ta->bs", pieces, mean)
        size = np.sqrt(np.einsum("bsat,bsat->bs", pieces, pieces) * (mean**2).sum())
        alike = product / np.maximum(size, 1e-30)
        moved = np.argmax(alike, axis=1) - most
        shift = np.clip(shift + moved, -most, most)
    place = np.clip(np.argmax(alike, axis=1), 1, 2 * most - 1)
    i = np.arange(len(chain))
    left, middle, right = alike[i, place - 1], alike[i, place], alike[i, place + 1]
    bend = left - 2 * middle + right
    part = 0.5 * (left - right) / np.where(bend < 0, bend, -np.inf)
    # shift already holds this round's whole samples
    t_s = (chain + shift + np.clip(part, -1, 1)) / fs_hz
    return WindowBeats(t_s, middle, float(np.median(middle)))
