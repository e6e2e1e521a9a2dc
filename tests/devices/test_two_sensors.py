"""Two sensors shaken together agree within 20 ms, through radio, link, decoder and clock.

    one shake --> sensor A (clock fast, wraps, restarts) --+-- bad air, two links --> two streams
              --> sensor B (clock slow)                  --+        |
                                            when each says that it was shaken, by correlation

Every second or so a short shake of random form; the lag between the two sensors is measured over
each stretch of 20 s by sliding one signal over the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from devices.chunk import FloatArray
from devices.driver import Notification, StreamInfo, StreamRequest
from devices.link import LinkEvent, LinkState, SensorLink, scan
from devices.registry import driver_named
from devices.stream import Samples, SensorStream
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import AirSettings, MemoryRadio
from devices.virtual.peripheral import (
    MotionTrack,
    Peripheral,
)
from devices.virtual.sketch_peripheral import VirtualSketch
from devices.virtual.witmotion_peripheral import VirtualWitMotion

SESSION_S = 200.0
STRETCH_S = 20.0
SETTLED_S = 20.0  # the maps have seen some packets that were hardly late
AGREE_S = 0.020
BAD_AIR = AirSettings(interval_s=0.03, missed=0.1, jitter_s=0.02, seed=7)
STANDARD_GRAVITY_M_S2 = 9.80665
TRACK_STEP_S = 1e-3


def shaken(seed: int = 0) -> MotionTrack:
    """Random motion between 0.5 and 6 Hz on top of gravity, on a fine grid."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(0.0, SESSION_S + 1.0, TRACK_STEP_S)
    f_hz = np.fft.rfftfreq(len(t_s), TRACK_STEP_S)
    spectrum = rng.standard_normal(len(f_hz)) + 1j * rng.standard_normal(len(f_hz))
    shake = np.fft.irfft(np.where((f_hz > 0.5) & (f_hz < 6.0), spectrum, 0.0), len(t_s))
    acc = np.zeros((len(t_s), 3))
    acc[:, 0] = 3.0 * shake / shake.std()
    acc[:, 2] = STANDARD_GRAVITY_M_S2
    return MotionTrack(t_s, acc, None, np.arange(0.0, SESSION_S, 0.9))


def heard_samples(
    sensors: Sequence[Peripheral], *script: tuple[float, Callable[[], object]]
) -> list[list[Samples]]:
    """What came of each sensor through bad air; each thing of the script at its time."""
    notes: list[list[Notification]] = [[] for _ in sensors]
    events: list[list[LinkEvent]] = [[] for _ in sensors]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        air = MemoryRadio(sensors, 0.0, BAD_AIR)
        found = {f.advert.address: f for f in await scan(1.0, air.radio())}
        links = [
            SensorLink(
                found[sensor.advert.address],
                request=StreamRequest(fs_hz=100.0),
                radio=air.radio(),
                t_zero_s=0.0,
                on_notification=lambda it, to=notes[i]: to.append(Notification(*it)),
                on_event=events[i].append,
            )
            for i, sensor in enumerate(sensors)
        ]
        stop = asyncio.Event()
        for t_s, act in script:
            loop.call_at(t_s, act)
        loop.call_at(SESSION_S, stop.set)
        await asyncio.gather(*(link.run(stop) for link in links))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    drivers = [driver_of(sensor) for sensor in sensors]
    return [decoded(d, n, e) for d, n, e in zip(drivers, notes, events, strict=True)]


def driver_of(sensor: Peripheral) -> str:
    kinds = {VirtualWitMotion: "witmotion", VirtualH10: "polar_h10", VirtualSketch: "sketch"}
    return kinds[type(sensor)]


def decoded(driver: str, notes: list[Notification], events: list[LinkEvent]) -> list[Samples]:
    (streaming,) = [e for e in events if e.state == LinkState.STREAMING]
    assert isinstance(streaming.info, StreamInfo)
    stream = SensorStream(driver_named(driver), streaming.info)
    said = stream.feed([n for n in notes if n.t_arrival_s > streaming.t_s])
    assert stream.counters.n_decode_errors == 0
    return [item for item in said if isinstance(item, Samples)]


def signal(samples: list[Samples], grid_s: FloatArray) -> FloatArray:
    t_s = np.concatenate([item.t_s for item in samples])
    x = np.concatenate([item.acc_m_s2[:, 0] for item in samples])
    assert (np.diff(t_s) > 0.0).all()
    return np.asarray(np.interp(grid_s, t_s, x))


def lags_s(a: list[Samples], b: list[Samples]) -> dict[float, float]:
    """How much later B says the same than A, for each stretch of the session."""
    lags = np.arange(-80, 81) * 1e-3
    told = {}
    for start_s in np.arange(SETTLED_S, SESSION_S - STRETCH_S - 1.0, STRETCH_S):
        grid_s = np.arange(start_s, start_s + STRETCH_S, 2e-3)
        x = signal(a, grid_s)
        misfit = [float(np.mean((x - signal(b, grid_s + lag)) ** 2)) for lag in lags]
        told[float(start_s)] = float(lags[int(np.argmin(misfit))])
    return told


def wit(name: str, ppm: float) -> VirtualWitMotion:
    return VirtualWitMotion(name, shaken(), clock_ppm=ppm)


def h10(ppm: float) -> VirtualH10:
    return VirtualH10("Polar H10 00000001", shaken(), clock_ppm=ppm)


def board(ppm: float, *, wraps_at_s: float = 2000.0, number: int = 1) -> VirtualSketch:
    starts_at_us = round(2**32 - wraps_at_s * 1e6)
    name = f"backrelease {number}"
    return VirtualSketch(name, shaken(), clock_ppm=ppm, starts_at_us=starts_at_us)


def worst_s(pair: tuple[Peripheral, Peripheral]) -> float:
    lags = lags_s(*heard_samples(pair))
    assert len(lags) == 8
    return max(map(abs, lags.values()))


@pytest.mark.parametrize(
    "pair",
    [
        (wit("WT901BLE61", 100.0), wit("WT901BLE62", -100.0)),
        (wit("WT901BLE61", 7000.0), wit("WT901BLE62", -100.0)),
        (board(100.0), wit("WT901BLE62", -100.0)),
        (board(-100.0, wraps_at_s=90.0), wit("WT901BLE62", 100.0)),
        (board(-100.0, wraps_at_s=90.0), board(100.0, wraps_at_s=140.0, number=2)),
    ],
    ids=["two counted", "0.7 % fast", "clock, counted", "wrap, counted", "two that wrap"],
)
def test_two_sensors_shaken_together_agree(pair: tuple[Peripheral, Peripheral]) -> None:
    assert worst_s(pair) <= AGREE_S


def test_they_agree_again_after_one_restarted_its_clock() -> None:
    restarts, other = board(100.0), wit("WT901BLE62", -100.0)
    lags = lags_s(*heard_samples((restarts, other), (99.0, lambda: restarts.restart_clock(99.0))))
    assert max(map(abs, lags.values())) <= AGREE_S, lags


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_frames_that_keep_step_with_the_link_are_known_to_an_interval(ppm: float) -> None:
    """360 ms are twelve intervals: no arrival tells where between two events a frame stands."""
    assert worst_s((wit("WT901BLE61", 7000.0), h10(ppm))) <= AGREE_S + BAD_AIR.interval_s


def test_a_strap_that_restarts_its_clock_is_followed() -> None:
    strap, other = h10(100.0), wit("WT901BLE62", -100.0)
    lags = lags_s(*heard_samples((strap, other), (99.0, lambda: strap.restart_clock(99.0))))
    assert max(map(abs, lags.values())) <= AGREE_S + BAD_AIR.interval_s, lags
