"""Output that never fails for its letters, and an end in one line when it cannot be written.

Imports next to nothing: it runs before `--version` is answered.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

_PLAIN = {
    "\u00a0": " ",  # a space that keeps a number and its unit together
    "\u00b0": " deg",
    "\u2013": "-",
    "\u2026": "...",
}
_HINT = "is the disk full, or the device gone?"


def plain(error: UnicodeError) -> tuple[str, int]:
    """Write what the output's encoding lacks in plain letters.

    Examples
    --------
    >>> codecs.register_error("plain", plain)
    >>> "90\u00b0, 4\u2013\u2026 \u00e9".encode("ascii", "plain")
    b'90 deg, 4-... ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in letters), error.end


class WholeOutput:
    """While inside, any letter can be written; a refusal by the system is one line and status 1.

    A class with two methods: `contextlib` alone would cost `--version` a fifth of its time.
    """

    def __enter__(self) -> None:
        codecs.register_error("plain", plain)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="plain")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Write what is still waiting, and tell what the system refused."""
        try:
            sys.stdout.flush()
        except OSError as refused:
            error = refused
        if isinstance(error, OSError):
            if not isinstance(error, BrokenPipeError):  # that reader had enough, as `head` has
                sys.stderr.write(f"backrelease: {error}\n  hint: {_HINT}\n")
            # What is still waiting goes nowhere, or the interpreter would complain once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
