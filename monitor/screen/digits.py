"""Digits that can be read from two metres."""

from __future__ import annotations

_ROWS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ":": (" ", "#", " ", "#", " "),
    "-": ("   ", "   ", "###", "   ", "   "),
}


def big(text: str, *, scale: int = 1, ascii_only: bool = False) -> list[str]:
    """Digits, colons and dashes, five rows high, or a multiple; a dot is two letters wide.

    Examples
    --------
    >>> for line in big("4:2", ascii_only=True):
    ...     print(line.rstrip())
    ##  ##      ######
    ##  ##  ##      ##
    ######      ######
        ##  ##  ##
        ##      ######
    """
    full = "#" if ascii_only else "\u2588"
    lines = []
    for row in range(5):
        dots = " ".join(_ROWS[letter][row] for letter in text)
        line = "".join((full if dot == "#" else " ") * (2 * scale) for dot in dots)
        lines += [line] * scale
    return lines
