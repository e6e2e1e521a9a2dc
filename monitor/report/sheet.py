"""Text set in columns on a figure: wrapped by the widths of its letters, and never over the edge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from monitor.report import palette
from monitor.report.palette import Ink

_LEADING = 1.32


class Column:
    """A column of text that fills downwards as far as its foot; what has no room is said to be left out.

    Attributes
    ----------
    y_in : float
        Where the next line's top will be, inches from the page's foot.
    full : bool
        Whether there was more to say than room.
    """

    def __init__(
        self,
        figure: Figure,
        *,
        left_in: float,
        top_in: float,
        width_in: float,
        foot_in: float = 0.0,
    ) -> None:
        self._figure = figure
        self._left_in = left_in
        self._width_in = width_in
        self._foot_in = foot_in
        self.y_in = top_in
        self.full = False

    def space(self, height_in: float) -> None:
        """Leave some room."""
        self.y_in -= height_in

    def heading(self, text: str) -> None:
        """A line in bold with air below it, and never alone at the foot."""
        if not self._room_for(3, 10):
            return
        self.line(text, size=10, weight="bold")
        self.space(0.04)

    def line(
        self, text: str, *, size: float = 9, weight: str = "normal", colour: Ink = palette.TEXT
    ) -> None:
        """One line as it is."""
        if self._room_for(2, size):
            self._put(text, self._left_in, size=size, weight=weight, colour=colour)
            self.y_in -= size * _LEADING / 72

    def paragraph(
        self, text: str, *, size: float = 9, colour: Ink = palette.TEXT, most_lines: int = 12
    ) -> None:
        """Text wrapped to the column's width; what would be too long ends in an ellipsis."""
        lines = _wrapped(text, self._width_in, size)
        if len(lines) > most_lines:
            lines = [*lines[: most_lines - 1], f"{lines[most_lines - 1].rstrip(' .,;')} …"]
        for line in lines:
            self.line(line, size=size, colour=colour)

    def row(self, cells: Sequence[str], *, size: float = 8.5, colour: Ink = palette.TEXT) -> None:
        """A row of a table: the first cell from the left, the others against their right edges."""
        if not self._room_for(2, size):
            return
        self._put(cells[0], self._left_in, size=size, colour=colour)
        for cell, share in zip(cells[1:], (0.57, 0.80, 1.0), strict=True):
            right_in = self._left_in + share * self._width_in
            self._put(cell, right_in, size=size, colour=colour, to="right")
        self.y_in -= 1.4 * size / 72

    def _room_for(self, n_lines: int, size: float) -> bool:
        """Whether so many lines fit; the first time they do not, says that there is more."""
        if self.full or self.y_in - n_lines * size * _LEADING / 72 >= self._foot_in:
            return not self.full
        self.full = True
        self._put("… more is in the report.", self._left_in, size=9, colour=palette.QUIET)
        return False

    def _put(
        self,
        text: str,
        x_in: float,
        *,
        size: float,
        colour: Ink,
        weight: str = "normal",
        to: str = "left",
    ) -> None:
        wide_in, high_in = self._figure.get_size_inches()
        self._figure.text(
            x_in / wide_in, self.y_in / high_in, text, size=size, weight=weight, ha=to, va="top",
            color=colour.light,
        )  # fmt: skip


def _wrapped(text: str, width_in: float, size: float) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _width_in(longer, size) <= width_in:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def _width_in(text: str, size: float) -> float:
    font = FontProperties(size=size)
    width_pt, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width_pt) / 72
