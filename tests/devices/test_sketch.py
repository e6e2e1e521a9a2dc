"""Our own sketch: layout, clock and counter over their wraps, and what comes twice or late."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chunk import BatteryChunk, Chunk, ImuChunk
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
from devices.sensors.sketch import (
    CUE_UUID,
    DATA_UUID,
    DRIVER,
    RATE_UUID,
    SERVICE_UUID,
    SketchDecoder,
)
from tests.devices.driver_play import joined, talk

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "sketch.toml").read_text())
SKETCH = Path(__file__).parents[2] / "docs" / "sketches" / "backrelease_imu" / "backrelease_imu.ino"
INFO = StreamInfo(100.0, 8.0, has_gyro=True, clock=ClockKind.DEVICE)
G_M_S2 = 9.80665


def frame(index: int, first_us: int = 0, battery: int = 255) -> bytes:
    """Sample `index` of a board that samples each 10 ms; its x tells the index."""
    t_us = (first_us + 10_000 * index) % 2**32
    head = bytes((1, index % 256, battery, 0)) + t_us.to_bytes(4, "little")
    return head + (index % 30_000).to_bytes(2, "little") + bytes(10)


def imu(chunks: Sequence[Chunk | DecodeError]) -> list[ImuChunk]:
    return [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]


def heard(indices: Sequence[int], first_us: int = 0) -> list[ImuChunk]:
    batch = [Notification(0.01 * i, DATA_UUID, frame(i, first_us)) for i in indices]
    return imu(SketchDecoder(INFO).feed(batch))


def told(chunks: Sequence[ImuChunk]) -> list[int]:
    return [round(x / G_M_S2 * 4096) for c in chunks for x in c.acc_m_s2[:, 0]]


@pytest.mark.parametrize("vector", VECTORS["frame"], ids=lambda vector: vector["id"])
def test_frame_vectors(vector: dict[str, Any]) -> None:
    payload = joined(vector["fields"])
    chunk, *batteries = SketchDecoder(INFO).feed([Notification(7.0, DATA_UUID, payload)])
    assert isinstance(chunk, ImuChunk)
    assert chunk.gyr_rad_s is not None
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, [vector["acc_g"]], rtol=1e-12)
    np.testing.assert_allclose(np.rad2deg(chunk.gyr_rad_s), [vector["gyr_deg_s"]], rtol=1e-12)
    assert batteries == [BatteryChunk(7.0, percent) for percent in vector["battery_percent"]]
    assert payload[1] == vector["count"]
    assert int.from_bytes(payload[4:8], "little") == vector["t_us"]


@given(st.integers(0, 2**32 - 1), st.sets(st.integers(0, 1500), min_size=2, max_size=40))
def test_time_and_loss_over_any_wrap(first_us: int, indices: set[int]) -> None:
    come = sorted(indices)
    chunks = heard(come, first_us)
    times = np.concatenate([c.t_device_s for c in chunks])
    np.testing.assert_allclose(times, (np.array(come) - come[0]) * 0.01, atol=1e-9)
    assert sum(c.n_lost for c in chunks) == come[-1] - come[0] + 1 - len(come)


def test_redelivered_and_overtaken_frames_leave_nothing() -> None:
    chunks = heard([5, 6, 6, 5, 8, 7, 9])
    assert told(chunks) == [5, 6, 8, 9]
    assert [c.n_lost for c in chunks] == [0, 1]


def test_a_board_that_restarted_has_a_new_clock() -> None:
    batch = [Notification(0.0, DATA_UUID, frame(0, first_us=3_000_000_000))]
    batch += [Notification(2.0 + 0.01 * i, DATA_UUID, frame(i)) for i in range(2)]
    chunks = imu(SketchDecoder(INFO).feed(batch))
    assert [c.t_device_s.tolist() for c in chunks] == [[0.0], [0.0, 0.01]]
    assert [c.n_lost for c in chunks] == [0, 0]


def test_the_battery_is_told_when_it_changes() -> None:
    percents = [255, 80, 80, 79, 255, 79, 101]
    batch = [Notification(i, DATA_UUID, frame(i, battery=p)) for i, p in enumerate(percents)]
    batteries = [c for c in SketchDecoder(INFO).feed(batch) if isinstance(c, BatteryChunk)]
    assert batteries == [BatteryChunk(1, 80.0), BatteryChunk(3, 79.0)]


@pytest.mark.parametrize("payload", [b"", frame(0)[:-1], frame(0) + b"\0", b"\x02" + frame(0)[1:]])
def test_another_size_or_version_is_an_error(payload: bytes) -> None:
    (error,) = SketchDecoder(INFO).feed([Notification(0.0, DATA_UUID, payload)])
    assert isinstance(error, DecodeError)
    assert str(error).startswith("expected 20 bytes that begin with 1")


frames = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([0, 4_000_000_000])), max_size=12
) | st.integers(0, 400).map(lambda n: [(n + i, 0) for i in range(8)])


@given(frames, st.integers(0, 12))
def test_at_once_and_one_by_one_agree(items: list[tuple[int, int]], cut: int) -> None:
    batch = [Notification(0.01 * i, DATA_UUID, frame(n, us)) for i, (n, us) in enumerate(items)]
    quick, careful = SketchDecoder(INFO), SketchDecoder(INFO)
    careful._in_one_go = lambda *_: None  # type: ignore[method-assign]
    parts = imu(quick.feed(batch[:cut])) + imu(quick.feed(batch[cut:]))
    whole = imu(careful.feed(batch))
    assert told(parts) == told(whole)
    assert [t for c in parts for t in c.t_device_s] == pytest.approx(
        [t for c in whole for t in c.t_device_s], abs=1e-12
    )
    assert sum(c.n_lost for c in parts) == sum(c.n_lost for c in whole)


class Board:
    """Samples at `takes`, or at what is asked."""

    def __init__(self, takes: bytes | None = None) -> None:
        self.takes, self.rate = takes, b"\x32\x00"

    def __call__(self, step: Step) -> bytes | DeviceError:
        if isinstance(step, Write):
            self.rate = step.data
        return self.takes if self.takes is not None else self.rate


@pytest.mark.parametrize(
    ("wanted_hz", "got_hz"), [(1.0, 10.0), (50.0, 50.0), (66.6, 67.0), (1e3, 100.0)]
)
def test_any_rate_within_the_sketch_s_own(wanted_hz: float, got_hz: float) -> None:
    info, steps = talk(DRIVER.start(StreamRequest(wanted_hz)), Board())
    assert [type(step) for step in steps] == [Write, Read, Subscribe]
    assert info == StreamInfo(got_hz, 8.0, has_gyro=True, clock=ClockKind.DEVICE)


def test_what_the_board_takes_is_believed_and_said() -> None:
    info, _ = talk(DRIVER.start(StreamRequest(100.0)), Board(b"\x34\x00"))
    assert (info.fs_hz, info.note) == (52.0, "100 Hz was asked for, the sketch stays at 52 Hz")


@pytest.mark.parametrize("rate", [b"", b"\0\0", b"\x32", b"\xff\xff"])
def test_a_rate_that_is_none_is_an_error(rate: bytes) -> None:
    with pytest.raises(DecodeError, match="the sketch's rate"):
        talk(DRIVER.start(StreamRequest()), Board(rate))


def test_without_its_service_it_is_refused() -> None:
    with pytest.raises(SensorRefused):
        talk(DRIVER.start(StreamRequest()), lambda _: SensorRefused("no such characteristic"))


def test_the_sketch_and_the_driver_name_the_same_characteristics() -> None:
    source = SKETCH.read_text(encoding="utf-8").lower()
    for uuid in (SERVICE_UUID, DATA_UUID, RATE_UUID, CUE_UUID):
        assert f'"{uuid}"' in source


def test_recognised_by_service_or_name() -> None:
    assert recognise(Advert("", None, frozenset({SERVICE_UUID}))) is DRIVER
    assert recognise(Advert("", "backrelease 1")) is DRIVER


def test_a_batch_that_tells_nothing_new_leaves_nothing() -> None:
    decoder = SketchDecoder(INFO)
    for kept in (1, 0):
        batch = [Notification(0.1, DATA_UUID, frame(5)), Notification(0.1, DATA_UUID, frame(5))]
        assert len(imu(decoder.feed(batch))) == kept
