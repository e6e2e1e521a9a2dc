"""bleak's public layer on the virtual Bluetooth stack: scans, requests, refusals, losses.

Nothing is asserted about the wall clock: what counts is that every frame sent arrives.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Coroutine, Sequence
from typing import Any

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from devices.errors import DeviceError
from devices.radio import Radio, scan
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


@pytest.mark.parametrize("n_turns", range(12))
def test_a_stop_at_any_turn_of_advertising_leaves_no_answer_without_a_question(
    n_turns: int,
) -> None:
    complaints: list[dict[str, Any]] = []

    async def test() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context))
        sensor = witmotion()
        place = BumbleRadio([sensor])
        await place.start()
        radio = place.radio()
        client = BleakClient(await device_named(NAME, radio), backend=radio.client_backend)
        await client.connect()
        host = place._hosts[sensor.advert.address]
        dropping = asyncio.ensure_future(host.drop())
        while not host._tasks:  # noqa: ASYNC110  # turn by turn, until it advertises again
            await asyncio.sleep(0)
        for _ in range(n_turns):
            await asyncio.sleep(0)
        await host.stop()
        await dropping
        await asyncio.sleep(1.0)

    run(test())
    assert complaints == []
