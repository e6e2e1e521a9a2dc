"""A sensor that goes and comes is told once each way, and every loss says how it is known."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from rich.console import Console

from devices.driver import ClockKind, Notification, StreamInfo
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from monitor import home
from monitor.live.course import CourseSettings
from monitor.live.pipeline import LivePipeline
from monitor.live.run import run_session
from monitor.live.sensor import SensorHealth
from monitor.live.session import Status
from monitor.recording.reader import read_recording
from monitor.recording.replay import replay
from monitor.report.page import html_page
from monitor.report.terminal import summary_text
from monitor.result import LossBy
from monitor.screen.layout import lost_words, sensor_cells
from monitor.screen.view import PlainView, ScreenView
from tests.monitor.acting import START, Listener, Played, small_wearer
from tests.monitor.test_session import Stage

H10_HEART = "00002a37-0000-1000-8000-00805f9b34fb"
H10 = StreamInfo(fs_hz=100.0, acc_range_g=4.0, has_gyro=False, clock=ClockKind.DEVICE)


def beat(t_s: float) -> Notification:
    return Notification(t_s, H10_HEART, bytes([0x00, 61]))


def health(n_lost: int, by: LossBy) -> SensorHealth:
    update = LivePipeline(("chest",)).advance(0.0)
    return replace(update.health["chest"], n_lost=n_lost, loss_by=by)


# --- lost and back ---------------------------------------------------------------------------


def test_back_is_told_once_with_how_long_it_was_away() -> None:
    pipeline = LivePipeline(("left_thigh",))
    pipeline.stream_started("left_thigh", "polar_h10", H10, 0.5)
    pipeline.feed("left_thigh", [beat(1.0), beat(2.0)])
    pipeline.advance(8.0)
    pipeline.link_event("left_thigh", 8.5, "lost", "the link broke")
    pipeline.stream_started("left_thigh", "polar_h10", H10, 13.0)
    pipeline.feed("left_thigh", [beat(14.0), beat(15.0)])
    looks = (13.5, 14.0, 14.5, 15.0, 20.0)
    told = [words for t_s in looks for words in pipeline.advance(t_s).notices]
    assert told == ["The left thigh sensor is back after 12 s."]


def test_a_pause_that_nobody_was_told_of_ends_without_a_word() -> None:
    pipeline = LivePipeline(("chest",))
    pipeline.stream_started("chest", "polar_h10", H10, 0.5)
    pipeline.feed("chest", [beat(1.0), beat(3.9), beat(4.5)])
    update = pipeline.advance(6.0)
    assert (update.alerts, update.notices) == ((), ())


@pytest.mark.usefixtures("own_home")
def test_in_a_session_lost_and_back_are_said_once_and_recorded() -> None:
    stage = Stage(seconds=60.0)

    def trouble() -> None:
        stage.air.drop(stage.address, away_s=8.0)
        asyncio.get_running_loop().call_later(25.0, stage.air.drop, stage.address, 1.0)

    end = stage.run(trouble, at_s=15.0)
    said = [text for _, text in stage.view.said if "sensor" in text]
    backs = [text for text in said if "is back after" in text]
    losses = [a for a in end.result.alerts if a.kind == "sensor_lost"]
    assert len(losses) == len(backs) == len(said) in {1, 2}  # the short break may pass untold
    notices = [e.details["text"] for e in stage.recording.events if e.kind == "notice"]
    assert notices == said
    assert replay(stage.recording).result.alerts == end.result.alerts


@pytest.mark.usefixtures("own_home")
def test_a_sensor_that_comes_after_the_start_is_welcomed_once() -> None:
    wearer, view = small_wearer(), Listener()
    air = MemoryRadio(wearer.sensors.values(), t_zero_s=0.0)
    shank = wearer.sensors["left_shank"].advert.address
    air.refuse_connects(shank, 1000)
    wanted = {p: s.advert.address for p, s in wearer.sensors.items()}

    async def main() -> None:
        asyncio.get_running_loop().call_at(45.0, air.refuse_connects, shank, 0)
        _, folder = await run_session(
            wanted,
            view,
            course=CourseSettings(minutes=1.5),
            search_s=2.0,
            wall_clock=lambda: START,
            radio=air.radio(),
        )
        recording = read_recording(folder / home.RECORDING_NAME)
        assert any(e.kind == "notice" for e in recording.events)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    texts = [text for _, text in view.said]
    assert texts.count("Starting without: left shank.") == 1
    assert texts.count("The left shank sensor is here now.") == 1


# --- loss, and how it is known ---------------------------------------------------------------


def test_the_panel_and_the_lines_tell_counted_from_estimated() -> None:
    assert sensor_cells(health(12, "counted"))[2] == "12"
    assert sensor_cells(health(300, "estimated"))[2] == "~300"
    assert sensor_cells(health(0, ""))[2] == "0"
    several = [health(12, "counted"), health(3, "counted"), health(300, "estimated")]
    assert lost_words(several) == "15 counted + 300 estimated"
    assert lost_words([health(0, "counted")]) == "0"
    update = LivePipeline(("chest",)).advance(0.0)
    status = Status(
        0.0, "rest", None, None, "", replace(update, health={"chest": several[2]}), (), 0.0, False
    )
    lines: list[str] = []
    PlainView(lines.append).show(status)
    assert "lost 300 estimated" in lines[0]
    console = Console(width=80, height=24)
    view = ScreenView(console)
    view.show(status)
    with console.capture() as shown:
        console.print(view.render())
    assert "lost ~300" in shown.get()


def test_the_report_says_how_each_loss_is_known(played: Played) -> None:
    result = played.end.result
    assert result.loss_by == {
        "chest": "counted",
        "left_thigh": "estimated",
        "left_shank": "estimated",
    }
    page, text = html_page(result), summary_text(result)
    for shown in (page, text):
        assert "0 (counted)" in shown
        assert "0 (estimated)" in shown
    assert played.view.statuses[-1].update.health["chest"].loss_by == "counted"


@pytest.mark.usefixtures("own_home")
def test_what_a_break_cost_is_an_estimate_even_for_a_sensor_that_counts() -> None:
    stage = Stage(seconds=30.0)
    end = stage.run(lambda: stage.air.drop(stage.address, away_s=5.0), at_s=10.0)
    assert end.result.loss_by == {"chest": "estimated"}
    assert end.result.analysis.sensors["chest"].n_lost > 400
