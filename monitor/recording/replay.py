"""A recording goes through the live pipeline again, at the recorded arrival times.

Deterministic: with the settings of the session it gives the session's own epochs and alerts, bit
for bit; with others it shows what would have been said.  It is also how a session is rebuilt
whose program was killed before it could write a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from dataclasses import replace as dataclass_replace
from typing import Any

from devices.driver import ClockKind, StreamInfo
from monitor.live.pipeline import LivePipeline, LiveSettings
from monitor.recording.reader import RecordedBatch, RecordedEvent, Recording
from monitor.result import Alert, SessionResult


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What a replay gives.

    `said` are the alerts that the recording says were told at the time, `result.alerts` those
    that this replay tells; with the same settings they are the same.
    """

    result: SessionResult
    said: tuple[Alert, ...]
    whole: bool


def replay(recording: Recording, settings: LiveSettings | None = None) -> Replay:
    """Send a recording through the pipeline, by default with the settings it was made with."""
    settings = settings or recorded_settings(recording)
    header = recording.header
    note = "" if recording.whole else " (cut short; everything stored until then)"
    pipeline = LivePipeline(
        tuple(header.sensors),
        settings=settings,
        started_at=header.started_at,
        source=header.source + note,
        sensors_worn={p: s.name for p, s in header.sensors.items()},
    )
    said: list[Alert] = []
    end_s, ended_early = recording.last_t_s, None
    for entry in recording.entries:
        if isinstance(entry, RecordedBatch):
            pipeline.feed(entry.placement, entry.notifications)
        elif entry.kind == "alert":
            said.append(Alert(**entry.details["alert"]))
        elif entry.kind == "end":
            end_s, ended_early = entry.t_s, entry.details.get("ended_early")
        else:
            _happened(pipeline, entry)
    result = dataclass_replace(pipeline.finish(end_s), ended_early=ended_early)
    return Replay(result, tuple(said), recording.whole)


def recorded_settings(recording: Recording) -> LiveSettings:
    """The settings a session was recorded with; those that did not exist then are today's."""
    settings: LiveSettings = _from_json(LiveSettings(), recording.header.settings)
    return settings


def _from_json(default: Any, values: Mapping[str, Any]) -> Any:
    """A settings dataclass like `default`, with the values that are given for its fields."""
    known = {}
    for f in fields(default):
        if f.name in values:
            before, value = getattr(default, f.name), values[f.name]
            if is_dataclass(before):
                value = _from_json(before, value)
            known[f.name] = tuple(value) if isinstance(before, tuple) else value
    return dataclass_replace(default, **known)


def stream_info(values: dict[str, Any]) -> StreamInfo:
    """What a sensor agreed to, from the JSON of a recording.

    Examples
    --------
    >>> values = {"fs_hz": 100.0, "acc_range_g": 16.0, "has_gyro": True, "clock": "counted"}
    >>> stream_info(values).clock
    <ClockKind.COUNTED: 'counted'>
    """
    return StreamInfo(**{**values, "clock": ClockKind(values["clock"])})


def _happened(pipeline: LivePipeline, event: RecordedEvent) -> None:
    details = event.details
    if event.kind == "marker":
        pipeline.marker(details["name"], details["start_s"], details["end_s"], event.t_s)
    elif event.kind == "link":
        placement, info = details["placement"], details["info"]
        pipeline.link_event(placement, event.t_s, details["state"], details["detail"])
        if info is not None:
            pipeline.stream_started(placement, details["driver"], stream_info(info), event.t_s)
