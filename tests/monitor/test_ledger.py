"""One session with a drift and a double tap: heard, remembered, replayed and explained."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devices.link import scan
from devices.simulated.body import Body
from devices.simulated.script import knee_drift, session_script
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.peripheral import MotionTrack
from devices.virtual.wearer import SENSOR_NAMES, dressed
from monitor import home
from monitor.alerts.settings import AlertSettings
from monitor.cli import app
from monitor.cues.message import Buzz, Message
from monitor.live.assignment import all_found, assign
from monitor.live.fixed_course import FixedCourse
from monitor.live.pipeline import LiveSettings
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan
from monitor.live.steps import Mark
from monitor.recording.reader import Recording, read_recording
from monitor.recording.replay import recorded_settings, replay
from monitor.result_file import from_json, to_json
from monitor.session_files import write_outputs
from tests.monitor.acting import START, WORN, Listener

MINUTES, DRIFT_S, TAP_S = 3.2, 100.0, 170.0
POSES = (Mark("straight", 5.0, 15.0), Mark("bent", 30.0, 40.0))


@dataclass
class Heard:
    """Whoever gives the cues, listening."""

    messages: list[Message] = field(default_factory=list)

    def give(self, message: Message) -> None:
        self.messages.append(message)

    def attach(self, buzz: Buzz) -> None:
        raise AssertionError("none of these sensors can call")


@dataclass(frozen=True)
class Lived:
    end: SessionEnd
    folder: Path
    heard: Heard
    view: Listener
    recording: Recording


def tapped(track: MotionTrack, at_s: float) -> MotionTrack:
    """The same sensor, struck twice by a finger."""
    acc = track.acc_m_s2.copy()
    for t_s in (at_s, at_s + 0.3):
        acc[(track.t_s >= t_s) & (track.t_s < t_s + 0.02), 0] += 12.0
    return replace(track, acc_m_s2=acc)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    script = session_script(60.0 * MINUTES, seed=2)
    _, moves = knee_drift("left", DRIFT_S, -13.0, held_s=30.0)
    body = Body(replace(script, moves=(*script.moves, *moves)), seed=2)
    wearer = dressed(body, seed=2, placements={p: SENSOR_NAMES[p] for p in WORN})
    thigh = wearer.sensors["left_thigh"]
    thigh._track = tapped(thigh._track, TAP_S)  # type: ignore[attr-defined]
    heard, view = Heard(), Listener()

    async def run() -> tuple[SessionEnd, Path]:
        t_zero_s = asyncio.get_running_loop().time()
        radio = MemoryRadio(list(wearer.sensors.values()), t_zero_s=t_zero_s).radio()
        wanted = {p: x.advert.address for p, x in wearer.sensors.items()}
        found = await scan(2.0, radio, lambda seen: all_found(wanted, seen))
        plan = SessionPlan(assign(wanted, found), radio, course=FixedCourse(60.0 * MINUTES, POSES))
        settings = LiveSettings(alerts=AlertSettings(snooze_min=2.0))
        return await run_recorded(
            plan, About(START, "test", simulated=True), view,
            t_zero_s=t_zero_s, settings=settings, cues=heard,
        )  # fmt: skip

    was = os.environ.get(home.HOME_VARIABLE)
    os.environ[home.HOME_VARIABLE] = str(tmp_path_factory.mktemp("home"))
    try:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            end, folder = runner.run(run())
        write_outputs(folder, end.result)
        yield Lived(end, folder, heard, view, read_recording(folder / home.RECORDING_NAME))
    finally:
        if was is None:
            del os.environ[home.HOME_VARIABLE]
        else:
            os.environ[home.HOME_VARIABLE] = was


def test_a_drift_is_cued_within_25_s_thanked_for_and_a_double_tap_confirmed(lived: Lived) -> None:
    kinds = [(m.kind, m.level) for m in lived.heard.messages]
    assert kinds == [("alert", 0), ("corrected", 0), ("guide", 0)]
    assert "left foot has slid away" in lived.heard.messages[0].text
    assert lived.heard.messages[2].text == "No cues for 2 minutes."
    [entry] = [e for e in lived.end.result.ledger if e.alert.kind == "knee_drift"]
    assert entry.delivered_s is not None
    assert DRIFT_S < entry.delivered_s < DRIFT_S + 25.0
    assert entry.corrected_s is not None
    assert DRIFT_S + 50.0 < entry.corrected_s < DRIFT_S + 56.0


def test_only_what_was_told_is_shown_and_every_alert_is_in_the_ledger(lived: Lived) -> None:
    result = lived.end.result
    assert [e.alert for e in result.ledger] == list(result.alerts)
    assert lived.view.alerts == [e.alert for e in result.ledger if e.delivered_s is not None]


def test_how_late_each_cue_was_is_recorded_and_in_virtual_time_none_is(lived: Lived) -> None:
    told = [e for e in lived.recording.events if e.kind == "told"]
    assert len(told) == len(lived.heard.messages)
    assert [e.details["late_s"] for e in told] == [0.0] * len(told)


def test_a_replay_gives_the_identical_ledger(lived: Lived) -> None:
    assert len(lived.end.result.ledger) > 0
    assert replay(lived.recording).result.ledger == lived.end.result.ledger


def test_on_a_day_without_cues_the_replay_withholds_what_was_told(lived: Lived) -> None:
    settings = recorded_settings(lived.recording)
    silent = replace(settings.alerts, without_cues=True)
    ledger = replay(lived.recording, replace(settings, alerts=silent)).result.ledger
    assert [e.alert for e in ledger] == [e.alert for e in lived.end.result.ledger]
    assert all(e.delivered_s is None for e in ledger if e.alert.kind == "knee_drift")


def test_the_ledger_survives_its_file(lived: Lived) -> None:
    read = from_json(to_json(lived.end.result)).ledger
    assert [e.delivered_s for e in read] == [e.delivered_s for e in lived.end.result.ledger]
    assert to_json(from_json(to_json(lived.end.result))) == to_json(lived.end.result)


def test_why_explains_it_in_two_lines(lived: Lived) -> None:
    result = CliRunner().invoke(app, ["why", str(lived.folder), "1"])
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    own_deg = lived.end.result.ledger[0].alert.reference
    assert f"straighter than your own {own_deg:.0f}" in said
    assert "You were told softly at 01:5" in said
    assert "more than 8 degrees away for too long (10 s at 10 degrees, 5 s at 12)" in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_an_alert_that_does_not_exist_is_refused_with_their_number(lived: Lived) -> None:
    result = CliRunner().invoke(app, ["why", str(lived.folder), "99"])
    n = len(lived.end.result.ledger)
    assert f"has {n} alert{'s' * (n != 1)}, none is number 99" in str(result.exception)


def test_with_a_wider_limit_the_replay_says_nothing(lived: Lived) -> None:
    path = str(lived.folder / home.RECORDING_NAME)
    result = CliRunner().invoke(app, ["replay", path, "--set", "alerts.enter_deg=20"])
    said = " ".join(result.stdout.split())
    assert "only then: The left knee is at" in said
    assert "with alerts.enter_deg=20, and 0 cues for them." in said


def test_the_double_tap_is_felt_at_its_time(lived: Lived) -> None:
    [snoozed] = [e for e in lived.recording.events if e.kind == "told" and "No cues" in str(e)]
    # known half a second after the second tap, when no third came; told at the next step's tick
    assert TAP_S + 0.8 < snoozed.t_s < TAP_S + 1.7
