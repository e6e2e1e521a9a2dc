"""Numbers over rest, with interval and coverage; unknown is None, not zero."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.results import Epochs, Phase
from analysis.summary import summarise


def epochs_of(n=300):
    return Epochs.unknown(np.arange(1.0, n + 1.0))


def test_the_median_and_its_range_are_those_of_rest():
    epochs = epochs_of()
    epochs.knee_left_deg[:] = np.where(epochs.t_s <= 100, 5.0, 90.0)
    epochs.knee_left_deg[100:300] += np.linspace(-5, 5, 200)
    epochs.knee_left_deg[200:250] = np.nan
    number = summarise(epochs, (Phase("straight", 0, 100), Phase("rest", 100, 300)))[
        "knee_left_deg"
    ]
    known = epochs.knee_left_deg[100:][np.isfinite(epochs.knee_left_deg[100:])]
    assert number.value == pytest.approx(np.median(known))
    assert (number.low, number.high) == pytest.approx(tuple(np.quantile(known, [0.1, 0.9])))
    assert number.coverage == pytest.approx(0.75)
    assert number.unit == "deg"


def test_what_was_never_known_is_none():
    numbers = summarise(epochs_of(), (Phase("rest", 0, 300),))
    for name in ("knee_right_deg", "heart_per_min", "still_share", "knee_drift_deg"):
        assert numbers[name].value is None
        assert numbers[name].coverage == 0.0
    assert summarise(epochs_of(0), ())["time_in_position_min"].value is None


def test_drift_is_the_last_minute_against_the_first_and_the_larger_side_leads():
    epochs = epochs_of()
    epochs.knee_left_deg[:] = 90.0
    epochs.knee_right_deg[:] = 90.0 - 0.04 * epochs.t_s
    numbers = summarise(epochs, (Phase("rest", 0, 300),))
    assert numbers["knee_drift_left_deg"].value == pytest.approx(0.0)
    assert numbers["knee_drift_right_deg"].value == pytest.approx(-0.04 * 240)
    assert numbers["knee_drift_deg"] == numbers["knee_drift_right_deg"]
    assert numbers["knee_difference_deg"].value == pytest.approx(0.04 * 150.5)


def test_time_in_position_counts_partial_sessions_and_says_what_is_unknown():
    phases = (
        Phase("straight", 0, 30),
        Phase("settling", 30, 60),
        Phase("rest", 60, 180),
        Phase("unknown", 180, 240),
        Phase("rest", 240, 270),
        Phase("standing", 270, 300),
    )
    numbers = summarise(epochs_of(), phases)
    time = numbers["time_in_position_min"]
    assert (time.value, time.low, time.high) == pytest.approx((3.0, 3.0, 4.0))
    assert time.coverage == pytest.approx(0.8)
    assert numbers["time_to_settle_s"].value == pytest.approx(30.0)


@pytest.mark.parametrize("name", ["heart_per_min", "breathing_per_min"])
@pytest.mark.parametrize(("n_known", "value"), [(9, None), (10, 60.0)])
def test_a_rate_known_for_less_than_a_tenth_of_rest_has_no_value(name, n_known, value):
    seen = epochs_of(100)
    getattr(seen, name)[:n_known] = 60.0
    seen.breathing_confidence[:] = 1.0
    number = summarise(seen, (Phase("rest", 0.0, 100.0),))[name]
    assert (number.value, number.low, number.high) == (value, value, value)
    assert number.coverage == pytest.approx(n_known / 100)
