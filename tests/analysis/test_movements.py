"""Movements: drawn by hand, found again, with their size, speed and smoothness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.movements import MovementCutter, MovementSettings, movements
from analysis.smoothness import sparc

FS_HZ = 100.0
G_M_S2 = 9.80665


def reach(t_s: np.ndarray, start_s: float, duration_s: float, deg: float) -> np.ndarray:
    u = np.clip((t_s - start_s) / duration_s, 0, 1)
    return deg * (10 * u**3 - 15 * u**4 + 6 * u**5)


def limb(angle_deg: np.ndarray, noise_mg: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """A limb that turns about its y axis: acceleration and angular rate."""
    rng = np.random.default_rng(0)
    turn = np.deg2rad(angle_deg)
    acc = G_M_S2 * np.stack([np.sin(turn), 0 * turn, np.cos(turn)], axis=1)
    gyr = np.stack([0 * turn, np.gradient(turn) * FS_HZ, 0 * turn], axis=1)
    acc += rng.normal(0, noise_mg * G_M_S2 / 1000, acc.shape)
    gyr += rng.normal(0, 0.003, gyr.shape) + np.array([0.02, -0.03, 0.01])  # noise and offset
    return acc, gyr


T_S = np.arange(0, 30, 1 / FS_HZ)
ONCE = reach(T_S, 5, 2, 60)
AND_BACK = reach(T_S, 5, 2, 60) - reach(T_S, 7, 2, 60)


@pytest.mark.parametrize("has_gyr", [True, False])
def test_a_bell_shaped_movement_is_found_with_its_measures(has_gyr: bool):
    acc, gyr = limb(ONCE)
    (found,) = movements(T_S, acc, gyr if has_gyr else None, "left_thigh")
    assert found.placement == "left_thigh"
    assert found.kind == "out"
    assert found.start_s == pytest.approx(5.1, abs=0.2)
    assert found.end_s == pytest.approx(6.9, abs=0.2)
    assert found.range_deg == pytest.approx(60, abs=2)
    assert found.peak_speed_deg_s == pytest.approx(60 * 1.875 / 2, rel=0.05)
    assert found.sparc == pytest.approx(-1.41, abs=0.05)
    assert (found.ldlj is not None) == has_gyr


@pytest.mark.parametrize("has_gyr", [True, False])
def test_there_and_back_are_two_movements(has_gyr: bool):
    acc, gyr = limb(AND_BACK)
    out, back = movements(T_S, acc, gyr if has_gyr else None, "left_shank")
    assert (out.kind, back.kind) == ("out", "back")
    assert out.end_s == pytest.approx(7, abs=0.1)
    assert back.start_s == pytest.approx(7, abs=0.1)
    assert out.range_deg == pytest.approx(60, abs=2)
    assert back.range_deg == pytest.approx(60, abs=2)


def test_swinging_is_cut_at_every_turn():
    swing = 30 * np.sin(2 * np.pi * 0.25 * (T_S - 5)) * ((T_S > 5) & (T_S < 25))
    found = movements(T_S, *limb(swing), "left_shank")
    assert len(found) == 11  # two quarter swings at the ends, nine half swings between
    assert np.median([m.range_deg for m in found]) == pytest.approx(60, abs=3)


def test_a_rest_between_does_not_matter_for_what_is_back():
    acc, gyr = limb(reach(T_S, 5, 2, 40) - reach(T_S, 12, 2, 40))
    found = movements(T_S, acc, gyr, "left_shank")
    assert [m.kind for m in found] == ["out", "back"]
    acc, gyr = limb(reach(T_S, 5, 2, 40) + reach(T_S, 12, 2, 40))
    found = movements(T_S, acc, gyr, "left_shank")
    assert [m.kind for m in found] == ["out", "out"]


def test_a_halting_movement_is_less_smooth():
    halting = sum(reach(T_S, 5 + 0.6 * i, 0.5, 12) for i in range(5))
    (smooth,) = movements(T_S, *limb(ONCE), "left_thigh")
    (rough,) = movements(T_S, *limb(halting), "left_thigh")
    assert rough.sparc < smooth.sparc - 0.5
    assert rough.ldlj < smooth.ldlj - 1


def test_rest_breathing_and_slow_settling_are_no_movements():
    breath = 0.5 * np.sin(2 * np.pi * 0.25 * T_S)
    assert movements(T_S, *limb(0 * T_S), "chest") == ()
    assert movements(T_S, *limb(breath), "chest") == ()
    assert movements(T_S, limb(breath, noise_mg=10)[0], None, "chest") == ()
    assert movements(T_S, *limb(0.5 * T_S), "chest") == ()  # half a degree a second: a drift


def test_a_turn_about_the_vertical_needs_a_gyroscope():
    rate = np.gradient(np.deg2rad(ONCE)) * FS_HZ
    acc = np.tile([0.0, 0.0, G_M_S2], (len(T_S), 1))
    gyr = np.stack([0 * rate, 0 * rate, rate], axis=1)
    assert movements(T_S, acc, None, "chest") == ()
    (found,) = movements(T_S, acc, gyr, "chest")
    assert found.range_deg == pytest.approx(60, abs=1)


def test_a_movement_cut_by_a_gap_is_left_out():
    acc, gyr = limb(reach(T_S, 5, 2, 60) - reach(T_S, 15, 2, 60))
    keep = (T_S < 5.8) | (T_S > 6.3)
    found = movements(T_S[keep], acc[keep], gyr[keep], "left_thigh")
    assert [round(m.start_s) for m in found] == [15]


@given(seed=st.integers(0, 30))
def test_turning_the_sensor_changes_nothing(seed: int):
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    acc, gyr = limb(ONCE)
    (plain,) = movements(T_S, acc, gyr, "left_thigh")
    (turned,) = movements(T_S, acc @ turn.T, gyr @ turn.T, "left_thigh")
    assert turned.range_deg == pytest.approx(plain.range_deg, rel=1e-3)
    assert turned.sparc == pytest.approx(plain.sparc, rel=1e-2)


def test_the_smoothness_is_that_of_the_speed():
    acc, gyr = limb(ONCE)
    (found,) = movements(T_S, acc, gyr, "left_thigh")
    truth = np.abs(np.gradient(ONCE))
    assert found.sparc == pytest.approx(sparc(truth[truth > 0], FS_HZ), abs=0.02)


def test_an_accelerometer_that_is_thrown_about_says_so():
    acc, gyr = limb(ONCE)
    acc = acc + 8 * np.sin(2 * np.pi * 1.0 * T_S)[:, np.newaxis] * ((T_S > 5) & (T_S < 7))[:, None]
    shaken = movements(T_S, acc, None, "left_thigh")
    assert shaken
    assert all(m.range_deg is m.peak_speed_deg_s is m.sparc is None for m in shaken)
    (found,) = movements(T_S, acc, gyr, "left_thigh")
    assert found.range_deg == pytest.approx(60, abs=2)


def test_nothing_in_nothing_out():
    assert movements(np.empty(0), np.empty((0, 3)), None, "chest") == ()
    assert movements(T_S, np.full((len(T_S), 3), np.nan), None, "chest") == ()


def restless_rows(seconds: float, *, has_gyr: bool) -> np.ndarray:
    """A limb that now rests, now moves, with gaps, at the grid's 50 Hz."""
    rng = np.random.default_rng(4)
    t_s = np.arange(0, seconds, 0.02)
    angle = np.zeros(len(t_s))
    start_s = 2.0
    while start_s < seconds:
        angle += reach(t_s, start_s, rng.uniform(0.5, 3), rng.uniform(-90, 90))
        start_s += rng.uniform(0.2, 6)
    turn = np.deg2rad(angle)
    rows = np.zeros((len(t_s), 6))
    rows[:, 0], rows[:, 2] = G_M_S2 * np.sin(turn), G_M_S2 * np.cos(turn)
    rows[:, 4] = np.gradient(turn) * 50
    rows += rng.normal(0, 0.02, rows.shape)
    if not has_gyr:
        rows[:, 3:] = np.nan
    for start in rng.integers(0, len(t_s), 3):
        rows[start : start + 40, rng.integers(0, 2) * 3 :] = np.nan
    return rows


ROWS = {has_gyr: restless_rows(240, has_gyr=has_gyr) for has_gyr in (True, False)}


def cut_in_chunks(rows: np.ndarray, edges: list[int], settings: MovementSettings | None = None):
    cutter = MovementCutter("left_thigh", settings)
    cuts = [c for chunk in np.split(rows, sorted(edges)) for c in cutter.feed(chunk)]
    return [cut.movement for cut in [*cuts, *cutter.finish()]]


@pytest.mark.parametrize("has_gyr", [True, False])
@given(edges=st.lists(st.integers(0, 12000), max_size=30))
def test_any_cutting_of_the_stream_gives_the_same_movements(edges: list[int], has_gyr: bool):
    whole = cut_in_chunks(ROWS[has_gyr], [])
    assert len(whole) > 20
    assert cut_in_chunks(ROWS[has_gyr], edges) == whole


def test_second_by_second_is_the_same_with_a_short_memory():
    settings = MovementSettings(longest_s=3.0)
    whole = cut_in_chunks(ROWS[True], [], settings)
    assert cut_in_chunks(ROWS[True], list(range(50, 12000, 50)), settings) == whole
    assert max(m.end_s - m.start_s for m in whole) < 3.0


def test_the_cutter_keeps_no_more_than_its_longest_movement():
    swing = np.deg2rad(30 * np.sin(2 * np.pi * 0.5 * np.arange(0, 300, 0.02)))
    rows = np.full((len(swing), 6), np.nan)
    rows[:, :3] = G_M_S2 * np.stack([np.sin(swing), 0 * swing, np.cos(swing)], axis=1)
    cutter = MovementCutter("left_thigh", MovementSettings(longest_s=10.0))
    sizes, n_found = [], 0
    for second in np.split(rows, 300):
        n_found += len(cutter.feed(second))
        sizes.append(len(cutter._stretch._rows))
    assert n_found > 200
    assert max(sizes) <= 10 * 50 + 100
