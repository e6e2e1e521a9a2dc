"""A session with virtual sensors: from the radio on, everything is what a real session uses.

    peripherals --> MemoryRadio or BumbleRadio --bleak--> scan, Session --> recording, result

Used by the demo (a simulated body) and by a replay through the radio (a recording played by
virtual sensors).
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from devices.driver import StreamRequest
from devices.errors import DeviceError
from devices.link import LinkSettings, Radio, scan
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.peripheral import Peripheral
from monitor.errors import install_hint
from monitor.live.assignment import all_found, assign
from monitor.live.bridge import Bridge
from monitor.live.pipeline import LiveSettings
from monitor.live.recorded import About, run_recorded
from monitor.live.session import SessionEnd, SessionPlan, View
from monitor.live.steps import Course

RadioKind = Literal["auto", "bumble", "memory"]

RADIO_WORDS: Mapping[str, str] = {
    "bumble": "bleak over two whole Bluetooth host stacks (bumble) on a link inside this program; "
    "not exercised: this computer's own Bluetooth, and the air with its losses",
    "memory": "bleak's public interface over a radio in memory, without a Bluetooth stack; "
    "not exercised: the protocols below bleak, this computer's own Bluetooth, the air",
}
_SCAN_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class VirtualSession:
    """What is played.

    Attributes
    ----------
    peripherals : mapping
        Placement to virtual sensor.
    course : Course
        What is asked of the wearer, and how long it goes on.
    source : str
        Where the data comes from, in words for the report.
    settings : LiveSettings
        For the pipeline; written into the recording.
    request : StreamRequest
        What is asked of every sensor.
    link : LinkSettings
        How patient the links are.
    speed : float or None
        Times real time; None is as fast as possible.
    radio : str
        ``auto``, ``bumble`` or ``memory``.
    """

    peripherals: Mapping[str, Peripheral]
    course: Course
    source: str
    settings: LiveSettings = field(default_factory=LiveSettings)
    request: StreamRequest = field(default_factory=StreamRequest)
    link: LinkSettings = field(default_factory=LinkSettings)
    speed: float | None = None
    radio: RadioKind = "auto"


def radio_kind(wanted: RadioKind) -> Literal["bumble", "memory"]:
    """Bumble when it is installed, unless somebody chose.

    Raises
    ------
    DeviceError
        When bumble is asked for and not installed.
    """
    has_bumble = importlib.util.find_spec("bumble") is not None
    if wanted == "bumble" and not has_bumble:
        raise DeviceError(
            "the package bumble is not installed",
            hint=f"{install_hint('demo')}; or use --radio memory",
        )
    return "bumble" if has_bumble and wanted != "memory" else "memory"


def play(
    session: VirtualSession,
    view: View,
    wall_clock: Callable[[], datetime],
    *,
    bridge: Bridge | None = None,
) -> tuple[SessionEnd, Path]:
    """Run a virtual session into a new folder; Ctrl-C ends it in order."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(session.speed)) as runner:
        return runner.run(_play(session, view, wall_clock, bridge))


async def _play(
    session: VirtualSession,
    view: View,
    wall_clock: Callable[[], datetime],
    bridge: Bridge | None,
) -> tuple[SessionEnd, Path]:
    t_zero_s = asyncio.get_running_loop().time()
    about = About(wall_clock(), session.source, simulated=True)
    wanted = {p: x.advert.address for p, x in session.peripherals.items()}
    async with _on_air(session, t_zero_s) as radio:
        found = await scan(_SCAN_S, radio, lambda seen: all_found(wanted, seen))
        plan = SessionPlan(
            assign(wanted, found),
            radio,
            course=session.course,
            request=session.request,
            link=session.link,
        )
        return await run_recorded(
            plan, about, view, t_zero_s=t_zero_s, settings=session.settings, bridge=bridge
        )


@asynccontextmanager
async def _on_air(session: VirtualSession, t_zero_s: float) -> AsyncIterator[Radio]:
    """The virtual radio with all peripherals on it."""
    peripherals = list(session.peripherals.values())
    if radio_kind(session.radio) == "memory":
        from devices.virtual.memory_radio import MemoryRadio  # noqa: PLC0415

        yield MemoryRadio(peripherals, t_zero_s=t_zero_s).radio()
        return
    from devices.virtual.bumble_radio import BumbleRadio  # noqa: PLC0415  # an extra

    on_air = BumbleRadio(peripherals, t_zero_s=t_zero_s)
    await on_air.start()
    try:
        yield on_air.radio()
    finally:
        await on_air.stop()
