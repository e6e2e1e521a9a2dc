"""Days with and without cues: drawn fairly, and judged honestly."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from monitor.alerts.nof1 import Row, effect_of_cues, for_day, has_cues
from monitor.alerts.settings import AlertSettings

FIRST = date(2026, 3, 1)


def days(n: int, start: date = FIRST) -> list[date]:
    return [start + timedelta(days=k) for k in range(n)]


def rows(
    seed: int, n: int, effect: float, *, practised: float = 0.7, trend: float = 0.0
) -> tuple[Row, ...]:
    rng = np.random.default_rng(seed)
    return tuple(
        (day, has_cues(seed, day), rng.normal(5.0 + trend * k, 1.0) + effect * has_cues(seed, day))
        for k, day in enumerate(days(n))
        if rng.random() < practised
    )


@pytest.mark.parametrize("seed", range(5))
def test_of_each_two_days_one_has_cues_and_the_same_seed_draws_the_same(seed: int) -> None:
    even = [day for day in days(200) if day.toordinal() % 2 == 0]
    first = [has_cues(seed, day) for day in even]
    second = [has_cues(seed, day + timedelta(days=1)) for day in even]
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert 0.3 < np.mean(first) < 0.7  # which of the two is by chance
    assert first == [has_cues(seed, day) for day in even]


def test_without_the_wish_every_day_has_cues() -> None:
    assert not any(for_day(AlertSettings(), day).without_cues for day in days(20))


def test_five_pairs_are_too_early_to_say() -> None:
    effect = effect_of_cues(rows(1, 10, -5.0, practised=1.0))
    assert (effect.value, effect.low, effect.p) == (None, None, None)
    assert effect.words.startswith("Too early to say whether cues help: 5 days with, 5 without")


def test_six_whole_pairs_all_one_way_are_chance_at_2_in_64() -> None:
    seen = tuple((d, has_cues(3, d), 1.0 + 2.0 * (not has_cues(3, d))) for d in days(12))
    pairs = {d.toordinal() // 2 for d, _, _ in seen}
    effect = effect_of_cues(seen)
    assert (len(pairs), effect.p, effect.value) == (6, 2 / 64, -2.0)


def test_a_real_effect_is_found_and_named() -> None:
    effect = effect_of_cues(rows(4, 60, -3.0), unit="minutes")
    assert effect.low is not None
    assert effect.high is not None
    assert effect.low < -3.0 < effect.high < 0.0
    assert effect.words.startswith("Cues help you. On days with them the change lies between -")


def test_a_worse_outcome_is_not_called_help() -> None:
    assert effect_of_cues(rows(4, 60, 3.0)).words.startswith("Cues do not help you")


def test_rows_of_one_day_are_one_day_and_the_unknown_is_left_out() -> None:
    seen = rows(4, 40, -1.0)
    twice = tuple((d, on, v + off) for d, on, v in seen for off in (-0.5, 0.5))
    unknown = (FIRST + timedelta(days=200), True, float("nan"))
    assert effect_of_cues((*twice, unknown)).value == pytest.approx(effect_of_cues(seen).value)


@pytest.mark.parametrize(("trend", "effect"), [(0.0, 0.0), (0.1, -1.0)])
def test_the_interval_holds_the_truth_nineteen_times_in_twenty(trend: float, effect: float) -> None:
    """Also while the wearer gets worse (or better) over the weeks, because days go in pairs."""
    n, missed = 200, 0
    for seed in range(n):
        found = effect_of_cues(rows(seed, 24, effect, trend=trend))
        low = -np.inf if found.low is None else found.low
        high = np.inf if found.high is None else found.high
        missed += not low <= effect <= high
    assert missed / n <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n)
