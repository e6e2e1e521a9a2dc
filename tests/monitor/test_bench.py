"""The bench against sensors whose noise, rate, offset and delays we made ourselves."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from devices.chunk import FloatArray
from devices.driver import ClockKind
from devices.errors import DeviceError, SensorSilent
from devices.supported import ABILITIES, CHEST_PULSE, HEART, STILLNESS, TILT
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.heart_rate_peripheral import VirtualHeartRate
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.peripheral import MotionTrack, Peripheral
from monitor.checks.bench import Bench, Heard, bench
from monitor.checks.bench_run import SIMULATED_NAMES, BenchReport, run_bench
from monitor.cli import app
from monitor.commands.sensors import bench_lines
from monitor.errors import UserError

G = 9.80665
H10 = ABILITIES["polar_h10"]


def lying(
    seconds: float = 60.0,
    *,
    fs_hz: float = 100.0,
    noise_mg: float = 3.0,
    reads_g: float = 1.0,
    drift_ppm: float = 0.0,
    late_ms: float = 10.0,
    seed: int = 0,
) -> Heard:
    """A sensor on a table whose packets are late by a uniform 0 to `late_ms`."""
    rng = np.random.default_rng(seed)
    t_device_s = np.arange(0.0, seconds, 1.0 / fs_hz)
    acc = rng.normal(0.0, noise_mg * 1e-3 * G, (len(t_device_s), 3))
    acc[:, 0] += reads_g * G
    true_s = 7.0 + t_device_s / (1.0 + drift_ppm * 1e-6)
    t_arrival_s = np.maximum.accumulate(true_s + rng.uniform(0.0, late_ms / 1e3, len(true_s)))
    return Heard(fs_hz, ClockKind.DEVICE, t_device_s, t_arrival_s, acc)


def word(told: Bench, measure: str) -> str:
    return next(it.words() for it in told.supports if it.measure == measure)


def answer(told: Bench, measure: str) -> bool | None:
    return next(it.is_supported for it in told.supports if it.measure == measure)


def test_white_noise_is_found_in_each_band_by_its_share_of_the_spectrum() -> None:
    told = bench(lying(noise_mg=2.0), H10)
    assert told.noise_sample_mg == pytest.approx(2.0, rel=0.02)
    all_axes_mg = 2.0 * np.sqrt(3.0)
    assert told.noise_movement_mg == pytest.approx(all_axes_mg * np.sqrt(3.3 / 50.0), rel=0.1)
    assert told.noise_pulse_mg == pytest.approx(all_axes_mg * np.sqrt(17.0 / 50.0), rel=0.05)
    assert (told.still_s, told.moved_s, told.remarks[1:]) == (60.0, 0.0, ())


@pytest.mark.parametrize("drift_ppm", [-300.0, 0.0, 100.0])
def test_drift_is_found_within_the_error_that_is_told(drift_ppm: float) -> None:
    hits = 0
    for seed in range(20):
        told = bench(lying(drift_ppm=drift_ppm, late_ms=30.0, seed=seed), H10)
        assert told.drift_ppm is not None
        assert told.drift_error_ppm is not None
        assert told.drift_error_ppm < 60.0
        hits += abs(told.drift_ppm - drift_ppm) <= told.drift_error_ppm
        assert told.fs_hz == pytest.approx(100.0 * (1.0 + drift_ppm * 1e-6), abs=0.01)
    assert hits >= 17


def test_lateness_is_that_of_the_link() -> None:
    told = bench(lying(late_ms=40.0), H10)
    assert told.lateness is not None
    # Packets keep their order: those that would have come early wait for a late one.
    assert told.lateness.median_ms == pytest.approx(20.0, abs=1.5)
    assert 34.0 < told.lateness.p95_ms < 38.0
    assert told.lateness.longest_ms == pytest.approx(40.0, abs=0.5)


def test_counted_loss_does_not_change_the_rate() -> None:
    heard = lying()
    kept = np.delete(np.arange(6000), slice(2000, 2500))
    heard = replace(
        heard,
        t_device_s=heard.t_device_s[kept],
        t_arrival_s=heard.t_arrival_s[kept],
        acc_m_s2=heard.acc_m_s2[kept],
        n_lost=500,
    )
    told = bench(heard, H10)
    assert told.fs_hz == pytest.approx(100.0, abs=0.01)
    assert (told.n_lost, told.loss_by) == (500, "counted")
    assert any("Much was lost" in remark for remark in told.remarks)


def test_a_sensor_without_a_clock_has_no_drift_and_says_what_that_means() -> None:
    told = bench(replace(lying(drift_ppm=7000.0), clock=ClockKind.COUNTED), ABILITIES["witmotion"])
    assert told.fs_hz == pytest.approx(100.7, abs=0.01)
    assert (told.drift_ppm, told.drift_error_ppm, told.loss_by) == (None, None, "estimated")
    assert any("no clock and no counter" in remark for remark in told.remarks)


# --- moved -----------------------------------------------------------------------------------


def test_moved_for_a_while_the_figures_are_from_the_rest_and_it_says_so() -> None:
    heard = lying(reads_g=0.97)
    shaken = heard.acc_m_s2.copy()
    t_s = heard.t_device_s
    during = (t_s >= 20.0) & (t_s < 29.0)
    shaken[during, 1] += 3.0 * np.sin(2.0 * np.pi * 2.0 * t_s[during])
    told, at_rest = bench(replace(heard, acc_m_s2=shaken), H10), bench(heard, H10)
    assert 9.0 <= told.moved_s <= 12.0
    assert told.noise_sample_mg == pytest.approx(at_rest.noise_sample_mg, rel=0.05)
    assert told.offset_mg == pytest.approx(-30.0, abs=0.5)
    assert told.remarks[0].startswith("It was moved for about")


def test_turned_slowly_is_moved_too() -> None:
    heard = lying()
    angle = np.radians(np.clip(heard.t_device_s - 40.0, 0.0, None) * 2.0)
    acc = np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1) * G
    told = bench(replace(heard, acc_m_s2=acc + heard.acc_m_s2 - [G, 0.0, 0.0]), H10)
    assert 15.0 <= told.moved_s <= 21.0


def test_never_still_is_said_and_nothing_is_claimed() -> None:
    heard = lying()
    shake = 3.0 * np.sin(2.0 * np.pi * 2.0 * heard.t_device_s)
    told = bench(replace(heard, acc_m_s2=heard.acc_m_s2 + shake[:, None]), H10)
    assert (told.noise_sample_mg, told.offset_mg, told.still_s) == (None, None, 0.0)
    assert any("never still" in remark for remark in told.remarks)
    assert answer(told, STILLNESS) is None
    assert answer(told, CHEST_PULSE) is None


@given(
    st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: sum(c * c for c in q) > 0.01),
    st.booleans(),
)
def test_turning_the_sensor_round_changes_nothing(
    quaternion: tuple[float, float, float, float], mirror: bool
) -> None:
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    heard = lying(12.0)
    other = replace(heard, acc_m_s2=heard.acc_m_s2 @ (turn.T * (-1.0 if mirror else 1.0)))
    a, b = bench(heard, H10), bench(other, H10)
    for name in ("noise_sample_mg", "noise_movement_mg", "noise_pulse_mg", "offset_mg"):
        assert getattr(b, name) == pytest.approx(getattr(a, name), rel=1e-6, abs=1e-6)


# --- what it is good for ---------------------------------------------------------------------


def test_a_slow_sensor_tells_no_pulse_and_says_why() -> None:
    told = bench(lying(fs_hz=25.0), H10)
    assert word(told, CHEST_PULSE) == "heart rate from chest motion: no, 25 Hz, needs 50 Hz"
    assert answer(told, TILT) is answer(told, STILLNESS) is answer(told, HEART) is True
    assert told.noise_pulse_mg is None


def test_noise_decides_about_the_pulse() -> None:
    quiet, loud, deaf = (bench(lying(noise_mg=mg), H10) for mg in (0.3, 3.0, 20.0))
    assert word(quiet, CHEST_PULSE).endswith("yes, 100 Hz, noise 0.3 mg in 8 to 25 Hz")
    assert answer(loud, CHEST_PULSE) is None
    assert answer(deaf, CHEST_PULSE) is False


@pytest.mark.parametrize(("reads_g", "expected"), [(0.9, True), (1.17, None), (2.65, False)])
def test_a_sensor_that_does_not_read_1_g_is_judged_as_in_a_session(
    reads_g: float, expected: bool | None
) -> None:
    told = bench(lying(reads_g=reads_g), H10)
    assert told.offset_mg == pytest.approx(1e3 * (reads_g - 1.0), abs=1.0)
    assert answer(told, TILT) is expected


def test_too_short_is_unknown_not_zero() -> None:
    told = bench(lying(5.0), H10)
    assert (told.fs_hz, told.drift_ppm, told.lateness) == (None, None, None)
    assert any("10 s are needed" in remark for remark in told.remarks)
    assert answer(told, TILT) is True  # by the rate that was agreed


def nothing(clock: ClockKind = ClockKind.DEVICE) -> Heard:
    none: FloatArray = np.empty(0)
    return Heard(100.0, clock, none, none, np.empty((0, 3)))


def test_a_sensor_that_sent_no_motion_is_good_for_none() -> None:
    told = bench(replace(nothing(), heart_per_min=np.array([60.0, np.nan, 62.0])), H10)
    assert [it.is_supported for it in told.supports] == [False, False, False, True]
    assert (told.n_heart, told.heart_per_min, told.fs_hz) == (3, 61.0, None)


# --- through the radio -----------------------------------------------------------------------


def table(seconds: float = 120.0) -> MotionTrack:
    heard = lying(seconds, noise_mg=1.0)
    return MotionTrack(heard.t_device_s, heard.acc_m_s2, None, np.arange(0.0, seconds, 1.0))


def on_the_bench(
    sensor: Peripheral,
    name: str,
    *,
    seconds: float = 30.0,
    at: tuple[float, Callable[[MemoryRadio, asyncio.Event], Any]] | None = None,
) -> tuple[BenchReport, list[float]]:
    told: list[float] = []

    async def main() -> BenchReport:
        air, stop = MemoryRadio([sensor], t_zero_s=0.0), asyncio.Event()
        if at is not None:
            asyncio.get_running_loop().call_at(at[0], at[1], air, stop)
        return await run_bench(
            name, air.radio(), stop, seconds=seconds, search_s=5.0, tell=told.append
        )

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main()), told


def strap() -> VirtualH10:
    return VirtualH10("Polar H10 51A0BACC", table(), clock_ppm=200.0)


def test_by_a_part_of_its_name_with_progress_each_second() -> None:
    report, told = on_the_bench(strap(), "51a0")
    it = report.bench
    assert it.n_samples == pytest.approx(3000, abs=80)
    assert it.noise_sample_mg == pytest.approx(1.0, abs=0.1)
    # Its frames keep step with the connection events, which hide 200 ppm of a sensor's clock.
    assert it.drift_ppm is not None
    assert it.drift_error_ppm is not None
    assert abs(it.drift_ppm - 200.0) < it.drift_error_ppm < 1100.0
    assert (it.n_lost, it.loss_by, it.battery_percent) == (0, "counted", 90.0)
    assert it.heart_per_min == pytest.approx(60.0, abs=1.0)
    assert len(told) in {30, 31}


def test_ctrl_c_gives_what_is_known_so_far() -> None:
    report, _ = on_the_bench(strap(), "Polar", seconds=600.0, at=(20.0, lambda _, s: s.set()))
    assert 15.0 < report.bench.seconds < 20.0
    assert report.bench.noise_sample_mg is not None


def test_a_break_is_told_and_the_longest_stretch_judged() -> None:
    sensor = strap()
    address = sensor.advert.address
    report, _ = on_the_bench(
        sensor, address, seconds=60.0, at=(15.0, lambda air, _: air.drop(address, 3.0))
    )
    assert 30.0 < report.bench.seconds < 50.0
    assert any("broke 1 times" in remark for remark in report.bench.remarks)


def test_a_belt_is_listened_to_as_well() -> None:
    report, _ = on_the_bench(VirtualHeartRate("TICKR 1A2B", np.arange(0.0, 99.0)), "TICKR")
    assert report.bench.n_heart == pytest.approx(29, abs=2)
    assert report.bench.heart_per_min == 60.0
    assert [it.is_supported for it in report.bench.supports] == [False, False, False, True]
    text = "\n".join(bench_lines(report))
    assert "60 /min" in text
    assert "noise" not in text


def test_a_sensor_that_is_not_there_or_says_nothing_is_an_error_with_a_hint() -> None:
    with pytest.raises(UserError, match=r"the sensor 'nix' was not found .near: Polar H10"):
        on_the_bench(strap(), "nix")
    mute = strap()
    refuse = (0.0, lambda air, _: air.refuse_connects(mute.advert.address, 100))
    with pytest.raises(SensorSilent, match=r"was not heard: .*refused") as caught:
        on_the_bench(mute, "Polar", at=refuse)
    assert "close other programs" in caught.value.hint
    with pytest.raises(DeviceError, match="stopped before the sensor was found"):
        on_the_bench(mute, "nix", at=(1.0, lambda _, stop: stop.set()))


# --- the command -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", *SIMULATED_NAMES])
def test_without_a_sensor_the_command_shows_what_it_would_say(name: str) -> None:
    words = [name] if name else []
    result = CliRunner().invoke(app, ["sensors", "bench", *words, "--simulate", "--seconds", "20"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"sensor      {name or SIMULATED_NAMES[0]}")
    assert any(line.strip().startswith("heart rate from chest motion:") for line in lines)


def test_ctrl_c_in_the_command_prints_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(done_s: float, seconds: float) -> None:
        if 20.0 <= done_s < seconds:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("monitor.commands.sensors._progress", interrupt)
    result = CliRunner().invoke(app, ["sensors", "bench", "--simulate", "--seconds", "600"])
    assert result.exit_code == 0, result.output
    assert re.search(r"heard +2\d{3} samples in 2\d s", result.stdout)


def test_json_is_all_that_stands_on_stdout() -> None:
    result = CliRunner().invoke(app, ["sensors", "bench", "--simulate", "--json"])
    told = json.loads(result.stdout)
    assert told["format"] == "backrelease-bench"
    assert told["fs_hz"] == pytest.approx(100.0, abs=0.1)
    assert told["drift_ppm"] is None
    assert told["supports"][0] == {"measure": TILT, "is_supported": True, "why": "100 Hz"}


def test_a_name_is_needed() -> None:
    assert CliRunner().invoke(app, ["sensors", "bench"]).exit_code == 2
