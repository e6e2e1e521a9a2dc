"""The whole exercise of a simulated body, told back: parts, extras, positions and the finish."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.results import Poses, SensorData
from analysis.session import SessionAnalyzer
from analysis.whole import analyze
from benchmarks.body import Told, phase_pairs, position_pairs
from devices.simulated.body import PLACEMENTS, Body
from devices.simulated.exercise import exercise_script
from devices.simulated.imu import ImuSettings, feel

EXTRAS = ("knee_draw_left", "head_lift")


def worn(seed: int, *, has_gyro: bool, hurried: bool, duration_s: float = 420.0):
    script = exercise_script(duration_s, seed=seed, extras=EXTRAS, hurried=hurried)
    body = Body(script, seed=seed)
    sensor = ImuSettings(fs_hz=52.0, has_gyro=has_gyro)
    tracks = {p: feel(body, p, sensor, seed=100 * seed + i) for i, p in enumerate(PLACEMENTS)}
    return script, body, {p: SensorData(t.t_s, t.acc_m_s2, t.gyr_rad_s) for p, t in tracks.items()}


@pytest.fixture(scope="module", params=[(1, True, False), (2, False, True)])
def exercise(request: pytest.FixtureRequest):
    seed, has_gyro, hurried = request.param
    script, body, sensors = worn(seed, has_gyro=has_gyro, hurried=hurried)
    result = analyze(sensors, poses=Poses(script.straight_s, script.bent_s))
    return Told(script, body, result, hurried), sensors


def test_its_parts_are_told_in_order(exercise):
    told, _ = exercise
    names = [p.name for p in told.result.phases]
    assert names[:3] == ["straight", "settling", "rest"]
    assert names.count("extra") == 2
    # in a hurry each part takes a second, and a second alone is not told
    assert names[-1] == "standing"
    if not told.is_hurried:
        assert names[-3:] == ["rolling", "kneeling", "standing"]
    assert np.mean([a == b for a, b in phase_pairs(told)]) > 0.94


def test_its_extras_are_named_and_scored_on_their_side(exercise):
    told, _ = exercise
    named = {m.kind: m for m in told.result.movements if m.kind not in {"out", "back"}}
    assert {"knee_draw", "knee_return", "head_lift", "head_return"} <= named.keys()
    assert {"roll", "kneel", "stand"} <= named.keys() or told.is_hurried
    draws = [m for m in told.result.movements if m.kind.startswith("knee_")]
    assert {m.placement.partition("_")[0] for m in draws} == {"left"}
    for kind in ("knee_draw", "head_lift"):
        (episode,) = (e for e in told.script.episodes if e.kind == kind)
        assert episode.start_s - 1 < named[kind].start_s < episode.held_s[0]
        assert named[kind].sparc < -1.3
        assert (named[kind].ldlj is None) == told.is_hurried  # that seed has no gyroscopes
    head = next(e for e in told.script.episodes if e.kind == "head_lift")
    assert named["head_lift"].range_deg == pytest.approx(head.change, abs=4)


def test_positions_are_told_with_any_strap(exercise):
    told, _ = exercise
    pairs = position_pairs(told)
    assert np.mean([a == b for a, b in pairs]) > 0.99


def test_the_finish_is_judged(exercise):
    told, _ = exercise
    finish = told.result.finish
    assert finish.hurried is told.is_hurried
    start_s = next(p.start_s for p in told.script.phases if p.name == "rolling")
    assert finish.start_s == pytest.approx(start_s, abs=3)


def test_drift_is_known_in_rest_and_nowhere_else(exercise):
    told, _ = exercise
    drift = told.result.epochs.posture_drift_deg
    rest = next(p for p in told.result.phases if p.name == "rest")
    assert np.isnan(drift[: int(rest.start_s)]).all()
    assert np.isnan(drift[-30:]).all()
    assert np.nanmedian(drift) < 1.5


@pytest.mark.parametrize("step_s", [1.0, 7.3, 100.0])
def test_any_chunks_tell_the_same_exercise(exercise, step_s: float):
    told, sensors = exercise
    poses = Poses(told.script.straight_s, told.script.bent_s)
    analyzer = SessionAnalyzer(sensors, poses=poses)
    for now_s in np.arange(step_s, told.script.duration_s + step_s, step_s):
        for name, data in sensors.items():
            new = (data.t_s >= now_s - step_s) & (data.t_s < now_s)
            gyr = None if data.gyr_rad_s is None else data.gyr_rad_s[new]
            analyzer.feed(name, data.t_s[new], data.acc_m_s2[new], gyr)
        analyzer.advance(min(float(now_s), told.script.duration_s))
    live, whole = analyzer.finish(), told.result
    assert live.phases == whole.phases
    assert live.positions == whole.positions
    assert [(m.placement, m.kind) for m in live.movements] == [
        (m.placement, m.kind) for m in whole.movements
    ]
    for a, b in zip(live.movements, whole.movements, strict=True):
        assert (a.start_s, a.range_deg) == pytest.approx((b.start_s, b.range_deg), abs=1e-6)
    assert live.finish.reason == whole.finish.reason
    n = len(whole.epochs)
    for name in ("movement_mg", "posture_drift_deg", "drowsy"):
        np.testing.assert_allclose(
            getattr(live.epochs, name)[:n], getattr(whole.epochs, name), atol=1e-5, err_msg=name
        )
    for name in ("enmo_mg", "mad_mg", "movements_per_min", "longest_still_s"):
        assert live.summary[name].value == pytest.approx(whole.summary[name].value, rel=1e-6)


def test_a_restless_hour_is_forgotten(exercise):
    """What one sensor's grids hold does not grow with the session, but for a few bytes a second."""
    analyzer = SessionAnalyzer(["chest"])
    held = []
    t = np.arange(0, 60, 0.05)
    for minute in range(100):
        acc = np.tile([0.0, 0.0, 9.81], (len(t), 1))
        analyzer.feed("chest", 60.0 * minute + t, acc)
        analyzer.advance(60.0 * (minute + 1))
        intake = analyzer._intakes["chest"]
        held.append(sum(len(rows._data) for rows in (intake.fast, intake.bins, intake.heart)))
    assert held[-1] == held[60]
