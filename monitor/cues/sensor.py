"""The sensor's own vibration or light: felt where it is worn, heard by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Protocol

from monitor.cues.channel import Ability, CueFailed
from monitor.cues.message import Buzz, Message

_LONGEST_S = 10.0


class Caller(Protocol):
    """A worn sensor that can call its wearer: `devices.link.SensorLink`."""

    async def cue(self, times: int = 1) -> bool:
        """Call so many times; whether the sensor was told to."""
        ...


def calling(loop: asyncio.AbstractEventLoop, sensors: Sequence[Caller]) -> Buzz:
    """Let all these sensors call, from a thread that is not the loop's."""

    async def call(times: int) -> bool:
        return any(await asyncio.gather(*(sensor.cue(times) for sensor in sensors)))

    def buzz(times: int) -> bool:
        asked = call(times)
        try:
            answer = asyncio.run_coroutine_threadsafe(asked, loop)
        except RuntimeError:  # the session is over
            asked.close()
            return False
        try:
            return answer.result(_LONGEST_S)
        except (TimeoutError, CancelledError):
            answer.cancel()
            return False

    return buzz


class Sensor:
    """The channel: a worn sensor vibrates or blinks once, twice or three times.

    Parameters
    ----------
    buzz : callable or None
        How the session reaches its sensors; None where there is no session.
    """

    name = "sensor"
    needs_words = False

    def __init__(self, buzz: Buzz | None = None) -> None:
        self._buzz = buzz

    def ability(self) -> Ability:
        """Only a session knows its sensors."""
        if self._buzz is not None:
            return Ability(can=True, by="the sensors worn")
        return Ability(
            can=False, hint="In a session only, with a sensor that vibrates or blinks: SUPPORTED.md"
        )

    def give(self, message: Message) -> None:
        """Let it be felt."""
        if self._buzz is None or not self._buzz(message.level + 1):
            raise CueFailed("no worn sensor vibrates or blinks", hint="SUPPORTED.md says which do")
