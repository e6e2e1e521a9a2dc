"""One curve out of three axes: how the chest rocks with each breath, up while breathing in.

    every 4 s, of the last minute:   rocking ─► band about the known rate ─► its main axis ─► curve
                                                                                 │
    the curve becomes final 12 s late, when there is as much to its right ───────┘

Breaths are looked for only while the rate is known (`analysis.breathing`): so noise has none, and
the band can follow the rate, which keeps sway and the heart out.  The axis is that of the largest
variance (Schipper et al. 2021 track it recursively; a window needs no memory), and keeps its sign
from window to window.

Which end of it is breathing in cannot be seen from an unknown mounting.  But at rest people breathe
in faster than out, so the end towards which the curve rises faster than it falls is "in"; the
evidence is gathered for as long as the chest lies in one way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.breathing import BreathingSettings, rocking
from analysis.results import FloatArray
from analysis.spectrum import BoolArray, bridged, by_axis, fft_length, frequencies

EVERY_S = 4
"""A window is looked at every so many seconds of session time, wherever a stream is cut."""


@dataclass(frozen=True, slots=True)
class WaveSettings:
    """How the curve is made; every default with its source."""

    # about the rate: below lies sway; above, the overtone that gives a breath its shape, but from
    # 0.75 Hz on the heart has to stay out
    band: tuple[float, float] = (0.45, 2.0)
    sway_hz: float = 0.2
    heart_hz: float = 0.75
    least_top: float = 1.5  # of the rate, for the fastest
    lag_s: float = 12.0  # the middle of the window the rate rests on, nearly; at 6 s breaths double
    recent_s: float = 40.0  # of the window: for axis and size; ten breaths at 15 per minute
    same_axis: float = 0.5  # cosine of 60 degrees: else it is another movement, and a new curve
    moving_mg: float = 10.0  # as `analysis.stillness`: above, the trunk moves
    moving_depths: float = 2.0  # or breathing so deep and jerky that it reaches into that band
    forget: float = 0.96  # evidence for "in" halves in a minute
    turn_over: float = 1.5  # evidence against the present sense before it is turned over


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A final stretch of the curve in bins of the slow grid.

    Attributes
    ----------
    first_bin : int
    wave : (n,) array
        In parts of |g|; NaN where nothing is known or the trunk moves.
    size : float
        Usual height from bottom to top: that of a sine with the same RMS.
    is_new : bool
        Whether it does not go on where the last one ended.
    """

    first_bin: int
    wave: FloatArray
    size: float
    is_new: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """What one window shows; NaN where the rate is not known."""

    end_bin: int
    wave: FloatArray
    axis: FloatArray
    size: float
    leaning: float  # towards the end that is reached faster, above 0; `_leaning`


class BreathWave:
    """Windows in, pieces of the curve out; remembers the axis and which end of it is "in"."""

    def __init__(self, fs_hz: float, settings: WaveSettings | None = None) -> None:
        self._fs_hz = fs_hz
        self._settings = settings or WaveSettings()
        self._lag = round(self._settings.lag_s * fs_hz)
        self._end = 0  # the curve is final up to this bin
        self._rest: Piece | None = None  # of the newest window: what is not final yet
        self._axis = np.full(3, np.nan)
        self._evidence = 0.0

    def update(
        self,
        windows: FloatArray,
        end_bins: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
        rate_per_min: FloatArray,
        span_s: FloatArray,
        movement_mg: FloatArray,
    ) -> Iterator[Piece]:
        """Take the newest windows, one every `EVERY_S`, and yield what has become final.

        Parameters
        ----------
        windows : (k, n, 3) array
            Slow bins as for `analysis.breathing.breathing`.
        end_bins : (k,) array of int
            The bin after each window's last.
        rate_per_min, span_s : (k,) arrays
            What `breathing` says of them.
        movement_mg : (k, n / fs_hz) array
            Of each second of the window, for the chest; 0 where unknown.
        """
        known = np.flatnonzero(np.isfinite(rate_per_min))
        waves = np.full(windows.shape[:2], np.nan)
        axes, sizes = np.full((len(windows), 3), np.nan), np.full(len(windows), np.nan)
        if len(known):
            waves[known], axes[known], sizes[known] = self._waves(
                windows[known], rate_per_min[known] / 60, movement_mg[known]
            )
        leans = _leaning(waves[:, -round(self._settings.recent_s * self._fs_hz) :])
        for i in range(len(windows)):
            seen = _Window(int(end_bins[i]), waves[i], axes[i], float(sizes[i]), float(leans[i]))
            yield from self._take(seen, round(np.nan_to_num(span_s[i]) * self._fs_hz))

    def finish(self) -> Iterator[Piece]:
        """What is left when no more windows come."""
        if self._rest is not None:
            yield self._rest
            self._end = self._rest.first_bin + len(self._rest.wave)
        self._rest = None

    def _take(self, seen: _Window, span: int) -> Iterator[Piece]:
        s = self._settings
        cosine = float(seen.axis @ self._axis)
        goes_on = self._rest is not None and abs(cosine) >= s.same_axis
        if not goes_on:
            yield from self.finish()
        if not np.isfinite(seen.size):
            return
        if abs(cosine) >= s.same_axis:
            sign = float(np.copysign(1.0, cosine))
        else:  # the first, or another movement: the sense is what its own shape says
            sign, self._evidence = float(np.copysign(1.0, seen.leaning)), 0.0
        self._evidence = s.forget * self._evidence + sign * seen.leaning
        is_turned_over = self._evidence < -s.turn_over
        if is_turned_over:
            sign, self._evidence = -sign, -self._evidence
        self._axis = sign * seen.axis
        start = seen.end_bin - len(seen.wave)
        since = self._end if goes_on else seen.end_bin - span
        first = max(self._end, since, start)
        final = max(seen.end_bin - self._lag, first)
        curve = sign * seen.wave
        is_new = is_turned_over or not goes_on
        yield Piece(first, curve[first - start : final - start], seen.size, is_new)
        self._rest = Piece(final, curve[final - start :], seen.size, is_new=False)
        self._end = final

    def _waves(
        self, windows: FloatArray, rate_hz: FloatArray, movement_mg: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        s, n = self._settings, windows.shape[1]
        breath = BreathingSettings()
        values, usable = bridged(by_axis(windows), round(breath.bridge_s * self._fs_hz))
        values = rocking(values, usable, breath, order=3)
        n_fft = fft_length(n)
        f_hz, rate = frequencies(n_fft, self._fs_hz), rate_hz[:, np.newaxis]
        top = np.minimum(s.band[1] * rate, np.maximum(s.heart_hz, s.least_top * rate))
        low = np.maximum(s.band[0] * rate, rate - s.sway_hz)
        rise = 1 / (1 + (low / np.maximum(f_hz, 1e-9)) ** 8)
        gain = rise / (1 + (f_hz / top) ** 8)
        spectrum = np.fft.rfft(values, n_fft, axis=2) * np.sqrt(gain)[:, np.newaxis]
        values = np.fft.irfft(spectrum, n_fft, axis=2)[:, :, :n]
        per_s = round(self._fs_hz)
        shaken = np.repeat(movement_mg, per_s, axis=1)
        quiet = usable & (shaken <= s.moving_mg)
        recent = slice(n - round(s.recent_s * self._fs_hz), n)
        axis, size = _main_axis(values[:, :, recent], quiet[:, recent])
        # breathing so deep that it moves the trunk by itself: judged by its own size
        deep_mg = 1000 * s.moving_depths * size[:, np.newaxis]
        quiet = usable & (shaken <= np.maximum(s.moving_mg, deep_mg))
        axis, size = _main_axis(values[:, :, recent], quiet[:, recent])
        wave = np.einsum("kin,ki->kn", values, axis)
        return np.where(quiet, wave, np.nan), axis, size


def _main_axis(values: FloatArray, quiet: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Direction of largest variance, and the height of a sine with that variance."""
    few = quiet.sum(axis=1) < 0.25 * quiet.shape[1]
    quiet = quiet | few[:, np.newaxis]
    masked = np.where(quiet[:, np.newaxis], values, 0.0)
    square = np.matmul(masked, masked.transpose(0, 2, 1)) / quiet.sum(axis=1)[:, None, None]
    variance, axes = np.linalg.eigh(square)
    return axes[:, :, 2], np.sqrt(8 * np.maximum(variance[:, 2], 0.0))


def _leaning(waves: FloatArray) -> FloatArray:
    """Skewness of the slope: above 0 where the curve rises faster than it falls; 0 if unknown."""
    slope = np.nan_to_num(np.diff(waves, axis=1))
    scale = np.maximum(np.abs(slope).max(axis=1, keepdims=True), 1e-30)
    square = ((slope / scale) ** 2).mean(axis=1)
    return np.asarray(((slope / scale) ** 3).mean(axis=1) / np.maximum(square, 1e-30) ** 1.5)
