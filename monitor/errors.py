"""The errors of the program itself: something the person at the keyboard can put right."""

from __future__ import annotations


class UserError(Exception):
    """A request that cannot be carried out; says what came and what was expected.

    `hint` is the way out in one sentence.  `monitor.cli.run` prints both on stderr and leaves
    with `status`.
    """

    status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class WrongUsage(UserError):
    """Words of the command line that cannot be meant, whatever the files and sensors say."""

    status = 2


def install_hint(extra: str) -> str:
    """How to get packages that only some people need.

    Examples
    --------
    >>> install_hint("edf")
    "In the clone: .venv/bin/pip install -e '.[edf]'"
    """
    return f"In the clone: .venv/bin/pip install -e '.[{extra}]'"
