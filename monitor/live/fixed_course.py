"""A course that asks for nothing: what is played follows a script of its own.

A recording cannot be told to bend its knees, so its poses are where they are and it ends when it
ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.live.pose_watch import PoseName
from monitor.live.steps import Action, Mark, Seen, Step


@dataclass(slots=True)
class FixedCourse:
    """From session second 0 to `end_s`, with poses known beforehand.

    Examples
    --------
    >>> course = FixedCourse(60.0, (Mark("straight", 5.0, 15.0),))
    >>> course.begin(0.0)
    [Mark(name='straight', start_s=5.0, end_s=15.0)]
    >>> course.update(60.0, Seen()), course.is_over
    ([], True)
    """

    end_s: float
    poses: tuple[Mark, ...] = ()
    phase: str = "as recorded"
    waits: str = ""
    pose_asked: PoseName | None = None
    begins_at_once: bool = True
    position_s: float = field(default=0.0, init=False)

    @property
    def left_s(self) -> float:
        """Until the end."""
        return max(self.end_s - self.position_s, 0.0)

    @property
    def is_over(self) -> bool:
        """Whether the end is reached."""
        return self.position_s >= self.end_s

    @property
    def ended_early(self) -> bool:
        """It goes on to its end."""
        return False

    def begin(self, t_s: float) -> list[Step]:  # noqa: ARG002  # at second 0, whenever it is asked
        """Tell the poses."""
        return list(self.poses)

    def update(self, t_s: float, seen: Seen) -> list[Step]:  # noqa: ARG002  # it does not look
        """Let time pass."""
        self.position_s = t_s
        return []

    def press(self, action: Action, t_s: float) -> list[Step]:  # noqa: ARG002  # it cannot
        """What is recorded cannot be asked for anything."""
        return []
