"""The axis about which a segment turns, from its gyroscope.

A knee is nearly a hinge: while it bends, thigh and shank both turn about axes that are parallel to
it, so the rate vectors of either sensor gather along one line.  The line is the first principal
direction of the rate (the one-sensor core of Seel, Raisch and Schauer 2014, Sensors 14:6891); its
sense is left to the caller, who knows something about physics: the sense in which gravity turned.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import known_mean
from analysis.results import FloatArray

MIN_RATE_RAD_S = 0.15
"""RMS rate of the busiest second below which nothing turned: ten times the noise of a cheap
gyroscope averaged to 10 Hz, and slower than any deliberate movement of a leg (9 deg/s)."""

MIN_SHARE = 0.75
"""Share of the rate's energy along the line for it to be a hinge; for rates without a preferred
direction it is a third."""

MAX_OFF_DEG = 30.0
"""A sensor turned by 30 deg on its segment shows 13 % less of the turn; straps slip by less."""

MIN_ARC_DEG = 120.0
"""Over a third of a circle, centre and axes are told apart from noise; a bent leg shows 45 deg."""

MAX_AXES_RATIO = 1.1
MAX_OFFSET_SHARE = 0.1
"""Cheap accelerometers are off by up to 4 % in scale and 80 mg in offset (MPU6050 datasheet: +-3 %
and +-80 mg): a fit that says more has seen something else."""


def hinge_axis(gyr_rad_s: FloatArray, still_rows: FloatArray | None = None) -> FloatArray | None:
    """Unit vector of the line about which the sensor turned; None when there is none to see.

    Parameters
    ----------
    gyr_rad_s : (n, 3) array
        Slow bins of the movement; NaN bins allowed.
    still_rows : (m, 3) array, optional
        Bins in which it was held still; their mean is taken off as the gyroscope's offset.

    Examples
    --------
    >>> rate = np.outer(np.sin(np.arange(100) / 10), [0.0, 0.6, 0.8])
    >>> np.abs(hinge_axis(rate)).round(6)
    array([0. , 0.6, 0.8])
    >>> hinge_axis(rate / 100) is None
    True
    """
    rate = gyr_rad_s[np.isfinite(gyr_rad_s).all(axis=1)]
    if still_rows is not None and len(still_rows):
        rate = rate - np.nan_to_num(known_mean(still_rows.T))
    if len(rate) < 10:
        return None
    energy = (rate**2).sum(axis=1)
    busiest = np.sort(energy)[-10:].mean()
    if busiest < MIN_RATE_RAD_S**2:
        return None
    values, vectors = np.linalg.eigh(rate.T @ rate)
    if values[-1] < MIN_SHARE * values.sum():
        return None
    return np.asarray(vectors[:, -1])


def mounting_problem(gyr_rad_s: FloatArray, nominal_axis: FloatArray) -> str:
    """What to say when a segment turned about another axis than its mounting promises; else empty.

    Parameters
    ----------
    gyr_rad_s : (n, 3) array
        Slow bins of a whole recording; their median is taken off as the gyroscope's offset.
    nominal_axis : (3,) array
        Where the lateral axis is in the sensor when it is worn as documented.

    Examples
    --------
    >>> rate = np.outer(np.sin(np.arange(100) / 10), [1.0, 0.0, 0.0])
    >>> mounting_problem(rate, np.array([0.0, 1.0, 0.0]))
    'turned about an axis 90 deg from where its mounting should have it: is it worn as documented?'
    """
    known = gyr_rad_s[np.isfinite(gyr_rad_s).all(axis=1)]
    axis = hinge_axis(known - np.median(known, axis=0)) if len(known) else None
    if axis is None:
        return ""
    off_deg = float(np.degrees(np.arccos(min(abs(float(axis @ nominal_axis)), 1.0))))
    if off_deg < MAX_OFF_DEG:
        return ""
    return (
        f"turned about an axis {off_deg:.0f} deg from where its mounting should have it:"
        " is it worn as documented?"
    )


def round_plane(points: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Offset and matrix that put an accelerometer's readings of a turning hinge on a circle.

    Turned slowly about a fixed axis, gravity inside the plane runs along a circle about zero.  A
    sensor with offsets and unequal scales shows an ellipse elsewhere; fitting it gives both back
    without knowing a single angle.

    Parameters
    ----------
    points : (n, 2) array
        Acceleration inside the plane, m/s2; NaN allowed.

    Returns
    -------
    (offset, matrix) or None
        ``(points - offset) @ matrix`` lies on a circle.  None where the arc is shorter than
        `MIN_ARC_DEG` (an ellipse through a short arc says nothing), or the fit is no ellipse.

    Examples
    --------
    >>> angle = np.radians(np.arange(0.0, 180.0))
    >>> circle = 9.8 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    >>> offset, matrix = round_plane(circle * [1.0, 1.04] + [0.2, -0.1])
    >>> np.round(offset, 6), np.round(matrix[0, 0] / matrix[1, 1], 6)
    (array([ 0.2, -0.1]), np.float64(1.04))
    """
    p = points[np.isfinite(points).all(axis=1)]
    if len(p) < 50:
        return None
    angles = np.degrees(np.unwrap(np.arctan2(p[:, 1], p[:, 0])))
    size = float(np.sqrt((p**2).sum(axis=1).mean()))
    if np.ptp(angles) < MIN_ARC_DEG:
        return None
    x, y = (p / size).T
    (a, b, c, d, e), *_ = np.linalg.lstsq(
        np.stack([x * x, 2 * x * y, y * y, 2 * x, 2 * y], axis=1), np.ones(len(p)), rcond=None
    )
    form = np.array([[a, b], [b, c]])
    values, vectors = np.linalg.eigh(form)
    if values[0] <= 0 or values[1] > MAX_AXES_RATIO**2 * values[0]:
        return None
    offset = -size * np.linalg.solve(form, [d, e])
    if float(np.hypot(*offset)) > MAX_OFFSET_SHARE * size:
        return None
    return offset, vectors @ np.diag(np.sqrt(values / values.mean())) @ vectors.T
