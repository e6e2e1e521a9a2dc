"""Plays the sensor's part of a conversation, for the tests of several drivers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from devices.driver import Ask, Read, Step
from devices.errors import DeviceError, SensorSilent

Result = TypeVar("Result")


def joined(fields: list[list[str]]) -> bytes:
    """The bytes of a vector that is written field by field."""
    return bytes.fromhex("".join(value for _, value in fields))


def talk(
    conversation: Generator[Step, bytes, Result],
    answer: Callable[[Step], bytes | DeviceError],
) -> tuple[Result, list[Step]]:
    """What the conversation came to, and its steps; `answer` is the sensor."""
    steps: list[Step] = []
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            said = (
                answer(step) if isinstance(step, Ask | Read) else refusal_or_nothing(answer, step)
            )
            if isinstance(step, Ask) and isinstance(said, bytes) and not step.is_reply(said):
                said = SensorSilent("what came is no answer")
            step = (
                conversation.throw(said)
                if isinstance(said, DeviceError)
                else conversation.send(said)
            )
    except StopIteration as end:
        return end.value, steps


def refusal_or_nothing(
    answer: Callable[[Step], bytes | DeviceError], step: Step
) -> bytes | DeviceError:
    """Steps that are not questions can fail, but have no answer."""
    said = answer(step)
    return said if isinstance(said, DeviceError) else b""
