"""Closed-form legs: any flexion, any lean, any mounting; and what gravity cannot show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import SegmentFrame
from analysis.hinge import hinge_axis, round_plane
from analysis.knee import at_window_end, leg_angles
from tests.analysis.leg_model import rotation, shank_up, thigh_up


@given(
    st.floats(0, 75),
    st.floats(0, 75),
    st.floats(-30, 30),
    st.sampled_from(["left", "right"]),
)
def test_flexion_is_the_sum_of_the_turns_whatever_the_lean(thigh, shank, lean, side):
    leg = leg_angles(thigh_up(thigh, lean, side), shank_up(shank, lean, side), side)
    assert leg.flexion_deg == pytest.approx(thigh + shank, abs=1e-9)
    assert leg.lean_deg == pytest.approx(lean, abs=1e-9)


def test_the_sum_of_plain_inclinations_would_be_wrong_by_7_degrees_at_20_degrees_of_lean():
    up = thigh_up(45.0, 20.0)
    plain = 2 * np.degrees(np.arccos(up[2]))
    assert plain - 90 == pytest.approx(6.7, abs=0.05)
    leg = leg_angles(up, shank_up(45.0, 20.0), "left")
    assert leg.flexion_deg == pytest.approx(90.0, abs=1e-9)


def test_standing_sitting_and_kneeling_are_knees_of_0_90_and_90():
    head, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    assert leg_angles(head, head, "left").flexion_deg == pytest.approx(0, abs=1e-9)
    assert leg_angles(up, head, "left").flexion_deg == pytest.approx(90)
    assert leg_angles(head, -up, "left").flexion_deg == pytest.approx(90)


def test_on_the_side_the_knee_is_unknown_and_the_lean_is_not():
    leg = leg_angles(thigh_up(45.0, 75.0), shank_up(45.0, 75.0), "left")
    assert np.isnan(leg.flexion_deg)
    assert leg.is_unseen
    assert leg.lean_deg == pytest.approx(75.0)


def test_an_unknown_segment_makes_the_knee_unknown_and_leaves_the_lean_of_the_other():
    leg = leg_angles(thigh_up(45.0, 10.0), shank_up(45.0, 10.0), "left", shank_frame=None)
    assert np.isnan(leg.flexion_deg)
    assert leg.lean_deg == pytest.approx(10.0)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_frames_turned_with_their_sensors_change_nothing(seed_thigh, seed_shank):
    frames = {}
    ups = {}
    for name, seed, up in (
        ("thigh", seed_thigh, thigh_up(40.0, 12.0)),
        ("shank", seed_shank, shank_up(55.0, 12.0)),
    ):
        turned = rotation(seed)
        frames[name] = SegmentFrame(turned @ [0, 1, 0], turned @ [0, 0, 1], "poses")
        ups[name] = turned @ up
    leg = leg_angles(ups["thigh"], ups["shank"], "left", frames["thigh"], frames["shank"])
    assert leg.flexion_deg == pytest.approx(95.0, abs=1e-9)


@given(st.floats(-80, 260), st.floats(-60, 60))
def test_a_moving_knee_is_read_at_the_windows_end(start, speed_deg_s):
    middles = (np.arange(5) + 0.5) / 10
    angle = np.mod(start + speed_deg_s * middles + 90, 360) - 90
    expected = np.mod(start + speed_deg_s * 0.5 + 90, 360) - 90
    off = at_window_end(angle[None])[0] - expected
    assert np.mod(off + 180, 360) - 180 == pytest.approx(0, abs=1e-9)


def test_two_known_bins_make_a_mean_and_one_makes_nothing():
    windows = np.full((2, 5), np.nan)
    windows[0, [0, 4]] = 80.0, 90.0
    windows[1, 2] = 80.0
    assert at_window_end(windows) == pytest.approx([85.0, np.nan], nan_ok=True)


def test_rates_in_all_directions_are_no_hinge():
    assert hinge_axis(np.random.default_rng(0).normal(size=(200, 3))) is None


@given(st.floats(0.97, 1.03), st.floats(0.97, 1.03), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_offsets_and_scales_of_a_turning_sensor_are_found(sx, sy, ox, oy):
    angle = np.radians(np.arange(0.0, 180.0))
    true = 9.8 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    offset, matrix = round_plane(true * [sx, sy] + [ox, oy])
    x, y = ((true * [sx, sy] + [ox, oy] - offset) @ matrix).T
    error = np.degrees(np.arctan2(y, x) - angle)
    assert np.abs(np.mod(error + 180, 360) - 180).max() < 1e-6


def test_a_short_arc_says_nothing_about_the_sensor():
    angle = np.radians(np.linspace(0, 90, 200))
    assert round_plane(np.stack([np.cos(angle), np.sin(angle)], axis=1)) is None
