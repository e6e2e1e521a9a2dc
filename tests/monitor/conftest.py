"""One short simulated session, recorded once and looked at by many tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import home
from monitor.live.virtual_run import VirtualSession, play
from monitor.recording.reader import read_recording
from tests.monitor.acting import START, Listener, Played, as_scripted, small_wearer


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
            wearer.sensors, as_scripted(120.0), "simulated wearer (test)", radio="memory"
        )
        end, folder = play(session, view, lambda: START)
        recording = read_recording(folder / home.RECORDING_NAME)
        yield Played(end, folder, view, wearer, recording)
    finally:
        if was is None:
            os.environ.pop(home.HOME_VARIABLE, None)
        else:
            os.environ[home.HOME_VARIABLE] = was
