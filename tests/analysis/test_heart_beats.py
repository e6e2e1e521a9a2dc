"""Beats of the chest's knock and RMSSD: drawn intervals come back; a bad knock has none."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.beats import Beats
from analysis.heart_beats import successive_differences_ms, window_beats
from analysis.results import SensorData
from analysis.session import SessionAnalyzer
from analysis.variability import differences_ms
from analysis.whole import analyze

FS_HZ = 100.0


def beats_of(n: int, rmssd_ms: float, seed: int = 0) -> np.ndarray:
    """Beats about 65 per minute whose successive differences have this root mean square."""
    rng = np.random.default_rng(seed)
    interval_s = 0.92 + rng.normal(
        0, rmssd_ms / 1000 / np.sqrt(2), n
    )  # independent: difference is √2
    return np.cumsum(interval_s)


def chest(
    beats_s: np.ndarray, duration_s: float, fs_hz: float, noise_mg: float = 0.5
) -> SensorData:
    """A lying chest that knocks twice a beat and breathes."""
    rng = np.random.default_rng(1)
    t_s = np.arange(0, duration_s, 1 / fs_hz)
    since_s = t_s - beats_s[np.clip(np.searchsorted(beats_s, t_s) - 1, 0, len(beats_s) - 1)]
    knock_mg = np.zeros_like(t_s)
    for delay_s, size_mg in ((0.1, 6.0), (0.4, 3.0)):
        x = since_s - delay_s
        knock_mg += size_mg * np.exp(-((x / 0.03) ** 2)) * np.sin(2 * np.pi * 15 * x)
    breath_mg = 4 * np.sin(2 * np.pi * 0.22 * t_s)
    mg = np.stack([breath_mg, 0.3 * knock_mg, 1000 + knock_mg], axis=1)
    return SensorData(t_s, 9.80665e-3 * (mg + rng.normal(0, noise_mg, mg.shape)))


def test_beats_lie_where_they_were_drawn_to_a_few_milliseconds():
    beats_s = beats_of(30, 40.0)
    data = chest(beats_s, 20.0, FS_HZ)
    found = window_beats(data.acc_m_s2[np.newaxis], FS_HZ, np.array([65.0]))[0]
    off_s = found.t_s[:, np.newaxis] - beats_s
    nearest_s = off_s[np.arange(len(off_s)), np.abs(off_s - 0.1).argmin(axis=1)]
    assert np.std(nearest_s) < 0.004
    assert found.quality > 0.85


@pytest.mark.parametrize("drawn_ms", [15.0, 40.0, 80.0])
def test_rmssd_of_a_session_is_the_one_that_was_drawn(drawn_ms: float):
    beats_s = beats_of(220, drawn_ms)
    told = analyze({"chest": chest(beats_s, 180.0, FS_HZ)}).summary["rmssd_ms"]
    truth = float(np.sqrt((np.diff(np.diff(beats_s[beats_s < 180])) ** 2).mean())) * 1000
    assert told.value == pytest.approx(truth, rel=0.15, abs=4.0)
    assert told.low < told.value < told.high
    assert told.coverage > 0.5


@pytest.mark.parametrize(("fs_hz", "noise_mg"), [(50.0, 0.5), (100.0, 6.0)])
def test_a_slow_or_noisy_sensor_has_no_rmssd(fs_hz: float, noise_mg: float):
    data = chest(beats_of(220, 40.0), 180.0, fs_hz, noise_mg)
    assert analyze({"chest": data}).summary["rmssd_ms"].value is None


def test_noise_has_no_beats_that_count():
    rng = np.random.default_rng(0)
    windows = rng.normal(0, 0.03, (20, 2000, 3)) + np.array([0, 0, 9.81])
    found = window_beats(windows, FS_HZ, np.full(20, 65.0))
    assert [len(successive_differences_ms(beats)) for beats in found] == [0] * 20
    assert not len(window_beats(windows[:1], FS_HZ, np.array([np.nan]))[0].t_s)


def test_mounting_and_unit_do_not_matter():
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    acc = chest(beats_of(30, 40.0), 20.0, FS_HZ).acc_m_s2[np.newaxis]
    plain, turned = (window_beats(a, FS_HZ, np.array([65.0]))[0] for a in (acc, 3.7 * acc @ turn))
    np.testing.assert_allclose(turned.t_s, plain.t_s, atol=1e-6)


def test_intervals_of_a_heart_sensor_are_preferred_and_said():
    analyzer = SessionAnalyzer(["chest"])
    data = chest(beats_of(100, 80.0), 80.0, FS_HZ)
    analyzer.feed("chest", data.t_s, data.acc_m_s2)
    for i in range(70):
        analyzer.feed_beats(1.0 + i, 60.0, np.array([1.0 + 0.01 * (-1) ** i]))
    result = analyzer.finish()
    assert result.summary["rmssd_ms"].value == pytest.approx(20.0, abs=0.1)
    assert any("RMSSD is from them" in note for note in result.notes)


def test_a_lost_notification_breaks_the_row_of_intervals():
    beats = Beats()
    for t_s, rr_s in ((1.0, 0.8), (2.0, 0.9), (5.0, 0.8), (6.0, 0.85)):
        beats.feed(t_s, 70.0, np.array([rr_s]))
    np.testing.assert_allclose(beats.differences().ms, [100.0, 50.0])
    np.testing.assert_allclose(beats.differences().t_s, [2.0, 6.0])


def test_a_missed_beat_is_no_variability():
    change = differences_ms(np.array([800.0, 820.0, 1640.0, 810.0, 830.0]))
    np.testing.assert_allclose(change, [20.0, np.nan, np.nan, 20.0])
