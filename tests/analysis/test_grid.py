"""Bins against a slow oracle; the fast grid against the line itself; holes stay holes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.grid import Rows, bin_means, cell_means


@given(st.integers(0, 2**32 - 1))
def test_bins_are_the_means_of_what_fell_in(seed):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 3, rng.integers(0, 80)))
    v = rng.normal(size=(len(t), 3))
    v[rng.random(len(t)) < 0.1] = np.nan
    means, counts = bin_means(t, v, 0, 30)
    for i in range(30):
        inside = (t >= i / 10) & (t < (i + 1) / 10) & np.isfinite(v).all(axis=1)
        assert counts[i] == inside.sum()
        if inside.any():
            assert means[i] == pytest.approx(v[inside].mean(axis=0), abs=1e-12)
        else:
            assert np.isnan(means[i]).all()


@pytest.mark.parametrize("fs_hz", [10.0, 25.0, 52.0, 104.0, 333.0])
def test_a_straight_line_is_kept_at_any_rate(fs_hz):
    t = np.arange(0, 4, 1 / fs_hz)
    cells = cell_means(t, (3.0 * t - 1.0)[:, None], 0, 150, 50.0)[:, 0]
    middles = (np.arange(150) + 0.5) / 50
    assert cells == pytest.approx(3.0 * middles - 1.0, abs=1e-9)


def test_jitter_does_not_bend_a_line():
    rng = np.random.default_rng(1)
    t = np.sort(np.arange(0, 4, 0.01) + rng.uniform(-0.008, 0.008, 400))
    cells = cell_means(t, t[:, None], 10, 150, 50.0)[:, 0]
    assert cells == pytest.approx((np.arange(10, 160) + 0.5) / 50, abs=1e-9)


def test_nothing_is_drawn_across_a_hole():
    t = np.concatenate([np.arange(0, 1.0, 0.01), np.arange(1.5, 3.0, 0.01)])
    cells = cell_means(t, np.ones((len(t), 1)), 0, 125, 50.0)[:, 0]
    middles = (np.arange(125) + 0.5) / 50
    in_hole = (middles > 0.98) & (middles < 1.5)
    assert np.isnan(cells[in_hole]).all()
    assert cells[~in_hole] == pytest.approx(1.0)


@given(st.lists(st.integers(0, 200), max_size=6), st.integers(0, 2**32 - 1))
def test_where_the_cells_are_cut_changes_nothing(cuts, seed):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 4, 300))
    v = 9.8 + rng.normal(size=(300, 3))
    whole = cell_means(t, v, 0, 200, 50.0)
    edges = [0, *sorted(cuts), 200]
    parts = [cell_means(t, v, a, b - a, 50.0) for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=1e-12)


def test_windows_before_the_start_are_unknown_and_growth_keeps_what_was():
    rows = Rows(1, n_before=5)
    for i in range(5000):
        rows.append(np.array([[float(i)]]))
    assert len(rows) == 5000
    assert (rows.all()[:, 0] == np.arange(5000)).all()
    first, later = rows.windows(2, 2, 10, 4)[:, :, 0]
    assert np.isnan(first[:2]).all()
    assert list(first[2:]) == [0.0, 1.0]
    assert list(later) == [8.0, 9.0, 10.0, 11.0]


def test_forgetting_keeps_every_window_that_is_still_asked_for():
    whole, bounded = Rows(1, n_before=20), Rows(1, n_before=20)
    for i in range(5000):
        for rows in (whole, bounded):
            rows.append(np.array([[float(i)]]))
        bounded.forget_before(i - 20)
        np.testing.assert_array_equal(
            bounded.windows(i + 1, 1, 1, 20), whole.windows(i + 1, 1, 1, 20)
        )
        since = max(i - 20, 0)
        np.testing.assert_array_equal(bounded.since(since), whole.since(since))
    assert len(bounded) == len(whole) == 5000
    assert bounded._data.size <= 2 * 1044
    with pytest.raises(IndexError, match="do not fit"):
        bounded.windows(100, 1, 1, 20)
    with pytest.raises(IndexError, match="row 100 was forgotten"):
        bounded.since(100)
    with pytest.raises(IndexError, match="were forgotten"):
        bounded.all()
