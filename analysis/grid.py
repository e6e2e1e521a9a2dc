"""Two grids for everything: slow bins of 0.1 s, and a fast uniform grid.

    samples   .  . .  .    .  . ..            . .   (any rate, any jitter, holes)
    bins     |  m  |  m  |  m  | NaN | NaN |  m  |  mean of what fell in, and how many
    fast     xxxxxxxxxxxxxxxxxxx.............xxxxx  mean of the straight line between samples

The grids stand on session time from 0, so where a chunk was cut changes nothing: a bin's sum is
taken sample by sample in order of time, and a fast cell looks only at the samples around it.  A
hole longer than `HOLE_S` is a hole: nothing is drawn across it.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import known_rows
from analysis.results import FloatArray

BIN_HZ = 10
"""Posture, knee and breathing live below 1 Hz; bins of 0.1 s keep them and shed the noise."""

HOLE_S = 0.2
"""Longest pause between samples over which the fast grid draws a line: 2 samples at 10 Hz, the
slowest rate that any measure takes."""

EDGE_S = 1e-9
"""Times are differences of floats: 0.7 may come as 0.6999999999999998 and belongs to bin 7."""


def bin_index(t_s: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Number of the slow bin that each time falls in.

    Examples
    --------
    >>> bin_index(np.array([0.0, 0.05, 0.1, 0.7 - 2e-16, 1.0]))
    array([ 0,  0,  1,  7, 10])
    """
    return np.floor((t_s + EDGE_S) * BIN_HZ).astype(np.int64)


def bin_means(
    t_s: FloatArray, values: FloatArray, first_bin: int, n_bins: int
) -> tuple[FloatArray, FloatArray]:
    """Mean of the rows that fall in each of `n_bins` slow bins from `first_bin`, and their count.

    Parameters
    ----------
    t_s : (n,) array
        Session seconds, rising, all inside the bins asked for.
    values : (n, c) array
        Rows with NaN are not counted.
    first_bin, n_bins : int
        The bins to fill; bin i spans i/10 to (i + 1)/10 s.

    Returns
    -------
    means : (n_bins, c) array
        NaN where nothing fell.
    counts : (n_bins,) array

    Examples
    --------
    >>> means, counts = bin_means(np.array([0.0, 0.05, 0.25]), np.array([[1.0], [3.0], [7.0]]), 0, 3)
    >>> means[:, 0], counts
    (array([ 2., nan,  7.]), array([2., 0., 1.]))
    """
    good = known_rows(values)
    if not good.all():
        t_s, values = t_s[good], values[good]
    edges = np.searchsorted(bin_index(t_s), first_bin + np.arange(n_bins + 1))
    counts = np.diff(edges).astype(float)
    means = np.full((n_bins, values.shape[1]), np.nan)
    filled = counts > 0
    if filled.any():
        # each bin's sum is taken over its own rows in order: the same to the last bit for any chunks
        total = np.add.reduceat(values, edges[:-1][filled], axis=0)
        means[filled] = total / counts[filled, np.newaxis]
    return means, counts


def cell_means(
    t_s: FloatArray, values: FloatArray, first_cell: int, n_cells: int, fs_hz: float
) -> FloatArray:
    """Mean, over each cell of a uniform grid, of the straight line drawn between samples.

    For sensors faster than the grid this is the average that keeps noise from folding back; for
    slower ones it is interpolation.  Cell i spans i/fs to (i + 1)/fs.

    Parameters
    ----------
    t_s : (n,) array
        Session seconds, rising.  Samples outside the cells serve as neighbours.
    values : (n, c) array
        Rows with NaN are left out.
    first_cell, n_cells : int
        The cells to fill.
    fs_hz : float
        Rate of the grid.

    Returns
    -------
    (n_cells, c) array
        NaN where a cell touches a pause longer than `HOLE_S` or lies outside the samples.

    Examples
    --------
    >>> t = np.arange(11) / 10
    >>> np.round(cell_means(t, t[:, None], 0, 4, 5.0)[:, 0], 12)
    array([0.1, 0.3, 0.5, 0.7])
    """
    good = known_rows(values)
    all_good = bool(good.all())
    t = t_s if all_good else t_s[good]
    out = np.full((n_cells, values.shape[1]), np.nan)
    if len(t) < 2 or n_cells == 0:
        return out
    # one axis after the other in memory: sums along rows would take twice the time
    v = np.ascontiguousarray(values.T if all_good else values[good].T)
    step = np.diff(t)
    middle = v[:, 1:] + v[:, :-1]
    middle *= 0.5 * step
    area = np.zeros_like(v)
    np.cumsum(middle, axis=1, out=area[:, 1:])
    edges = (first_cell + np.arange(n_cells + 1)) / fs_hz
    left = np.clip(np.searchsorted(t, edges, side="right") - 1, 0, len(t) - 2)
    width = np.where(step[left] > 0, step[left], 1.0)
    part = edges - t[left]
    share = part / width
    at = v.take(left, axis=1)
    slope = v.take(left + 1, axis=1) - at
    slope *= 0.5 * share
    at += slope
    at *= part
    at += area.take(left, axis=1)
    whole = (edges[:-1] >= t[0] - EDGE_S) & (edges[1:] <= t[-1] + EDGE_S)
    pauses = step > HOLE_S + EDGE_S
    if pauses.any():
        # seconds lost in pauses: the same idea, so that a cell that touches one is known
        lost = np.concatenate([[0.0], np.cumsum(np.where(pauses, step, 0.0))])
        lost_at = lost[left] + share * (lost[left + 1] - lost[left])
        whole &= np.diff(lost_at) <= EDGE_S
    means = np.diff(at, axis=1).T * fs_hz
    if whole.all():
        return np.asarray(means)
    out[whole] = means[whole]
    return out


class Rows:
    """Rows of a uniform grid from session time 0, growing; NaN before 0, so windows always fit.

    Counts may be kept in a small whole-number `dtype`; before 0 they are 0.

    Examples
    --------
    >>> rows = Rows(n_columns=1, n_before=2)
    >>> rows.append(np.array([[5.0], [6.0]]))
    >>> rows.windows(first_end=1, n_windows=2, step=1, length=3)[:, :, 0]
    array([[nan, nan,  5.],
           [nan,  5.,  6.]])
    """

    def __init__(self, n_columns: int, n_before: int, dtype: type[np.generic] = np.float64) -> None:
        self._n_before = n_before
        self._data = np.empty((n_before + 1024, n_columns), dtype)
        self._data[:n_before] = np.nan if issubclass(dtype, np.floating) else 0
        self._n = n_before
        self._n_forgotten = 0

    def __len__(self) -> int:
        """Rows appended so far."""
        return self._n_forgotten + self._n - self._n_before

    def append(self, rows: FloatArray) -> None:
        """Add rows after the last."""
        need = self._n + len(rows)
        if need > len(self._data):
            # room that is not yet written to costs no memory
            room = (max(need, 2 * len(self._data)), self._data.shape[1])
            bigger = np.empty(room, self._data.dtype)
            bigger[: self._n] = self._data[: self._n]
            self._data = bigger
        self._data[self._n : need] = rows
        self._n = need

    def forget_before(self, row: int) -> None:
        """Let go of rows that no window will ask for any more, when that frees half of the room."""
        n_old = self._n_before + row - self._n_forgotten
        if n_old > len(self._data) // 2:
            rest = self._data[n_old : self._n].copy()
            self._data[: len(rest)] = rest
            self._n -= n_old
            self._n_forgotten += n_old

    def all(self) -> FloatArray:
        """Every row from session time 0, as a view.

        Raises
        ------
        IndexError
            When some were forgotten.
        """
        if self._n_forgotten:
            raise IndexError(f"the first {self._n_forgotten} rows were forgotten")
        return self._data[self._n_before : self._n]

    def since(self, row: int) -> FloatArray:
        """Rows from `row` on, as a view.

        Raises
        ------
        IndexError
            When some of them were forgotten.
        """
        start = self._n_before + row - self._n_forgotten
        if start < 0:
            raise IndexError(f"row {row} was forgotten")
        return self._data[start : self._n]

    def windows(self, first_end: int, n_windows: int, step: int, length: int) -> FloatArray:
        """(n_windows, length, columns) view of the windows ending at `first_end`, + `step`, ...

        Ends count rows from session time 0 and are exclusive.
        """
        start = self._n_before + first_end - length - self._n_forgotten
        flat = self._data[start : start + (n_windows - 1) * step + length]
        if start < 0 or len(flat) != (n_windows - 1) * step + length:
            message = f"windows of {length} rows to {first_end} do not fit into {len(self)} rows"
            raise IndexError(message)
        by_row, by_column = flat.strides
        # as_strided with the bounds checked above: sliding_window_view costs five times as much
        return np.lib.stride_tricks.as_strided(
            flat,
            (n_windows, length, flat.shape[1]),
            (step * by_row, by_row, by_column),
            writeable=False,
        )
