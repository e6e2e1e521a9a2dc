"""The terminal's own bell and, where no view draws, a line."""

from __future__ import annotations

import sys
from typing import TextIO

from monitor.cues.channel import Ability, CueFailed
from monitor.cues.message import Message


class Terminal:
    """The channel: the terminal rings (or flashes, as it is set), once a level.

    `out` is the terminal; by default the program's error output, which no panel is drawn on.
    """

    name = "terminal"
    needs_words = False

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out

    def ability(self) -> Ability:
        """Whether somebody sees a terminal."""
        if self._stream().isatty():
            return Ability(can=True, by="this terminal")
        return Ability(can=False, hint="The output is no terminal.")

    def give(self, message: Message) -> None:
        """Ring."""
        if not self.ability().can:
            raise CueFailed("the output is no terminal")
        try:
            self._stream().write("\a" * (message.level + 1))
            self._stream().flush()
        except (OSError, ValueError) as error:
            raise CueFailed(f"the terminal is gone: {error}") from error

    def _stream(self) -> TextIO:
        return self._out or sys.stderr
