"""Text that fits a terminal of 80 columns, broken between words."""

from __future__ import annotations

import textwrap

WIDTH = 80


def wrapped(text: str, *, lead: str = "", hang: str | None = None) -> str:
    """The text behind `lead`; further lines stand behind `hang`, or under its first word.

    A word that is longer than a line, such as a path, stays whole.

    Examples
    --------
    >>> print(wrapped("one two " * 11, lead="radio  "))
    radio  one two one two one two one two one two one two one two one two one two
           one two one two
    """
    return textwrap.fill(
        text.strip(),
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead) if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
