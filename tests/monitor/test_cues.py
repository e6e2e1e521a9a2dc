"""Cues: what is heard, who is asked, and that nothing about them can stop a session."""

from __future__ import annotations

import asyncio
import io
import threading
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.cues import channel as channel_module
from monitor.cues.bell import FS_HZ, Bell, bell, wav
from monitor.cues.channel import Ability, CueFailed, run
from monitor.cues.choices import ChannelName, CueChoices, channels
from monitor.cues.message import EXAMPLES, Message, MessageKind
from monitor.cues.player import Cues
from monitor.cues.sensor import Sensor, calling
from monitor.cues.speech import Speech
from monitor.cues.terminal import Terminal
from monitor.errors import UserError, WrongUsage

DRIFT = Message("Your left foot has slid away.", "alert", 0)


@dataclass
class Fake:
    """A channel that remembers, or fails, or hangs."""

    name: str
    needs_words: bool = False
    fails: bool = False
    hangs: threading.Event | None = None
    given: list[Message] = field(default_factory=list)

    def ability(self) -> Ability:
        return Ability(can=True)

    def give(self, message: Message) -> None:
        if self.hangs:
            self.hangs.wait(5.0)
        if self.fails:
            raise CueFailed(f"the {self.name} is broken", hint="Mend it.")
        self.given.append(message)


def played(
    messages: list[Message], choices: CueChoices | None = None, *, broken: tuple[str, ...] = ()
) -> tuple[dict[str, list[Message]], list[str]]:
    """What each channel was given, and what was said of troubles."""
    made: dict[ChannelName, Fake] = {
        name: Fake(name, name in {"speech", "desktop"}, name in broken)
        for name in get_args(ChannelName)
    }
    troubles: list[str] = []
    with Cues(choices, on_trouble=troubles.append, made=made) as cues:
        for message in messages:
            cues.give(message)
    return {name: fake.given for name, fake in made.items() if fake.given}, troubles


# --- the bells, measured --------------------------------------------------------------------------


def envelope(sound: np.ndarray, window_s: float = 0.01) -> np.ndarray:
    n = round(window_s * FS_HZ)
    rows = sound[: len(sound) // n * n].reshape(-1, n)
    return np.abs(rows).max(axis=1)


@pytest.mark.parametrize("kind", get_args(MessageKind))
def test_a_bell_rises_in_10_to_30_ms_and_is_gone_within_two_seconds(kind: MessageKind) -> None:
    sound = bell(kind)
    peak = np.abs(sound).max()
    rise_s = np.argmax(np.abs(sound) > 0.9 * peak) / FS_HZ
    assert 0.008 < rise_s < 0.030
    heard = envelope(sound)
    # -40 dB, where a soft sound is lost in a quiet room
    lasts_s = 0.01 * (np.flatnonzero(heard > 0.01 * peak)[-1] + 1)
    assert 0.9 < lasts_s < 1.8
    assert np.abs(sound[-5:]).max() < 1e-4 * peak  # it ends without a click
    assert abs(sound[0]) < 1e-6


def test_it_decays_it_does_not_drone() -> None:
    heard = envelope(bell(), 0.1)[1:]
    assert (np.diff(heard) < 0).all()


def test_each_level_is_about_twice_as_loud_and_none_is_loud() -> None:
    peaks_db = [20 * np.log10(np.abs(bell(level=k)).max()) for k in range(3)]
    assert np.diff(peaks_db) == pytest.approx([6.0, 4.9], abs=0.3)
    assert max(peaks_db) < -9.0


def test_the_loudest_is_struck_twice() -> None:
    heard = envelope(bell(level=2), 0.05)
    onsets = np.flatnonzero(np.diff(heard) > 0.3 * heard.max()) * 0.05
    assert onsets.max() == pytest.approx(0.85, abs=0.06)
    assert len(bell(level=2)) == len(bell(level=1)) + round(0.9 * FS_HZ)


def test_its_partials_are_those_of_a_bar() -> None:
    sound = bell("alert")
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    f_hz = np.fft.rfftfreq(len(sound), 1 / FS_HZ)
    for ratio in (1.0, 2.756, 5.404):
        near = np.abs(f_hz / 392.0 - ratio) < 0.02
        around = (np.abs(f_hz / 392.0 - ratio) < 0.5) & ~near
        assert power[near].max() > 20 * power[around].max()


def test_the_wav_holds_the_samples() -> None:
    with wave.open(io.BytesIO(wav(bell(volume=0.5)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (FS_HZ, 1, 2)
        counts = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert np.abs(counts).max() == pytest.approx(0.5 * 0.1 * 32767, abs=1)


# --- who is asked ---------------------------------------------------------------------------------


def test_an_alert_is_a_bell_and_then_its_words() -> None:
    given, troubles = played([DRIFT])
    assert given == {"bell": [DRIFT], "speech": [DRIFT]}
    assert troubles == []


def test_guidance_is_spoken_and_a_moment_is_only_a_bell() -> None:
    bend, moment = Message("Slowly bend both knees."), Message("", "bell")
    assert played([bend, moment])[0] == {"speech": [bend], "bell": [moment]}


def test_being_right_again_is_heard_only_if_wanted_and_has_no_words() -> None:
    back = Message("Thank you.", "corrected")
    assert played([back])[0] == {}
    given, _ = played([back], CueChoices(when_corrected=True))
    assert given == {"bell": [Message("", "corrected")]}


def test_a_channel_that_fails_is_said_once_and_the_next_one_takes_over() -> None:
    given, troubles = played([DRIFT, DRIFT], broken=("bell",))
    assert given == {"terminal": [DRIFT, DRIFT], "speech": [DRIFT, DRIFT]}
    assert troubles == ["No cues by bell: the bell is broken. Mend it."]


def test_when_all_fail_the_session_goes_on() -> None:
    given, troubles = played([DRIFT, DRIFT], broken=get_args(ChannelName))
    assert given == {}
    assert len(troubles) == 3  # bell, terminal, speech: each once


def test_a_loudspeaker_that_hangs_holds_nobody_up() -> None:
    let_go = threading.Event()
    hung = Fake("bell", hangs=let_go)
    began_s = time.monotonic()
    cues = Cues(CueChoices(speak_alerts=False), made={"bell": hung})
    for _ in range(100):
        cues.give(DRIFT)
    assert time.monotonic() - began_s < 0.5
    let_go.set()
    cues.close()
    assert len(hung.given) == 100


def test_a_channel_that_breaks_in_an_unforeseen_way_is_a_trouble_too() -> None:
    class Odd(Fake):
        def give(self, message: Message) -> None:
            raise ZeroDivisionError("odd")

    troubles: list[str] = []
    with Cues(made={"bell": Odd("bell")}, on_trouble=troubles.append) as cues:
        cues.give(DRIFT)
        cues.give(DRIFT)
    assert troubles == ["No cues by cues: cues failed (odd)."]


def test_the_sensor_is_asked_once_more_with_each_level() -> None:
    asked: list[int] = []

    def buzz(n: int) -> bool:
        asked.append(n)
        return True

    for level in range(3):
        Sensor(buzz).give(Message("", "alert", level))
    assert asked == [1, 2, 3]


def test_a_sessions_sensors_call_as_often_as_the_level_says() -> None:
    class Puck:
        n = 0

        async def cue(self, times: int = 1) -> bool:
            self.n += times
            return True

    async def session(puck: Puck, cues: Cues) -> None:
        cues.attach(calling(asyncio.get_running_loop(), [puck]))
        cues.give(Message("", "alert", 1))
        await asyncio.get_running_loop().run_in_executor(None, cues.close)

    puck = Puck()
    asyncio.run(session(puck, Cues(CueChoices(alerts=("sensor",), speak_alerts=False))))
    assert puck.n == 2


def test_a_session_that_is_over_calls_nobody() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    assert calling(loop, [])(1) is False


def test_without_a_sensor_that_can_it_says_so() -> None:
    with pytest.raises(CueFailed, match="no worn sensor vibrates or blinks"):
        Sensor(lambda _n: False).give(DRIFT)


def test_a_terminal_that_is_none_is_not_rung() -> None:
    out = io.StringIO()
    with pytest.raises(CueFailed):
        Terminal(out).give(DRIFT)
    assert not out.getvalue()


# --- the platform's programs ----------------------------------------------------------------------


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the only place where programs are found."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr("monitor.cues.play.sys.platform", "linux")
    monkeypatch.setattr(
        channel_module.shutil,
        "which",
        lambda name: str(p) if (p := tmp_path / name).exists() else None,
    )
    return tmp_path


def test_a_bell_is_played_by_the_platforms_player(only: Path) -> None:
    program(only, "paplay", f'cp "$1" {only}/heard.wav')
    Bell().give(DRIFT)
    assert (only / "heard.wav").read_bytes() == wav(bell("alert", 0))


def test_what_a_player_complains_of_is_passed_on(only: Path) -> None:
    program(only, "aplay", "echo no such card >&2; exit 1")
    with pytest.raises(CueFailed, match=r"aplay failed: no such card"):
        Bell().give(DRIFT)


def test_a_voice_without_a_loudspeaker_has_failed_whatever_its_status(only: Path) -> None:
    program(only, "espeak-ng", "echo error: No such file or directory >&2; exit 0")
    with pytest.raises(CueFailed, match="error: No such file"):
        Speech().give(DRIFT)


def test_without_a_player_the_hint_says_what_to_install(only: Path) -> None:
    assert not Bell().ability().can
    with pytest.raises(CueFailed) as failed:
        Bell().give(DRIFT)
    assert "sudo apt install" in failed.value.hint


def test_words_are_spoken_from_standard_input_never_by_a_shell(only: Path) -> None:
    program(only, "espeak-ng", f"cat > {only}/said; echo $@ > {only}/how")
    words = 'It\'s $(touch gone); "so" `there`'
    Speech(volume=0.5).give(Message(words))
    assert (only / "said").read_text() == words
    assert (only / "how").read_text() == "-s 140 -a 20 --stdin\n"


def test_a_voice_that_hangs_is_given_up(only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "_LONGEST_S", 0.2)
    program(only, "forever", "exec sleep 30")
    with pytest.raises(CueFailed, match="timed out"):
        run((str(only / "forever"),))


# --- the commands ---------------------------------------------------------------------------------


def test_list_names_every_channel_and_what_to_install(only: Path, own_home: Path) -> None:
    result = CliRunner().invoke(app, ["cues", "list"])
    assert result.exit_code == 0, result.output
    for name in channels():
        assert f"\n{name}" in f"\n{result.stdout}"
    assert "sudo apt install espeak-ng" in result.stdout


def test_try_gives_one_of_each_through_the_channel(only: Path, own_home: Path) -> None:
    program(only, "play", f"echo once >> {only}/times")
    result = CliRunner().invoke(app, ["cues", "try", "bell"])
    assert result.exit_code == 0, result.output
    assert (only / "times").read_text().count("once") == len(EXAMPLES)
    assert "still so, a little louder" in result.stdout


def test_try_writes_the_bells_as_files(tmp_path: Path, own_home: Path) -> None:
    result = CliRunner().invoke(app, ["cues", "try", "--wav", str(tmp_path / "bells")])
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "bells").glob("*.wav"))) == len(EXAMPLES)


def test_a_channel_that_does_not_exist_is_wrong_usage(own_home: Path) -> None:
    result = CliRunner().invoke(app, ["cues", "try", "drum"])
    assert isinstance(result.exception, WrongUsage)


def test_when_nothing_works_the_status_says_so(only: Path, own_home: Path) -> None:
    result = CliRunner().invoke(app, ["cues", "try"])
    assert isinstance(result.exception, UserError)
    assert result.exit_code == 1


def test_the_wearers_choices_come_from_their_configuration(own_home: Path, only: Path) -> None:
    own_home.mkdir(parents=True, exist_ok=True)
    (own_home / "config.toml").write_text('[cues]\nalerts = ["desktop"]\nvolume = 2.0\n')
    result = CliRunner().invoke(app, ["cues", "list"])
    assert isinstance(result.exception, UserError)
    assert "volume is 0 to 1, not 2" in str(result.exception)
