"""Eight hours of five sensors on a clock that jumps: how long it takes, and whether memory stays.

    python benchmarks/soak.py [--hours 8] [--analysis with|without|both]

*without* analysis: virtual sensors, bleak's public layer, links, collector and recorder; limit two
minutes for eight hours, and flat memory.  *with* it the live pipeline interprets everything as
well, which takes its own processor time (`live_cost.py`) for every session second.  Each has a
process of its own, so that neither finds the other's memory.

Memory is the resident size of the process, taken at every tenth of the way; *growth* is that from
the second tenth to the last, *by the hour* the slope of a straight line through these.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lossless import WANTED_HZ, five_sensors

from devices.driver import StreamRequest
from devices.link import SensorLink, scan
from devices.simulated.script import BENT_S, STRAIGHT_S
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from devices.virtual.wearer import SENSOR_NAMES
from monitor.live.collector import Collector
from monitor.live.pipeline import LivePipeline
from monitor.live.steps import Mark
from monitor.recording.format import RecordedSensor, SessionHeader
from monitor.recording.writer import Recorder

LIMIT_S, LIMIT_GROWTH_MB = 120.0, 8.0
_TICK_S = 0.1


class NoPipeline:
    """Takes everything and keeps nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args: None


@dataclass(frozen=True, slots=True)
class Soak:
    """How it went."""

    seconds: float
    resident_mb: list[float]
    n_sent: int
    n_received: int
    file_mb: float


def resident_mb() -> float:
    """Resident size of this process now; Linux tells it in pages."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


async def soak(hours: float, pipeline: Any, folder: Path) -> Soak:
    """Stream for so long; the pipeline may be none."""
    seconds = 3600.0 * hours
    worn = five_sensors(seconds, mixed=True)
    radio = MemoryRadio(worn.values()).radio()
    began_s, t_zero_s = time.perf_counter(), asyncio.get_running_loop().time()
    by_address = {f.advert.address: f for f in await scan(1.0, radio)}
    found = {p: by_address[s.advert.address] for p, s in worn.items()}
    drivers = {p: f.driver.name for p, f in found.items() if f.driver}
    worn_as = {p: RecordedSensor(p, p, name) for p, name in drivers.items()}
    header = SessionHeader("2026-01-01T00:00:00+00:00", 0, worn_as)
    recorder = Recorder(folder / "recording.mcap", header)
    collector = Collector(drivers, recorder, pipeline)
    stop = asyncio.Event()
    links = [
        asyncio.create_task(
            SensorLink(
                f,
                request=StreamRequest(fs_hz=WANTED_HZ),
                radio=radio,
                t_zero_s=t_zero_s,
                on_notification=collector.ear(p),
                on_event=partial(collector.on_event, p),
            ).run(stop)
        )
        for p, f in found.items()
    ]
    for pose in (Mark("straight", *STRAIGHT_S), Mark("bent", *BENT_S)):
        collector.mark(pose, 1.0)
    n_ticks, sizes = int(seconds / _TICK_S), []
    for tick in range(round(1.0 / _TICK_S) + 1, n_ticks + 1):
        await asyncio.sleep(max(0.0, tick * _TICK_S - asyncio.get_running_loop().time()))
        collector.flush(tick * _TICK_S)
        pipeline.advance(tick * _TICK_S)
        if tick % max(1, n_ticks // 10) == 0:
            gc.collect()
            sizes.append(resident_mb())
    stop.set()
    await asyncio.wait(links)
    collector.flush(seconds + 10.0)
    recorder.close()
    return Soak(
        time.perf_counter() - began_s,
        sizes,
        sum(s.n_sent for s in worn.values()),
        sum(collector.n_received.values()),
        recorder.counters().n_bytes / 1e6,
    )


def measure(hours: float, *, with_analysis: bool) -> Soak:
    """Soak on virtual time, in a folder that is gone afterwards."""
    pipeline = LivePipeline(tuple(SENSOR_NAMES)) if with_analysis else NoPipeline()
    loops = asyncio.Runner(loop_factory=VirtualTimeLoop)
    with tempfile.TemporaryDirectory() as folder, loops as runner:
        return runner.run(soak(hours, pipeline, Path(folder)))


def growth_mb_by_hour(resident_mb: list[float], hours: float) -> float:
    """Slope through the sizes from the second tenth on."""
    at_h = hours * np.arange(2, len(resident_mb) + 1) / len(resident_mb)
    return float(np.polyfit(at_h, resident_mb[1:], 1)[0])


def main() -> None:
    """Print figures, limits and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--analysis", choices=("with", "without", "both"), default="without")
    options = parser.parse_args()
    limit_s = LIMIT_S * options.hours / 8.0
    for which in ("without", "with"):
        if options.analysis not in {which, "both"}:
            continue
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
            went = pool.submit(measure, options.hours, with_analysis=which == "with").result()
        by_hour_mb = growth_mb_by_hour(went.resident_mb, options.hours)
        print(f"{options.hours:g} h of five sensors, {which} analysis")
        print(
            f"{went.n_sent} sent in {went.n_received} notifications, {went.file_mb:.0f} MB stored"
        )
        print("MB resident:", *(f"{mb:.1f}" for mb in went.resident_mb))
        print(f"{went.seconds:.1f} s, limit {limit_s:.1f} s, ratio {went.seconds / limit_s:.2f}")
        print(
            f"growth {went.resident_mb[-1] - went.resident_mb[1]:.1f} MB, limit "
            f"{LIMIT_GROWTH_MB:g} MB; {by_hour_mb:.1f} MB by the hour",
            flush=True,
        )


if __name__ == "__main__":
    main()
