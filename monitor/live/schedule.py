"""The timed course of a session: what is asked of the wearer, and when.

    0 s       lie down, legs straight        5..15 s   straight pose, held
    16 s      bend the knees, slowly         30..40 s  bent pose, held
    41 s      settle                         60 s      rest
    minutes   (the last 30 s) roll to the side, kneel, stand

The held poses calibrate the leg sensors; both times are written into the recording as markers.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.errors import UserError

SHORTEST_MINUTES = 1.5  # both poses, a little rest, the finish
LONGEST_MINUTES = 120.0  # the exercise takes 10 to 20; a typo should not fill the disk
_STRAIGHT_S = (5.0, 15.0)
_BENT_S = (30.0, 40.0)
_FINISH_S = 30.0  # getting up is part of the exercise, and not to be hurried


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to say at `t_s`; from then on the course is in this phase."""

    t_s: float
    phase: str
    text: str


@dataclass(frozen=True, slots=True)
class PoseWindow:
    """A calibration pose that is held from `start_s` to `end_s`."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Course:
    """A session's course in session seconds.

    Examples
    --------
    >>> planned = course(15.0)
    >>> planned.end_s, planned.phase_at(300.0)
    (900.0, 'rest')
    """

    start_s: float
    end_s: float
    cues: tuple[Cue, ...]
    poses: tuple[PoseWindow, ...]

    def phase_at(self, t_s: float) -> str:
        """What is asked of the wearer at `t_s`; "get ready" before the course starts."""
        return next((c.phase for c in reversed(self.cues) if c.t_s <= t_s), "get ready")

    def cues_between(self, after_s: float, until_s: float) -> list[Cue]:
        """Cues that fall due in ``(after_s, until_s]``."""
        return [c for c in self.cues if after_s < c.t_s <= until_s]


def course(minutes: float, *, start_s: float = 0.0) -> Course:
    """Plan a session of `minutes` that begins at `start_s`.

    Raises
    ------
    UserError
        When the session is too short to hold its poses or long beyond sense.
    """
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise UserError(
            f"a session of {minutes:g} minutes cannot be planned",
            hint=f"Give {SHORTEST_MINUTES:g} to {LONGEST_MINUTES:g} minutes; 15 is usual.",
        )
    end_s = start_s + minutes * 60.0
    asked = (
        (0.0, "straight", "Lie on your back, legs straight on the floor, and keep still."),
        (_STRAIGHT_S[1] + 1.0, "bend", "Slowly bend both knees and stand your feet on the floor."),
        (_BENT_S[0] - 2.0, "bent", "Hold the knees bent and keep still for a few breaths."),
        (_BENT_S[1] + 1.0, "settling", "Make yourself comfortable and let the floor carry you."),
        (60.0, "rest", "Rest. There is nothing to do."),
    )
    finish = Cue(
        end_s - _FINISH_S,
        "finish",
        "Slowly roll onto one side, come up to kneeling, and stand when you are ready.",
    )
    return Course(
        start_s=start_s,
        end_s=end_s,
        cues=(*(Cue(start_s + t, phase, text) for t, phase, text in asked), finish),
        poses=(
            PoseWindow("straight", start_s + _STRAIGHT_S[0], start_s + _STRAIGHT_S[1]),
            PoseWindow("bent", start_s + _BENT_S[0], start_s + _BENT_S[1]),
        ),
    )
