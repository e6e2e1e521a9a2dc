"""A sensor on the bench: found, connected, listened to for a minute, judged.

    scan --> SensorLink --notifications, events--> Ear --stretches--> bench()

`simulated_radio` is the same with sensors that exist in memory, for whoever has none yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from devices.chunk import BatteryChunk, HeartChunk, ImuChunk
from devices.driver import Arrival, Driver, Notification, StreamInfo, StreamRequest
from devices.errors import DeviceError, SensorSilent
from devices.link import Found, LinkEvent, LinkState, Radio, SensorLink, scan
from devices.stream import SensorStream
from devices.supported import ABILITIES
from devices.virtual.heart_rate_peripheral import VirtualHeartRate
from devices.virtual.memory_radio import AirSettings, MemoryRadio
from devices.virtual.peripheral import MotionTrack
from devices.virtual.wearer import H10, WITMOTION, peripheral_for
from monitor.checks.bench import Bench, Heard, bench
from monitor.live.assignment import find_one, label, matching

SIMULATED_NAMES = ("WT901BLE60", "Polar H10 51A0BACC", "Heart strap 0001")
_TICK_S = 1.0
_CONNECT_WITHIN_S = 30.0  # as a session waits for its sensors
_G_M_S2 = 9.80665


@dataclass(frozen=True, slots=True, eq=False)
class BenchReport:
    """Who was on the bench, what it agreed to, and the figures."""

    name: str
    address: str
    driver: Driver
    rssi_dbm: int | None
    info: StreamInfo
    bench: Bench


class Ear:
    """Everything one sensor said, cut into stretches without a break."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._stretches: list[tuple[StreamInfo, list[Notification]]] = []
        self._is_streaming = False
        self._before: list[Notification] = []
        self.last_detail = ""

    def on_notification(self, arrival: Arrival) -> None:
        """Keep what came."""
        to = self._stretches[-1][1] if self._is_streaming else self._before
        to.append(Notification(*arrival))

    def on_event(self, event: LinkEvent) -> None:
        """A stretch begins with an agreement and ends with whatever happens to the link."""
        self._is_streaming = event.state is LinkState.STREAMING and event.info is not None
        if event.info is not None and self._is_streaming:
            self._stretches.append((event.info, []))
        self.last_detail = event.detail or self.last_detail

    @property
    def n_heard(self) -> int:
        """Notifications of all stretches."""
        return sum(len(notes) for _, notes in self._stretches)

    @property
    def has_streamed(self) -> bool:
        """Whether it ever agreed to stream."""
        return bool(self._stretches)

    def heard(self) -> tuple[StreamInfo, Heard]:
        """The longest stretch, decoded."""
        info, notes = max(self._stretches, key=lambda stretch: len(stretch[1]))
        chunks = self._driver.new_decoder(info).feed(notes)
        imu = [chunk for chunk in chunks if isinstance(chunk, ImuChunk) and len(chunk.t_device_s)]
        early = self._driver.new_decoder(info).feed(self._before)
        battery = [c.percent for c in (*early, *chunks) if isinstance(c, BatteryChunk)]
        stream = SensorStream(self._driver, info)
        stream.feed(notes)
        return info, Heard(
            fs_hz=info.fs_hz,
            clock=info.clock,
            t_device_s=np.concatenate([np.empty(0), *(c.t_device_s for c in imu)]),
            t_arrival_s=np.concatenate([np.empty(0), *(c.t_arrival_s for c in imu)]),
            acc_m_s2=np.concatenate([np.empty((0, 3)), *(c.acc_m_s2 for c in imu)]),
            n_lost=stream.counters.n_lost,
            loss_is_estimate=stream.counters.loss_is_estimate,
            n_breaks=len(self._stretches) - 1,
            n_errors=stream.counters.n_decode_errors,
            battery_percent=battery[-1] if battery else None,
            heart_per_min=np.array([c.heart_per_min for c in chunks if isinstance(c, HeartChunk)]),
        )


async def run_bench(
    name: str,
    radio: Radio,
    stop: asyncio.Event,
    *,
    seconds: float,
    search_s: float,
    tell: Callable[[float], None],
) -> BenchReport:
    """Listen to the sensor of that name or address; `stop` ends it early, with what is known.

    Parameters
    ----------
    tell
        Told once a second how many seconds were listened to.

    Raises
    ------
    UserError
        When the sensor is not found, not known, or one of several of that name.
    DeviceError
        When the radio cannot be used, or nothing was heard of the sensor.
    """
    found = await _found(name, radio, stop, search_s)
    driver = found.driver
    if driver is None:  # `find_one` refuses those
        raise DeviceError(f"{label(found)} is not a kind of sensor this program knows")
    ear = Ear(driver)
    link = SensorLink(
        found,
        request=StreamRequest(),
        radio=radio,
        t_zero_s=asyncio.get_running_loop().time(),
        on_notification=ear.on_notification,
        on_event=ear.on_event,
    )
    leave = asyncio.Event()
    running = asyncio.create_task(link.run(leave))
    try:
        await _listen(ear, stop, seconds, tell)
    finally:
        leave.set()
        await running
    if not ear.n_heard:
        why = ear.last_detail or "it connected, and sent nothing"
        raise SensorSilent(
            f"{label(found)} was not heard: {why}",
            hint="Switch it off and on, close other programs and phones that use it.",
        )
    info, heard = ear.heard()
    advert = found.advert
    figures = bench(heard, ABILITIES[driver.name])
    return BenchReport(label(found), advert.address, driver, advert.rssi_dbm, info, figures)


async def _found(name: str, radio: Radio, stop: asyncio.Event, search_s: float) -> Found:
    """Scan until it is there; Ctrl-C ends the search too."""
    searching = asyncio.create_task(scan(search_s, radio, lambda seen: bool(matching(name, seen))))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({searching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if searching.done():
            return find_one(name, searching.result())
        raise DeviceError("stopped before the sensor was found")
    finally:
        for task in (searching, stopping):
            task.cancel()
        await asyncio.gather(searching, stopping, return_exceptions=True)


async def _listen(
    ear: Ear, stop: asyncio.Event, seconds: float, tell: Callable[[float], None]
) -> None:
    loop = asyncio.get_running_loop()
    begin_s, streams_since_s = loop.time(), None
    while not stop.is_set():
        now_s = loop.time()
        if streams_since_s is None and ear.has_streamed:
            streams_since_s = now_s
        if streams_since_s is None and now_s - begin_s >= _CONNECT_WITHIN_S:
            return
        if streams_since_s is not None:
            tell(now_s - streams_since_s)
            if now_s - streams_since_s >= seconds:
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _TICK_S)


# --- without a sensor ------------------------------------------------------------------------


def simulated_radio(seconds: float, seed: int = 0) -> Radio:
    """Three sensors that lie on a table in memory: their names are `SIMULATED_NAMES`."""
    rng = np.random.default_rng(seed)
    long_s = seconds + 60.0  # the search and the connection included
    wit, strap, belt = SIMULATED_NAMES
    beats_s = np.cumsum(rng.normal(1.0, 0.03, round(long_s)))
    return MemoryRadio(
        [
            peripheral_for(
                _on_a_table(rng, WITMOTION.acc_noise_m_s2, 0.97, long_s), "witmotion", wit
            ),
            peripheral_for(_on_a_table(rng, H10.acc_noise_m_s2, 1.01, long_s), "polar_h10", strap),
            VirtualHeartRate(belt, beats_s),
        ],
        settings=AirSettings(missed=0.05, jitter_s=0.004, seed=seed),
    ).radio()


def _on_a_table(
    rng: np.random.Generator, noise_m_s2: float, reads_g: float, seconds: float
) -> MotionTrack:
    t_s = np.arange(0.0, seconds, 0.01)
    acc = rng.normal(0.0, noise_m_s2, (len(t_s), 3))
    acc[:, 2] += reads_g * _G_M_S2
    return MotionTrack(t_s, acc, None, np.empty(0))
