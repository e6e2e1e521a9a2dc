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
