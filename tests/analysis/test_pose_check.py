"""Each fault of a pose in words, any mounting; nothing said of a pose that is held well."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.pose_check import check_pose
from tests.analysis.leg_model import G, rotation, shank_up, thigh_up

LEGS = ("left_thigh", "left_shank", "right_thigh", "right_shank")


def leg_window(thigh_deg, shank_deg, side="left", seed=None, n=100, noise=0.03):
    """Two seconds of thigh and shank, strapped on by the seed (None: as documented)."""
    rng = np.random.default_rng(seed)
    out = {}
    for i, (segment, up) in enumerate(
        (("thigh", thigh_up(thigh_deg)), ("shank", shank_up(shank_deg)))
    ):
        turned = np.eye(3) if seed is None else rotation(4 * seed + 2 * i + (side == "right"))
        out[f"{side}_{segment}"] = G * up @ turned.T + noise * rng.normal(size=(n, 3))
    return out


def both(thigh_deg, shank_deg, seed=None):
    return leg_window(thigh_deg, shank_deg, "left", seed) | leg_window(
        thigh_deg, shank_deg, "right", seed
    )


@given(st.integers(0, 10_000), st.floats(24, 66), st.floats(24, 66))
def test_good_poses_are_praised_by_silence_whatever_the_strap(seed, thigh, shank):
    straight, bent = both(0.0, 0.0, seed), both(thigh, shank, seed)
    assert check_pose("bent", bent, straight) == ()
    assert check_pose("straight", straight, bent) == ()


def test_a_leg_left_behind_is_named():
    straight = both(0.0, 0.0, 5)
    half = leg_window(45.0, 45.0, "left", 5) | leg_window(0.0, 0.0, "right", 5)
    assert check_pose("bent", half, straight) == ("right leg still straight",)
    bent = both(45.0, 45.0, 5)
    assert check_pose("straight", half, bent) == ("left leg still bent",)


def test_moving_is_said_once_a_leg_and_before_anything_else():
    straight = both(0.0, 0.0, 1)
    moving = dict(straight)
    turn = np.linspace(0, 40, 100)
    moving["left_thigh"] = G * thigh_up(turn) @ rotation(4).T
    moving["left_shank"] = G * shank_up(turn) @ rotation(6).T
    assert check_pose("bent", moving, straight) == (
        "left leg still moving",
        "right leg still straight",
    )


@pytest.mark.parametrize(
    ("thigh", "shank", "words"),
    [
        (80.0, 8.0, ("left thigh turned by 80 deg", "left shank hardly turned (8 deg)")),  # seated
        (45.0, 12.0, ("left shank hardly turned (12 deg): foot flat on the floor",)),
    ],
)
def test_a_leg_that_is_bent_in_another_way_is_told(thigh, shank, words):
    said = check_pose("bent", leg_window(thigh, shank, seed=3), leg_window(0.0, 0.0, seed=3))
    assert len(said) == len(words)
    assert all(s.startswith(w) for s, w in zip(said, words, strict=True))


def test_sitting_up_between_the_poses_is_told():
    lying, sat = (np.tile(v, (50, 1)) for v in ([0.0, 0.0, G], [G, 0.0, 0.0]))
    said = check_pose("bent", {"chest": sat}, {"chest": lying})
    assert said == ("chest turned by 90 deg since the other pose: lie on your back",)


def test_a_silent_and_a_broken_sensor_are_named():
    windows = {"chest": np.full((50, 3), np.nan), "left_thigh": np.tile([0.0, 0.0, 7.0], (50, 1))}
    assert check_pose("straight", windows) == (
        "nothing heard from the chest",
        "the sensor on the left thigh reads 0.71 g instead of 1: change it",
    )


def test_bent_legs_in_the_first_pose_are_seen_when_worn_as_documented():
    assert check_pose("straight", leg_window(43.0, 47.0)) == ("left leg looks bent",)
    assert check_pose("straight", leg_window(3.0, 4.0)) == ()


def test_any_other_mounting_hardly_ever_looks_like_a_bent_leg():
    n = sum(bool(check_pose("straight", leg_window(0.0, 0.0, seed=s, n=10))) for s in range(2000))
    assert n <= 3


def test_the_mean_of_the_other_pose_does_as_well_as_its_samples():
    straight, bent = both(0.0, 0.0, 2), both(45.0, 45.0, 2)
    means = {p: acc.mean(axis=0) for p, acc in straight.items()}
    assert check_pose("bent", bent, means) == check_pose("bent", bent, straight) == ()
