"""What is said about a sensor, with the numbers in it."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.intake import Intake, sample_rate_hz
from analysis.quality import is_frozen, is_trusted, rest_problem, summary
from tests.analysis.leg_model import G


def intake_of(t, acc, end):
    intake = Intake()
    intake.feed(t, acc, None, 3, 0.0)
    intake.close(0, end)
    return intake


def still(t, noise=0.02):
    rng = np.random.default_rng(0)
    return np.array([0.0, 0.0, G]) + noise * rng.normal(size=(len(t), 3))


@pytest.mark.parametrize(
    ("rest", "trusted", "words"),
    [
        (6.96, False, "reads 7.0 m/s2 (0.71 g) at rest instead of 9.8: nothing is derived from it"),
        (12.86, False, "reads 12.9 m/s2 (1.31 g)"),
        (26.0, False, "reads 26.0 m/s2 (2.65 g)"),
        (8.1, True, "reads 8.1 m/s2 (0.83 g) at rest instead of 9.8: its angles may be off"),
        (96.2, False, "as if m/s2 were called g"),
        (0.98, False, "as if g were called m/s2"),
        (8.7, True, ""),
        (10.3, True, ""),
    ],
)
def test_rest_is_judged_and_told(rest, trusted, words):
    assert bool(is_trusted(np.array(rest))) is trusted
    said = rest_problem(rest)
    assert words in said
    assert bool(words) is bool(said)


@pytest.mark.parametrize("fs_hz", [10, 25, 50, 52, 100, 208])
def test_the_rate_and_the_coverage_of_a_whole_stream(fs_hz):
    t = np.arange(0, 60, 1 / fs_hz)
    intake = intake_of(t, still(t), 60)
    assert sample_rate_hz(intake) == pytest.approx(fs_hz, abs=0.5)
    heard = summary(intake, 60.0, ())
    assert heard.coverage == 1.0
    assert heard.n_samples == len(t)
    assert heard.n_lost == 3
    assert heard.problems == ()


def test_a_sensor_that_has_fallen_asleep_is_told():
    t = np.arange(0, 60, 0.8)
    heard = summary(intake_of(t, still(t), 60), 60.0, ())
    assert heard.problems[0].startswith("sends 1.2 samples a second, at least 5 are needed")


def test_the_rate_is_not_pulled_down_by_a_gap():
    t = np.arange(0, 60, 0.01)
    t = t[(t < 10.35) | (t > 40.77)]
    intake = intake_of(t, still(t), 60)
    assert sample_rate_hz(intake) == pytest.approx(100, abs=0.5)
    assert summary(intake, 60.0, ()).coverage == pytest.approx(1 - 30.4 / 60, abs=0.004)


def test_samples_that_are_not_numbers_are_counted_and_not_covered():
    t = np.arange(0, 20, 0.02)
    acc = still(t)
    acc[t >= 15] = np.nan
    heard = summary(intake_of(t, acc, 20), 20.0, ("and more",))
    assert heard.coverage == pytest.approx(0.75)
    assert heard.problems[0].startswith("was not heard for 5 s of 20 s")
    assert (
        heard.problems[1]
        == "250 samples were not numbers, or beyond any sensor's range, and were left out"
    )
    assert heard.problems[-1] == "and more"


def test_a_simulation_without_noise_is_not_frozen():
    t = np.arange(0, 20, 0.02)
    assert not is_frozen(intake_of(t, still(t, noise=0.0), 20), 0, 20).any()


def test_a_sensor_that_froze_is_found_after_five_seconds():
    t = np.arange(0, 20, 0.02)
    acc = still(t)
    acc[t >= 10] = acc[499]
    frozen = is_frozen(intake_of(t, acc, 20), 0, 20)
    assert not frozen[:14].any()
    assert frozen[15:].all()


@pytest.mark.parametrize("noise_steps", [0.0, 0.2, 0.5])
def test_a_coarse_sensor_at_rest_is_not_frozen(noise_steps):
    """Steps of 0.01 g on a machine that hums, then stops: one value for 100 s is what it sees."""
    step = 0.01 * G
    t = np.arange(0, 120, 0.02)
    rng = np.random.default_rng(1)
    fine = np.array([0.0, 0.3 * step, G]) + noise_steps * step * rng.normal(size=(len(t), 3))
    acc = step * np.round(fine / step)
    acc[t >= 20] = step * np.round(np.array([0.0, 0.3 * step, G]) / step)
    assert not is_frozen(intake_of(t, acc, 120), 0, 120).any()


@pytest.mark.parametrize("noise_steps", [1.5, 4.0])
def test_a_sensor_that_resolves_its_noise_and_then_repeats_itself_is_frozen(noise_steps):
    step = 0.0005 * G
    t = np.arange(0, 60, 0.02)
    acc = step * np.round(still(t, noise=noise_steps * step) / step)
    acc[t >= 20] = acc[999]
    assert is_frozen(intake_of(t, acc, 60), 0, 60)[25:].all()
