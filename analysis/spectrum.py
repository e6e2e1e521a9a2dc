"""Small tools on many windows at once: fill short gaps, take out drift, spectra, peaks.

All work on (k, 3, n) windows of a uniform grid (`by_axis`) and return arrays with k rows, so that a
live session (k = 1) and a report (k = all) run the same lines.  Sums over the three axes make whatever
follows blind to how the sensor is strapped on.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import known_median
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


def by_axis(windows: FloatArray) -> FloatArray:
    """(k, n, 3) windows as (k, 3, n): an axis lies in one piece of memory, as everything here likes.

    On windows that overlap in one grid the copy saves several times what it costs.
    """
    return np.ascontiguousarray(windows.transpose(0, 2, 1))


def bridged(values: FloatArray, longest_gap: int) -> tuple[FloatArray, BoolArray]:
    """Windows with short gaps bridged by a straight line, and which samples can be used, (k, n).

    Samples in longer gaps, and before the first or after the last known one, are 0 and not usable:
    a gap is a gap.

    Examples
    --------
    >>> x = np.tile([np.nan, 1.0, np.nan, 3.0], (1, 3, 1))
    >>> values, usable = bridged(x, longest_gap=1)
    >>> values[0, 0].tolist(), usable[0].tolist()
    ([0.0, 1.0, 2.0, 3.0], [False, True, True, True])
    """
    usable: BoolArray = np.asarray(np.isfinite(values.sum(axis=1)))
    (holed,) = np.nonzero(~usable.all(axis=1))  # nearly always none
    if len(holed):
        values = values.copy()
        values[holed], usable[holed] = _bridged(values[holed], usable[holed], longest_gap)
    return values, usable


def _bridged(
    values: FloatArray, known: BoolArray, longest_gap: int
) -> tuple[FloatArray, BoolArray]:
    n = values.shape[2]
    i = np.arange(n)
    before = np.maximum.accumulate(np.where(known, i, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, i, n)[:, ::-1], axis=1)[:, ::-1]
    usable = (before >= 0) & (after < n) & (after - before - 1 <= longest_gap)
    before, after = np.clip(before, 0, n - 1), np.clip(after, 0, n - 1)
    share = ((i - before) / np.maximum(after - before, 1))[:, np.newaxis]
    zeroed = np.where(known[:, np.newaxis], values, 0.0)
    left = np.take_along_axis(zeroed, before[:, np.newaxis], axis=2)
    right = np.take_along_axis(zeroed, after[:, np.newaxis], axis=2)
    return np.where(usable[:, np.newaxis], left * (1 - share) + right * share, 0.0), usable


def detrended(values: FloatArray, usable: BoolArray, order: int) -> FloatArray:
    """Windows without their polynomial of `order`, fitted to the usable samples; 0 elsewhere.

    Examples
    --------
    >>> t = np.linspace(0, 1, 50)
    >>> line = np.stack([t, 2 * t, 0 * t])[np.newaxis]
    >>> bool(np.abs(detrended(line, np.ones((1, 50), bool), order=1)).max() < 1e-6)
    True
    """
    k, n_axes, n = values.shape
    fit, basis = _polynomial(n, order)
    flat = values.reshape(k * n_axes, n)
    # one fit serves all windows of which every sample can be used
    out = (flat - (flat @ fit) @ basis).reshape(values.shape)
    (holed,) = np.nonzero(~usable.all(axis=1))
    if len(holed):
        out[holed] = _detrended(values[holed], usable[holed], basis)
    return np.asarray(out)


def _detrended(values: FloatArray, usable: BoolArray, basis: FloatArray) -> FloatArray:
    terms, n = basis.shape
    pairs = (basis[:, np.newaxis] * basis).reshape(terms * terms, n)
    # a little of the identity: a window with few usable samples must not stop the others
    gram = (usable @ pairs.T).reshape(-1, terms, terms) + 1e-9 * np.eye(terms)
    masked = np.where(usable[:, np.newaxis], values, 0.0)
    along = np.linalg.solve(gram, basis @ masked.transpose(0, 2, 1))  # (k, terms, 3)
    trend = along.transpose(0, 2, 1) @ basis
    return np.where(usable[:, np.newaxis], masked - trend, 0.0)


@cache
def _polynomial(n: int, order: int) -> tuple[FloatArray, FloatArray]:
    """What fits a polynomial to `n` samples, (n, terms), and what draws it, (terms, n)."""
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, n), order)
    gram = basis.T @ basis + 1e-9 * np.eye(order + 1)
    fit: FloatArray = np.asarray(np.linalg.solve(gram, basis.T).T, dtype=np.float64)
    return fit, np.asarray(basis.T, dtype=np.float64)


def median_where(values: FloatArray, usable: BoolArray) -> FloatArray:
    """Median of each row's usable values, (k,); 0 where there are none.

    Examples
    --------
    >>> median_where(np.array([[3.0, 1.0, 2.0]] * 2), np.array([[1, 1, 1], [1, 1, 0]], dtype=bool))
    array([2., 2.])
    """
    n = values.shape[1]
    ordered = np.partition(values, ((n - 1) // 2, n // 2), axis=1)
    out = 0.5 * (ordered[:, (n - 1) // 2] + ordered[:, n // 2])
    (holed,) = np.nonzero(~usable.all(axis=1))
    if len(holed):
        masked = np.where(usable[holed], values[holed], np.nan)
        out[holed] = np.nan_to_num(known_median(masked))
    return np.asarray(out)


def fft_length(n: int, finer: int = 1) -> int:
    """A power of two that holds `n` samples, made `finer` times longer for a denser spectrum."""
    return int(finer * 2 ** int(np.ceil(np.log2(max(n, 2)))))


def frequencies(n_fft: int, fs_hz: float) -> FloatArray:
    """Frequency in Hz of each entry of a spectrum of `n_fft` samples."""
    return np.arange(n_fft // 2 + 1, dtype=np.float64) * np.float64(fs_hz / n_fft)


def power(values: FloatArray, n_fft: int, n_bins: int | None = None) -> FloatArray:
    """Power over frequency, summed over the axes, (k, n_bins); without `n_bins` all n_fft // 2 + 1."""
    n_bins = n_fft // 2 + 1 if n_bins is None else n_bins
    total = np.zeros((len(values), n_bins))
    for axis in range(values.shape[1]):
        spectrum = np.fft.rfft(values[:, axis], n_fft, axis=1)[:, :n_bins]
        total += spectrum.real**2
        total += spectrum.imag**2
    return total


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


def autocorrelation(powers: FloatArray, usable: BoolArray) -> FloatArray:
    """How alike each window is to itself some samples later, -1 to 1, summed over the axes.

    Of the windows' `power`, weighed by frequency as you like.  Pairs with an unusable sample do not
    count.  Column i is a lag of i samples; NaN where there is nothing to compare.
    """
    n_fft, n = 2 * (powers.shape[1] - 1), usable.shape[1]
    raw = np.fft.irfft(powers, n_fft, axis=1)[:, :n]
    lag = np.arange(n)
    # without holes: those whose partner lies within the window, or beyond its end by the padding
    pairs = np.tile(np.maximum(n - lag, 0) + np.maximum(n + lag - n_fft, 0.0), (len(raw), 1))
    (holed,) = np.nonzero(~usable.all(axis=1))
    if len(holed):
        spectrum = np.fft.rfft(usable[holed].astype(np.float64), n_fft, axis=1)
        pairs[holed] = np.fft.irfft(np.abs(spectrum) ** 2, n_fft, axis=1)[:, :n]
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
