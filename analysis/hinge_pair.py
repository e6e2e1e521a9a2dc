"""Both axes of a knee from two gyroscopes, where the held poses leave them uncertain.

    thigh rate  w1 = rate about the knee's axis + what thigh and shank do together
    shank rate  w2 =                            + the same
    across the axis both are equal:   |w1 x j1| = |w2 x j2|   (rows of 0.1 s)

From standing to sitting a shank turns by 25 deg or less, and 2 deg of skin and sway turn an axis
found from that by 5 deg or more.  The rates of whatever the leg does between the poses show it
better, hip and trunk moving or not.  This is the constraint of Seel, Raisch and Schauer (2014,
Sensors 14:6891), solved by Gauss-Newton from where the poses put the axes and held there as firmly
as the poses deserve.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.arrays import cross, norm, unit
from analysis.calibration import SegmentFrame
from analysis.grid import BIN_HZ
from analysis.results import FloatArray

POSE_ERROR_DEG = 2.0
"""Error of up in a held pose: offsets of 20 mg (1.1 deg), skin and sway."""

MIN_RATE_RAD_S = 0.5
"""RMS of the busiest 5 s below which there is too little movement to learn from (30 deg/s)."""

LEAST_RESIDUAL_RAD_S = 0.02
MAX_MOVED_DEG = 30.0
"""An axis further from where the poses saw it is not a better one, it is another movement."""

_N_STEPS = 20


def refined_frames(
    thigh_gyr: FloatArray, shank_gyr: FloatArray, frames: tuple[SegmentFrame, SegmentFrame]
) -> tuple[SegmentFrame, SegmentFrame]:
    """The frames of thigh and shank with better lateral axes, or as they were.

    Parameters
    ----------
    thigh_gyr, shank_gyr : (n, 3) arrays
        Slow bins of the movement between the poses, each gyroscope's offset taken off, rad/s; NaN
        bins allowed.
    frames : (thigh, shank)
        From the poses, senses settled.

    Examples
    --------
    A knee that bends about y at both sensors while the thigh also swings about x and z:

    >>> t = np.arange(0, 20, 0.1)
    >>> hip = np.stack([np.sin(3 * t), 0.4 * np.cos(2 * t), np.cos(3 * t)], axis=1)
    >>> knee_deg = 30 - 30 * np.cos(2 * t)
    >>> c, s = np.cos(np.radians(knee_deg)), np.sin(np.radians(knee_deg))
    >>> shank = np.stack([c * hip[:, 0] - s * hip[:, 2], hip[:, 1], s * hip[:, 0] + c * hip[:, 2]], 1)
    >>> shank[:, 1] += np.gradient(np.radians(knee_deg), 0.1)
    >>> true = SegmentFrame(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), "poses", 60.0)
    >>> off = SegmentFrame(unit(np.array([0.1, 1.0, 0.0])), np.array([0.0, 0.0, 1.0]), "poses", 20.0)
    >>> better = refined_frames(hip, shank, (true, off))
    >>> [(f.lateral.round(2) + 0.0).tolist() for f in better]
    [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    """
    known = np.isfinite(thigh_gyr).all(axis=1) & np.isfinite(shank_gyr).all(axis=1)
    rates = thigh_gyr[known], shank_gyr[known]
    if known.sum() < 5 * BIN_HZ or _busiest(*rates) < MIN_RATE_RAD_S:
        return frames
    start = [frame.lateral for frame in frames]
    axes = list(start)
    firmness = np.repeat([1.0 / _pose_error_rad(frame) for frame in frames], 2)
    scale = np.inf
    for _ in range(_N_STEPS):
        tangents = [_tangent(axis) for axis in axes]
        across = [cross(w, axis) for w, axis in zip(rates, axes, strict=True)]
        sizes = [np.maximum(norm(v), 1e-9) for v in across]
        residual = sizes[0] - sizes[1]
        scale = min(scale, max(float(np.sqrt((residual**2).mean())), LEAST_RESIDUAL_RAD_S))
        # d|w x j|/dj = (j |w|^2 - w (w.j)) / |w x j|
        slopes = [
            (axis * (w**2).sum(axis=1)[:, None] - w * (w @ axis)[:, None]) / size[:, None]
            for w, axis, size in zip(rates, axes, sizes, strict=True)
        ]
        rows = np.concatenate([slopes[0] @ tangents[0].T, -slopes[1] @ tangents[1].T], axis=1)
        weight = 1.0 / (scale * np.sqrt(_alike(residual)))
        held = np.concatenate(
            [b @ (axis - s) for b, axis, s in zip(tangents, axes, start, strict=True)]
        )
        step, *_ = np.linalg.lstsq(
            np.concatenate([weight * rows, np.diag(firmness)]),
            -np.concatenate([weight * residual, firmness * held]),
            rcond=None,
        )
        axes = [unit(axis + step[2 * i : 2 * i + 2] @ tangents[i]) for i, axis in enumerate(axes)]
        if float(np.abs(step).max()) < 1e-6:
            break
    moved = [float(axis @ s) for axis, s in zip(axes, start, strict=True)]
    if min(moved) < np.cos(np.radians(MAX_MOVED_DEG)):
        return frames
    thigh, shank = (with_axis(f, axis) for f, axis in zip(frames, axes, strict=True))
    return thigh, shank


def _alike(residual: FloatArray) -> float:
    """How many neighbours in time say the same again, were each a share of the last and news."""
    before, after = residual[:-1], residual[1:]
    share = float((before * after).sum() / max(float((residual**2).sum()), 1e-12))
    share = min(max(share, 0.0), (BIN_HZ - 1) / (BIN_HZ + 1))  # at most a second of bins
    return (1.0 + share) / (1.0 - share)


def _busiest(thigh: FloatArray, shank: FloatArray) -> float:
    """RMS of the rate that is not common to both, in the busiest 5 s."""
    energy = (norm(thigh) - norm(shank)) ** 2 + 0.5 * (norm(thigh) ** 2 + norm(shank) ** 2)
    return float(np.sqrt(np.sort(energy)[-5 * BIN_HZ :].mean()))


def _pose_error_rad(frame: SegmentFrame) -> float:
    turn = frame.turn_deg if np.isfinite(frame.turn_deg) else 15.0
    return float(np.radians(POSE_ERROR_DEG) / np.sin(np.radians(np.clip(turn, 5.0, 90.0))))


def _tangent(axis: FloatArray) -> FloatArray:
    """Two unit vectors (2, 3) across `axis` and each other."""
    least = np.zeros(3)
    least[int(np.argmin(np.abs(axis)))] = 1.0
    first = unit(cross(axis, least))
    return np.stack([first, cross(axis, first)])


def with_axis(frame: SegmentFrame, axis: FloatArray) -> SegmentFrame:
    """The frame with another lateral axis, its up made square to it."""
    return replace(frame, lateral=axis, up=unit(frame.up - float(frame.up @ axis) * axis))
