"""Stillness: zeros and known shakes in, their size out; breathing left out; epochs counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.stillness import (
    WINDOW_S,
    Stillness,
    longest_still_s,
    movements_per_min,
    own_noise_m_s2,
    settled_after_s,
    still_share,
    stillness,
    with_turning,
)

FS_HZ = 50.0
G_M_S2 = 9.80665
T_S = np.arange(round(WINDOW_S * FS_HZ)) / FS_HZ


def window(along_x_mg: np.ndarray) -> np.ndarray:
    x = along_x_mg * G_M_S2 / 1000
    return np.stack([x, 0 * x, G_M_S2 + 0 * x], axis=1)[np.newaxis]


def movement_mg(windows: np.ndarray, noise_m_s2: float = 0.0) -> float:
    return float(stillness(windows, FS_HZ, noise_m_s2).movement_mg[0])


def test_rest_is_zero_and_still():
    answer = stillness(window(0 * T_S), FS_HZ)
    assert answer.movement_mg[0] == pytest.approx(0, abs=1e-6)
    assert answer.is_still[0]


@pytest.mark.parametrize("f_hz", [1.2, 2.0, 3.0])
def test_a_shake_inside_the_band_reads_its_rms(f_hz: float):
    shake = 30 * np.sin(2 * np.pi * f_hz * T_S)
    assert movement_mg(window(shake)) == pytest.approx(30 / np.sqrt(2), rel=0.1)
    assert not stillness(window(shake), FS_HZ).is_still[0]


@pytest.mark.parametrize(("per_min", "depth_mg"), [(6, 25), (12, 10), (20, 5)])
def test_breathing_is_not_restlessness(per_min: float, depth_mg: float):
    for phase in np.linspace(0, np.pi, 5):
        breath = depth_mg * np.sin(2 * np.pi * per_min / 60 * T_S + phase)
        assert movement_mg(window(breath)) < 1.0


def test_fast_vibration_is_left_out():
    assert movement_mg(window(50 * np.sin(2 * np.pi * 12 * T_S))) < 1.0


def test_the_sensors_own_noise_is_taken_off():
    rng = np.random.default_rng(1)
    noisy = [window(0 * T_S) + rng.normal(0, 0.05, (1, len(T_S), 3)) for _ in range(40)]
    in_band_m_s2 = 0.05 * np.sqrt(3 * 3.3 / (FS_HZ / 2))
    with_noise = np.mean([movement_mg(w) for w in noisy])
    without = np.mean([movement_mg(w, in_band_m_s2) for w in noisy])
    assert with_noise == pytest.approx(in_band_m_s2 / G_M_S2 * 1000, rel=0.1)
    assert without < 0.4 * with_noise


@given(seed=st.integers(0, 100), scale=st.floats(0.5, 20))
def test_turning_changes_nothing_and_size_is_size(seed: int, scale: float):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    shaken = window(0 * T_S) + rng.normal(0, 0.1, (1, len(T_S), 3))
    plain = movement_mg(shaken)
    assert movement_mg(shaken @ turn.T) == pytest.approx(plain, rel=1e-9)
    assert movement_mg(scale * shaken) == pytest.approx(scale * plain, rel=1e-9)


def test_each_row_is_judged_alone():
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 0.1, (5, len(T_S), 3))
    together = stillness(rows, FS_HZ).movement_mg
    alone = [movement_mg(rows[i : i + 1]) for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_the_unknown_is_unknown_and_not_still():
    lost = window(0 * T_S)
    lost[0, 40:100] = np.nan
    answer = stillness(lost, FS_HZ)
    assert np.isnan(answer.movement_mg[0])
    assert not answer.is_still[0]
    assert np.isnan(stillness(lost[:, ::10], 5.0).movement_mg[0])  # 5 Hz cannot show 4 Hz


def test_a_lost_packet_changes_little():
    shake = 30 * np.sin(2 * np.pi * 2 * T_S)
    lost = window(shake)
    lost[0, 70:73] = np.nan
    assert movement_mg(lost) == pytest.approx(movement_mg(window(shake)), rel=0.1)


def test_a_wrong_shape_is_refused():
    with pytest.raises(InputError, match=r"\(150, 3\)"):
        stillness(np.zeros((150, 3)), FS_HZ)


def test_the_own_noise_of_a_sensor_is_that_of_its_still_seconds():
    rng = np.random.default_rng(3)
    noise_m_s2 = 0.03
    still = np.array([0, 0, 9.8]) + rng.normal(0, noise_m_s2, (1, 2000, 3))
    in_band = noise_m_s2 * np.sqrt(3 * 3.3 / 25)
    assert own_noise_m_s2(still, FS_HZ)[0] == pytest.approx(in_band, rel=0.05)
    t_s = np.arange(2000) / FS_HZ
    moving = still + 0.3 * np.sin(2 * np.pi * 2 * t_s)[np.newaxis, :, np.newaxis]
    assert own_noise_m_s2(moving, FS_HZ)[0] == pytest.approx(in_band, rel=0.2)
    still[0, 7] = np.nan
    assert np.isnan(own_noise_m_s2(still, FS_HZ)[0])


def test_a_noisy_sensor_at_rest_moves_as_little_as_a_good_one():
    rng = np.random.default_rng(3)
    noisy = np.array([0, 0, 9.8]) + rng.normal(0, 0.1, (40, 150, 3))
    bare = stillness(noisy, FS_HZ).movement_mg
    freed = stillness(noisy, FS_HZ, own_noise_m_s2(noisy, FS_HZ)).movement_mg
    assert np.median(bare) == pytest.approx(
        100 / 9.80665 * 10 / 10 * np.sqrt(3 * 3.3 / 25), rel=0.1
    )
    assert np.median(freed) < 0.4 * np.median(bare)


def test_the_product_is_the_spectrum():
    """A window with nothing missing goes one way, one with a hole the other: the same number."""
    rng = np.random.default_rng(5)
    windows = np.array([0, 0, 9.8]) + rng.normal(0, 0.1, (5, 150, 3)).cumsum(axis=1)
    whole = stillness(windows, FS_HZ).movement_mg
    t = np.arange(150)
    for window, ours in zip(windows, whole, strict=True):
        trend = np.stack([np.polyval(np.polyfit(t, c, 3), t) for c in window.T], axis=1)
        taper = np.hanning(152)[1:-1]
        power = np.abs(np.fft.rfft((window - trend) * taper[:, None], axis=0)) ** 2
        f_hz = np.fft.rfftfreq(150, 1 / FS_HZ)
        band = (f_hz >= 0.7) & (f_hz <= 4.0)
        oracle = np.sqrt(2 * power[band].sum() / 150 / (taper**2).sum())
        assert ours == pytest.approx(1000 * oracle / 9.80665, rel=1e-6)


def test_epochs_are_counted_and_unknown_ones_are_not():
    t_s = np.arange(1.0, 11.0)
    mg = np.array([50, 50, 2, 2, np.nan, 2, 2, 2, 40, 2])
    assert still_share(mg) == pytest.approx(6 / 9)
    assert longest_still_s(t_s, mg) == 3.0
    assert movements_per_min(t_s, mg) == pytest.approx(2 * 60 / 9)
    assert still_share(np.full(3, np.nan)) is None


def test_settling_needs_a_minute_of_rest():
    t_s = np.arange(1.0, 181.0)
    mg = np.where(t_s <= 45, 60.0, 3.0)
    mg[70] = 60.0  # one twitch does not unsettle
    assert settled_after_s(t_s, mg) == 45.0
    assert settled_after_s(t_s[:90], mg[:90]) is None


def test_a_smooth_turn_is_movement_by_its_chord():
    quiet = Stillness(np.array([2.0, 2.0, np.nan]), np.array([True, True, False]))
    seen = with_turning(quiet, np.array([60.0, 3.9, np.nan]))
    # two unit vectors 60 degrees apart are one g apart
    np.testing.assert_allclose(seen.movement_mg, [1000.0, 2.0, np.nan])
    assert seen.is_still.tolist() == [False, True, False]
