"""The placement `heart`: a sensor that tells the pulse and, as far as we use it, nothing else.

    heart (worn anywhere) --beats--+--> the analysis
    chest strap           --beats--+    only while the heart sensor has told nothing for 5 s

Two sensors count the same beats, so only one of them is listened to at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from analysis.beats import FRESH_S
from analysis.results import PLACEMENTS, SensorSummary
from devices.chunk import HeartChunk

HEART = "heart"
WORN_AT = (*PLACEMENTS, HEART)
"""Where a sensor of a session can be worn; files hold motion and know `PLACEMENTS` only."""

_DUE_S = 1.0  # "typically" of the Bluetooth heart rate service 1.0, section 3.1.1
_MISSED_FROM_S = 2.5  # a notification that comes a second late is late, not lost


class HeartChoice:
    """Whose beats count: those of the heart sensor while it tells any, else the others'.

    Examples
    --------
    >>> import numpy as np
    >>> none = np.array([])
    >>> said = [("chest", HeartChunk(1.2, 61.0, none)), ("heart", HeartChunk(1.4, 60.0, none))]
    >>> choice = HeartChoice()
    >>> [chunk.heart_per_min for chunk in choice.choose(said)], choice.source_at(2.0)
    ([60.0], 'heart')
    """

    def __init__(self) -> None:
        self._source = ""
        self._last_s = -math.inf
        self._heart_told_s = -math.inf

    def choose(self, said: Iterable[tuple[str, HeartChunk]]) -> list[HeartChunk]:
        """Of what all sensors said in a short while, what is to be believed, in order of time."""
        chosen: list[HeartChunk] = []
        for placement, chunk in sorted(said, key=lambda item: item[0] != HEART):
            if placement != HEART and chunk.t_arrival_s - self._heart_told_s <= FRESH_S:
                continue
            chosen.append(chunk)
            if tells(chunk):
                self._source, self._last_s = placement, chunk.t_arrival_s
                if placement == HEART:
                    self._heart_told_s = chunk.t_arrival_s
        return sorted(chosen, key=lambda chunk: chunk.t_arrival_s)

    def source_at(self, t_s: float) -> str:
        """The placement that is listened to at `t_s`; empty when nobody told a beat lately."""
        return self._source if t_s - self._last_s <= FRESH_S else ""


class HeartLog:
    """How well the heart sensor was heard: its messages are its samples, about one a second.

    A message that is missing shows only as a pause, so the loss is an estimate.

    Examples
    --------
    >>> import numpy as np
    >>> log = HeartLog()
    >>> for t_s in (1.0, 2.0, 3.0, 9.0, 10.0):
    ...     log.take(HeartChunk(t_s, 60.0, np.array([])))
    >>> log.summary(10.0)
    SensorSummary(fs_hz=1.0, n_samples=5, n_lost=5, coverage=0.5, problems=())
    """

    def __init__(self) -> None:
        self._n_messages = 0
        self._n_lost = 0
        self._n_steps = 0
        self._stepped_s = 0.0  # time between messages that followed each other
        self._last_s = math.nan
        self._told: set[int] = set()  # seconds of the session with a rate or an interval

    def take(self, chunk: HeartChunk) -> None:
        """Count one message."""
        pause_s = chunk.t_arrival_s - self._last_s
        if pause_s >= _MISSED_FROM_S:
            self._n_lost += round(pause_s / _DUE_S) - 1
        elif pause_s > 0.0:
            self._n_steps += 1
            self._stepped_s += pause_s
        self._n_messages += 1
        self._last_s = chunk.t_arrival_s
        if tells(chunk):
            self._told.add(math.ceil(chunk.t_arrival_s))

    def summary(self, duration_s: float) -> SensorSummary:
        """As of any other sensor."""
        n_seconds = max(math.ceil(duration_s), 1)
        said = [] if self._n_messages else ["sent nothing"]
        if self._n_messages and not self._told:
            said.append("told no heart rate: it has no contact with the skin")
        return SensorSummary(
            fs_hz=self._n_steps / self._stepped_s if self._n_steps else None,
            n_samples=self._n_messages,
            n_lost=self._n_lost,
            coverage=min(len(self._told) / n_seconds, 1.0),
            problems=tuple(said),
        )


def tells(chunk: HeartChunk) -> bool:
    """Whether a message says anything about the heart; without contact it does not."""
    return math.isfinite(chunk.heart_per_min) or len(chunk.rr_s) > 0
