"""One thing to let the wearer know, before anybody chose how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

MessageKind = Literal["guide", "alert", "corrected", "bell", "end"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be heard, felt or seen.

    Attributes
    ----------
    text : str
        A sentence or two; may be empty for a bell.
    kind : {"guide", "alert", "corrected", "bell", "end"}
        ``guide`` says what to do next, ``alert`` that something has drifted, ``corrected`` that it
        is right again, ``bell`` marks a moment, ``end`` the end.
    level : int
        0 the softest, 2 the loudest.
    """

    text: str
    kind: MessageKind = "guide"
    level: int = 0


Buzz: TypeAlias = Callable[[int], bool]
"""Lets the worn sensors call their wearer so many times; False when none did.  Any thread may."""


class CueGiver(Protocol):
    """What a session needs of whoever gives its cues."""

    def give(self, message: Message) -> None:
        """Let the wearer know; returns at once and never raises."""

    def attach(self, buzz: Buzz) -> None:
        """The session lends its sensors: some of those worn can vibrate or blink."""


class _Silent:
    def give(self, message: Message) -> None:
        """Nobody is there to be told: a simulated wearer, a replay."""

    def attach(self, buzz: Buzz) -> None:
        """Nor to be buzzed."""


SILENT: CueGiver = _Silent()

EXAMPLES: tuple[tuple[str, Message], ...] = (
    ("something has drifted", Message("Your left foot has slid away a little.", "alert", 0)),
    ("still so, a little louder", Message("Your left foot has slid away a little.", "alert", 1)),
    ("still so, the loudest there is", Message("Your left foot has slid away.", "alert", 2)),
    ("right again", Message("", "corrected", 0)),
    ("what to do next", Message("Slowly bend both knees.", "guide", 0)),
    ("a moment: the end is near", Message("", "bell", 0)),
    ("the end", Message("Slowly roll onto one side.", "end", 0)),
)
"""One of each, to hear beforehand: what it is for, and the message."""
