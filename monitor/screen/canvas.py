"""A small drawing made of letters: eight dots a letter with braille, or three shades of ASCII."""

from __future__ import annotations

_DOTS_X, _DOTS_Y = 2, 4
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # Unicode 15.0, U+2800
_ASCII = " .:ox#"


class Canvas:
    """Dots from the top left; what falls outside is not drawn.

    Examples
    --------
    >>> canvas = Canvas(2, 1)
    >>> canvas.line(0, 3, 3, 0)
    >>> canvas.lines(), canvas.lines(ascii_only=True)
    (['⡠⠊'], ['::'])
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width * _DOTS_X, height * _DOTS_Y
        self._cells = [[0] * width for _ in range(height)]

    def dot(self, x: float, y: float) -> None:
        """Set one dot."""
        column, row = round(x), round(y)
        if 0 <= column < self.width and 0 <= row < self.height:
            self._cells[row // _DOTS_Y][column // _DOTS_X] |= _BITS[row % _DOTS_Y][column % _DOTS_X]

    def line(self, x0: float, y0: float, x1: float, y1: float, *, every: int = 1) -> None:
        """Set the dots between two points, or each `every`-th of them."""
        n = max(round(abs(x1 - x0)), round(abs(y1 - y0)), 1)
        for i in range(0, n + 1, every):
            self.dot(x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n)

    def lines(self, *, ascii_only: bool = False) -> list[str]:
        """The drawing, a string a row of letters, all of full width."""
        if ascii_only:
            return ["".join(_ASCII[min(c.bit_count(), 5)] for c in row) for row in self._cells]
        return ["".join(chr(0x2800 + c) if c else " " for c in row) for row in self._cells]
