"""Where up is, as a sensor sees it.

An accelerometer at rest reads +g along the axis that points up.  A slow bin shows that direction
when its length is near the sensor's own resting length: cheap sensors rest at 0.88 to 1.05 g, so
the comparison is with the sensor itself, not with 9.81.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import cross, known_median, norm, unit
from analysis.results import FloatArray

LENGTH_TOLERANCE = 0.12
"""Share by which a bin's |a| may differ from the resting |a|: a horizontal push that makes 0.12
more length turns the apparent vertical by at most acos(1/1.12) = 27 deg, and the bins around it
outvote it; scale errors of cheap sensors (+3.6 % on one axis measured on an MPU6050) stay below."""

CALM_BINS = 8
SHAKEN_DEG = 1.5
SHAKEN_LENGTH = 0.05
"""Over 0.8 s a slow leg turns along a straight line (bending in 6 s leaves it by 0.2 deg).  A person
who walks and swings a leg leaves it by 2 to 10, and there an accelerometer alone was wrong by up to
52 deg; within these limits it was within 2.3 deg for 99 of 100 seconds."""


def rest_length(acc_m_s2: FloatArray) -> FloatArray:
    """Median |a| over windows: what the sensor reads as gravity, moving or not.

    Parameters
    ----------
    acc_m_s2 : (k, n, 3) array
        Windows of slow bins; NaN bins allowed.

    Returns
    -------
    (k,) array
        In m/s2; NaN where a window holds nothing.

    Examples
    --------
    >>> rest_length(np.full((1, 4, 3), 5.0))
    array([8.66025404])
    """
    return known_median(norm(acc_m_s2))


def up_directions(acc_m_s2: FloatArray, rest_m_s2: FloatArray | float) -> FloatArray:
    """Unit vectors towards up in the sensor's axes; NaN where the bin is not mostly gravity.

    Parameters
    ----------
    acc_m_s2 : (..., 3) array
        Slow bins.
    rest_m_s2 : array or float
        Resting length of this sensor, to be broadcast against the bins.

    Examples
    --------
    >>> up_directions(np.array([[0.0, 0.0, 9.8], [0.0, 0.0, 14.0]]), 9.8)
    array([[ 0.,  0.,  1.],
           [nan, nan, nan]])
    """
    length = norm(acc_m_s2)
    trusted = np.abs(length - rest_m_s2) <= LENGTH_TOLERANCE * np.asarray(rest_m_s2)
    return np.asarray(np.where(trusted[..., None], unit(acc_m_s2), np.nan))


def angle_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angle between vectors along the last axis, exact also near 0 and 180.

    Examples
    --------
    >>> angle_deg(np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]))
    array(45.)
    """
    cosine = np.einsum("...i,...i->...", a, b)
    return np.asarray(np.degrees(np.arctan2(norm(cross(a, b)), cosine)))


def is_shaken(acc_m_s2: FloatArray, rest_m_s2: FloatArray) -> NDArray[np.bool_]:
    """Whether a window holds too much besides gravity for an accelerometer alone to show up.

    Parameters
    ----------
    acc_m_s2 : (k, n, 3) array
        Windows of slow bins; NaN bins allowed.
    rest_m_s2 : (k,) array

    Examples
    --------
    >>> x = np.radians(np.linspace(0.0, 12.0, 8))
    >>> slow = 9.8 * np.stack([np.sin(x), 0 * x, np.cos(x)], axis=1)
    >>> jerky = slow + [[0.0, 0.0, 0.0], [0.9, 0.0, 0.0]] * 4
    >>> is_shaken(np.stack([slow, jerky]), np.full(2, 9.8))
    array([False,  True])
    """
    length = norm(acc_m_s2)
    known = np.isfinite(length)
    n = np.maximum(known.sum(axis=1), 1)[:, None]
    up = np.where(known[..., None], unit(acc_m_s2), 0.0)
    x = np.where(known, np.arange(acc_m_s2.shape[1], dtype=float), 0.0)
    x = np.where(known, x - x.sum(axis=1, keepdims=True) / n, 0.0)
    off = np.where(known[..., None], up - up.sum(axis=1, keepdims=True) / n[..., None], 0.0)
    spread = (x**2).sum(axis=1)
    slope = np.einsum("kn,kni->ki", x, off) / np.where(spread > 0, spread, 1.0)[:, None]
    left = off - x[..., None] * slope[:, None]
    residual_deg = np.degrees(np.sqrt((left**2).sum(axis=(1, 2)) / n[:, 0]))
    away = np.where(known, np.abs(length / rest_m_s2[:, None] - 1.0), 0.0).max(axis=1)
    return np.asarray((residual_deg > SHAKEN_DEG) | (away > SHAKEN_LENGTH))
