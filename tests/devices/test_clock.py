"""The clock map against a link whose every delay we made ourselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chunk import FloatArray
from devices.clock import ClockMap, Loss
from devices.driver import ClockKind

FS_HZ = 100.0
INTERVAL_S = 0.03  # a common connection interval


def arrivals(true_s: FloatArray, *, missed: float, jitter_s: float, seed: int) -> FloatArray:
    """When samples of these true times arrive: at the next connection event that works, then late
    by up to `jitter_s` inside the computer, in order, never early and never lost."""
    random = np.random.default_rng(seed)
    n_events = int(true_s[-1] / INTERVAL_S) + 1000
    works = random.random(n_events) >= missed
    works[-1] = True
    next_working = np.flatnonzero(works)[np.searchsorted(np.flatnonzero(works), range(n_events))]
    event = next_working[np.floor(true_s / INTERVAL_S).astype(int) + 1]
    late_s = random.uniform(0.0, jitter_s, n_events)
    return np.asarray(np.maximum.accumulate(event * INTERVAL_S + late_s[event]))


def stream(drift: float, seconds: float = 240.0) -> tuple[FloatArray, FloatArray]:
    """Device time that began half a second after the session, and the truth behind it."""
    t_device_s = np.arange(0.0, seconds, 1.0 / FS_HZ)
    return t_device_s, 0.5 + t_device_s * (1.0 + drift)


@pytest.mark.parametrize(
    ("kind", "drift"),
    [
        (ClockKind.DEVICE, 100e-6),
        (ClockKind.DEVICE, -100e-6),
        (ClockKind.COUNTER, 7000e-6),
        (ClockKind.COUNTED, 7000e-6),
        (ClockKind.COUNTED, -7000e-6),
    ],
)
@pytest.mark.parametrize("jitter_s", [0.0, 0.15])
def test_constant_drift_over_a_bad_link(kind: ClockKind, drift: float, jitter_s: float) -> None:
    t_device_s, true_s = stream(drift)
    for seed in range(3):
        t_arrival_s = arrivals(true_s, missed=0.1, jitter_s=jitter_s, seed=seed)
        t_s, losses = ClockMap(kind, FS_HZ).map_and_losses(t_device_s, t_arrival_s)
        error_s = (t_s - true_s)[t_device_s > 60.0]
        assert np.abs(error_s).max() < 0.020
        assert np.sqrt(np.mean(error_s**2)) < 0.010
        assert (np.diff(t_s) > 0).all()
        assert losses == []


def test_a_constant_delay_is_all_that_remains_of_a_perfect_link() -> None:
    t_device_s, true_s = stream(50e-6)
    t_s = ClockMap(ClockKind.DEVICE, FS_HZ).map(t_device_s, true_s + 0.01)
    np.testing.assert_allclose((t_s - true_s)[t_device_s > 20.0], 0.01, atol=1e-4)


def test_firmware_that_streams_at_twice_its_rate_is_followed() -> None:
    t_device_s, _ = stream(0.0)
    true_s = t_device_s / 2
    t_s, losses = ClockMap(ClockKind.COUNTED, FS_HZ).map_and_losses(t_device_s, true_s)
    np.testing.assert_allclose(t_s[t_device_s > 60.0], true_s[t_device_s > 60.0], atol=0.02)
    assert losses == []


@given(
    kind=st.sampled_from(list(ClockKind)),
    drift=st.floats(-0.008, 0.008),
    seed=st.integers(0, 1000),
    hole=st.tuples(st.integers(500, 2000), st.integers(0, 1500)),
    restart=st.integers(0, 3000),
    cuts=st.sets(st.integers(1, 2999), max_size=30),
)
def test_times_rise_and_do_not_depend_on_how_the_stream_is_cut(
    kind: ClockKind,
    drift: float,
    seed: int,
    hole: tuple[int, int],
    restart: int,
    cuts: set[int],
) -> None:
    t_device_s, true_s = stream(drift, 30.0 + hole[1] / FS_HZ)
    t_arrival_s = arrivals(true_s, missed=0.1, jitter_s=0.15, seed=seed)
    kept = np.delete(np.arange(len(t_device_s)), slice(hole[0], hole[0] + hole[1]))[:3000]
    t_device_s, t_arrival_s = t_device_s[kept], t_arrival_s[kept]
    t_device_s[restart:] -= 7.0  # the device's clock jumps back
    whole, parts = ClockMap(kind, FS_HZ), ClockMap(kind, FS_HZ)
    t_s, losses = whole.map_and_losses(t_device_s, t_arrival_s)
    assert (np.diff(t_s) > 0).all()
    bounds = [0, *sorted(cuts), 3000]
    pieces, piece_losses = [], []
    for a, b in itertools.pairwise(bounds):
        piece, lost = parts.map_and_losses(t_device_s[a:b], t_arrival_s[a:b])
        pieces.append(piece)
        piece_losses += [Loss(at + a, n) for at, n in lost]
    np.testing.assert_array_equal(np.concatenate(pieces), t_s)
    assert piece_losses == losses


@pytest.mark.parametrize("n_lost", [20, 50, 150])
def test_a_counted_stream_notices_a_lasting_step_as_loss(n_lost: int) -> None:
    _, true_s = stream(7000e-6)
    t_arrival_s = arrivals(true_s, missed=0.1, jitter_s=0.02, seed=1)
    kept = np.delete(np.arange(len(true_s)), slice(12_000, 12_000 + n_lost))
    counted_s = np.arange(len(kept)) / FS_HZ
    t_s, losses = ClockMap(ClockKind.COUNTED, FS_HZ).map_and_losses(counted_s, t_arrival_s[kept])
    (loss,) = losses
    assert loss.n_lost == pytest.approx(n_lost, abs=3)
    assert 12_000 <= loss.at <= 12_500  # sure within five seconds
    assert np.abs(t_s - true_s[kept])[loss.at :].max() < 0.03


def test_a_counted_stream_notices_a_long_hole_at_once() -> None:
    _, true_s = stream(7000e-6)
    t_arrival_s = arrivals(true_s, missed=0.0, jitter_s=0.0, seed=1)
    kept = np.delete(np.arange(len(true_s)), slice(6000, 8000))
    counted_s = np.arange(len(kept)) / FS_HZ
    t_s, losses = ClockMap(ClockKind.COUNTED, FS_HZ).map_and_losses(counted_s, t_arrival_s[kept])
    (loss,) = losses
    assert loss.at == 6000
    assert loss.n_lost == pytest.approx(2000, abs=4)
    assert np.abs(t_s - true_s[kept])[3000:].max() < 0.02


def test_a_stall_that_delivers_everything_late_is_no_loss() -> None:
    t_device_s, true_s = stream(7000e-6)
    t_arrival_s = arrivals(true_s, missed=0.1, jitter_s=0.02, seed=1)
    stalled = (t_arrival_s > 100.0) & (t_arrival_s < 101.8)
    t_arrival_s[stalled] = 101.8
    t_s, losses = ClockMap(ClockKind.COUNTED, FS_HZ).map_and_losses(t_device_s, t_arrival_s)
    assert losses == []
    assert np.abs(t_s - true_s)[6000:].max() < 0.02


def test_a_steady_trickle_of_loss_looks_like_a_slow_clock_and_times_stay_right() -> None:
    _, true_s = stream(0.0)
    kept = np.flatnonzero(np.arange(len(true_s)) % 50)  # every fiftieth is lost
    counted_s = np.arange(len(kept)) / FS_HZ
    t_s = ClockMap(ClockKind.COUNTED, FS_HZ).map(counted_s, true_s[kept] + 0.01)
    np.testing.assert_allclose(t_s[6000:], true_s[kept][6000:] + 0.01, atol=0.02)


def test_a_sensor_with_a_clock_needs_no_estimate() -> None:
    t_device_s, true_s = stream(50e-6)
    kept = np.delete(np.arange(len(true_s)), slice(6000, 8000))
    clock = ClockMap(ClockKind.DEVICE, FS_HZ)
    t_s, losses = clock.map_and_losses(t_device_s[kept], true_s[kept] + 0.01)
    assert losses == []
    np.testing.assert_allclose(t_s, true_s[kept] + 0.01, atol=0.005)


def test_a_device_that_restarts_is_mapped_anew() -> None:
    t_device_s, true_s = stream(50e-6)
    restarted_s = np.where(t_device_s < 100.0, t_device_s + 5000.0, t_device_s)
    t_s = ClockMap(ClockKind.DEVICE, FS_HZ).map(restarted_s, true_s + 0.01)
    np.testing.assert_allclose(t_s, true_s + 0.01, atol=0.005)


def test_no_samples_are_no_times() -> None:
    nothing = np.empty(0)
    assert ClockMap(ClockKind.DEVICE, FS_HZ).map(nothing, nothing).shape == (0,)


def test_a_sensor_far_faster_than_it_says_keeps_the_clock_going_and_its_times_rising() -> None:
    """Ten samples for each that is due: the count runs ahead of arrivals without end."""
    n = np.arange(3000)
    clock = ClockMap(ClockKind.COUNTED, fs_hz=10.0)
    t_s = clock.map(n / 10.0, n / 100.0)
    assert (np.diff(t_s) > 0).all()
