"""A session starts with whom it finds, survives what happens, and ends in order."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import InputError
from devices.driver import Notification
from devices.link import LinkEvent, LinkState, scan
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import AirSettings, MemoryRadio
from monitor import home
from monitor.errors import UserError
from monitor.live import words
from monitor.live.assignment import assign, parse_sensors
from monitor.live.collector import Collector
from monitor.live.course import CourseSettings
from monitor.live.fixed_course import FixedCourse
from monitor.live.pipeline import LivePipeline
from monitor.live.recorded import About, run_recorded
from monitor.live.run import run_session
from monitor.live.session import SessionEnd, SessionPlan
from monitor.recording.reader import read_recording
from monitor.recording.replay import replay
from tests.monitor.acting import START, Listener, same, small_wearer

pytestmark = pytest.mark.usefixtures("own_home")
CHEST = "Polar H10 51A0BACK"


class Stage:
    """A wearer with a chest strap on the air, and a session that runs for some seconds."""

    def __init__(self, seconds: float = 20.0) -> None:
        self.view = Listener()
        self.course = FixedCourse(seconds)
        self.strap = small_wearer().sensors["chest"]
        self.address = self.strap.advert.address
        self.air = MemoryRadio([self.strap], t_zero_s=0.0)

    def run(self, happening: Callable[[], Any] | None = None, at_s: float = 0.0) -> SessionEnd:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            end, self.folder = runner.run(self._run(happening, at_s))
        self.recording = read_recording(self.folder / home.RECORDING_NAME)
        return end

    async def _run(self, happening: Callable[[], Any] | None, at_s: float) -> Any:
        radio = self.air.radio()
        found = await scan(2.0, radio, bool)
        plan = SessionPlan(assign({"chest": CHEST}, found), radio, course=self.course)
        loop = asyncio.get_running_loop()
        if happening:
            loop.call_at(at_s, happening)
        return await run_recorded(plan, About(START, "test"), self.view, t_zero_s=0.0)


def test_a_session_ends_with_its_course_and_everything_sent_is_stored() -> None:
    stage = Stage()
    end = stage.run()
    assert not end.stopped
    assert end.t_end_s == pytest.approx(20.0, abs=0.11)
    assert stage.recording.whole
    assert len(stage.recording.notifications("chest")) == end.n_received["chest"]
    assert stage.strap.n_sent > 1500  # type: ignore[attr-defined]
    assert end.result.analysis.sensors["chest"].n_lost == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_in_order_with_a_whole_recording(number: signal.Signals) -> None:
    stage = Stage(seconds=3600.0)
    end = stage.run(lambda: os.kill(os.getpid(), number), at_s=12.0)
    assert end.stopped
    assert 12.0 <= end.t_end_s < 3600.0
    assert stage.recording.whole
    assert [e.kind for e in stage.recording.events][-1] == "end"
    assert end.result.analysis.duration_s == pytest.approx(end.t_end_s, abs=0.2)
    states = [e.details["state"] for e in stage.recording.events if e.kind == "link"]
    assert states == ["connecting", "streaming", "stopped"]


def test_a_link_that_breaks_is_told_leaves_a_gap_and_comes_back() -> None:
    stage = Stage(seconds=40.0)
    end = stage.run(lambda: stage.air.drop(stage.address, away_s=8.0), at_s=15.0)
    [alert] = end.result.alerts
    assert alert.kind == "sensor_lost"
    assert 17.5 < alert.t_s < 18.5
    [gap] = end.result.gaps
    assert 14.0 < gap.start_s < 15.5
    assert 22.0 < gap.end_s < 32.0
    assert "broke" in gap.reason
    assert stage.view.alerts == [alert]
    assert end.result.analysis.sensors["chest"].coverage < 0.9
    said = [e.details["alert"]["reason"] for e in stage.recording.events if e.kind == "alert"]
    assert said == [alert.reason]


def test_a_session_with_breaks_and_a_bad_air_replays_exactly() -> None:
    stage = Stage(seconds=60.0)
    stage.air = MemoryRadio(
        [stage.strap], t_zero_s=0.0, settings=AirSettings(missed=0.2, jitter_s=0.2, seed=3)
    )

    def trouble() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(5.0, stage.air.drop, stage.address, 4.0)
        loop.call_later(25.0, stage.air.silence, stage.address, 7.0)

    end = stage.run(trouble, at_s=5.0)
    again = replay(stage.recording).result
    assert len(end.result.gaps) == 2
    assert [a.kind for a in end.result.alerts] == ["sensor_lost", "sensor_lost"]
    assert same(again.analysis.epochs, end.result.analysis.epochs)
    assert (again.alerts, again.gaps) == (end.result.alerts, end.result.gaps)
    assert again.analysis.sensors == end.result.analysis.sensors


def test_an_error_in_the_middle_comes_out_alone_and_the_recording_stays(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise InputError("a value that cannot be", hint="Say so.")

    stage = Stage()
    with pytest.raises(InputError, match="a value that cannot be"):
        stage.run(lambda: monkeypatch.setattr(LivePipeline, "advance", broken), at_s=10.0)
    [folder] = (own_home / "sessions").iterdir()
    recording = read_recording(folder / home.RECORDING_NAME)
    assert recording.last_t_s >= 9.9
    assert recording.whole


def test_a_disk_that_fills_up_is_said_and_the_session_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(seconds=30.0)

    def fill() -> None:
        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("monitor.recording.writer.os.write", full)

    end = stage.run(fill, at_s=10.0)
    monkeypatch.undo()
    [(_, said)] = [s for s in stage.view.said if "disk" in s[1]]
    assert end.stored_s is not None
    assert f"up to {end.stored_s:.0f} s" in said
    assert "goes on without being recorded" in said
    assert end.t_end_s == pytest.approx(30.0, abs=0.11)
    assert len(end.result.analysis.epochs) >= 29
    assert not stage.recording.whole
    assert stage.recording.n_damaged == 0
    assert stage.recording.last_t_s < 12.0


def test_when_no_sensor_streams_it_says_so_and_leaves_no_folder(own_home: Path) -> None:
    stage = Stage()
    stage.air.refuse_connects(stage.address, 1000)

    async def hopeless() -> None:
        await run_session(
            {"chest": CHEST}, stage.view, course=CourseSettings(minutes=2.0), search_s=2.0,
            wall_clock=lambda: START, radio=stage.air.radio(),
        )  # fmt: skip

    with (
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
        pytest.raises(UserError, match="no sensor began to stream within 30 s") as caught,
    ):
        runner.run(hopeless())
    assert "scan" in caught.value.hint
    assert list((own_home / "sessions").iterdir()) == []


def test_it_starts_without_a_missing_sensor_and_says_who() -> None:
    wearer, view = small_wearer(), Listener()
    air = MemoryRadio(wearer.sensors.values(), t_zero_s=0.0)
    air.refuse_connects(wearer.sensors["left_shank"].advert.address, 1000)
    wanted = {p: s.advert.address for p, s in wearer.sensors.items()}
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        end, folder = runner.run(
            run_session(
                wanted,
                view,
                course=CourseSettings(minutes=1.5),
                search_s=2.0,
                wall_clock=lambda: START,
                radio=air.radio(),
            )
        )
    texts = [text for _, text in view.said]
    assert "Starting without: left shank." in texts
    assert words.STRAIGHT in texts
    assert end.t_end_s > 30.0 + 90.0 - 1.0  # it waited for the shank, then took its 90 s
    [gap] = [g for g in end.result.gaps if g.placement == "left_shank"]
    assert gap.end_s == pytest.approx(end.t_end_s, abs=0.2)
    events = read_recording(folder / home.RECORDING_NAME).events
    markers = {e.details["name"]: e.details for e in events if e.kind == "marker"}
    assert markers["arrival"]["start_s"] == pytest.approx(30.0, abs=0.5)


# --- the collector ---------------------------------------------------------------------------


class Ledger:
    """A store and a pipeline that write down who was called in which order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def batch(self, placement: str, t_s: float, batch: Any) -> None:
        self.calls.append(("stored", [n.t_arrival_s for n in batch]))

    def event(self, kind: str, t_s: float, **details: Any) -> None:
        self.calls.append(("stored event", details["state"]))

    def feed(self, placement: str, batch: Any) -> None:
        self.calls.append(("analysed", [n.t_arrival_s for n in batch]))

    def link_event(self, placement: str, t_s: float, state: str, detail: str) -> None:
        self.calls.append(("analysed event", state))


def test_raw_first_and_events_after_what_came_before_them() -> None:
    ledger: Any = Ledger()
    collector = Collector({"chest": "polar_h10"}, ledger, ledger)
    for t_s in (0.1, 0.2000000004):
        collector.ear("chest")(Notification(t_s, "u", b""))
    collector.on_event("chest", LinkEvent(0.25, LinkState.LOST, "gone"))
    collector.ear("chest")(Notification(0.3, "u", b""))
    collector.flush(0.4)
    collector.flush(0.5)
    assert ledger.calls == [
        ("stored", [0.1, 0.2]),
        ("analysed", [0.1, 0.2]),
        ("stored event", "lost"),
        ("analysed event", "lost"),
        ("stored", [0.3]),
        ("analysed", [0.3]),
    ]
    assert collector.n_received == {"chest": 3}


# --- who is worn where -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chest"], "'chest' does not say which sensor"),
        (["belly=X"], "no placement 'belly'"),
        (["chest=A", "chest=B"], "two sensors for chest: 'A' and 'B'"),
        (["chest=A", "head=A"], "'A' cannot be worn in two places"),
    ],
)
def test_a_wrong_assignment_is_named(words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_sensors(words)


def found_in(air: MemoryRadio) -> Any:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scan(1.0, air.radio()))


def test_one_strap_is_taken_without_being_named_and_a_missing_sensor_is_named() -> None:
    sensors = small_wearer().sensors
    found = found_in(MemoryRadio(sensors.values()))
    assert assign({}, found)["chest"].advert.name == CHEST
    with pytest.raises(UserError, match=r"'nix' for head was not found .near: .*WT901BLE61"):
        assign({"head": "nix"}, found)
    with pytest.raises(UserError, match="2 sensors are called 'WT901'"):
        assign({"head": "WT901"}, found)


def test_without_a_strap_nothing_is_guessed() -> None:
    thigh = small_wearer().sensors["left_thigh"]
    with pytest.raises(UserError, match=r"not plain which sensor is worn where .near: WT901BLE61"):
        assign({}, found_in(MemoryRadio([thigh])))
    with pytest.raises(UserError, match="no sensor was found") as caught:
        assign({}, [])
    assert "backrelease demo" in caught.value.hint
