"""Double taps: a finger is found, a body is not mistaken for one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.results import FloatArray
from analysis.taps import DoubleTaps

FINE_HZ = 2000.0
N = 30
Happening = Callable[[FloatArray, np.random.Generator], FloatArray]


def quiet(n: int) -> FloatArray:
    return np.tile([0.0, 0.0, 9.81], (n, 1))


def knocks(at_s: list[float], fs_hz: float = 100.0, until_s: float = 6.0) -> list[float]:
    """Feed 20 ms knocks of 12 m/s2 to a resting sensor."""
    t = np.arange(0.0, until_s, 1.0 / fs_hz)
    acc = quiet(len(t))
    for at in at_s:
        acc[(t >= at - 1e-9) & (t < at + 0.02 - 1e-9), 0] = 12.0
    return DoubleTaps().feed(t, acc)


# --- what a sensor on a body feels, finely sampled, filtered by the chip, then sampled ----------


def tap(t: FloatArray, at_s: float, rng: np.random.Generator) -> FloatArray:
    since_s = t - at_s
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    hard = rng.uniform(8.0, 30.0)
    knock = np.where((since_s >= 0) & (since_s < 0.015), np.sin(np.pi * since_s / 0.015), 0.0)
    late_s = np.clip(since_s, 0.0, 1.0)
    ring = np.exp(-late_s / 0.02) * np.sin(2 * np.pi * rng.uniform(20, 40) * late_s)
    return np.outer(hard * (knock + 0.5 * ring * (since_s >= 0) * (since_s < 1)), way)


def double(t: FloatArray, rng: np.random.Generator) -> FloatArray:
    return tap(t, 4.0, rng) + tap(t, 4.0 + rng.uniform(0.17, 0.4), rng)


def single(t: FloatArray, rng: np.random.Generator) -> FloatArray:
    return tap(t, 4.0, rng)


def coughs(t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """One to three: a sudden start, then a fifth of a second of shaking."""
    out = np.zeros((len(t), 3))
    at_s = 4.0
    for _ in range(rng.integers(1, 4)):
        since_s = t - at_s
        shape = np.exp(-0.5 * ((since_s - 0.1) / rng.uniform(0.06, 0.12)) ** 2)
        shake = np.sin(2 * np.pi * rng.uniform(3, 8) * since_s + rng.uniform(0, 6))
        way = rng.normal(size=3)
        out += np.outer(rng.uniform(3, 15) * shape * shake, way / np.linalg.norm(way))
        out += 0.4 * tap(t, at_s + 0.02, rng)
        at_s += rng.uniform(0.3, 0.7)
    return out


def fidget(t: FloatArray, rng: np.random.Generator) -> FloatArray:
    share = np.clip((t - 4.0) / rng.uniform(0.5, 3.0), 0.0, 1.0)
    out = np.zeros((len(t), 3))
    for _ in range(5):
        wave = np.sin(2 * np.pi * rng.uniform(0.7, 6.0) * t + rng.uniform(0, 6))
        out += np.outer(rng.uniform(0.3, 4.0) * wave, rng.normal(size=3))
    return out * np.sin(np.pi * share)[:, None]


def sitting_up(t: FloatArray, rng: np.random.Generator) -> FloatArray:
    takes_s = rng.uniform(1.0, 3.0)
    share = np.clip((t - 3.0) / takes_s, 0.0, 1.0)
    tilt = np.pi / 2 * (10 * share**3 - 15 * share**4 + 6 * share**5)
    turn = np.stack([np.sin(tilt), 0.0 * tilt, np.cos(tilt) - 1.0], axis=1) * 9.81
    return turn + 0.5 * fidget(t, rng) + 0.5 * tap(t, 3.0 + takes_s, rng)


def n_found(happening: Happening, fs_hz: float, lowpass_hz: float) -> int:
    from scipy.signal import butter, sosfilt  # noqa: PLC0415

    chip = butter(2, lowpass_hz, fs=FINE_HZ, output="sos")
    n = 0
    for seed in range(N):
        rng = np.random.default_rng(seed)
        t = np.arange(0.0, 8.0, 1.0 / FINE_HZ)
        felt = np.sin(2 * np.pi * 0.25 * t)[:, None] * 0.05 + happening(t, rng)
        felt = sosfilt(chip, felt, axis=0)
        at = np.arange(rng.uniform(0.0, 1.0 / fs_hz), 8.0, 1.0 / fs_hz)
        acc = np.stack([np.interp(at, t, felt[:, k]) for k in range(3)], axis=1) + quiet(len(at))
        n += len(DoubleTaps().feed(at, acc + rng.normal(0.0, 0.05, acc.shape)))
    return n


# --- the answer is visible ----------------------------------------------------------------------


def test_two_knocks_a_quarter_of_a_second_apart_are_told_at_the_second() -> None:
    assert knocks([3.0, 3.25]) == pytest.approx([3.25])


@pytest.mark.parametrize(
    "at_s",
    [[3.0], [3.0, 3.7], [3.0, 3.25, 3.5], [3.0, 3.05], [0.2, 0.45]],
    ids=["one", "far apart", "three", "ringing", "before it was quiet"],
)
def test_other_knocks_are_no_double_tap(at_s: list[float]) -> None:
    assert knocks(at_s) == []


def test_two_pairs_are_two() -> None:
    assert knocks([2.0, 2.3, 4.0, 4.2]) == pytest.approx([2.3, 4.2])


def test_a_hole_in_the_stream_between_the_knocks_ends_the_wait() -> None:
    t = np.arange(0.0, 6.0, 0.01)
    acc = quiet(len(t))
    acc[(np.abs(t - 3.0) < 0.011) | (np.abs(t - 3.3) < 0.011), 0] = 12.0
    lost = (t > 3.1) & (t < 3.25)
    assert DoubleTaps().feed(t, acc) != []
    assert DoubleTaps().feed(t[~lost], acc[~lost]) == []


def test_a_time_that_is_not_finite_is_refused_with_the_count() -> None:
    with pytest.raises(InputError, match="1 values that are not finite"):
        DoubleTaps().feed([0.0, np.nan], quiet(2))


# --- laws -----------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 599), max_size=8), st.integers(0, 5))
def test_any_cutting_gives_the_same(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(600) / 50.0
    acc = quiet(600) + double(t, rng)
    taps, found = DoubleTaps(), []
    for part in np.split(np.arange(600), sorted(set(cuts))):
        found += taps.feed(t[part], acc[part])
    assert found == DoubleTaps().feed(t, acc)


@given(st.integers(0, 1000))
def test_the_sensor_may_sit_any_way_round(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    t = np.arange(0.0, 6.0, 0.01)
    acc = quiet(len(t)) + double(t, rng)
    assert DoubleTaps().feed(t, acc @ turn.T) == DoubleTaps().feed(t, acc)


# --- by simulation --------------------------------------------------------------------------------


@pytest.mark.parametrize(("fs_hz", "chip_hz"), [(25.0, 10.0), (50.0, 20.0), (100.0, 20.0)])
def test_a_finger_is_found_by_sensors_that_filter(fs_hz: float, chip_hz: float) -> None:
    assert n_found(double, fs_hz, chip_hz) >= 0.95 * N


@pytest.mark.parametrize("happening", [single, coughs, fidget, sitting_up])
@pytest.mark.parametrize(("fs_hz", "chip_hz"), [(50.0, 20.0), (100.0, 40.0)])
def test_a_body_is_not_taken_for_a_finger(
    happening: Happening, fs_hz: float, chip_hz: float
) -> None:
    assert n_found(happening, fs_hz, chip_hz) == 0
