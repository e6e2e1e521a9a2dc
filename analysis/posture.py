"""How the trunk lies, and how fast any segment is turning: slow measures for phases and alerts."""

from __future__ import annotations

import numpy as np

from analysis.arrays import known_mean, unit
from analysis.calibration import SegmentFrame
from analysis.gravity import angle_deg
from analysis.results import FloatArray


def mean_up(up_windows: FloatArray) -> FloatArray:
    """Mean direction of up over windows of bins (k, n, 3) -> (k, 3); NaN where nothing is known.

    Examples
    --------
    >>> mean_up(np.array([[[0.0, 0.0, 1.0], [np.nan] * 3]]))
    array([[0., 0., 1.]])
    """
    return unit(known_mean(np.swapaxes(up_windows, 1, 2)))


def trunk_tilt_deg(up: FloatArray, frame: SegmentFrame | None) -> FloatArray:
    """Angle of the chest from where it lay while calibrating: 0 lying, about 90 upright or on a side.

    Parameters
    ----------
    up : (k, 3) array
        Unit vectors in the chest sensor's axes.
    frame : SegmentFrame or None
        None: unknown.

    Examples
    --------
    >>> from analysis.calibration import NOMINAL_FRAME
    >>> trunk_tilt_deg(np.array([[1.0, 0.0, 0.0]]), NOMINAL_FRAME)
    array([90.])
    """
    if frame is None:
        return np.full(len(up), np.nan)
    return angle_deg(up, np.broadcast_to(frame.up, up.shape))


def trunk_on_side(up: FloatArray, frame: SegmentFrame | None) -> FloatArray:
    """Part of up along the trunk's lateral axis, 0 to 1: near 1 on a side, near 0 upright.

    Lying on the back does not show which way the trunk is long, so this is known only with the
    nominal mounting; a calibrated strap may sit any way round.
    """
    if frame is None or frame.source != "nominal":
        return np.full(len(up), np.nan)
    return np.asarray(np.abs(up @ frame.lateral))


def turned_deg(up: FloatArray, up_before: FloatArray) -> FloatArray:
    """Angle between up at each epoch and at the one before; the first needs `up_before` (3,)."""
    return angle_deg(up, np.concatenate([up_before[None], up[:-1]]))
