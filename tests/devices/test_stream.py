"""A sensor's notifications to samples in session time, with everything counted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import polar_h10, sig, witmotion
from devices.chunk import BatteryChunk, HeartChunk
from devices.driver import ClockKind, Notification, StreamInfo
from devices.stream import Decoded, Samples, SensorStream, StreamCounters

FLAT = bytes.fromhex("5561 000000000008 000000000000 000000000000")
BATTERY = bytes.fromhex("5571 6400 8801") + bytes(14)
WIT_INFO = StreamInfo(100.0, 16.0, has_gyro=True, clock=ClockKind.COUNTED)
H10_INFO = StreamInfo(50.0, 4.0, has_gyro=False, clock=ClockKind.DEVICE)


def wit(begin_s: float, end_s: float) -> list[Notification]:
    """A perfect link: one frame a notification, 100 a second."""
    n = round((end_s - begin_s) * 100)
    return [Notification(begin_s + i / 100, witmotion.DATA_UUID, FLAT) for i in range(n)]


def h10(frame: int, n: int = 10) -> Notification:
    stamp_ns = 10**18 + frame * n * 20_000_000
    data = b"\x02" + stamp_ns.to_bytes(8, "little") + b"\x01" + bytes.fromhex("00000000e803") * n
    return Notification(frame * n * 0.02 + 0.005, polar_h10.DATA_UUID, data)


def samples(decoded: Sequence[Decoded]) -> list[Samples]:
    return [item for item in decoded if isinstance(item, Samples)]


def test_every_kind_comes_through_and_is_counted() -> None:
    stream = SensorStream(witmotion.DRIVER, WIT_INFO)
    noise = Notification(1.0, witmotion.DATA_UUID, bytes(3) + FLAT + FLAT)
    decoded = stream.feed([*wit(0.0, 1.0), noise, Notification(1.01, witmotion.DATA_UUID, BATTERY)])
    assert sum(isinstance(item, BatteryChunk) for item in decoded) == 1
    assert stream.counters == StreamCounters(
        n_notifications=102, n_samples=102, n_lost=0, loss_is_estimate=False, n_decode_errors=1
    )


def test_a_strap_tells_motion_and_pulse_and_its_loss_is_exact() -> None:
    stream = SensorStream(polar_h10.DRIVER, H10_INFO)
    beat = Notification(0.3, sig.HEART_RATE_UUID, bytes.fromhex("10485a03"))
    decoded = stream.feed([h10(0), beat, h10(1), h10(4)])
    assert [type(item) for item in decoded] == [Samples, HeartChunk, Samples, Samples]
    assert [item.n_lost for item in samples(decoded)] == [0, 0, 20]
    assert not samples(decoded)[-1].loss_is_estimate
    assert samples(decoded)[-1].gyr_rad_s is None
    assert stream.counters.n_lost == 20


def test_a_hole_in_a_counted_stream_divides_the_samples_there() -> None:
    stream = SensorStream(witmotion.DRIVER, WIT_INFO)
    before, after = samples(stream.feed(wit(0.0, 30.0) + wit(40.0, 50.0)))
    assert before.t_s[-1] == pytest.approx(29.99, abs=0.01)
    assert after.t_s[0] == pytest.approx(40.0, abs=0.02)
    assert after.n_lost == pytest.approx(1000, abs=2)
    assert after.loss_is_estimate
    assert stream.counters.loss_is_estimate


def test_a_stream_that_resumes_says_what_is_missing_and_time_goes_on() -> None:
    stream = SensorStream(polar_h10.DRIVER, H10_INFO)
    stream.feed([h10(0), h10(1)])
    stream.resume(H10_INFO)
    (first,) = samples(stream.feed([h10(50)]))
    assert first.n_lost == pytest.approx(480, abs=10)
    assert first.loss_is_estimate
    assert first.t_s[0] > h10(1).t_arrival_s


def test_a_stream_that_resumes_before_its_first_sample_has_lost_nothing() -> None:
    stream = SensorStream(polar_h10.DRIVER, H10_INFO)
    stream.resume(H10_INFO)
    (first,) = samples(stream.feed([h10(3)]))
    assert (first.n_lost, first.loss_is_estimate) == (0, False)


def told(decoded: Sequence[Decoded]) -> tuple[list[float], list[tuple[float, int]]]:
    """Times of all samples, and where how many are missing."""
    items = samples(decoded)
    times = [t_s for item in items for t_s in item.t_s.tolist()]
    return times, [(float(item.t_s[0]), item.n_lost) for item in items if item.n_lost]


@given(
    hole_s=st.floats(0.0, 20.0),
    late_s=st.lists(st.floats(0.0, 0.1), min_size=1, max_size=20),
    cuts=st.sets(st.integers(1, 1599), max_size=20),
)
def test_cutting_batches_changes_nothing(
    hole_s: float, late_s: list[float], cuts: set[int]
) -> None:
    perfect = wit(0.0, 8.0) + wit(8.0 + hole_s, 16.0 + hole_s)
    lateness = itertools.cycle(late_s)
    latest = np.maximum.accumulate([item.t_arrival_s + next(lateness) for item in perfect])
    batch = [Notification(float(t), *item[1:]) for t, item in zip(latest, perfect, strict=True)]
    whole, parts = (
        SensorStream(witmotion.DRIVER, WIT_INFO),
        SensorStream(witmotion.DRIVER, WIT_INFO),
    )
    at_once = whole.feed(batch)
    bounds = [0, *sorted(cuts), len(batch)]
    pieces = [item for a, b in itertools.pairwise(bounds) for item in parts.feed(batch[a:b])]
    assert told(pieces) == told(at_once)
    assert parts.counters == whole.counters
    assert (np.diff(told(at_once)[0]) > 0).all()
