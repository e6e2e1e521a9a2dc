r"""Knee flexion and lean from where up is, seen by thigh and shank.

            knee                       flexion = thigh turn + shank turn
             /\                        each measured inside the plane in which the leg bends,
     thigh  /  \  shank               from where up was while straight, by atan2
    hip ___/    \___ foot

Adding plain inclinations instead is wrong as soon as the leg leans out of the vertical plane: a
true 90 deg reads 96.7 at 20 deg of lean.  Inside the plane both coordinates shrink by the same
cosine, so the turn is exact; how far up leaves the plane is the lean, a number of its own.

When the bending axis itself is near vertical (lying on the side), gravity hardly has a part inside
the plane and the turn cannot be seen: unknown, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.arrays import cross
from analysis.calibration import NOMINAL_FRAME, CalibrationSettings, SegmentFrame, flexion_sign
from analysis.gravity import angle_deg
from analysis.results import FloatArray

MIN_SEEN = 0.6
"""Smallest share of gravity inside the bending plane, which stands then 53 deg from vertical.  An axis
that the poses show to 2 deg turns the angle by that times the tangent of the lean: 2.7 deg there, and
10 when the wearer rolls onto the side, which is no knee that drifts."""


@dataclass(frozen=True, slots=True, eq=False)
class LegAngles:
    """One value for each direction given; NaN is unknown.

    Attributes
    ----------
    flexion_deg
        0 straight, from -90 up to 270 so that a knee never jumps.
    lean_deg
        Leg leaning out (positive) or in, mean of the segments that know.
    thigh_deg, shank_deg
        Turn of each segment from its straight pose, positive when bending.
    is_unseen
        True where both sensors were heard and gravity cannot show the angle.
    """

    flexion_deg: FloatArray
    lean_deg: FloatArray
    thigh_deg: FloatArray
    shank_deg: FloatArray
    is_unseen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def segment_turn(
    up: FloatArray, placement: str, frame: SegmentFrame | None
) -> tuple[FloatArray, FloatArray, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """Turn of one segment in its plane, its lean out of it, and where gravity cannot show the turn.

    Parameters
    ----------
    up : (..., 3) array
        Unit vectors in the sensor's axes.
    placement : str
    frame : SegmentFrame or None
        None: all unknown.

    Examples
    --------
    A right shank, knee bent, leaning out by 20 deg:

    >>> tilt, lean = np.radians(45.0), np.radians(20.0)
    >>> up = np.array([np.sin(tilt) * np.cos(lean), -np.sin(lean), np.cos(tilt) * np.cos(lean)])
    >>> turn, out, unseen = segment_turn(up, "right_shank", NOMINAL_FRAME)
    >>> turn.round(6), out.round(6), unseen
    (np.float64(45.0), np.float64(20.0), np.False_)
    """
    nowhere = np.full(up.shape[:-1], np.nan)
    if frame is None:
        return nowhere, nowhere, np.zeros(up.shape[:-1], dtype=bool)
    if frame.source == "held":
        away = angle_deg(up, frame.up)
        turn = np.where(away <= CalibrationSettings().held_deg, 0.0, np.nan)
        return turn, nowhere, np.zeros(up.shape[:-1], dtype=bool)
    up = up - frame.offset_g
    ahead = cross(flexion_sign(placement) * frame.lateral, frame.up)
    along, across, sideways = up @ frame.up, up @ ahead, up @ frame.lateral
    inside = np.hypot(along, across)
    unseen = inside < MIN_SEEN
    turn = np.where(unseen, np.nan, np.degrees(np.arctan2(across, along)))
    out = 1.0 if placement.startswith("left") else -1.0  # the right leg leans out to -lateral up
    lean = np.degrees(np.arctan2(out * sideways, inside)) - frame.lean_zero_deg
    return turn, lean, unseen


def leg_angles(
    thigh_up: FloatArray,
    shank_up: FloatArray,
    side: str,
    thigh_frame: SegmentFrame | None = NOMINAL_FRAME,
    shank_frame: SegmentFrame | None = NOMINAL_FRAME,
) -> LegAngles:
    """Flexion and lean of one leg.

    Parameters
    ----------
    thigh_up, shank_up : (..., 3) arrays
        Unit vectors towards up in each sensor's axes; NaN where unknown.
    side : {"left", "right"}
    thigh_frame, shank_frame : SegmentFrame or None
        From `analysis.calibration`; None makes the knee unknown.

    Examples
    --------
    Knee at 90 deg, feet on the floor:

    >>> half = np.sqrt(0.5)
    >>> leg = leg_angles(np.array([-half, 0, half]), np.array([half, 0, half]), "left")
    >>> leg.flexion_deg.round(6)
    np.float64(90.0)
    """
    thigh, thigh_lean, thigh_unseen = segment_turn(thigh_up, f"{side}_thigh", thigh_frame)
    shank, shank_lean, shank_unseen = segment_turn(shank_up, f"{side}_shank", shank_frame)
    flexion = np.mod(thigh + shank + 90.0, 360.0) - 90.0
    both = np.isfinite(thigh_lean) & np.isfinite(shank_lean)
    one = np.where(np.isfinite(thigh_lean), thigh_lean, shank_lean)
    lean = np.where(both, 0.5 * (thigh_lean + shank_lean), one)
    return LegAngles(flexion, lean, thigh, shank, thigh_unseen | shank_unseen)


def at_window_end(values_deg: FloatArray) -> FloatArray:
    """Angle at the end of each window: a straight line through its bins, read at the last edge.

    An epoch says what was known at its end; the mean of its last bins would say where a moving
    knee was a quarter of a second ago.  Fewer than 4 known bins carry no line: their mean then;
    fewer than 2: NaN.

    Parameters
    ----------
    values_deg : (k, n) array
        Evenly spaced bins, NaN allowed; a jump by a whole turn inside a window is none.

    Returns
    -------
    (k,) array
        From -90 up to 270.

    Examples
    --------
    >>> at_window_end(np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [7.0, np.nan, 7.0, np.nan, np.nan]]))
    array([5.5, 7. ])
    >>> at_window_end(np.array([[267.0, 268.0, 269.0, -90.0, -89.0]]))
    array([-88.5])
    """
    n_bins = values_deg.shape[1]
    known = np.isfinite(values_deg)
    n = known.sum(axis=1)
    safe_n = np.maximum(n, 1)
    first = np.take_along_axis(values_deg, known.argmax(axis=1)[:, None], axis=1)
    x = np.where(known, np.arange(n_bins) - (n_bins - 0.5), 0.0)  # 0 at the window's end
    y = np.where(known, np.mod(values_deg - first + 180.0, 360.0) - 180.0, 0.0)
    mean_x, mean_y = x.sum(axis=1) / safe_n, y.sum(axis=1) / safe_n
    dx = np.where(known, x - mean_x[:, None], 0.0)
    spread = (dx**2).sum(axis=1)
    slope = (dx * y).sum(axis=1) / np.where(spread > 0, spread, 1.0)
    ending = first[:, 0] + np.where(n >= 4, mean_y - slope * mean_x, mean_y)
    ending = np.mod(ending + 90.0, 360.0) - 90.0
    return np.asarray(np.where(n >= 2, ending, np.nan))
