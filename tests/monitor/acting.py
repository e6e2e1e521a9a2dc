"""Parts that tests of sessions play: a wearer, somebody who listens, a session that was played."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from analysis.results import Epochs
from devices.simulated.body import Body
from devices.simulated.script import BENT_S, STRAIGHT_S, session_script
from devices.virtual.wearer import SENSOR_NAMES, Wearer, dressed
from monitor.live.fixed_course import FixedCourse
from monitor.live.keys import Key
from monitor.live.session import SessionEnd, Status
from monitor.live.steps import Mark
from monitor.recording.reader import Recording
from monitor.result import Alert

START = datetime(2026, 3, 1, 18, 30, 5, tzinfo=UTC)
POSES = (Mark("straight", *STRAIGHT_S), Mark("bent", *BENT_S))
WORN = ("chest", "left_thigh", "left_shank")


@dataclass
class Listener:
    """A view that remembers."""

    said: list[tuple[float, str]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)

    def say(self, t_s: float, text: str) -> None:
        self.said.append((t_s, text))

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def show(self, status: Status) -> None:
        self.statuses.append(status)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def pressed(self) -> list[Key]:
        keys = list(self.keys)
        self.keys.clear()
        return keys


@dataclass(frozen=True)
class Played:
    end: SessionEnd
    folder: Path
    view: Listener
    wearer: Wearer
    recording: Recording


def small_wearer(minutes: float = 2.0) -> Wearer:
    """Chest and left leg; two minutes, so that there is rest enough for a reference."""
    body = Body(session_script(minutes * 60.0), seed=1)
    placements = {p: SENSOR_NAMES[p] for p in WORN}
    return dressed(body, seed=1, placements=placements)


def as_scripted(seconds: float) -> FixedCourse:
    """The course of a wearer who follows the default script, whatever is said."""
    return FixedCourse(seconds, POSES)


def same(a: Epochs, b: Epochs) -> bool:
    """Equal to the last bit, unknown included."""
    return all(
        np.array_equal(getattr(a, f.name), getattr(b, f.name), equal_nan=True) for f in fields(a)
    )
