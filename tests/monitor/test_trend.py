"""A trend is shown when there is one, and not when there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitor.history.trend import Trend, trend


def shown(days: object, values: object, **keywords: float) -> Trend:
    found = trend(days, values, **keywords)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_straight_line_is_its_own_trend() -> None:
    days = np.arange(0.0, 40.0, 2.0)
    line = shown(days, 16.0 - 0.05 * days)
    assert line.per_day == pytest.approx(-0.05)
    assert (line.start, line.end) == (pytest.approx(16.0), pytest.approx(14.1))
    assert line.change == (pytest.approx(-1.9),) * 3
    assert line.detectable == pytest.approx(0.0, abs=1e-9)
    assert line.went == "fell"


def test_an_odd_session_does_not_turn_the_line() -> None:
    days = np.arange(30.0)
    values = 10.0 + 0.1 * days
    values[29] = 200.0
    assert shown(days, values).per_day == pytest.approx(0.1, abs=0.01)


def test_a_level_zigzag_is_no_change_and_its_noise_is_known() -> None:
    days = np.arange(40.0)
    line = shown(days, 12.0 + (days % 2))
    assert line.verdict == "no change"
    assert line.went == ""
    # differences of one each day: SEM = sqrt(1/2), SDC = 1.96 x sqrt(2) x SEM
    assert line.detectable == pytest.approx(1.96)


def test_a_change_smaller_than_two_sessions_can_show_is_called_slight() -> None:
    days = np.arange(90.0)
    line = shown(days, 12.0 + 0.01 * days + 1.5 * (days % 2))
    assert line.verdict == "small change"
    assert line.went == "rose slightly"


@pytest.mark.parametrize("seed", range(4))
def test_sens_interval_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0.0, 90.0, 40))
    values = rng.permutation(40) + rng.uniform(0.0, 0.1, 40)
    r = _lag_1(days, values)
    widening = math.sqrt((1 + r) / (1 - r))
    # the widening as a confidence, which is all that scipy takes
    confidence = 2.0 * stats.norm.cdf(stats.norm.ppf(0.975) * widening) - 1.0
    slope, _, low, high = stats.theilslopes(values, days, confidence)
    line = shown(days, values)
    assert line.per_day == pytest.approx(slope)
    assert (line.low_per_day, line.high_per_day) == (pytest.approx(low), pytest.approx(high))


def _lag_1(days: np.ndarray, values: np.ndarray) -> float:
    slope = stats.theilslopes(values, days)[0]
    rest = values - slope * days
    rest = rest - np.median(rest)
    rest = rest - rest.mean()
    return max(float(np.sum(rest[1:] * rest[:-1]) / np.sum(rest**2)), 0.0)


@pytest.mark.parametrize(
    ("memory", "step", "least"),
    [(0.0, 0.0, 0.93), (0.3, 0.0, 0.90), (0.0, 1.0, 0.93)],
    ids=["each day anew", "days resemble each other", "whole numbers"],
)
def test_the_interval_holds_the_truth_as_often_as_it_says(
    memory: float, step: float, least: float
) -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(300):
        days = np.flatnonzero(rng.random(90) > 0.2).astype(float)
        noise = np.zeros(len(days))
        noise[0] = rng.standard_normal()
        for n in range(1, len(days)):
            fresh = math.sqrt(1.0 - memory**2) * rng.standard_normal()
            noise[n] = memory * noise[n - 1] + fresh
        values = 6.0 - 0.02 * days + 1.2 * noise
        if step:
            values = np.round(values)
        line = shown(days, values, step=step)
        held.append(line.low_per_day <= -0.02 <= line.high_per_day)
    assert least <= np.mean(held) <= 0.99


def test_without_a_trend_a_change_is_shown_in_one_of_twenty() -> None:
    rng = np.random.default_rng(11)
    days = np.arange(0.0, 90.0, 1.5)
    verdicts = [shown(days, rng.standard_normal(60)).verdict for _ in range(300)]
    assert verdicts.count("no change") >= 0.92 * 300


def test_the_smallest_detectable_change_of_known_noise_is_277_times_its_sd() -> None:
    rng = np.random.default_rng(2)
    days = np.arange(400.0)
    line = shown(days, 60.0 + 0.1 * days + 2.5 * rng.standard_normal(400))
    assert line.detectable == pytest.approx(1.96 * math.sqrt(2.0) * 2.5, rel=0.1)


def test_rest_of_weeks_tells_nothing_of_the_noise_from_day_to_day() -> None:
    days = np.arange(12.0) * 8.0
    assert shown(days, np.tile([1.0, 2.0], 6)).detectable is None


def test_a_rating_that_never_moves_has_an_interval_that_is_not_nothing() -> None:
    line = shown(np.arange(40.0), np.full(40, 6.0), step=1.0)
    assert line.low_per_day < 0.0 < line.high_per_day


@pytest.mark.parametrize("n", [0, 1, 7])
def test_few_sessions_have_no_trend(n: int) -> None:
    assert trend(np.arange(n) * 5.0, np.arange(n) * 1.0) is None


def test_many_sessions_in_one_week_have_no_trend() -> None:
    assert trend(np.linspace(0.0, 7.0, 30), np.arange(30.0)) is None


def test_unknown_values_are_left_out_not_taken_for_zero() -> None:
    days = np.arange(40.0)
    values = np.where(days % 3 == 0, np.nan, 70.0 - 0.1 * days)
    line = shown(days, values)
    assert line.n == 26
    assert line.per_day == pytest.approx(-0.1)


def test_days_and_values_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one length, got \(3,\) and \(2,\)"):
        trend([1.0, 2.0, 3.0], [1.0, 2.0])


def test_the_band_is_narrowest_in_the_middle() -> None:
    rng = np.random.default_rng(5)
    line = shown(np.arange(60.0), rng.standard_normal(60))
    low, high = line.band([0.0, 29.5, 59.0])
    width = high - low
    assert width[1] < width[0]
    assert width[1] < width[2]
    assert low[0] < line.start < high[0]


values = st.lists(st.integers(-100, 100), min_size=8, max_size=40)


@given(values, st.integers(1, 16), st.integers(-50, 50))
def test_another_unit_scales_the_line_and_all_that_belongs_to_it(
    found: list[int], scale: int, offset: int
) -> None:
    days = np.arange(len(found)) * 4.0
    one = shown(days, found)
    other = shown(days, scale * np.array(found) + offset)
    for name in ("per_day", "low_per_day", "high_per_day", "detectable"):
        assert getattr(other, name) == pytest.approx(scale * getattr(one, name), abs=1e-9)


@given(values)
def test_the_order_in_which_sessions_are_told_does_not_matter(found: list[int]) -> None:
    days = np.arange(len(found)) * 4.0
    assert shown(days, found) == shown(days[::-1], found[::-1])
