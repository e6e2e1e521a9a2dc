"""The published BLESense sketch: its numbers, those that are none, and its unknown rate."""

from __future__ import annotations

import struct
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.chunk import ImuChunk
from devices.driver import Advert, ClockKind, Notification, StreamInfo, StreamRequest, Subscribe
from devices.errors import DecodeError
from devices.registry import recognise
from devices.sensors.blesense import DATA_UUID, DRIVER, SERVICE_UUID
from devices.stream import Samples, SensorStream
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "blesense.toml").read_text())
INFO = StreamInfo(60.0, 4.0, has_gyro=False, clock=ClockKind.COUNTED)
G_M_S2 = 9.80665


@pytest.mark.parametrize("vector", VECTORS["sample"], ids=lambda vector: vector["id"])
def test_sample_vectors(vector: dict[str, Any]) -> None:
    batch = [Notification(7.0, DATA_UUID, joined(vector["fields"]))]
    (chunk,) = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, [vector["acc_g"]])


def test_numbers_that_are_none_are_unknown_and_others_sizes_errors() -> None:
    payloads = [
        struct.pack("<3f", 0.0, float("inf"), 1.0),
        bytes.fromhex("0100a07f") * 3,  # a signalling NaN
        struct.pack("<3f", 0.0, 0.0, 1.0),
        bytes(11),
    ]
    batch = [Notification(0.0, DATA_UUID, payload) for payload in payloads]
    chunk, error = DRIVER.new_decoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_array_equal(chunk.acc_m_s2[:2], np.full((2, 3), np.nan))
    np.testing.assert_allclose(chunk.acc_m_s2[2], [0.0, 0.0, G_M_S2])
    assert isinstance(error, DecodeError)


@pytest.mark.parametrize("true_hz", [57.0, 104.0, 119.0])
def test_its_true_rate_is_found_without_inventing_loss(true_hz: float) -> None:
    info, steps = talk(DRIVER.start(StreamRequest(100.0)), lambda _: b"")
    assert steps == [Subscribe(DATA_UUID)]
    stream = SensorStream(DRIVER, info)
    arrivals = np.arange(0.0, 40.0, 1.0 / true_hz)
    flat = struct.pack("<3f", 0.0, 0.0, 1.0)
    decoded = stream.feed([Notification(t, DATA_UUID, flat) for t in arrivals.tolist()])
    t_s = np.concatenate([item.t_s for item in decoded if isinstance(item, Samples)])
    assert stream.counters.n_lost == 0
    np.testing.assert_allclose(t_s[-200:], arrivals[-200:], atol=0.02)


def test_recognised_by_service_or_name() -> None:
    assert recognise(Advert("", None, frozenset({SERVICE_UUID}))) is DRIVER
    assert recognise(Advert("", "BLESense-1A2B")) is DRIVER
