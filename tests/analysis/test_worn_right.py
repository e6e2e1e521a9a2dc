"""Swapped and reversed sensors are found and said; of sensors worn right nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.pose_check import check_side
from analysis.results import Poses, SensorData
from analysis.whole import analyze
from devices.simulated.body import Body
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import session_script

PLACEMENTS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")
WORDS = ("swapped", "upside down", "off the body")


def worn(seed, *, nominal=False, duration_s=120.0):
    plan = session_script(duration_s, seed=seed)
    body = Body(plan, seed=seed)
    mounting = np.eye(3) if nominal else None
    sensors = {}
    for i, name in enumerate(PLACEMENTS):
        felt = feel(body, name, ImuSettings(fs_hz=25.0), seed=10 * seed + i, mounting=mounting)
        sensors[name] = SensorData(felt.t_s, felt.acc_m_s2, felt.gyr_rad_s)
    return sensors, Poses(plan.straight_s, plan.bent_s)


def said_of(sensors, poses):
    result = analyze(sensors, poses=poses)
    problems = [f"{n}: {p}" for n, s in result.sensors.items() for p in s.problems]
    return " ".join([*problems, *result.notes]), result


def reversed_(sensor):
    turn = np.array([-1.0, -1.0, 1.0])
    return SensorData(sensor.t_s, sensor.acc_m_s2 * turn, sensor.gyr_rad_s * turn)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_said_of_sensors_worn_right(seed):
    said, result = said_of(*worn(seed, nominal=bool(seed % 2)))
    assert not [w for w in WORDS if w in said]
    assert np.isfinite(result.epochs.knee_left_deg[35:85]).mean() > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_thigh_and_shank_swapped_are_found_when_the_wearer_stands_up(seed):
    sensors, poses = worn(seed)
    swap = {**sensors, "left_thigh": sensors["left_shank"], "left_shank": sensors["left_thigh"]}
    said, result = said_of(swap, poses)
    assert "the sensors of left thigh and shank are swapped" in said
    assert "right thigh and shank are swapped" not in said
    usual = analyze(sensors, poses=poses).epochs.knee_left_deg[40:85]
    np.testing.assert_allclose(result.epochs.knee_left_deg[40:85], usual, atol=0.01)


def test_worn_as_documented_swapped_sensors_are_asked_about_at_once():
    sensors, poses = worn(1, nominal=True)
    swap = {**sensors, "left_thigh": sensors["left_shank"], "left_shank": sensors["left_thigh"]}
    cut = {
        n: SensorData(s.t_s[:1500], s.acc_m_s2[:1500], s.gyr_rad_s[:1500]) for n, s in swap.items()
    }
    said, _ = said_of(cut, poses)
    assert "are thigh and shank swapped, or do both sit upside down?" in said


def test_a_sensor_upside_down_is_said_and_changes_nothing():
    sensors, poses = worn(2, nominal=True)
    said, result = said_of({**sensors, "right_shank": reversed_(sensors["right_shank"])}, poses)
    assert "The right shank sensor sits upside down" in said
    usual = analyze(sensors, poses=poses).epochs.knee_right_deg
    np.testing.assert_allclose(result.epochs.knee_right_deg, usual, atol=1e-6)


@pytest.mark.parametrize("swapped", [False, True])
def test_left_and_right_are_told_by_bending_one_leg(swapped):
    sensors, _ = worn(5)
    held = {n: s.acc_m_s2[150:350] for n, s in sensors.items()}
    bent = {n: s.acc_m_s2[800:900] for n, s in sensors.items()}
    now = {n: (bent if n.startswith("left") else held)[n] for n in sensors}
    if swapped:
        other = {"left": "right", "right": "left"}
        now = {
            f"{other[n[: n.index('_')]]}{n[n.index('_') :]}": a for n, a in now.items() if "_" in n
        }
        held = {
            f"{other[n[: n.index('_')]]}{n[n.index('_') :]}": a for n, a in held.items() if "_" in n
        }
    said = check_side("left", now, held)
    assert said == (
        ("left and right are swapped: the sensors of the right leg moved",) if swapped else ()
    )
