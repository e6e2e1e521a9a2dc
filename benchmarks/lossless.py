"""Every sample of an hour of five sensors: sent, stored and analysed, once each.

    python benchmarks/lossless.py [--minutes 60] [--mixed]

Five Movesenses in memory stream at 104 Hz through bleak's public layer, the link, the collector,
the recorder and the live pipeline, as in a session.  With `--mixed` a Polar H10, three WitMotions
and a Movesense do; 104 Hz is asked for, of which the first two kinds offer 100.  Then three parties
count: the sensors what they sent, the recording what it holds, the analysis what it was given.
What a sensor sends while it is being set up, or after the session's end, is stored and not
analysed; it is counted on its own.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from devices.chunk import ImuChunk
from devices.driver import StreamRequest
from devices.registry import driver_named
from devices.simulated.script import BENT_S, STRAIGHT_S
from devices.stream import Samples
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.movesense_peripheral import VirtualMovesense
from devices.virtual.peripheral import MotionTrack, Peripheral
from devices.virtual.wearer import SENSOR_NAMES
from devices.virtual.witmotion_peripheral import VirtualWitMotion
from monitor import home
from monitor.live.fixed_course import FixedCourse
from monitor.live.sensor import LiveSensor
from monitor.live.steps import Mark
from monitor.live.virtual_run import VirtualSession, play
from monitor.recording.reader import RecordedBatch, Recording, read_recording
from monitor.recording.replay import stream_info
from monitor.screen.view import PlainView

WANTED_HZ = 104.0
START = datetime(2026, 1, 1, tzinfo=UTC)
_CLOCK_PPM = {"chest": 30.0, "left_thigh": -25.0, "left_shank": 12.0, "right_thigh": -3.0}


class Counting(Peripheral, Protocol):
    """A virtual sensor that counts what it hands to the radio."""

    n_sent: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Samples of one sensor, by who counted them."""

    sent: int
    stored: int
    before: int
    after: int
    analysed: int
    told_lost: int
    fs_hz: float

    @property
    def lost(self) -> int:
        """Sent and not stored, or stored within the stream and not analysed; negative: invented."""
        return self.sent - self.before - self.after - self.analysed

    @property
    def agree(self) -> bool:
        """Whether all three counted the same, and no loss was told."""
        return self.sent == self.stored and self.lost == 0 and self.told_lost == 0


def five_sensors(seconds: float, *, mixed: bool = False) -> dict[str, Counting]:
    """Sensors that lie and breathe: a track of two values a second, drawn out by the sensors."""
    t_s = np.arange(0.0, seconds + 60.0, 0.5)
    tilt = np.radians(3.0 + 0.4 * np.sin(2 * np.pi * 0.22 * t_s))
    acc = 9.80665 * np.stack([np.sin(tilt), 0.0 * t_s, np.cos(tilt)], axis=1)
    track = MotionTrack(t_s, acc, np.zeros_like(acc), np.arange(0.0, seconds + 60.0, 0.9))
    worn: dict[str, Counting] = {}
    for placement, name in SENSOR_NAMES.items():
        ppm = _CLOCK_PPM.get(placement, 0.0)
        if not mixed or placement == "right_shank":
            serial = f"Movesense 25483000032{len(worn)}"
            worn[placement] = VirtualMovesense(serial, track, clock_ppm=ppm)
        elif placement == "chest":
            worn[placement] = VirtualH10(name, track, clock_ppm=ppm)
        else:  # as many frames in a notification as the usual MTU holds
            worn[placement] = VirtualWitMotion(
                name, track, clock_ppm=ppm, frames_per_notification=None
            )
    return worn


def run(seconds: float, *, mixed: bool = False) -> dict[str, Counts]:
    """Play a session of this length in a fresh data folder, and count."""
    poses = (Mark("straight", *STRAIGHT_S), Mark("bent", *BENT_S))
    worn = five_sensors(seconds, mixed=mixed)
    session = VirtualSession(
        peripherals=worn,
        course=FixedCourse(seconds, poses),
        source="benchmark",
        request=StreamRequest(fs_hz=WANTED_HZ),
        radio="memory",
    )
    before = os.environ.get(home.HOME_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[home.HOME_VARIABLE] = folder
        try:
            end, session_folder = play(session, PlainView(lambda _line: None), lambda: START)
            recording = read_recording(session_folder / home.RECORDING_NAME)
        finally:
            os.environ.pop(home.HOME_VARIABLE)
            if before is not None:
                os.environ[home.HOME_VARIABLE] = before
    sensors = end.result.analysis.sensors
    return {
        p: _counts(p, worn, recording, end.t_end_s, (sensors[p].n_samples, sensors[p].n_lost))
        for p in worn
    }


def _counts(
    placement: str,
    worn: Mapping[str, Counting],
    recording: Recording,
    t_end_s: float,
    analysed: tuple[int, int],
) -> Counts:
    """Everything that was stored, decoded once at once and once as the stream it was."""
    driver = driver_named(recording.header.sensors[placement].driver)
    links = [e for e in recording.events if e.kind == "link"]
    links = [e for e in links if e.details["placement"] == placement]
    [info] = [stream_info(e.details["info"]) for e in links if e.details["info"]]
    notifications = recording.notifications(placement)
    stored = _samples_in(driver.new_decoder(info).feed(notifications))
    sensor = LiveSensor(placement, lost_after_s=math.inf)
    for entry in recording.entries:
        if isinstance(entry, RecordedBatch) and entry.placement == placement:
            sensor.heard(entry.notifications)
        elif entry in links:
            sensor.link(entry.t_s, entry.details["state"], entry.details["detail"])
            if entry.details["info"]:
                sensor.started(entry.t_s, driver.name, info)
    said = sensor.take_until(math.nextafter(t_end_s, math.inf))
    streamed = sum(len(s.t_s) for s in said if isinstance(s, Samples))
    late = [n for n in notifications if n.t_arrival_s > t_end_s]
    after = _samples_in(driver.new_decoder(info).feed(late))
    return Counts(
        sent=worn[placement].n_sent,
        stored=stored,
        before=stored - streamed - after,
        after=after,
        analysed=analysed[0],
        told_lost=analysed[1],
        fs_hz=info.fs_hz,
    )


def _samples_in(told: list[object]) -> int:
    return sum(len(chunk.t_device_s) for chunk in told if isinstance(chunk, ImuChunk))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--mixed", action="store_true", help="H10, WitMotion and Movesense")
    options = parser.parse_args()
    minutes = options.minutes
    began_s = time.perf_counter()
    counted = run(60.0 * minutes, mixed=options.mixed)
    took_s = time.perf_counter() - began_s
    print(f"{'sensor':<14}{'Hz':>5}{'sent':>10}{'stored':>10}{'set-up':>8}{'after':>7}", end="")
    print(f"{'analysed':>10}{'lost':>6}{'told lost':>11}")
    for placement, c in counted.items():
        print(f"{placement:<14}{c.fs_hz:>5.0f}{c.sent:>10}{c.stored:>10}{c.before:>8}", end="")
        print(f"{c.after:>7}{c.analysed:>10}{c.lost:>6}{c.told_lost:>11}")
    wrong = sum(not c.agree for c in counted.values())
    print(f"{minutes:g} minutes in {took_s:.0f} s; sensors whose counts differ: {wrong}, limit 0")


if __name__ == "__main__":
    main()
