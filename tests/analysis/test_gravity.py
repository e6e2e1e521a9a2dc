"""Up is believed only where gravity is most of what is felt."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.gravity import angle_deg, rest_length, up_directions


@pytest.mark.parametrize("degrees", [0.0, 1e-6, 1.0, 90.0, 179.999999, 180.0])
def test_angles_are_exact_at_both_ends(degrees):
    turn = np.radians(degrees)
    a, b = np.array([1.0, 0.0, 0.0]), np.array([np.cos(turn), np.sin(turn), 0.0])
    assert angle_deg(a, b) == pytest.approx(degrees, abs=1e-9)


def test_rest_is_the_median_so_a_shake_does_not_move_it():
    windows = np.tile([0.0, 0.0, 9.5], (1, 100, 1))
    windows[0, :40] *= 1.7
    assert rest_length(windows)[0] == pytest.approx(9.5)


def test_a_push_makes_a_bin_unknown_and_a_cheap_sensor_does_not():
    up = up_directions(np.array([[0.0, 0.0, 8.7], [6.0, 0.0, 8.7]]), 8.7)
    assert up[0] == pytest.approx([0, 0, 1])
    assert np.isnan(up[1]).all()
