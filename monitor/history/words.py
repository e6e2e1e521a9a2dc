"""Three months in words: used by the page, the pictures' alternative text and the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from monitor.history.days import PracticeDay
from monitor.history.measures import Finding
from monitor.report.words import listed

CAVEATS = """
Stillness, breathing and heart are of minutes 2 to 7 in the position, the same in every session,
because they settle by themselves in anybody who lies down.

A line says that something changed, not why: hour of the day, sleep, health, strap and books change
too. Each is judged alone at 95 %; of eight lines one may move by chance.

The smallest detectable change is what two single sessions of yours must differ by before it is more
than your own day-to-day noise.
"""


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are spoken of."""

    first: date
    last: date

    @property
    def words(self) -> str:
        """From when to when.

        Examples
        --------
        >>> Period(date(2026, 3, 1), date(2026, 5, 29)).words
        '1 March to 29 May 2026'
        """
        year = f" {self.first.year}" if self.first.year != self.last.year else ""
        return f"{day_words(self.first)}{year} to {day_words(self.last)} {self.last.year}"


def day_words(day: date) -> str:
    """A day as a person says it."""
    return f"{day.day} {day:%B}"


def dose(days: Sequence[PracticeDay]) -> str:
    """How much was practised, in one sentence or two."""
    n_days = sum(d.n_sessions > 0 for d in days)
    if not n_days:
        return f"No session in these {len(days)} days."
    total = sum(d.minutes for d in days)
    unknown = sum(d.n_unknown for d in days)
    minutes = [d.minutes for d in days if d.n_sessions > d.n_unknown]
    said = f"In {len(days)} days, practice on {n_days}"
    if minutes:
        said += f": {total:.0f} minutes in the position, {_usual(minutes)} on a day of practice"
    said += "."
    if unknown:
        said += f" Of {_sessions(unknown)} the minutes in the position are unknown."
    return said


def _usual(minutes: list[float]) -> str:
    if len(minutes) < 4:
        return f"about {statistics.median(minutes):.0f}"
    low, _, high = statistics.quantiles(minutes, n=4)
    if round(low) == round(high):
        return f"mostly {low:.0f}"
    return f"mostly {low:.0f} to {high:.0f}"


def summary(found: Sequence[Finding]) -> str:
    """What the trends show, in one sentence."""
    judged = [(f.measure.title.lower(), f.trend.went) for f in found if f.trend is not None]
    if not judged:
        return "There are too few sessions to speak of a trend: eight over two weeks are needed."
    parts = []
    for went in ("rose", "rose slightly", "fell", "fell slightly"):
        titles = [title for title, how in judged if how == went]
        if titles:
            parts.append(f"{listed(titles)} {went}")
    still = [title for title, how in judged if not how]
    if still:
        parts.append(f"no change is shown in {listed(still)}")
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _sessions(n: int) -> str:
    return f"{n} session{'s' * (n != 1)}"
