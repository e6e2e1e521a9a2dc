"""A seated shank may turn either way: what thigh and shank share tells which."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.leg_calibration import calibrate_pair
from analysis.results import Poses, SensorData
from analysis.series import knee_series
from tests.analysis.leg_model import G, rotation

POSES = Poses((0, 5), (10, 15))
T = np.arange(0, 20, 0.02)


def sitting_down(shank_to_deg, sway_deg, seed):
    """Standing, then a chair; the whole leg sways out and in by `sway_deg`; any straps.

    Nominal axes; standing is a thigh at -90 and a shank at +90.
    """
    down = np.clip((T - 5) / 5, 0, 1)
    lean = np.radians(sway_deg) * np.sin(2 * np.pi * (T - 5) / 3) * ((T > 5) & (T < 10))
    thigh, shank = np.radians(-90 + 85 * down), np.radians(90 + shank_to_deg * down)
    out = []
    for i, (along, turn) in enumerate(((-1, thigh), (1, shank))):
        up = np.stack(
            [along * np.sin(turn) * np.cos(lean), np.sin(lean), np.cos(turn) * np.cos(lean)], axis=1
        )
        rng = np.random.default_rng(seed + i)
        acc = G * (up + 0.002 * rng.normal(size=up.shape))
        out.append(SensorData(T, acc @ rotation(seed + i).T))
    return out


@settings(max_examples=10)
@given(st.integers(0, 1000), st.sampled_from([25.0, -25.0, 40.0, -20.0]))
def test_feet_tucked_in_or_stretched_out_give_the_true_knee(seed, shank_to_deg):
    thigh, shank = sitting_down(shank_to_deg, 3.0, seed)
    t_s, knee_deg = knee_series(thigh, shank, POSES)
    assert knee_deg[t_s < 5] == pytest.approx(0.0, abs=1.0)
    assert knee_deg[t_s > 11] == pytest.approx(85.0 + shank_to_deg, abs=1.0)


def test_a_leg_that_did_not_sway_is_not_guessed():
    thigh, shank = sitting_down(-25.0, 0.0, 1)
    bins = [
        np.concatenate(
            [s.acc_m_s2.reshape(-1, 5, 3).mean(axis=1), np.full((200, 3), np.nan)], axis=1
        )
        for s in (thigh, shank)
    ]
    frames, problems = calibrate_pair("right", bins[0], bins[1], POSES)
    assert frames[1] is None
    (said,) = problems[1]
    assert said.startswith(
        "the right shank turned by 25 deg between the two poses, and the movement"
    )
    assert said.endswith("does not show which way: its angle is unknown")
