"""Is the calibration pose held well?  Asked each second while the wearer holds it.

    straight    every sensor still; a leg that was seen bent before has turned back
    bent        every sensor still; thigh and shank each turned by 20 to 70 deg since straight

A strap may sit any way round, so a single pose cannot show whether a leg is bent: what tells is how
far each segment turned from the other pose.  Only a leg whose both sensors look, to within a few
degrees, like a bent leg with straps worn as documented is told so in the first pose already: of
all other ways to strap two sensors on, one in some thousands looks like that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from analysis.arrays import G_M_S2, norm
from analysis.calibration import NOMINAL_FRAME, CalibrationSettings
from analysis.gravity import angle_deg
from analysis.knee import segment_turn
from analysis.legs import SIDES
from analysis.quality import TRUSTED_G
from analysis.results import FloatArray
from analysis.slips import SEGMENTS

TURN_DEG = (20.0, 70.0)
"""How far thigh and shank each turn from legs straight to knees bent.  About 45 deg at 90 deg of
flexion; 25 each is a knee at 50 deg, 70 each one at 140, which is as far as knees go."""

SAT_UP_DEG = 30.0
"""Nobody who stays on the back turns the chest so far between the poses."""

LOOKS_BENT_DEG = 25.0
"""Turn of thigh and shank, in the documented mounting, from which a leg looks bent in the first
pose; a fat calf or a strap put on askew tilts a sensor by up to 15 deg."""

ALIKE_DEG = 12.0
"""Lying with the foot on the floor, thigh and shank turn by the same angle to within 4 deg."""

LEAST_SAMPLES = 5


def check_pose(
    name: Literal["straight", "bent"],
    windows: Mapping[str, FloatArray],
    other: Mapping[str, FloatArray] | None = None,
    settings: CalibrationSettings | None = None,
) -> tuple[str, ...]:
    """What is wrong with a pose as it is held now, in words for the wearer; empty when it is good.

    Signature for who calls it live::

        check_pose(name, {placement: acc of the last 1 to 2 s}, {placement: acc of the other pose})

    Parameters
    ----------
    name : {"straight", "bent"}
        The pose that was asked for.
    windows : mapping of placement to (n, 3) array
        Acceleration of each sensor worn over the last second or two, m/s2, in the sensor's own
        axes, at any rate; NaN rows allowed, an empty array for a sensor that sends nothing.
    other : mapping of placement to (n, 3) or (3,) array, optional
        The same sensors while the other pose was held, if it already was: its whole stretch or
        its mean.  Placements may be missing.

    Returns
    -------
    tuple of str
        Short sentences, the most urgent first: nothing heard, still moving, then the pose itself.
        The words are the same from second to second while the fault is the same.

    Examples
    --------
    >>> lying = {"left_thigh": np.tile([0.0, 0.0, 9.8], (50, 1))}
    >>> check_pose("straight", lying)
    ()
    >>> check_pose("bent", lying, other=lying)
    ('left leg still straight',)
    >>> check_pose("straight", {"left_thigh": np.empty((0, 3))})
    ('nothing heard from the left thigh',)
    """
    s = settings or CalibrationSettings()
    said: list[str] = []
    ups: dict[str, FloatArray] = {}
    for placement, acc in windows.items():
        words = placement.replace("_", " ")
        known = _known(acc)
        if len(known) < LEAST_SAMPLES:
            said.append(f"nothing heard from the {words}")
            continue
        mean = known.mean(axis=0)
        g = float(norm(mean)) / G_M_S2
        if _sway_deg(known) > s.max_sway_deg:
            said.append(f"{_of(placement)} still moving")
        elif not TRUSTED_G[0] <= g <= TRUSTED_G[1]:
            said.append(f"the sensor on the {words} reads {g:.2f} g instead of 1: change it")
        else:
            ups[placement] = mean
    before = {p: _known(acc).mean(axis=0) for p, acc in (other or {}).items() if len(_known(acc))}
    turns = {p: float(angle_deg(up, before[p])) for p, up in ups.items() if p in before}
    for side in SIDES:
        said += _leg(side, name, ups, turns)
    said += [
        f"{placement} turned by {turns[placement]:.0f} deg since the other pose: lie on your back"
        for placement in ("chest", "head")
        if turns.get(placement, 0.0) > SAT_UP_DEG
    ]
    return tuple(dict.fromkeys(said))  # thigh and shank of one leg may say the same


def check_side(
    side: Literal["left", "right"],
    windows: Mapping[str, FloatArray],
    before: Mapping[str, FloatArray],
) -> tuple[str, ...]:
    """Whether left and right are swapped, after the wearer was asked to bend one leg alone.

    Nothing else tells them apart: both legs bend alike, and a strap may sit any way round.

    Parameters
    ----------
    side : {"left", "right"}
        The leg that was asked for.
    windows, before : mappings of placement to (n, 3) array
        Acceleration of each sensor now, and while both legs were straight.

    Examples
    --------
    >>> flat, raised = np.tile([0.0, 0.0, 9.8], (9, 1)), np.tile([6.9, 0.0, 6.9], (9, 1))
    >>> straight = {"left_thigh": flat, "right_thigh": flat}
    >>> check_side("left", {"left_thigh": raised, "right_thigh": flat}, straight)
    ()
    >>> check_side("left", {"left_thigh": flat, "right_thigh": raised}, straight)
    ('left and right are swapped: the sensors of the right leg moved',)
    """
    other = "right" if side == "left" else "left"
    turned = {s: _turned_most(s, windows, before) for s in SIDES}
    if turned[other] >= TURN_DEG[0] > turned[side]:
        return (f"left and right are swapped: the sensors of the {other} leg moved",)
    if turned[side] < TURN_DEG[0]:
        return (f"{side} leg still straight",)
    if turned[other] >= TURN_DEG[0]:
        return (f"{other} leg bent as well: the {side} one alone",)
    return ()


def _turned_most(
    side: str, windows: Mapping[str, FloatArray], before: Mapping[str, FloatArray]
) -> float:
    """Largest turn of a segment of this leg, in degrees; 0 where none is heard."""
    names = [p for p in windows if p.startswith(side) and p in before]
    pairs = [(_known(windows[p]), _known(before[p])) for p in names]
    turns = [
        float(angle_deg(a.mean(axis=0), b.mean(axis=0))) for a, b in pairs if len(a) and len(b)
    ]
    return max(turns, default=0.0)


def _leg(
    side: str, name: str, ups: Mapping[str, FloatArray], turns: Mapping[str, float]
) -> list[str]:
    """What is wrong with one leg that is still."""
    seen = {seg: turns[f"{side}_{seg}"] for seg in SEGMENTS if f"{side}_{seg}" in turns}
    if not seen:
        looks_bent = name == "straight" and _looks_bent(side, ups)
        return [f"{side} leg looks bent"] if looks_bent else []
    if max(seen.values()) < TURN_DEG[0]:
        return [f"{side} leg still {'bent' if name == 'straight' else 'straight'}"]
    return [
        f"{side} {segment} hardly turned ({turn:.0f} deg): {_remedy(name)}"
        if turn < TURN_DEG[0]
        else f"{side} {segment} turned by {turn:.0f} deg, further than lying: {_remedy(name)}"
        for segment, turn in seen.items()
        if not TURN_DEG[0] <= turn <= TURN_DEG[1]
    ]


def _remedy(name: str) -> str:
    return "foot flat on the floor" if name == "bent" else "legs flat on the floor"


def _looks_bent(side: str, ups: Mapping[str, FloatArray]) -> bool:
    turns = []
    for segment in SEGMENTS:
        placement = f"{side}_{segment}"
        if placement not in ups:
            return False
        up = ups[placement] / norm(ups[placement])
        turn, lean, _ = segment_turn(up, placement, NOMINAL_FRAME)
        if not (LOOKS_BENT_DEG <= turn <= TURN_DEG[1] and abs(lean) <= ALIKE_DEG):
            return False
        turns.append(float(turn))
    return abs(turns[0] - turns[1]) <= ALIKE_DEG


def _of(placement: str) -> str:
    """The part of the body as the wearer thinks of it: a leg moves as a whole."""
    side, _, segment = placement.partition("_")
    return f"{side} leg" if segment else placement


def _known(acc_m_s2: FloatArray) -> FloatArray:
    rows = np.atleast_2d(np.asarray(acc_m_s2, dtype=float))
    return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def _sway_deg(known: FloatArray) -> float:
    """Largest wander of up within the window, noise of single samples averaged out."""
    parts = np.array([part.mean(axis=0) for part in np.array_split(known, min(len(known), 5))])
    return float(angle_deg(parts, parts.mean(axis=0)).max())
