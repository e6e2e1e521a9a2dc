"""One short simulated session, recorded once and looked at by many tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.simulated.body import Body
from devices.simulated.script import session_script
from devices.virtual.wearer import SENSOR_NAMES, Wearer, dressed
from monitor import home
from monitor.recording_reader import Recording, read_recording
from monitor.result import Alert
from monitor.schedule import course
from monitor.session import SessionEnd, Status
from monitor.virtual_run import VirtualSession, play

START = datetime(2026, 3, 1, 18, 30, 5, tzinfo=UTC)
WORN = ("chest", "left_thigh", "left_shank")


@dataclass
class Listener:
    """A view that remembers."""

    said: list[tuple[float, str]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)

    def say(self, t_s: float, text: str) -> None:
        self.said.append((t_s, text))

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def show(self, status: Status) -> None:
        self.statuses.append(status)


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


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(home.HOME_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    was = os.environ.get(home.HOME_VARIABLE)
    os.environ[home.HOME_VARIABLE] = str(tmp_path_factory.mktemp("home"))
    try:
        wearer, view = small_wearer(), Listener()
        session = VirtualSession(
            wearer.sensors, course(2.0), "simulated wearer (test)", radio="memory"
        )
        end, folder = play(session, view, lambda: START)
        recording = read_recording(folder / home.RECORDING_NAME)
        yield Played(end, folder, view, wearer, recording)
    finally:
        if was is None:
            del os.environ[home.HOME_VARIABLE]
        else:
            os.environ[home.HOME_VARIABLE] = was
