"""Boards that print text: our layout, anybody's, and what neither unit nor rate can be told of."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chunk import Chunk, ImuChunk
from devices.driver import Advert, Ask, ClockKind, Notification, Step, StreamInfo, StreamRequest
from devices.errors import DecodeError, DeviceError, SensorSilent
from devices.registry import recognise
from devices.sensors.textsketch import DRIVER, PRINT_UUID, SERVICE_UUID, WHO_ARE_YOU, acceleration
from tests.devices.driver_play import talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "textsketch.toml").read_text())
INFO = StreamInfo(25.0, 2.0, has_gyro=False, clock=ClockKind.COUNTED)
G_M_S2 = 9.80665


def decode(*pieces: bytes) -> list[Chunk | DecodeError]:
    return DRIVER.new_decoder(INFO).feed([Notification(7.0, PRINT_UUID, p) for p in pieces])


@pytest.mark.parametrize("vector", VECTORS["anybody"], ids=lambda vector: vector["id"])
def test_anybody_s_vectors(vector: dict[str, Any]) -> None:
    (chunk,) = decode(vector["line"].encode() + b"\r\n")
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, [vector["acc_g"]], atol=1e-12)
    assert chunk.gyr_rad_s is None


def test_the_unit_is_found_once() -> None:
    chunk, error = decode(b"0,0,3\n0,0,9.8\nhello\n0,0,3\n")  # 3 of no unit is 1 g
    assert isinstance(chunk, ImuChunk)
    assert chunk.acc_m_s2.tolist() == [[0.0, 0.0, 9.8], [0.0, 0.0, 3.0]]
    assert isinstance(error, DecodeError)
    assert str(error).startswith("no unit makes this near 1 g")


TALK = b"boot\r\n0.01,0,1\r\n0.02,0,1\r\n\r\n{bad}\r\n0.03,0,1\r\n0.0"


@given(st.lists(st.integers(1, len(TALK) - 1), max_size=8).map(sorted))
def test_cutting_the_text_anywhere_changes_nothing(cuts: list[int]) -> None:
    (chunk,) = decode(*[TALK[a:b] for a, b in itertools.pairwise([0, *cuts, len(TALK)])])
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2[:, 0] / G_M_S2, [0.01, 0.02, 0.03])
    np.testing.assert_allclose(chunk.t_device_s, [0.0, 0.04, 0.08])


@given(st.binary(max_size=60) | st.text('0123456789,.-eE{}[]":xyza ', max_size=60).map(str.encode))
def test_any_line_is_three_numbers_or_none(line: bytes) -> None:
    values = acceleration(line)
    assert values is None or (len(values) == 3 and np.isfinite(values).all())


@pytest.mark.parametrize(
    "line",
    [b"1,2", b"nan,0,1", b"1e999,0,0", b"{}", b"[" * 50, b'{"x": true, "y": 0, "z": 1}',
     b'{"x": 1' + b"0" * 240 + b', "y": 0, "z": 1}', b"1_0,2,3"],
)  # fmt: skip
def test_lines_that_are_no_sample(line: bytes) -> None:
    assert acceleration(line) is None


class Board:
    """Prints `text` in pieces while it is asked; the question waits until the answer, or the end."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def __call__(self, step: Step) -> bytes | DeviceError:
        if not isinstance(step, Ask):
            return b""
        assert step.data == WHO_ARE_YOU
        pieces = [self.text[i : i + 7] for i in range(0, len(self.text) - 7, 7)]
        assert not any(step.is_reply(piece) for piece in pieces)
        return self.text[7 * len(pieces) :]


def test_our_layout_says_its_rate_and_brings_its_clock() -> None:
    info, _ = talk(DRIVER.start(StreamRequest()), Board(b"hello\r\nR,50,4\r\n"))
    assert info == StreamInfo(50.0, 4.0, has_gyro=False, clock=ClockKind.DEVICE)
    batch = [Notification(0.0, PRINT_UUID, b"S,1,80,253,-663,16249,48\n")]
    (chunk,) = DRIVER.new_decoder(info).feed(batch)
    assert isinstance(chunk, ImuChunk)
    assert chunk.t_device_s.tolist() == [0.08]


def test_anybody_s_rate_is_counted() -> None:
    info, _ = talk(DRIVER.start(StreamRequest()), Board(b"0,0,1\n" * 100))
    assert (info.fs_hz, info.clock) == (25.0, ClockKind.COUNTED)
    assert "unknown layout" in info.note


@pytest.mark.parametrize("text", [b"hello\r\n", b"R,0,4\n", b"R,50\n", b"0,0,1\n"])
def test_a_board_without_samples_is_told(text: bytes) -> None:
    with pytest.raises(SensorSilent, match="prints no samples") as raised:
        talk(DRIVER.start(StreamRequest()), Board(text))
    assert "docs/sketches" in raised.value.hint


def test_recognised_by_its_service_after_those_with_a_name() -> None:
    service = frozenset({SERVICE_UUID})
    for name, driver in (("XIAO", "textsketch"), ("Bangle.js 1a2b", "espruino")):
        found = recognise(Advert("", name, service))
        assert found is not None
        assert found.name == driver
