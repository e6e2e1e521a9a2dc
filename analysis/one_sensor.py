r"""A knee from one sensor on its leg: an estimate, for want of the other.

            knee              hip, knee, ankle and floor are a closed chain:
             /\               L_thigh sin(thigh) = L_shank sin(shank) + (ankle above hip)
     thigh  /  \ shank        knee = thigh + shank
    hip ___/    \___ ankle    so the inclination of one segment tells that of the other

It assumes that the foot stands on the floor and that the wearer's legs are proportioned like
everybody's (Winter, Biomechanics and Motor Control of Human Movement, fig. 4.1); the straight pose
is 0 by definition and takes the fixed part of the error out.  Near 90 deg a degree at the thigh is
2.2 deg at the knee (1.9 from the shank), so an error of the sensor counts double, and a foot that is
lifted or slides sideways is not noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.calibration import SegmentFrame
from analysis.knee import at_window_end, segment_turn
from analysis.legs import LegEpochs
from analysis.results import Estimate, FloatArray

DEFAULT_HEIGHT_M = 1.70
THIGH_PER_HEIGHT = 0.245
SHANK_PER_HEIGHT = 0.246
ANKLE_ABOVE_HIP_M = -0.01
"""Both joints are 8 to 10 cm above the floor, the hip a little higher."""

ERROR_DEG = 7.0
"""95th percentile near 90 deg with 1 deg of error at the sensor, 3 % at either length and 2 cm in the
joints' heights, after the straight pose was taken as 0 (simulated: 6.5; 11 without it)."""

POSSIBLE_TURN_DEG = (-10.0, 70.0)
"""With the foot on the floor a thigh or shank does not turn further; a knee that is drawn up does."""


@dataclass(frozen=True, slots=True)
class LegLengths:
    """Joint to joint, in metres."""

    thigh_m: float = THIGH_PER_HEIGHT * DEFAULT_HEIGHT_M
    shank_m: float = SHANK_PER_HEIGHT * DEFAULT_HEIGHT_M
    ankle_above_hip_m: float = ANKLE_ABOVE_HIP_M

    @classmethod
    def of_height(cls, height_m: float | None) -> LegLengths:
        """Of a wearer so tall; of an average one when that is not known."""
        height_m = DEFAULT_HEIGHT_M if height_m is None else height_m
        return cls(THIGH_PER_HEIGHT * height_m, SHANK_PER_HEIGHT * height_m)


def chain_knee_deg(
    turn_deg: FloatArray, segment: str, lengths: LegLengths | None = None
) -> FloatArray:
    """Knee flexion from the turn of one segment since the straight pose; NaN where it cannot be.

    Parameters
    ----------
    turn_deg : array
        As in `analysis.knee.segment_turn`, positive when bending.
    segment : {"thigh", "shank"}
    lengths : LegLengths, optional

    Examples
    --------
    >>> even = LegLengths(0.42, 0.42, 0.0)
    >>> chain_knee_deg(np.array([0.0, 45.0, 80.0]), "thigh", even).round(6)
    array([ 0., 90., nan])
    """
    legs = lengths or LegLengths()
    straight = np.arcsin(legs.ankle_above_hip_m / (legs.thigh_m + legs.shank_m))
    turn_deg = np.asarray(turn_deg, dtype=float)
    possible = (turn_deg >= POSSIBLE_TURN_DEG[0]) & (turn_deg <= POSSIBLE_TURN_DEG[1])
    turn = np.radians(np.where(possible, turn_deg, np.nan))
    if segment == "thigh":
        seen = turn + straight
        sine = (legs.thigh_m * np.sin(seen) - legs.ankle_above_hip_m) / legs.shank_m
    else:
        seen = turn - straight
        sine = (legs.shank_m * np.sin(seen) + legs.ankle_above_hip_m) / legs.thigh_m
    other = np.arcsin(np.where(np.abs(sine) <= 1.0, sine, np.nan))
    return np.asarray(np.degrees(seen + other))


@dataclass(slots=True)
class LoneLeg:
    """The leg of which one segment wears a sensor."""

    placement: str
    lengths: LegLengths
    frame: SegmentFrame | None = None

    def epochs(self, up: FloatArray, fused: FloatArray) -> LegEpochs:
        """Angles at the end of each epoch.

        Parameters
        ----------
        up : (k, n, 3) array
            The last bins of each epoch.
        fused : (k, 3) array
            From `analysis.fusion`; NaN where the accelerometer alone must do.
        """
        segment = self.placement.partition("_")[2]
        known = np.isfinite(fused[:, 0])
        turn, lean, unseen = segment_turn(up, self.placement, self.frame)
        sharp_turn, sharp_lean, _ = segment_turn(fused, self.placement, self.frame)
        turn = np.where(known, sharp_turn, at_window_end(turn))
        lean = np.where(known, sharp_lean, at_window_end(lean))
        turn = np.where(~known & (2 * unseen.sum(axis=1) > up.shape[1]), np.nan, turn)
        knee = chain_knee_deg(turn, segment, self.lengths)
        thigh = turn if segment == "thigh" else np.full(len(turn), np.nan)
        return LegEpochs(knee, lean, thigh, np.zeros(len(turn), dtype=bool))

    def note(self) -> str:
        """What to say of it."""
        worn = self.placement.replace("_", " ")
        side = self.placement.partition("_")[0]
        if self.frame is None:
            return f"Only one sensor on the {side} leg ({worn}): its knee angle is unknown."
        return (
            f"Only one sensor on the {side} leg ({worn}): its knee angle is an estimate, good to"
            f" about {ERROR_DEG:.0f} deg, from the length of thigh and shank and a foot that stands"
            " on the floor. Its change is surer than its value."
        )


def widened(summary: Mapping[str, Estimate], sides: Iterable[str]) -> dict[str, Estimate]:
    """The summary with the intervals that estimated knees deserve.

    Examples
    --------
    >>> narrow = {"knee_left_deg": Estimate(90.0, 88.0, 91.0, 1.0, "deg")}
    >>> widened(narrow, ["left"])["knee_left_deg"]
    Estimate(value=90.0, low=81.0, high=98.0, coverage=1.0, unit='deg')
    """
    out = dict(summary)
    for side in sides:
        for name in (f"knee_{side}_deg", "knee_difference_deg"):
            if name in out:
                out[name] = _wider(out[name], ERROR_DEG)
        drift = f"knee_drift_{side}_deg"
        if drift in out:  # lengths off by 3 % make the change wrong by a tenth
            out[drift] = _wider(out[drift], 1.0 + 0.1 * abs(out[drift].value or 0.0))
    return out


def _wider(e: Estimate, by: float) -> Estimate:
    low, high = (None if v is None else v + d for v, d in ((e.low, -by), (e.high, by)))
    return replace(e, low=low, high=high)
