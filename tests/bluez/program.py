"""The program's part: links to sensors that a scan found, and what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from devices.driver import Notification, StreamInfo, StreamRequest
from devices.link import LinkEvent, LinkSettings, LinkState, SensorLink
from devices.radio import SYSTEM_RADIO, Found, scan
from devices.stream import Samples, SensorStream
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.peripheral import MotionTrack
from devices.virtual.witmotion_peripheral import ACC_COUNTS_PER_M_S2, VirtualWitMotion

SETTINGS = LinkSettings(connect_s=8.0)  # sensors here answer at once or not at all

_FS_HZ = 100.0
_TRACK_S = 600.0  # longer than any test
_NUMBERS = 4000  # so many mg an H10 can tell at the range we ask for
_MG_PER_M_S2 = 1000.0 / 9.80665
_LONGEST_S = 90.0  # only a hanging test is ended by it


def numbered_witmotion(name: str) -> VirtualWitMotion:
    """A sensor whose samples at 100 Hz carry 0, 1, 2 ... 3999, 0 ... on x."""
    return VirtualWitMotion(name, _numbered_track(ACC_COUNTS_PER_M_S2))


def numbered_h10(name: str) -> VirtualH10:
    """The same, as a chest strap."""
    return VirtualH10(name, _numbered_track(_MG_PER_M_S2))


def _numbered_track(counts_per_m_s2: float) -> MotionTrack:
    k = np.arange(int(_TRACK_S * _FS_HZ))
    acc_m_s2 = np.zeros((k.size, 3))
    acc_m_s2[:, 0] = (k % _NUMBERS) / counts_per_m_s2
    return MotionTrack(k / _FS_HZ, acc_m_s2, None, np.arange(0.0, _TRACK_S, 0.9))


@dataclass
class Linked:
    """One sensor, linked to, and everything it said."""

    found: Found
    heard: list[Notification] = field(default_factory=list)
    events: list[LinkEvent] = field(default_factory=list)

    @property
    def states(self) -> list[LinkState]:
        return [event.state for event in self.events]

    def agreements(self) -> list[tuple[float, StreamInfo]]:
        """When streaming began, and with what, each time."""
        return [(event.t_s, event.info) for event in self.events if event.info is not None]

    def stream_since(self, t_s: float) -> tuple[SensorStream, NDArray[np.int64]]:
        """A stream of what came from then on, and the numbers that its samples carried."""
        assert self.found.driver is not None
        info = self.agreements()[-1][1]
        stream = SensorStream(self.found.driver, info)
        decoded = stream.feed([it for it in self.heard if it.t_arrival_s >= t_s])
        x_m_s2 = [item.acc_m_s2[:, 0] for item in decoded if isinstance(item, Samples)]
        is_strap = self.found.driver.name == "polar_h10"
        per_m_s2 = _MG_PER_M_S2 if is_strap else ACC_COUNTS_PER_M_S2
        return stream, np.rint(np.concatenate([[], *x_m_s2]) * per_m_s2).astype(np.int64)

    def n_samples(self) -> int:
        """Samples heard, from the first connection on."""
        return self.stream_since(0.0)[0].counters.n_samples if self.agreements() else 0


def is_gapless(numbers: NDArray[np.int64]) -> bool:
    """Whether each is its predecessor's successor: nothing lost, doubled or out of order."""
    return bool(np.all(np.diff(numbers) % _NUMBERS == 1))


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until something is so."""
    async with asyncio.timeout(_LONGEST_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is anything a test can ask
            await asyncio.sleep(0.05)


async def quiet(*all_linked: Linked) -> None:
    """Wait until sensors that were silenced have nothing on its way any more."""
    before = -1
    while before != (now := sum(len(one.heard) for one in all_linked)):
        before = now
        await asyncio.sleep(1.0)


async def find(*names: str, seconds: float = 10.0) -> list[Found]:
    """These sensors, in this order."""

    def have_all(seen: Sequence[Found]) -> bool:
        return set(names) <= {found.advert.name for found in seen}

    by_name = {found.advert.name: found for found in await scan(seconds, stop_when=have_all)}
    assert set(names) <= set(by_name)
    return [by_name[name] for name in names]


@asynccontextmanager
async def linked(*sensors: Found) -> AsyncIterator[list[Linked]]:
    """Links to these sensors, streaming when the block begins; they leave in order at its end."""
    t_zero_s = asyncio.get_running_loop().time()
    stop = asyncio.Event()
    all_linked = [Linked(found) for found in sensors]
    async with asyncio.TaskGroup() as group:
        for one in all_linked:
            link = SensorLink(
                one.found,
                request=StreamRequest(_FS_HZ),
                radio=SYSTEM_RADIO,
                t_zero_s=t_zero_s,
                on_notification=lambda it, to=one.heard: to.append(Notification(*it)),
                on_event=one.events.append,
                settings=SETTINGS,
            )
            group.create_task(link.run(stop))
        try:
            await until(lambda: all(one.agreements() for one in all_linked))
            yield all_linked
        finally:
            stop.set()
