"""The real scan, links and drivers on real BlueZ, with our virtual sensors in the air.

Nothing is asserted about the wall clock.  Every sample carries its own number, so that what is
lost, doubled or out of order shows by itself.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devices.link import LinkState
from tests.bluez.air import Air
from tests.bluez.program import (
    find,
    is_gapless,
    linked,
    numbered_h10,
    numbered_witmotion,
    quiet,
    until,
)

pytestmark = pytest.mark.bluez

ROOT = Path(__file__).parents[2]
BACKRELEASE = [sys.executable, "-m", "monitor"]


def test_a_scan_finds_sensors_and_knows_them(air: Air) -> None:
    async def test() -> None:
        strap, leg = await find("Polar H10 51A0BACK", "WT901BLE61")
        assert strap.driver is not None
        assert leg.driver is not None
        assert (strap.driver.name, leg.driver.name) == ("polar_h10", "witmotion")
        assert "0000180d-0000-1000-8000-00805f9b34fb" in strap.advert.service_uuids
        assert strap.advert.address == strap_sensor.advert.address
        assert leg.advert.rssi_dbm is not None

    strap_sensor = numbered_h10("Polar H10 51A0BACK")
    with air.sensors(strap_sensor, numbered_witmotion("WT901BLE61")):
        asyncio.run(test())


def test_100_notifications_a_second_arrive_complete(air: Air) -> None:
    async def test() -> None:
        async with linked(*await find("WT901BLE62")) as (leg,):
            since_s, info = leg.agreements()[0]
            assert (info.fs_hz, info.note) == (100.0, "")  # confirmed by the sensor
            await until(lambda: len(leg.heard) > 1000)
            sensor.silent = True
            await quiet(leg)
        assert leg.n_samples() == sensor.n_sent
        stream, numbers = leg.stream_since(since_s)
        assert is_gapless(numbers)
        assert numbers.size > 800
        assert stream.counters.n_decode_errors == 0
        assert leg.states == [LinkState.CONNECTING, LinkState.STREAMING, LinkState.STOPPED]

    sensor = numbered_witmotion("WT901BLE62")
    with air.sensors(sensor):
        asyncio.run(test())


def test_two_sensors_at_once_lose_nothing(air: Air) -> None:
    async def test() -> None:
        async with linked(*await find("Polar H10 51A0BAC3", "WT901BLE63")) as both:
            await until(lambda: all(one.n_samples() > 700 for one in both))
            for sensor in sensors:
                sensor.silent = True
            await quiet(*both)
        assert [one.n_samples() for one in both] == [s.n_sent for s in sensors]
        for one in both:
            since_s, _ = one.agreements()[0]
            stream, numbers = one.stream_since(since_s)
            assert is_gapless(numbers)
            assert numbers.size > 500
            assert stream.counters.n_lost == stream.counters.n_decode_errors == 0
            assert one.states == [LinkState.CONNECTING, LinkState.STREAMING, LinkState.STOPPED]

    sensors = (numbered_h10("Polar H10 51A0BAC3"), numbered_witmotion("WT901BLE63"))
    with air.sensors(*sensors):
        asyncio.run(test())


def test_a_dropped_sensor_is_set_up_again_and_its_neighbour_notices_nothing(air: Air) -> None:
    async def test() -> None:
        async with linked(*await find("Polar H10 51A0BAC4", "WT901BLE64")) as (strap, leg):
            await until(lambda: leg.n_samples() > 200)
            air.do(leg_sensor.restart)  # it forgets its rate, as when switched off and on
            await asyncio.to_thread(air.drop, leg_sensor)
            await until(lambda: len(leg.agreements()) == 2)
            back_s, info = leg.agreements()[1]
            n_before = leg.n_samples()
            await until(lambda: leg.n_samples() > n_before + 300)
            strap_sensor.silent = leg_sensor.silent = True
            await quiet(strap, leg)
        assert strap.n_samples() == strap_sensor.n_sent
        assert LinkState.LOST in leg.states
        assert info.fs_hz == leg_sensor.fs_hz == 100.0
        assert is_gapless(leg.stream_since(back_s)[1])
        assert is_gapless(strap.stream_since(0.0)[1])
        assert strap.states == [LinkState.CONNECTING, LinkState.STREAMING, LinkState.STOPPED]

    strap_sensor, leg_sensor = numbered_h10("Polar H10 51A0BAC4"), numbered_witmotion("WT901BLE64")
    with air.sensors(strap_sensor, leg_sensor):
        asyncio.run(test())


def test_a_sensor_carried_away_streams_again_when_it_returns(air: Air) -> None:
    async def test() -> None:
        async with linked(*await find("Polar H10 51A0BAC5")) as (strap,):
            await until(lambda: strap.n_samples() > 100)
            await asyncio.to_thread(air.leave_range, sensor)
            await until(lambda: strap.states.count(LinkState.LOST) == 2)  # one attempt in vain
            air.return_to_range(sensor)
            await until(lambda: len(strap.agreements()) == 2)
            back_s, _ = strap.agreements()[1]
            await until(lambda: strap.stream_since(back_s)[1].size > 200)
        assert is_gapless(strap.stream_since(back_s)[1])

    sensor = numbered_h10("Polar H10 51A0BAC5")
    with air.sensors(sensor):
        asyncio.run(test())


def test_sensors_left_connected_by_a_killed_program_are_found_and_stream(
    air: Air, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with linked(*await find(*names, seconds=2.0)) as (strap, leg):
            since_s, _ = leg.agreements()[0]
            await until(lambda: leg.stream_since(since_s)[1].size > 300)
            await until(lambda: len(strap.heard) > 3)
        assert is_gapless(leg.stream_since(since_s)[1])
        assert not any(air.is_connected(sensor) for sensor in sensors)

    monkeypatch.setenv("BACKRELEASE_HOME", str(tmp_path))
    # A strap known only by its heart-rate service: nothing in its name tells what it is.
    names = ("TICKR 5E2C", "WT901BLE66")
    sensors = strap_sensor, leg_sensor = numbered_h10(names[0]), numbered_witmotion(names[1])
    worn = ("--sensor", f"heart={names[0]}", "--sensor", f"left_thigh={names[1]}")
    with air.sensors(*sensors), (tmp_path / "said").open("wb") as said:
        with subprocess.Popen(
            [*BACKRELEASE, "session", "--plain", *worn], cwd=ROOT, stdout=said, stderr=said
        ) as program:
            try:
                while air.do(lambda: leg_sensor.n_sent < 300 or strap_sensor.n_beats_sent < 2):
                    assert program.poll() is None, (tmp_path / "said").read_text(encoding="utf-8")
                    time.sleep(0.1)
            finally:
                program.kill()
        time.sleep(1.0)  # BlueZ sees that the program is gone
        assert all(air.is_connected(sensor) for sensor in sensors)
        scanned = subprocess.run(
            [*BACKRELEASE, "scan", "--seconds", "2"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert all(name in scanned.stdout for name in names)
        asyncio.run(test())
