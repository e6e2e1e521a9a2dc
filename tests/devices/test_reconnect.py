"""However long a sensor was away: its data flows again within 3 s of its return."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from devices.chunk import ImuChunk
from devices.driver import Notification, StreamRequest
from devices.link import LinkEvent, LinkState, Radio, SensorLink, scan
from devices.registry import recognise
from devices.virtual.bumble_air import Air
from devices.virtual.bumble_radio import BumbleRadio
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.peripheral import MotionTrack
from devices.virtual.witmotion_peripheral import VirtualWitMotion

BACK_WITHIN_S = 3.0  # of its return, by the project's own figures
LOST_AT_S = 10.0
Sensor = VirtualWitMotion | VirtualH10


def still() -> MotionTrack:
    t_s = np.arange(9.0)
    return MotionTrack(t_s, np.tile([0.0, 0.0, 9.81], (9, 1)), None, np.arange(0.0, 900.0))


def wit(number: int = 1) -> VirtualWitMotion:
    return VirtualWitMotion(f"WT901BLE6{number}", still())


def strap() -> VirtualH10:
    return VirtualH10("Polar H10 00000001", still())


class Ear:
    """A link and all that came over it."""

    def __init__(self, sensor: Sensor) -> None:
        self.sensor = sensor
        self.notes: list[Notification] = []
        self.events: list[LinkEvent] = []

    async def run(self, radio: Radio, stop: asyncio.Event) -> None:
        address = self.sensor.advert.address
        here = await scan(5.0, radio, lambda seen: address in {f.advert.address for f in seen})
        [found] = [f for f in here if f.advert.address == address]
        link = SensorLink(
            found,
            request=StreamRequest(),
            radio=radio,
            t_zero_s=0.0,
            on_notification=lambda it: self.notes.append(Notification(*it)),
            on_event=self.events.append,
        )
        await link.run(stop)

    def data_from_s(self, t_s: float) -> float:
        """When the first samples arrived after the stream that followed `t_s` was agreed."""
        agreed = next(e for e in self.events if e.state is LinkState.STREAMING and e.t_s > t_s)
        driver = recognise(self.sensor.advert)
        assert driver is not None
        assert agreed.info is not None
        notes = [n for n in self.notes if n.t_arrival_s > agreed.t_s]
        chunks = driver.new_decoder(agreed.info).feed(notes)
        return next(float(c.t_arrival_s[0]) for c in chunks if isinstance(c, ImuChunk))


@pytest.mark.parametrize("make", [wit, strap], ids=["witmotion", "polar_h10"])
@pytest.mark.parametrize("away_s", [0.0, 4.0, 33.0, 70.0, 150.0, 190.0, 215.0, 400.0])
def test_over_the_air_in_memory(make: Callable[[], Sensor], away_s: float) -> None:
    ear = Ear(make())
    back_s = LOST_AT_S + away_s

    async def main() -> None:
        air, stop, loop = (
            MemoryRadio([ear.sensor], 0.0),
            asyncio.Event(),
            asyncio.get_running_loop(),
        )
        loop.call_at(LOST_AT_S, air.drop, ear.sensor.advert.address, away_s)
        loop.call_at(back_s + 10.0, stop.set)
        await ear.run(air.radio(), stop)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    assert back_s < ear.data_from_s(LOST_AT_S) <= back_s + BACK_WITHIN_S


@pytest.mark.parametrize("away_s", [60.0, 210.0])
def test_two_that_are_away_at_the_same_time_share_the_search(away_s: float) -> None:
    ears = [Ear(wit(1)), Ear(wit(2))]
    back_s = LOST_AT_S + away_s

    async def main() -> None:
        air, stop = MemoryRadio([e.sensor for e in ears], 0.0), asyncio.Event()
        loop = asyncio.get_running_loop()
        for ear in ears:
            loop.call_at(LOST_AT_S, air.drop, ear.sensor.advert.address, away_s)
        loop.call_at(back_s + 10.0, stop.set)
        await asyncio.gather(*(ear.run(air.radio(), stop) for ear in ears))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    for ear in ears:
        assert back_s < ear.data_from_s(LOST_AT_S) <= back_s + BACK_WITHIN_S


@pytest.mark.parametrize("make", [wit, strap], ids=["witmotion", "polar_h10"])
@pytest.mark.parametrize("away_s", [4.0, 45.0])
def test_over_two_whole_bluetooth_stacks(make: Callable[[], Sensor], away_s: float) -> None:
    ear = Ear(make())
    address = ear.sensor.advert.address
    returned_s: list[float] = []

    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with BumbleRadio([ear.sensor], t_zero_s=0.0, air=Air(interval_s=0.03)) as place:
            running = asyncio.create_task(ear.run(place.radio(), stop))
            await asyncio.sleep(LOST_AT_S)
            await place.leave_range(address, 0.5)
            await asyncio.sleep(away_s)
            place.return_to_range(address)
            returned_s.append(loop.time())
            await asyncio.sleep(10.0)
            stop.set()
            await running

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    [back_s] = returned_s
    assert ear.data_from_s(LOST_AT_S + 1.0) <= back_s + BACK_WITHIN_S
