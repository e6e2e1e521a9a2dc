"""Two held poses give the frame for any strap; what is wrong is said in words with numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import calibrate_leg, calibrate_trunk
from analysis.knee import segment_turn
from analysis.results import Poses
from tests.analysis.leg_model import G, rotation, shank_up, thigh_up

POSES = Poses((0, 5), (5, 10))


def two_poses(straight, bent):
    return G * np.repeat([straight, bent], 50, axis=0)


@given(st.integers(0, 10_000), st.floats(20, 80), st.sampled_from(["left", "right"]))
def test_any_strap_gives_the_turn_back(seed, turn, side):
    turned = rotation(seed)
    for segment, up in (("thigh", thigh_up), ("shank", shank_up)):
        name = f"{side}_{segment}"
        acc = two_poses(up(0.0), up(turn)) @ turned.T
        frame, problems = calibrate_leg(name, acc, None, POSES)
        assert problems == ()
        assert frame.lateral == pytest.approx(turned @ [0, 1, 0], abs=1e-9)
        found, lean, _ = segment_turn(up(0.4 * turn, 10.0, side) @ turned.T, name, frame)
        assert found == pytest.approx(0.4 * turn, abs=1e-9)
        assert lean == pytest.approx(10.0, abs=1e-9)


def test_a_thigh_that_hardly_turned_is_told_with_its_number():
    frame, problems = calibrate_leg(
        "left_thigh", two_poses(thigh_up(0.0), thigh_up(7.0)), None, POSES
    )
    assert frame is None
    assert problems == (
        "the left thigh hardly turned between the two poses (7 deg): its angle is unknown",
    )


def test_a_shank_that_hardly_turned_counts_as_held_until_it_turns():
    frame, problems = calibrate_leg(
        "right_shank", two_poses(shank_up(88.0), shank_up(92.0)), None, POSES
    )
    assert "the right shank hardly turned between the two poses (4 deg)" in problems[0]
    near, far = (segment_turn(shank_up(a), "right_shank", frame)[0] for a in (95.0, 120.0))
    assert near == 0.0
    assert np.isnan(far)


@given(st.integers(0, 10_000))
def test_a_gyroscope_gives_the_axis_that_the_poses_do_not(seed):
    turned = rotation(seed)
    # the shank rocks forward and back between two poses that differ by 8 deg
    turn = np.concatenate([np.full(50, 90.0), 90 + 8 * np.linspace(0, 1, 50), np.full(50, 98.0)])
    turn[50:100] += 25 * np.sin(np.linspace(0, 2 * np.pi, 50))
    rate = np.radians(np.gradient(turn) * 10)
    gyr = rate[:, None] * [0.0, -1.0, 0.0] + [0.02, -0.01, 0.03]
    acc, gyr = G * shank_up(turn) @ turned.T, gyr @ turned.T
    frame, problems = calibrate_leg("left_shank", acc, gyr, Poses((0, 5), (10, 15)))
    assert frame.source == "gyroscope"
    assert problems[0].endswith("its axis was taken from the gyroscope")
    assert frame.lateral == pytest.approx(turned @ [0, 1, 0], abs=0.02)
    found, _, _ = segment_turn(shank_up(98.0) @ turned.T, "left_shank", frame)
    assert found == pytest.approx(8.0, abs=0.05)


@pytest.mark.parametrize(
    ("acc", "words"),
    [
        (
            two_poses(thigh_up(0.0), thigh_up(45.0))[:55],
            "left thigh, bent pose: 0.5 s of samples, at least 1.0 s are needed",
        ),
        (
            0.71 * two_poses(thigh_up(0.0), thigh_up(45.0)),
            "left thigh, straight pose: the sensor reads 7.0 m/s2 instead of 9.8",
        ),
        (
            G * thigh_up(np.linspace(0, 60, 100)),
            "left thigh, straight pose: not held still, it wandered by 14 deg (at most 4 deg)",
        ),
        (
            two_poses(thigh_up(0.0), thigh_up(170.0)),
            "the left thigh turned by 170 deg between the two poses, more than a leg can (150 deg)",
        ),
    ],
)
def test_a_bad_pose_makes_the_segment_unknown_and_says_why(acc, words):
    frame, problems = calibrate_leg("left_thigh", acc, None, POSES)
    assert frame is None
    assert problems[0].startswith(words)


@pytest.mark.parametrize(
    ("poses", "words"),
    [
        (Poses((5, 10), (0, 5)), "the straight pose (5 to 10 s) comes after the bent pose"),
        (Poses((0, 6), (5, 10)), "the straight pose (0 to 6 s) and the bent pose (5 to 10 s) over"),
        (Poses((0, 10), (4, 6)), "the straight pose (0 to 10 s) and the bent pose (4 to 6 s) over"),
    ],
)
def test_swapped_or_overlapping_poses_are_refused(poses, words):
    """Held 0 to 5 s straight, 5 to 10 s bent: swapped, a knee at rest would read 0 deg."""
    for placement, up in (("left_thigh", thigh_up), ("left_shank", shank_up)):
        frame, problems = calibrate_leg(placement, two_poses(up(0.0), up(45.0)), None, poses)
        assert frame is None
        assert words in problems[0]


def test_one_pose_fixes_zero_and_says_what_stays_nominal():
    acc = G * np.repeat([thigh_up(12.0)], 50, axis=0)
    frame, problems = calibrate_leg("left_thigh", acc, None, Poses(straight_s=(0, 5)))
    assert segment_turn(thigh_up(57.0), "left_thigh", frame)[0] == pytest.approx(45.0)
    assert problems == ("left thigh: no bent pose, so its lateral axis is the nominal one",)


def test_one_pose_with_the_nominal_side_up_is_not_guessed():
    acc = np.repeat([[0.0, G, 0.0]], 50, axis=0)
    frame, problems = calibrate_leg("left_thigh", acc, None, Poses(straight_s=(0, 5)))
    assert frame is None
    assert "worn with its side up" in problems[0]


@given(st.integers(0, 500), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
def test_an_offset_of_20_mg_turns_the_bent_segment_by_less_than_a_degree_and_a_half(seed, x, y, z):
    offset = np.array([x, y, z]) * G
    turned = rotation(seed)
    acc = two_poses(thigh_up(0.0), thigh_up(45.0)) @ turned.T + offset
    frame, _ = calibrate_leg("left_thigh", acc, None, POSES)
    seen = (G * thigh_up(50.0)) @ turned.T + offset
    found, _, _ = segment_turn(seen / np.linalg.norm(seen), "left_thigh", frame)
    assert abs(found - 50.0) < 1.5


def test_a_chest_takes_anterior_from_where_it_lay():
    turned = rotation(3)
    acc = G * np.repeat([turned @ [0, 0, 1]], 100, axis=0)
    frame, problems = calibrate_trunk("chest", acc, POSES)
    assert problems == ()
    assert frame.up == pytest.approx(turned @ [0, 0, 1])
