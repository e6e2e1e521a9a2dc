"""Drowsy: a flag that is low for the restless, and unknown where its parts are."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.drowsy import drowsiness
from analysis.results import Epochs

T_S = np.arange(1.0, 901.0)


def epochs(*, breath_end=12.0, heart_end=63.0, still=1.0, wander=0.0):
    e = Epochs.unknown(T_S.copy())
    late = T_S > 240
    e.stillness[:] = still
    e.breathing_per_min[:] = np.where(late, breath_end, 16.0) * (1 + wander * np.sin(T_S / 9))
    e.heart_per_min[:] = np.where(late, heart_end, 70.0)
    return e


def test_still_slow_and_regular_for_five_minutes_may_have_nodded_off():
    assert drowsiness(epochs()).drowsy[-1] == pytest.approx(1.0)


def test_one_who_shifts_is_awake():
    assert drowsiness(epochs(still=0.9)).drowsy[-1] == 0.0


def test_still_alone_is_not_drowsy():
    awake = drowsiness(epochs(breath_end=16.0, heart_end=70.0, wander=0.12))
    assert awake.immobile[-1] == 1.0
    assert awake.drowsy[-1] == pytest.approx(0.0, abs=0.05)


def test_the_flag_is_the_product_of_its_parts():
    parts = drowsiness(epochs(breath_end=14.0, still=0.98))
    others = (parts.regular + parts.slow + parts.heart_fall) / 3
    np.testing.assert_allclose(parts.drowsy, parts.immobile * others)


def test_without_breath_or_five_minutes_it_is_unknown():
    e = epochs()
    assert np.isnan(drowsiness(e).drowsy[:230]).all()
    e.breathing_per_min[:] = np.nan
    assert np.isnan(drowsiness(e).drowsy).all()
    e = epochs()
    e.heart_per_min[:] = np.nan  # nice to have
    assert drowsiness(e).drowsy[-1] == pytest.approx(1.0)


def test_second_by_second_is_the_same():
    e = epochs(wander=0.05)
    whole = drowsiness(e).drowsy
    for n in (250, 400, 899):
        assert drowsiness(e[:n], newest=1).drowsy[0] == pytest.approx(whole[n - 1], nan_ok=True)
