"""The finish is part of the exercise: to the side, kneel, stand, notice, with time for each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.live import words
from monitor.live.pose_watch import PoseName
from monitor.live.steps import Say, Seen, Step


@dataclass(frozen=True, slots=True)
class FinishSettings:
    """Seconds between the sentences; house values: getting up takes half a minute unhurried.

    Attributes
    ----------
    pauses_s : tuple of float
        After each sentence.
    still_lying_s : float
        How long at most it is waited for a wearer who still lies after the first sentence.
    """

    pauses_s: tuple[float, ...] = (14.0, 12.0, 10.0, 6.0)
    still_lying_s: float = 40.0


@dataclass(slots=True)
class FinishStage:
    """Sentence after sentence; the first waits for a wearer who has not moved yet."""

    settings: FinishSettings
    pose_asked: PoseName | None = None
    is_done: bool = False
    _index: int = 0
    _said_s: float = math.nan

    @property
    def phase(self) -> str:
        """What was asked for last."""
        return words.FINISH_PHASES[self._index]

    def begin(self, t_s: float) -> list[Step]:
        """Say the sentence that it has come to."""
        self._said_s = t_s
        return [Say(words.FINISH[self._index])]

    def update(self, t_s: float, seen: Seen) -> list[Step]:
        """Go on when there was time."""
        s = self.settings
        waited_s = t_s - self._said_s
        lies_still = self._index == 0 and seen.is_up is False and waited_s < s.still_lying_s
        if waited_s < s.pauses_s[self._index] or lies_still:
            return []
        return self.next(t_s)

    def next(self, t_s: float) -> list[Step]:
        """The next sentence, or the end."""
        if self._index + 1 == len(words.FINISH):
            self.is_done = True
            return []
        self._index += 1
        return self.begin(t_s)
