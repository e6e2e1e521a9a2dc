"""A real session: scan, assign, then run it into a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from devices.link import SYSTEM_RADIO, Found, Radio, scan
from monitor.config import SensorEntry
from monitor.cues.message import SILENT, CueGiver
from monitor.live.assignment import all_found, assign, label, matching
from monitor.live.bridge import Bridge
from monitor.live.course import CourseSettings, GuidedCourse
from monitor.live.pipeline import LiveSettings
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan, View
from monitor.session_notes import Rating


async def run_session(
    wanted: Mapping[str, str] | Mapping[str, SensorEntry],
    view: View,
    *,
    course: CourseSettings,
    search_s: float,
    wall_clock: Callable[[], datetime],
    radio: Radio = SYSTEM_RADIO,
    settings: LiveSettings | None = None,
    before: Rating | None = None,
    cues: CueGiver = SILENT,
    open_bridge: Callable[[], Bridge] | None = None,
) -> tuple[SessionEnd, Path]:
    """Find the sensors and run a session with them.

    Parameters
    ----------
    wanted
        Placement to name or address, or to a sensor of the wearer's own; empty for the one chest
        strap that is near.
    course
        What is planned.
    settings, cues
        What is told, and how.
    open_bridge
        Opens a bridge to another program; called at session second 0, from which it counts.
    before
        How the wearer felt beforehand, kept with the session from its first second.
    wall_clock
        Asked once, at session second 0.

    Raises
    ------
    UserError
        When sensors are missing or the choice is not plain.
    DeviceError
        When the radio cannot be used.
    """
    addresses = {p: _address(sensor) for p, sensor in wanted.items()}
    found = await scan(search_s, radio, lambda seen: all_found(addresses, seen))
    sensors = assign({p: _known_as(sensor, found) for p, sensor in wanted.items()}, found)
    for placement, sensor in sensors.items():
        view.say(0.0, f"{placement.replace('_', ' ')}: {label(sensor)}")
    guided = GuidedCourse(course, worn=tuple(sensors))
    plan = SessionPlan(sensors, radio, guided)
    about = About(wall_clock(), "session", before=before)
    t_zero_s = asyncio.get_running_loop().time()
    bridge = open_bridge() if open_bridge is not None else None
    return await run_recorded(
        plan, about, view, t_zero_s=t_zero_s, settings=settings, cues=cues, bridge=bridge
    )


def _address(sensor: str | SensorEntry) -> str:
    return sensor if isinstance(sensor, str) else sensor.address or sensor.name


def _known_as(sensor: str | SensorEntry, found: Sequence[Found]) -> str:
    """A sensor of one's own is known by its address, and by its name where that has changed."""
    address = _address(sensor)
    if isinstance(sensor, str) or matching(address, found) or not sensor.name:
        return address
    return sensor.name
