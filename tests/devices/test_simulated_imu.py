"""What the virtual sensors feel, against closed-form physics."""

from __future__ import annotations

import numpy as np
import pytest

from devices.chunk import FloatArray
from devices.simulated.body import PLACEMENTS, Body, BodySettings
from devices.simulated.heart import HeartSettings
from devices.simulated.imu import (
    PERFECT,
    STANDARD_GRAVITY_M_S2,
    ImuSettings,
    feel,
    kinematics,
    random_rotation,
)
from devices.simulated.script import session_script
from devices.virtual.peripheral import MotionTrack

CALM = BodySettings(sway_deg=0.0, heart=HeartSettings(burst_m_s2=0.0))
IDENTITY = np.eye(3)


@pytest.mark.parametrize("placement", PLACEMENTS[1:])
def test_a_still_segment_reads_exactly_g(placement: str) -> None:
    body = Body(session_script(300.0), CALM)
    for start_s, end_s in (body.script.straight_s, body.script.bent_s):
        force, rate = kinematics(body, placement, np.linspace(start_s, end_s, 100))
        size = np.linalg.norm(force, axis=1)
        np.testing.assert_allclose(size, STANDARD_GRAVITY_M_S2, rtol=1e-9)
        np.testing.assert_allclose(rate, 0.0, atol=1e-9)


def test_lying_straight_the_anterior_axis_is_up() -> None:
    force, _ = kinematics(Body(), "left_thigh", np.array([10.0]))
    assert force[0, 2] / STANDARD_GRAVITY_M_S2 > 0.995


@pytest.mark.parametrize("side", ["left", "right"])
def test_inclinations_without_lean_sum_to_the_knee(side: str) -> None:
    body = Body(session_script(300.0), CALM)
    body._moves.setdefault(f"lean_{side}_deg", []).clear()
    t_s = np.linspace(30.0, 40.0, 20)
    in_plane = []
    for segment, sign in (("thigh", -1.0), ("shank", 1.0)):
        force, _ = kinematics(body, f"{side}_{segment}", t_s)
        in_plane.append(np.rad2deg(np.arctan2(sign * force[:, 0], force[:, 2])))
    truth = body.truth(t_s)
    true_deg = truth.knee_left_deg if side == "left" else truth.knee_right_deg
    # In the leaning plane gravity keeps its direction, so the sum holds for any lean.
    np.testing.assert_allclose(in_plane[0] + in_plane[1], true_deg, atol=1e-6)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_gyroscope_integrates_to_the_change_of_orientation(placement: str) -> None:
    body = Body(session_script(90.0), seed=2)
    h_s = 0.01
    middle_s = np.arange(15.0, 35.0, h_s) + h_s / 2.0
    _, rate = kinematics(body, placement, middle_s)
    turned = body.pose(placement, np.array([15.0])).rotation[0]
    for step in rate * h_s:
        turned = turned @ _rodrigues(step)
    expected = body.pose(placement, np.array([middle_s[-1] + h_s / 2.0])).rotation[0]
    apart_deg = np.rad2deg(np.arccos(np.clip((np.trace(turned.T @ expected) - 1.0) / 2.0, -1, 1)))
    assert apart_deg < 0.05


def test_a_swinging_knee_is_felt_as_centripetal_and_tangential_acceleration() -> None:
    """A sensor at radius r on a thigh that turns at w feels w^2 r towards the hip and w' r across."""
    body = Body(session_script(90.0), CALM)
    body._moves["lean_left_deg"] = []
    t_s = np.array([22.0, 23.0])
    force, rate = kinematics(body, "left_thigh", t_s)
    up = body.pose("left_thigh", t_s).rotation[:, 2, :] * STANDARD_GRAVITY_M_S2
    h_s = 1e-3
    _, later = kinematics(body, "left_thigh", t_s + h_s)
    _, sooner = kinematics(body, "left_thigh", t_s - h_s)
    radius_m = body.settings.thigh_below_hip_m
    turning = rate[:, 1]
    assert np.all(np.abs(turning) > 0.1)
    np.testing.assert_allclose((force - up)[:, 0], turning**2 * radius_m, atol=1e-4)
    tangential = (later - sooner)[:, 1] / (2 * h_s) * radius_m
    np.testing.assert_allclose((force - up)[:, 2], tangential, atol=2e-3)


def test_a_mounting_turns_everything() -> None:
    body = Body(session_script(90.0), seed=1)
    turn = random_rotation(np.random.default_rng(5))
    plain = feel(body, "right_shank", PERFECT, mounting=IDENTITY)
    turned = feel(body, "right_shank", PERFECT, mounting=turn)
    np.testing.assert_allclose(turned.acc_m_s2, plain.acc_m_s2 @ turn.T, atol=1e-12)
    assert turned.gyr_rad_s is not None
    assert plain.gyr_rad_s is not None
    np.testing.assert_allclose(turned.gyr_rad_s, plain.gyr_rad_s @ turn.T, atol=1e-12)


def test_random_mountings_are_rotations() -> None:
    for seed in range(20):
        turn = random_rotation(np.random.default_rng(seed))
        np.testing.assert_allclose(turn @ turn.T, IDENTITY, atol=1e-12)
        assert np.linalg.det(turn) == pytest.approx(1.0)


def test_breathing_tilts_the_chest_at_the_true_rate_by_a_few_mg() -> None:
    body = Body(session_script(900.0), seed=6)
    track = feel(body, "chest", PERFECT, mounting=IDENTITY)
    rest = (track.t_s > 650.0) & (track.t_s < 860.0)
    along = track.acc_m_s2[rest, 0] - track.acc_m_s2[rest, 0].mean()
    along = along * np.hanning(along.size)
    hz = np.fft.rfftfreq(8 * along.size, 0.01)
    spectrum = np.abs(np.fft.rfft(along, 8 * along.size))
    band = (hz > 0.1) & (hz < 0.5)
    centre_hz = np.sum(hz[band] * spectrum[band] ** 2) / np.sum(spectrum[band] ** 2)
    true_per_min = body.truth(track.t_s[rest]).breathing_per_min.mean()
    assert 60.0 * centre_hz == pytest.approx(true_per_min, abs=1.0)
    swing_mg = (
        np.ptp(np.convolve(track.acc_m_s2[rest, 0], np.ones(100) / 100, "valid")) / 9.80665e-3
    )
    assert 1.0 < swing_mg < 12.0  # a sigh is two and a half breaths deep


def test_noise_offset_and_clock_are_as_set() -> None:
    body = Body(session_script(90.0), CALM)
    settings = ImuSettings(clock_ppm=5000.0)
    track = feel(body, "left_thigh", settings, mounting=IDENTITY, seed=9)
    assert track.t_s[1000] == pytest.approx(10.0 / 1.005)
    held = (track.t_s > 5.0) & (track.t_s < 15.0)
    spread_mg = track.acc_m_s2[held].std(axis=0) / 9.80665e-3
    np.testing.assert_allclose(spread_mg, 3.0, rtol=0.1)
    clean = feel(body, "left_thigh", PERFECT, mounting=IDENTITY)
    error = track.acc_m_s2[held].mean(axis=0) - clean.acc_m_s2[1000]
    assert np.all(np.abs(error) < 9.80665 * (0.020 + 0.005 + 0.001))
    assert np.abs(error).max() > 9.80665 * 0.002


def test_the_same_seed_gives_the_same_arrays() -> None:
    one, same, other = (
        feel(Body(session_script(90.0), seed=1), "chest", seed=seed) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(one.acc_m_s2, same.acc_m_s2)
    assert not np.allclose(one.acc_m_s2, other.acc_m_s2)


def test_no_gyroscope_is_none() -> None:
    track = feel(Body(), "chest", ImuSettings(has_gyro=False), duration_s=1.0)
    assert track.gyr_rad_s is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_two_line_knee_recovers_the_truth(side: str) -> None:
    """In-plane atan2 after two held poses, on sensors strapped on anyhow, with noise and offset."""
    body = Body(session_script(300.0), seed=4)
    thigh, shank = (
        feel(body, f"{side}_{segment}", seed=seed)
        for seed, segment in enumerate(("thigh", "shank"))
    )
    knee_deg = _inclination_deg(thigh, body) + _inclination_deg(shank, body)
    truth = body.truth(thigh.t_s)
    true_deg = truth.knee_left_deg if side == "left" else truth.knee_right_deg
    lying = thigh.t_s < 265.0
    error_deg = np.abs(knee_deg - true_deg)[lying]
    assert np.percentile(error_deg, 95) < 2.0


def _inclination_deg(track: MotionTrack, body: Body) -> FloatArray:
    smooth = np.stack([np.convolve(a, np.ones(51) / 51, "same") for a in track.acc_m_s2.T], axis=1)
    up, bent = (
        smooth[(track.t_s >= start_s) & (track.t_s <= end_s)].mean(axis=0)
        for start_s, end_s in (body.script.straight_s, body.script.bent_s)
    )
    across = bent - up * (up @ bent) / (up @ up)
    angle: FloatArray = np.arctan2(
        smooth @ across / np.linalg.norm(across), smooth @ up / np.linalg.norm(up)
    )
    return np.asarray(np.rad2deg(angle))


def _rodrigues(turn: FloatArray) -> FloatArray:
    angle = float(np.linalg.norm(turn))
    if angle == 0.0:
        return np.eye(3)
    x, y, z = turn / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
