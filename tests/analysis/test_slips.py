"""A strap slips: the calibration expires, it is said when, and a moving leg is not a slip."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.results import Poses, SensorData
from analysis.whole import analyze
from tests.analysis.leg_model import G, rotation, shank_up, thigh_up

POSES = Poses((2, 8), (14, 20))
SLIP_S = 60.4


def leg(seconds=120, extra=None, fs_hz=25.0):
    """Straight, bent from 12 s on, with a sway of both; noise of 3 mg.  `extra` adds to the turns."""
    rng = np.random.default_rng(0)
    t = np.arange(0, seconds, 1 / fs_hz)
    bend = np.clip((t - 8) / 4, 0, 1)
    lean = 3 * np.sin(2 * np.pi * t / 40) * np.clip((t - 20) / 5, 0, 1)
    turns = np.stack([47 * bend, 44 * bend])
    if extra is not None:
        turns = turns + extra(t)
    ups = {"left_thigh": thigh_up(turns[0], lean), "left_shank": shank_up(turns[1], lean)}
    return t, {p: G * (up + 0.003 * rng.normal(size=up.shape)) for p, up in ups.items()}


def about(axis, deg):
    """Rotation by `deg` about a unit `axis` (Rodrigues)."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(deg)
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def slipped(segment, axis, deg, over_s=1.0):
    t, acc = leg()
    mount = rotation(5)
    acc = {p: a @ mount.T for p, a in acc.items()}
    share = np.clip((t - SLIP_S) / over_s, 0, 1)
    rows = acc[segment]
    acc[segment] = np.array(
        [about(axis, deg * s) @ row if s else row for s, row in zip(share, rows, strict=True)]
    )
    return analyze({p: SensorData(t, a) for p, a in acc.items()}, poses=POSES)


def bent_up():
    """Where up is in the (turned) sensor axes while the leg is bent."""
    return {
        "left_thigh": rotation(5) @ thigh_up(47.0),
        "left_shank": rotation(5) @ shank_up(44.0),
    }


@pytest.mark.parametrize("segment", ["left_thigh", "left_shank"])
@pytest.mark.parametrize("deg", [15.0, -20.0, 25.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_slip_within_a_second_is_found_wherever_gravity_shows_it(segment, deg, seed):
    axis = np.random.default_rng(seed).normal(size=3)
    axis /= np.linalg.norm(axis)
    up = bent_up()[segment]
    seen = np.degrees(np.arccos(np.clip(up @ about(axis, deg) @ up, -1, 1)))
    result = slipped(segment, axis, deg)
    knee, lean = result.epochs.knee_left_deg, result.epochs.lean_left_deg
    said = " ".join(p for s in result.sensors.values() for p in s.problems)
    if seen > 9:
        assert np.isnan(knee[62:]).all()
        assert np.isnan(lean[62:]).all()
        assert f"the {segment.replace('_', ' ')} turned by" in said
        assert "Tighten it and hold both poses again" in said
    elif seen < 4:
        assert "slipped" not in said
        assert np.abs(knee[30:] - 91).max() < 5
    assert np.isfinite(knee[22:60]).all()


def test_a_slow_slip_across_the_hinge_shows_in_the_leans():
    across = np.cross(bent_up()["left_shank"], rotation(5) @ [0.0, 1.0, 0.0])
    result = slipped("left_shank", across, 20.0, over_s=40.0)
    assert np.isnan(result.epochs.knee_left_deg[-10:]).all()
    assert any("lean" in p and "apart" in p for p in result.sensors["left_shank"].problems)


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (lambda t: np.stack([6 * _ramp(t, 60, 1), 6 * _ramp(t, 60, 1)]), "the foot slides"),
        (lambda t: np.stack([0 * t, 30 * (_ramp(t, 60, 1) - _ramp(t, 64, 1))]), "a foot is lifted"),
        (lambda t: np.stack([60 * (_ramp(t, 60, 4) - _ramp(t, 70, 4)), 0 * t]), "knee to chest"),
        (lambda t: np.stack([0 * t, 5 * _ramp(t, 60, 1)]), "skin moves"),
    ],
)
def test_a_leg_that_moves_has_not_slipped(extra, what):
    t, acc = leg(extra=extra)
    result = analyze({p: SensorData(t, a) for p, a in acc.items()}, poses=POSES)
    assert not any("slipped" in p for s in result.sensors.values() for p in s.problems), what
    assert np.isfinite(result.epochs.knee_left_deg[90:]).all()


def _ramp(t, start, length):
    return np.clip((t - start) / length, 0, 1)
