"""How much was practised on which day: a dose, not a streak.

Every minute in the position counts, also that of a session cut short; a day without any is a rest
day and nothing else.  A day begins at an hour of the wearer's choosing, so that a session after
midnight still belongs to the evening it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.config import HistoryChoices
from monitor.history.row import HistoryRow

N_DAYS = 90  # the exercise is given for three months
DAY_STARTS_AT = HistoryChoices().day_starts_at


@dataclass(frozen=True, slots=True)
class PracticeDay:
    """One day of the calendar.

    Attributes
    ----------
    day : date
    minutes : float
        In the position, over all sessions of the day of which that is known.
    n_sessions : int
    n_unknown : int
        Sessions of which the minutes in the position are not known.
    """

    day: date
    minutes: float = 0.0
    n_sessions: int = 0
    n_unknown: int = 0


def practice_day(began: datetime, day_starts_at: int = DAY_STARTS_AT) -> date:
    """The day that a session belongs to.

    Examples
    --------
    >>> practice_day(datetime(2026, 3, 2, 0, 40))
    datetime.date(2026, 3, 1)
    >>> practice_day(datetime(2026, 3, 2, 0, 40), day_starts_at=0)
    datetime.date(2026, 3, 2)
    """
    return (began - timedelta(hours=day_starts_at)).date()


def practice_days(
    rows: Sequence[HistoryRow],
    *,
    until: date,
    n_days: int = N_DAYS,
    day_starts_at: int = DAY_STARTS_AT,
) -> list[PracticeDay]:
    """Every day of the last `n_days`, rest days too, oldest first.

    A session that does not say when it began is on no day.
    """
    first = until - timedelta(days=n_days - 1)
    days = {
        first + timedelta(days=n): PracticeDay(first + timedelta(days=n)) for n in range(n_days)
    }
    for row in rows:
        began = row.began
        day = days.get(practice_day(began, day_starts_at)) if began else None
        if day is not None:
            known = row.position_min is not None
            days[day.day] = PracticeDay(
                day.day,
                day.minutes + (row.position_min or 0.0),
                day.n_sessions + 1,
                day.n_unknown + (not known),
            )
    return list(days.values())


def within(
    rows: Sequence[HistoryRow],
    *,
    until: date,
    n_days: int = N_DAYS,
    day_starts_at: int = DAY_STARTS_AT,
) -> list[HistoryRow]:
    """The sessions of the last `n_days`, oldest first."""
    first = until - timedelta(days=n_days - 1)
    dated = [(row.began, row) for row in rows if row.began is not None]
    chosen = [(b, r) for b, r in dated if first <= practice_day(b, day_starts_at) <= until]
    return [row for _, row in sorted(chosen, key=lambda pair: (pair[0], pair[1].name))]


def longest_run(days: Sequence[PracticeDay]) -> int:
    """Most days in a row with a session; for those who ask for it.

    Examples
    --------
    >>> a, b = PracticeDay(date(2026, 3, 1), 12.0, 1), PracticeDay(date(2026, 3, 2))
    >>> longest_run([a, a, b, a])
    2
    """
    longest = run = 0
    for day in days:
        run = run + 1 if day.n_sessions else 0
        longest = max(longest, run)
    return longest
