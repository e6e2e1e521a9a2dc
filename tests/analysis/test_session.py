"""One analysis, two tempos: any cutting of the stream, any rhythm of asking, the same epochs."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.results import Epochs, Poses, SensorData
from analysis.session import AnalysisSettings, SessionAnalyzer
from analysis.whole import analyze
from tests.analysis.leg_model import G, rotation, shank_up, thigh_up

POSES = Poses((2, 8), (12, 20))


def rates(turn_deg, lean_deg, fs_hz):
    """What a gyroscope sees of a segment that turns about y within a leg that leans about x."""
    turn = np.radians(turn_deg)
    leaning, turning = (np.gradient(np.radians(a)) * fs_hz for a in (lean_deg, turn_deg))
    return np.stack([leaning * np.cos(turn), turning, leaning * np.sin(turn)], axis=1)


def wearer(seconds=75, seed=0, fs_hz=50.0):
    """Straight, then bent with a lean and a slow drift; a chest that breathes; noise of 3 mg."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / fs_hz)
    bend = np.clip((t - 8) / 4, 0, 1)
    lean = np.where(t > 25, 8.0, 0.0) * np.clip((t - 25) / 5, 0, 1)
    chest = thigh_up(2 + 0.4 * np.sin(2 * np.pi * 0.23 * t))
    ups = {
        "chest": chest,
        "left_thigh": thigh_up(47 * bend + 0.05 * np.clip(t - 40, 0, None), lean),
        "left_shank": shank_up(44 * bend, lean),
    }
    turn = {"left_thigh": 47 * bend + 0.05 * np.clip(t - 40, 0, None), "left_shank": -44 * bend}
    return {
        name: SensorData(
            t,
            G * (up + 0.003 * rng.normal(size=up.shape)),
            rates(turn[name], lean, fs_hz) + 0.002 * rng.normal(size=up.shape)
            if name != "chest"
            else None,
        )
        for name, up in ups.items()
    }


def assert_same(a: Epochs, b: Epochs, atol=1e-9):
    for field in fields(Epochs):
        np.testing.assert_allclose(
            getattr(a, field.name), getattr(b, field.name), rtol=0, atol=atol, err_msg=field.name
        )


WORN = wearer()
WHOLE = analyze(WORN, poses=POSES)


def test_the_knee_is_the_one_that_was_simulated():
    epochs = WHOLE.epochs
    t = epochs.t_s[32:]
    true = 91.0 + 0.05 * np.clip(t - 40, 0, None)
    assert np.abs(epochs.knee_left_deg[32:] - true).max() < 0.3
    assert epochs.lean_left_deg[40:] == pytest.approx(8.0, abs=0.2)
    assert np.isnan(epochs.knee_right_deg).all()
    assert [p.name for p in WHOLE.phases] == ["straight", "settling", "rest"]


@settings(max_examples=6)
@given(st.data())
def test_any_cutting_and_any_rhythm_give_the_same_epochs(data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    ask_every = data.draw(st.sampled_from([0.1, 0.7, 1.0, 3.3, 20.0]))
    rng = np.random.default_rng(seed)
    analyzer = SessionAnalyzer(WORN, poses=POSES)
    parts = []
    fed = dict.fromkeys(WORN, 0)
    now = 0.0
    while now < 75:
        now += ask_every
        for name, sensor in WORN.items():
            delay = rng.uniform(0, 0.45)  # within the hold-back
            end = int(np.searchsorted(sensor.t_s, now - delay))
            while fed[name] < end:
                stop = min(end, fed[name] + int(rng.integers(1, 200)))
                piece = slice(fed[name], stop)
                gyr = None if sensor.gyr_rad_s is None else sensor.gyr_rad_s[piece]
                analyzer.feed(name, sensor.t_s[piece], sensor.acc_m_s2[piece], gyr)
                fed[name] = stop
        parts.append(analyzer.advance(min(now, 75.0)))
    for name, sensor in WORN.items():
        piece = slice(fed[name], None)
        gyr = None if sensor.gyr_rad_s is None else sensor.gyr_rad_s[piece]
        analyzer.feed(name, sensor.t_s[piece], sensor.acc_m_s2[piece], gyr)
    result = analyzer.finish()
    assert_same(result.epochs, WHOLE.epochs)
    said = Epochs.joined(parts)
    assert_same(said, WHOLE.epochs[: len(said)])
    assert result.phases == WHOLE.phases
    assert result.sensors == WHOLE.sensors


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_turning_the_sensors_changes_nothing(seed):
    turned = {}
    for i, (name, sensor) in enumerate(WORN.items()):
        r = rotation(seed + i).T
        gyr = None if sensor.gyr_rad_s is None else sensor.gyr_rad_s @ r
        turned[name] = SensorData(sensor.t_s, sensor.acc_m_s2 @ r, gyr)
    result = analyze(turned, poses=POSES)
    assert_same(result.epochs, WHOLE.epochs, atol=1e-6)
    assert result.phases == WHOLE.phases


@settings(max_examples=8)
@given(st.floats(25, 74))
def test_the_past_does_not_know_the_future(cut_s):
    early = {
        name: SensorData(
            s.t_s[s.t_s < cut_s],
            s.acc_m_s2[s.t_s < cut_s],
            None if s.gyr_rad_s is None else s.gyr_rad_s[s.t_s < cut_s],
        )
        for name, s in WORN.items()
    }
    n = int(cut_s)  # whole epochs
    assert_same(analyze(early, poses=POSES).epochs[:n], WHOLE.epochs[:n])


def test_nothing_is_said_of_a_hole_and_nothing_drawn_across_it():
    hole = {}
    for name, s in WORN.items():
        keep = (s.t_s < 30) | (s.t_s >= 45)
        hole[name] = SensorData(
            s.t_s[keep],
            s.acc_m_s2[keep],
            None if s.gyr_rad_s is None else s.gyr_rad_s[keep],
        )
    result = analyze(hole, poses=POSES)
    inside = slice(31, 45)  # epochs that begin after 31 s: stillness looks back 3 s
    for column in ("knee_left_deg", "lean_left_deg", "trunk_tilt_deg"):
        assert np.isnan(getattr(result.epochs, column)[30:45]).all(), column
    assert np.isnan(result.epochs.movement_mg[inside]).all()
    assert np.isnan(result.epochs.stillness[inside]).all()
    # the gyroscope's memory is shorter there, and its noise in it another
    assert result.epochs.knee_left_deg[50:] == pytest.approx(
        WHOLE.epochs.knee_left_deg[50:], abs=0.1
    )
    sensor = result.sensors["left_thigh"]
    assert sensor.coverage == pytest.approx(60 / 75)
    assert sensor.problems[0] == "was not heard for 15 s of 75 s"
    assert "unknown" in {p.name for p in result.phases}


def test_late_samples_are_counted_and_change_nothing():
    analyzer = SessionAnalyzer(["chest"])
    t = np.arange(0, 4, 0.02)
    acc = np.tile([0.0, 0.0, G], (len(t), 1))
    analyzer.feed("chest", t[:150], acc[:150])
    first = analyzer.advance(2.5)
    analyzer.feed("chest", t[60:70], acc[60:70] * [1, 1, 2])
    analyzer.feed("chest", t[150:], acc[150:])
    result = analyzer.finish()
    assert_same(result.epochs[:2], first)
    assert "10 samples came too late to count" in result.sensors["chest"].problems


def test_falling_and_repeated_times_are_sorted_out_and_counted():
    chest = WORN["chest"]
    order = np.arange(len(chest.t_s))
    order[1000:1100] = order[1000:1100][::-1]
    order = np.concatenate([order[:500], order[480:500], order[500:]])
    mixed = SensorData(chest.t_s[order], chest.acc_m_s2[order])
    result = analyze({"chest": mixed})
    assert_same(result.epochs, analyze({"chest": chest}).epochs)
    said = result.sensors["chest"].problems
    assert "20 samples repeated a time and were left out" in said
    assert any("samples came with a time before their predecessor's" in p for p in said)


def test_epochs_wait_for_the_poses_that_were_announced():
    analyzer = SessionAnalyzer(WORN, poses=POSES)
    for name, s in WORN.items():
        analyzer.feed(name, s.t_s, s.acc_m_s2, s.gyr_rad_s)
    assert len(analyzer.advance(15.0)) == 0
    assert len(analyzer.advance(20.5)) == 20


def test_poses_told_during_the_session_count_from_then_on():
    analyzer = SessionAnalyzer(WORN)
    for name, s in WORN.items():
        r = rotation(7).T
        gyr = None if s.gyr_rad_s is None else s.gyr_rad_s @ r
        analyzer.feed(name, s.t_s, s.acc_m_s2 @ r, gyr)
    analyzer.advance(21.5)
    analyzer.set_poses(POSES)
    epochs = analyzer.finish().epochs
    np.testing.assert_allclose(
        epochs.knee_left_deg[21:], WHOLE.epochs.knee_left_deg[21:], rtol=0, atol=1e-6
    )


def test_without_the_nominal_mounting_a_leg_is_unknown_until_both_poses_are_told():
    analyzer = SessionAnalyzer(WORN, AnalysisSettings(assume_nominal=False))
    for name, s in WORN.items():
        analyzer.feed(name, s.t_s, s.acc_m_s2, s.gyr_rad_s)
    analyzer.advance(5.5)
    analyzer.set_poses(Poses(POSES.straight_s, None))
    analyzer.advance(21.5)
    analyzer.set_poses(POSES)
    epochs = analyzer.finish().epochs
    assert np.isnan(epochs.trunk_tilt_deg[:5]).all()
    assert np.isfinite(epochs.trunk_tilt_deg[5:]).all()
    assert np.isnan(epochs.knee_left_deg[:21]).all()
    np.testing.assert_allclose(
        epochs.knee_left_deg[21:], WHOLE.epochs.knee_left_deg[21:], rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("rest_m_s2", [6.96, 12.86, 26.0, 1.0])
def test_a_sensor_that_does_not_show_gravity_is_refused_with_its_number(rest_m_s2):
    thigh = WORN["left_thigh"]
    broken = dict(WORN) | {
        "left_thigh": SensorData(thigh.t_s, thigh.acc_m_s2 * rest_m_s2 / G, thigh.gyr_rad_s)
    }
    for poses in (None, POSES):
        result = analyze(broken, poses=poses)
        assert np.isnan(result.epochs.knee_left_deg).all()
        said = " ".join(result.sensors["left_thigh"].problems)
        assert f"reads {rest_m_s2:.1f} m/s2" in said
        assert "nothing is derived from it" in said
        assert not [m for m in result.movements if m.placement == "left_thigh"]


@pytest.mark.parametrize("scale", [0.88, 1.05])
def test_a_cheap_sensor_is_used_as_it_is(scale):
    cheap = {n: SensorData(s.t_s, s.acc_m_s2 * scale, s.gyr_rad_s) for n, s in WORN.items()}
    result = analyze(cheap, poses=POSES)
    # at 1 g the poses show an offset of a fraction of a milli-g, which is taken off
    np.testing.assert_allclose(
        result.epochs.knee_left_deg, WHOLE.epochs.knee_left_deg, rtol=0, atol=0.01
    )
    assert result.sensors["left_thigh"].problems == ()


def test_a_sensor_that_stops_measuring_is_unknown_after_five_seconds():
    thigh = WORN["left_thigh"]
    acc = thigh.acc_m_s2.copy()
    acc[thigh.t_s >= 40] = acc[2000]
    result = analyze(dict(WORN) | {"left_thigh": SensorData(thigh.t_s, acc)}, poses=POSES)
    assert np.isfinite(result.epochs.knee_left_deg[39])
    assert np.isnan(result.epochs.knee_left_deg[46:]).all()
    assert "it had stopped measuring" in result.sensors["left_thigh"].problems[0]


def test_a_hinge_that_stands_upright_is_unknown_with_and_without_poses():
    t = np.arange(0, 40, 0.01)
    up = np.tile([0.0, 0.0, G], (len(t), 1))
    rate = np.sign(np.sin(2 * np.pi * t / 8))[:, None] * [0.0, 0.0, np.radians(46)]
    two = {"left_thigh": SensorData(t, up, 0 * up), "left_shank": SensorData(t, up, rate)}
    for poses in (None, Poses((0, 3), (5, 8))):
        assert np.isnan(analyze(two, poses=poses).epochs.knee_left_deg).all()
    assert "gravity cannot show" in analyze(two).sensors["left_shank"].problems[0]


@pytest.mark.parametrize("placement", ["left_thigh", "left_shank"])
def test_one_leg_sensor_gives_an_estimate_that_says_so(placement):
    result = analyze({placement: WORN[placement]}, poses=POSES)
    both = WHOLE.epochs.knee_left_deg
    assert np.nanmax(np.abs(result.epochs.knee_left_deg[:7] - both[:7])) < 1.0
    off = result.epochs.knee_left_deg[20:] - both[20:]
    assert np.nanmax(np.abs(off)) < 9.0  # the model's shank is longer than usual
    note = next(n for n in result.notes if "Only one sensor on the left leg" in n)
    assert "is an estimate" in note
    told, known = result.summary["knee_left_deg"], WHOLE.summary["knee_left_deg"]
    assert told.high - told.low > known.high - known.low + 10


def test_one_shank_sensor_of_somebody_seated_gives_no_knee():
    t = np.arange(0, 40, 0.02)
    shank = SensorData(t, G * shank_up(np.where(t < 10, 88.0, 92.0)))
    result = analyze({"left_shank": shank}, poses=Poses((0, 8), (12, 20)))
    assert np.isnan(result.epochs.knee_left_deg).all()
    assert any("its knee angle is unknown" in n for n in result.notes)


def test_without_poses_the_notes_say_what_is_assumed():
    result = analyze(WORN)
    assert any("nominal" in n for n in result.notes)
    assert not any("nominal" in n for n in WHOLE.notes)


def test_a_gyroscope_that_contradicts_the_assumed_mounting_is_told():
    turn = rotation(3)
    thigh = WORN["left_thigh"]
    askew = SensorData(thigh.t_s, thigh.acc_m_s2 @ turn.T, thigh.gyr_rad_s @ turn.T)
    said = " ".join(analyze({"left_thigh": askew}).sensors["left_thigh"].problems)
    off = np.degrees(np.arccos(abs((turn @ [0, 1, 0])[1])))
    assert off > 30
    assert f"turned about an axis {off:.0f} deg from where its mounting should have it" in said
    assert analyze({"left_thigh": thigh}).sensors["left_thigh"].problems == ()


def bending_shank(seconds=40):
    """A thigh that lies flat and a shank that swings up by 80 deg and back, both as documented."""
    t = np.arange(0, seconds, 0.02)
    swing = 40 - 40 * np.cos(2 * np.pi * t / 20)
    ups = {"left_thigh": thigh_up(0 * t), "left_shank": shank_up(swing)}
    return {name: SensorData(t, G * up) for name, up in ups.items()}


def turned_round(sensor):
    return SensorData(sensor.t_s, sensor.acc_m_s2 * [-1, -1, 1])


def test_without_poses_a_sensor_that_sits_upside_down_is_found_and_said():
    worn = bending_shank()
    right = analyze(worn)
    assert "upside down" not in " ".join(right.notes)
    wrong = analyze({**worn, "left_shank": turned_round(worn["left_shank"])})
    assert any("upside down" in note and "left shank" in note for note in wrong.notes)
    np.testing.assert_allclose(wrong.epochs.knee_left_deg, right.epochs.knee_left_deg, atol=1e-9)


def test_where_several_sensors_may_sit_upside_down_the_knee_is_unknown():
    """Both turned round read -91 deg; turning back one alone would read 3 or -3."""
    legs = {p: turned_round(s) for p, s in WORN.items() if p != "chest"}
    result = analyze(legs)
    assert np.isnan(result.epochs.knee_left_deg[20:]).all()
    assert np.isnan(result.epochs.lean_left_deg[20:]).all()
    assert any("no knee is" in said for said in result.sensors["left_shank"].problems)


def test_a_heart_rate_sensor_is_used_where_present():
    analyzer = SessionAnalyzer(["chest"])
    chest = WORN["chest"]
    analyzer.feed("chest", chest.t_s, chest.acc_m_s2)
    for second in range(1, 60):
        analyzer.feed_beats(float(second), 70.0, np.array([0.8]))
    epochs = analyzer.finish().epochs
    assert epochs.heart_per_min[20:59] == pytest.approx(75.0)
    assert np.isnan(epochs.heart_per_min[66:]).all()


def test_nobody_worn_nothing_fed():
    assert len(SessionAnalyzer([]).finish().epochs) == 0
    result = SessionAnalyzer(["chest"]).finish()
    assert result.sensors["chest"].problems == ("sent nothing",)
    assert analyze({"chest": SensorData(np.array([0.0]), np.array([[0.0, 0, G]]))}).duration_s == 0


@pytest.mark.parametrize("poses", [None, POSES, Poses((0, 5), None), Poses((9, 2), (800, 900))])
@pytest.mark.parametrize("kind", ["zeros", "huge", "nan", "shaken", "slow", "backwards"])
def test_whatever_comes_there_is_a_result_and_no_knee_from_nothing(kind, poses):
    rng = np.random.default_rng(0)
    t = np.arange(0, 40, 0.8 if kind == "slow" else 0.02)
    acc = {
        "zeros": np.zeros((len(t), 3)),
        "huge": 1e300 * rng.normal(size=(len(t), 3)),
        "nan": np.full((len(t), 3), np.nan),
        "shaken": 30 * rng.normal(size=(len(t), 3)),
    }.get(kind, np.tile([0.0, 0.0, G], (len(t), 1)))
    if kind == "backwards":
        t = t[::-1] - 40.0  # all before the session began
    result = analyze(dict.fromkeys(WORN, SensorData(t, acc, acc)), poses=poses)
    assert np.isnan(result.epochs.knee_left_deg).all()
    assert all(sensor.problems for sensor in result.sensors.values())


@pytest.mark.parametrize(
    "t_s", [[0.0], [3.0], [0.0, 0.0], [-1.0, -2.0, -3.0], [0.9, 0.5, 0.1], [-0.5]]
)
def test_a_recording_with_samples_has_an_epoch(t_s):
    t = np.array(t_s)
    result = analyze({"chest": SensorData(t, np.tile([0.0, 0.0, G], (len(t), 1)))})
    assert len(result.epochs) == max(np.ceil(t.max()), 1)
    assert result.phases[0].start_s == 0
    assert result.phases[-1].end_s == len(result.epochs)
    assert np.isnan(result.epochs.breathing_per_min).all()


@pytest.mark.parametrize("poses", [None, POSES])
def test_the_same_samples_at_two_placements_are_told_and_say_nothing(poses):
    shank = WORN["left_shank"]
    result = analyze({**WORN, "left_thigh": shank}, poses=poses)
    assert np.isnan(result.epochs.knee_left_deg).all()
    assert np.isnan(result.epochs.lean_left_deg).all()
    for name, other in (("left_thigh", "left shank"), ("left_shank", "left thigh")):
        assert f"sent the very same samples as the {other}" in result.sensors[name].problems[0]
        assert not [m for m in result.movements if m.placement == name]
    assert result.sensors["chest"].problems == ()
    assert np.isfinite(result.epochs.trunk_tilt_deg).all()


def test_silent_sensors_are_no_twins():
    t = np.arange(0, 10, 0.02)
    flat = SensorData(t, np.tile([0.0, 0.0, G], (len(t), 1)))
    result = analyze({"left_thigh": flat, "left_shank": flat})
    assert np.isfinite(result.epochs.knee_left_deg).all()


def test_names_and_times_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="no placement is called 'knee'"):
        SessionAnalyzer(["knee"])
    analyzer = SessionAnalyzer(["chest"])
    with pytest.raises(InputError, match="no sensor is worn at 'head'"):
        analyzer.feed("head", [0.0], [[0.0, 0.0, G]])
    with pytest.raises(InputError, match="a sample at 1700000000 s, beyond a day"):
        analyzer.feed("chest", [1.7e9], [[0.0, 0.0, G]])
