"""The samples of a recording, decoded by the same code as live, without the analysis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analysis.results import PLACEMENTS, Poses, SensorData
from devices.chunk import HeartChunk
from devices.stream import Samples
from monitor.live.heart_worn import HeartChoice
from monitor.live.pipeline import STEP_S
from monitor.live.sensor import LiveSensor
from monitor.recording.raw import RawSession
from monitor.recording.reader import RecordedBatch, Recording, read_recording
from monitor.recording.replay import stream_info


def recorded_samples(path: Path) -> RawSession:
    """Read a recording and decode every sensor.

    Raises
    ------
    UserError
        When the file is no recording that can be read.
    """
    recording = read_recording(path)
    sensors = {p: LiveSensor(p, lost_after_s=math.inf) for p in recording.header.sensors}
    for entry in recording.entries:
        if isinstance(entry, RecordedBatch):
            sensors[entry.placement].heard(entry.notifications)
        elif entry.kind == "link":
            details, sensor = entry.details, sensors[entry.details["placement"]]
            sensor.link(entry.t_s, details["state"], details["detail"])
            if details["info"] is not None:
                sensor.started(entry.t_s, details["driver"], stream_info(details["info"]))
    data: dict[str, SensorData] = {}
    hearts: list[tuple[str, HeartChunk]] = []
    for placement, sensor in sensors.items():
        said = sensor.take_until(math.inf)
        samples = [s for s in said if isinstance(s, Samples) and len(s.t_s)]
        if samples and placement in PLACEMENTS:  # a pulse strap's own motion belongs to no segment
            data[placement] = _joined(samples)
        hearts += [(placement, s) for s in said if isinstance(s, HeartChunk)]
    return RawSession(data, _poses(recording), tuple(_beats(hearts)))


def _beats(hearts: list[tuple[str, HeartChunk]]) -> Iterator[tuple[float, float, float]]:
    """Each beat once: of two sensors that count the same heart, the one that the session used."""
    choice = HeartChoice()
    hearts.sort(key=lambda item: item[1].t_arrival_s)
    for _, together in itertools.groupby(hearts, lambda item: item[1].t_arrival_s // STEP_S):
        for heart in choice.choose(together):
            for rr_s in heart.rr_s.tolist() or [math.nan]:
                yield heart.t_arrival_s, heart.heart_per_min, rr_s


def _joined(samples: list[Samples]) -> SensorData:
    gyros = [s.gyr_rad_s for s in samples if s.gyr_rad_s is not None]
    return SensorData(
        t_s=np.concatenate([s.t_s for s in samples]),
        acc_m_s2=np.concatenate([s.acc_m_s2 for s in samples]),
        gyr_rad_s=np.concatenate(gyros) if len(gyros) == len(samples) else None,
        n_lost=sum(s.n_lost for s in samples),
    )


def _poses(recording: Recording) -> Poses:
    held = {
        e.details["name"]: (float(e.details["start_s"]), float(e.details["end_s"]))
        for e in recording.events
        if e.kind == "marker"
    }
    return Poses(straight_s=held.get("straight"), bent_s=held.get("bent"))
