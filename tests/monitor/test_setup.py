"""Set-up: who is worn where is found by tapping, and what was chosen is stored at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from devices.simulated.imu import STANDARD_GRAVITY_M_S2
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.heart_rate_peripheral import VirtualHeartRate
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.peripheral import MotionTrack, Peripheral
from devices.virtual.witmotion_peripheral import VirtualWitMotion
from monitor import config
from monitor.cli import app
from monitor.commands.setup import find_sensors
from monitor.errors import UserError
from monitor.live.course import CourseSettings
from monitor.live.run import run_session
from monitor.live.tap_assignment import TapAssignment
from monitor.live.tap_setup import Answer
from tests.monitor.acting import START, Listener

pytestmark = pytest.mark.usefixtures("own_home")

SECONDS = 600.0
TAP_M_S2 = 20.0  # a firm finger


def tapped_at(times_s: Sequence[float], fs_hz: float = 200.0) -> MotionTrack:
    """Lying still, with a double tap at each of these times."""
    rng = np.random.default_rng(len(times_s))
    t_s = np.arange(0.0, SECONDS, 1.0 / fs_hz)
    acc = np.tile([0.0, 0.0, STANDARD_GRAVITY_M_S2], (len(t_s), 1))
    acc += 0.03 * rng.standard_normal(acc.shape)
    for first_s in times_s:
        for knock_s in (first_s, first_s + 0.25):
            acc[(t_s >= knock_s) & (t_s < knock_s + 0.015), 2] += TAP_M_S2
    return MotionTrack(t_s, acc, np.zeros_like(acc), np.empty(0))


class Room:
    """Sensors on the air, and a wearer who taps them when asked for in order."""

    def __init__(self, taps: Mapping[str, Sequence[float]], *more: Peripheral) -> None:
        self.sensors: dict[str, Peripheral] = {
            name: VirtualH10(name, replace(tapped_at(times), gyr_rad_s=None))
            if name.startswith("Polar")
            else VirtualWitMotion(name, tapped_at(times), frames_per_notification=None)
            for name, times in taps.items()
        }
        self.air = MemoryRadio([*self.sensors.values(), *more], t_zero_s=0.0)
        self.told: list[str] = []
        self.answers: list[Answer] = []

    def setup(
        self, *named: str, answers: Mapping[float, Answer] | None = None
    ) -> dict[str, str | None]:
        async def run() -> dict[str, str | None]:
            for t_s, answer in (answers or {}).items():
                asyncio.get_running_loop().call_at(t_s, self.answers.append, answer)
            found = await find_sensors(named, 4.0, self.told.append, self._typed, self.air.radio())
            return {p: f.advert.name for p, f in found.items()}

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(run())

    def _typed(self) -> list[Answer]:
        typed = list(self.answers)
        self.answers.clear()
        return typed


def test_each_sensor_goes_where_it_was_tapped_and_is_stored_for_sessions() -> None:
    belt = VirtualHeartRate("TICKR 1A2B", np.arange(0.0, SECONDS))
    room = Room({"WT901BLE62": [40.0], "Polar H10 51A0BACK": [20.0], "WT901BLE61": [30.0]}, belt)
    assert room.setup() == {
        "chest": "Polar H10 51A0BACK",
        "left_thigh": "WT901BLE61",
        "left_shank": "WT901BLE62",
        "heart": "TICKR 1A2B",
    }
    worn = config.load().sensors.worn()
    assert {p: e.driver for p, e in worn.items()} == {
        "chest": "polar_h10",
        "left_thigh": "witmotion",
        "left_shank": "witmotion",
        "heart": "heart_rate",
    }
    assert worn["left_thigh"].address == room.sensors["WT901BLE61"].advert.address
    assert room.told[0].startswith("Put a sensor around your chest")
    assert "That is your left thigh." in room.told


def test_what_was_stored_is_what_a_session_wears() -> None:
    room = Room({"Polar H10 51A0BACK": [20.0], "Polar H10 0THER123": []})
    room.setup("chest=Polar H10 51A0BACK")
    view = Listener()

    async def short() -> None:
        await run_session(
            config.load().sensors.worn(), view, course=CourseSettings(minutes=1.5), search_s=4.0,
            wall_clock=lambda: START, radio=room.air.radio(),
        )  # fmt: skip

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(short())
    assert view.said[0][1] == "chest: Polar H10 51A0BACK"


def test_a_sensor_tapped_again_is_named_and_keys_skip_and_take_back() -> None:
    room = Room({"WT901BLE61": [20.0, 26.0, 46.0], "WT901BLE62": [52.0]})
    chosen = room.setup(answers={36.0: "back", 40.0: "next"})
    # tapped for the chest, taken back, the chest left out, tapped for the thigh
    assert chosen == {"left_thigh": "WT901BLE61", "left_shank": "WT901BLE62"}
    assert "That one is your chest already. Tap the sensor on your left thigh." in room.told


def test_a_placement_that_nobody_taps_is_asked_again_then_left_empty() -> None:
    room = Room({"WT901BLE61": [120.0]})
    assert room.setup() == {"left_thigh": "WT901BLE61"}
    assert any(words.startswith("No double tap was felt yet") for words in room.told)
    assert "Nothing for the chest, then." in room.told


def test_a_sensor_that_does_not_answer_is_named_and_the_others_go_on() -> None:
    room = Room({"WT901BLE61": [50.0], "WT901BLE62": []})
    room.air.refuse_connects(room.sensors["WT901BLE62"].advert.address, 1000)
    assert room.setup() == {"chest": "WT901BLE61"}
    assert room.told[0] == "WT901BLE62 does not answer (held by a phone?). We go on without it."


def test_without_any_sensor_or_tap_it_says_what_to_do_and_stores_nothing() -> None:
    with pytest.raises(UserError, match="could be tapped") as caught:
        Room({}).setup()
    assert "scan" in caught.value.hint
    with pytest.raises(UserError, match="no sensor was tapped") as caught:
        Room({"WT901BLE61": []}).setup()
    assert "--sensor chest=NAME" in caught.value.hint
    silent = Room({"WT901BLE61": []})
    silent.air.refuse_connects(silent.sensors["WT901BLE61"].advert.address, 1000)
    with pytest.raises(UserError, match=r"no sensor began to stream .WT901BLE61."):
        silent.setup()
    assert not config.config_path().exists()


def test_the_assignment_ends_when_every_place_was_asked_for() -> None:
    asked = TapAssignment(["A", "B"], ["chest", "head"])
    asked.skip()
    assert asked.tapped("B") == "That is your head."
    assert (asked.is_done, asked.asked, asked.tapped("A")) == (True, "", "")
    asked.back()
    assert asked.asked == "head"
    asked.back()
    asked.back()
    assert asked.asked == "chest"


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["1.75", "175"])
def test_height_is_stored_without_a_question(said: str) -> None:
    done = CliRunner().invoke(app, ["setup", "--height", said, "--minutes", "20"])
    assert done.exit_code == 0, done.output
    read = config.load()
    assert (read.wearer.height_m, read.session.minutes) == (1.75, 20.0)
    assert str(config.config_path()) in done.output.replace("\n", "")


def test_a_height_that_nobody_has_is_a_usage_error() -> None:
    done = CliRunner().invoke(app, ["setup", "--height", "17.5"])
    assert getattr(done.exception, "status", None) == 2
    assert "tall" in str(done.exception)


def test_one_step_asks_until_the_answer_can_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.commands.setup._asks", lambda: True)
    done = CliRunner().invoke(app, ["setup", "height", "cues"], input="tall\n9\n1,8\nbel\nbell\n\n")
    assert done.exit_code == 0, done.output
    assert "'tall' is no number" in done.output
    assert "nobody is 0.09 m tall" in done.output
    assert "one of bell, speech" in done.output
    assert config.load().wearer.height_m == 1.8
    assert config.load().cues == {"alerts": ["bell"]}
