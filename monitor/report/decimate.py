"""As much of a long line as a picture can show: the least and the most of each short stretch."""

from __future__ import annotations

import numpy as np

from analysis.results import FloatArray


def min_max(t: FloatArray, values: FloatArray, n_bins: int = 700) -> tuple[FloatArray, FloatArray]:
    """Thin a line so that its drawn outline stays the same.

    Parameters
    ----------
    t, values
        (n,) arrays; NaN in `values` is unknown.
    n_bins
        Stretches to keep, two points each; about one a pixel.

    Returns
    -------
    t, values
        As given when there are at most two points a stretch.  Otherwise each stretch's minimum
        and maximum in the order in which they came; a stretch of unknowns stays unknown, so a
        line is never drawn across a gap wider than one stretch.

    Examples
    --------
    >>> t, v = min_max(np.arange(6.0), np.array([0, 9, 1, 5, 5, 5.0]), n_bins=2)
    >>> v.tolist()
    [0.0, 9.0, 5.0, 5.0]
    """
    n = len(t)
    if n <= 2 * n_bins:
        return t, values
    width = -(-n // n_bins)
    padding = -n % width
    rows = np.pad(values, (0, padding), constant_values=np.nan).reshape(-1, width)
    known = np.isfinite(rows)
    least = np.argmin(np.where(known, rows, np.inf), axis=1)
    most = np.argmax(np.where(known, rows, -np.inf), axis=1)
    first = np.arange(len(rows)) * width
    picked = np.sort(np.column_stack([least, most]), axis=1) + first[:, None]
    flat = np.minimum(picked.ravel(), n - 1)
    return t[flat], values[flat]
