"""Where up is, as a sensor sees it.

An accelerometer at rest reads +g along the axis that points up.  A slow bin shows that direction
when its length is near the sensor's own resting length: cheap sensors rest at 0.88 to 1.05 g, so
the comparison is with the sensor itself, not with 9.81.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import cross, known_median, norm, unit
from analysis.results import FloatArray

LENGTH_TOLERANCE = 0.12
"""Share by which a bin's |a| may differ from the resting |a|: a horizontal push that makes 0.12
more length turns the apparent vertical by at most acos(1/1.12) = 27 deg, and the bins around it
outvote it; scale errors of cheap sensors (+3.6 % on one axis measured on an MPU6050) stay below."""


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
