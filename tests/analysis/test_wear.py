"""A table is told from a body, whatever the sensor's noise; nobody who wears it is told off."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.intake import Intake
from analysis.results import Poses, SensorData
from analysis.session import SessionAnalyzer
from analysis.wear import WINDOW_S, WearWatch
from analysis.whole import analyze
from benchmarks import recordings as stored
from devices.simulated.body import Body
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import session_script
from tests.analysis.leg_model import G

PLACEMENTS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")


def watched(t, acc, chunks):
    intake, done, out = Intake(), 0, []
    watch = WearWatch(intake)
    for end in chunks:
        inside = (t >= done) & (t < end)
        intake.feed(t[inside], acc[inside], None, 0, float(done))
        intake.close(done, end)
        out.append(watch.update(done, end - done))
        done = end
    return np.concatenate(out), watch


def table(seconds, fs_hz, noise_mg, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / fs_hz)
    return t, G * (np.array([0.3, -0.5, 0.81]) + noise_mg / 1e3 * rng.normal(size=(len(t), 3)))


@pytest.mark.parametrize("fs_hz", [10.0, 25.0, 104.0, 200.0])
@pytest.mark.parametrize("noise_mg", [0.5, 3.0, 8.0])
def test_a_table_is_known_after_a_minute_and_a_half_whatever_the_sensor(fs_hz, noise_mg):
    state, watch = watched(*table(200, fs_hz, noise_mg), [200])
    assert np.isnan(state[:70]).all()
    assert (state[WINDOW_S:] == 0).all()
    assert watch.worn is False
    assert watch.n_off >= 110


def test_any_cutting_gives_the_same():
    t, acc = table(300, 50.0, 3.0)
    acc[(t > 150) & (t < 152)] += [0.0, 1.0, 0.0]
    whole, _ = watched(t, acc, [300])
    cut, _ = watched(t, acc, [1, 2, 50, 149, 150, 151, 299, 300])
    np.testing.assert_array_equal(cut, whole)


@pytest.mark.parametrize("seed", range(6))
def test_simulated_wearers_are_never_told_off(seed):
    plan = session_script(300.0, seed=seed)
    body = Body(plan, seed=seed)
    analyzer = SessionAnalyzer(PLACEMENTS, poses=Poses(plan.straight_s, plan.bent_s))
    for i, name in enumerate(PLACEMENTS):
        felt = feel(body, name, ImuSettings(fs_hz=25.0), seed=10 * seed + i)
        analyzer.feed(name, felt.t_s, felt.acc_m_s2, felt.gyr_rad_s)
    result = analyzer.finish()
    for name in PLACEMENTS:
        assert not (analyzer.worn_epochs(name) == 0).any(), name
        assert analyzer.worn[name] is True
        assert not any("off the body" in p for p in result.sensors[name].problems)


def test_a_strap_taken_off_midway_is_said_of_its_sensor_alone():
    plan = session_script(400.0, seed=3)
    body = Body(plan, seed=3)
    worn = {}
    for i, name in enumerate(PLACEMENTS[1:3]):
        felt = feel(body, name, ImuSettings(fs_hz=25.0), seed=i)
        acc = felt.acc_m_s2.copy()
        if name == "left_shank":
            late = felt.t_s > 150
            acc[late] = acc[3000] + 0.03 * np.random.default_rng(0).normal(size=(late.sum(), 3))
        worn[name] = SensorData(felt.t_s, acc, None)
    result = analyze(worn, poses=Poses(plan.straight_s, plan.bent_s))
    assert np.isfinite(result.epochs.knee_left_deg[60:150]).mean() > 0.95  # a fidget is shaken
    assert any("off the body" in p for p in result.sensors["left_shank"].problems)
    assert not any("off the body" in p for p in result.sensors["left_thigh"].problems)


def test_a_sensor_too_coarse_to_show_its_noise_is_unknown_and_not_off():
    t, acc = table(200, 25.0, 1.0)
    step = 0.004 * G
    state, watch = watched(t, np.round(acc / step) * step, [200])
    assert np.isnan(state).all()
    assert watch.worn is None


@pytest.mark.slow
def test_nobody_recorded_is_told_off():
    found = 0
    for group in (stored.wendexd("supine"), stored.rrhr("sit"), stored.agatelite(), stored.paoli()):
        for r in group:
            t = r.t_s - r.t_s[0]
            state, _ = watched(t, r.acc_m_s2.astype(float), [int(t[-1])])
            assert not (state == 0).any(), r.name
            found += 1
    if not found:
        pytest.skip("no recordings")
