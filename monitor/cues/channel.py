"""What every way of reaching the wearer has in common."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.cues.message import Message

_LONGEST_S = 20.0  # the longest sentence is spoken in 8; what takes longer hangs


class CueFailed(Exception):
    """A channel could not do it; `hint` says what would help."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether a channel can work here.

    `by` says by what means when it can; `hint` what to install when it cannot.
    """

    can: bool
    by: str = ""
    hint: str = ""


class Channel(Protocol):
    """One way of reaching the wearer.  Called in a thread of its own, so it may take its time."""

    @property
    def name(self) -> str:
        """How it is called in settings."""

    @property
    def needs_words(self) -> bool:
        """Whether a message without words is none of its business."""

    def ability(self) -> Ability:
        """Whether it can work on this computer, without making a sound."""

    def give(self, message: Message) -> None:
        """Let the wearer know.

        Raises
        ------
        CueFailed
            When it could not.
        """


def first_found(programs: Sequence[str]) -> str | None:
    """The first of the programs that this computer has."""
    return next((found for name in programs if (found := shutil.which(name))), None)


def run(command: Sequence[str], text: str = "") -> None:
    """Run one of the platform's own programs, with `text` on its standard input.

    Raises
    ------
    CueFailed
        When it cannot be started, takes far too long, or says that it failed.
    """
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program; the text is never part of a shell
            command, input=text.encode(), capture_output=True, timeout=_LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CueFailed(f"{command[0]} did not work: {error}") from error
    said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
    # espeak-ng leaves with 0 where there is no loudspeaker, and an "error:" as its last word
    if done.returncode or said[-1].startswith("error"):
        raise CueFailed(f"{command[0]} failed: {said[-1] or done.returncode}")
