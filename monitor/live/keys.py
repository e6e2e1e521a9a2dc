"""Keys for the person beside the wearer, read without waiting.

    space or p  pause, go on      +  five minutes more     n  next (leave this step out)
    f           finish now        m  mark this moment      s  snooze alerts

On Linux and macOS the terminal is put into cbreak mode, in which Ctrl-C still is Ctrl-C; it is put
back whatever happens.  Where there is no terminal there are no keys, and nothing else changes.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TypeAlias

Key: TypeAlias = Literal["pause", "extend", "finish", "skip", "mark", "snooze"]

KEYS: dict[str, Key] = {
    " ": "pause",
    "p": "pause",
    "+": "extend",
    "f": "finish",
    "n": "skip",
    "m": "mark",
    "s": "snooze",
}
KEYS_WORDS = "space pause   + 5 min   f finish   n next   m mark   s snooze   Ctrl-C end"


class Keyboard:
    """What was typed since the last look; nothing where nobody can type."""

    def pressed(self) -> list[Key]:
        """The keys that mean something in a session, in order."""
        return [KEYS[letter] for letter in self.typed() if letter in KEYS]

    def typed(self) -> str:
        """What was typed, in small letters."""
        return self._typed().lower()

    def _typed(self) -> str:
        return ""


class _PosixKeyboard(Keyboard):
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def _typed(self) -> str:
        import select  # noqa: PLC0415  # only a terminal pays for it

        with suppress(OSError):  # the terminal is gone: nobody types
            if select.select([self._descriptor], [], [], 0.0)[0]:
                return os.read(self._descriptor, 64).decode("ascii", "ignore")
        return ""


class _WindowsKeyboard(Keyboard):
    def _typed(self) -> str:
        import msvcrt  # noqa: PLC0415  # Windows only

        typed = ""
        while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
            typed += msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
        return typed


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """The keyboard while inside, if there is one."""
    if not _is_terminal():
        yield Keyboard()
    elif importlib.util.find_spec("termios") is None:
        yield _WindowsKeyboard()
    else:
        with _cbreak(sys.stdin.fileno()) as descriptor:
            yield _PosixKeyboard(descriptor)


def _is_terminal() -> bool:
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed
        return False


@contextmanager
def _cbreak(descriptor: int) -> Iterator[int]:
    import termios  # noqa: PLC0415  # not on Windows
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)
        yield descriptor
    finally:
        # What was typed ahead was meant for the session, not for the shell after it.
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
