"""The rules, as sentences."""

from __future__ import annotations

import math
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.machines import KneeDriftAlert, SensorLostAlert
from monitor.result import Alert

OWN = 90.0


def told(
    knee_deg: Callable[[float], float],
    until_s: float,
    frozen: Callable[[float], bool] = lambda _t: False,
) -> list[Alert]:
    """Alerts of a knee that is at ``knee_deg(t)``, asked each second."""
    machine = KneeDriftAlert("left")
    seconds = [float(t) for t in range(int(until_s))]
    found = [machine.update(t, knee_deg(t), OWN, frozen=frozen(t)) for t in seconds]
    return [a for a in found if a]


def test_a_knee_that_stays_twelve_degrees_away_is_told_once_after_ten_seconds() -> None:
    # The 2 s low-pass passes 8 of 12 degrees 2 ln 3 = 2.2 s after the step at 100 s.
    [alert] = told(lambda t: OWN + 12 * (t >= 100), 1200)
    assert alert.t_s == 112.0
    assert (alert.kind, alert.side, alert.value, alert.reference) == ("knee_drift", "left", 102, 90)
    assert alert.reason == (
        "The left knee is at 102 degrees, 12 more bent than your own 90, "
        "and stayed more than 8 away for 10 s."
    )


def test_sliding_down_is_told_like_folding_up() -> None:
    [alert] = told(lambda t: OWN - 12 * (t >= 100), 300)
    assert "at 78 degrees, 12 straighter than your own 90" in alert.reason


def test_seven_degrees_are_nobodys_business() -> None:
    assert told(lambda _t: OWN + 7.0, 1200) == []


def test_nine_seconds_away_are_forgiven() -> None:
    assert told(lambda t: OWN + 9.0 * (100 <= t < 109), 300) == []


def test_hovering_at_the_limit_is_one_excursion_not_forty() -> None:
    alerts = told(lambda t: OWN + 8.0 + 2.5 * math.sin(t / 20), 1200)
    assert len(alerts) == 1


def test_after_coming_back_within_five_degrees_a_new_excursion_is_told() -> None:
    def knee(t: float) -> float:
        away = 100 <= t < 150 or 300 <= t < 350
        return OWN + 12.0 * away

    assert [a.t_s for a in told(knee, 500)] == [112.0, 312.0]


def test_within_a_minute_of_the_last_alert_nothing_is_said() -> None:
    def knee(t: float) -> float:
        return OWN + 12.0 * (100 <= t < 120 or 130 <= t < 400)

    assert [a.t_s for a in told(knee, 400)] == [112.0, 172.0]


def test_moving_freezes_the_count_and_does_not_reset_it() -> None:
    alerts = told(lambda t: OWN + 12 * (t >= 100), 300, frozen=lambda t: 105 <= t < 120)
    # Two of the ten seconds had passed at 104; the other eight are counted from 120 on.
    assert [a.t_s for a in alerts] == [127.0]


def test_after_half_a_minute_unseen_the_evidence_is_gathered_afresh() -> None:
    alerts = told(lambda t: OWN + 12 * (t >= 100), 300, frozen=lambda t: 105 <= t < 150)
    assert [a.t_s for a in alerts] == [160.0]


def test_unknown_is_not_away() -> None:
    assert told(lambda t: math.nan if t >= 103 else OWN + 12 * (t >= 100), 300) == []


def test_without_a_reference_nothing_is_said() -> None:
    machine = KneeDriftAlert("right")
    assert all(machine.update(float(t), 140.0, None, frozen=False) is None for t in range(200))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=200))
def test_any_wander_within_five_degrees_is_silent(wander_deg: list[float]) -> None:
    machine = KneeDriftAlert("left")
    for t, away_deg in enumerate(wander_deg):
        assert machine.update(float(t), OWN + away_deg, OWN, frozen=False) is None


def test_a_sensor_silent_for_three_seconds_is_told_once_an_outage() -> None:
    machine = SensorLostAlert("left_shank")
    machine.heard(10.0)
    assert machine.silent_until(12.9) is None
    alert = machine.silent_until(13.0)
    assert alert is not None
    assert (alert.t_s, alert.kind, alert.side) == (13.0, "sensor_lost", "left")
    assert alert.reason == (
        "The left shank sensor has not been heard for 3 s (last at 10.0 s of the session)."
    )
    assert machine.silent_until(100.0) is None
    machine.heard(101.0)
    again = machine.silent_until(110.0)
    assert again is not None
    assert again.t_s == 104.0


def test_a_sensor_that_never_spoke_is_not_lost() -> None:
    assert SensorLostAlert("chest").silent_until(1000.0) is None


@given(st.lists(st.floats(10.0, 60.0), max_size=20))
def test_when_we_look_does_not_change_what_is_said(looks_s: list[float]) -> None:
    machine = SensorLostAlert("chest")
    machine.heard(10.0)
    found = [machine.silent_until(t) for t in [*sorted(looks_s), 60.0]]
    assert [a.t_s for a in found if a] == [13.0]
