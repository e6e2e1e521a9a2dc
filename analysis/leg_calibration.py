"""Both frames of one leg together: what one segment leaves open, the other may tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.arrays import known_mean, unit
from analysis.calibration import (
    CalibrationSettings,
    SegmentFrame,
    calibrate_leg,
    is_lying_leg,
    pose_rows,
)
from analysis.gravity import rest_length, up_directions
from analysis.hinge_pair import refined_frames
from analysis.knee import segment_turn
from analysis.results import FloatArray, Poses
from analysis.sense import shank_sense
from analysis.slide import slid_frame


def calibrate_pair(
    side: str,
    thigh_bins: FloatArray,
    shank_bins: FloatArray,
    poses: Poses,
    settings: CalibrationSettings | None = None,
) -> tuple[tuple[SegmentFrame | None, SegmentFrame | None], tuple[tuple[str, ...], ...]]:
    """Frames of thigh and shank, and what is wrong with each in words.

    Where the poses were not held lying, the sense in which the shank turned is taken from the
    movement between them (`analysis.sense`); if that does not tell, the shank is unknown.
    A slide of the heel, where one was made, shows an axis that leaned (`analysis.slide`).

    Parameters
    ----------
    side : {"left", "right"}
    thigh_bins, shank_bins : (n, 6) arrays
        Slow bins from session time 0: acceleration in m/s2, rate in rad/s (NaN without gyroscope).
    poses : Poses

    Examples
    --------
    >>> lying, bent = [0.0, 0.0, 9.8], [6.93, 0.0, 6.93]
    >>> shank = np.repeat([[*lying, np.nan, np.nan, np.nan], [*bent, np.nan, np.nan, np.nan]], 50, 0)
    >>> thigh = shank * [-1, 1, 1, 1, 1, 1]
    >>> frames, problems = calibrate_pair("left", thigh, shank, Poses((0, 5), (5, 10)))
    >>> [frame.lateral.round(3) + 0.0 for frame in frames], problems
    ([array([0., 1., 0.]), array([0., 1., 0.])], ((), ()))
    """
    found = [
        calibrate_leg(f"{side}_{segment}", rows[:, :3], gyro_of(rows), poses, settings)
        for segment, rows in (("thigh", thigh_bins), ("shank", shank_bins))
    ]
    (thigh, thigh_said), (shank, shank_said) = found
    if thigh is not None and shank is not None and not is_lying_leg(thigh, shank):
        if shank.source == "held":
            return (thigh, shank), (thigh_said, shank_said)
        sense = _sense_between(thigh_bins, shank_bins, (thigh, shank), poses)
        if sense == 0:
            unclear = (
                f"the {side} shank turned by {shank.turn_deg:.0f} deg between the two poses, and"
                " the movement does not show which way: its angle is unknown"
            )
            return (thigh, None), (thigh_said, (*shank_said, unclear))
        shank = replace(shank, lateral=sense * shank.lateral)
        thigh, shank = _refined(thigh_bins, shank_bins, (thigh, shank), poses)
    thigh, thigh_also = _slid(f"{side}_thigh", thigh_bins[:, :3], thigh, poses)
    shank, shank_also = _slid(f"{side}_shank", shank_bins[:, :3], shank, poses)
    return (thigh, shank), (thigh_said + thigh_also, shank_said + shank_also)


def gyro_of(bins: FloatArray) -> FloatArray | None:
    """Rates of slow bins, None where there are none at all."""
    gyr = bins[:, 3:6]
    return gyr if np.isfinite(gyr).any() else None


def _slid(
    placement: str, acc_bins: FloatArray, frame: SegmentFrame | None, poses: Poses
) -> tuple[SegmentFrame | None, tuple[str, ...]]:
    """A better axis from the slide, or why it was not used; leans still count from the bent pose."""
    if frame is None or frame.source != "poses" or poses.slide_s is None or poses.bent_s is None:
        return frame, ()
    better, reason = slid_frame(pose_rows(acc_bins, poses.slide_s), frame)
    if reason:
        return frame, (f"{placement.replace('_', ' ')}: its slide was not used: {reason}",)
    bent = unit(known_mean(pose_rows(acc_bins, poses.bent_s).T))
    return replace(better, lean_zero_deg=float(segment_turn(bent, placement, better)[1])), ()


def _refined(
    thigh_bins: FloatArray,
    shank_bins: FloatArray,
    frames: tuple[SegmentFrame, SegmentFrame],
    poses: Poses,
) -> tuple[SegmentFrame, SegmentFrame]:
    """Better axes from what the gyroscopes saw between the poses."""
    windows = [w for w in (poses.straight_s, poses.bent_s) if w is not None]
    span = min(w[0] for w in windows), max(w[1] for w in windows)
    thigh, shank = (
        pose_rows(bins[:, 3:6], span) - still_rate(bins, poses) for bins in (thigh_bins, shank_bins)
    )
    return refined_frames(thigh, shank, frames)


def still_rate(bins: FloatArray, poses: Poses) -> FloatArray:
    """Mean rate (3,) while the poses were held: the gyroscope's offset; NaN where there is none."""
    windows = [w for w in (poses.straight_s, poses.bent_s) if w is not None]
    rows = [pose_rows(bins[:, 3:6], w) for w in windows]
    return known_mean(np.concatenate(rows).T) if rows else np.full(3, np.nan)


def _sense_between(
    thigh_bins: FloatArray,
    shank_bins: FloatArray,
    frames: tuple[SegmentFrame, SegmentFrame],
    poses: Poses,
) -> int:
    windows = [w for w in (poses.straight_s, poses.bent_s) if w is not None]
    span = min(w[0] for w in windows), max(w[1] for w in windows)
    rows = [pose_rows(bins, span) for bins in (thigh_bins, shank_bins)]
    ups = [up_directions(r[:, :3], rest_length(r[None, :, :3])) for r in rows]
    offsets = [np.nan_to_num(still_rate(bins, poses)) for bins in (thigh_bins, shank_bins)]
    gyrs = [gyro_of(r) for r in rows]
    rates = [None if g is None else g - o for g, o in zip(gyrs, offsets, strict=True)]
    return shank_sense(ups[0], ups[1], frames, rates[0], rates[1])
