"""Up while moving: closed-form turns, any mounting, any cutting, gyroscopes that lie; BROAD."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.fusion import TOO_OFTEN, UpTracker, ups_at
from analysis.gravity import angle_deg
from analysis.grid import cell_means
from analysis.intake import FAST_HZ, Intake
from tests.analysis.leg_model import G, rotation, thigh_up

FS_HZ = 100.0


def swinging(seconds=60, seed=0, push_m_s2=2.0, offset=(0.02, -0.03, 0.01)):
    """A thigh at rest that then swings by 60 deg at 0.4 Hz and is pushed to and fro at 1.3 Hz."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / FS_HZ)
    moving = np.clip((t - 10) / 2, 0, 1)
    turn = 30 * moving * (1 - np.cos(2 * np.pi * 0.4 * (t - 10)))
    up = thigh_up(turn)
    push = push_m_s2 * moving * np.sin(2 * np.pi * 1.3 * t)
    acc = G * up + push[:, None] * [1.0, 0.0, 0.0] + 0.03 * rng.normal(size=up.shape)
    gyr = np.gradient(np.radians(turn))[:, None] * FS_HZ * [0.0, 1.0, 0.0]
    gyr = gyr + offset + 0.001 * rng.normal(size=up.shape)
    return t, acc, gyr, up


def track(t, acc, gyr, chunks):
    """Epochs fed and closed in runs that end at `chunks`."""
    intake = Intake()
    tracker = UpTracker(intake)
    out, done = [], 0
    for end in chunks:
        inside = (t >= done) & (t < end)
        intake.feed(t[inside], acc[inside], gyr[inside], 0, float(done))
        intake.close(done, end)
        out.append(tracker.update(done, end - done, np.full(end - done, G)))
        done = end
    return np.concatenate(out), tracker


def error_deg(ups, up, every=100):
    """Against the truth at each epoch's end; the sample there is the next second's first."""
    truth = up[every::every]
    return angle_deg(ups[: len(truth)], truth)


def test_pushes_and_turns_are_told_apart():
    t, acc, gyr, up = swinging()
    ups, tracker = track(t, acc, gyr, [60])
    off = error_deg(ups, up)
    assert np.nanmax(off[13:]) < 1.0  # the accelerometer alone is off by up to 8 deg
    assert tracker.n_fused == np.isfinite(ups[:, 0]).sum() >= 57
    alone = acc[::100][1:] / np.linalg.norm(acc[::100][1:], axis=1)[:, None]
    assert angle_deg(alone, up[100::100])[13:].max() > 7.0


@settings(max_examples=10)
@given(st.lists(st.integers(1, 59), min_size=1, max_size=8, unique=True), st.integers(0, 1000))
def test_any_cutting_and_any_mounting_give_the_same(cuts, seed):
    t, acc, gyr, _ = swinging()
    whole, _ = track(t, acc, gyr, [60])
    turned = rotation(seed)
    cut, _ = track(t, acc @ turned.T, gyr @ turned.T, [*sorted(cuts), 60])
    np.testing.assert_allclose(cut @ turned, whole, rtol=0, atol=1e-9)


def test_nothing_is_carried_over_a_gap():
    t, acc, gyr, up = swinging()
    keep = (t < 30) | (t >= 33)
    ups, _ = track(t[keep], acc[keep], gyr[keep], [60])
    assert np.isnan(ups[30:34, 0]).all()
    assert np.nanmax(error_deg(ups, up)[44:]) < 1.0
    other = np.where((t < 30)[:, None], acc[::-1], acc)  # another world before the gap
    again, _ = track(t[keep], other[keep], gyr[keep], [60])
    seen = np.isfinite(again[34:, 0])
    np.testing.assert_allclose(again[34:][seen], ups[34:][seen], atol=0.01)


def test_before_a_still_second_was_seen_there_is_no_answer():
    t, acc, gyr, _ = swinging()
    late = t >= 13
    ups, tracker = track(t[late] - 13, acc[late], gyr[late], [47])
    assert np.isnan(ups).all()
    tracker.begin(np.array([0.02, -0.03, 0.01]))
    again, _ = track(t, acc, gyr, [60])
    assert np.isfinite(again[20]).all()


@pytest.mark.parametrize("fault", ["degrees", "axes", "half"])
def test_a_gyroscope_that_lies_is_found_and_left_out(fault):
    """Slow turns between rests: at each rest gravity shows what the gyroscope should have said."""
    t = np.arange(0, 400, 1 / FS_HZ)
    turn = 40 * np.clip(np.mod(t, 20) - 10, 0, 2) / 2 * np.where(np.mod(t, 40) < 20, 1, 0)
    turn = turn + 40 * (1 - np.clip(np.mod(t - 20, 40) - 10, 0, 2) / 2) * (np.mod(t, 40) >= 20)
    acc = G * thigh_up(turn)
    gyr = np.gradient(np.radians(turn))[:, None] * FS_HZ * [0.0, 1.0, 0.0]
    wrong = {"degrees": np.degrees(gyr), "axes": gyr[:, [1, 0, 2]], "half": 0.5 * gyr}[fault]
    right_ups, right = track(t, acc, gyr, [400])
    wrong_ups, found = track(t, acc, wrong, [400])
    assert right.n_disagreeing == 0
    assert right.problem() == ""
    assert found.n_disagreeing >= TOO_OFTEN
    assert "gyroscope contradicted its accelerometer" in found.problem()
    last = np.flatnonzero(np.isfinite(wrong_ups[:, 0]))[-1]
    assert last < 390
    assert np.nanmax(error_deg(right_ups, thigh_up(turn))) < 0.2


@pytest.mark.parametrize(
    ("name", "vqf_deg"),
    [
        ("02_undisturbed_slow_rotation_B", 0.43),
        ("05_undisturbed_slow_rotation_with_breaks_B", 0.35),
        ("10_undisturbed_slow_translation_A", 0.30),
        ("14_undisturbed_slow_translation_with_breaks_B", 0.41),
        ("25_disturbed_tapping_B", 0.38),
    ],
)
def test_a_board_moved_by_hand_is_as_level_as_vqf_has_it(recordings, name, vqf_deg):
    """VQF's own error moving, computed with vqf 2.1.1's defaults on the same rows."""
    path = recordings / f"knee/broad/{name}.npz"
    if not path.exists():
        pytest.skip(f"no {path.name}")
    with np.load(path) as data:
        fs_hz, moving = float(data["fs"]), data["movement"]
        acc, gyr = data["imu_acc"].astype(float), data["imu_gyr"].astype(float)
        w, x, y, z = data["opt_quat"].astype(float).T
    up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
    t = np.arange(len(acc)) / fs_hz
    gyr = gyr - gyr[:2000].mean(axis=0)  # it begins at rest
    n = int(t[-1] * FAST_HZ) - 1
    cells = cell_means(t - 0.5 / fs_hz, np.concatenate([acc, gyr], axis=1), 0, n, FAST_HZ)
    ends_s = (np.arange(n) + 1) / FAST_HZ
    at = np.clip(np.round(ends_s * fs_hz).astype(int), 0, len(t) - 1)
    truth = np.stack([np.interp(ends_s, t, column) for column in up.T], axis=1)
    off = angle_deg(ups_at(cells[:, :3], cells[:, 3:]), truth)[moving[at]]
    assert np.sqrt(np.nanmean(off**2)) < vqf_deg + 0.03
