"""A comparison in the terminal: at most 80 columns, unknown is a dash."""

from __future__ import annotations

from monitor.history.compare import Compared, Comparison
from monitor.history.measures import Measure
from monitor.history.row import HistoryRow
from monitor.wrapped import wrapped


def comparison_lines(comparison: Comparison) -> list[str]:
    """What two sessions have in common, line by line."""
    lines = [f"{name}  {_about(row)}" for name, row in (("A", comparison.a), ("B", comparison.b))]
    if comparison.shared_min is None:
        minutes = (
            "One of them was in the position for less than 7 minutes, so stillness, breathing "
        )
        minutes += "and heart cannot be compared over the same minutes."
    else:
        first, last = comparison.shared_min
        minutes = f"Stillness, breathing and heart: minutes {first:.0f} to {last:.0f} in the "
        minutes += "position, where both were; the rest: of the whole session."
    lines += ["", *wrapped(minutes).splitlines(), ""]
    lines.append(f"{'':<28}{'A':>7}{'B':>7}{'B less A':>10}{'noise':>8}")
    lines += [_line(c) for c in comparison.measures]
    lines += ["", *wrapped(_NOISE).splitlines()]
    return lines


_NOISE = (
    "noise: what two of your sessions must differ by before it is more than your own day-to-day "
    "differences; known from eight sessions over two weeks on. One pair of sessions never tells why."
)


def _about(row: HistoryRow) -> str:
    minutes = "unknown" if row.position_min is None else f"{row.position_min:.1f} minutes"
    return f"{row.name}  in the position: {minutes}"


def _line(c: Compared) -> str:
    m = c.measure
    verdict = (
        "" if c.difference is None else c.verdict if c.detectable is not None else "noise unknown"
    )
    return (
        f"{f'{m.title}, {m.unit}':<28}{_number(m, c.a):>7}{_number(m, c.b):>7}"
        f"{_number(m, c.difference, sign=True):>10}{_number(m, c.detectable):>8}  {verdict}"
    ).rstrip()


def _number(measure: Measure, value: float | None, *, sign: bool = False) -> str:
    return "-" if value is None else measure.number(value, sign=sign)
