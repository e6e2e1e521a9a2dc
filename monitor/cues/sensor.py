"""The sensor's own vibration or light: felt where it is worn, heard by nobody."""

from __future__ import annotations

from collections.abc import Callable

from monitor.cues.channel import Ability, CueFailed
from monitor.cues.message import Message

Buzz = Callable[[int], bool]
"""Asks every worn sensor that can to cue so many times; False when none can.  Thread-safe."""


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
            raise CueFailed(
                "no worn sensor vibrates or blinks", hint="See which can: backrelease sensors list"
            )
