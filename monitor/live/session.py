"""A session: sensors, recording, pipeline, course and view, wired in one task group.

    SensorLink x n --> Collector --> Recorder (thread)
                                 --> LivePipeline --Update--> View, Eyes
    Eyes, keys --> Course --says, marks--> View, Collector

One tick each 100 ms does everything else.  `stop` ends a session at any time: links are closed in
order, the recording gets its end, and the result is as whole as a full session's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Protocol

from analysis.results import Epochs
from devices.driver import StreamRequest
from devices.link import Found, LinkSettings, Radio, SensorLink
from monitor.alerts.engine import Telling
from monitor.cues.message import SILENT, CueGiver, Message
from monitor.cues.sensor import calling
from monitor.errors import UserError
from monitor.live.collector import Collector
from monitor.live.course import GuidedCourse
from monitor.live.keys import Key
from monitor.live.pipeline import LivePipeline, Update
from monitor.live.seen import Eyes
from monitor.live.steps import Course, Mark, Say, Step
from monitor.recording.format import whole_microseconds
from monitor.recording.writer import Recorder
from monitor.result import Alert, SessionResult
from monitor.screen.breath_trace import BreathTrace

TICK_S = 0.1  # design: about 100 ms of notifications travel together
_FINISH_LINKS_S = 10.0  # a sensor that does not answer its goodbye is left alone


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What is to happen.

    Attributes
    ----------
    sensors : mapping
        Placement to the sensor that a scan found.
    radio : Radio
        The computer's Bluetooth, or a virtual one.
    course : Course
        What is asked of the wearer; a guided one starts when all sensors stream.
    request : StreamRequest
        What is asked of every sensor.
    start_within_s : float
        After this time the course starts with those sensors that stream.
    link : LinkSettings
        How patient the links are.
    """

    sensors: Mapping[str, Found]
    radio: Radio
    course: Course = field(default_factory=GuidedCourse)
    request: StreamRequest = field(default_factory=StreamRequest)
    start_within_s: float = 30.0
    link: LinkSettings = field(default_factory=LinkSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Status:
    """What a view may show.

    `left_s` and `position_s` are the course's clock, None before it begins; `waits` says why the
    clock stands still; `breath` draws the breathing of the last minute.
    """

    t_s: float
    phase: str
    left_s: float | None
    position_s: float | None
    waits: str
    update: Update
    missing: tuple[str, ...]
    recorded_s: float
    recording_failed: bool
    breath: BreathTrace | None = None


class View(Protocol):
    """Where a session is seen and heard."""

    def say(self, t_s: float, text: str) -> None:
        """Say a cue or a message, once."""

    def alert(self, alert: Alert) -> None:
        """Say an alert, once."""

    def show(self, status: Status) -> None:
        """Take the newest state; called every tick, so it must be quick."""

    def note(self, text: str) -> None:
        """Say something about the program itself; may come from another thread."""

    def pressed(self) -> Sequence[Key]:
        """What somebody asked for since the last call; called every tick, too."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionEnd:
    """How a session ended.

    Attributes
    ----------
    result : SessionResult
        The whole analysis.
    n_received : mapping
        Notifications handed over, by placement.
    t_end_s : float
        Session time at the end.
    stopped : bool
        Whether it was stopped, or asked to finish, before the course was over.
    position_s : float
        Time spent in the position.
    live_epochs : Epochs
        What was shown while it ran: the first rows of the result's epochs.
    stored_s : float or None
        Up to where it is recorded, when the disk refused the rest; None when all is.
    """

    result: SessionResult
    n_received: Mapping[str, int]
    t_end_s: float
    stopped: bool
    position_s: float
    live_epochs: Epochs
    stored_s: float | None = None


class Session:
    """One session on the running event loop."""

    def __init__(
        self,
        plan: SessionPlan,
        recorder: Recorder,
        pipeline: LivePipeline,
        view: View,
        *,
        t_zero_s: float,
        cues: CueGiver = SILENT,
    ) -> None:
        self._cues = cues
        self._due: deque[Telling] = deque()
        self._plan = plan
        self._recorder = recorder
        self._pipeline = pipeline
        self._view = view
        self._t_zero_s = t_zero_s
        drivers = {p: found.driver.name for p, found in plan.sensors.items() if found.driver}
        self._collector = Collector(drivers, recorder, pipeline)
        self._course = plan.course
        self._begun = False
        self._eyes = Eyes(tuple(plan.sensors))
        self._breath = BreathTrace()
        pipeline.listen(lambda place, said: self._eyes.watch.feed(place, said.t_s, said.acc_m_s2))
        pipeline.listen(lambda place, said: self._breath.feed(place, said.t_s, said.acc_m_s2))
        self._phase = ""
        self._epochs: list[Epochs] = []
        self._told_failure = False
        self._late: set[str] = set()  # sensors that the course started without

    def now_s(self) -> float:
        """Session time now."""
        return whole_microseconds(asyncio.get_running_loop().time() - self._t_zero_s)

    async def run(self, stop: asyncio.Event) -> SessionEnd:
        """Run until the course is over or `stop` is set.

        Raises
        ------
        UserError
            When no sensor at all began to stream in time.
        DeviceError
            When the radio cannot be used.
        """
        try:
            t_end_s = await self._run_links(stop)
            self._collector.flush(self.now_s())
            stopped = not self._course.is_over or self._course.ended_early
            self._recorder.event(
                "end", t_end_s, position_s=self._course.position_s, ended_early=stopped
            )
        finally:
            self._recorder.close()
        if not self._begun and not stop.is_set():
            raise UserError(
                f"no sensor began to stream within {self._plan.start_within_s:.0f} s",
                hint="Switch the sensors on, wear the chest strap (damp), and see: backrelease scan",
            )
        return SessionEnd(
            result=replace(self._pipeline.finish(t_end_s), ended_early=stopped),
            n_received=dict(self._collector.n_received),
            t_end_s=t_end_s,
            stopped=stopped,
            position_s=self._course.position_s,
            live_epochs=Epochs.joined(self._epochs),
            stored_s=self._recorder.counters().last_written_s if self._recorder.failed else None,
        )

    async def _run_links(self, stop: asyncio.Event) -> float:
        """Run links and ticks side by side; returns the session time at which it was over."""
        links_stop = asyncio.Event()
        made = self._links()
        callers = [link for link in made.values() if link.can_cue]
        if callers:
            self._cues.attach(calling(asyncio.get_running_loop(), callers))
        try:
            async with asyncio.TaskGroup() as group:
                links = [
                    group.create_task(link.run(links_stop), name=f"link {placement}")
                    for placement, link in made.items()
                ]
                await self._tick_until_over(stop)
                t_end_s = self.now_s()
                links_stop.set()
                if links:
                    await asyncio.wait(links, timeout=_FINISH_LINKS_S)
                for link in links:
                    link.cancel()
        except* Exception as errors:
            raise first_error(errors) from None  # alone, so that its hint reaches the person
        return t_end_s

    def _links(self) -> dict[str, SensorLink]:
        plan, collector = self._plan, self._collector
        return {
            placement: SensorLink(
                found,
                request=plan.request,
                radio=plan.radio,
                t_zero_s=self._t_zero_s,
                on_notification=collector.ear(placement),
                on_event=partial(collector.on_event, placement),
                settings=plan.link,
            )
            for placement, found in plan.sensors.items()
        }

    async def _tick_until_over(self, stop: asyncio.Event) -> None:
        last_s = -1.0
        n_ticks = 0
        while True:
            now_s = self.now_s()
            self._begin_when_ready(now_s)
            self._tick(last_s, now_s)
            if stop.is_set() or self._is_over(now_s):
                return
            last_s = now_s
            # Ticks keep to the grid of session time, so that a slow one does not shift the rest.
            n_ticks = max(n_ticks + 1, int(now_s / TICK_S))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, n_ticks * TICK_S - self.now_s()))

    def _is_over(self, now_s: float) -> bool:
        if not self._begun:
            return now_s >= self._plan.start_within_s  # no sensor streams
        return self._course.is_over

    def _begin_when_ready(self, now_s: float) -> None:
        if self._begun:
            return
        if not self._course.begins_at_once:
            missing = self._missing()
            if missing and now_s < self._plan.start_within_s:
                return
            if len(missing) == len(self._plan.sensors):
                return  # nobody is there: `_is_over` gives up
            if missing:
                names = ", ".join(p.replace("_", " ") for p in missing)
                self._view.say(now_s, f"Starting without: {names}.")
                self._late = set(missing)
        self._begun = True
        self._recorder.event("course", now_s, start_s=now_s, left_s=self._course.left_s)
        self._take(now_s, self._course.begin(now_s))

    def _tick(self, last_s: float, now_s: float) -> None:
        while self._due and self._due[0].due_s <= now_s:  # first, so that no work delays a cue
            self._tell(self._due.popleft())
        self._collector.flush(now_s)
        update = self._pipeline.advance(now_s)
        if len(update.epochs):
            self._epochs.append(update.epochs)
        for alert in update.alerts:
            self._recorder.event("alert", now_s, alert=asdict(alert))
        self._due.extend(update.tellings)
        for words in (*update.notices, *self._joined_late()):
            self._recorder.event("notice", now_s, text=words)
            self._view.say(now_s, words)
        self._eyes.take(update)
        if self._begun and now_s > last_s:
            self._follow_course(now_s)
        if self._recorder.failed and not self._told_failure:
            self._told_failure = True
            kept_s = self._recorder.counters().last_written_s
            self._view.say(
                now_s,
                "The disk refuses to store more (is it full?). The session goes on without being "
                f"recorded; everything up to {kept_s:.0f} s is kept.",
            )
        self._show(now_s, update)

    def _show(self, now_s: float, update: Update) -> None:
        course = self._course if self._begun else None
        self._view.show(
            Status(
                t_s=now_s,
                phase=course.phase if course else "get ready",
                left_s=course.left_s if course else None,
                position_s=course.position_s if course else None,
                waits=course.waits if course else "",
                update=update,
                missing=self._missing(),
                recorded_s=self._recorder.counters().last_written_s,
                recording_failed=self._recorder.failed,
                breath=self._breath,
            )
        )

    def _follow_course(self, now_s: float) -> None:
        """Let the course see, hear the keys, and say what it has to say."""
        for key in self._view.pressed():
            self._recorder.event("key", now_s, key=key)
            if key == "mark":
                self._collector.mark(Mark("mark", now_s, now_s), now_s)
                self._view.say(now_s, "Marked.")
            elif key == "snooze":
                self._collector.mark(Mark("snooze", now_s, now_s), now_s)
            else:
                self._take(now_s, self._course.press(key, now_s))
        streaming = self._collector.streaming
        seen = self._eyes.seen(now_s, self._course.pose_asked, streaming)
        self._take(now_s, self._course.update(now_s, seen))
        if self._course.phase != self._phase:
            self._phase = self._course.phase
            self._recorder.event("phase", now_s, name=self._phase)

    def _take(self, now_s: float, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Mark):
                self._collector.mark(step, now_s)
                if step.name in {"straight", "bent"}:
                    self._eyes.watch.keep(step.name, step.start_s, step.end_s)
            else:
                self._say(now_s, step)

    def _tell(self, telling: Telling) -> None:
        """Give a cue, and note how long after its moment it was given."""
        message, alert = telling.message, telling.alert
        self._cues.give(message)
        given_s = self.now_s()
        late_s = round(given_s - telling.due_s, 6)
        self._recorder.event("told", given_s, message=asdict(message), late_s=late_s)
        if alert is None:
            self._view.say(given_s, message.text)
        elif message.kind == "alert":
            self._view.alert(alert)

    def _say(self, now_s: float, said: Say) -> None:
        self._recorder.event("cue", now_s, phase=self._course.phase, text=said.text, how=said.kind)
        self._cues.give(Message(said.text, said.kind))
        self._view.say(now_s, said.text)

    def _joined_late(self) -> list[str]:
        """Told once of each sensor that the course started without and that came after all."""
        came = self._late & self._collector.streaming
        self._late -= came
        return [f"The {p.replace('_', ' ')} sensor is here now." for p in sorted(came)]

    def _missing(self) -> tuple[str, ...]:
        return tuple(p for p in self._plan.sensors if p not in self._collector.streaming)


def first_error(errors: BaseExceptionGroup[Exception]) -> Exception:
    """One error of a group: the sensors of one radio fail for one reason."""
    error = errors.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error
