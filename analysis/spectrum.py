"""Small tools on many windows at once: fill short gaps, take out drift, spectra, peaks.

All work on (k, n, 3) windows of a uniform grid and return arrays with k rows, so that a live
session (k = 1) and a report (k = all) run the same lines.  Sums over the three axes make whatever
follows blind to how the sensor is strapped on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.errors import InputError
from analysis.results import FloatArray

BoolArray = NDArray[np.bool_]


def check_windows(windows: FloatArray, fs_hz: float, *, name: str) -> FloatArray:
    """The windows as float64, or an `InputError` that shows what came."""
    array = np.asarray(windows, dtype=np.float64)
    if array.ndim != 3 or array.shape[2] != 3:
        raise InputError(f"{name} must have shape (k, n, 3), got {array.shape}")
    if not (np.isfinite(fs_hz) and fs_hz > 0):
        raise InputError(f"fs_hz must be a positive rate in Hz, got {fs_hz}")
    return array


def bridged(windows: FloatArray, longest_gap: int) -> tuple[FloatArray, BoolArray]:
    """Windows with short gaps bridged by a straight line, and which samples can be used.

    Samples in longer gaps, and before the first or after the last known one, are 0 and not usable:
    a gap is a gap.

    Examples
    --------
    >>> x = np.array([[[np.nan] * 3, [1.0] * 3, [np.nan] * 3, [3.0] * 3]])
    >>> values, usable = bridged(x, longest_gap=1)
    >>> values[0, :, 0].tolist(), usable[0].tolist()
    ([0.0, 1.0, 2.0, 3.0], [False, True, True, True])
    """
    k, n, _ = windows.shape
    known: BoolArray = np.asarray(np.isfinite(windows @ np.ones(3)))
    if known.all():  # nearly always: then nothing is to be bridged
        return windows, known
    holed = ~known.all(axis=1)
    if not holed.all():
        values, usable = np.array(windows), known
        values[holed], usable[holed] = bridged(windows[holed], longest_gap)
        return values, usable
    i = np.arange(n)
    before = np.maximum.accumulate(np.where(known, i, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, i, n)[:, ::-1], axis=1)[:, ::-1]
    usable = (before >= 0) & (after < n) & (after - before - 1 <= longest_gap)
    before, after = np.clip(before, 0, n - 1), np.clip(after, 0, n - 1)
    share = ((i - before) / np.maximum(after - before, 1))[..., np.newaxis]
    row = np.arange(k)[:, np.newaxis]
    zeroed = np.where(known[..., np.newaxis], windows, 0.0)
    values = zeroed[row, before] * (1 - share) + zeroed[row, after] * share
    return np.where(usable[..., np.newaxis], values, 0.0), usable


def detrended(values: FloatArray, usable: BoolArray, order: int) -> FloatArray:
    """Windows without their polynomial of `order`, fitted to the usable samples; 0 elsewhere.

    Examples
    --------
    >>> t = np.linspace(0, 1, 50)
    >>> line = np.stack([t, 2 * t, 0 * t], axis=1)[np.newaxis]
    >>> bool(np.abs(detrended(line, np.ones((1, 50), bool), order=1)).max() < 1e-6)
    True
    """
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, values.shape[1]), order)
    terms = order + 1
    if usable.all():  # then one fit serves all windows
        gram = basis.T @ basis + 1e-9 * np.eye(terms)
        out = values - np.matmul(basis, np.matmul(np.linalg.solve(gram, basis.T), values))
        return np.asarray(out)
    weight = usable.astype(np.float64)
    pairs = (basis[:, :, np.newaxis] * basis[:, np.newaxis, :]).reshape(-1, terms * terms)
    # a little of the identity: a window with few usable samples must not stop the others
    gram = (weight @ pairs).reshape(-1, terms, terms) + 1e-9 * np.eye(terms)
    masked = np.where(usable[..., np.newaxis], values, 0.0)
    trend = basis @ np.linalg.solve(gram, np.matmul(basis.T, masked))
    return np.where(usable[..., np.newaxis], masked - trend, 0.0)


def fft_length(n: int, finer: int = 1) -> int:
    """A power of two that holds `n` samples, made `finer` times longer for a denser spectrum."""
    return int(finer * 2 ** int(np.ceil(np.log2(max(n, 2)))))


def frequencies(n_fft: int, fs_hz: float) -> FloatArray:
    """Frequency in Hz of each entry of a spectrum of `n_fft` samples."""
    return np.arange(n_fft // 2 + 1, dtype=np.float64) * np.float64(fs_hz / n_fft)


def power(values: FloatArray, n_fft: int) -> FloatArray:
    """Power over frequency, summed over the axes, (k, n_fft // 2 + 1)."""
    spectrum = np.fft.rfft(values, n_fft, axis=1)
    return np.asarray((spectrum.real**2 + spectrum.imag**2).sum(axis=2))


def peak_near(curves: FloatArray, index: NDArray[np.intp]) -> FloatArray:
    """Position of each curve's peak between samples: vertex of a parabola through three of them.

    Examples
    --------
    >>> round(float(peak_near(np.array([[0.0, 3.0, 4.0, 1.0]]), np.array([2]))[0]), 3)
    1.75
    """
    i = np.clip(index, 1, curves.shape[1] - 2)
    row = np.arange(len(i))
    left, middle, right = curves[row, i - 1], curves[row, i], curves[row, i + 1]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / np.where(bend < 0, bend, -np.inf)
    return np.asarray(i + np.clip(shift, -1, 1))


def autocorrelation(values: FloatArray, usable: BoolArray, gain: FloatArray) -> FloatArray:
    """How alike each window is to itself some samples later, -1 to 1, summed over the axes.

    `gain` weighs the frequencies (it has n_fft // 2 + 1 entries).  Pairs with an unusable sample do
    not count.  Column i is a lag of i samples; NaN where there is nothing to compare.
    """
    n_fft = 2 * (len(gain) - 1)
    n = values.shape[1]
    raw = np.fft.irfft(power(values, n_fft) * gain, n_fft, axis=1)[:, :n]
    pairs = np.fft.irfft(
        np.abs(np.fft.rfft(usable.astype(np.float64), n_fft, axis=1)) ** 2, n_fft, axis=1
    )[:, :n]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = raw / np.maximum(pairs, 1.0)
        return np.asarray(correlation / correlation[:, :1])


def between(curves: FloatArray, position: FloatArray) -> FloatArray:
    """Each curve's value at a position between its samples, on a straight line.

    Examples
    --------
    >>> between(np.array([[0.0, 1.0, 3.0]]), np.array([1.5]))
    array([2.])
    """
    inside = np.clip(position, 0, curves.shape[1] - 1)
    i = np.minimum(inside, curves.shape[1] - 2).astype(np.intp)
    row = np.arange(len(curves))
    rest = inside - i
    return np.asarray(curves[row, i] * (1 - rest) + curves[row, i + 1] * rest)
