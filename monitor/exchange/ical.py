"""The practice plan as iCalendar (RFC 5545): one event that repeats every day, with a reminder.

Times are floating, that is, without a time zone: six o'clock is six o'clock wherever you are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from monitor import __version__
from monitor.errors import UserError, WrongUsage, install_hint


@dataclass(frozen=True, slots=True)
class PracticePlan:
    """When to lie down: every day from `first` on, `n_days` times, for `minutes` each."""

    first: date
    at: time
    n_days: int = 90
    minutes: int = 15


def clock_time(text: str) -> time:
    """``HH:MM`` as a time of day.

    Examples
    --------
    >>> clock_time("18:00")
    datetime.time(18, 0)

    Raises
    ------
    WrongUsage
        For anything else.
    """
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  # a time of day has no zone
    except ValueError as error:
        raise WrongUsage(
            f"{text!r} is no time of day", hint="Give hours and minutes, for example 18:00."
        ) from error


def plan_as_ical(plan: PracticePlan, *, made_at: datetime) -> bytes:
    """The plan as the bytes of an ``.ics`` file.

    The same plan has the same UID whenever it is written, so a calendar that takes it twice shows
    it once.

    Raises
    ------
    UserError
        When the package icalendar is not installed.
    """
    try:
        from icalendar import Alarm, Calendar, Event  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise UserError(
            "the package icalendar is not installed",
            hint=install_hint("calendar"),
        ) from error
    begins = datetime.combine(plan.first, plan.at)
    event = Event()
    event.add("uid", f"{hashlib.sha256(repr(plan).encode()).hexdigest()[:32]}@backrelease")
    event.add("dtstamp", made_at.astimezone(UTC))
    event.add("dtstart", begins)
    event.add("duration", timedelta(minutes=plan.minutes))
    event.add("rrule", {"freq": "daily", "count": plan.n_days})
    event.add("summary", "Passive Back Release")
    event.add(
        "description",
        f"Lie down for {plan.minutes} minutes, books under the head, knees bent. A day without it "
        "is a rest day. Before you start: backrelease session",
    )
    event.add("transp", "TRANSPARENT")  # it does not make you busy
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "Passive Back Release")
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", f"-//backrelease//{__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
