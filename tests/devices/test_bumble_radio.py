"""Virtual sensors, bleak and the real drivers, end to end over two Bluetooth host stacks.

Nothing is asserted about the wall clock: what counts is that every frame sent arrives.
"""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from devices.chunk import HeartChunk, ImuChunk
from devices.driver import Notification, StreamInfo, StreamRequest
from devices.errors import DeviceError
from devices.link import LinkEvent, LinkState, SensorLink
from devices.radio import Radio, scan
from devices.registry import recognise
from devices.simulated.body import Body
from devices.simulated.script import session_script
from devices.virtual.bumble_radio import Air, BumbleRadio
from devices.virtual.h10_peripheral import (
    BATTERY_UUID,
    HEART_RATE_UUID,
    HEART_SERVICE_UUID,
    PMD_CONTROL_UUID,
    PMD_DATA_UUID,
    VirtualH10,
)
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.peripheral import MotionTrack
from devices.virtual.wearer import SENSOR_NAMES, dressed
from devices.virtual.witmotion_peripheral import NOTIFY_UUID, WRITE_UUID, VirtualWitMotion

NAME = "WT901BLE61"


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test)


def counting_track(n: int = 30_000) -> MotionTrack:
    """Sample k reads k counts on x, so that order and loss are seen in the bytes."""
    acc = np.zeros((n, 3))
    acc[:, 0] = np.arange(n) * 16.0 * 9.80665 / 32768
    return MotionTrack(np.arange(n) / 100.0, acc, None, np.arange(0.5, n / 100.0, 0.9))


def witmotion(name: str = NAME, frames_per_notification: int | None = 1) -> VirtualWitMotion:
    return VirtualWitMotion(
        name, counting_track(), stored_rate=9, frames_per_notification=frames_per_notification
    )


def x_counts(payloads: Sequence[bytes]) -> list[int]:
    data = b"".join(payloads)
    frames = (data[i : i + 20] for i in range(0, len(data), 20))
    return [struct.unpack_from("<h", f, 2)[0] for f in frames if f[1] == 0x61]


async def device_named(name: str, radio: Radio) -> BLEDevice:
    found = await scan(2.0, radio, stop_when=lambda all_: any(f.advert.name == name for f in all_))
    return next(f.handle for f in found if f.advert.name == name)


# --- bleak's own public layer ----------------------------------------------------------------


def test_a_scan_shows_name_address_and_short_uuid() -> None:
    async def test() -> None:
        h10 = VirtualH10("Polar H10 51A0BACK", counting_track())
        async with BumbleRadio([h10, witmotion()]) as place:
            backend = place.radio().scanner_backend
            assert backend is not None
            found = await BleakScanner.discover(timeout=1.0, return_adv=True, backend=backend)
            device, advert = found[h10.advert.address]
            assert device.name == advert.local_name == "Polar H10 51A0BACK"
            assert advert.service_uuids == [HEART_SERVICE_UUID]
            assert len(found) == 2
            only = await BleakScanner.discover(
                timeout=1.0, service_uuids=[HEART_SERVICE_UUID], backend=backend
            )
            assert [device.address for device in only] == [h10.advert.address]

    run(test())


def test_reads_writes_refusals_and_the_negotiated_mtu() -> None:
    async def test() -> None:
        sensor = VirtualH10("Polar H10 51A0BACK", counting_track(), battery_percent=81)
        async with BumbleRadio([sensor]) as place:
            radio = place.radio()
            device = await device_named("Polar H10 51A0BACK", radio)
            async with BleakClient(device, backend=radio.client_backend) as client:
                assert client.mtu_size == 247
                assert client.name == "Polar H10 51A0BACK"
                assert await client.read_gatt_char(BATTERY_UUID) == b"\x51"
                with pytest.raises(BleakGATTProtocolError) as refusal:
                    await client.read_gatt_char(HEART_RATE_UUID)
                assert int(refusal.value.code) == 0x02
                with pytest.raises(BleakGATTProtocolError) as refusal:  # no indications yet
                    await client.write_gatt_char(PMD_CONTROL_UUID, b"\x01\x02", response=True)
                assert int(refusal.value.code) == 0xFD
                answers: list[bytes] = []
                await client.start_notify(PMD_CONTROL_UUID, lambda _, v: answers.append(bytes(v)))
                await client.write_gatt_char(PMD_CONTROL_UUID, b"\x01\x02", response=True)
                await asyncio.sleep(0.1)
                assert answers[0][:5] == bytes.fromhex("f001020000")
                service = client.services.get_characteristic(PMD_DATA_UUID)
                assert service is not None
                assert service.properties == ["notify"]

    run(test())


def test_a_failed_connection_does_not_block_the_next() -> None:
    async def test() -> None:
        sensor = witmotion()
        async with BumbleRadio([sensor]) as place:
            radio = place.radio()
            device = await device_named(NAME, radio)
            place_of = sensor.advert.address
            await place.leave_range(place_of, 0.0)
            with pytest.raises(TimeoutError):
                await BleakClient(device, timeout=1.0, backend=radio.client_backend).connect()
            absent = BleakClient("C0:00:00:00:00:99", timeout=0.5, backend=radio.client_backend)
            with pytest.raises(BleakDeviceNotFoundError):
                await absent.connect()
            place.return_to_range(place_of)
            async with BleakClient(place_of, timeout=3.0, backend=radio.client_backend) as client:
                assert client.is_connected

    run(test())


def test_a_lost_link_is_reported_and_pending_requests_end() -> None:
    async def test() -> None:
        sensor = witmotion()
        async with BumbleRadio([sensor], air=Air(interval_s=0.05)) as place:
            radio = place.radio()
            device = await device_named(NAME, radio)
            gone = asyncio.Event()
            client = BleakClient(device, lambda _: gone.set(), backend=radio.client_backend)
            await client.connect()
            away = asyncio.create_task(place.leave_range(sensor.advert.address, 0.5))
            await asyncio.sleep(0.01)
            with pytest.raises(BleakError, match="disconnected"):
                await client.write_gatt_char(WRITE_UUID, bytes(5), response=True)
            await away
            assert gone.is_set()
            assert not client.is_connected
            with pytest.raises(BleakError):
                await client.write_gatt_char(WRITE_UUID, bytes(5), response=True)

    run(test())


def test_scanning_goes_on_while_another_sensor_streams() -> None:
    async def test() -> None:
        async with BumbleRadio([witmotion(), witmotion("WT901BLE62")]) as place:
            radio = place.radio()
            heard: list[bytes] = []
            device = await device_named(NAME, radio)
            async with BleakClient(device, backend=radio.client_backend) as client:
                await client.start_notify(NOTIFY_UUID, lambda _, v: heard.append(bytes(v)))
                other = await device_named("WT901BLE62", radio)
                async with BleakClient(other, backend=radio.client_backend) as second:
                    assert second.is_connected
                    await asyncio.sleep(1.0)
                assert len(heard) > 100
            counts = x_counts(heard)
            assert counts == list(range(counts[0], counts[0] + len(counts)))

    run(test())


@pytest.mark.parametrize(
    "air", [Air(), Air(interval_s=0.03), Air(interval_s=0.015, missed=0.3, per_event=4, seed=7)]
)
@pytest.mark.parametrize("frames", [1, None])
def test_nothing_is_lost_whatever_the_air(air: Air, frames: int | None) -> None:
    async def test() -> None:
        sensor = witmotion(frames_per_notification=frames)
        async with BumbleRadio([sensor], air=air) as place:
            radio = place.radio()
            heard: list[tuple[float, bytes]] = []
            loop = asyncio.get_running_loop()

            def hear(_: BleakGATTCharacteristic, value: bytearray) -> None:
                heard.append((loop.time(), bytes(value)))

            device = await device_named(NAME, radio)
            async with BleakClient(device, backend=radio.client_backend) as client:
                await client.start_notify(NOTIFY_UUID, hear)
                await asyncio.sleep(20.0)
                await client.stop_notify(NOTIFY_UUID)
                await asyncio.sleep(1.0)
            counts = x_counts([payload for _, payload in heard])
            assert counts == list(range(counts[0], counts[0] + sensor.n_sent))
            assert sensor.n_sent > 1900
            if air.missed:  # some came late, with their neighbours
                gaps_s = np.diff([t_s for t_s, _ in heard])
                assert gaps_s.max() > 2 * air.interval_s

    run(test())


def test_a_name_that_does_not_fit_an_advertisement_is_refused() -> None:
    async def test() -> None:
        sensor = VirtualWitMotion("WT" + "9" * 40, counting_track(10))
        radio = BumbleRadio([sensor])
        with pytest.raises(DeviceError, match="has 47 bytes, room is for 31"):
            await radio.start()

    run(test())


def test_a_radio_that_stopped_leaves_nothing_running() -> None:
    async def test() -> None:
        sensor = witmotion()
        loop = asyncio.get_running_loop()
        async with BumbleRadio(
            [sensor, witmotion("WT901BLE62")], air=Air(interval_s=0.03)
        ) as place:
            radio = place.radio()
            client = BleakClient(await device_named(NAME, radio), backend=radio.client_backend)
            await client.connect()
            await client.start_notify(NOTIFY_UUID, lambda _, __: None)
            await asyncio.sleep(1.0)
        assert not client.is_connected
        await asyncio.sleep(1.0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined] # asyncio's own list
        assert sensor.next_due_s() is None

    run(test())


def test_a_loop_at_a_given_speed_carries_everything() -> None:
    async def test() -> None:
        wearer = dressed(Body(session_script(90.0)), frames_per_notification=None)
        async with BumbleRadio(wearer.sensors.values()) as place:
            session = await hold_session(place, 5, pass_time)
        for placement, sensor in wearer.sensors.items():
            assert isinstance(sensor, VirtualH10 | VirtualWitMotion)
            assert n_samples(session.heard[SENSOR_NAMES[placement]]) == sensor.n_sent

    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(speed=40.0)) as runner:
        runner.run(test())


# --- the real scan, links, drivers and streams -----------------------------------------------


@dataclass
class Session:
    """What came of a session with links to every sensor in range."""

    heard: dict[str, list[Notification]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, list[LinkEvent]] = field(default_factory=lambda: defaultdict(list))

    def states(self, name: str) -> list[LinkState]:
        return [event.state for event in self.events[name]]

    def info(self, name: str) -> StreamInfo:
        return next(e.info for e in self.events[name] if e.info is not None)


async def hold_session(
    place: BumbleRadio,
    n_sensors: int,
    meanwhile: Callable[[Session], Awaitable[None]],
    fs_hz: float = 100.0,
) -> Session:
    session, stop = Session(), asyncio.Event()
    t_zero_s = asyncio.get_running_loop().time()
    found = await scan(5.0, place.radio(), stop_when=lambda all_: len(all_) == n_sensors)
    assert len(found) == n_sensors
    async with asyncio.TaskGroup() as group:
        for one in found:
            name = str(one.advert.name)
            link = SensorLink(
                one,
                request=StreamRequest(fs_hz=fs_hz),
                radio=place.radio(),
                t_zero_s=t_zero_s,
                on_notification=session.heard[name].append,
                on_event=session.events[name].append,
            )
            group.create_task(link.run(stop))
        await meanwhile(session)
        stop.set()
    return session


def n_samples(heard: Sequence[Notification]) -> int:
    frames = sum(
        sum(n.payload[i + 1] == 0x61 for i in range(0, len(n.payload), 20))
        for n in heard
        if n.characteristic == NOTIFY_UUID
    )
    return frames + sum(
        (len(n.payload) - 10) // 6 for n in heard if n.characteristic == PMD_DATA_UUID
    )


async def pass_time(_: Session) -> None:
    await asyncio.sleep(20.0)


@pytest.mark.parametrize("frames", [1, None])
def test_five_sensors_at_100_hz_lose_nothing(frames: int | None) -> None:
    async def test() -> None:
        wearer = dressed(Body(session_script(90.0)), frames_per_notification=frames)
        async with BumbleRadio(wearer.sensors.values()) as place:
            session = await hold_session(place, 5, pass_time)
        for placement, sensor in wearer.sensors.items():
            name = SENSOR_NAMES[placement]
            assert isinstance(sensor, VirtualH10 | VirtualWitMotion)
            assert n_samples(session.heard[name]) == sensor.n_sent > 1500
            assert session.states(name)[-1] is LinkState.STOPPED
            assert LinkState.LOST not in session.states(name)

    run(test())


@pytest.mark.parametrize("placement", ["chest", "left_shank"])
def test_what_comes_out_is_what_the_body_felt(placement: str) -> None:
    async def test() -> None:
        name = SENSOR_NAMES[placement]
        wearer = dressed(Body(session_script(90.0)), placements={placement: name}, seed=5)
        async with BumbleRadio(wearer.sensors.values()) as place:
            session = await hold_session(place, 1, pass_time)
        found = session.events[name][0]
        assert found.state is LinkState.CONNECTING
        sensor = wearer.sensors[placement]
        assert isinstance(sensor, VirtualH10 | VirtualWitMotion)
        driver = recognise(sensor.advert)
        assert driver is not None
        said = driver.new_decoder(session.info(name)).feed(session.heard[name])
        acc = np.concatenate([chunk.acc_m_s2 for chunk in said if isinstance(chunk, ImuChunk)])
        track = sensor._track
        whole = acc[-1500:]
        first = next(
            i
            for i in range(track.t_s.size - 1500)
            if np.allclose(track.acc_m_s2[i : i + 10], whole[:10], atol=0.01)
        )
        step = 9.80665 / 1000 if placement == "chest" else 16.0 * 9.80665 / 32768
        expected = track.acc_m_s2[first : first + 1500]
        np.testing.assert_allclose(whole, expected, atol=0.51 * step)
        if placement == "chest":
            rr_s = np.concatenate([c.rr_s for c in said if isinstance(c, HeartChunk)])
            assert 60.0 / rr_s.mean() == pytest.approx(68.0, abs=5.0)

    run(test())


@pytest.mark.parametrize("loss", ["drop", "range"])
def test_a_lost_sensor_comes_back_and_streams_on(loss: str) -> None:
    async def test() -> None:
        wearer = dressed(
            Body(session_script(90.0)),
            placements={p: SENSOR_NAMES[p] for p in ("chest", "left_thigh")},
        )
        address = wearer.sensors["left_thigh"].advert.address

        async def meanwhile(session: Session) -> None:
            await asyncio.sleep(10.0)
            if loss == "drop":
                await place.drop(address)
            else:
                await place.leave_range(address, 0.5)
                await asyncio.sleep(5.0)
                place.return_to_range(address)
            await asyncio.sleep(25.0)
            session.heard["mark"] = list(session.heard[SENSOR_NAMES["left_thigh"]])

        async with BumbleRadio(wearer.sensors.values(), air=Air(interval_s=0.03)) as place:
            session = await hold_session(place, 2, meanwhile)
        name = SENSOR_NAMES["left_thigh"]
        states = session.states(name)
        assert LinkState.LOST in states
        assert states.count(LinkState.STREAMING) == 2
        back_s = [e.t_s for e in session.events[name] if e.state is LinkState.STREAMING][1]
        after = [n for n in session.heard["mark"] if n.t_arrival_s > back_s]
        assert n_samples(after) > 1000
        chest = wearer.sensors["chest"]
        assert isinstance(chest, VirtualH10)
        assert n_samples(session.heard[SENSOR_NAMES["chest"]]) == chest.n_sent
        assert LinkState.LOST not in session.states(SENSOR_NAMES["chest"])

    run(test())


def test_a_silent_sensor_is_noticed() -> None:
    async def test() -> None:
        sensor = witmotion()

        async def meanwhile(_: Session) -> None:
            await asyncio.sleep(5.0)
            sensor.silent = True
            await asyncio.sleep(8.0)
            sensor.silent = False
            await asyncio.sleep(20.0)

        async with BumbleRadio([sensor]) as place:
            session = await hold_session(place, 1, meanwhile)
        assert LinkState.SILENT in session.states(NAME)
        assert session.heard[NAME][-1].t_arrival_s > 30.0
        assert n_samples(session.heard[NAME]) == sensor.n_sent

    run(test())


def test_on_the_usual_event_loop_too() -> None:
    async def test() -> None:
        wearer = dressed(Body(session_script(90.0)))

        async def meanwhile(_: Session) -> None:
            await asyncio.sleep(2.0)

        async with BumbleRadio(wearer.sensors.values()) as place:
            session = await hold_session(place, 5, meanwhile)
        for placement, sensor in wearer.sensors.items():
            assert isinstance(sensor, VirtualH10 | VirtualWitMotion)
            assert n_samples(session.heard[SENSOR_NAMES[placement]]) == sensor.n_sent

    asyncio.run(test())


@pytest.mark.slow
def test_a_minute_in_real_time_loses_nothing() -> None:
    async def test() -> None:
        wearer = dressed(Body(session_script(90.0)))

        async def meanwhile(_: Session) -> None:
            await asyncio.sleep(60.0)

        async with BumbleRadio(wearer.sensors.values()) as place:
            session = await hold_session(place, 5, meanwhile)
        for placement, sensor in wearer.sensors.items():
            assert isinstance(sensor, VirtualH10 | VirtualWitMotion)
            assert n_samples(session.heard[SENSOR_NAMES[placement]]) == sensor.n_sent > 5500

    asyncio.run(test())


@pytest.mark.slow
def test_a_quarter_of_an_hour_as_fast_as_possible_loses_nothing() -> None:
    async def test() -> None:
        wearer = dressed(frames_per_notification=None)

        async def meanwhile(_: Session) -> None:
            await asyncio.sleep(900.0)

        async with BumbleRadio(wearer.sensors.values()) as place:
            session = await hold_session(place, 5, meanwhile)
        for placement, sensor in wearer.sensors.items():
            assert isinstance(sensor, VirtualH10 | VirtualWitMotion)
            assert n_samples(session.heard[SENSOR_NAMES[placement]]) == sensor.n_sent > 89_000

    run(test())
