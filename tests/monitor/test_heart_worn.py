"""A heart-rate sensor beside the motion sensors: its beats count, and it is listed as worn."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from devices.chunk import HeartChunk
from devices.link import Found, scan
from devices.virtual.heart_rate_peripheral import VirtualHeartRate
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.peripheral import Peripheral
from monitor import home
from monitor.errors import UserError
from monitor.exchange.session_csv import raw_session
from monitor.live.assignment import assign, parse_sensors
from monitor.live.fixed_course import FixedCourse
from monitor.live.heart_worn import HeartChoice, HeartLog
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan
from monitor.recording.reader import read_recording
from monitor.recording.replay import replay
from monitor.report.page import html_page
from monitor.report.terminal import summary_text
from monitor.result_file import from_json, to_json
from tests.monitor.acting import START, Listener, same, small_wearer

pytestmark = pytest.mark.usefixtures("own_home")

BELT = "TICKR 1A2B"
STRAP = "Polar H10 51A0BACK"
BELT_PER_MIN = 48.0  # far from the wearer's own, so that it shows whose beats are believed
SECONDS = 40.0


def belt() -> VirtualHeartRate:
    return VirtualHeartRate(BELT, np.arange(0.0, 200.0, 60.0 / BELT_PER_MIN))


class Stage:
    """A session with sensors in memory; `happening` gets the air when the time has come."""

    def __init__(self, sensors: Mapping[str, Peripheral], seconds: float = SECONDS) -> None:
        self.view = Listener()
        self.air = MemoryRadio(sensors.values(), t_zero_s=0.0)
        self.wanted = {p: s.advert.address for p, s in sensors.items()}
        self.seconds = seconds

    def run(self, happening: Callable[[], Any] | None = None, at_s: float = 0.0) -> SessionEnd:
        async def go() -> Any:
            radio = self.air.radio()
            found = await scan(2.0, radio)
            course = FixedCourse(self.seconds)
            plan = SessionPlan(assign(self.wanted, found), radio, course=course)
            if happening:
                asyncio.get_running_loop().call_at(at_s, happening)
            return await run_recorded(plan, About(START, "test"), self.view, t_zero_s=0.0)

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            end, self.folder = runner.run(go())
        self.recording = read_recording(self.folder / home.RECORDING_NAME)
        return end  # type: ignore[no-any-return]


def found_of(*sensors: Peripheral) -> list[Found]:
    async def main() -> list[Found]:
        return await scan(1.0, MemoryRadio(sensors).radio())

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


# --- in a session ----------------------------------------------------------------------------


def test_a_belt_beside_a_motion_sensor_gives_the_heart_rate_and_is_listed() -> None:
    thigh = small_wearer().sensors["left_thigh"]
    stage = Stage({"left_thigh": thigh, "heart": belt()})
    end = stage.run()
    result = end.result
    known = result.analysis.epochs.heart_per_min[15:]
    np.testing.assert_allclose(known, BELT_PER_MIN, atol=0.2)
    assert result.sensors_worn["heart"] == BELT
    told = result.analysis.sensors["heart"]
    assert told.n_samples == end.n_received["heart"] - 1  # the battery was read once
    assert told.fs_hz == pytest.approx(1.0, abs=0.05)
    assert told.coverage > 0.85
    assert (told.n_lost, result.loss_by["heart"]) == (0, "estimated")
    assert any("heart-rate sensor's own beats" in note for note in result.analysis.notes)
    assert stage.view.statuses[-1].update.heart_source == "heart"
    assert stage.view.statuses[-1].update.health["heart"].battery_percent == 80.0
    for text in (html_page(result), summary_text(result), to_json(result)):
        assert "heart" in text
    assert BELT in html_page(result)


def test_the_belt_is_preferred_over_the_strap_and_the_strap_stands_in_for_it() -> None:
    strap, worn = small_wearer().sensors["chest"], belt()
    own_per_min = Stage({"chest": strap}).run().result.analysis.epochs.heart_per_min
    stage = Stage({"chest": small_wearer().sensors["chest"], "heart": worn}, seconds=80.0)
    end = stage.run(lambda: setattr(worn, "worn", False), at_s=40.0)
    epochs = end.result.analysis.epochs
    np.testing.assert_allclose(epochs.heart_per_min[20:40], BELT_PER_MIN, atol=0.2)
    later = epochs.heart_per_min[65:]
    assert abs(np.median(later) - np.nanmedian(own_per_min)) < 5.0
    assert abs(np.median(later) - BELT_PER_MIN) > 5.0
    assert stage.view.statuses[-1].update.heart_source == "chest"
    rates = np.array([rate for _, rate, _ in raw_session(stage.folder).beats])
    assert set(rates[:30]) == {BELT_PER_MIN}  # each beat is exported once
    assert abs(np.nanmedian(rates[-10:]) - BELT_PER_MIN) > 5.0
    again = replay(stage.recording).result
    assert same(again.analysis.epochs, epochs)
    assert again.analysis.sensors == end.result.analysis.sensors
    assert again.loss_by == end.result.loss_by


def test_a_belt_alone_is_a_session() -> None:
    end = Stage({"heart": belt()}).run()
    assert end.result.analysis.epochs.heart_per_min[-1] == pytest.approx(BELT_PER_MIN, abs=0.2)
    assert np.isnan(end.result.analysis.epochs.stillness).all()
    assert list(end.result.analysis.sensors) == ["heart"]
    assert from_json(to_json(end.result)).loss_by == {"heart": "estimated"}


def test_a_belt_that_is_lost_is_told_and_a_belt_without_contact_says_why() -> None:
    stage = Stage({"heart": belt()})
    address = stage.wanted["heart"]
    end = stage.run(lambda: stage.air.drop(address, away_s=8.0), at_s=15.0)
    [alert] = end.result.alerts
    assert "The heart sensor has not been heard" in alert.reason
    assert end.result.analysis.sensors["heart"].n_lost >= 7
    [back] = [text for _, text in stage.view.said if "back" in text]
    assert back.startswith("The heart sensor is back after ")
    loose = belt()
    loose.worn = False
    [problem] = Stage({"heart": loose}).run().result.analysis.sensors["heart"].problems
    assert "no contact" in problem


def test_a_strap_worn_for_its_pulse_alone_says_nothing_about_a_segment() -> None:
    stage = Stage({"heart": small_wearer().sensors["chest"]}, seconds=20.0)
    end = stage.run()
    assert np.isfinite(end.result.analysis.epochs.heart_per_min[-1])
    assert np.isnan(end.result.analysis.epochs.stillness).all()
    raw = raw_session(stage.folder)
    assert dict(raw.sensors) == {}
    assert len(raw.beats) > 10


# --- who may be worn as what -----------------------------------------------------------------


def test_heart_is_a_placement_and_one_strap_may_be_both() -> None:
    assert parse_sensors([f"heart={BELT}"]) == {"heart": BELT}
    both = parse_sensors([f"chest={STRAP}", f"heart={STRAP}"])
    strap = small_wearer().sensors["chest"]
    assert list(assign(both, found_of(strap))) == ["chest"]


def test_a_sensor_that_cannot_tell_what_its_placement_is_for_is_refused() -> None:
    near = found_of(belt(), small_wearer().sensors["left_thigh"])
    with pytest.raises(UserError, match="WT901BLE61 tells no heart rate"):
        assign({"heart": "WT901BLE61"}, near)
    with pytest.raises(UserError, match="tells heart rate only, nothing about the left thigh") as e:
        assign({"left_thigh": BELT}, near)
    with pytest.raises(UserError) as unsaid:
        assign({}, found_of(belt()))
    assert f"--sensor heart='{BELT}'" in unsaid.value.hint
    assert f"heart='{BELT}'" in e.value.hint


# --- the parts -------------------------------------------------------------------------------

NONE = np.array([])


def test_one_source_at_a_time_and_another_after_five_seconds_of_silence() -> None:
    choice = HeartChoice()
    said = [("chest", HeartChunk(t, 70.0, NONE)) for t in (0.5, 1.5, 6.0, 7.5)]
    heart = HeartChunk(1.0, 60.0, NONE)
    told = [c.heart_per_min for c in choice.choose([*said[:2], ("heart", heart)])]
    assert told == [60.0]
    assert choice.choose(said[2:3]) == []
    assert [c.t_arrival_s for c in choice.choose(said[3:])] == [7.5]
    assert (choice.source_at(8.0), choice.source_at(13.0)) == ("chest", "")


def test_a_heart_without_contact_silences_nobody() -> None:
    choice = HeartChoice()
    both = [("heart", HeartChunk(1.0, math.nan, NONE)), ("chest", HeartChunk(1.2, 70.0, NONE))]
    assert [c.t_arrival_s for c in choice.choose(both)] == [1.0, 1.2]
    assert choice.source_at(1.5) == "chest"


def test_a_log_of_nothing_says_so() -> None:
    told = HeartLog().summary(10.0)
    assert (told.fs_hz, told.n_samples, told.coverage) == (None, 0, 0.0)
    assert told.problems == ("sent nothing",)
