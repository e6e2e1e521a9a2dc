"""Any heart-rate sensor: published notifications, recognised last, and its short conversation."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices import sig
from devices.chunk import BatteryChunk, HeartChunk
from devices.driver import (
    Advert,
    ClockKind,
    Notification,
    Read,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError, DeviceError, SensorRefused
from devices.registry import DRIVERS, recognise
from devices.sensors.heart_rate import DRIVER, SERVICE_UUID
from devices.stream import SensorStream
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "heart_rate.toml").read_text())
INFO = StreamInfo(0.0, 0.0, has_gyro=False, clock=ClockKind.COUNTED)
EVERYTHING = [Read(sig.BATTERY_UUID), Subscribe(sig.HEART_RATE_UUID), Subscribe(sig.BATTERY_UUID)]


@pytest.mark.parametrize("vector", VECTORS["notification"], ids=lambda vector: vector["id"])
def test_notification_vectors(vector: dict[str, Any]) -> None:
    payload = joined(vector["fields"])
    (chunk,) = DRIVER.new_decoder(INFO).feed([Notification(7.0, sig.HEART_RATE_UUID, payload)])
    assert isinstance(chunk, HeartChunk)
    assert chunk.t_arrival_s == 7.0
    np.testing.assert_equal(chunk.heart_per_min, vector["heart_per_min"])
    np.testing.assert_array_equal(chunk.rr_s * 1024, vector["rr_1024"])
    if "energy_kj" in vector:
        assert int.from_bytes(payload[-2:], "little") == vector["energy_kj"]


@pytest.mark.parametrize("vector", VECTORS["battery"], ids=lambda vector: vector["id"])
def test_battery_vectors(vector: dict[str, Any]) -> None:
    reading = Notification(7.0, sig.BATTERY_UUID, joined(vector["fields"]))
    assert DRIVER.new_decoder(INFO).feed([reading]) == [BatteryChunk(7.0, vector["percent"])]


def test_a_broken_notification_costs_only_itself() -> None:
    batch = [Notification(0.0, sig.HEART_RATE_UUID, p) for p in (b"\x10", b"\x00\x48")]
    error, chunk = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(error, DecodeError)
    assert isinstance(chunk, HeartChunk)


def test_the_stream_lets_it_pass_without_a_rate() -> None:
    stream = SensorStream(DRIVER, INFO)
    stream.feed([Notification(1.0, sig.HEART_RATE_UUID, b"\x00\x48")])
    stream.resume(INFO)
    (chunk,) = stream.feed([Notification(9.0, sig.HEART_RATE_UUID, b"\x00\x48")])
    assert isinstance(chunk, HeartChunk)
    assert (stream.counters.n_samples, stream.counters.n_lost) == (0, 0)


def test_it_is_recognised_by_its_service_and_after_everything_else() -> None:
    service = frozenset({SERVICE_UUID})
    assert recognise(Advert("", "TICKR 1A2B", service)) is DRIVER
    assert recognise(Advert("", None, service)) is DRIVER
    assert recognise(Advert("", "TICKR 1A2B")) is None
    polar = recognise(Advert("", "Polar H10 1234ABCD", service))
    assert polar is not None
    assert polar.name == "polar_h10"
    assert DRIVERS[-1] is DRIVER


def test_start_reads_the_battery_then_subscribes() -> None:
    info, steps = talk(DRIVER.start(StreamRequest()), lambda _: b"\x63")
    assert steps == EVERYTHING
    assert (info.fs_hz, info.acc_range_g, info.has_gyro) == (0.0, 0.0, False)


def test_a_sensor_without_a_battery_service_is_as_good() -> None:
    def answer(step: Step) -> bytes | DeviceError:
        is_battery = getattr(step, "characteristic", "") == sig.BATTERY_UUID
        return SensorRefused("no such characteristic") if is_battery else b""

    _, steps = talk(DRIVER.start(StreamRequest()), answer)
    assert steps == EVERYTHING


def test_a_sensor_without_heart_rate_is_refused() -> None:
    with pytest.raises(SensorRefused):
        talk(DRIVER.start(StreamRequest()), lambda _: SensorRefused("no such characteristic"))


def test_stop_has_nothing_to_say() -> None:
    assert talk(DRIVER.stop(), lambda _: b"") == (None, [])
