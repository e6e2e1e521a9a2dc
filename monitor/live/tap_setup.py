"""Connect every sensor that is near, and find out by taps which is worn where.

SensorLink x n --> LiveSensor (bytes -> samples) --> DoubleTaps --> TapAssignment --> words
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from analysis.taps import DoubleTaps
from devices.driver import Notification, StreamRequest
from devices.link import Found, LinkEvent, LinkSettings, Radio, SensorLink
from devices.stream import Samples
from devices.supported import ABILITIES
from monitor.errors import UserError
from monitor.live.assignment import label
from monitor.live.sensor import LiveSensor
from monitor.live.session import first_error
from monitor.live.tap_assignment import TapAssignment, ask_words, part

_TICK_S = 0.1
_FINISH_LINKS_S = 10.0

Answer: TypeAlias = Literal["next", "back"]


@dataclass(frozen=True, slots=True)
class TapSettings:
    """How patient the set-up is; house values.

    Attributes
    ----------
    connect_s : float
        How long all sensors have to begin to stream, before it goes on with those that do.
    remind_s : float
        After so long without a tap it is asked again, with advice.
    give_up_s : float
        After so long a placement is left empty.
    fs_hz : float
        What is asked of the sensors: a tap is short, and is not missed at this rate.
    """

    connect_s: float = 30.0
    remind_s: float = 30.0
    give_up_s: float = 90.0
    fs_hz: float = 100.0


def tappable(found: Sequence[Found]) -> list[Found]:
    """Sensors that feel a tap: known ones with acceleration."""
    return [f for f in found if f.driver and ABILITIES[f.driver.name].clock is not None]


async def assign_by_taps(
    sensors: Sequence[Found],
    radio: Radio,
    tell: Callable[[str], None],
    answers: Callable[[], Sequence[Answer]] = tuple,
    *,
    settings: TapSettings | None = None,
    link: LinkSettings | None = None,
) -> dict[str, Found]:
    """Ask for each placement, and take the sensor that is tapped twice.

    Parameters
    ----------
    sensors
        From `tappable`.
    tell
        Says a sentence.
    answers
        What was typed since the last call: leave this one out, or take the last one back.

    Returns
    -------
    dict
        Placement to sensor; some may be missing.

    Raises
    ------
    UserError
        When no sensor begins to stream.
    """
    setup = _Setup(sensors, tell, answers, settings or TapSettings())
    return await setup.run(radio, link or LinkSettings())


class _Setup:
    def __init__(
        self,
        sensors: Sequence[Found],
        tell: Callable[[str], None],
        answers: Callable[[], Sequence[Answer]],
        settings: TapSettings,
    ) -> None:
        self._found: Mapping[str, Found] = {f.advert.address: f for f in sensors}
        self._tell, self._answers, self._settings = tell, answers, settings
        self._t_zero_s = asyncio.get_running_loop().time()
        self._sensors = {a: LiveSensor(a, lost_after_s=3.0) for a in self._found}
        self._taps = {a: DoubleTaps() for a in self._found}
        self._streaming: set[str] = set()
        self._all_are_here = asyncio.Event()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time() - self._t_zero_s

    async def run(self, radio: Radio, settings: LinkSettings) -> dict[str, Found]:
        stop = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                links = [group.create_task(link.run(stop)) for link in self._links(radio, settings)]
                try:
                    chosen = await self._ask()
                finally:
                    stop.set()
                    await asyncio.wait(links, timeout=_FINISH_LINKS_S)
                    for task in links:
                        task.cancel()
        except* Exception as errors:
            raise first_error(errors) from None  # alone, so that its hint reaches the person
        return {placement: self._found[address] for placement, address in chosen.items()}

    def _links(self, radio: Radio, settings: LinkSettings) -> list[SensorLink]:
        return [
            SensorLink(
                found,
                request=StreamRequest(fs_hz=self._settings.fs_hz),
                radio=radio,
                t_zero_s=self._t_zero_s,
                on_notification=lambda n, a=address: self._sensors[a].heard([Notification(*n)]),  # type: ignore[misc]
                on_event=lambda e, a=address: self._on_event(a, e),  # type: ignore[misc]
                settings=settings,
            )
            for address, found in self._found.items()
        ]

    def _on_event(self, address: str, event: LinkEvent) -> None:
        state, found = str(event.state), self._found[address]
        self._sensors[address].link(event.t_s, state, event.detail)
        if event.info is not None and found.driver is not None:
            self._sensors[address].started(event.t_s, found.driver.name, event.info)
        if state == "streaming":
            self._streaming.add(address)
        else:
            self._streaming.discard(address)
        if len(self._streaming) == len(self._found):
            self._all_are_here.set()

    async def _ask(self) -> dict[str, str]:
        await self._all_stream()
        asked = TapAssignment(sorted(self._streaming))
        while not asked.is_done:
            await self._ask_for(asked)
        return asked.chosen

    async def _all_stream(self) -> None:
        """Wait for every sensor, not for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._all_are_here.wait(), self._settings.connect_s)
        silent = [label(f) for a, f in self._found.items() if a not in self._streaming]
        if not self._streaming:
            raise UserError(
                f"no sensor began to stream ({', '.join(silent)})",
                hint="Switch them off and on, close other apps that hold them, and try again; "
                "backrelease doctor looks at this computer's Bluetooth.",
            )
        if silent:
            self._tell(
                f"{' and '.join(silent)} does not answer (held by a phone?). We go on without it."
            )
        self._tapped(self._now_s())  # what was knocked about before nobody asked for

    async def _ask_for(self, asked: TapAssignment) -> None:
        """One placement: until it is tapped, left out, or nobody taps."""
        placement, began_s, reminded = asked.asked, self._now_s(), False
        self._tell(ask_words(placement))
        while True:
            await asyncio.sleep(_TICK_S)
            now_s = self._now_s()
            for answer in self._answers():
                if answer == "next":
                    asked.skip()
                else:
                    asked.back()
                return
            for address in self._tapped(now_s):
                self._tell(asked.tapped(address))
                if asked.asked != placement:
                    return
            if now_s - began_s >= self._settings.give_up_s:
                self._tell(f"Nothing for the {part(placement)}, then.")
                asked.skip()
                return
            if now_s - began_s >= self._settings.remind_s and not reminded:
                reminded = True
                self._tell(
                    "No double tap was felt yet. Keep the sensor still, tap it twice, quickly and "
                    "firmly, with a fingertip, and keep still again."
                )

    def _tapped(self, now_s: float) -> list[str]:
        """Whose double taps became certain."""
        return [
            address
            for address, sensor in self._sensors.items()
            for said in sensor.take_until(now_s)
            if isinstance(said, Samples) and self._taps[address].feed(said.t_s, said.acc_m_s2)
        ]
