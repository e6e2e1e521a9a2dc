"""Whatever a radio or a sensor does to the samples: the knee is right, or unknown, never wrong."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.results import Poses, SensorData
from analysis.whole import analyze
from devices.simulated.body import Body
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import session_script
from tests.analysis.leg_model import G, rotation

PLAN = session_script(400.0, seed=1)
BODY = Body(PLAN, seed=1)
POSES = Poses(PLAN.straight_s, PLAN.bent_s)
LEG = ("left_thigh", "left_shank")
FELT = {n: feel(BODY, n, ImuSettings(fs_hz=50.0), seed=7 + i) for i, n in enumerate(LEG)}
LYING = slice(40, 365)  # from after the bent pose to before the finish
ALLOWED_DEG = 4.0  # offsets of 20 mg make 2


def spoilt(how, *, with_gyro=True):
    """Both sensors of the leg after `how(t, rows, i)` had its way; rows are acc and gyr."""
    out = {}
    for i, (name, felt) in enumerate(FELT.items()):
        t, rows = how(felt.t_s, np.concatenate([felt.acc_m_s2, felt.gyr_rad_s], axis=1), i)
        out[name] = SensorData(t, rows[:, :3], rows[:, 3:] if with_gyro else None)
    return out


def knee_and_error(sensors, poses=POSES):
    result = analyze(sensors, poses=poses)
    truth = BODY.truth(result.epochs.t_s).knee_left_deg
    return result, result.epochs.knee_left_deg, (result.epochs.knee_left_deg - truth)[LYING]


def every(step):
    return lambda t, rows, _: (t[::step], rows[::step])


def without(start_s, length_s, which=(0, 1)):
    def how(t, rows, i):
        keep = (t < start_s) | (t >= start_s + length_s) if i in which else np.ones(len(t), bool)
        return t[keep], rows[keep]

    return how


def half_lost(t, rows, i):
    keep = np.random.default_rng(i).random(len(t)) < 0.5
    return t[keep], rows[keep]


def lost_in_bursts(t, rows, i):
    keep = np.repeat(np.random.default_rng(i).random(len(t) // 25 + 1) < 0.5, 25)[: len(t)]
    keep |= t < 45
    return t[keep], rows[keep]


def clipped(t, rows, _):
    return t, np.concatenate([np.clip(rows[:, :3], -0.9 * G, 0.9 * G), rows[:, 3:]], axis=1)


def counts_of_10_bits(t, rows, _):
    step = 4 * G / 1024
    return t, np.concatenate([np.round(rows[:, :3] / step) * step, rows[:, 3:]], axis=1)


@pytest.mark.parametrize("with_gyro", [False, True])
@pytest.mark.parametrize(
    ("how", "least_known"),
    [
        (every(1), 0.97),
        (every(5), 0.90),  # 10 Hz
        (half_lost, 0.90),
        (lost_in_bursts, 0.25),
        (counts_of_10_bits, 0.95),
        (without(120, 1), 0.95),
        (without(120, 20, (1,)), 0.85),
        (without(80, 280), 0.10),
    ],
)
def test_losses_rates_and_counts_leave_the_knee_right_or_unknown(how, least_known, with_gyro):
    _, _, error = knee_and_error(spoilt(how, with_gyro=with_gyro))
    assert np.nanmax(np.abs(error)) < ALLOWED_DEG
    assert np.isfinite(error).mean() >= least_known


@pytest.mark.parametrize("length_s", [1, 10, 60, 280])
def test_nothing_is_known_inside_a_gap_and_nothing_stitched(length_s):
    _, knee, _ = knee_and_error(spoilt(without(100, length_s)))
    assert np.isnan(knee[100 : 100 + length_s]).all()
    assert np.isfinite(knee[100 + length_s + 3 :][:5]).all()


def test_a_sensor_that_falls_asleep_to_a_sample_and_a_quarter_a_second_says_nothing():
    def asleep(t, rows, _):
        keep = (t < 100) | (np.arange(len(t)) % 40 == 0)
        return t[keep], rows[keep]

    _, knee, error = knee_and_error(spoilt(asleep))
    assert np.isnan(knee[102:360]).all()
    assert np.nanmax(np.abs(error)) < ALLOWED_DEG


@pytest.mark.parametrize("which", [(0,), (1,), (0, 1)])
def test_a_sensor_that_freezes_is_unknown_within_five_seconds(which):
    def frozen(t, rows, i):
        rows = rows.copy()
        if i in which:
            rows[t > 100] = rows[t <= 100][-1]
        return t, rows

    result, knee, _ = knee_and_error(spoilt(frozen))
    assert np.isnan(knee[106:]).all()
    said = " ".join(p for s in result.sensors.values() for p in s.problems)
    assert "it had stopped measuring" in said


def test_one_that_clips_below_1_g_is_unknown_or_right():
    _, _, error = knee_and_error(spoilt(clipped))
    known = error[np.isfinite(error)]
    assert not len(known) or np.abs(known).max() < 8.0


@pytest.mark.parametrize("with_gyro", [False, True])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("seed", range(5))
def test_a_sensor_that_is_turned_round_midway_makes_the_leg_unknown(seed, which, with_gyro):
    """By any rotation, in half a second; the gyroscope feels it, as it does on a real slip."""
    about = rotation(seed + 100)

    def turned(t, rows, i):
        if i != which:
            return t, rows
        axis, angle = axis_angle(about)
        part = np.clip((t - 150.0) / 0.5, 0, 1)
        out = rows.copy()
        for j in np.flatnonzero((part > 0) & (part < 1)):
            out[j] = (rows[j].reshape(2, 3) @ about_axis(axis, part[j] * angle).T).ravel()
            out[j, 3:] -= axis * angle / 0.5
        late = part >= 1
        out[late, :3], out[late, 3:] = rows[late, :3] @ about.T, rows[late, 3:] @ about.T
        return t, out

    result, _, error = knee_and_error(spoilt(turned, with_gyro=with_gyro))
    before, after = error[: 150 - 40], error[155 - 40 :]
    assert np.nanmax(np.abs(before)) < ALLOWED_DEG
    known = after[np.isfinite(after)]
    assert not len(known) or np.abs(known).max() < 8.0
    assert any("slipped" in p for s in result.sensors.values() for p in s.problems)


def about_axis(axis, angle):
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def axis_angle(matrix):
    angle = np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1))
    axis = np.array(
        [matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]
    )
    return axis / np.linalg.norm(axis), angle
