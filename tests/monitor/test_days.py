"""A dose, not a streak: what counts to which day, and how it is said."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.history import words
from monitor.history.days import longest_run, practice_day, practice_days, within
from monitor.history.row import HistoryRow

LAST = date(2026, 5, 29)
BEGINNING = datetime.fromisoformat("2026-03-01")  # of the 90 days that end then


def session(began: str | None, minutes: float | None = 12.0) -> HistoryRow:
    return HistoryRow(began or "x", began, "session", 15.0, position_min=minutes)


def test_partial_sessions_count_and_a_day_adds_them_up() -> None:
    rows = [session("2026-05-28T08:00:00", 3.5), session("2026-05-28T19:00:00", 12.0)]
    by_day = {d.day: d for d in practice_days(rows, until=LAST)}
    assert by_day[date(2026, 5, 28)].minutes == 15.5
    assert by_day[date(2026, 5, 28)].n_sessions == 2
    assert by_day[date(2026, 5, 27)].n_sessions == 0


@pytest.mark.parametrize(("hour", "day"), [(0, 29), (4, 28), (1, 28)])
def test_a_session_after_midnight_counts_to_the_evening_where_the_day_begins_later(
    hour: int, day: int
) -> None:
    rows = [session("2026-05-29T00:40:00+02:00")]
    [found] = [d for d in practice_days(rows, until=LAST, day_starts_at=hour) if d.n_sessions]
    assert found.day == date(2026, 5, day)


def test_the_wearers_clock_counts_wherever_they_are() -> None:
    """Half past ten in the evening in Tokyo is that day, though it is another one in London."""
    assert practice_day(session("2026-05-28T22:30:00+09:00").began or BEGINNING) == date(
        2026, 5, 28
    )


def test_there_is_a_square_for_every_day_and_none_outside() -> None:
    rows = [session("2026-01-01T08:00:00"), session("2027-01-01T08:00:00"), session(None)]
    days = practice_days(rows, until=LAST, n_days=90)
    assert [days[0].day, days[-1].day, len(days)] == [date(2026, 3, 1), LAST, 90]
    assert sum(d.n_sessions for d in days) == 0
    assert within(rows, until=LAST) == []


def test_unknown_minutes_are_said_not_counted_as_none() -> None:
    rows = [session("2026-05-28T08:00:00", None), session("2026-05-27T08:00:00", 10.0)]
    said = words.dose(practice_days(rows, until=LAST))
    assert said.startswith("In 90 days, practice on 2: 10 minutes in the position")
    assert "Of 1 session the minutes in the position are unknown." in said


def test_no_session_is_no_failure() -> None:
    assert words.dose(practice_days([], until=LAST)) == "No session in these 90 days."


def test_a_rest_day_ends_a_run_and_two_sessions_a_day_do_not_make_it_longer() -> None:
    began = ["2026-05-20T08", "2026-05-20T18", "2026-05-21T08", "2026-05-23T08"]
    days = practice_days([session(f"{b}:00:00") for b in began], until=LAST)
    assert longest_run(days) == 2


@given(
    st.lists(
        st.tuples(
            st.datetimes(BEGINNING - timedelta(9), BEGINNING + timedelta(99)), st.floats(0.0, 60.0)
        )
    ),
    st.integers(0, 23),
)
def test_no_minute_is_lost_or_counted_twice(
    sessions: list[tuple[datetime, float]], hour: int
) -> None:
    rows = [session(began.isoformat(), minutes) for began, minutes in sessions]
    days = practice_days(rows, until=LAST, day_starts_at=hour)
    first = BEGINNING + timedelta(hours=hour)
    inside = [m for began, m in sessions if first <= began < first + timedelta(days=90)]
    assert sum(d.minutes for d in days) == pytest.approx(sum(inside))
    assert len(within(rows, until=LAST, day_starts_at=hour)) == len(inside)
