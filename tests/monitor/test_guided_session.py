"""A whole guided session on a simulated wearer: poses checked, keys heard, and replayed exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.link import scan
from devices.simulated.body import Body
from devices.simulated.script import session_script
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.wearer import SENSOR_NAMES, Wearer, dressed
from monitor import home
from monitor.alerts.settings import AlertSettings
from monitor.errors import UserError
from monitor.live import words
from monitor.live.assignment import assign
from monitor.live.course import CourseSettings, GuidedCourse
from monitor.live.keys import Key
from monitor.live.pipeline import LiveSettings
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan
from monitor.recording.reader import Recording, read_recording
from monitor.recording.replay import replay
from monitor.session_notes import Rating, read_notes
from tests.monitor.acting import START, WORN, Listener, same

pytestmark = pytest.mark.usefixtures("own_home")


class Guided:
    """One session: who wears what, what is planned, and which keys are pressed when."""

    def __init__(
        self,
        settings: CourseSettings | None = None,
        *,
        keys: Mapping[float, Key] | None = None,
        seconds: float = 240.0,
        wearer: Wearer | None = None,
        quiet: bool = False,
        height_m: float | None = None,
        before: Rating | None = None,
    ) -> None:
        self.view = Listener()
        script = session_script(seconds)
        self.wearer = wearer or dressed(
            Body(script, seed=1), seed=1, placements={p: SENSOR_NAMES[p] for p in WORN}
        )
        self.course = GuidedCourse(
            settings or CourseSettings(minutes=2.0), tuple(self.wearer.sensors)
        )
        self.keys, self.before = keys or {}, before
        self.settings = LiveSettings(alerts=AlertSettings(quiet=quiet), height_m=height_m)
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            self.end, self.folder = runner.run(self._run())
        self.recording: Recording = read_recording(self.folder / home.RECORDING_NAME)

    async def _run(self) -> tuple[SessionEnd, Path]:
        radio = MemoryRadio(self.wearer.sensors.values(), t_zero_s=0.0).radio()
        wanted = {p: s.advert.address for p, s in self.wearer.sensors.items()}
        found = await scan(2.0, radio)
        plan = SessionPlan(assign(wanted, found), radio, self.course)
        for t_s, key in self.keys.items():
            asyncio.get_running_loop().call_at(t_s, self.view.keys.append, key)
        about = About(START, "test", before=self.before)
        return await run_recorded(plan, about, self.view, t_zero_s=0.0, settings=self.settings)

    def texts(self) -> list[str]:
        return [text for _, text in self.view.said]

    def events(self, kind: str) -> list[Any]:
        return [e for e in self.recording.events if e.kind == kind]


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(home.HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        yield Guided(keys={80.0: "pause", 100.0: "pause", 110.0: "mark"}, before=Rating(5, None))


def test_poses_that_are_held_pass_without_a_hint(guided: Guided) -> None:
    assert guided.texts()[:5] == [
        words.STRAIGHT, words.BEND, words.HOLD, words.SETTLE, words.REST
    ]  # fmt: skip
    marks = {e.details["name"]: e.details for e in guided.events("marker")}
    assert marks["straight"]["end_s"] < 19.5  # before this wearer bends
    assert marks["bent"]["start_s"] > 25.0
    known = ~np.isnan(guided.end.result.analysis.epochs.knee_left_deg)
    assert known[3:200].all()  # the seconds of arriving were waited for, and are known too


def test_two_minutes_are_counted_whatever_was_paused(guided: Guided) -> None:
    assert guided.end.position_s == pytest.approx(120.0, abs=0.2)
    assert not guided.end.stopped
    [began] = [t for t, text in guided.view.said if text == words.BEND]
    [asked_up] = [t for t, text in guided.view.said if text == words.FINISH[0]]
    assert asked_up - began == pytest.approx(140.0, abs=0.3)


def test_all_of_it_is_in_the_recording(guided: Guided) -> None:
    assert [e.details["key"] for e in guided.events("key")] == ["pause", "pause", "mark"]
    names = [e.details["name"] for e in guided.events("marker")]
    assert names == ["arrival", "straight", "bent", "arrived", "pause", "resume", "mark", "finish"]
    phases = [e.details["name"] for e in guided.events("phase")]
    assert phases[:4] == ["legs straight", "knees bent", "position", "settling"]
    assert phases[-1] == "over"
    [end] = guided.events("end")
    assert end.details["position_s"] == guided.end.position_s
    assert read_notes(guided.folder).before == Rating(5, None)


def test_it_replays_exactly(guided: Guided) -> None:
    again = replay(guided.recording)
    assert same(again.result.analysis.epochs, guided.end.result.analysis.epochs)
    assert again.result.alerts == guided.end.result.alerts
    assert again.result.reference == guided.end.result.reference
    live = guided.end.live_epochs
    assert same(live, guided.end.result.analysis.epochs[: len(live)])


def test_a_session_stopped_before_a_pose_was_held_is_whole_and_replays() -> None:
    early = Guided(keys={6.0: "finish", 7.0: "finish"}, seconds=120.0)
    assert early.end.stopped
    assert early.end.position_s == 0.0
    assert len(early.end.result.analysis.epochs) >= 6
    again = replay(early.recording).result
    assert same(again.analysis.epochs, early.end.result.analysis.epochs)


def test_a_leg_that_stays_straight_is_told_and_its_knee_stays_unknown() -> None:
    script = session_script(240.0)
    lazy = replace(script, moves=tuple(m for m in script.moves if m.coordinate != "knee_left_deg"))
    wearer = dressed(Body(lazy, seed=1), seed=1, placements={p: SENSOR_NAMES[p] for p in WORN})
    session = Guided(wearer=wearer, keys={120.0: "finish"})
    assert session.texts()[2:6] == ["Your left leg is still straight."] * 3 + [words.POSE_LEFT_OUT]
    assert np.isnan(session.end.result.analysis.epochs.knee_left_deg).all()
    names = [e.details["name"] for e in session.events("marker")]
    assert names == ["arrival", "straight", "arrived", "finish"]


def test_a_quiet_session_tells_nothing_and_keeps_it_for_afterwards() -> None:
    loud = Guided(CourseSettings(minutes=4.0), seconds=300.0)
    quiet = Guided(CourseSettings(minutes=4.0), seconds=300.0, quiet=True)
    assert [a.kind for a in loud.end.result.alerts][:1] == ["knee_drift"]
    assert quiet.end.result.alerts == loud.end.result.alerts
    assert [a.kind for a in loud.view.alerts] == ["knee_drift"]
    assert quiet.view.alerts == []
    assert {e.withheld for e in quiet.end.result.ledger} == {"a quiet session"}
    assert replay(quiet.recording).result.ledger == quiet.end.result.ledger


def test_notes_do_not_keep_an_empty_session_alive(own_home: Path) -> None:
    async def nothing() -> None:
        wearer = dressed(placements={"chest": SENSOR_NAMES["chest"]})
        air = MemoryRadio(wearer.sensors.values(), t_zero_s=0.0)
        found = await scan(2.0, air.radio())
        air.refuse_connects(wearer.sensors["chest"].advert.address, 1000)
        plan = SessionPlan(assign({}, found), air.radio())
        await run_recorded(
            plan, About(START, "test", before=Rating(1, 1)), Listener(), t_zero_s=0.0
        )

    with (
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
        pytest.raises(UserError, match="no sensor"),
    ):
        runner.run(nothing())
    assert list((own_home / "sessions").iterdir()) == []


def test_the_wearers_height_reaches_the_analysis_and_a_replay_knows_it() -> None:
    def knee_deg(height_m: float | None) -> float:
        placements = {p: SENSOR_NAMES[p] for p in ("chest", "left_thigh")}
        wearer = dressed(Body(session_script(120.0), seed=1), seed=1, placements=placements)
        session = Guided(
            CourseSettings(minutes=1.5), wearer=wearer, keys={55.0: "finish", 60.0: "finish"},
            height_m=height_m,
        )  # fmt: skip
        epochs = session.end.result.analysis.epochs
        assert same(replay(session.recording).result.analysis.epochs, epochs)
        return float(np.nanmedian(epochs.knee_left_deg[45:55]))

    assert knee_deg(2.1) != knee_deg(1.5)
    assert knee_deg(None) == pytest.approx(90.0, abs=10.0)  # one sensor: an estimate
