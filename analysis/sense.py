"""Which way did the shank turn?  Asked when the two poses alone leave it open.

Lying, the shank can turn only one way.  Seated it may turn either way (feet tucked in or stretched
out), and taking the wrong one is an error of twice its turn.  A knee is a hinge, and a hinge shares
what is not about its axis:

    lean    how far up leaves the bending plane is the same angle at thigh and shank
    rate    about the two directions across the axis, thigh and shank turn at the same rate

With the shank's axes the wrong way round, its lean and its rate about the horizontal change their
sign, so it agrees with the thigh's mirror image instead.  This is the residual of Seel, Raisch and
Schauer 2014 (Sensors 14:6891), kept signed and in the plane, and no reference is asked.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import cross, norm, unit
from analysis.calibration import SegmentFrame
from analysis.results import FloatArray

DECIDED = 1.5
"""So many times smaller must the disagreement be one way than the other, multiplied over lean and
rate.  On seated people lean alone gives 2.6 to 5, lean and rate together 6 to 12."""

MIN_LEAN_DEG = 0.5
"""RMS lean of each segment below which it is noise and cross-talk; a person standing sways as much."""


def shank_sense(
    thigh_up: FloatArray,
    shank_up: FloatArray,
    frames: tuple[SegmentFrame, SegmentFrame],
    thigh_gyr: FloatArray | None = None,
    shank_gyr: FloatArray | None = None,
) -> int:
    """Whether the shank's frame agrees with the thigh's: 1 it does, -1 reversed it would, 0 unclear.

    Parameters
    ----------
    thigh_up, shank_up : (n, 3) arrays
        Unit vectors towards up in the slow bins of some movement; NaN allowed.
    frames : (thigh, shank)
        Both with a known lateral axis.
    thigh_gyr, shank_gyr : (n, 3) arrays, optional
        Rates in the same bins.

    Examples
    --------
    A leg that sways out and in while it stands:

    >>> lean = np.radians(3 * np.sin(np.arange(200) / 10))
    >>> up = np.stack([np.cos(lean), np.sin(lean), 0 * lean], axis=1)
    >>> right = SegmentFrame(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), "poses")
    >>> wrong = SegmentFrame(-right.lateral, right.up, "poses")
    >>> shank_sense(up, up, (right, right)), shank_sense(up, up, (right, wrong))
    (1, -1)
    """
    thigh, shank = frames
    ratio = 1.0
    pairs = [(thigh_up @ thigh.lateral, shank_up @ shank.lateral, np.radians(MIN_LEAN_DEG))]
    if thigh_gyr is not None and shank_gyr is not None:
        across = _rate_across(thigh_up, thigh_gyr, thigh), _rate_across(shank_up, shank_gyr, shank)
        pairs.append((*across, np.radians(2.0)))  # deg/s: a slow gyroscope offset
    for a, b, least in pairs:
        known = np.isfinite(a) & np.isfinite(b)
        if known.sum() < 10 or min(_rms(a[known]), _rms(b[known])) < least:
            continue
        ratio *= float(((a + b)[known] ** 2).sum() / max(((a - b)[known] ** 2).sum(), 1e-12))
    if ratio > DECIDED:
        return 1
    return -1 if ratio < 1 / DECIDED else 0


def _rate_across(up: FloatArray, gyr: FloatArray, frame: SegmentFrame) -> FloatArray:
    """Rate about the horizontal direction inside the bending plane, in rad/s."""
    inside = up - (up @ frame.lateral)[:, None] * frame.lateral
    inside = np.where((norm(inside) > 0.35)[:, None], unit(inside), np.nan)  # 20 deg from vertical
    ahead = cross(np.broadcast_to(frame.lateral, inside.shape), inside)
    return np.asarray(np.einsum("ni,ni->n", gyr, ahead))


def _rms(values: FloatArray) -> float:
    return float(np.sqrt((values**2).mean()))
