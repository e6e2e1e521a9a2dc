"""Tilt of a trunk with a known turn."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.calibration import SegmentFrame
from analysis.posture import mean_up, trunk_on_side, trunk_tilt_deg, turned_deg
from tests.analysis.leg_model import rotation, thigh_up


@pytest.mark.parametrize("tilt", [0.0, 10.0, 45.0, 90.0, 150.0])
def test_tilt_is_the_turn_from_lying_at_any_mounting(tilt):
    r = rotation(5)
    frame = SegmentFrame(r @ [0, 1, 0], r @ [0, 0, 1], "poses")
    up = (r @ thigh_up(tilt))[None]
    assert trunk_tilt_deg(up, frame) == pytest.approx(tilt, abs=1e-9)
    assert np.isnan(trunk_on_side(up, frame)).all()  # the strap may sit any way round


def test_on_the_side_and_unknown():
    up = np.array([[0.0, -1.0, 0.0], [np.nan] * 3])
    frame = SegmentFrame(np.array([0.0, 1, 0]), np.array([0.0, 0, 1]), "nominal")
    assert trunk_tilt_deg(up, frame) == pytest.approx([90, np.nan], nan_ok=True)
    assert trunk_on_side(up, frame) == pytest.approx([1, np.nan], nan_ok=True)
    assert np.isnan(trunk_tilt_deg(up, None)).all()


def test_turning_is_told_from_the_epoch_before():
    ups = np.stack([thigh_up(a) for a in (10.0, 12.0, 7.0)])
    assert turned_deg(ups, thigh_up(9.0)) == pytest.approx([1.0, 2.0, 5.0])
    assert np.isnan(turned_deg(ups, np.full(3, np.nan))[0])


def test_a_window_of_nothing_has_no_direction():
    assert np.isnan(mean_up(np.full((1, 5, 3), np.nan))).all()
