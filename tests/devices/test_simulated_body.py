"""The simulated person against closed-form physics and its own script."""

from __future__ import annotations

import numpy as np
import pytest

from devices.errors import DeviceError
from devices.simulated.body import PLACEMENTS, Body, BodySettings
from devices.simulated.breathing import BreathingSettings, Breaths
from devices.simulated.heart import shake_m_s2
from devices.simulated.legs import LegGeometry, thigh_inclination_deg
from devices.simulated.script import Trend, arm_raise, session_script
from devices.simulated.smooth import Move, follow, smooth_step

STILL = BodySettings(sway_deg=0.0)


def test_a_step_is_the_minimum_jerk_curve() -> None:
    # 10 u^3 - 15 u^4 + 6 u^5 at a quarter
    assert smooth_step(np.array([0.25]))[0] == pytest.approx(10 / 64 - 15 / 256 + 6 / 1024)


def test_moves_add_as_a_slow_loop_says() -> None:
    rng = np.random.default_rng(0)
    moves = [
        Move("x", float(rng.uniform(0, 20)), float(rng.uniform(0.1, 8)), float(rng.normal()))
        for _ in range(30)
    ]
    t_s = np.linspace(-1.0, 30.0, 501)
    slow = np.full(t_s.shape, 7.0)
    for move in moves:
        slow += move.change * smooth_step((t_s - move.start_s) / move.duration_s)
    np.testing.assert_allclose(follow(moves, 7.0, t_s), slow, atol=1e-12)


@pytest.mark.parametrize("knee_deg", [5.0, 45.0, 90.0, 120.0])
def test_the_chain_closes_on_the_floor(knee_deg: float) -> None:
    legs = LegGeometry(thigh_m=0.45, shank_m=0.40, ankle_above_hip_m=-0.015)
    thigh_deg = thigh_inclination_deg(np.array([knee_deg]), legs)[0]
    shank_deg = knee_deg - thigh_deg
    knee_m = 0.45 * np.sin(np.deg2rad(thigh_deg))
    ankle_m = knee_m - 0.40 * np.sin(np.deg2rad(shank_deg))
    assert ankle_m == pytest.approx(-0.015, abs=1e-12)


@pytest.mark.parametrize("side", ["left", "right"])
def test_thigh_and_shank_of_the_body_make_the_true_knee_and_the_true_lean(side: str) -> None:
    body = Body(session_script(300.0), seed=3)
    t_s = np.linspace(0.0, 265.0, 200)
    truth = body.truth(t_s)
    thigh = body.pose(f"{side}_thigh", t_s).rotation
    shank = body.pose(f"{side}_shank", t_s).rotation
    # The knee is the turn between the two long axes; both share one lateral (hinge) axis.
    between = np.sum(thigh[:, :, 0] * shank[:, :, 0], axis=1)
    knee_deg = np.rad2deg(np.arccos(np.clip(between, -1.0, 1.0)))
    true_knee_deg = truth.knee_left_deg if side == "left" else truth.knee_right_deg
    np.testing.assert_allclose(knee_deg, np.abs(true_knee_deg), atol=1e-5)
    np.testing.assert_allclose(thigh[:, :, 1], shank[:, :, 1], atol=1e-12)
    # A left leg that falls out lifts its right side, where the lateral axis points.
    bent = (truth.t_s > 30.0) & (truth.trunk_roll_deg == 0.0)
    true_lean_deg = truth.lean_left_deg if side == "left" else truth.lean_right_deg
    outwards = thigh[bent][:, 2, 1] if side == "left" else -thigh[bent][:, 2, 1]
    assert np.all(np.sign(outwards) == np.sign(true_lean_deg[bent]))


def test_the_feet_stay_on_the_floor_while_the_knee_drifts() -> None:
    body = Body(session_script(300.0), BodySettings(sway_deg=0.0, shank_below_knee_m=0.41))
    t_s = np.linspace(50.0, 200.0, 50)
    ankle_m = body.pose("left_shank", t_s).position_m[:, 2]  # the sensor sits at the ankle here
    lean = np.deg2rad(body.truth(t_s).lean_left_deg)
    # The chain lies in the leaning plane, so its 1 cm height difference shrinks by cos(lean).
    moving = np.abs(body.truth(t_s).trunk_roll_deg) > 1e-9  # a fidget of the trunk lifts the leg
    assert moving.mean() < 0.2
    np.testing.assert_allclose(ankle_m[~moving], (0.09 - 0.01 * np.cos(lean))[~moving], atol=1e-9)


def test_poses_are_held_still_with_room_to_spare() -> None:
    script = session_script(900.0)
    truth = Body(script, STILL).truth(np.arange(0.0, 45.0, 0.1))
    straight = (truth.t_s >= script.straight_s[0] - 4) & (truth.t_s <= script.straight_s[1] + 4)
    bent = (truth.t_s >= script.bent_s[0] - 3.5) & (truth.t_s <= script.bent_s[1] + 4)
    for knee_deg, expected in ((truth.knee_left_deg, 90.0), (truth.knee_right_deg, 88.0)):
        assert np.all(knee_deg[straight] == 0.0)
        np.testing.assert_allclose(knee_deg[bent], expected, atol=1e-9)


def test_the_drift_is_where_the_script_says_and_is_corrected() -> None:
    script = session_script(900.0)
    drift = next(e for e in script.episodes if e.kind == "drift")
    assert drift.start_s == pytest.approx(0.4 * 900.0)
    assert drift.held_s[1] - drift.held_s[0] >= 40.0
    held_s, after_s = np.mean(drift.held_s), drift.end_s + 0.1
    knee_deg = Body(script, STILL).truth(np.array([held_s, after_s])).knee_left_deg
    np.testing.assert_allclose(knee_deg, [77.0, 90.0], atol=1e-9)


def test_phases_follow_the_exercise() -> None:
    body = Body(session_script(900.0))
    t_s = np.array([1.0, 60.0, 300.0, 635.0, 700.0, 880.0, 890.0, 899.0])
    expected = ("straight", "settling", "rest", "extra", "rest", "rolling", "kneeling", "standing")
    truth = body.truth(t_s)
    assert truth.phase == expected
    assert truth.trunk_roll_deg[5] == pytest.approx(-85.0)  # on the right side
    assert truth.trunk_pitch_deg[-1] == pytest.approx(90.0)
    shank_up = body.pose("left_shank", t_s).rotation[:, 2, 0]
    assert abs(shank_up[6]) < 0.05  # kneeling: the shank lies on the floor
    assert shank_up[7] > 0.99  # standing


def test_breathing_and_heart_settle_as_planned() -> None:
    truth = Body(session_script(900.0), seed=1).truth(np.arange(0.0, 900.0, 1.0))
    early, late = truth.t_s < 60.0, truth.t_s > 800.0
    assert truth.breathing_per_min[early].mean() == pytest.approx(15.0, abs=1.0)
    assert truth.breathing_per_min[late].mean() == pytest.approx(11.3, abs=1.0)
    assert truth.heart_per_min[early].mean() == pytest.approx(68.0, abs=3.0)
    assert truth.heart_per_min[late].mean() == pytest.approx(61.0, abs=3.0)
    assert 60.0 / np.diff(truth.beat_s).mean() == pytest.approx(
        truth.heart_per_min.mean(), rel=0.02
    )


def test_the_heart_quickens_with_breathing_in() -> None:
    body = Body(session_script(600.0), seed=2)
    truth = body.truth(np.arange(0.0, 600.0, 0.1))
    after_onset_s = (
        truth.t_s
        - truth.breath_onset_s[
            np.maximum(np.searchsorted(truth.breath_onset_s, truth.t_s, side="right") - 1, 0)
        ]
    )
    full = (after_onset_s > 1.5) & (after_onset_s < 3.0)
    empty = after_onset_s < 0.5
    assert truth.heart_per_min[full].mean() > truth.heart_per_min[empty].mean() + 0.5


def test_a_breath_fills_and_empties() -> None:
    breaths = Breaths(onset_s=np.array([0.0, 5.0, 15.0]), depth=np.array([1.0, 2.5]))
    np.testing.assert_allclose(breaths.volume(np.array([0.0, 2.0, 4.6, 9.0])), [0, 1, 0, 2.5])
    np.testing.assert_allclose(breaths.rate_per_min(np.array([1.0, 6.0])), [12.0, 6.0])


def test_sighs_are_deep_and_rare() -> None:
    body = Body(session_script(3600.0), BodySettings(breathing=BreathingSettings()), seed=4)
    depth = body._breaths.depth
    assert 2 <= np.sum(depth >= 2.0) <= 40
    assert np.median(depth) == pytest.approx(1.0, abs=0.05)


def test_each_beat_shakes_the_chest_between_10_and_25_hz() -> None:
    fs_hz = 200.0
    t_s = np.arange(0.0, 20.0, 1.0 / fs_hz)
    shake = shake_m_s2(np.arange(0.2, 20.0, 1.0), t_s)
    power = np.abs(np.fft.rfft(shake)) ** 2
    hz = np.fft.rfftfreq(t_s.size, 1.0 / fs_hz)
    assert power[(hz >= 10.0) & (hz <= 25.0)].sum() > 0.75 * power.sum()
    assert 3.0 < np.abs(shake).max() / 9.80665e-3 < 30.0  # mg


def test_fidgets_get_rarer() -> None:
    script = session_script(900.0, seed=5)
    times_s = np.array([e.start_s for e in script.episodes if e.kind == "fidget"])
    assert np.sum(times_s < 225.0) > 2 * np.sum((times_s > 450.0) & (times_s < 675.0))
    assert times_s.min() >= 46.0


def test_the_same_seed_is_the_same_person_and_another_is_not() -> None:
    t_s = np.linspace(0.0, 300.0, 50)
    one, same, other = (Body(session_script(300.0), seed=s).truth(t_s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.knee_left_deg, same.knee_left_deg)
    np.testing.assert_array_equal(one.beat_s, same.beat_s)
    assert not np.array_equal(one.breathing_per_min, other.breathing_per_min)


def test_truth_at_other_times_agrees_with_interpolation() -> None:
    body = Body(session_script(300.0), seed=1)
    dense = body.truth(np.arange(0.0, 300.0, 0.02))
    at_s = np.sort(np.random.default_rng(0).uniform(0.0, 299.0, 300))
    truth = body.truth(at_s)
    for name in ("knee_left_deg", "lean_right_deg", "trunk_roll_deg", "trunk_pitch_deg"):
        between = np.interp(at_s, dense.t_s, getattr(dense, name))
        np.testing.assert_allclose(getattr(truth, name), between, atol=0.05, err_msg=name)


def test_an_arm_raise_lifts_its_side_of_the_chest() -> None:
    episode, moves = arm_raise("left", 100.0)
    assert episode.held_s == (103.0, 105.0)
    assert follow(moves, 0.0, np.array([104.0, 120.0])).tolist() == [-3.0, 0.0]


def test_a_trend_settles() -> None:
    assert Trend(15.0, 11.0, 100.0).at(0.0) == 15.0
    assert Trend(15.0, 11.0, 100.0).at(1e6) == 11.0


def test_what_cannot_be_simulated_is_said_with_its_value() -> None:
    with pytest.raises(DeviceError, match="30 s is too short") as short:
        session_script(30.0)
    assert "90 s" in short.value.hint
    with pytest.raises(DeviceError, match="no placement 'elbow'") as unknown:
        Body().pose("elbow", np.array([0.0]))
    assert all(placement in unknown.value.hint for placement in PLACEMENTS)
