"""Arriving: two poses that are checked while they are held, and the way into the position.

    PoseStage      asked --good for 8 s--> taken (a mark)
                     |  20 s wrong: said what; again after 15 s; after three times left out
    PositionStage  books, knees, feet: a word for what is off, until it is right or let be
    SettleStage    until the wearer's own reference has been taken, a minute at most

Every stage is told the time and what is seen, can be skipped, and never asks for more than it can
see: without sensors that tell, it passes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from monitor.live import words
from monitor.live.pose_watch import PoseName
from monitor.live.steps import Mark, Say, Seen, Step


@dataclass(frozen=True, slots=True)
class ArrivalSettings:
    """House values, tried on simulated bodies; none is from a study.

    Attributes
    ----------
    grace_s : float
        After asking, before a pose may count: the wearer is still on the way.
    hold_s : float
        How long a pose must be good; the calibration averages over it.
    patience_s, again_s : float
        Until the first hint on a pose, and between two.
    hints : int
        Hints given to one pose before it is left out.
    knee_within_deg : float
        From the guide; teachers say "as near as comfortable", so only what is far off is said.
    lean_within_deg : float
        In or out; at rest most legs fall out a little.
    head_within_deg : float
        The forehead slopes by 10 to 20 degrees by itself.
    off_for_s, position_s : float
        How long something is off before it is said; the longest that the way into the position
        may take.
    settle_s : pair of float
        Shortest and longest time to settle; the rules take the reference within it.
    """

    grace_s: float = 3.0
    hold_s: float = 8.0
    patience_s: float = 20.0
    again_s: float = 15.0
    hints: int = 3
    knee_within_deg: float = 15.0
    lean_within_deg: float = 12.0
    head_within_deg: float = 25.0
    off_for_s: float = 4.0
    position_s: float = 60.0
    settle_s: tuple[float, float] = (15.0, 60.0)


class PoseStage:
    """One pose: asked for, watched, and taken or left out."""

    def __init__(self, name: PoseName, ask: str, settings: ArrivalSettings) -> None:
        self.pose_asked: PoseName | None = name
        self.is_done = False
        self._name, self._ask, self._settings = name, ask, settings
        self._asked_s = self._hint_s = math.nan
        self._good_s: float | None = None
        self._told_to_hold = name == "straight"  # there the words that ask say it already
        self._n_hints = 0

    @property
    def phase(self) -> str:
        """What is asked for."""
        return "legs straight" if self._name == "straight" else "knees bent"

    def begin(self, t_s: float) -> list[Step]:
        """Ask for the pose."""
        self._asked_s, self._good_s = t_s, None
        self._hint_s = t_s + self._settings.patience_s
        return [Say(self._ask)]

    def update(self, t_s: float, seen: Seen) -> list[Step]:
        """Watch it."""
        s = self._settings
        if t_s < self._asked_s + s.grace_s:
            return []
        if seen.pose_faults:
            self._good_s = None
            return self._hint(t_s, seen.pose_faults) if t_s >= self._hint_s else []
        if self._good_s is None:
            self._good_s = t_s
        held_s = t_s - self._good_s
        if held_s >= s.hold_s:
            self.is_done = True
            return [Mark(self._name, self._good_s, t_s)]
        if held_s >= 1.0 and not self._told_to_hold:  # a moment: it may pass through on its way
            self._told_to_hold = True
            return [Say(words.HOLD)]
        return []

    def skip(self) -> list[Step]:
        """Leave it out."""
        self.is_done = True
        return [Say(words.POSE_LEFT_OUT)]

    def _hint(self, t_s: float, faults: tuple[str, ...]) -> list[Step]:
        s = self._settings
        if self._n_hints < s.hints:
            self._n_hints += 1
            self._hint_s = t_s + s.again_s
            return [Say(words.fault_words(faults[0]))]
        about_sensors = all("heard" in fault or "sensor" in fault for fault in faults)
        if not about_sensors:
            return self.skip()
        # One sensor that says nothing must not take the pose from all the others.
        self.is_done = True
        return [Mark(self._name, t_s - s.hold_s, t_s)]


@dataclass(slots=True)
class _Off:
    """Something that is off, since when, and how often it was said."""

    since_s: float | None = None
    n_said: int = 0


@dataclass(slots=True)
class PositionStage:
    """Books, knees and feet: a word for what is off, each at most twice."""

    settings: ArrivalSettings
    knee_guide_deg: float = 90.0
    phase: str = "position"
    pose_asked: PoseName | None = None
    is_done: bool = False
    _asked_s: float = math.nan
    _right_s: float | None = None
    _said_s: float = -math.inf
    _off: dict[str, _Off] = field(default_factory=dict)

    def begin(self, t_s: float) -> list[Step]:
        """Look first; say nothing that is not needed."""
        self._asked_s = t_s
        return []

    def update(self, t_s: float, seen: Seen) -> list[Step]:
        """Say what is off."""
        s = self.settings
        found = {text: key for key, text in off_words(seen, s, self.knee_guide_deg)}
        for key in set(self._off) - set(found.values()):
            self._off[key].since_s = None
        said: list[Step] = []
        for text, key in found.items():
            off = self._off.setdefault(key, _Off())
            if off.since_s is None:
                off.since_s = t_s
            is_due = t_s - off.since_s >= s.off_for_s and t_s - self._said_s >= s.again_s
            if is_due and off.n_said < 2 and not said:
                off.n_said, self._said_s = off.n_said + 1, t_s
                said = [Say(text)]
        nothing_left = all(self._off[key].n_said >= 2 for key in found.values())
        if not nothing_left:
            self._right_s = None
        elif self._right_s is None:
            self._right_s = t_s
        waited_s = s.again_s if found else s.off_for_s  # after the last word, time to follow it
        self.is_done = t_s - self._asked_s >= s.position_s or (
            self._right_s is not None and t_s - self._right_s >= waited_s
        )
        return said

    def skip(self) -> list[Step]:
        """Let it be."""
        self.is_done = True
        return []


def off_words(
    seen: Seen, settings: ArrivalSettings, knee_guide_deg: float = 90.0
) -> list[tuple[str, str]]:
    """What is off in the position: what it is about, and a sentence without numbers.

    Examples
    --------
    >>> off_words(Seen(knees_deg=(70.0, 88.0)), ArrivalSettings())
    [('away', 'Bring your left foot a little closer to you.')]
    >>> off_words(Seen(), ArrivalSettings())
    []
    """
    s = settings
    sides = ("left", "right")
    wide = tuple(n for n, v in zip(sides, seen.knees_deg, strict=True)
                 if v < knee_guide_deg - s.knee_within_deg)  # fmt: skip
    close = tuple(n for n, v in zip(sides, seen.knees_deg, strict=True)
                  if v > knee_guide_deg + s.knee_within_deg)  # fmt: skip
    inwards = tuple(n for n, v in zip(sides, seen.leans_deg, strict=True) if v < -s.lean_within_deg)
    outwards = tuple(n for n, v in zip(sides, seen.leans_deg, strict=True) if v > s.lean_within_deg)
    found = []
    if seen.head_deg > s.head_within_deg:
        found.append(("head", words.HEAD_TOO_HIGH))
    elif seen.head_deg < -s.head_within_deg:
        found.append(("head", words.HEAD_TOO_LOW))
    if wide:
        found.append(("away", words.FEET_CLOSER.format(feet=words.feet(wide))))
    if close:
        found.append(("close", words.FEET_AWAY.format(feet=words.feet(close))))
    if inwards:
        found.append(("in", words.KNEES_IN.format(knees=words.knees_fall(inwards))))
    if outwards:
        found.append(("out", words.KNEES_OUT.format(knees=words.knees_fall(outwards))))
    return found


@dataclass(slots=True)
class SettleStage:
    """The wearer makes themselves comfortable; their own reference is taken meanwhile."""

    settings: ArrivalSettings
    phase: str = "settling"
    pose_asked: PoseName | None = None
    is_done: bool = False
    _asked_s: float = math.nan

    def begin(self, t_s: float) -> list[Step]:
        """Ask for nothing but comfort."""
        self._asked_s = t_s
        return [Say(words.SETTLE)]

    def update(self, t_s: float, seen: Seen) -> list[Step]:
        """Wait for the reference, not for ever."""
        shortest_s, longest_s = self.settings.settle_s
        waited_s = t_s - self._asked_s
        self.is_done = waited_s >= longest_s or (waited_s >= shortest_s and seen.is_settled)
        return []

    def skip(self) -> list[Step]:
        """Begin to rest."""
        self.is_done = True
        return []
