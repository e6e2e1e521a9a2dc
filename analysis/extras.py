"""Names the movements that the exercise knows: its extras, and the parts of getting up.

    thigh towards the trunk and back, while lying     knee_draw, knee_return
    head towards sitting up and back, while lying     head_lift, head_return
    around the beginning of rolling, kneeling, standing     roll, kneel, stand
    anything else                                     out, back

The shank goes along with its thigh.  An arm wears no sensor: raising one turns the chest by a few
degrees only, like a fidget, and is not named.  A head that turns to the side looks like one that is
lifted until the sensor's own long axis is known, from the nominal mounting or from having been
upright; before, its movements stay "out" and "back".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.arrays import unit
from analysis.calibration import SegmentFrame
from analysis.knee import segment_turn
from analysis.movements import Cut
from analysis.position import Mounting
from analysis.results import Movement, Phase, PhaseName

IN_POSITION: tuple[PhaseName, ...] = ("settling", "rest", "extra")
RISING: Mapping[PhaseName, str] = {"rolling": "roll", "kneeling": "kneel", "standing": "stand"}


@dataclass(frozen=True, slots=True)
class ExtraSettings:
    """Limits of the named movements; all ours, from the geometry of the positions.

    Attributes
    ----------
    draw_deg : float
        Least turn of the thigh: a foot that slides to the buttock turns it by 15.
    drawn_deg : float
        Turn of the thigh from straight at the drawn end; in the position it is 45.
    lift_deg : float
        Least lift of the head.
    around_s : float
        How near to its beginning a movement makes a part of getting up.
    """

    draw_deg: float = 25.0
    drawn_deg: float = 65.0
    lift_deg: float = 8.0
    around_s: float = 5.0


def named(
    cuts: Mapping[str, list[Cut]],
    phases: tuple[Phase, ...],
    frames: Mapping[str, SegmentFrame | None],
    head: Mounting | None = None,
    settings: ExtraSettings | None = None,
) -> tuple[Movement, ...]:
    """Movements of all sensors in order of time, with the name of what they are.

    Parameters
    ----------
    cuts : mapping of placement to list of Cut
    phases : tuple of Phase
    frames : mapping of placement to SegmentFrame or None
        None: that segment's extras cannot be told.
    head : Mounting, optional
        Of the head's sensor.
    """
    s = settings or ExtraSettings()
    found: list[Movement] = []
    for placement, its_cuts in cuts.items():
        for cut in its_cuts:
            kind = _rising(cut.movement, phases, s)
            if kind is None and _starts_in(cut.movement, phases):
                if placement.endswith("thigh"):
                    kind = _drawn(cut, frames.get(placement), s)
                elif placement == "head" and head is not None:
                    kind = _lifted(cut, head, s)
            found.append(replace(cut.movement, kind=kind) if kind else cut.movement)
    draws = [m for m in found if m.kind in {"knee_draw", "knee_return"}]
    found = [_along(m, draws) for m in found]
    return tuple(sorted(found, key=lambda m: (m.start_s, m.placement)))


def _rising(movement: Movement, phases: tuple[Phase, ...], s: ExtraSettings) -> str | None:
    """The part of getting up that begins nearest to this movement, if one is near."""
    near: list[tuple[float, str]] = []
    for phase in phases:
        if phase.name in RISING:
            before = max(movement.start_s - phase.start_s, phase.start_s - movement.end_s, 0.0)
            if before < s.around_s:
                middle_s = 0.5 * (movement.start_s + movement.end_s)
                near.append((abs(middle_s - phase.start_s), RISING[phase.name]))
    return min(near)[1] if near else None


def _starts_in(movement: Movement, phases: tuple[Phase, ...]) -> bool:
    return any(
        p.name in IN_POSITION and p.start_s <= movement.start_s < p.end_s + 1.0 for p in phases
    )


def _drawn(cut: Cut, frame: SegmentFrame | None, s: ExtraSettings) -> str | None:
    if frame is None:
        return None
    turn_deg, _, _ = segment_turn(np.stack([cut.from_up, cut.to_up]), cut.movement.placement, frame)
    before, after = (float(v) % 360.0 for v in turn_deg)  # drawn far, a thigh passes upright
    if not max(before, after) > s.drawn_deg or abs(after - before) < s.draw_deg:
        return None
    if max(before, after) > 200.0:
        return None
    return "knee_draw" if after > before else "knee_return"


def _lifted(cut: Cut, head: Mounting, s: ExtraSettings) -> str | None:
    if not head.is_complete:
        return None
    supine, upright, left = (head.directions[n] for n in ("supine", "upright", "left"))
    ahead = unit(upright - float(upright @ supine) * supine)
    ends = np.stack([cut.from_up, cut.to_up])
    lift_deg = np.degrees(np.arctan2(ends @ ahead, ends @ supine))
    aside_deg = np.degrees(np.arcsin(np.clip(ends @ left, -1.0, 1.0)))
    lifted, turned = float(np.diff(lift_deg)[0]), float(np.diff(aside_deg)[0])
    if abs(lifted) < s.lift_deg or abs(turned) > abs(lifted):
        return None
    return "head_lift" if lifted > 0 else "head_return"


def _along(movement: Movement, draws: list[Movement]) -> Movement:
    """A shank's movement takes the name of its thigh's when they are mostly at the same time."""
    side, _, segment = movement.placement.partition("_")
    if segment != "shank" or movement.kind not in {"out", "back"}:
        return movement
    for draw in draws:
        common_s = min(movement.end_s, draw.end_s) - max(movement.start_s, draw.start_s)
        if draw.placement.startswith(side) and common_s > 0.5 * (movement.end_s - movement.start_s):
            return replace(movement, kind=draw.kind)
    return movement
