"""What a live session with storing costs: processor time by session time.

    python benchmarks/live_cost.py [--minutes 5] [--fs 208] [--sensors 5] [--profile]

Five sensors' notifications, made beforehand, go through the collector, the recorder (its thread and
its fsync included) and the pipeline, which is advanced ten times a second as a session does.  The
figure is the processor time of the whole process by the session's time; the limit is 3 % of a core.
WitMotion frames carry any rate: 12 samples travel together, as on the usual MTU.  The first minute,
which holds the poses and fills the windows, is left out.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from pathlib import Path

import numpy as np

from devices.driver import ClockKind, Notification, StreamInfo
from devices.link import LinkEvent, LinkState
from devices.sensors import witmotion
from monitor.live.collector import Collector
from monitor.live.pipeline import LivePipeline
from monitor.live.steps import Mark
from monitor.recording.format import RecordedSensor, SessionHeader
from monitor.recording.writer import Recorder

LIMIT = 0.03
PLACEMENTS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")
_FRAMES, _TICK_S, _WARM_UP_S = 12, 0.1, 60.0
_TILT_DEG = {"chest": (3.0, 3.0), "left_thigh": (2.0, 47.0), "left_shank": (2.0, -44.0)}


def notifications(placement: str, seconds: float, fs_hz: float) -> list[Notification]:
    """A segment that lies straight, bends at 25 s, and breathes; noise as of a cheap sensor."""
    rng = np.random.default_rng(len(placement))
    n = int(seconds * fs_hz / _FRAMES) * _FRAMES
    t_s = np.arange(n) / fs_hz
    low, high = _TILT_DEG[placement.replace("right", "left")]
    bend = np.clip((t_s - 22.0) / 4.0, 0.0, 1.0)
    tilt = np.radians(low + (high - low) * bend + 0.4 * np.sin(2 * np.pi * 0.22 * t_s))
    acc_g = np.stack([np.sin(tilt), 0.0 * tilt, np.cos(tilt)], axis=1)
    words = np.zeros((n, 10), "<i2")
    words[:, 0] = 0x6155
    words[:, 1:4] = np.rint(2048 * (acc_g + 0.003 * rng.normal(size=(n, 3))))
    words[:, 4:7] = np.rint(16.4 * rng.normal(size=(n, 3)))
    payloads = words.reshape(-1, _FRAMES * 10)
    return [
        Notification((i + 1) * _FRAMES / fs_hz + 0.01, witmotion.DATA_UUID, row.tobytes())
        for i, row in enumerate(payloads)
    ]


def cost(seconds: float, fs_hz: float, placements: tuple[str, ...], folder: Path) -> float:
    """Processor seconds a session second, after the first minute."""
    header = SessionHeader(
        "2026-01-01T00:00:00+00:00",
        0,
        {p: RecordedSensor(p, p, "witmotion") for p in placements},
    )
    pipeline = LivePipeline(placements)
    info = StreamInfo(fs_hz, 16.0, has_gyro=True, clock=ClockKind.COUNTED)
    coming = {p: notifications(p, seconds, fs_hz) for p in placements}
    used_s = 0.0
    with Recorder(folder / "recording.mcap", header) as recorder:
        collector = Collector(dict.fromkeys(placements, "witmotion"), recorder, pipeline)
        ears = {p: collector.ear(p) for p in placements}
        for p in placements:
            collector.on_event(p, LinkEvent(0.0, LinkState.STREAMING, "", info))
        collector.mark(Mark("straight", 5.0, 15.0), 0.0)
        collector.mark(Mark("bent", 30.0, 40.0), 0.0)
        at = dict.fromkeys(placements, 0)
        for tick in range(1, int(seconds / _TICK_S)):
            now_s = tick * _TICK_S
            arrived = []
            for p, rest in coming.items():
                first = at[p]
                while at[p] < len(rest) and rest[at[p]].t_arrival_s < now_s:
                    at[p] += 1
                arrived.append((ears[p], rest[first : at[p]]))
            began_s = time.process_time()
            for ear, batch in arrived:
                for notification in batch:
                    ear(notification)
            collector.flush(now_s)
            pipeline.advance(now_s)
            if now_s > _WARM_UP_S:
                used_s += time.process_time() - began_s
    return used_s / (seconds - _WARM_UP_S)


def main() -> None:
    """Print figure, limit and ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--fs", type=float, default=208.0)
    parser.add_argument("--sensors", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profiler = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        if options.profile:
            profiler.enable()
        placements = PLACEMENTS[: options.sensors]
        share = cost(60.0 * options.minutes, options.fs, placements, Path(folder))
        profiler.disable()
    print(f"{len(placements)} sensors at {options.fs:g} Hz, {options.minutes:g} minutes")
    print(f"{100 * share:.2f} % of a core, limit {100 * LIMIT:.0f} %, ratio {share / LIMIT:.2f}")
    if options.profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
