"""PineTime: a watch that is silent while nothing changes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.chunk import BatteryChunk, Chunk, HeartChunk, ImuChunk
from devices.driver import (
    Advert,
    ClockKind,
    Notification,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError, DeviceError, SensorRefused
from devices.registry import recognise
from devices.sensors.pinetime import DATA_UUID, DRIVER, SERVICE_UUID, PineTimeDecoder
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "pinetime.toml").read_text())
INFO = StreamInfo(10.0, 2.0, has_gyro=False, clock=ClockKind.COUNTED)
G_M_S2 = 9.80665


def value(x_lsb: int) -> bytes:
    return x_lsb.to_bytes(2, "little", signed=True) + bytes(4)


def heard(*arrivals_s: float) -> list[ImuChunk]:
    """The first notification says x = 0, the next x = 1 and so on."""
    batch = [Notification(t, DATA_UUID, value(x)) for x, t in enumerate(arrivals_s)]
    chunks = PineTimeDecoder(INFO).feed(batch)
    assert all(isinstance(chunk, ImuChunk) for chunk in chunks)
    return [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]


def xs(chunks: Sequence[ImuChunk]) -> list[list[int]]:
    return [np.round(c.acc_m_s2[:, 0] / G_M_S2 * 1024).astype(int).tolist() for c in chunks]


def looks(chunks: Sequence[ImuChunk]) -> list[list[int]]:
    return [np.round(c.t_device_s * 10).astype(int).tolist() for c in chunks]


@pytest.mark.parametrize("vector", VECTORS["sample"], ids=lambda vector: vector["id"])
def test_sample_vectors(vector: dict[str, Any]) -> None:
    batch = [Notification(7.0, DATA_UUID, joined(vector["fields"]))]
    (chunk,) = PineTimeDecoder(INFO).feed(batch)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, [vector["acc_g"]])


def test_a_restless_watch_is_counted() -> None:
    chunks = heard(0.0, 0.1, 0.2, 0.3)
    assert xs(chunks) == [[0, 1, 2, 3]]
    assert looks(chunks) == [[0, 1, 2, 3]]


def test_half_a_second_of_silence_is_the_value_before_held() -> None:
    chunks = heard(0.0, 0.1, 0.6, 0.7)
    assert xs(chunks) == [[0, 1, 1, 1, 1, 1, 2, 3]]
    assert looks(chunks) == [[0, 1, 2, 3, 4, 5, 6, 7]]
    assert [c.n_lost for c in chunks] == [0]


def test_of_five_seconds_of_silence_one_is_held_and_the_rest_unknown() -> None:
    chunks = heard(0.0, 5.0, 5.1)
    assert xs(chunks) == [[0] * 11, [1, 2]]
    assert looks(chunks) == [list(range(11)), [50, 51]]
    assert [c.n_lost for c in chunks] == [0, 39]


@given(st.lists(st.floats(0.0, 0.08), min_size=2, max_size=60))
def test_lateness_of_a_good_link_invents_nothing(late_s: list[float]) -> None:
    arrivals = np.maximum.accumulate(np.arange(len(late_s)) * 0.1 + late_s)
    assert xs(heard(*arrivals.tolist())) == [list(range(len(late_s)))]


@given(st.floats(-0.02, 0.02), st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_a_watch_a_little_fast_or_slow_keeps_time(drift: float, steps: list[int]) -> None:
    at = np.concatenate([[0], np.cumsum(steps)]) * 0.1 * (1 + drift)
    told = looks(heard(*at.tolist()))
    assert abs(told[-1][-1] - at[-1] * 10) <= 2.0


def test_what_else_the_watch_says() -> None:
    batch = [
        Notification(0.0, sig.HEART_RATE_UUID, b"\x00\x3c"),
        Notification(0.1, sig.BATTERY_UUID, b"\x63"),
        Notification(0.2, DATA_UUID, b"\x01"),
    ]
    heart, battery, error = PineTimeDecoder(INFO).feed(batch)
    assert isinstance(heart, HeartChunk)
    assert heart.heart_per_min == 60.0
    assert battery == BatteryChunk(0.1, 99.0)
    assert isinstance(error, DecodeError)


@given(st.lists(st.floats(0.0, 3.0), max_size=12), st.integers(0, 12))
def test_cutting_batches_changes_nothing(gaps_s: list[float], cut: int) -> None:
    times = np.cumsum(gaps_s).tolist()
    batch = [Notification(t, DATA_UUID, value(x)) for x, t in enumerate(times)]
    whole, parts = PineTimeDecoder(INFO), PineTimeDecoder(INFO)
    assert rows(parts.feed(batch[:cut]) + parts.feed(batch[cut:])) == rows(whole.feed(batch))


def rows(chunks: Sequence[Chunk | DecodeError]) -> list[tuple[Any, ...]]:
    imu = [c for c in chunks if isinstance(c, ImuChunk)]
    return [
        (t, arrival, *acc, n_lost if i == 0 else 0)
        for c in imu
        for i, (t, arrival, acc, n_lost) in enumerate(
            zip(
                c.t_device_s, c.t_arrival_s, c.acc_m_s2, [c.n_lost] * len(c.t_device_s), strict=True
            )
        )
    ]


def test_start_wants_only_the_motion() -> None:
    def answer(step: Step) -> bytes | DeviceError:
        return b"" if step == Subscribe(DATA_UUID) else SensorRefused("no such characteristic")

    info, steps = talk(DRIVER.start(StreamRequest(100.0)), answer)
    assert steps[0] == Subscribe(DATA_UUID)
    assert (info.fs_hz, info.acc_range_g, info.clock) == (10.0, 2.0, ClockKind.COUNTED)
    assert "only what changed" in info.note


def test_an_old_firmware_is_told() -> None:
    with pytest.raises(SensorRefused, match="does not offer its motion") as raised:
        talk(DRIVER.start(StreamRequest()), lambda _: SensorRefused("no such characteristic"))
    assert "1.7" in raised.value.hint


def test_recognised_by_name_or_service() -> None:
    assert recognise(Advert("", "InfiniTime")) is DRIVER
    assert recognise(Advert("", None, frozenset({SERVICE_UUID}))) is DRIVER
