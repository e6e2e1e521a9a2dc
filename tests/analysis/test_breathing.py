"""Breathing: known rates in, the same rates out, at any mounting; no breathing, no rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.breathing import WINDOW_S, breathing, whole_recording_rate
from analysis.errors import InputError

FS_HZ = 10.0
N = round(WINDOW_S * FS_HZ)
T_S = np.arange(N) / FS_HZ


def breath(per_min: float, overtones: tuple[float, ...] = (), phase: float = 0.0) -> np.ndarray:
    """A rocking of size 1 at the rate, with overtones as given (second, third ...)."""
    turn = 2 * np.pi * per_min / 60 * T_S + phase
    return np.sin(turn) + sum(a * np.sin((i + 2) * turn + 0.5) for i, a in enumerate(overtones))


def chest(rocking_mg: np.ndarray, noise_mg: float = 0.5, seed: int = 0) -> np.ndarray:
    """Gravity of a lying chest that rocks about a slanting axis, with bin-mean noise, in m/s2."""
    rng = np.random.default_rng(seed)
    direction = np.array([0.8, 0.6, 0.05])
    up = np.array([0.05, -0.1, 1.0])
    g = up + rocking_mg[:, np.newaxis] / 1000 * direction
    return 9.81 * (g + rng.normal(0, noise_mg / 1000, (N, 3)))[np.newaxis]


def rate(windows: np.ndarray) -> float:
    return float(breathing(windows, FS_HZ).rate_per_min[0])


@pytest.mark.parametrize("per_min", [6, 8, 10, 12, 15, 18, 24, 30, 34])
@pytest.mark.parametrize("depth_mg", [1.0, 5.0])
def test_quiet_breathing_at_a_known_rate(per_min: float, depth_mg: float):
    answer = breathing(chest(depth_mg * breath(per_min)), FS_HZ)
    assert answer.rate_per_min[0] == pytest.approx(per_min, abs=0.4)
    assert answer.confidence[0] > 0.6


@pytest.mark.parametrize("per_min", [3.0, 3.75, 5.0])
def test_slow_breathing_is_not_tripled(per_min: float):
    for phase in (0.0, 1.5, 3.0):
        deep = 30 * breath(per_min, overtones=(0.3, 0.5), phase=phase)
        assert rate(chest(deep)) == pytest.approx(per_min, abs=0.25)


def test_a_sharp_breath_is_counted_once():
    assert rate(chest(4 * breath(12, overtones=(0.6, 0.3)))) == pytest.approx(12, abs=0.4)


@given(seed=st.integers(0, 60), scale=st.floats(0.05, 100))
def test_mounting_and_unit_do_not_matter(seed: int, scale: float):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    windows = chest(3 * breath(13.3), noise_mg=1.0, seed=seed)
    plain, turned = breathing(windows, FS_HZ), breathing(scale * windows @ turn.T, FS_HZ)
    np.testing.assert_allclose(turned.rate_per_min, plain.rate_per_min, rtol=1e-6)
    np.testing.assert_allclose(turned.confidence, plain.confidence, atol=1e-6)


def test_the_last_half_minute_counts_when_the_rate_changes():
    faster = np.where(T_S < 30, breath(10), breath(18))
    assert rate(chest(4 * faster)) == pytest.approx(18, abs=0.6)


def test_noise_has_no_breath():
    still = np.concatenate([chest(0 * T_S, seed=i) for i in range(400)])
    answer = breathing(still, FS_HZ)
    assert np.isfinite(answer.rate_per_min).mean() <= 0.02
    assert np.nanmedian(answer.confidence) < 0.3


@pytest.mark.parametrize("up", [(0.0, 0.0, 1.0), (0.1, 0.2, 0.97), (0.013, -0.5, 0.866)])
@pytest.mark.parametrize("known_s", [15, 30, 60])
def test_rounding_is_no_breath(up: tuple[float, float, float], known_s: int):
    window = np.tile(9.80665 * np.array(up), (1, N, 1))
    window[:, : N - known_s * 10] = np.nan
    answer = breathing(window, FS_HZ)
    assert np.isnan(answer.rate_per_min[0])
    assert np.isnan(answer.confidence[0])


@pytest.mark.parametrize("per_min", [0.5, 1.0, 1.5, 2.0, 2.3, 48.0, 55.0, 62.0])
def test_breath_beyond_the_band_is_unknown_and_not_moved_into_it(per_min: float):
    for phase in np.arange(0, 6.2, 0.4):
        for known_s in (20, 40, 60):
            window = chest(10 * breath(per_min, phase=phase), noise_mg=0.6)
            window[:, : N - known_s * 10] = np.nan
            assert np.isnan(rate(window)), (phase, known_s)


@pytest.mark.parametrize("per_min", [3.0, 3.75])
def test_slow_breath_is_unknown_until_it_can_be_told(per_min: float):
    for phase in np.arange(0, 6.2, 0.4):
        for known_s in range(12, 61, 4):
            window = chest(30 * breath(per_min, overtones=(0.3, 0.5), phase=phase))
            window[:, : N - known_s * 10] = np.nan
            answer = rate(window)
            assert np.isnan(answer) or answer == pytest.approx(per_min, abs=0.5), (phase, known_s)


def test_a_dead_sensor_has_no_rate():
    frozen = np.tile([0.0, 0.0, 9.81], (1, N, 1))
    assert np.isnan(rate(frozen))
    assert np.isnan(rate(np.zeros((1, N, 3))))
    unknown = breathing(np.full((2, N, 3), np.nan), FS_HZ)
    assert np.isnan(unknown.rate_per_min).all()
    assert np.isnan(unknown.confidence).all()


def test_confidence_falls_as_noise_rises():
    noises = (0.3, 3.0, 12.0)
    sure = [
        np.nanmean(
            [breathing(chest(2 * breath(14), n, seed=i), FS_HZ).confidence[0] for i in range(20)]
        )
        for n in noises
    ]
    assert sure[0] > sure[1] > sure[2]


@given(start=st.integers(0, N - 40), length=st.integers(1, 39))
def test_a_gap_is_left_out(start: int, length: int):
    windows = chest(4 * breath(14))
    windows[0, start : start + length] = np.nan
    assert rate(windows) == pytest.approx(14, abs=0.5)


def test_too_little_is_unknown():
    begun = chest(4 * breath(14))
    begun[0, : N - 100] = np.nan  # 10 s into a session
    assert np.isnan(rate(begun))
    begun = chest(4 * breath(14))
    begun[0, : N - 140] = np.nan  # 14 s: 3.3 breaths, or the third harmonic of one of 13 s
    assert np.isnan(rate(begun))
    begun = chest(4 * breath(14))
    begun[0, : N - 170] = np.nan  # 17 s: a breath of 13 s would have shown itself
    assert rate(begun) == pytest.approx(14, abs=1.0)
    slow = chest(4 * breath(9))
    slow[0, : N - 220] = np.nan  # 22 s: may be the third harmonic of a breath of 20 s
    assert np.isnan(rate(slow))
    slow = chest(4 * breath(9))
    slow[0, : N - 250] = np.nan  # 25 s
    assert rate(slow) == pytest.approx(9, abs=1.0)
    gone = chest(4 * breath(14))
    gone[0, -220:] = np.nan  # silent for 22 s
    assert np.isnan(rate(gone))


@pytest.mark.parametrize(("rolled_s_ago", "known"), [(10.0, False), (29.0, False), (31.0, True)])
def test_breath_is_unknown_for_half_a_minute_after_the_chest_rolled_over(
    rolled_s_ago: float, known: bool
):
    g = chest(4 * breath(14))[0]
    before = T_S[-1] - rolled_s_ago > T_S
    g[before] = g[before][:, [1, 2, 0]]  # another axis points up
    assert np.isfinite(breathing(g[np.newaxis], FS_HZ).rate_per_min[0]) == known


def test_an_answer_after_half_a_minute_is_surer_than_the_first():
    full, begun = chest(4 * breath(14)), chest(4 * breath(14))
    begun[0, : N - 170] = np.nan
    sure, early = (breathing(w, FS_HZ).confidence[0] for w in (full, begun))
    assert early < 0.75 < sure


def test_a_twitch_does_not_hide_a_minute_of_breathing():
    rocking = 3 * breath(14)
    rocking[400:405] += 200
    assert rate(chest(rocking)) == pytest.approx(14, abs=0.6)


def test_each_window_is_judged_alone():
    windows = np.concatenate([chest(3 * breath(8 + i), seed=i) for i in range(7)])
    together = breathing(windows, FS_HZ)
    alone = [rate(w[np.newaxis]) for w in windows]
    np.testing.assert_allclose(together.rate_per_min, alone, rtol=1e-9)
    assert len(breathing(windows[:0], FS_HZ).rate_per_min) == 0


def test_a_wrong_shape_is_refused():
    with pytest.raises(InputError, match=r"\(600, 2\)"):
        breathing(np.zeros((600, 2)), FS_HZ)


def test_the_whole_counts_every_second_the_same():
    # 1 minute at 12, 1 at 14, 1 at 16; an epoch's rate is the mean of the 30 s before it
    second_per_min = np.repeat([12.0, 14.0, 16.0], 60)
    t_s = np.arange(30.0, 181.0)
    rates = np.array([second_per_min[int(t) - 30 : int(t)].mean() for t in t_s])
    whole = whole_recording_rate(t_s, rates, np.ones_like(t_s))
    assert whole.rate_per_min == pytest.approx(14, abs=0.05)
    assert whole.coverage == pytest.approx(1, abs=0.01)
    assert whole.low_per_min < 14 < whole.high_per_min


def test_a_spoilt_minute_hardly_moves_the_whole():
    t_s = np.arange(1.0, 301.0)
    rates = np.where((t_s > 100) & (t_s < 130), 15.5, 12.0)
    assert whole_recording_rate(t_s, rates, np.ones_like(t_s)).rate_per_min == pytest.approx(12)


def test_a_wrong_harmonic_does_not_move_the_whole():
    t_s = np.arange(1.0, 121.0)
    rates = np.where(np.arange(120) % 5 == 0, 5.0, 10.0)
    assert whole_recording_rate(t_s, rates, np.ones(120)).rate_per_min == pytest.approx(10)


def test_nothing_known_is_none():
    t_s = np.arange(1.0, 11.0)
    whole = whole_recording_rate(t_s, np.full(10, np.nan), np.full(10, np.nan))
    assert (whole.rate_per_min, whole.coverage) == (None, 0.0)
