"""Getting up: what was seen, and whether it was hurried."""

from __future__ import annotations

import pytest

from analysis.finish import finish_of, span_s
from analysis.results import Phase


def rising(rolling=10.0, kneeling=12.0, standing=5.0):
    phases, t = [Phase("rest", 0.0, 60.0)], 60.0
    for name, seconds in (("rolling", rolling), ("kneeling", kneeling), ("standing", standing)):
        if seconds:
            phases.append(Phase(name, t, t + seconds))
            t += seconds
    return tuple(phases)


def test_a_slow_finish_is_told_with_its_times():
    finish = finish_of(rising(), 35.0)
    assert (finish.start_s, finish.end_s) == (60.0, 82.0)
    assert (finish.rolling_s, finish.kneeling_s, finish.standing_s) == (60.0, 70.0, 82.0)
    assert finish.hurried is False
    assert finish.reason == (
        "Getting up took 22 s, the trunk turning at up to 35 deg/s: unhurried."
    )


@pytest.mark.parametrize(
    ("phases", "peak", "why"),
    [
        (rising(), 140.0, "140 deg/s"),
        (rising(2.0, 3.0), 60.0, "took 5 s; 8 or more"),
        (rising(rolling=0.0), 60.0, "without resting on a side"),
    ],
)
def test_what_makes_it_hurried(phases, peak, why):
    finish = finish_of(phases, peak)
    assert finish.hurried is True
    assert why in finish.reason


def test_what_cannot_be_said_is_none():
    assert finish_of(rising(kneeling=0.0, standing=0.0), 30.0).hurried is None
    assert finish_of(rising(), None).hurried is None
    assert finish_of(rising(2.0, 3.0), None).hurried is True  # the clock alone says so


def test_without_lying_or_without_rising_there_is_no_finish():
    assert finish_of((Phase("standing", 0.0, 60.0),), 10.0) is None
    assert finish_of((Phase("rest", 0.0, 60.0),), 10.0) is None
    assert span_s(()) is None


def test_only_the_last_rising_is_the_finish():
    once = rising()
    again = tuple(Phase(p.name, p.start_s + 100.0, p.end_s + 100.0) for p in rising())
    assert span_s((*once, *again)) == (160.0, 182.0)
