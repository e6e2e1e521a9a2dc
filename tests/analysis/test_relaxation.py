"""Relaxation: its parts by hand, unknown where they are, and never changed by the future."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.relaxation import RelaxationSettings, part_names, relaxation, relaxation_parts
from analysis.results import Epochs

T_S = np.arange(1.0, 601.0)


def session(**columns: float | np.ndarray) -> Epochs:
    epochs = Epochs.unknown(T_S)
    for name, values in columns.items():
        getattr(epochs, name)[:] = values
    return epochs


def test_the_weights_name_every_part():
    assert len(part_names()) == len(RelaxationSettings().weights)
    assert sum(RelaxationSettings().weights) == pytest.approx(1)


def test_each_part_by_hand():
    late = T_S > 300
    epochs = session(
        stillness=np.where(late & (T_S % 4 == 0), 0.0, 1.0),
        breathing_per_min=np.where(late, 14.0, 16.0),
        heart_per_min=np.where(late, 66.5, 70.0),
        knee_left_deg=np.where(late, 90 + np.where(T_S % 2 == 0, 1.0, -1.0), 90.0),
    )
    parts = relaxation_parts(epochs)
    assert parts.stillness[-1] == pytest.approx(0.75)
    assert parts.breathing_fall[-1] == pytest.approx(0.5 + 0.5 * (2 / 16) / 0.25)
    assert parts.breathing_even[-1] == 1.0
    assert parts.heart_fall[-1] == pytest.approx(0.75)
    assert parts.knee_steady[-1] == pytest.approx(0.8)
    expected = 0.4 * 0.75 + 0.2 * 0.75 + 0.1 * 1 + 0.2 * 0.75 + 0.1 * 0.8
    assert parts.index[-1] == pytest.approx(expected)


def test_unknown_parts_make_an_unknown_index():
    assert np.isnan(relaxation(session())).all()
    assert np.isnan(relaxation(session(stillness=1.0))).all()
    assert np.isnan(relaxation(session(breathing_per_min=12.0))).all()
    known = relaxation(session(stillness=1.0, breathing_per_min=12.0))
    assert np.isnan(known[:29]).all()
    assert np.isfinite(known[30:]).all()


def test_lost_epochs_are_not_bridged():
    breath = np.where((T_S > 300) & (T_S < 400), np.nan, 14.0)
    index = relaxation(session(stillness=1.0, breathing_per_min=breath))
    assert np.isnan(index[340:395]).all()
    assert np.isfinite(index[450:]).all()


def test_the_opening_is_of_lying():
    sitting = T_S <= 120
    epochs = session(
        stillness=1.0,
        trunk_tilt_deg=np.where(sitting, 80.0, 2.0),
        breathing_per_min=np.where(sitting, 20.0, 14.0),
    )
    parts = relaxation_parts(epochs)
    assert np.isnan(parts.index[:120]).all()
    assert parts.breathing_fall[-1] == pytest.approx(0.5)


def test_up_from_the_floor_the_index_says_nothing():
    tilt = np.where(T_S > 500, 80.0, 2.0)
    index = relaxation(session(stillness=1.0, trunk_tilt_deg=tilt, breathing_per_min=14.0))
    assert np.isfinite(index[400:500]).all()
    assert np.isnan(index[500:]).all()


@given(seed=st.integers(0, 200), cut=st.integers(1, 599))
def test_the_future_never_changes_the_past(seed: int, cut: int):
    rng = np.random.default_rng(seed)
    epochs = session(
        stillness=rng.integers(0, 2, len(T_S)).astype(float),
        breathing_per_min=np.where(rng.random(len(T_S)) < 0.3, np.nan, rng.normal(14, 2, len(T_S))),
        heart_per_min=rng.normal(65, 3, len(T_S)),
        knee_left_deg=rng.normal(90, 2, len(T_S)),
    )
    whole, prefix = relaxation(epochs), relaxation(epochs[:cut])
    np.testing.assert_array_equal(prefix, whole[:cut])


@given(seed=st.integers(0, 200), cut=st.integers(1, 599), newest=st.integers(0, 700))
def test_the_newest_rows_alone_are_those_of_the_whole(seed: int, cut: int, newest: int):
    rng = np.random.default_rng(seed)
    epochs = session(
        stillness=(rng.random(len(T_S)) < rng.random()).astype(float),
        breathing_per_min=np.where(rng.random(len(T_S)) < 0.3, np.nan, rng.normal(14, 2, len(T_S))),
        heart_per_min=rng.normal(65, 3, len(T_S)),
        knee_left_deg=rng.normal(90, 2, len(T_S)),
    )[:cut]
    whole, last = relaxation(epochs), relaxation(epochs, newest=newest)
    np.testing.assert_array_equal(last, whole[max(cut - newest, 0) :])


@given(seed=st.integers(0, 50))
def test_it_stays_within_its_scale(seed: int):
    rng = np.random.default_rng(seed)
    epochs = session(
        stillness=rng.random(len(T_S)),
        breathing_per_min=rng.uniform(3, 35, len(T_S)),
        heart_per_min=rng.uniform(40, 120, len(T_S)),
    )
    for values in (getattr(relaxation_parts(epochs), n) for n in (*part_names(), "index")):
        known = values[np.isfinite(values)]
        assert ((known >= 0) & (known <= 1)).all()


def test_settling_raises_it_and_restlessness_lowers_it():
    calm = session(stillness=1.0, breathing_per_min=np.linspace(16, 11, len(T_S)))
    restless = session(
        stillness=np.where(T_S > 300, 0.2, 1.0), breathing_per_min=np.linspace(14, 18, len(T_S))
    )
    assert relaxation(calm)[-1] > relaxation(calm)[60] + 0.1
    assert relaxation(restless)[-1] < relaxation(restless)[60] - 0.3


def test_no_epochs_give_no_rows():
    assert len(relaxation(Epochs.unknown(np.empty(0)))) == 0
