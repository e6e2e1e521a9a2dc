"""The rules, as sentences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results import Epochs, FloatArray
from monitor.alerts.battery_low import BatteryLowAlert
from monitor.alerts.difference import DifferenceAlert
from monitor.alerts.excursion import ExcursionLimits
from monitor.alerts.finding import Corrected, Finding, Raised
from monitor.alerts.knee_drift import KneeDriftAlert
from monitor.alerts.lean import LeanAlert
from monitor.alerts.rules import EpochRules
from monitor.alerts.sensor_lost import SensorLostAlert
from monitor.alerts.strap_slipped import StrapSlippedAlert
from monitor.result import Alert

OWN = 90.0
THRESHOLD = ExcursionLimits(evidence="threshold")


def alerts(found: list[Finding]) -> list[Alert]:
    return [f.alert for f in found if isinstance(f, Raised)]


def findings(
    knee_deg: Callable[[float], float],
    until_s: float,
    frozen: Callable[[float], bool] = lambda _t: False,
    limits: ExcursionLimits = THRESHOLD,
) -> list[Finding]:
    """What is said of a knee that is at ``knee_deg(t)``, asked each second."""
    machine = KneeDriftAlert("left", limits)
    seconds = [float(t) for t in range(int(until_s))]
    found = [machine.update(t, knee_deg(t), OWN, frozen=frozen(t)) for t in seconds]
    return [f for f in found if f]


def told(
    knee_deg: Callable[[float], float],
    until_s: float,
    frozen: Callable[[float], bool] = lambda _t: False,
    limits: ExcursionLimits = THRESHOLD,
) -> list[Alert]:
    return alerts(findings(knee_deg, until_s, frozen, limits))


def test_a_knee_that_stays_twelve_degrees_away_is_told_once_after_ten_seconds() -> None:
    # The 1 s low-pass passes 8 of 12 degrees ln 3 = 1.1 s after the step, whose first second ends at 100.
    [alert] = told(lambda t: OWN + 12 * (t >= 100), 1200)
    assert alert.t_s == 111.0
    assert (alert.kind, alert.side, alert.value, alert.reference) == ("knee_drift", "left", 102, 90)
    assert alert.reason == (
        "The left knee is at 102 degrees, 12 more bent than your own 90: "
        "more than 8 degrees away for 10 s."
    )


def test_sliding_down_is_told_like_folding_up() -> None:
    [alert] = told(lambda t: OWN - 12 * (t >= 100), 300)
    assert "at 78 degrees, 12 straighter than your own 90" in alert.reason


def test_seven_degrees_are_nobodys_business() -> None:
    assert told(lambda _t: OWN + 7.0, 1200) == []


def test_nine_seconds_away_are_forgiven() -> None:
    assert told(lambda t: OWN + 9.0 * (100 <= t < 109), 300) == []


def test_hovering_at_the_limit_is_one_excursion_not_forty() -> None:
    said = told(lambda t: OWN + 8.0 + 2.5 * math.sin(t / 20), 1200)
    assert len(said) == 1


def test_after_coming_back_within_five_degrees_a_new_excursion_is_told() -> None:
    def knee(t: float) -> float:
        away = 100 <= t < 150 or 300 <= t < 350
        return OWN + 12.0 * away

    assert [a.t_s for a in told(knee, 500)] == [111.0, 311.0]


def test_within_a_minute_of_the_last_alert_nothing_is_said() -> None:
    def knee(t: float) -> float:
        return OWN + 12.0 * (100 <= t < 120 or 130 <= t < 400)

    assert [a.t_s for a in told(knee, 400)] == [111.0, 171.0]


def test_moving_freezes_the_count_and_does_not_reset_it() -> None:
    said = told(lambda t: OWN + 12 * (t >= 100), 300, frozen=lambda t: 105 <= t < 120)
    # Three of the ten seconds had passed at 104; the other seven are counted from 120 on.
    assert [a.t_s for a in said] == [126.0]


def test_after_half_a_minute_unseen_the_evidence_is_gathered_afresh() -> None:
    said = told(lambda t: OWN + 12 * (t >= 100), 300, frozen=lambda t: 105 <= t < 150)
    assert [a.t_s for a in said] == [160.0]


def test_unknown_is_not_away() -> None:
    assert told(lambda t: math.nan if t >= 103 else OWN + 12 * (t >= 100), 300) == []


def test_without_a_reference_nothing_is_said() -> None:
    machine = KneeDriftAlert("right")
    assert all(machine.update(float(t), 140.0, math.nan, frozen=False) is None for t in range(200))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=200))
def test_any_wander_within_five_degrees_is_silent(wander_deg: list[float]) -> None:
    machine = KneeDriftAlert("left")
    for t, away_deg in enumerate(wander_deg):
        assert machine.update(float(t), OWN + away_deg, OWN, frozen=False) is None


# --- exposure: how far for how long -------------------------------------------------------------


def test_by_exposure_a_large_drift_is_told_sooner_than_a_small_one() -> None:
    def when(off_deg: float) -> float:
        [alert] = told(lambda t: OWN + off_deg * (t >= 100), 300, limits=ExcursionLimits())
        return alert.t_s - 100.0

    # Behind the 1 s low-pass, 20 degree-seconds beyond 8 come at 16 a second, 4 and 2.
    assert (when(24.0), when(12.0), when(10.0)) == (2.0, 6.0, 12.0)


def test_by_exposure_what_stays_within_the_limit_never_adds_up() -> None:
    assert told(lambda _t: OWN + 7.9, 3600, limits=ExcursionLimits()) == []


def test_gathered_exposure_fades_while_the_knee_is_near() -> None:
    def twice(pause_s: float) -> list[Alert]:
        # Two peaks of 10 degrees for 9 s, neither of which is enough alone.
        def knee(t: float) -> float:
            return OWN + 10.0 * (100 <= t < 109 or 109 + pause_s <= t < 118 + pause_s)

        return told(knee, 400, limits=ExcursionLimits())

    assert len(twice(5.0)) == 1
    assert twice(90.0) == []


def test_coming_back_is_told_and_an_excursion_ends_only_once() -> None:
    found = findings(lambda t: OWN + 12.0 * (100 <= t < 150), 300)
    assert [type(f).__name__ for f in found] == ["Raised", "Corrected"]
    back = found[1]
    assert isinstance(back, Corrected)
    # From 12 the low-pass falls below 5 in ln(12/5) = 0.9 s: with the first second after.
    assert (back.key, back.t_s) == ("knee_drift:left", 150.0)


def test_how_long_it_had_been_so_counts_from_where_it_would_be_back() -> None:
    [raised] = [f for f in findings(lambda t: OWN + 12 * (t >= 100), 300) if isinstance(f, Raised)]
    assert raised.dwell_s == 12.0


# --- the other rules ------------------------------------------------------------------------------


@pytest.mark.parametrize(("off_deg", "way"), [(14.0, "out"), (-14.0, "in")])
def test_a_leg_that_falls_is_told_which_way(off_deg: float, way: str) -> None:
    rule = LeanAlert("right", ExcursionLimits(enter_deg=10.0, leave_deg=6.0))
    found = [rule.update(float(t), 3.0 + off_deg, 3.0, frozen=False) for t in range(60)]
    [alert] = alerts([f for f in found if f])
    assert (alert.kind, alert.side, alert.reference) == ("lean", "right", 3.0)
    assert f"leans 14 degrees further {way} than where it stood" in alert.reason


def test_knees_that_always_differed_are_alike() -> None:
    rule = DifferenceAlert(ExcursionLimits())
    assert not any(rule.update(float(t), 95.0, 80.0, 15.0, frozen=False) for t in range(300))


def epochs(n: int, **columns: FloatArray | float) -> Epochs:
    given = {name: np.broadcast_to(value, n).astype(float) for name, value in columns.items()}
    return replace(Epochs.unknown(np.arange(1.0, n + 1.0)), **given)


def kinds(rules: EpochRules, seen: Epochs) -> list[str]:
    return [f"{a.kind} {a.side}".strip() for a in alerts(rules.judge(seen))]


def after(start_s: float, before: float, then: float, n: int = 400) -> FloatArray:
    return np.where(np.arange(1.0, n + 1.0) < start_s, before, then)


def test_one_knee_that_drifts_is_one_alert_not_a_difference_too() -> None:
    seen = epochs(400, knee_left_deg=after(200, 90.0, 104.0), knee_right_deg=90.0, stillness=1.0)
    assert kinds(EpochRules(), seen) == ["knee_drift left"]


def test_two_knees_that_part_by_seven_each_are_a_difference() -> None:
    seen = epochs(
        400,
        knee_left_deg=after(200, 90.0, 97.0),
        knee_right_deg=after(200, 90.0, 83.0),
        stillness=1.0,
    )
    assert kinds(EpochRules(), seen) == ["knee_difference"]


def test_a_chest_that_turns_is_told() -> None:
    seen = epochs(400, posture_drift_deg=after(200, 1.0, 20.0), stillness=1.0)
    assert kinds(EpochRules(), seen) == ["chest_posture"]


@pytest.mark.parametrize(
    "column", [{"stillness": 0.2}, {"trunk_tilt_deg": 80.0}, {"knee_right_deg": 140.0}]
)
def test_moving_upright_or_in_an_extra_nothing_is_judged(column: dict[str, float]) -> None:
    usual = {"stillness": 1.0, "trunk_tilt_deg": 2.0, "knee_right_deg": 90.0}
    rules = EpochRules()
    assert kinds(rules, epochs(150, knee_left_deg=90.0, **usual)) == []
    later = replace(
        epochs(100, knee_left_deg=108.0, lean_left_deg=40.0, **{**usual, **column}),
        t_s=np.arange(151.0, 251.0),
    )
    assert kinds(rules, later) == []
    assert rules.is_frozen


def test_a_leg_that_is_put_back_slowly_after_an_extra_is_moved_not_drifting() -> None:
    # A knee comes down from 130 to 90 in 8 s, five degrees a second; the other sensors lie still.
    down = np.interp(np.arange(400.0), [200.0, 204.0, 210.0, 218.0], [90.0, 130.0, 130.0, 90.0])
    seen = epochs(400, knee_left_deg=down, knee_right_deg=90.0, stillness=0.6)
    assert kinds(EpochRules(), seen) == []


def test_a_drift_of_a_degree_a_second_is_no_movement() -> None:
    away = np.interp(np.arange(400.0), [200.0, 212.0], [90.0, 102.0])
    seen = epochs(400, knee_left_deg=away, knee_right_deg=90.0, stillness=1.0)
    assert kinds(EpochRules(), seen) == ["knee_drift left"]


def test_a_stretch_that_was_marked_is_not_judged() -> None:
    rules = EpochRules()
    rules.quiet_between(200.0, 400.0)
    seen = epochs(400, knee_left_deg=after(200, 90.0, 104.0), stillness=1.0)
    assert kinds(rules, seen) == []


def test_a_strap_that_slipped_is_said_of_the_strap_and_not_of_the_wearer() -> None:
    rule = StrapSlippedAlert("left")
    raised = rule.update(300.0, "the left shank turned by 14 deg: the strap has slipped")
    assert isinstance(raised, Raised)
    assert raised.alert.reason == "The left shank turned by 14 deg: the strap has slipped."
    assert rule.update(301.0, "the left shank turned by 14 deg: the strap has slipped") is None
    assert rule.update(400.0, "") == Corrected("strap_slipped:left", 400.0)


def test_a_battery_is_told_once_until_it_was_charged() -> None:
    rule = BatteryLowAlert("chest", below_percent=15.0)
    told_at = [t for t, p in enumerate((20, 14, 15, 14, None, 30, 12)) if rule.update(t, p)]
    assert told_at == [1, 5, 6]  # low, charged, low again


def test_a_sensor_silent_for_three_seconds_is_told_once_an_outage() -> None:
    machine = SensorLostAlert("left_shank")
    machine.heard(10.0)
    assert machine.silent_until(12.9) is None
    raised = machine.silent_until(13.0)
    assert raised is not None
    alert = raised.alert
    assert (alert.t_s, alert.kind, alert.side) == (13.0, "sensor_lost", "left")
    assert alert.reason == (
        "The left shank sensor has not been heard for 3 s (last at 10.0 s of the session)."
    )
    assert machine.silent_until(100.0) is None
    assert machine.heard(101.0) == Corrected("sensor_lost:left_shank", 101.0)
    again = machine.silent_until(110.0)
    assert again is not None
    assert again.alert.t_s == 104.0


def test_a_sensor_that_never_spoke_is_not_lost() -> None:
    assert SensorLostAlert("chest").silent_until(1000.0) is None


@given(st.lists(st.floats(10.0, 60.0), max_size=20))
def test_when_we_look_does_not_change_what_is_said(looks_s: list[float]) -> None:
    machine = SensorLostAlert("chest")
    machine.heard(10.0)
    found = [machine.silent_until(t) for t in [*sorted(looks_s), 60.0]]
    assert [f.alert.t_s for f in found if f] == [13.0]
