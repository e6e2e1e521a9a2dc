"""Single breaths: drawn ones are found where they were drawn; nothing across a gap or a movement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.breath_summary import breath_numbers
from analysis.results import Breath, SensorData
from analysis.session import SessionAnalyzer
from analysis.whole import analyze
from tests.analysis.chest_model import breathing_chest


def breaths_of(data: SensorData) -> tuple[Breath, ...]:
    return analyze({"chest": data}).breaths


def found(
    onsets_s: np.ndarray, breaths: tuple[Breath, ...], within_s: float
) -> tuple[float, float]:
    """Share of the drawn breaths that were found, and of the found ones that were drawn."""
    starts = np.array([b.start_s for b in breaths])
    inside = onsets_s[(onsets_s >= starts[0] - within_s) & (onsets_s <= starts[-1] + within_s)]
    off_s = np.abs(starts[:, np.newaxis] - inside)
    return (off_s.min(axis=0) <= within_s).mean(), (off_s.min(axis=1) <= within_s).mean()


@pytest.mark.parametrize("per_min", [4, 6, 9, 12, 15, 20, 30])
def test_breaths_are_found_where_they_were_drawn(per_min: float):
    chest = breathing_chest(per_min, depth_mg=4.0, seed=1)
    breaths = breaths_of(chest.data)
    # "in" is told from the shape; a chest turned over begins its breaths at the top: half a breath
    starts = np.array([b.start_s for b in breaths])
    off_s = (starts[:, np.newaxis] - chest.onsets_s)[:, 2:-2]
    lag_s = np.median(off_s[np.abs(off_s) < 33 / per_min])
    shifted = tuple(Breath(b.start_s - lag_s, b.end_s - lag_s, b.depth_deg) for b in breaths)
    sensitivity, precision = found(chest.onsets_s, shifted, 0.25 * 60 / per_min)
    assert sensitivity >= 0.96
    assert precision >= 0.96
    covered_s = sum(b.end_s - b.start_s for b in breaths)
    assert covered_s > 0.8 * 180


def test_depth_is_the_angle_that_was_drawn():
    chest = breathing_chest(12, depth_mg=20.0)
    depth = np.median([b.depth_deg for b in breaths_of(chest.data)])
    assert depth == pytest.approx(np.degrees(0.020), rel=0.1)


def test_breathing_in_is_the_quicker_way():
    chest = breathing_chest(12, depth_mg=6.0, noise_mg=0.5, duration_s=240, seed=4)
    starts = np.array([b.start_s for b in breaths_of(chest.data)])
    off_s = np.abs(starts[:, np.newaxis] - chest.onsets_s).min(axis=1)
    assert np.median(off_s) < 0.8  # and not the 2 s that the top comes later


def test_a_sigh_is_twice_as_deep_as_its_neighbours():
    chest = breathing_chest(14, depth_mg=4.0, sighs={12: 2.8, 25: 3.0, 30: 1.4}, seed=2)
    kinds = [b.kind for b in breaths_of(chest.data)]
    assert kinds.count("sigh") == 2


@pytest.mark.parametrize("pause_s", [5.0, 8.0, 12.0])
def test_a_pause_is_measured_and_not_filled_with_breaths(pause_s: float):
    chest = breathing_chest(12, depth_mg=5.0, pauses_s={15: pause_s}, seed=3)
    breaths = breaths_of(chest.data)
    longest = max(b.pause_s or 0.0 for b in breaths)
    assert longest == pytest.approx(pause_s, abs=1.5)
    assert sorted(b.pause_s or 0.0 for b in breaths)[-2] < 1.0


def test_unbroken_breathing_has_no_pause():
    breaths = breaths_of(breathing_chest(12, depth_mg=5.0, jitter=0.0).data)
    assert max(b.pause_s or 0.0 for b in breaths) < 0.7


@pytest.mark.parametrize("gap_s", [1.0, 5.0, 40.0, 300.0])
def test_no_breath_lies_across_a_gap(gap_s: float):
    chest = breathing_chest(14, depth_mg=5.0, duration_s=160 + gap_s, seed=5)
    t_s = chest.data.t_s
    kept = (t_s < 80) | (t_s > 80 + gap_s)
    breaths = breaths_of(SensorData(t_s[kept], chest.data.acc_m_s2[kept]))
    assert not any(b.start_s < 80 and b.end_s > 80 + gap_s for b in breaths)
    assert not any(80 < b.start_s < 80 + gap_s or 80 < b.end_s < 80 + gap_s for b in breaths)
    assert sum(b.end_s - b.start_s for b in breaths) > 0.7 * 160


def test_no_breath_while_the_trunk_moves():
    chest = breathing_chest(14, depth_mg=4.0, seed=6)
    acc, t_s = chest.data.acc_m_s2.copy(), chest.data.t_s
    moved = (t_s > 90) & (t_s < 97)
    acc[moved] += np.random.default_rng(0).normal(0, 1.0, (moved.sum(), 3))
    breaths = breaths_of(SensorData(t_s, acc))
    assert not any(b.start_s < 96 and b.end_s > 91 for b in breaths)
    assert any(b.end_s < 90 for b in breaths)
    assert any(b.start_s > 97 for b in breaths)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1000))
def test_noise_has_no_breaths(seed: int):
    rng = np.random.default_rng(seed)
    t_s = np.arange(0, 120, 0.02)
    acc_m_s2 = rng.normal(0, 0.03, (len(t_s), 3)) + np.array([0, 0, 9.81])
    breaths = breaths_of(SensorData(t_s, acc_m_s2))
    assert sum(b.end_s - b.start_s for b in breaths) < 0.4 * 120


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_cutting_gives_the_same_breaths_and_the_past_never_changes(data: st.DataObject):
    chest = breathing_chest(13, duration_s=100, sighs={9: 2.6}, pauses_s={14: 6.0}, seed=7).data
    n = len(chest.t_s)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=30)))
    analyzer, told = SessionAnalyzer(["chest"]), ()
    for start, end in zip([0, *cuts], [*cuts, n], strict=True):
        analyzer.feed("chest", chest.t_s[start:end], chest.acc_m_s2[start:end])
        if end > start:
            analyzer.advance(chest.t_s[end - 1])
        assert analyzer.breaths[: len(told)] == told
        told = analyzer.breaths
    in_pieces, at_once = analyzer.finish().breaths, breaths_of(chest)
    assert [b.kind for b in in_pieces] == [b.kind for b in at_once]
    for name in ("start_s", "end_s", "depth_deg", "pause_s"):  # to rounding
        pieces, whole = ([getattr(b, name) for b in found] for found in (in_pieces, at_once))
        np.testing.assert_allclose(pieces, whole, atol=1e-9)


def test_breaths_follow_each_other_without_overlap():
    chest = breathing_chest(16, duration_s=300, noise_mg=4.0, depth_mg=2.0, jitter=0.2, seed=8)
    breaths = breaths_of(chest.data)
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(breaths))


def test_variation_and_its_structure_are_those_of_the_lengths():
    rng = np.random.default_rng(0)
    length = [4.0]
    for _ in range(399):
        length.append(4.0 + 0.6 * (length[-1] - 4.0) + rng.normal(0, 0.4))
    ends = np.cumsum(length)
    breaths = [Breath(e - x, e, 1.0) for e, x in zip(ends, length, strict=True)]
    breaths = [Breath(a.start_s, b.start_s, 1.0) for a, b in itertools.pairwise(breaths)]
    numbers = breath_numbers(breaths, np.ones(int(ends[-1]) + 1, dtype=bool))
    cv, lag1 = numbers["breath_regularity_cv"], numbers["breath_lag1"]
    assert cv.low < np.std(length) / np.mean(length) < cv.high
    assert lag1.low < 0.6 < lag1.high
    assert lag1.high - lag1.low < 0.2


def test_few_breaths_have_a_depth_but_no_variation():
    breaths = [Breath(5.0 * i, 5.0 * i + 5, 1.5) for i in range(4)]
    numbers = breath_numbers(breaths, np.ones(40, dtype=bool))
    assert numbers["breath_depth_deg"].value == 1.5
    assert numbers["breath_depth_deg"].coverage == 0.5
    assert numbers["breath_regularity_cv"].value is None
    assert numbers["breath_lag1"].value is None
    assert (numbers["sighs"].value, numbers["longest_pause_s"].value) == (0.0, None)


def test_without_breaths_every_number_is_unknown():
    numbers = breath_numbers([], np.ones(40, dtype=bool))
    assert {n.value for n in numbers.values()} == {None}
    assert {n.coverage for n in numbers.values()} == {0.0}
