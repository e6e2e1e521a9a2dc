"""What a chest sensor can suffer: what is still known then, what is not, and what coverage says.

Breathing is drawn at 14 per minute and the heart at 65 (`chest_model`), so every known number has
its answer beside it; what cannot be known has to be NaN.
"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.results import SensorData, SessionAnalysis
from analysis.whole import analyze
from tests.analysis.chest_model import G_M_S2, breathing_chest

PER_MIN, HEART_PER_MIN = 14.0, 65.0


def chest(fs_hz: float = 50.0, duration_s: float = 180.0, **kwargs: float) -> SensorData:
    wanted = {"depth_mg": 5.0, "heart_mg": 6.0, "jitter": 0.03, "seed": 3} | kwargs
    return breathing_chest(PER_MIN, fs_hz=fs_hz, duration_s=duration_s, **wanted).data


def kept(data: SensorData, rows: np.ndarray) -> SensorData:
    return SensorData(data.t_s[rows], data.acc_m_s2[rows])


def analysed(data: SensorData) -> SessionAnalysis:
    result = analyze({"chest": data})
    rate = result.epochs.breathing_per_min
    known = rate[np.isfinite(rate)]
    assert np.abs(known - PER_MIN).max(initial=0.0) < 2.0, "known and wrong"
    heart = result.epochs.heart_per_min
    beats = heart[np.isfinite(heart)]
    assert np.abs(beats - HEART_PER_MIN).max(initial=0.0) < 3.0, "known and wrong"
    return result


def share(values: np.ndarray) -> float:
    return float(np.isfinite(values).mean())


@pytest.mark.parametrize("gap_s", [1.0, 5.0, 30.0, 300.0])
def test_a_gap_is_unknown_and_counted(gap_s: float):
    data = chest(duration_s=150 + gap_s)
    result = analysed(kept(data, (data.t_s < 75) | (data.t_s >= 75 + gap_s)))
    epochs = result.epochs
    assert result.sensors["chest"].coverage == pytest.approx(150 / (150 + gap_s), abs=0.01)
    if gap_s > 30:  # nothing of the last half minute is known any more
        inside = (epochs.t_s > 75 + 31) & (epochs.t_s < 75 + gap_s)
        assert np.isnan(epochs.breathing_per_min[inside]).all()
        assert np.isnan(epochs.breathing_confidence[inside]).all()
    after = (epochs.t_s > 75 + gap_s + 1) & (epochs.t_s < 75 + gap_s + 18)
    assert np.isnan(epochs.heart_per_min[after]).all() or gap_s <= 2.0  # 2 of 20 s may be missing
    later = epochs.t_s > 75 + gap_s + 31
    assert share(epochs.breathing_per_min[later]) > 0.9
    assert result.summary["breathing_per_min"].value == pytest.approx(PER_MIN, abs=0.4)


def test_half_of_the_samples_lost_leaves_the_breath_and_not_the_heart():
    data = chest(fs_hz=100.0)
    lucky = np.random.default_rng(0).random(len(data.t_s)) < 0.5
    result = analysed(kept(data, lucky))
    assert result.summary["breathing_per_min"].value == pytest.approx(PER_MIN, abs=0.4)
    assert share(result.epochs.breathing_per_min) > 0.85
    assert result.summary["rmssd_ms"].value is None
    assert len(result.breaths) > 30


def test_ten_samples_a_second_are_enough_for_breath_and_not_for_the_heart():
    result = analysed(chest(fs_hz=10.0, heart_mg=0.5))
    assert share(result.epochs.breathing_per_min) > 0.85
    assert share(result.epochs.heart_per_min) == 0.0
    assert result.summary["rmssd_ms"].value is None


@pytest.mark.parametrize("others", [0.0, np.nan])
def test_one_axis_tells_rates_and_no_angle(others: float):
    data = chest(fs_hz=100.0)
    axis = int(np.argmax(np.abs(data.acc_m_s2.mean(axis=0))))  # the heart knocks towards the front
    acc = np.full_like(data.acc_m_s2, others)
    acc[:, axis] = data.acc_m_s2[:, axis]
    result = analysed(SensorData(data.t_s, acc))
    assert share(result.epochs.heart_per_min) > 0.4
    assert share(result.epochs.trunk_tilt_deg) == 0.0
    assert share(result.epochs.movement_mg) == 0.0
    assert result.breaths == ()  # whether the trunk moved cannot be seen
    assert "a single axis" in " ".join(result.sensors["chest"].problems)
    assert result.sensors["chest"].coverage == pytest.approx(1.0, abs=0.01)


def test_a_sensor_that_clips_at_its_end_tells_what_the_other_axes_show():
    data = chest(seed=5)
    limit = 0.98 * np.abs(data.acc_m_s2).max()
    result = analysed(SensorData(data.t_s, np.clip(data.acc_m_s2, -limit, limit)))
    assert result.sensors["chest"].coverage == pytest.approx(1.0, abs=0.01)


def test_ten_bits_are_enough_for_breath_of_five_milli_g():
    result = analysed(chest(step_mg=3.9, noise_mg=2.0))
    assert share(result.epochs.breathing_per_min) > 0.8
    assert result.summary["breathing_per_min"].value == pytest.approx(PER_MIN, abs=0.4)


def test_a_sensor_that_freezes_is_unknown_from_then_on():
    data = chest()
    acc = data.acc_m_s2.copy()
    acc[data.t_s >= 100] = acc[np.searchsorted(data.t_s, 100)]
    result = analysed(SensorData(data.t_s, acc))
    frozen = result.epochs.t_s > 106
    for name in ("breathing_per_min", "heart_per_min", "movement_mg"):
        assert share(getattr(result.epochs, name)[frozen]) == 0.0, name
    assert not any(b.end_s > 101 for b in result.breaths)
    assert "stopped measuring" in " ".join(result.sensors["chest"].problems)


def test_a_watch_that_falls_asleep_is_unknown_while_it_sleeps():
    data = chest()
    asleep = (data.t_s >= 70) & (data.t_s < 130)
    awake_or_rare = ~asleep | (np.arange(len(data.t_s)) % 40 == 0)  # 1.25 Hz, as Bangle.js
    result = analysed(kept(data, awake_or_rare))
    deep = (result.epochs.t_s > 105) & (result.epochs.t_s <= 130)
    assert share(result.epochs.breathing_per_min[deep]) == 0.0
    assert share(result.epochs.heart_per_min[deep]) == 0.0
    assert share(result.epochs.breathing_per_min[result.epochs.t_s > 168]) > 0.9
    assert not any(b.start_s < 125 and b.end_s > 75 for b in result.breaths)
    assert result.sensors["chest"].coverage < 0.72


def test_a_strap_turned_midway_is_unknown_for_half_a_minute_and_known_again():
    data = chest()
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    acc = np.where((data.t_s >= 90)[:, None], data.acc_m_s2 @ turned, data.acc_m_s2)
    result = analysed(SensorData(data.t_s, acc))
    t_s, rate = result.epochs.t_s, result.epochs.breathing_per_min
    assert share(rate[(t_s > 91) & (t_s < 118)]) == 0.0
    assert share(rate[t_s > 125]) > 0.9
    assert not any(b.start_s < 90 < b.end_s for b in result.breaths)
    assert result.summary["breathing_per_min"].value == pytest.approx(PER_MIN, abs=0.4)


def test_coverage_of_the_numbers_is_the_share_of_time_in_which_they_were_known():
    data = chest(duration_s=200)
    result = analysed(kept(data, data.t_s < 120))  # silent for the last 80 s
    breaths_s = sum(b.end_s - b.start_s for b in result.breaths)
    depth = result.summary["breath_depth_deg"]
    assert depth.coverage == pytest.approx(breaths_s / len(result.epochs), abs=0.02)
    assert result.sensors["chest"].coverage == pytest.approx(1.0, abs=0.01)  # it ended; no session


# --- sensors, rates, depths ------------------------------------------------------------------

SENSORS = {  # noise at one sample and step, mg: the figures of their datasheets at usual settings
    "LSM6DS3": (0.9, 0.06),
    "BMA400": (1.0, 0.25),
    "ADXL345": (1.5, 3.9),
    "MPU6050": (4.0, 0.06),
}


@pytest.mark.parametrize("sensor", list(SENSORS))
@pytest.mark.parametrize("fs_hz", [25.0, 104.0])
@pytest.mark.parametrize(
    ("per_min", "depth_mg"), [(3, 3.0), (5, 1.0), (10, 1.0), (20, 1.0), (35, 3.0)]
)
def test_what_a_commodity_sensor_says_of_breath_is_right(
    sensor: str, fs_hz: float, per_min: float, depth_mg: float
):
    _right_where_known(sensor, fs_hz, per_min, depth_mg)


@pytest.mark.slow
@pytest.mark.parametrize("sensor", list(SENSORS))
@pytest.mark.parametrize("fs_hz", [10.0, 25.0, 200.0])
@pytest.mark.parametrize("per_min", [3, 4, 7, 14, 27, 35])
@pytest.mark.parametrize("depth_mg", [1.0, 3.0, 10.0])
def test_the_whole_grid_of_sensors_rates_and_depths(
    sensor: str, fs_hz: float, per_min: float, depth_mg: float
):
    _right_where_known(sensor, fs_hz, per_min, depth_mg)


def _right_where_known(sensor: str, fs_hz: float, per_min: float, depth_mg: float) -> None:
    noise_mg, step_mg = SENSORS[sensor]
    drawn = breathing_chest(
        per_min,
        depth_mg=depth_mg,
        fs_hz=fs_hz,
        duration_s=100,
        noise_mg=noise_mg,
        step_mg=step_mg,
        jitter=0.04,
        heart_mg=2.0 if fs_hz > 18 else 0.0,  # below, the 9 Hz of its knock fold into the breath
        seed=round(7 * per_min + depth_mg),
    )
    rate = analyze({"chest": drawn.data}).epochs.breathing_per_min
    known = rate[np.isfinite(rate)]
    wrong = np.abs(known - per_min) > max(1.5, 0.12 * per_min)
    # the limit of what is there: 20 s a breath of 1 mg, where a heart folds into 25 Hz, may begin
    # with a wrong answer of twelve seconds
    is_faintest = depth_mg <= 1.0 and per_min <= 3 and fs_hz == 25.0
    assert wrong.sum() <= (0.12 if is_faintest else 0.05) * len(rate)
    if noise_mg < 1.2 and depth_mg >= 3 and fs_hz >= 25 and per_min >= 5:  # 3 take 48 s to show
        assert len(known) > 0.6 * len(rate)


def test_g_is_g() -> None:
    assert np.linalg.norm(chest().acc_m_s2.mean(axis=0)) == pytest.approx(G_M_S2, rel=0.01)
