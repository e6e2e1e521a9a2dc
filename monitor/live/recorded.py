"""A session with its recording: what `session`, `demo` and a replay through the radio share.

plan --> folder, Recorder, LivePipeline --> Session.run --> SessionEnd
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from monitor import __version__, home
from monitor.alerts.nof1 import for_day
from monitor.cues.message import SILENT, CueGiver
from monitor.errors import UserError
from monitor.live.assignment import label
from monitor.live.bridge import Bridge, BridgedView
from monitor.live.interrupt import stop_on_signals
from monitor.live.pipeline import LivePipeline, LiveSettings
from monitor.live.session import Session, SessionEnd, SessionPlan, View
from monitor.recording.format import RecordedSensor, SessionHeader
from monitor.recording.writer import Recorder
from monitor.session_notes import NOTES_NAME, Rating, SessionNotes, write_notes


@dataclass(frozen=True, slots=True)
class About:
    """What a recording says of itself.

    `started_at` is the wall clock at session second 0; `source` says in words where the data
    comes from; `simulated` marks everything that no person wore; `before` is how the wearer felt,
    which is kept beside the recording.
    """

    started_at: datetime
    source: str
    simulated: bool = False
    before: Rating | None = None


async def run_recorded(
    plan: SessionPlan,
    about: About,
    view: View,
    *,
    t_zero_s: float,
    settings: LiveSettings | None = None,
    cues: CueGiver = SILENT,
    bridge: Bridge | None = None,
) -> tuple[SessionEnd, Path]:
    """Run a session into a new folder; signals end it in order.

    Returns
    -------
    SessionEnd, Path
        The end, and the session's folder.

    Raises
    ------
    UserError
        When no sensor said a word: there is nothing to keep, and the folder is taken away again.
    """
    settings = settings or LiveSettings()
    alerts = for_day(settings.alerts, about.started_at.date())
    settings = replace(settings, alerts=alerts)
    folder = home.new_session_folder(about.started_at)
    header = _header(plan, about, settings)
    if about.before is not None:
        write_notes(folder, SessionNotes(before=about.before))
    recorder = Recorder(folder / home.RECORDING_NAME, header)
    pipeline = LivePipeline(
        tuple(plan.sensors),
        settings=settings,
        started_at=header.started_at,
        source=header.source,
        sensors_worn={p: s.name for p, s in header.sensors.items()},
    )
    if bridge is not None:
        pipeline.listen(bridge.samples)
        view = BridgedView(view, bridge)
    stop = asyncio.Event()
    try:
        with stop_on_signals(stop):
            session = Session(plan, recorder, pipeline, view, t_zero_s=t_zero_s, cues=cues)
            end = await session.run(stop)
    finally:
        recorder.close()
        if recorder.counters().n_notifications == 0 and not recorder.failed:
            recorder.path.unlink(missing_ok=True)
            (folder / NOTES_NAME).unlink(missing_ok=True)
            folder.rmdir()
    if not folder.exists():
        raise UserError(
            f"nothing was recorded: it ended after {end.t_end_s:.1f} s, before a sensor said a word",
            hint="See whether the sensors are found: backrelease scan",
        )
    return end, folder


def _header(plan: SessionPlan, about: About, settings: LiveSettings) -> SessionHeader:
    return SessionHeader(
        started_at=about.started_at.isoformat(timespec="seconds"),
        started_unix_ns=int(about.started_at.timestamp() * 1e6) * 1000,
        sensors={
            p: RecordedSensor(label(found), found.advert.address, found.driver.name)
            for p, found in plan.sensors.items()
            if found.driver is not None
        },
        source=about.source,
        simulated=about.simulated,
        settings=asdict(settings),
        program=f"backrelease {__version__}",
    )
