"""A real session: scan, assign, then run it into a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from devices.link import SYSTEM_RADIO, Radio, scan
from monitor.live.assignment import all_found, assign, label
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan, View


async def run_session(
    wanted: Mapping[str, str],
    view: View,
    *,
    minutes: float,
    search_s: float,
    wall_clock: Callable[[], datetime],
    radio: Radio = SYSTEM_RADIO,
) -> tuple[SessionEnd, Path]:
    """Find the sensors and run a session with them.

    Parameters
    ----------
    wanted
        Placement to name or address; empty for the one chest strap that is near.
    wall_clock
        Asked once, at session second 0.

    Raises
    ------
    UserError
        When sensors are missing or the choice is not plain.
    DeviceError
        When the radio cannot be used.
    """
    found = await scan(search_s, radio, lambda seen: all_found(wanted, seen))
    sensors = assign(wanted, found)
    for placement, sensor in sensors.items():
        view.say(0.0, f"{placement.replace('_', ' ')}: {label(sensor)}")
    plan = SessionPlan(sensors, radio, minutes=minutes)
    about = About(wall_clock(), "session")
    t_zero_s = asyncio.get_running_loop().time()
    return await run_recorded(plan, about, view, t_zero_s=t_zero_s)
