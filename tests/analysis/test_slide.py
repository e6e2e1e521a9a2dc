"""The axis of a leg from a slow slide of the heel: closed form, laws, then a body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import SegmentFrame
from analysis.gravity import angle_deg
from analysis.leg_calibration import calibrate_pair
from analysis.results import Poses, SensorData
from analysis.session import SessionAnalyzer
from analysis.slide import slid_frame
from analysis.whole import analyze
from devices.simulated.body import Body
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import session_script
from devices.simulated.smooth import Move
from tests.analysis.leg_model import G, rotation, shank_up, thigh_up

LATERAL = np.array([0.0, 1.0, 0.0])
NO_GYRO = np.full(3, np.nan)


def there_and_back(arc_deg, *, takes_s=30.0, n_passes=2):
    """Turn of a thigh in every slow bin."""
    t = np.arange(0, takes_s, 0.1) / takes_s
    return 5.0 + 0.5 * arc_deg * (1.0 - np.cos(np.pi * n_passes * t))


def level_frame(lean_deg, turn_deg=50.0):
    """What two poses make of a leg that leans: the axis square to both ends of the slide."""
    ends = thigh_up(5.0, lean_deg), thigh_up(5.0 + turn_deg, lean_deg)
    axis = -np.cross(*ends)
    return SegmentFrame(axis / np.linalg.norm(axis), ends[0], "poses", turn_deg)


def with_noise(up, seed, sample_mg=10.0):
    """Slow bins of an accelerometer at 50 Hz."""
    noise = np.random.default_rng(seed).normal(0.0, sample_mg / 1000.0, (len(up), 5, 3))
    return G * (up + noise.mean(axis=1))


@pytest.mark.parametrize("lean_deg", [-10.0, 0.0, 10.0, 20.0])
def test_the_axis_of_a_leaning_leg_is_exact_without_noise(lean_deg):
    frame = level_frame(lean_deg)
    better, reason = slid_frame(G * thigh_up(there_and_back(50.0), lean_deg), frame)
    assert reason == ""
    assert better.lateral == pytest.approx(LATERAL, abs=1e-6)
    assert better.up @ better.lateral == pytest.approx(0.0, abs=1e-9)


def test_with_10_mg_of_noise_a_slide_of_50_deg_finds_the_axis_within_a_degree():
    frame = level_frame(20.0)
    assert angle_deg(frame.lateral, LATERAL) > 20.0  # what the poses alone make of it
    errors_deg = []
    for seed in range(40):
        acc = with_noise(thigh_up(there_and_back(50.0, takes_s=60.0, n_passes=4), 20.0), seed)
        better, reason = slid_frame(acc, frame)
        assert reason == ""
        errors_deg.append(float(angle_deg(better.lateral, LATERAL)))
    assert np.quantile(errors_deg, 0.95) < 1.0


@given(st.integers(0, 500), st.integers(0, 50))
def test_a_sensor_strapped_on_otherwise_finds_the_same_axis(seed, noise_seed):
    turned = rotation(seed)
    frame = level_frame(20.0)
    other = replace(frame, lateral=turned @ frame.lateral, up=turned @ frame.up)
    acc = with_noise(thigh_up(there_and_back(50.0), 20.0), noise_seed)
    here, there = slid_frame(acc, frame), slid_frame(acc @ turned.T, other)
    assert here[1] == there[1]
    assert there[0].lateral == pytest.approx(turned @ here[0].lateral, abs=1e-6)
    assert there[0].up == pytest.approx(turned @ here[0].up, abs=1e-6)


def test_the_offset_of_an_accelerometer_does_no_harm():
    acc = G * thigh_up(there_and_back(50.0), 10.0) + G * np.array([0.02, -0.02, 0.02])
    better, reason = slid_frame(acc, level_frame(10.0))
    assert reason == ""
    assert better.lateral == pytest.approx(LATERAL, abs=1e-6)


def leaning_once(turn_deg):
    """Leans out by 2 deg and back in the first half of the slide only."""
    way = np.arange(len(turn_deg)) / len(turn_deg)
    return np.where(way < 0.5, 2.0 * np.sin(2 * np.pi * way) ** 2, 0.0)


def shaken(up):
    """To and fro by 0.3 g, five times a second."""
    return up + 0.3 * np.array([0.0, 1.0, 0.0]) * np.resize([1.0, -1.0], len(up))[:, None]


@pytest.mark.parametrize(
    ("up", "words"),
    [
        (thigh_up(there_and_back(25.0), 20.0), "a slow arc of 30 deg, they show 25 and 25 deg"),
        (thigh_up(there_and_back(50.0, takes_s=3.0), 20.0), "they show"),  # 52 deg/s at its fastest
        (shaken(thigh_up(there_and_back(50.0), 20.0)), "they show 0 and 0 deg"),
        (thigh_up(there_and_back(50.0, n_passes=1), 20.0), "they show 25 and 25 deg"),
        (np.full((300, 3), np.nan), "they show 0 and 0 deg"),
        (np.empty((0, 3)), "they show 0 and 0 deg"),
        (
            thigh_up(there_and_back(50.0), leaning_once(there_and_back(50.0))),
            "the two halves of the slide show axes",
        ),
        (thigh_up(there_and_back(50.0), 40.0), "deg from that of the poses"),
    ],
    ids=["short", "fast", "shaken", "one way", "unknown", "empty", "leaning", "far"],
)
def test_a_slide_that_does_not_tell_leaves_the_frame_as_it_was_and_says_why(up, words):
    frame = level_frame(40.0 if "from that" in words else 20.0)
    same, reason = slid_frame(G * up, frame)
    assert same is frame
    assert words in reason


def test_bins_that_were_not_heard_are_left_out():
    acc = G * thigh_up(there_and_back(50.0), 20.0)
    acc[60:75] = np.nan
    better, reason = slid_frame(acc, level_frame(20.0))
    assert reason == ""
    assert better.lateral == pytest.approx(LATERAL, abs=1e-6)


def test_a_pair_without_a_good_slide_keeps_its_poses_and_says_so():
    turn = np.concatenate([np.zeros(100), np.full(100, 45.0), 45.0 - 0.4 * there_and_back(50.0)])
    bins = [
        np.concatenate([G * up(turn), np.tile(NO_GYRO, (len(turn), 1))], axis=1)
        for up in (thigh_up, shank_up)
    ]
    poses = Poses((0, 10), (10, 20))
    plain, _ = calibrate_pair("left", *bins, poses)
    frames, said = calibrate_pair("left", *bins, replace(poses, slide_s=(20, 50)))
    assert [f.lateral.tolist() for f in frames] == [f.lateral.tolist() for f in plain]
    assert said[0][0].startswith("left thigh: its slide was not used: each half of the slide")


LEGS = ("left_thigh", "left_shank", "right_thigh", "right_shank")
SLIDE_S = (44.0, 72.0)


def slider(seed, lean_deg):
    """A wearer whose legs lean out all along until 80 s, then in, and who slides both heels."""
    plan = session_script(140.0, seed=seed)
    moves = [m for m in plan.moves if m.start_s < 42.0]
    for side in ("left", "right"):
        moves.append(Move(f"lean_{side}_deg", 0.0, 1.0, lean_deg))
        moves += [
            Move(f"knee_{side}_deg", at_s, 6.0, change)
            for at_s, change in ((45.0, -80.0), (51.5, 80.0), (58.0, -80.0), (64.5, 80.0))
        ]
        moves.append(Move(f"lean_{side}_deg", 80.0, 5.0, -lean_deg))
    plan = replace(plan, moves=tuple(moves))
    body = Body(plan, seed=seed)
    imu = ImuSettings(fs_hz=50.0, has_gyro=False)
    worn = {}
    for i, placement in enumerate(LEGS):
        felt = feel(body, placement, imu, seed=4 * seed + i)
        worn[placement] = SensorData(felt.t_s, felt.acc_m_s2)
    return plan, body, worn


def errors_deg(body, epochs, name):
    rest = (epochs.t_s > 88.0) & (epochs.t_s < 110.0)
    truth = body.truth(epochs.t_s)
    return (getattr(epochs, name) - getattr(truth, name))[rest]


@pytest.mark.parametrize("lean_deg", [0.0, 15.0])
def test_a_body_that_slides_its_heels_has_better_knees(lean_deg):
    plain, slid, lean_apart = [], [], []
    for seed in range(3):
        plan, body, worn = slider(seed, lean_deg)
        poses = Poses(plan.straight_s, plan.bent_s)
        for found, asked in ((plain, poses), (slid, replace(poses, slide_s=SLIDE_S))):
            result = analyze(worn, poses=asked)
            found += [errors_deg(body, result.epochs, f"knee_{s}_deg") for s in ("left", "right")]
        assert not any("slide" in p for s in result.sensors.values() for p in s.problems)
        held = (result.epochs.t_s > plan.bent_s[0]) & (result.epochs.t_s < plan.bent_s[1])
        lean_apart.append(np.abs(result.epochs.lean_left_deg[held]).max())
    before, after = (np.quantile(np.abs(np.concatenate(e)), 0.95) for e in (plain, slid))
    assert np.isfinite(np.concatenate(slid)).all()
    assert after < (0.8 * before if lean_deg else before + 0.05)  # 1.5 -> 1.0; 0.35 -> 0.36
    assert max(lean_apart) < 0.5  # the bent pose stays where leans are counted from


def test_a_session_told_second_by_second_waits_for_the_slide_and_says_the_same():
    plan, _, worn = slider(0, 15.0)
    poses = Poses(plan.straight_s, plan.bent_s, SLIDE_S)
    whole = analyze(worn, poses=poses).epochs
    session = SessionAnalyzer(worn, poses=poses)
    for now_s in range(1, 141):
        for name, data in worn.items():
            new = (data.t_s >= now_s - 1) & (data.t_s < now_s)
            session.feed(name, data.t_s[new], data.acc_m_s2[new])
        made = session.advance(float(now_s))
        assert now_s >= SLIDE_S[1] or len(made) == 0
    split = session.finish().epochs
    np.testing.assert_array_equal(split.knee_left_deg, whole.knee_left_deg)
    assert np.isfinite(split.knee_left_deg[90:]).all()
