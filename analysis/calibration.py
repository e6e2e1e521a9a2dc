"""How does each sensor sit on its segment?  Two held poses tell it, accelerometer only.

                 straight             bent
    thigh   up = anterior      up turns about the lateral axis, towards the foot
    shank   up = anterior      up turns about the lateral axis, towards the head

Up while straight and up while bent span the plane in which the leg bends; their cross product is
the lateral axis.  So the strap may sit any way round.  Nothing in this asks for lying: standing,
then sitting, does as well, except that the shank hardly turns then, and two directions that are
nearly the same span no plane.  That is recognised and told in words, and `analysis.hinge` finds the
axis from the gyroscope where there is one.

Segment frame: x along the segment towards the head, y to the wearer's right, z anterior.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from analysis.arrays import G_M_S2, cross, known_quantile, norm, unit
from analysis.gravity import angle_deg
from analysis.grid import BIN_HZ
from analysis.hinge import hinge_axis
from analysis.results import FloatArray, Poses

NOMINAL_LATERAL = np.array([0.0, 1.0, 0.0])
NOMINAL_UP = np.array([0.0, 0.0, 1.0])

MIN_HEIGHT_RATIO = 0.65
"""Height of the knee above the ankle by that above the hip, for thigh and shank of equal length:
1 lying on the floor; 0.8 with a shank a tenth shorter and the ankle a tenth lower; 0.5 seated."""


OFFSET_SD_G = 0.012
SCALE_SD = 0.006
POSE_SD_G = 0.002
LARGEST_OFFSET_SEEN_G = 0.025
"""Offsets of cheap accelerometers are up to 20 mg an axis, their scales right to a percent; one whose
|a| is further from 1 g has another scale (0.88 to 1.05 g occurs), of which no angle need know."""


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """When a pose is good enough.

    Attributes
    ----------
    min_pose_s : float
        Shortest hold.  1 s averages a heart beat out; asked for is 5 s.
    max_sway_deg : float
        Largest wander of up (90th percentile from its mean) that still is a hold; breathing and
        pulse move a leg by less than 0.5 deg, a leg being put down by tens.
    min_turn_deg : float
        Smallest turn between the poses that spans a plane: at 15 deg, 1 deg of skin movement
        turns the lateral axis by 4 deg, which the knee sees as a cosine (0.2 %).
    max_turn_deg : float
        No thigh or shank turns further between the two poses; beyond, a strap slipped.
    held_deg : float
        A segment that hardly turned and whose axis is unknown counts as not turning while up stays
        this near to where it was in the straight pose.
    """

    min_pose_s: float = 1.0
    max_sway_deg: float = 4.0
    min_turn_deg: float = 15.0
    max_turn_deg: float = 150.0
    held_deg: float = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class SegmentFrame:
    """A segment's directions in the axes of its sensor.

    Attributes
    ----------
    lateral : (3,) array
        To the wearer's right.  NaN when it is not known.
    up : (3,) array
        Where up was while straight, inside the plane in which the segment turns.
    source : {"poses", "gyroscope", "nominal", "held"}
        ``held``: the axis is unknown, but the segment hardly turns; it counts as not turning.
    turn_deg : float
        How far it turned between the poses; NaN without both.
    offset_g : (3,) array
        The accelerometer's own offset as far as the poses show it, as a share of gravity; it is
        taken off before an angle is read.
    lean_zero_deg : float
        Lean out in the bent pose, where the axis shows it; leans are counted from there.
    """

    lateral: FloatArray
    up: FloatArray
    source: Literal["poses", "gyroscope", "nominal", "held"]
    turn_deg: float = float("nan")
    offset_g: FloatArray = field(default_factory=lambda: np.zeros(3))
    lean_zero_deg: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Up as one sensor saw it in one pose (m/s2, mean), or why it cannot be used."""

    up_m_s2: FloatArray | None
    problem: str = ""


NOMINAL_FRAME = SegmentFrame(NOMINAL_LATERAL, NOMINAL_UP, "nominal")


def hold(acc_m_s2: FloatArray, what: str, settings: CalibrationSettings | None = None) -> Pose:
    """Check one held pose and average it.

    Parameters
    ----------
    acc_m_s2 : (n, 3) array
        The slow bins of one sensor inside the pose; NaN bins allowed.
    what : str
        Sensor and pose in words, for the message.

    Examples
    --------
    >>> hold(np.full((30, 3), [0.0, 0.0, 9.8]), "left thigh, straight pose").up_m_s2
    array([0. , 0. , 9.8])
    >>> hold(np.empty((0, 3)), "left thigh, straight pose").problem
    'left thigh, straight pose: 0.0 s of samples, at least 1.0 s are needed'
    """
    s = settings or CalibrationSettings()
    known = acc_m_s2[np.isfinite(acc_m_s2).all(axis=1)]
    if len(known) < s.min_pose_s * BIN_HZ:
        heard = len(known) / BIN_HZ
        return Pose(
            None, f"{what}: {heard:.1f} s of samples, at least {s.min_pose_s:.1f} s are needed"
        )
    mean = known.mean(axis=0)
    length = float(norm(mean)) / G_M_S2
    if not 0.8 <= length <= 1.2:  # same limits as analysis.quality
        return Pose(None, f"{what}: the sensor reads {length * G_M_S2:.1f} m/s2 instead of 9.8")
    sway = float(known_quantile(angle_deg(known, mean), 0.9))
    if sway > s.max_sway_deg:
        return Pose(
            None,
            f"{what}: not held still, it wandered by {sway:.0f} deg"
            f" (at most {s.max_sway_deg:.0f} deg)",
        )
    return Pose(mean)


def pose_rows(acc_bins: FloatArray, window_s: tuple[float, float]) -> FloatArray:
    """The slow bins that lie wholly inside a pose; `acc_bins` starts at session time 0."""
    first = max(int(np.ceil(window_s[0] * BIN_HZ - 1e-6)), 0)
    last = int(np.floor(window_s[1] * BIN_HZ + 1e-6))
    return acc_bins[first : max(last, first)]


def order_problem(poses: Poses) -> str:
    """What is wrong with when the poses are said to have been held; empty when nothing is.

    Swapped poses are the mirror image of a leg: a knee that rests at 90 deg reads 0, and no angle
    gives it away.  What does is the time: the exercise begins with the legs straight.

    Examples
    --------
    >>> order_problem(Poses((5, 15), (30, 40)))
    ''
    >>> order_problem(Poses((5, 31), (30, 40)))
    'the straight pose (5 to 31 s) and the bent pose (30 to 40 s) overlap: a leg cannot hold both'
    """
    if poses.straight_s is None or poses.bent_s is None:
        return ""
    straight = f"the straight pose ({poses.straight_s[0]:g} to {poses.straight_s[1]:g} s)"
    bent = f"the bent pose ({poses.bent_s[0]:g} to {poses.bent_s[1]:g} s)"
    if max(poses.straight_s[0], poses.bent_s[0]) < min(poses.straight_s[1], poses.bent_s[1]):
        return f"{straight} and {bent} overlap: a leg cannot hold both"
    if poses.straight_s[0] > poses.bent_s[0]:
        return (
            f"{straight} comes after {bent}: are the two swapped? The legs are held straight first,"
            " then bent"
        )
    return ""


def flexion_sign(placement: str) -> float:
    """Sense in which up turns about the lateral axis when the knee bends.

    Lying, the bending thigh turns up towards the foot end (about -lateral), the bending shank
    towards the head (about +lateral).
    """
    return -1.0 if placement.endswith("thigh") else 1.0


def calibrate_leg(
    placement: str,
    acc_bins: FloatArray,
    gyr_bins: FloatArray | None,
    poses: Poses,
    settings: CalibrationSettings | None = None,
) -> tuple[SegmentFrame | None, tuple[str, ...]]:
    """The frame of a thigh or shank from the poses, and what is wrong with them in words.

    Parameters
    ----------
    placement : str
        Such as ``left_thigh``.
    acc_bins, gyr_bins : (n, 3) arrays
        Slow bins from session time 0, in m/s2 and rad/s; gyroscope None where there is none.
    poses : Poses
        When they were held.

    Returns
    -------
    frame : SegmentFrame or None
        None when the segment's angle cannot be known.
    problems : tuple of str

    Examples
    --------
    A thigh that turns by 45 deg about a sensor axis, strap on sideways:

    >>> up = np.repeat([[0.0, 9.8, 0.0], [6.93, 6.93, 0.0]], 50, axis=0)
    >>> frame, problems = calibrate_leg("left_thigh", up, None, Poses((0, 5), (5, 10)))
    >>> frame.lateral.round(3) + 0.0, problems
    (array([0., 0., 1.]), ())
    """
    s = settings or CalibrationSettings()
    name = placement.replace("_", " ")
    held = {
        pose: hold(pose_rows(acc_bins, window), f"{name}, {pose} pose", s)
        for pose, window in (("straight", poses.straight_s), ("bent", poses.bent_s))
        if window is not None
    }
    if not held:
        return NOMINAL_FRAME, ()
    untimely = order_problem(poses)
    problems = tuple(p.problem for p in held.values() if p.problem)
    if untimely or problems:
        return None, (f"{name}: {untimely}: its angle is unknown",) if untimely else problems
    if len(held) == 1:
        return _from_one_pose(name, held)
    straight, bent = held["straight"].up_m_s2, held["bent"].up_m_s2
    assert straight is not None and bent is not None  # noqa: S101, PT018  problems were empty
    turn = float(angle_deg(straight, bent))
    if turn > s.max_turn_deg:
        slipped = (
            f"the {name} turned by {turn:.0f} deg between the two poses, more than a leg can"
            f" ({s.max_turn_deg:.0f} deg): has the strap slipped?"
        )
        return None, (slipped,)
    if turn >= s.min_turn_deg:
        offset_g = offset_seen_g(straight, bent)
        straight, bent = straight - offset_g * norm(straight), bent - offset_g * norm(bent)
        lateral = flexion_sign(placement) * unit(cross(straight, bent))
        return SegmentFrame(lateral, unit(straight), "poses", turn, offset_g), ()
    return _hardly_turned(placement, (straight, bent), gyr_bins, poses, s)


def calibrate_trunk(
    placement: str,
    acc_bins: FloatArray,
    poses: Poses,
    settings: CalibrationSettings | None = None,
) -> tuple[SegmentFrame | None, tuple[str, ...]]:
    """Anterior for chest or head: up while lying in either pose, the straight one first.

    The lateral axis is nominal (made square to up): tilt does not need it.
    """
    s = settings or CalibrationSettings()
    name = placement.replace("_", " ")
    problems: list[str] = []
    for pose, window in (("straight", poses.straight_s), ("bent", poses.bent_s)):
        if window is None:
            continue
        held = hold(pose_rows(acc_bins, window), f"{name}, {pose} pose", s)
        if held.up_m_s2 is not None:
            up = unit(held.up_m_s2)
            return SegmentFrame(_square(NOMINAL_LATERAL, up), up, "poses"), tuple(problems)
        problems.append(held.problem)
    return (None if problems else NOMINAL_FRAME), tuple(problems)


def offset_seen_g(straight_m_s2: FloatArray, bent_m_s2: FloatArray) -> FloatArray:
    """The accelerometer's likeliest offset, from how far |a| is from 1 g in the two poses.

    An offset along the direction half way between the poses turns the two apparent verticals apart,
    and the segment's turn is wrong by 0.9 deg for 20 mg; across the two it does no harm.  Along it, |a| shows
    the offset, together with an error of scale that would do no harm.  Which of the two it is, their
    usual sizes say (the mean of the posterior of a linear Gaussian model).

    Examples
    --------
    >>> up = G_M_S2 * np.array([[0.0, 0.0, 1.0], [0.6, 0.0, 0.8]])
    >>> offset_seen_g(*(up + [0.1, 0.0, 0.1])).round(3) + 0.0
    array([0.009, 0.   , 0.008])
    >>> offset_seen_g(*(0.95 * up))
    array([0., 0., 0.])
    """
    ups = np.stack([straight_m_s2, bent_m_s2])
    length_g = norm(ups) / G_M_S2
    off_g = length_g - 1.0
    if np.abs(off_g).max() > LARGEST_OFFSET_SEEN_G:
        return np.zeros(3)
    toward = ups / norm(ups)[:, None]
    shared = OFFSET_SD_G**2 * (toward @ toward.T) + SCALE_SD**2 + POSE_SD_G**2 * np.eye(2)
    return np.asarray(OFFSET_SD_G**2 * toward.T @ np.linalg.solve(shared, off_g))


def is_lying_leg(thigh: SegmentFrame | None, shank: SegmentFrame | None) -> bool:
    """Whether the poses can have been held lying; True when the leg does not tell.

    Lying, hip and ankle rest on the floor, so thigh and shank are two sides of a triangle and turn
    by nearly the same angle.  From standing to sitting the thigh turns by 60 to 90 deg and the
    shank by a third of that or less.

    Examples
    --------
    >>> axes = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    >>> is_lying_leg(SegmentFrame(*axes, "poses", 47.0), SegmentFrame(*axes, "poses", 44.0))
    True
    >>> is_lying_leg(SegmentFrame(*axes, "poses", 56.0), SegmentFrame(*axes, "poses", 24.0))
    False
    """
    if thigh is None or shank is None or not np.isfinite(thigh.turn_deg + shank.turn_deg):
        return True
    heights = np.sin(np.radians([thigh.turn_deg, shank.turn_deg]))
    return bool(heights[1] > MIN_HEIGHT_RATIO * heights[0])


def _square(axis: FloatArray, to: FloatArray) -> FloatArray:
    """`axis` without its part along the unit vector `to`, length 1."""
    return unit(axis - float(axis @ to) * to)


def _from_one_pose(name: str, held: dict[str, Pose]) -> tuple[SegmentFrame | None, tuple[str, ...]]:
    """One pose fixes where zero is; which way the sensor is turned about up stays nominal."""
    straight = held.get("straight")
    if straight is None or straight.up_m_s2 is None:
        note = f"{name}: no straight pose, so its zero and its mounting are the nominal ones"
        return NOMINAL_FRAME, (note,)
    up = unit(straight.up_m_s2)
    lateral = _square(NOMINAL_LATERAL, up)
    if abs(float(NOMINAL_LATERAL @ up)) > 0.82:  # 35 deg from the axis itself: nothing left of it
        return None, (f"{name}: worn with its side up, and no bent pose to tell its lateral axis",)
    note = f"{name}: no bent pose, so its lateral axis is the nominal one"
    return SegmentFrame(lateral, up, "nominal"), (note,)


def _hardly_turned(
    placement: str,
    ups: tuple[FloatArray, FloatArray],
    gyr_bins: FloatArray | None,
    poses: Poses,
    s: CalibrationSettings,
) -> tuple[SegmentFrame | None, tuple[str, ...]]:
    """The two poses span no plane: ask the gyroscope, else say what is left out."""
    straight, bent = ups
    name = placement.replace("_", " ")
    turn = float(angle_deg(straight, bent))
    said = f"the {name} hardly turned between the two poses ({turn:.0f} deg)"
    if gyr_bins is not None and poses.straight_s is not None and poses.bent_s is not None:
        start = min(poses.straight_s[0], poses.bent_s[0])
        end = max(poses.straight_s[1], poses.bent_s[1])
        found = hinge_axis(pose_rows(gyr_bins, (start, end)), still_rows=_still(gyr_bins, poses))
        if found is not None:
            # The sense that the small turn shows is taken as the bending one for now; a pair of
            # sensors is asked in analysis.leg_calibration whether that can be.
            seen = float(found @ cross(straight, bent))
            lateral = found * flexion_sign(placement) * (1.0 if seen >= 0 else -1.0)
            up = _square(unit(straight), lateral)
            return SegmentFrame(lateral, up, "gyroscope", turn), (
                f"{said}: its axis was taken from the gyroscope",
            )
    if placement.endswith("shank"):
        frame = SegmentFrame(np.full(3, np.nan), unit(straight), "held", turn)
        left_out = (
            f"{said} and has no gyroscope that saw it turn: its own turn is left out of the knee"
            f" angle, which may be off by as much; beyond {s.held_deg:.0f} deg it is unknown"
        )
        return frame, (left_out,)
    return None, (f"{said}: its angle is unknown",)


def _still(gyr_bins: FloatArray, poses: Poses) -> FloatArray:
    """Rates during both poses: they show the gyroscope's offset."""
    windows = [w for w in (poses.straight_s, poses.bent_s) if w is not None]
    return np.concatenate([pose_rows(gyr_bins, w) for w in windows])
