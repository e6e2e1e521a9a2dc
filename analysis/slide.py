"""The axis of a leg that bends slowly, from the path that gravity takes: a small circle.

       axis, leaning by L            up, seen from the sensor, goes round the axis and keeps its
         /                           angle of 90 deg - L to it.  Two held poses are two points of
      ( /   )  <- path of up         the path and cannot show L; the path between them can, for it
       /                             bends away from the great circle through its ends.

Two poses take the axis as level.  In a leg that leaned out by 20 deg while they were held, the axis
is then off by 20 deg and a little more, and what is read later as lean is off by as much.  The axis
is the direction in which the path, about its own mean, spreads least: gravity keeps a constant share
along a hinge of fixed lean, and so does an accelerometer's offset, which therefore does no harm.

What does harm is a leg that leans while it slides: 2 deg out and back in the middle of one bend looks
like an axis 25 deg off.  One bend cannot tell the two apart, so the heel has to go there and back,
and both halves of the slide must show the same axis.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import cross, known_median, norm, unit
from analysis.calibration import SegmentFrame
from analysis.gravity import CALM_BINS, angle_deg, is_shaken
from analysis.grid import BIN_HZ
from analysis.hinge_pair import MAX_MOVED_DEG, POSE_ERROR_DEG, with_axis
from analysis.results import FloatArray

MIN_ARC_DEG = 30.0
"""A path leaves its chord by a thirtieth of its radius at 30 deg, by a tenth at 50; skin moves by as
much as a thirtieth."""

FASTEST_DEG_S = 30.0
"""A sensor 0.2 m from the joint is pushed by 6 mg at this rate, as much as a slow bin's noise."""


def slid_frame(acc_m_s2: FloatArray, frame: SegmentFrame) -> tuple[SegmentFrame, str]:
    """The frame with its lateral axis from a slow slide of the heel, or as it was and why.

    Parameters
    ----------
    acc_m_s2 : (n, 3) array
        Slow bins of one thigh or shank while the leg bends and straightens, once or more often,
        without leaning further out or in.  NaN bins allowed.
    frame : SegmentFrame
        From the poses.  It settles which way the axis points.

    Returns
    -------
    frame : SegmentFrame
    reason : str
        Why the slide was not used; empty when it was.

    Notes
    -----
    A fit that is not centred assumes a level hinge and is wrong by the lean.  Half the angle between
    the axes of the two halves is the error of their mean; an axis no surer than that of a pose is
    not taken.  A leg that leans in the same way at every pass is not found out.

    Examples
    --------
    A thigh that leans out by 20 deg turns by 50 deg; the poses put its axis at the plane of both ends:

    >>> x, lean = np.radians(25 * np.cos(np.arange(0, 20, 0.1))), np.radians(20)
    >>> up = np.stack([-np.cos(lean) * np.sin(x), 0 * x + np.sin(lean), np.cos(lean) * np.cos(x)], 1)
    >>> ends = up[np.argmax(x)], up[np.argmin(x)]
    >>> level = SegmentFrame(unit(cross(*ends)), ends[0], "poses", 46.8)
    >>> float(angle_deg(level.lateral, np.array([0.0, 1.0, 0.0])).round(1))
    21.9
    >>> better, reason = slid_frame(9.8 * up, level)
    >>> better.lateral.round(3) + 0.0, reason
    (array([0., 1., 0.]), '')
    >>> slid_frame(9.8 * up[:8], level)[1]
    'each half of the slide must show a slow arc of 30 deg, they show 0 and 0 deg'
    """
    rows = _slow_rows(acc_m_s2)
    halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    axes = [_least_spread(part, frame.lateral) for part in (rows, *halves)]
    arcs_deg = [_arc_deg(part, axis) for part, axis in zip(halves, axes[1:], strict=True)]
    if not min(arcs_deg) >= MIN_ARC_DEG:
        return frame, (
            f"each half of the slide must show a slow arc of {MIN_ARC_DEG:.0f} deg,"
            f" they show {arcs_deg[0]:.0f} and {arcs_deg[1]:.0f} deg"
        )
    error_deg = 0.5 * float(angle_deg(axes[1], axes[2]))
    if error_deg > POSE_ERROR_DEG:
        return frame, (
            f"the two halves of the slide show axes {2 * error_deg:.0f} deg apart"
            f" (at most {2 * POSE_ERROR_DEG:.0f} deg)"
        )
    moved_deg = float(angle_deg(axes[0], frame.lateral))
    if moved_deg > MAX_MOVED_DEG:
        return frame, f"the axis of the slide is {moved_deg:.0f} deg from that of the poses"
    return with_axis(frame, axes[0]), ""


def _least_spread(rows: FloatArray, like: FloatArray) -> FloatArray:
    """The axis about which the path goes, on the side of `like`; NaN from too few bins."""
    if len(rows) < BIN_HZ // 2:
        return np.full(3, np.nan)
    off = rows - rows.mean(axis=0)
    axis = np.linalg.eigh(off.T @ off)[1][:, 0]
    return np.asarray(axis if float(axis @ like) >= 0 else -axis)


def _slow_rows(acc_m_s2: FloatArray) -> FloatArray:
    """Bins in units of gravity, those left out in which, or near which, the leg was fast or shaken."""
    n = len(acc_m_s2)
    if n < CALM_BINS:
        return np.zeros((0, 3))
    windows = np.lib.stride_tricks.sliding_window_view(acc_m_s2, CALM_BINS, axis=0)
    windows = windows.transpose(0, 2, 1)
    rest_m_s2 = float(known_median(norm(acc_m_s2)))
    bad = is_shaken(windows, np.full(len(windows), rest_m_s2))
    turn = angle_deg(
        windows[:, : CALM_BINS // 2].mean(axis=1), windows[:, CALM_BINS // 2 :].mean(axis=1)
    )
    bad |= ~(turn <= FASTEST_DEG_S * CALM_BINS / 2 / BIN_HZ)  # NaN, not heard whole, is bad
    kept = np.ones(n, dtype=bool)
    for i in range(CALM_BINS):
        kept[i : i + len(windows)] &= ~bad
    return np.asarray(acc_m_s2[kept] / rest_m_s2)


def _arc_deg(rows: FloatArray, axis: FloatArray) -> float:
    """How far the path goes round the axis; 0 where there is none."""
    if np.isnan(axis).any():
        return 0.0
    mean = rows.mean(axis=0)
    ahead = unit(mean - float(mean @ axis) * axis)
    turned = np.degrees(np.arctan2(rows @ cross(axis, ahead), rows @ ahead))
    return float(np.ptp(turned))
