"""The real scan, links and drivers, end to end over two Bluetooth host stacks.

Nothing is asserted about the wall clock: what counts is that every frame sent arrives.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from devices.chunk import HeartChunk, ImuChunk
from devices.driver import Notification, StreamInfo, StreamRequest
from devices.link import LinkEvent, LinkState, SensorLink
from devices.radio import scan
from devices.registry import recognise
from devices.simulated.body import Body
from devices.simulated.script import session_script
from devices.virtual.bumble_radio import Air, BumbleRadio
from devices.virtual.h10_peripheral import (
    PMD_DATA_UUID,
    VirtualH10,
)
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.peripheral import MotionTrack
from devices.virtual.wearer import SENSOR_NAMES, dressed
from devices.virtual.witmotion_peripheral import NOTIFY_UUID, VirtualWitMotion

NAME = "WT901BLE61"


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test)


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
                on_notification=lambda it, to=session.heard[name]: to.append(Notification(*it)),
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
        still = MotionTrack(np.arange(9.0), np.full((9, 3), 5.7), None, np.array([]))
        sensor = VirtualWitMotion(NAME, still)

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
