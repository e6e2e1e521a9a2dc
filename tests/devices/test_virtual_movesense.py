"""A virtual Movesense at 104 Hz: its bytes, and what comes of it through both virtual radios."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest

from devices.chunk import BatteryChunk, HeartChunk, ImuChunk
from devices.driver import ClockKind, Notification, StreamInfo, StreamRequest
from devices.link import LinkEvent, LinkState, SensorLink, scan
from devices.radio import Radio
from devices.registry import recognise
from devices.sensors import movesense
from devices.sensors.movesense_packets import decode_motion
from devices.stream import Samples, SensorStream
from devices.virtual.bumble_radio import BumbleRadio
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import AirSettings, MemoryRadio
from devices.virtual.movesense_peripheral import COMMAND_UUID, DATA_UUID, VirtualMovesense
from devices.virtual.peripheral import AttRefused, MotionTrack

G = 9.80665
INFO = StreamInfo(104.0, 8.0, has_gyro=True, clock=ClockKind.DEVICE)
SERIAL = "Movesense 25483000032"
SUBSCRIBE_IMU6 = movesense.subscribe_command(movesense.IMU6, 104)


def ramp(seconds: float = 60.0) -> MotionTrack:
    """Every sample is different, so that a lost or doubled one shows."""
    t_s = np.arange(0.0, seconds, 0.002)
    acc = np.stack([t_s / seconds * G, np.zeros_like(t_s), np.full_like(t_s, G)], axis=1)
    return MotionTrack(t_s, acc, np.tile([0.0, np.pi / 2, 0.0], (t_s.size, 1)), np.arange(0, 60.0))


def holed() -> MotionTrack:
    track = ramp()
    track.acc_m_s2[(track.t_s > 1.0) & (track.t_s < 1.5)] = np.nan
    return track


def sensor(number: int = 1, **options: Any) -> VirtualMovesense:
    return VirtualMovesense(f"{SERIAL}{number}", ramp(), **options)


def status(replies: list[tuple[str, bytes]]) -> int | None:
    ((uuid, payload),) = replies
    assert uuid == DATA_UUID
    return movesense.result_status(payload)


def test_commands_are_answered_as_the_firmware_does() -> None:
    one = sensor()
    assert one.on_write(0.0, COMMAND_UUID, b"\x00\x07") == [(DATA_UUID, b"\x01\x07Hello")]
    assert status(one.on_write(0.0, COMMAND_UUID, b"\x01\x66/Meas/IMU6/100")) == 404
    assert status(one.on_write(0.0, COMMAND_UUID, SUBSCRIBE_IMU6)) == 200
    assert status(one.on_write(0.0, COMMAND_UUID, SUBSCRIBE_IMU6)) == 507  # no slot is free
    assert status(one.on_write(0.0, COMMAND_UUID, b"\x02\x63")) == 404
    assert status(one.on_write(0.0, COMMAND_UUID, b"\x02\x66")) == 200
    assert status(one.on_write(0.0, COMMAND_UUID, b"\x06\x01")) == 501
    assert one.on_write(0.0, COMMAND_UUID, b"\x01\x00/Meas/Acc/13") == []  # no reference
    assert one.next_due_s() is None
    with pytest.raises(AttRefused):
        one.on_read(0.0, DATA_UUID)


def test_eight_samples_travel_in_two_parts_cut_after_150_bytes() -> None:
    one = sensor(clock_starts_ms=2**32 - 10)
    one.on_write(0.0, COMMAND_UUID, SUBSCRIBE_IMU6)
    (_, first), (_, second) = one.advance(8 / 104 + 1e-4)
    assert (first[:2], second[:2]) == (b"\x02\x66", b"\x03\x66")
    assert (len(first), len(second)) == (152, 48)
    motion = decode_motion(first[2:] + second[2:], 2)
    assert motion is not None
    assert motion.stamp_ms == 0  # of the first sample, 10 ms after the subscription: it has wrapped
    acc_m_s2, gyr_deg_s = motion.kinds
    np.testing.assert_allclose(acc_m_s2[:, 0], np.arange(1, 9) / 104 / 60 * G, atol=2e-4)
    np.testing.assert_allclose(gyr_deg_s, np.tile([0.0, 90.0, 0.0], (8, 1)), atol=1e-5)
    assert one.n_sent == 8


def test_what_the_track_does_not_know_is_not_sent() -> None:
    one = VirtualMovesense(f"{SERIAL}1", holed())
    one.on_write(0.0, COMMAND_UUID, SUBSCRIBE_IMU6)
    batch = [Notification(0.1, uuid, payload) for uuid, payload in one.advance(3.0)]
    chunks = movesense.DRIVER.new_decoder(INFO).feed(batch)
    imu = [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]
    assert len(imu) == len(chunks)
    assert sum(len(chunk.t_device_s) for chunk in imu) == one.n_sent
    assert sum(chunk.n_lost for chunk in imu) == 3 * 104 - one.n_sent > 50  # half a second


# --- through bleak ---------------------------------------------------------------------------


class Heard:
    """One link's notifications and events."""

    def __init__(self) -> None:
        self.notes: list[Notification] = []
        self.events: list[LinkEvent] = []

    def hear(self, arrival: tuple[float, str, bytes]) -> None:
        self.notes.append(Notification(*arrival))


async def stream(radio: Radio, n: int, seconds: float) -> dict[str, Heard]:
    """Link to `n` sensors, asking for 104 Hz; what each said, by name."""
    found = await scan(5.0, radio, stop_when=lambda all_: len(all_) == n)
    heard = {str(one.advert.name): Heard() for one in found}
    stop = asyncio.Event()
    links = [
        SensorLink(
            one,
            request=StreamRequest(fs_hz=104.0),
            radio=radio,
            t_zero_s=asyncio.get_running_loop().time(),
            on_notification=heard[str(one.advert.name)].hear,
            on_event=heard[str(one.advert.name)].events.append,
        )
        for one in found
    ]
    tasks = [asyncio.create_task(link.run(stop)) for link in links]
    await asyncio.sleep(seconds)
    stop.set()
    await asyncio.gather(*tasks)
    return heard


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test)


def check(one: VirtualMovesense, heard: Heard) -> None:
    """Everything sent has arrived, once, at 104 Hz and in order."""
    streaming = [event.info for event in heard.events if event.info is not None]
    (info,) = streaming
    assert info.fs_hz == 104.0
    assert info.has_gyro
    assert LinkState.LOST not in [event.state for event in heard.events]
    told = SensorStream(movesense.DRIVER, info)
    said = told.feed(heard.notes)
    assert told.counters.n_samples == one.n_sent > 1500
    assert (told.counters.n_lost, told.counters.n_decode_errors) == (0, 0)
    samples = [item for item in said if isinstance(item, Samples)]
    t_s = np.concatenate([item.t_s for item in samples])
    # Stamps are whole milliseconds, and the clock map is still finding its way.
    np.testing.assert_allclose(np.diff(t_s)[104:], 1 / 104, rtol=0.2)
    rising = np.concatenate([item.acc_m_s2[:, 0] for item in samples])
    assert (np.diff(rising) > 0).all(), "no sample twice, none out of order"
    assert any(isinstance(item, HeartChunk) for item in said)
    assert BatteryChunk(heard.notes[0].t_arrival_s, 85.0) in said


def test_three_at_104_hz_lose_nothing_in_memory() -> None:
    sensors = [sensor(i, clock_ppm=40.0 * i) for i in range(3)]

    async def test() -> None:
        air = AirSettings(missed=0.1, jitter_s=0.02)
        heard = await stream(MemoryRadio(sensors, settings=air).radio(), 3, 20.0)
        for one in sensors:
            check(one, heard[str(one.advert.name)])

    run(test())


def test_two_at_104_hz_lose_nothing_over_two_bluetooth_stacks() -> None:
    sensors = [sensor(i, clock_ppm=-40.0 * i) for i in range(2)]

    async def test() -> None:
        async with BumbleRadio(sensors) as place:
            heard = await stream(place.radio(), 2, 20.0)
        for one in sensors:
            check(one, heard[str(one.advert.name)])

    run(test())


def test_a_scan_knows_it() -> None:
    driver = recognise(sensor().advert)
    assert driver is movesense.DRIVER
