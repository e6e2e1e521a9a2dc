"""A tilt from an unconfirmed mounting is a number about the strap."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.results import Poses, SensorData
from analysis.session import SessionAnalyzer
from analysis.whole import analyze
from tests.analysis.leg_model import G, rotation


def chest(tilts_deg, fs_hz=25.0):
    """One tilt a second, noise of 2 mg, mounted as documented."""
    t = np.arange(0, len(tilts_deg), 1 / fs_hz)
    tilt = np.radians(np.repeat(tilts_deg, int(fs_hz)))
    up = np.stack([np.sin(tilt), 0 * tilt, np.cos(tilt)], axis=1)
    noise = 0.002 * np.random.default_rng(0).normal(size=up.shape)
    return SensorData(t, G * (up + noise))


def test_a_chest_that_lies_has_its_tilt_and_keeps_it_when_it_gets_up():
    result = analyze({"chest": chest([5.0] * 60 + [90.0] * 30)})
    tilt = result.epochs.trunk_tilt_deg
    assert tilt[:60] == pytest.approx(5, abs=0.3)
    assert tilt[61:] == pytest.approx(90, abs=0.3)
    assert result.sensors["chest"].problems == ()


@pytest.mark.parametrize("read_deg", [40.0, 110.0, 175.0])
def test_a_chest_at_rest_that_reads_otherwise_is_unknown_and_said(read_deg):
    result = analyze({"chest": chest([read_deg] * 60)})
    assert np.isnan(result.epochs.trunk_tilt_deg).all()
    assert result.summary["trunk_tilt_deg"].value is None
    assert result.sensors["chest"].problems[0].startswith("for 60 s it had been tilted by more")


def test_who_sat_first_has_a_tilt_once_more_time_was_spent_lying():
    tilt = analyze({"chest": chest([90.0] * 20 + [3.0] * 60)}).epochs.trunk_tilt_deg
    assert np.isnan(tilt[:38]).all()
    assert tilt[42:] == pytest.approx(3, abs=0.3)


def test_a_pose_makes_any_mounting_known():
    worn = chest([4.0] * 40)
    turned = SensorData(worn.t_s, worn.acc_m_s2 @ rotation(4).T)
    result = analyze({"chest": turned}, poses=Poses((2, 8), None))
    assert result.epochs.trunk_tilt_deg == pytest.approx(0, abs=0.5)
    assert result.sensors["chest"].problems == ()


@pytest.mark.parametrize("every_s", [0.7, 7.0])
def test_asking_often_changes_nothing(every_s):
    worn = chest([90.0] * 12 + [3.0] * 40)
    analyzer = SessionAnalyzer(["chest"])
    analyzer.feed("chest", worn.t_s, worn.acc_m_s2)
    for now in np.arange(0, 52, every_s):
        analyzer.advance(now)
    said = analyzer.finish().epochs.trunk_tilt_deg
    np.testing.assert_array_equal(said, analyze({"chest": worn}).epochs.trunk_tilt_deg)
