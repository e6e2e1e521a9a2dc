"""A plan is read back by the format's own library as it was meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import UserError, WrongUsage
from monitor.exchange.ical import PracticePlan, clock_time, plan_as_ical

icalendar = pytest.importorskip("icalendar", reason="icalendar is not installed")
MADE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAN = PracticePlan(date(2026, 3, 2), time(18, 0), 90, 15)


def event(data: bytes) -> icalendar.Event:
    [found] = icalendar.Calendar.from_ical(data).walk("VEVENT")
    return found


def test_ninety_days_at_six() -> None:
    found = event(plan_as_ical(PLAN, made_at=MADE))
    begins = datetime.fromisoformat("2026-03-02T18:00:00")
    assert found.decoded("dtstart") == begins  # no zone: six o'clock wherever you are
    assert found.decoded("duration") == timedelta(minutes=15)
    assert found["rrule"] == {"FREQ": ["DAILY"], "COUNT": [90]}
    [alarm] = found.walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(0)


def test_the_same_plan_is_the_same_event_whenever_it_is_written() -> None:
    later = plan_as_ical(PLAN, made_at=MADE + timedelta(days=3))
    assert event(later)["uid"] == event(plan_as_ical(PLAN, made_at=MADE))["uid"]
    other = PracticePlan(PLAN.first, time(7, 0))
    assert event(plan_as_ical(other, made_at=MADE))["uid"] != event(later)["uid"]


def test_lines_are_as_short_as_the_format_demands() -> None:
    lines = plan_as_ical(PLAN, made_at=MADE).split(b"\r\n")
    assert max(map(len, lines)) <= 75


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    out = tmp_path / "plan.ics"
    words = ["--out", str(out), "--at", "07:30", "--days", "30", "--start", "2026-03-02"]
    result = CliRunner().invoke(app, ["history", "calendar", *words])
    assert result.exit_code == 0
    assert "30 days from 2026-03-02 at 07:30" in result.stdout
    assert event(out.read_bytes()).decoded("dtstart").time() == time(7, 30)


def test_no_time_of_day_is_wrong_usage() -> None:
    with pytest.raises(WrongUsage, match="'six' is no time of day"):
        clock_time("six")


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "icalendar", None)
    with pytest.raises(UserError, match="not installed") as caught:
        plan_as_ical(PLAN, made_at=MADE)
    assert "'.[calendar]'" in caught.value.hint
