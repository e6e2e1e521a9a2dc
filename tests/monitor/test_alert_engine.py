"""When a cue is given, how loudly, and what the ledger says of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import get_args

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.budget import OFF_DAY, OVER, SNOOZED, SPENT, SWITCHED_OFF
from monitor.alerts.engine import AlertEngine, Telling
from monitor.alerts.explain import explained, short
from monitor.alerts.finding import AlertKind, Corrected, Finding, Raised
from monitor.alerts.settings import AlertSettings
from monitor.result import Alert, Side

THREE_MINUTES = AlertSettings(budget_min=3.0, snooze_min=5.0, levels=3)


def raised(t_s: float, kind: str = "knee_drift", side: Side = "left") -> Raised:
    alert = Alert(t_s, kind, side, 102.0, 90.0, f"The {side} knee is at 102 degrees.")
    return Raised(f"{kind}:{side}", alert, "more than 8 degrees away", 9.0, "Your left foot ...")


def play(
    engine: AlertEngine, happens: dict[float, Finding], until_s: float, *, can_see: bool = True
) -> list[Telling]:
    """Step each half second; what happens at a time is found half a second later."""
    told: list[Telling] = []
    for k in range(1, int(2 * until_s) + 1):
        t_s = 0.5 * k
        found = [f for at_s, f in happens.items() if at_s + 0.5 == t_s]
        told += engine.step(t_s, found, can_see=can_see)
    return told


def test_what_is_not_corrected_is_told_three_times_each_louder_and_then_no_more() -> None:
    engine = AlertEngine(THREE_MINUTES)
    told = play(engine, {100.0: raised(100.0)}, 1200.0)
    assert [(t.due_s, t.message.level) for t in told] == [(100.5, 0), (280.5, 1), (460.5, 2)]
    [entry] = engine.ledger()
    assert (entry.delivered_s, entry.told_again_s, entry.level) == (100.5, (280.5, 460.5), 2)
    assert explained(entry) == (
        "The left knee is at 102 degrees. It had been so for 9 s. You were told softly at 01:40, "
        "a little louder at 04:40, loudest at 07:40. It was not right again before the end."
    )


def test_once_corrected_it_is_told_no_more_and_thanked_for() -> None:
    engine = AlertEngine(THREE_MINUTES)
    back = Corrected("knee_drift:left", 112.0)
    told = play(engine, {100.0: raised(100.0), 112.0: back}, 1200.0)
    assert [t.message.kind for t in told] == ["alert", "corrected"]
    assert engine.ledger()[0].corrected_s == 112.0
    assert explained(engine.ledger()[0]).endswith("at 01:40. It was right again 12 s later.")


def test_a_second_alert_within_the_budget_waits_and_is_told_if_it_is_still_so() -> None:
    happens: dict[float, Finding] = {
        100.0: raised(100.0),
        110.0: Corrected("knee_drift:left", 110.0),
        150.0: raised(150.0, "lean", "right"),
    }
    engine = AlertEngine(THREE_MINUTES)
    told = [t for t in play(engine, happens, 400.0) if t.message.kind == "alert"]
    assert [t.due_s for t in told] == [100.5, 280.5]
    late = engine.ledger()[1]
    assert (late.withheld, late.delivered_s) == (SPENT, 280.5)
    assert "and not before, because the last cue had been too recent" in explained(late)


def test_what_was_put_right_while_it_was_withheld_is_never_told() -> None:
    happens: dict[float, Finding] = {
        100.0: raised(100.0),
        150.0: raised(150.0, "lean", "right"),
        170.0: Corrected("lean:right", 170.0),
        171.0: Corrected("knee_drift:left", 171.0),
    }
    engine = AlertEngine(THREE_MINUTES)
    told = play(engine, happens, 400.0)
    assert [t.due_s for t in told if t.message.kind == "alert"] == [100.5]
    assert (engine.ledger()[1].delivered_s, engine.ledger()[1].corrected_s) == (None, 170.0)
    assert short(engine.ledger()[1]) == f"withheld ({SPENT})"


def test_a_lost_sensor_is_told_though_a_knee_has_just_been_and_only_once() -> None:
    engine = AlertEngine(THREE_MINUTES)
    happens: dict[float, Finding] = {100.0: raised(100.0), 101.0: raised(101.0, "sensor_lost", "")}
    told = play(engine, happens, 1200.0)
    assert [t.due_s for t in told if t.alert and t.alert.kind == "sensor_lost"] == [101.5]


def test_a_double_tap_is_confirmed_once_and_withholds_for_five_minutes() -> None:
    engine = AlertEngine(THREE_MINUTES)
    assert engine.snooze(90.0).message.text == "No cues for 5 minutes."
    told = play(engine, {100.0: raised(100.0)}, 500.0)
    assert [t.due_s for t in told] == [390.0]  # still so when the five minutes are over
    assert engine.ledger()[0].withheld == SNOOZED


def test_on_a_day_without_cues_all_is_found_and_nothing_about_posture_told() -> None:
    engine = AlertEngine(replace(THREE_MINUTES, without_cues=True))
    happens: dict[float, Finding] = {100.0: raised(100.0), 300.0: raised(300.0, "sensor_lost", "")}
    told = play(engine, happens, 1200.0)
    assert [t.alert.kind for t in told if t.alert] == ["sensor_lost"]
    assert [e.withheld for e in engine.ledger()] == [OFF_DAY, ""]


def test_a_kind_that_is_switched_off_is_in_the_ledger_only() -> None:
    engine = AlertEngine(replace(THREE_MINUTES, off=("knee_drift",)))
    assert play(engine, {100.0: raised(100.0)}, 500.0) == []
    assert engine.ledger()[0].withheld == SWITCHED_OFF


def test_while_the_wearer_moves_nothing_is_told_again() -> None:
    engine = AlertEngine(THREE_MINUTES)
    told = play(engine, {100.0: raised(100.0)}, 400.0, can_see=False)
    assert [t.due_s for t in told] == [100.5]


def test_what_is_found_when_all_is_over_is_told_to_nobody() -> None:
    engine = AlertEngine(THREE_MINUTES)
    engine.end(900.0, [raised(900.0, "hurried_finish", "")])
    assert [e.withheld for e in engine.ledger()] == [OVER]


def test_what_was_due_only_after_the_end_was_not_told() -> None:
    engine = AlertEngine(THREE_MINUTES)
    [telling] = engine.step(100.1, [raised(99.5)])
    engine.end(100.0, [])
    assert telling.due_s == 100.1
    assert [(e.delivered_s, e.withheld) for e in engine.ledger()] == [(None, OVER)]


_KEYS = st.tuples(st.sampled_from(get_args(AlertKind)[:7]), st.sampled_from(["left", "right"]))


@given(
    st.lists(st.tuples(st.integers(1, 900), _KEYS, st.booleans()), max_size=40),
    st.floats(0.5, 10.0),
    st.lists(st.integers(1, 900), max_size=2),
)
def test_the_budget_is_never_exceeded_whatever_happens(
    events: list[tuple[int, tuple[str, Side], bool]], budget_min: float, snoozes: list[int]
) -> None:
    engine = AlertEngine(AlertSettings(budget_min=budget_min, snooze_min=2.0))
    given_s: dict[bool, list[float]] = {True: [], False: []}
    is_open: set[str] = set()
    for t in range(1, 1000):
        if t in snoozes:
            engine.snooze(float(t))
        found: list[Finding] = []
        for at, (kind, side), away in events:
            key = f"{kind}:{side}"
            if at == t and away and key not in is_open:
                is_open.add(key)
                found.append(raised(float(t), kind, side))
            elif at == t and not away and key in is_open:
                is_open.discard(key)
                found.append(Corrected(key, float(t)))
        for telling in engine.step(t + 0.5, found):
            if telling.message.kind == "alert" and telling.alert:
                given_s["sensor" in telling.alert.kind or telling.alert.kind in _TECHNICAL].append(
                    telling.due_s
                )
                assert all(not s <= telling.due_s < s + 120.0 for s in snoozes)
    for times in given_s.values():
        assert np.diff(times).min(initial=math.inf) >= 60.0 * budget_min


_TECHNICAL = {"battery_low", "strap_slipped"}
