"""Smoothness: published values, the authors' own program on 47 profiles, and the laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.smoothness import (
    dimensionless_jerk,
    ldlj,
    ldlj_a_accelerometer_only,
    ldlj_a_imu,
    sparc,
)

FS_HZ = 100.0
BELL = np.exp(-5 * np.arange(-1, 1, 0.01) ** 2)


def minimum_jerk_speed(duration_s: float, fs_hz: float) -> np.ndarray:
    u = np.arange(round(duration_s * fs_hz)) / (duration_s * fs_hz)
    return 30 * u**2 - 60 * u**3 + 30 * u**4


def test_the_published_values():
    assert f"{sparc(BELL, FS_HZ):.5f}" == "-1.41403"
    assert f"{dimensionless_jerk(BELL, FS_HZ):.5f}" == "-335.74684"
    assert f"{ldlj(BELL, FS_HZ):.5f}" == "-5.81636"


def test_a_minimum_jerk_movement_approaches_its_closed_form():
    # integral of the squared second derivative of 30u^2 - 60u^3 + 30u^4 is 720; peak speed 15/8
    closed_form = -np.log(720 / (15 / 8) ** 2)
    assert ldlj(minimum_jerk_speed(10, 1000), 1000.0) == pytest.approx(closed_form, abs=0.002)


@given(size=st.floats(1e-3, 1e3), stretch=st.sampled_from([0.5, 2.0, 4.0]))
def test_size_and_duration_do_not_matter(size: float, stretch: float):
    assert sparc(size * BELL, FS_HZ) == pytest.approx(sparc(BELL, FS_HZ), rel=1e-9)
    assert ldlj(size * BELL, FS_HZ) == pytest.approx(ldlj(BELL, FS_HZ), rel=1e-9)
    assert ldlj(BELL, FS_HZ / stretch) == pytest.approx(ldlj(BELL, FS_HZ), rel=1e-9)


def test_a_pause_in_the_middle_is_less_smooth():
    one = minimum_jerk_speed(2, FS_HZ)
    two = np.concatenate([minimum_jerk_speed(1, FS_HZ), np.zeros(80), minimum_jerk_speed(1, FS_HZ)])
    assert sparc(two, FS_HZ) < sparc(one, FS_HZ) - 1
    assert ldlj(two, FS_HZ) < ldlj(one, FS_HZ) - 1


def test_what_has_no_smoothness_has_none():
    assert sparc(np.zeros(50), FS_HZ) is None
    assert ldlj(np.zeros(50), FS_HZ) is None
    assert ldlj(np.ones(50), FS_HZ) is None  # no jerk at all: its logarithm is not a number
    assert sparc(np.ones(3), FS_HZ) is None


def test_a_gap_is_refused():
    with pytest.raises(InputError, match="1 unknown values of 200"):
        sparc(np.where(np.arange(200) == 7, np.nan, BELL), FS_HZ)
    with pytest.raises(InputError, match=r"\(200, 1\)"):
        ldlj(BELL[:, np.newaxis], FS_HZ)


def test_the_accelerometer_variant_is_withheld_where_gravity_rules():
    t_s = np.arange(200) / FS_HZ
    angle = np.deg2rad(60) * (t_s / 2)
    acc = 9.80665 * np.stack([-np.sin(angle), 0 * t_s, np.cos(angle)], axis=1)
    gyr = np.tile([0.0, np.deg2rad(30), 0.0], (200, 1))
    assert ldlj_a_imu(acc, gyr, FS_HZ) is None
    assert ldlj_a_accelerometer_only(acc, FS_HZ) is not None


@given(seed=st.integers(0, 50))
def test_turning_the_sensor_changes_nothing(seed: int):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    acc, gyr = rng.normal(0, 9, (80, 3)), rng.normal(0, 1, (80, 3))
    assert ldlj_a_imu(acc @ turn.T, gyr @ turn.T, FS_HZ) == pytest.approx(
        ldlj_a_imu(acc, gyr, FS_HZ), rel=1e-9
    )
    assert ldlj_a_accelerometer_only(acc @ turn.T, FS_HZ) == pytest.approx(
        ldlj_a_accelerometer_only(acc, FS_HZ), rel=1e-9
    )


@pytest.fixture(scope="module")
def authors(recordings: Path) -> dict[str, list[dict[str, Any]]]:
    path = recordings / "knee" / "smoothness_reference.json"
    if not path.exists():
        pytest.skip(f"no reference values at {path}")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def same(value: float | None, expected: float | None) -> bool:
    if expected is None or value is None:
        return value is None and expected is None
    return abs(value - expected) < 1e-9


def test_speed_profiles_equal_the_authors_program(authors: dict[str, list[dict[str, Any]]]):
    for profile in authors["speed_profiles"]:
        speed, fs_hz, out = np.array(profile["speed"]), profile["fs"], profile["outputs"]
        assert same(sparc(speed, fs_hz), out["sparc_fc10"]), profile["id"]
        assert same(ldlj(speed, fs_hz), out["ldlj_v"]), profile["id"]
        jerk = dimensionless_jerk(speed, fs_hz)
        if out["dimensionless_jerk"] is not None:
            assert jerk == pytest.approx(out["dimensionless_jerk"], rel=1e-9), profile["id"]


def test_sensor_movements_equal_the_authors_program(authors: dict[str, list[dict[str, Any]]]):
    n_withheld = 0
    for movement in authors["imu_movements"]:
        fs_hz, out, gyr = movement["fs"], movement["outputs"], np.array(movement["gyr"])
        rate = np.linalg.norm(gyr, axis=1)
        assert same(sparc(rate, fs_hz), out["sparc_fc10_gyro_norm"]), movement["id"]
        assert same(ldlj(rate, fs_hz), out["ldlj_v_gyro_norm_1d"]), movement["id"]
        if "acc" not in movement:
            continue
        acc = np.array(movement["acc"])
        alone = ldlj_a_accelerometer_only(acc, fs_hz)
        assert same(alone, out["ldlj_a_accl_rem_mean_true"]), movement["id"]
        unguarded = ldlj_a_imu(acc, gyr, fs_hz, least_signal_to_gravity=0.0)
        assert same(unguarded, out["ldlj_a_imu_grav_9.80665"]), movement["id"]
        guarded = ldlj_a_imu(acc, gyr, fs_hz)
        assert same(guarded, unguarded if out["sgr"] >= 1.01 else None), movement["id"]
        n_withheld += guarded is None
    assert n_withheld > 0
