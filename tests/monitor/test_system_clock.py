"""The computer's clock is set while a session runs: nothing in it notices."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.link import scan
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from monitor import home
from monitor.live.assignment import assign
from monitor.live.fixed_course import FixedCourse
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan
from monitor.recording.reader import read_recording
from tests.monitor.acting import START, Listener, same, small_wearer

HOUR_S = 3600.0


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every call finds the wall clock hours away, to and fro; what it told is kept."""
    told: list[float] = []
    jumps = itertools.cycle([0.0, 5.0 * HOUR_S, -7.0 * HOUR_S, 24.0 * HOUR_S])
    real_s, real_ns = time.time, time.time_ns

    def jumped() -> float:
        told.append(real_s() + next(jumps))
        return told[-1]

    monkeypatch.setattr(time, "time", jumped)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + round(next(jumps) * 1e9))
    return told


def session(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SessionEnd, Any]:
    """Half a minute with three sensors, one of which drops its link."""
    monkeypatch.setenv(home.HOME_VARIABLE, str(folder))
    sensors = small_wearer().sensors

    async def run() -> tuple[SessionEnd, Path]:
        air = MemoryRadio(sensors.values(), t_zero_s=0.0)
        wanted = {p: s.advert.address for p, s in sensors.items()}
        found = await scan(2.0, air.radio())
        plan = SessionPlan(assign(wanted, found), air.radio(), course=FixedCourse(30.0))
        asyncio.get_running_loop().call_at(12.0, air.drop, wanted["left_shank"], 5.0)
        return await run_recorded(plan, About(START, "test"), Listener(), t_zero_s=0.0)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        end, where = runner.run(run())
    return end, read_recording(where / home.RECORDING_NAME)


def test_a_session_does_not_care_when_the_system_clock_jumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jumping: list[float]
) -> None:
    steady = time.time
    assert abs(steady() - steady()) > HOUR_S  # it does jump
    end, recording = session(tmp_path / "jumping", monkeypatch)
    monkeypatch.undo()
    plain, other = session(tmp_path / "plain", monkeypatch)
    assert same(end.result.analysis.epochs, plain.result.analysis.epochs)
    assert end.result.analysis.sensors == plain.result.analysis.sensors
    assert (end.result.alerts, end.result.gaps) == (plain.result.alerts, plain.result.gaps)
    assert end.t_end_s == plain.t_end_s
    for placement in end.n_received:
        mine, its = recording.notifications(placement), other.notifications(placement)
        assert [n.t_arrival_s for n in mine] == [n.t_arrival_s for n in its]
    assert recording.whole
    assert (np.diff(end.result.analysis.epochs.t_s) == 1.0).all()
    assert jumping
