"""Checks at the door, and the NaN rule: unknown is NaN, and a mean over nothing is unknown.

numpy's own nan-functions warn on empty slices and copy what they mask; these do neither.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import InputError
from analysis.results import FloatArray

G_M_S2 = 9.80665
"""Standard gravity (CGPM 1901), the unit in which sensors state acceleration."""


LARGEST = 1e5
"""No body-worn sensor reads so much, in m/s2 (10,000 g) or rad/s: such a sample is broken."""


def checked_times(t_s: ArrayLike) -> FloatArray:
    """Times as a float array of shape (n,).

    Raises
    ------
    InputError
        When the shape is another or a time is not finite.

    Examples
    --------
    >>> checked_times([0, 1])
    array([0., 1.])
    """
    t = np.asarray(t_s, dtype=float)
    if t.ndim != 1:
        raise InputError(f"t_s must have shape (n,), got {t.shape}", hint="Give one time a sample.")
    if not np.isfinite(t).all():
        n_bad = int((~np.isfinite(t)).sum())
        raise InputError(
            f"t_s has {n_bad} values that are not finite", hint="Drop the samples without a time."
        )
    return t


def checked_triaxial(
    values: ArrayLike, name: str, n: int, *, lone_axis: bool = False
) -> FloatArray:
    """Three columns and `n` rows of floats; a row becomes NaN when any value is not finite.

    So does one with a value beyond `LARGEST`, whose square would overflow further on.  With
    `lone_axis` a row of which just one value is known gets 0 for the two others: some sensors store
    no more than that.

    Raises
    ------
    InputError
        When the shape is another; the message names `name` and the shape that came.

    Examples
    --------
    >>> checked_triaxial([[0, 0, 9.8], [0, float("inf"), 9.8]], "acc_m_s2", 2)
    array([[0. , 0. , 9.8],
           [nan, nan, nan]])
    """
    v = np.array(values, dtype=float)
    if v.ndim != 2 or v.shape[1] != 3:
        raise InputError(
            f"{name} must have shape (n, 3), got {v.shape}", hint="Give three axes a sample."
        )
    if len(v) != n:
        raise InputError(
            f"{name} has {len(v)} rows for {n} times", hint="Give one row for each time."
        )
    # a minute's samples are hardly ever bad, and NaN compares as False
    if not (len(v) and max(float(v.max()), -float(v.min())) < LARGEST):
        fine = np.abs(v) < LARGEST
        if lone_axis:
            alone = fine.sum(axis=1) == 1
            v[alone[:, None] & np.isnan(v)] = 0.0
            fine = np.abs(v) < LARGEST
        v[~fine.all(axis=1)] = np.nan
    return v


def known_rows(v: FloatArray) -> NDArray[np.bool_]:
    """Which rows of (n, c) hold no NaN and nothing infinite; a sixth of `isfinite(v).all(axis=1)`.

    Examples
    --------
    >>> known_rows(np.array([[1.0, 2.0], [np.nan, 2.0]]))
    array([ True, False])
    """
    return np.asarray(np.isfinite(v @ np.ones(v.shape[1])))


def norm(v: FloatArray) -> FloatArray:
    """Length of the vectors along the last axis; faster than `numpy.linalg.norm` on three columns.

    Examples
    --------
    >>> norm(np.array([[3.0, 0.0, 4.0]]))
    array([5.])
    """
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", v, v)))


def unit(v: FloatArray) -> FloatArray:
    """Vectors along the last axis scaled to length 1; NaN where the length is zero or unknown.

    Examples
    --------
    >>> unit(np.array([0.0, 0.0, 9.8]))
    array([0., 0., 1.])
    """
    length = norm(v)
    length = np.where(length > 0, length, np.nan)
    return np.asarray(v / length[..., None])


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Cross product along the last axis; a tenth of `numpy.cross`'s time for a few vectors.

    Examples
    --------
    >>> cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def known_mean(v: FloatArray) -> FloatArray:
    """Mean of what is known along the last axis; NaN where nothing is.

    Examples
    --------
    >>> known_mean(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    known = np.isfinite(v)
    n = known.sum(axis=-1)
    total = np.where(known, v, 0.0).sum(axis=-1)
    return np.asarray(np.where(n > 0, total / np.maximum(n, 1), np.nan))


def known_quantile(v: FloatArray, share: float) -> FloatArray:
    """Quantile of what is known along the last axis, linear between values; NaN where nothing is.

    Examples
    --------
    >>> known_quantile(np.array([3.0, np.nan, 1.0, 2.0]), 0.5)
    array(2.)
    """
    if v.shape[-1] == 0:
        return np.full(v.shape[:-1], np.nan)
    ordered = np.sort(v, axis=-1)  # NaN goes to the end
    n = np.isfinite(v).sum(axis=-1)
    at = share * np.maximum(n - 1, 0)
    below = np.floor(at).astype(int)
    above = np.minimum(below + 1, np.maximum(n - 1, 0))
    low = np.take_along_axis(ordered, np.asarray(below)[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.asarray(above)[..., None], axis=-1)[..., 0]
    return np.asarray(np.where(n > 0, low + (at - below) * (high - low), np.nan))


def known_median(v: FloatArray) -> FloatArray:
    """Median of what is known along the last axis; NaN where nothing is.

    Examples
    --------
    >>> known_median(np.array([[1.0, 5.0, np.nan], [1.0, 2.0, 9.0]]))
    array([3., 2.])
    """
    return known_quantile(v, 0.5)
