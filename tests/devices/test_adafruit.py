"""Adafruit's services: floats, and a period that occurs in every service."""

from __future__ import annotations

import asyncio
import struct
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from devices import sig
from devices.chunk import BatteryChunk, ImuChunk
from devices.connection import Connection
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
from devices.sensors.adafruit import (
    DATA_UUID,
    DRIVER,
    PERIOD_UUID,
    SERVICE_UUID,
    gyro_rad_s,
    period_command,
)
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "adafruit.toml").read_text())
INFO = StreamInfo(50.0, 2.0, has_gyro=False, clock=ClockKind.COUNTED)


@pytest.mark.parametrize("vector", VECTORS["acceleration"], ids=lambda vector: vector["id"])
def test_acceleration_vectors(vector: dict[str, Any]) -> None:
    batch = [Notification(7.0, DATA_UUID, joined(vector["fields"]))]
    (chunk,) = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_array_equal(chunk.acc_m_s2, [vector["acc_m_s2"]])


@pytest.mark.parametrize("vector", VECTORS["angular_rate"], ids=lambda vector: vector["id"])
def test_angular_rate_vectors(vector: dict[str, Any]) -> None:
    np.testing.assert_array_equal(gyro_rad_s(joined(vector["fields"])), vector["gyr_rad_s"])
    assert isinstance(gyro_rad_s(bytes(11)), DecodeError)


@pytest.mark.parametrize("vector", VECTORS["period"], ids=lambda vector: vector["id"])
def test_period_vectors(vector: dict[str, Any]) -> None:
    assert period_command(vector["period_ms"]) == joined(vector["fields"])


def test_numbers_that_are_none_are_unknown() -> None:
    payloads = [struct.pack("<3f", 0.0, float("nan"), 1.0), struct.pack("<3f", 0.0, 0.0, 9.5)]
    batch = [Notification(0.0, DATA_UUID, payload) for payload in payloads]
    batch += [Notification(0.0, sig.BATTERY_UUID, b"\x63"), Notification(0.0, DATA_UUID, b"")]
    chunk, battery, error = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_array_equal(chunk.acc_m_s2, [[np.nan] * 3, [0.0, 0.0, 9.5]])
    assert battery == BatteryChunk(0.0, 99.0)
    assert isinstance(error, DecodeError)


def test_recognised_by_the_board_in_its_advertisement_or_the_service() -> None:
    clue = {0x0822: bytes.fromhex("04 0100 7280")}
    colour = {0x0822: bytes.fromhex("06 0000 ff000000")}  # another of the maker's broadcasts
    assert recognise(Advert("", "CIRCUITPY1a2b", manufacturer_data=clue)) is DRIVER
    assert recognise(Advert("", None, frozenset({SERVICE_UUID}))) is DRIVER
    assert recognise(Advert("", "CIRCUITPY1a2b", manufacturer_data=colour)) is None


class Board:
    """Keeps the period that is written into the right service, or says `says`."""

    def __init__(self, says: bytes | None = None) -> None:
        self.says, self.period = says, period_command(1000)

    def __call__(self, step: Step) -> bytes | DeviceError:
        if step == Read(sig.BATTERY_UUID):
            return SensorRefused("no such characteristic")
        if isinstance(step, Write | Read):
            assert (step.characteristic, step.service) == (PERIOD_UUID, SERVICE_UUID)
        if isinstance(step, Write):
            self.period = step.data
        return self.says if self.says is not None else self.period


@pytest.mark.parametrize(
    ("wanted_hz", "period_ms"), [(100.0, 20), (50.0, 20), (26.0, 38), (0.1, 1000)]
)
def test_the_period_is_written_in_its_service_and_read_back(
    wanted_hz: float, period_ms: int
) -> None:
    info, steps = talk(DRIVER.start(StreamRequest(wanted_hz)), Board())
    assert [type(step) for step in steps] == [Read, Write, Read, Subscribe]
    assert (info.fs_hz, info.note) == (1000.0 / period_ms, "")


@pytest.mark.parametrize(
    ("says", "fs_hz", "note"),
    [
        (period_command(100), 10.0, "the board says 100 ms"),
        (period_command(-1), 50.0, "the board says -1 ms"),
        (b"", 50.0, "the board says 0 ms"),
    ],
)
def test_what_the_board_says_is_believed_if_it_is_a_period(
    says: bytes, fs_hz: float, note: str
) -> None:
    info, _ = talk(DRIVER.start(StreamRequest(50.0)), Board(says))
    assert info.fs_hz == fs_hz
    assert info.note.endswith(note)


def test_another_program_on_the_board_is_told() -> None:
    with pytest.raises(SensorRefused, match="offers no acceleration") as raised:
        talk(DRIVER.start(StreamRequest()), lambda _: SensorRefused("no such characteristic"))
    assert "Bluefruit Playground" in raised.value.hint


def test_stop_ends_the_sampling() -> None:
    _, steps = talk(DRIVER.stop(), Board())
    assert steps == [Write(PERIOD_UUID, b"\xff\xff\xff\xff", response=True, service=SERVICE_UUID)]


class _TwoServices:
    """A connected client whose services each have the period."""

    is_connected = True

    def __init__(self) -> None:
        self.written: list[tuple[str, bytes]] = []
        self.services = [
            SimpleNamespace(
                uuid=service,
                characteristics=[SimpleNamespace(uuid=PERIOD_UUID, of=service)],
            )
            for service in ("adaf0100" + SERVICE_UUID[8:], SERVICE_UUID)
        ]

    async def write_gatt_char(self, where: SimpleNamespace, data: bytes, *, response: bool) -> None:
        self.written.append((where.of, data))


def test_the_link_writes_to_the_period_of_that_service() -> None:
    client: Any = _TwoServices()
    connection = Connection(client, "CLUE", lambda *_: None, step_s=1.0)
    with asyncio.Runner() as runner:
        runner.run(connection.converse(DRIVER.stop()))
    assert client.written == [(SERVICE_UUID, period_command(-1))]
