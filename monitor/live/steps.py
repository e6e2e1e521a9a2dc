"""What a course is told, and what it gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from monitor.live.pose_watch import PoseName

Action = Literal["pause", "extend", "finish", "skip"]
"""What a person beside the wearer can ask of a course."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the analysis sees now; NaN and None are unknown.

    Attributes
    ----------
    pose_faults : tuple of str
        What is wrong with the pose that is asked for; empty when it is good.
    knees_deg, leans_deg : pair of float
        Flexion and lean of the left and the right leg.
    head_deg : float
        How far the head is bent forward, tilted back being negative.
    is_settled : bool
        Whether the wearer's own reference has been taken.
    away : str or None
        Why the wearer is known not to be in the position, in words; empty when they are; None
        when nothing is known.
    is_up : bool or None
        Whether the wearer has left the back: on a side, kneeling, standing.
    """

    pose_faults: tuple[str, ...] = ()
    knees_deg: tuple[float, float] = (math.nan, math.nan)
    leans_deg: tuple[float, float] = (math.nan, math.nan)
    head_deg: float = math.nan
    is_settled: bool = False
    away: str | None = None
    is_up: bool | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Something to say, or a bell to strike with these words on the screen."""

    text: str
    kind: Literal["guide", "bell"] = "guide"


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch to be kept in the recording and told to the pipeline.

    `name` is ``straight`` or ``bent`` for a pose that was held, ``arrival`` while poses are still
    to come and ``arrived`` when no more will, ``extra`` for an optional movement, ``pause`` and
    ``resume``, ``finish``, ``snooze``, and ``mark`` for a moment that somebody found worth it.
    """

    name: str
    start_s: float
    end_s: float


Step: TypeAlias = Say | Mark


class Course(Protocol):
    """What a session needs of a course: it is told the time and what is seen, and gives steps."""

    @property
    def phase(self) -> str:
        """What is asked of the wearer now, in words."""

    @property
    def left_s(self) -> float:
        """Until the finish is asked for."""

    @property
    def position_s(self) -> float:
        """Time spent in the position."""

    @property
    def waits(self) -> str:
        """Why the clock stands still; empty while it runs."""

    @property
    def pose_asked(self) -> PoseName | None:
        """The pose whose faults `update` wants to know."""

    @property
    def begins_at_once(self) -> bool:
        """Whether it starts at session second 0, whoever streams."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be asked."""

    @property
    def ended_early(self) -> bool:
        """Whether it is over, or finishing, before its time."""

    def begin(self, t_s: float) -> list[Step]:
        """The course starts at session second `t_s`."""

    def update(self, t_s: float, seen: Seen) -> list[Step]:
        """Time is `t_s` and this is seen; returns what falls due."""

    def press(self, action: Action, t_s: float) -> list[Step]:
        """Somebody asked for something."""
