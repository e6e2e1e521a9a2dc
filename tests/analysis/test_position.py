"""Positions: five directions, any strap, and what is not known is not said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import NOMINAL_FRAME, SegmentFrame
from analysis.position import NAMES, Mounting, session_mounting, stretches
from analysis.results import Phase, Position
from benchmarks import body
from tests.analysis.leg_model import rotation

UP = {
    "supine": [0.0, 0.0, 1.0],
    "left": [0.0, 1.0, 0.0],  # lying on the left side, the right side is up
    "right": [0.0, -1.0, 0.0],
    "prone": [0.0, 0.0, -1.0],
    "upright": [1.0, 0.0, 0.0],
}
ALL = np.array([UP[name] for name in NAMES])


@given(seed=st.integers(0, 200))
def test_lying_and_being_upright_tell_all_five_however_the_strap_sits(seed: int):
    turned = ALL @ rotation(seed).T
    mounting = Mounting.from_axes(anterior=turned[0], head=turned[4])
    assert mounting.position(turned) == list(NAMES)


def test_lying_alone_does_not_tell_a_side_from_upright():
    mounting = Mounting.from_axes(anterior=UP["supine"])
    assert mounting.position(ALL) == ["supine", "unknown", "unknown", "prone", "unknown"]
    assert not mounting.is_complete


def test_upright_that_is_hardly_different_from_lying_tells_nothing_more():
    mounting = Mounting.from_axes(anterior=[0, 0, 1.0], head=[0.3, 0, 1.0])
    assert not mounting.is_complete


def test_head_down_and_the_unknown_are_unknown():
    mounting = Mounting.from_axes(anterior=UP["supine"], head=UP["upright"])
    assert mounting.position(np.array([[-1.0, 0, 0], [np.nan] * 3])) == ["unknown", "unknown"]
    assert Mounting({}).position(ALL) == ["unknown"] * 5


def test_examples_with_wrong_names_hardly_move_what_is_learned():
    rng = np.random.default_rng(0)
    up = np.repeat(ALL, 20, axis=0) + rng.normal(0, 0.1, (100, 3))
    names = np.repeat(NAMES, 20)
    right = Mounting.learned(up, names.tolist())
    names[[0, 21, 45]] = "prone", "supine", "left"
    learned = Mounting.learned(up, names.tolist())
    for name in NAMES:
        assert learned.directions[name] @ right.directions[name] > np.cos(np.radians(2))


def test_a_position_held_for_two_seconds_is_on_the_way():
    names = ["supine"] * 20 + ["left"] * 2 + ["upright"] * 10 + ["unknown"] * 4 + ["upright"]
    assert stretches(np.arange(1.0, 38.0), names) == (
        Position("supine", 0.0, 22.0),
        Position("upright", 22.0, 32.0),
        Position("unknown", 32.0, 37.0),
    )


CALIBRATED = SegmentFrame(np.full(3, np.nan), np.array(UP["supine"]), "poses")
SESSION = np.repeat([UP["supine"], UP["right"], UP["upright"]], [200, 10, 20], axis=0)
PHASES = (Phase("rest", 0, 200), Phase("rolling", 200, 210), Phase("kneeling", 210, 230))


def test_a_session_learns_its_sides_from_getting_up():
    mounting = session_mounting(SESSION, CALIBRATED, PHASES)
    assert mounting.position(ALL) == list(NAMES)
    before = session_mounting(SESSION[:205], CALIBRATED, PHASES[:1])
    assert before.position(ALL)[1:3] == ["unknown", "unknown"]


def test_the_nominal_mounting_is_believed_by_one_who_lies():
    assert session_mounting(SESSION, NOMINAL_FRAME, ()).position(ALL) == list(NAMES)
    seated = np.tile(UP["upright"], (200, 1))
    assert session_mounting(seated, NOMINAL_FRAME, ()).directions == {}


def test_without_a_frame_the_legs_tell_when_the_trunk_lay():
    turned = SESSION @ rotation(3).T
    assert session_mounting(turned, None, ()).directions == {}
    learned = session_mounting(turned, None, PHASES)
    assert learned.position(ALL @ rotation(3).T) == list(NAMES)


def test_people_who_wore_a_sensor_on_the_ribs(recordings: Path):
    if not (recordings / "chest" / "pdiot_respeck_positions").is_dir():
        pytest.skip("the recordings of positions are not here")
    rows = {row.what: row for row in body.position_rows()}
    assert rows["position, one person out, quiet"].ours >= 98.0
    assert rows["position, one person out, all activities"].ours >= 98.0
    assert rows["position, own two poses"].ours >= 98.0
