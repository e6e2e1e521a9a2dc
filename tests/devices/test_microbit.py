"""micro:bit: documented values, counting, and the period that the board agrees to."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chunk import ImuChunk
from devices.driver import (
    Advert,
    ClockKind,
    Notification,
    Read,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused
from devices.registry import recognise
from devices.sensors.microbit import DATA_UUID, DRIVER, PERIOD_UUID, SERVICE_UUID, period_command
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "microbit.toml").read_text())
INFO = StreamInfo(50.0, 2.0, has_gyro=False, clock=ClockKind.COUNTED)
MG_M_S2 = 9.80665e-3


@pytest.mark.parametrize("vector", VECTORS["sample"], ids=lambda vector: vector["id"])
def test_sample_vectors(vector: dict[str, Any]) -> None:
    batch = [Notification(7.0, DATA_UUID, joined(vector["fields"]))]
    (chunk,) = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2 / MG_M_S2, [vector["acc_mg"]])
    assert chunk.gyr_rad_s is None
    assert chunk.t_arrival_s.tolist() == [7.0]


@pytest.mark.parametrize("vector", VECTORS["period"], ids=lambda vector: vector["id"])
def test_period_vectors(vector: dict[str, Any]) -> None:
    assert period_command(vector["period_ms"]) == joined(vector["fields"])


def test_samples_are_counted_over_errors_and_batches() -> None:
    decoder = DRIVER.new_decoder(INFO)
    good, short = bytes(6), bytes(5)
    first = decoder.feed([Notification(0.0, DATA_UUID, p) for p in (good, short, good)])
    second = decoder.feed([Notification(0.1, DATA_UUID, good)])
    times = [c.t_device_s.tolist() for c in (*first, *second) if isinstance(c, ImuChunk)]
    assert times == [[0.0, 0.02], [0.04]]
    assert [str(c) for c in first if isinstance(c, DecodeError)] == [
        "expected 6 bytes, got 5: 00 00 00 00 00"
    ]


@given(st.lists(st.tuples(*[st.integers(-32768, 32767)] * 3), min_size=1, max_size=20))
def test_any_values_come_out_as_they_went_in(rows: list[tuple[int, int, int]]) -> None:
    payloads = [b"".join(v.to_bytes(2, "little", signed=True) for v in row) for row in rows]
    (chunk,) = DRIVER.new_decoder(INFO).feed([Notification(0.0, DATA_UUID, p) for p in payloads])
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2 / MG_M_S2, rows)


def test_recognised_by_name_or_service() -> None:
    assert recognise(Advert("", "BBC micro:bit [zavuv]")) is DRIVER
    assert recognise(Advert("", None, frozenset({SERVICE_UUID}))) is DRIVER


class Board:
    """Has a period; `chooses` is what it makes of a wish."""

    def __init__(self, chooses: dict[int, int], period_ms: int = 20) -> None:
        self.chooses, self.period_ms = chooses, period_ms

    def __call__(self, step: Step) -> bytes | DeviceError:
        if isinstance(step, Write):
            wish = int.from_bytes(step.data, "little")
            self.period_ms = self.chooses.get(wish, wish)
        return self.period_ms.to_bytes(2, "little")


def test_a_board_that_has_the_period_is_only_subscribed_to() -> None:
    info, steps = talk(DRIVER.start(StreamRequest(100.0)), Board({}))
    assert steps == [Read(PERIOD_UUID), Subscribe(DATA_UUID)]
    assert info == INFO


def test_the_period_is_written_and_read_back() -> None:
    info, steps = talk(DRIVER.start(StreamRequest(50.0)), Board({}, period_ms=640))
    assert steps[1:3] == [Write(PERIOD_UUID, b"\x14\x00", response=True), Read(PERIOD_UUID)]
    assert info == INFO


@pytest.mark.parametrize(("wanted_hz", "ms"), [(1000.0, 20), (30.0, 80), (10.0, 80), (0.1, 640)])
def test_the_nearest_rate_is_chosen(wanted_hz: float, ms: int) -> None:
    info, _ = talk(DRIVER.start(StreamRequest(wanted_hz)), Board({}, period_ms=1))
    assert info.fs_hz == 1000.0 / ms


def test_what_the_board_makes_of_the_wish_is_believed_and_said() -> None:
    info, _ = talk(DRIVER.start(StreamRequest(6.0)), Board({160: 1000}))  # the chip of v1.5
    assert info.fs_hz == 1.0
    assert info.note == "a period of 160 ms was asked for, the board chose 1000 ms"


@pytest.mark.parametrize("nonsense", [0, 65535])
def test_a_period_that_is_none_is_not_believed(nonsense: int) -> None:
    info, _ = talk(DRIVER.start(StreamRequest(50.0)), Board({20: nonsense}, period_ms=80))
    assert info.fs_hz == 50.0
    assert f"reports a period of {nonsense} ms" in info.note


def test_a_program_without_the_service_is_told() -> None:
    with pytest.raises(SensorRefused, match="no accelerometer service") as raised:
        talk(DRIVER.start(StreamRequest()), lambda _: SensorRefused("no such characteristic"))
    assert "MakeCode" in raised.value.hint
