"""Thingy:52: its layouts, what it delivers when a part is off, and the rate that it keeps."""

from __future__ import annotations

import struct
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices import sig
from devices.chunk import BatteryChunk, ImuChunk
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
from devices.sensors.thingy52 import (
    CONFIG_UUID,
    DATA_UUID,
    DRIVER,
    SERVICE_UUID,
    euler_deg,
    quaternion,
    rate_hz,
    with_rate,
)
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "thingy52.toml").read_text())
CONFIG = {vector["id"]: joined(vector["fields"]) for vector in VECTORS["config"]}
AS_DELIVERED = CONFIG["as delivered"]
INFO = StreamInfo(50.0, 2.0, has_gyro=True, clock=ClockKind.COUNTED)
G_M_S2 = 9.80665


def decode(*payloads: bytes) -> ImuChunk:
    batch = [Notification(7.0, DATA_UUID, payload) for payload in payloads]
    (chunk,) = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    return chunk


@pytest.mark.parametrize("vector", VECTORS["raw"], ids=lambda vector: vector["id"])
def test_raw_vectors(vector: dict[str, Any]) -> None:
    payload = joined(vector["fields"])
    chunk = decode(payload)
    assert chunk.gyr_rad_s is not None
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, [vector["acc_g"]], rtol=1e-12)
    np.testing.assert_allclose(np.rad2deg(chunk.gyr_rad_s), [vector["gyr_deg_s"]], rtol=1e-12)
    np.testing.assert_array_equal(np.frombuffer(payload, "<i2")[6:] / 16, vector["magnetic_ut"])


@pytest.mark.parametrize("vector", VECTORS["quaternion"], ids=lambda vector: vector["id"])
def test_quaternion_vectors(vector: dict[str, Any]) -> None:
    np.testing.assert_array_equal(quaternion(joined(vector["fields"])), vector["wxyz"])
    assert isinstance(quaternion(bytes(15)), DecodeError)


@pytest.mark.parametrize("vector", VECTORS["euler"], ids=lambda vector: vector["id"])
def test_euler_vectors(vector: dict[str, Any]) -> None:
    np.testing.assert_array_equal(euler_deg(joined(vector["fields"])), vector["deg"])
    assert isinstance(euler_deg(bytes(13)), DecodeError)


@pytest.mark.parametrize("vector", VECTORS["config"], ids=lambda vector: vector["id"])
def test_config_vectors(vector: dict[str, Any]) -> None:
    config = joined(vector["fields"])
    assert list(struct.unpack("<HHHHB", config)) == vector["values"]
    assert rate_hz(config) == vector["values"][3]
    assert with_rate(AS_DELIVERED[:-1] + config[-1:], vector["values"][3]) == config


def test_an_acceleration_of_exactly_zero_is_unknown() -> None:
    off = bytes(6) + bytes.fromhex("2000 c0ff 1000") + bytes(6)
    on = bytes.fromhex("0000 0000 0004") + bytes(12)
    chunk = decode(off, on)
    np.testing.assert_array_equal(chunk.acc_m_s2, [[np.nan] * 3, [0.0, 0.0, G_M_S2]])
    assert chunk.t_device_s.tolist() == [0.0, 0.02]
    assert chunk.gyr_rad_s is not None
    assert np.isfinite(chunk.gyr_rad_s).all()


def test_battery_and_samples_in_one_batch() -> None:
    batch = [
        Notification(1.0, sig.BATTERY_UUID, b"\x63"),
        Notification(2.0, DATA_UUID, b"\x01" * 18),
    ]
    imu, battery = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(imu, ImuChunk)
    assert battery == BatteryChunk(1.0, 99.0)


def test_recognised_by_service_or_the_name_it_was_sold_with() -> None:
    assert recognise(Advert("", "left leg", frozenset({SERVICE_UUID}))) is DRIVER
    assert recognise(Advert("", "Thingy")) is DRIVER
    assert recognise(Advert("", "Thingy91")) is None


class Thingy:
    """Keeps a configuration; refuses one out of range, or any."""

    def __init__(self, config: bytes, *, refuses: bool = False) -> None:
        self.config, self.refuses = config, refuses

    def __call__(self, step: Step) -> bytes | DeviceError:
        if isinstance(step, Write):
            if self.refuses or not 5 <= struct.unpack("<HHHHB", step.data)[3] <= 200:
                return SensorRefused("the value is not allowed")
            self.config = step.data
        return b"\x63" if step == Read(sig.BATTERY_UUID) else self.config


def test_the_rate_is_changed_alone_and_told() -> None:
    info, steps = talk(DRIVER.start(StreamRequest(50.0)), Thingy(AS_DELIVERED))
    assert steps == [
        Read(sig.BATTERY_UUID),
        Read(CONFIG_UUID),
        Write(CONFIG_UUID, bytes.fromhex("e803 f401 f401 3200 01"), response=True),
        Read(CONFIG_UUID),
        Subscribe(DATA_UUID),
        Subscribe(sig.BATTERY_UUID),
    ]
    assert (info.fs_hz, info.acc_range_g, info.has_gyro) == (50.0, 2.0, True)
    assert info.note == "the sensor keeps 50 Hz from now on; it was set to 10 Hz"


def test_flash_is_not_written_when_nothing_changes() -> None:
    info, steps = talk(DRIVER.start(StreamRequest(10.0)), Thingy(AS_DELIVERED))
    assert not any(isinstance(step, Write) for step in steps)
    assert (info.fs_hz, info.note) == (10.0, "")


@pytest.mark.parametrize(("wanted_hz", "got_hz"), [(1.0, 5.0), (33.4, 33.0), (1000.0, 100.0)])
def test_any_whole_rate_that_the_link_carries(wanted_hz: float, got_hz: float) -> None:
    info, _ = talk(DRIVER.start(StreamRequest(wanted_hz)), Thingy(AS_DELIVERED))
    assert info.fs_hz == got_hz


def test_a_sensor_that_refuses_the_rate_stays_at_its_own() -> None:
    info, _ = talk(DRIVER.start(StreamRequest(50.0)), Thingy(AS_DELIVERED, refuses=True))
    assert (info.fs_hz, info.note) == (10.0, "50 Hz was asked for, the sensor stays at 10 Hz")


@pytest.mark.parametrize("config", [b"", AS_DELIVERED[:-1], with_rate(AS_DELIVERED, 0)])
def test_a_configuration_that_is_none_is_an_error(config: bytes) -> None:
    with pytest.raises(DecodeError, match="expected a"):
        talk(DRIVER.start(StreamRequest()), Thingy(config))
