"""A sensor calls its wearer while it streams: what is sent, and that nothing is lost meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from devices.driver import Driver, Notification, Pause, StreamRequest, Write
from devices.link import LinkEvent, LinkState, SensorLink, scan
from devices.radio import Radio
from devices.registry import DRIVERS, driver_named
from devices.sensors import espruino, metamotion, movella_dot, pinetime, sketch, thingy52
from devices.stream import SensorStream
from devices.supported import ABILITIES
from devices.virtual.bumble_radio import BumbleRadio
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.peripheral import AttRefused, MotionTrack, Outgoing
from devices.virtual.sketch_peripheral import VirtualSketch
from devices.virtual.witmotion_peripheral import VirtualWitMotion

STILL = MotionTrack(np.arange(9.0), np.tile([0.0, 0.0, 9.8], (9, 1)), None, np.array([]))


def steps(driver: Driver, times: int = 1) -> list[Write | Pause]:
    return [] if driver.cue is None else list(driver.cue(times))


def writes(driver: Driver, times: int = 1) -> list[str]:
    return [step.data.hex(" ") for step in steps(driver, times) if isinstance(step, Write)]


def test_what_is_sent_is_what_the_makers_document() -> None:
    assert writes(sketch.DRIVER, 3) == ["03"]
    assert writes(movella_dot.DRIVER, 3) == ["01 01" + " 00" * 30]
    assert writes(thingy52.DRIVER, 2) == 2 * ["03 07 64"]
    assert writes(pinetime.DRIVER, 3) == ["00 01 00 " + b"backrelease".hex(" ")]
    # The maker's test of its green blink.
    blink = "02 03 00 02 1f 00 00 00 32 00 00 00 f4 01 00 00 0a"
    assert writes(metamotion.DRIVER, 10) == ["02 02 01", blink, "02 01 01"]
    typed = b"".join(bytes.fromhex(data) for data in writes(espruino.DRIVER))
    assert typed == b"\x10global.Bangle?Bangle.buzz(300):digitalPulse(LED1,1,500)\n"


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_the_table_of_sensors_tells_which_can(driver: Driver) -> None:
    assert bool(ABILITIES[driver.name].cue) == (driver.cue is not None)
    assert all(len(step.data) <= 20 for step in steps(driver) if isinstance(step, Write)) or (
        driver is movella_dot.DRIVER  # 32 bytes are the characteristic's size; its MTU is larger
    )


# --- through the link ------------------------------------------------------------------------


class Deaf(VirtualSketch):
    """A board whose program has no light."""

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        if uuid == sketch.CUE_UUID:
            raise AttRefused(0x03)
        return super().on_write(t_s, uuid, data)


class Session:
    """One link, and what came of it."""

    def __init__(self, radio: Radio) -> None:
        self.radio = radio
        self.notes: list[Notification] = []
        self.events: list[LinkEvent] = []

    async def run(self, meanwhile: Callable[[SensorLink], Coroutine[Any, Any, None]]) -> SensorLink:
        (found,) = await scan(5.0, self.radio, stop_when=bool)
        link = SensorLink(
            found,
            request=StreamRequest(fs_hz=100.0),
            radio=self.radio,
            t_zero_s=0.0,
            on_notification=lambda it: self.notes.append(Notification(*it)),
            on_event=self.events.append,
        )
        assert not await link.cue(), "nobody is connected yet"
        stop = asyncio.Event()
        running = asyncio.create_task(link.run(stop))
        await asyncio.sleep(5.0)
        await meanwhile(link)
        await asyncio.sleep(2.0)
        stop.set()
        await running
        return link


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test)


@pytest.mark.parametrize("in_memory", [True, False], ids=["memory", "bumble"])
def test_a_board_blinks_and_goes_on_sending(in_memory: bool) -> None:
    board = VirtualSketch("board 1", STILL)  # recognised by its service

    async def blink(link: SensorLink) -> None:
        assert link.can_cue
        assert await link.cue(3)
        first, second = await asyncio.gather(link.cue(), link.cue())
        assert first
        assert not second, "one at a time"

    async def test() -> None:
        if in_memory:
            session = Session(MemoryRadio([board], t_zero_s=0.0).radio())
            link = await session.run(blink)
        else:
            async with BumbleRadio([board]) as place:
                session = Session(place.radio())
                link = await session.run(blink)
        assert board.n_blinks == 3 + 1
        assert not await link.cue(), "it is stopped"
        (info,) = (event.info for event in session.events if event.info is not None)
        stream = SensorStream(driver_named("sketch"), info)
        stream.feed(session.notes)
        assert stream.counters.n_samples == board.n_sent > 650
        assert (stream.counters.n_lost, stream.counters.n_decode_errors) == (0, 0)

    run(test())


def test_a_cue_that_is_refused_is_told_and_costs_nothing_else() -> None:
    async def test() -> None:
        session = Session(MemoryRadio([Deaf("backrelease 1", STILL)], t_zero_s=0.0).radio())

        async def refused(link: SensorLink) -> None:
            assert link.can_cue
            assert not await link.cue()

        await session.run(refused)
        states = [event.state for event in session.events]
        assert states == [LinkState.CONNECTING, LinkState.STREAMING, LinkState.STOPPED]

    run(test())


def test_a_sensor_without_motor_or_light_says_so() -> None:
    async def test() -> None:
        session = Session(MemoryRadio([VirtualWitMotion("WT901BLE61", STILL)]).radio())

        async def cannot(link: SensorLink) -> None:
            assert not link.can_cue
            assert not await link.cue()

        await session.run(cannot)

    run(test())
