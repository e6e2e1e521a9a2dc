"""Both axes of a simulated knee from two gyroscopes whose rates are off by the movement of skin."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.calibration import SegmentFrame
from analysis.gravity import angle_deg
from analysis.hinge_pair import refined_frames

LATERAL, UP = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
SKIN_RAD_S = 0.02
N_KNEES = 150


def skin(rng, n, lasts_s):
    """Rates that are wrong, each bin like the one before for about `lasts_s`."""
    kept = np.exp(-0.1 / lasts_s) if lasts_s else 0.0
    rates = rng.normal(0.0, SKIN_RAD_S * np.sqrt(1.0 - kept**2), (n, 3))
    for i in range(1, n):
        rates[i] += kept * rates[i - 1]
    return rates


def seen_by_poses(rng, error_deg, turn_deg):
    axis = LATERAL + rng.normal(0.0, np.radians(error_deg), 3) * [1.0, 0.0, 1.0]
    return SegmentFrame(axis / np.linalg.norm(axis), UP, "poses", turn_deg)


def errors_deg(seed, lasts_s):
    """Error of the shank's axis by the poses, and refined: a knee bends while the hip swings."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, 40, 0.1)
    a, b, c, d = rng.uniform(0, 6, 4)
    parts = (np.sin(1.3 * t + a), 4 * np.cos(0.8 * t + b), np.cos(1.1 * t + c))
    thigh = 0.25 * np.stack(parts, axis=1)
    knee = np.radians(45 - 45 * np.cos(0.8 * t + d))
    x, y, z = thigh.T
    cos, sin = np.cos(knee), np.sin(knee)
    shank = np.stack(
        [cos * x - sin * z, y + np.gradient(knee, 0.1), sin * x + cos * z],
        axis=1,
    )
    frames = seen_by_poses(rng, 2.0, 60.0), seen_by_poses(rng, 5.0, 24.0)
    better = refined_frames(
        thigh + skin(rng, len(t), lasts_s), shank + skin(rng, len(t), lasts_s), frames
    )
    return [float(angle_deg(f.lateral, LATERAL)) for f in (frames[1], better[1])]


@pytest.mark.parametrize(("lasts_s", "most_deg"), [(0.0, 0.75), (1.0, 1.5)])
def test_the_shanks_axis_is_surer_the_more_the_bins_tell_each_on_its_own(lasts_s, most_deg):
    """Taking every second as one bin gave 0.85 and 1.32 deg; it is 0.67 and 1.32 now."""
    before, after = np.sqrt(
        np.mean(np.square([errors_deg(seed, lasts_s) for seed in range(N_KNEES)]), axis=0)
    )
    assert before > 5.0
    assert after < most_deg
