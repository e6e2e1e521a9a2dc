"""Heart rate: drawn knocks at known rates, at any mounting; no heart, no rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.heart import KNOCKS_S, N_SECONDS, WINDOW_S, heart, knocks, rhythm

FS_HZ = 100.0
T_S = np.arange(round(WINDOW_S * FS_HZ)) / FS_HZ


def chest(
    per_min: float,
    knock_mg: float = 5.0,
    second: float = 0.6,
    noise_mg: float = 1.0,
    seed: int = 0,
    wander: float = 0.03,
) -> np.ndarray:
    """A lying chest: two sounds a beat, beats that wander, breathing, noise; in m/s2."""
    rng = np.random.default_rng(seed)
    gaps_s = 60 / per_min * (1 + wander * rng.standard_normal(100))
    beats_s = rng.uniform(0, 60 / per_min) + np.cumsum(gaps_s) - 2
    shake = np.zeros_like(T_S)
    ejection_s = 0.413 - 0.0017 * per_min  # Weissler et al. 1968, men, supine
    for delay_s, size in ((0.0, 1.0), (ejection_s, second)):
        since = T_S[:, np.newaxis] - beats_s - delay_s
        burst = np.exp(-((since / 0.03) ** 2)) * np.sin(2 * np.pi * 14 * since)
        shake += size * burst.sum(axis=1)
    breath = 4 * np.sin(2 * np.pi * 0.25 * T_S)
    shake *= knock_mg
    mg = np.stack([0.3 * shake + breath, 0.2 * shake, 1000 + shake], axis=1)
    return 9.81e-3 * (mg + rng.normal(0, noise_mg, mg.shape))[np.newaxis]


@pytest.mark.parametrize("per_min", [45, 52, 60, 68, 76, 90, 110])
def test_a_known_heart(per_min: float):
    answer = heart(chest(per_min), FS_HZ)
    assert answer.rate_per_min[0] == pytest.approx(per_min, abs=1.5)


@pytest.mark.parametrize("second", [0.0, 0.5, 1.0])
def test_the_second_sound_is_not_a_second_beat(second: float):
    assert heart(chest(62, second=second), FS_HZ).rate_per_min[0] == pytest.approx(62, abs=1.5)


@settings(max_examples=25)
@given(seed=st.integers(0, 40), scale=st.floats(0.05, 100))
def test_mounting_and_unit_do_not_matter(seed: int, scale: float):
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    windows = chest(66, seed=seed)
    plain, turned = heart(windows, FS_HZ), heart(scale * windows @ turn.T, FS_HZ)
    np.testing.assert_allclose(turned.rate_per_min, plain.rate_per_min, rtol=1e-6)
    np.testing.assert_allclose(turned.confidence, plain.confidence, atol=1e-6)


@pytest.mark.parametrize("sensor_hz", [50, 100])
def test_noise_has_no_heart(sensor_hz: int):
    t_s = np.arange(0, WINDOW_S, 1 / sensor_hz)
    noise = np.random.default_rng(0).normal(0, 0.03, (400, len(t_s), 3))
    noise[..., 2] += 9.81
    if sensor_hz < FS_HZ:  # as the grid draws lines between samples
        finer = np.stack([noise, (noise + np.roll(noise, -1, axis=1)) / 2], axis=2)
        noise = finer.reshape(len(noise), len(T_S), 3)
    assert np.isfinite(heart(noise, FS_HZ).rate_per_min).mean() <= 0.005


@pytest.mark.parametrize("up", [(0.0, 0.0, 1.0), (0.1, 0.2, 0.97), (0.013, -0.5, 0.866)])
def test_rounding_is_no_heart(up: tuple[float, float, float]):
    answer = heart(np.tile(9.80665 * np.array(up), (3, len(T_S), 1)), FS_HZ)
    assert np.isnan(answer.rate_per_min).all()
    assert np.isnan(answer.confidence).all()


def test_a_rhythm_in_one_half_of_the_window_is_not_a_heart():
    half = chest(66, noise_mg=0.3)
    half[0, : len(T_S) // 2] = np.random.default_rng(1).normal(0, 0.02, (len(T_S) // 2, 3))
    half[0, : len(T_S) // 2, 2] += 9.81
    assert np.isnan(heart(half, FS_HZ).rate_per_min[0])


def test_a_slow_sensor_shows_no_heart():
    assert np.isnan(heart(chest(66)[:, ::4], 25.0).rate_per_min[0])
    assert np.isnan(heart(chest(66), FS_HZ, sensor_hz=25.0).rate_per_min[0])
    assert np.isfinite(heart(chest(66), FS_HZ, sensor_hz=50.0).rate_per_min[0])


def test_what_is_missing_is_unknown():
    lost = chest(66)
    lost[0, 500:900] = np.nan
    assert np.isnan(heart(lost, FS_HZ).rate_per_min[0])
    few = chest(66)
    few[0, 500:504] = np.nan
    assert heart(few, FS_HZ).rate_per_min[0] == pytest.approx(66, abs=1.5)
    assert np.isnan(heart(np.full((1, len(T_S), 3), np.nan), FS_HZ).confidence[0])
    assert np.isnan(heart(np.tile([0, 0, 9.81], (1, len(T_S), 1)), FS_HZ).rate_per_min[0])


def test_a_twitch_does_not_hide_twenty_beats():
    twitched = chest(66)
    twitched[0, 700:720] += 3 * np.random.default_rng(0).standard_normal((20, 3))
    assert heart(twitched, FS_HZ).rate_per_min[0] == pytest.approx(66, abs=1.5)


def test_each_window_is_judged_alone():
    windows = np.concatenate([chest(50 + 5 * i, seed=i) for i in range(5)])
    together = heart(windows, FS_HZ).rate_per_min
    alone = [heart(w[np.newaxis], FS_HZ).rate_per_min[0] for w in windows]
    np.testing.assert_allclose(together, alone, rtol=1e-9)
    assert len(heart(windows[:0], FS_HZ).rate_per_min) == 0


def test_overlapping_windows_share_the_envelope_of_their_seconds():
    long = np.concatenate([chest(66, seed=i)[0] for i in range(2)])
    windows = np.stack([long[i : i + len(T_S)] for i in (0, 100, 200)])
    whole = heart(windows, FS_HZ)
    n = round(KNOCKS_S * FS_HZ)
    seconds = knocks(np.stack([long[i * 100 :][:n] for i in range(N_SECONDS + 2)]), FS_HZ)
    shared = rhythm(np.stack([seconds[i : i + N_SECONDS] for i in range(3)]))
    np.testing.assert_allclose(shared.rate_per_min, whole.rate_per_min, rtol=1e-9)
    np.testing.assert_allclose(shared.confidence, whole.confidence, atol=1e-9)


def test_a_grid_that_the_envelope_does_not_divide_is_refused():
    with pytest.raises(InputError, match="25 Hz"):
        heart(chest(66), 90.0)


def test_a_wrong_shape_is_refused():
    with pytest.raises(InputError, match=r"\(2050, 3\)"):
        heart(chest(66)[0], FS_HZ)
