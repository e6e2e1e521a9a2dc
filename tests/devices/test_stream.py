"""A sensor's notifications to samples in session time, with everything counted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.chunk import BatteryChunk, FloatArray, HeartChunk
from devices.driver import ClockKind, Notification, StreamInfo, StreamRequest
from devices.link import LinkEvent, LinkState, SensorLink, scan
from devices.sensors import polar_h10, witmotion
from devices.stream import Decoded, Samples, SensorStream, StreamCounters
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import AirSettings, MemoryRadio
from devices.virtual.peripheral import MotionTrack
from devices.virtual.witmotion_peripheral import VirtualWitMotion

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


# --- the whole way: virtual sensor, radio, link, stream --------------------------------------

SESSION_S = 180.0


def ramp() -> MotionTrack:
    """Acceleration that tells the time: x climbs from -3.5 g to 3.5 g through the session."""
    t_s = np.array([0.0, SESSION_S])
    acc = np.zeros((2, 3))
    acc[:, 0] = np.array([-3.5, 3.5]) * 9.80665
    return MotionTrack(t_s, acc, np.zeros((2, 3)), np.arange(0.0, SESSION_S, 0.9))


def told_by_ramp(sample: Samples) -> FloatArray:
    return np.asarray((sample.acc_m_s2[:, 0] / 9.80665 + 3.5) / 7.0 * SESSION_S)


@pytest.mark.parametrize(
    "sensor",
    [
        VirtualWitMotion("WT901BLE68", ramp(), clock_ppm=7000.0),
        VirtualH10("Polar H10 00000001", ramp()),
    ],
    ids=["witmotion", "polar_h10"],
)
def test_what_a_virtual_sensor_felt_comes_out_at_the_time_it_was_felt(
    sensor: VirtualWitMotion | VirtualH10,
) -> None:
    notes: list[Notification] = []
    events: list[LinkEvent] = []

    async def main() -> None:
        air = MemoryRadio([sensor], 0.0, AirSettings(missed=0.1, jitter_s=0.05))
        (found,) = await scan(1.0, air.radio(), stop_when=bool)
        link = SensorLink(
            found,
            request=StreamRequest(fs_hz=100.0),
            radio=air.radio(),
            t_zero_s=0.0,
            on_notification=lambda it: notes.append(Notification(*it)),
            on_event=events.append,
        )
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_at(100.0, air.drop, sensor.advert.address, 5.0)
        loop.call_at(SESSION_S - 5.0, stop.set)
        await link.run(stop)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())

    streaming = [event for event in events if event.state == LinkState.STREAMING]
    assert len(streaming) == 2  # at first, and after the drop
    first, second = (event.info for event in streaming)
    assert first is not None
    assert second is not None
    driver = {"WT901BLE68": witmotion.DRIVER}.get(sensor.advert.name or "", polar_h10.DRIVER)
    stream = SensorStream(driver, first)
    decoded = stream.feed([note for note in notes if note.t_arrival_s < 100.0])
    stream.resume(second)
    decoded += stream.feed([note for note in notes if note.t_arrival_s >= 100.0])

    t_s = np.concatenate([item.t_s for item in samples(decoded)])
    true_s = np.concatenate([told_by_ramp(item) for item in samples(decoded)])
    assert (np.diff(t_s) > 0).all()
    # The ramp resolves 26 ms at the strap's 1 mg; averaged over half a second that is nothing.
    settled = (t_s > 30.0) & (t_s < 100.0)
    late_s = np.convolve((t_s - true_s)[settled], np.full(50, 0.02), "valid")
    assert np.abs(late_s).max() < 0.05
    (gap,) = np.flatnonzero(np.diff(t_s) > 1.0)
    assert 5.0 < t_s[gap + 1] - t_s[gap] < 10.0
    assert stream.counters.n_decode_errors == 0
    expected = stream.counters.n_samples + stream.counters.n_lost
    assert expected == pytest.approx((t_s[-1] - t_s[0]) * first.fs_hz, rel=0.01)
