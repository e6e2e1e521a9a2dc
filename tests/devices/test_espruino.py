"""Espruino: lines cut anywhere, the board's clock and counter, and the program that is sent."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chunk import BatteryChunk, Chunk, HeartChunk, ImuChunk
from devices.driver import (
    Advert,
    Ask,
    ClockKind,
    Notification,
    Pause,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent
from devices.registry import recognise
from devices.sensors.espruino import (
    ADVERT_APP_UUID,
    CLEAR_AND_RESET,
    DRIVER,
    END,
    PRINT_UUID,
    STAY_AWAKE,
    WHICH_BOARD,
    WRITE_UUID,
    EspruinoDecoder,
)
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "espruino.toml").read_text())
G_M_S2 = 9.80665
INFO = StreamInfo(12.5, 4.0, has_gyro=False, clock=ClockKind.DEVICE)


def line(n: int, ms: int, xyz: tuple[int, int, int] = (0, 0, 16384)) -> bytes:
    values = [n, ms, *xyz]
    return b"S," + ",".join(map(str, [*values, sum(values) & 0xFF])).encode() + b"\r\n"


def decode(*pieces: bytes, decoder: EspruinoDecoder | None = None) -> list[Chunk | DecodeError]:
    return (decoder or EspruinoDecoder(INFO)).feed(
        [Notification(7.0, PRINT_UUID, p) for p in pieces]
    )


def imu(chunks: Sequence[Chunk | DecodeError]) -> list[ImuChunk]:
    return [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]


@pytest.mark.parametrize("vector", VECTORS["printed"], ids=lambda vector: vector["id"])
def test_printed_vectors(vector: dict[str, Any]) -> None:
    for name, value in vector["fields"]:
        text = bytes.fromhex(value)
        assert name.startswith("sum") or name.replace(" CR LF", "\r\n").encode() == text
    (chunk,) = imu(decode(joined(vector["fields"])))
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, vector["acc_g"])


@pytest.mark.parametrize("vector", VECTORS["app"], ids=lambda vector: vector["id"])
def test_app_vectors(vector: dict[str, Any]) -> None:
    batch = [Notification(7.0, ADVERT_APP_UUID, joined(vector["fields"]))]
    (chunk,) = imu(EspruinoDecoder(INFO).feed(batch))
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2 * 1000, [vector["acc_mg"]])


TALK = (
    b">\r\nundefined\r\n" + line(1, 80) + b"P,87\r\n" + line(2, 160) + line(2, 160) + line(1, 80)
    + b"H,61,90\r\nS,3,24\r\n" + line(5, 400, (-5, 6, 16000)) + line(6, 480) + b"S,7"
)  # fmt: skip


def test_lines_of_every_kind() -> None:
    chunks = decode(TALK)
    assert [c.t_device_s.tolist() for c in imu(chunks)] == [[0.08, 0.16], [0.4, 0.48]]
    assert [c.n_lost for c in imu(chunks)] == [0, 2]
    assert [c for c in chunks if isinstance(c, BatteryChunk)] == [BatteryChunk(7.0, 87.0)]
    assert [c.heart_per_min for c in chunks if isinstance(c, HeartChunk)] == [61.0]
    assert [str(c) for c in chunks if isinstance(c, DecodeError)] == [
        "a sample's line is torn: 53 2c 33 2c 32 34"
    ]


@given(st.lists(st.integers(1, len(TALK) - 1), max_size=8).map(sorted))
def test_cutting_the_text_anywhere_changes_nothing(cuts: list[int]) -> None:
    decoder = EspruinoDecoder(INFO)
    bounds = [0, *cuts, len(TALK)]
    parts = [
        chunk for a, b in itertools.pairwise(bounds) for chunk in decode(TALK[a:b], decoder=decoder)
    ]
    times = np.concatenate([c.t_device_s for c in imu(parts)])
    assert times.tolist() == [0.08, 0.16, 0.4, 0.48]
    assert sum(c.n_lost for c in imu(parts)) == 2
    assert sum(isinstance(c, DecodeError) for c in parts) == 1


@given(st.integers(1, 40), st.integers(1, 40))
def test_a_lost_piece_never_makes_a_sample(begin: int, length: int) -> None:
    said = [line(n, 80 * n, (n * 7, -n * 11, 16384 - n)) for n in range(1, 9)]
    text = b"".join(said)
    torn = decode(text[:begin] + text[begin + length :])
    heard = np.concatenate([c.acc_m_s2 for c in imu(torn)]) / G_M_S2 * 16384
    true = {(n * 7, -n * 11, 16384 - n) for n in range(1, 9)}
    assert {tuple(int(v) for v in row) for row in np.round(heard)} <= true


@given(st.integers(0, 65535), st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_the_counter_tells_what_is_lost_also_when_it_wraps(first: int, steps: list[int]) -> None:
    at = [0, *itertools.accumulate(steps)]
    chunks = imu(decode(*[line((first + k) & 0xFFFF, 80 * k) for k in at]))
    assert sum(c.n_lost for c in chunks) == sum(steps) - len(steps)
    np.testing.assert_allclose(
        np.concatenate([c.t_device_s for c in chunks]), np.array(at) * 0.08, atol=1e-9
    )


def test_a_watch_that_falls_asleep_counts_as_loss() -> None:
    awake = [line(n, 80 * n) for n in range(1, 4)]
    asleep = [line(3 + n, 240 + 800 * n) for n in range(1, 4)]  # 1.25 Hz
    assert [c.n_lost for c in imu(decode(*awake, *asleep))] == [0, 9, 9, 9]


def test_a_program_that_began_again_has_a_new_clock() -> None:
    chunks = imu(decode(line(500, 40_000), line(1, 80), line(2, 160)))
    assert [(c.t_device_s.tolist(), c.n_lost) for c in chunks] == [([40.0], 0), ([0.08, 0.16], 0)]


def test_a_line_without_end_is_one_error() -> None:
    chunks = decode(*[b"x" * 100] * 50, b"\n" + line(1, 80))
    assert [type(chunk) for chunk in chunks] == [DecodeError, ImuChunk]


@pytest.mark.parametrize("text", [b"P,101", b"P,x", b"H,60", b"A,1,2", b"A,1,2,3_0", b"S,,,,,,"])
def test_our_lines_with_other_contents_are_errors(text: bytes) -> None:
    (error,) = decode(text + b"\n")
    assert isinstance(error, DecodeError)


# --- conversations ---------------------------------------------------------------------------


class Watch:
    """A console that knows our lines; `board` None has no console, "app" has the watch's app."""

    def __init__(self, board: str, *, is_mute: bool = False) -> None:
        self.board, self.is_mute, self.typed = board, is_mute, b""

    def __call__(self, step: Step) -> bytes | DeviceError:
        if step == Subscribe(ADVERT_APP_UUID) and self.board != "app":
            return SensorRefused("no such characteristic")
        if step == Subscribe(PRINT_UUID) and self.board == "no console":
            return SensorRefused("no such characteristic")
        if isinstance(step, Write | Ask):
            assert step.characteristic == WRITE_UUID
            assert len(step.data) <= 20
            self.typed += step.data
        if not isinstance(step, Ask):
            return b""
        if self.typed.endswith(WHICH_BOARD):
            return b"\r\nI," + self.board.encode() + b"\r\n>"
        if self.is_mute:
            return SensorSilent("no answer")
        return b"E\r\n" if self.typed.endswith(END) else b"P,87\r\n"


@pytest.mark.parametrize(
    ("board", "wanted_hz", "fs_hz", "range_g", "says"),
    [
        ("BANGLEJS2", 100.0, 50.0, 4.0, b"h(false,20,66)"),
        ("BANGLEJS2", 20.0, 25.0, 4.0, b"h(false,40,65)"),
        ("BANGLEJS", 1.0, 12.5, 4.0, b"h(false,80,0)"),
        ("PUCKJS", 100.0, 52.0, 2.0, b"Puck.accelOn(52)"),
    ],
)
def test_the_board_is_asked_and_gets_its_program(
    board: str, wanted_hz: float, fs_hz: float, range_g: float, says: bytes
) -> None:
    watch = Watch(board)
    info, steps = talk(DRIVER.start(StreamRequest(wanted_hz)), watch)
    assert (info.fs_hz, info.acc_range_g, info.clock) == (fs_hz, range_g, ClockKind.DEVICE)
    assert steps[1] == Subscribe(PRINT_UUID)
    assert steps[3] == Pause(1.5)
    asked, _, program = watch.typed.partition(b"BOARD)\n")
    assert asked + b"BOARD)\n" == CLEAR_AND_RESET + WHICH_BOARD
    assert says in program
    assert program.count(b"\n") == 1
    assert not any(word in program for word in (b"RATE", b"BEGIN", b"BYE"))
    for bracket in (b"()", b"{}", b"[]"):
        assert program.count(bracket[:1]) == program.count(bracket[1:])
    assert "its button brings it back" in info.note


def test_the_watch_s_own_app_is_used_as_it_is_but_kept_awake() -> None:
    watch = Watch("app")
    info, _ = talk(DRIVER.start(StreamRequest(50.0)), watch)
    assert (info.fs_hz, info.clock) == (12.5, ClockKind.COUNTED)
    assert watch.typed == STAY_AWAKE


@pytest.mark.parametrize(
    ("watch", "error", "message", "hint"),
    [
        (Watch("no console"), SensorRefused, "does not let itself be programmed", "Programmable"),
        (Watch("PIXLJS"), SensorRefused, "'PIXLJS'", "Puck.js v2"),
        (Watch("PUCKJS", is_mute=True), SensorSilent, "does not start", "version 1"),
    ],
)
def test_what_is_wrong_is_told(
    watch: Watch, error: type[DeviceError], message: str, hint: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        talk(DRIVER.start(StreamRequest()), watch)
    assert hint in raised.value.hint


@pytest.mark.parametrize("is_mute", [False, True])
def test_stop_ends_our_program_and_waits_for_its_word_but_not_for_ever(*, is_mute: bool) -> None:
    watch = Watch("BANGLEJS2", is_mute=is_mute)
    talk(DRIVER.stop(), watch)
    assert watch.typed == END


def test_recognised_by_name() -> None:
    assert recognise(Advert("", "Bangle.js 1a2b")) is DRIVER
    assert recognise(Advert("", "Puck.js 1a2b")) is DRIVER
    assert recognise(Advert("", "Pixl.js 1a2b")) is None
