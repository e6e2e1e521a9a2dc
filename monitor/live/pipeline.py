"""The live pipeline: notifications in, epochs and alerts out.  Pure: no I/O, no clock.

    feed(), stream_started(), link_event(), marker()      queued with their session times
        |
    advance(t):  every half second g <= t, what happened before g goes through
        SensorStream (bytes -> samples) -> SessionAnalyzer (samples -> epochs) -> rules -> tellings

`session`, `demo` and `replay` use this one class.  What comes out depends only on what happened
and when, never on how it was cut into batches nor on how often `advance` was called: the pipeline
walks its own half-second grid.  So a replay of the recording gives the same epochs and alerts,
bit for bit.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from analysis.results import Epochs, PhaseName, Poses
from analysis.session import AnalysisSettings, SessionAnalyzer
from analysis.taps import DoubleTaps
from devices.chunk import HeartChunk
from devices.driver import Notification, StreamInfo
from devices.stream import Samples
from monitor.alerts.engine import AlertEngine, Telling
from monitor.alerts.finding import Finding, Raised
from monitor.alerts.hurried_finish import hurried_finish
from monitor.alerts.rules import EpochRules
from monitor.alerts.settings import AlertSettings
from monitor.alerts.strap_slipped import StrapSlippedAlert
from monitor.live.heart_worn import HEART, HeartChoice, HeartLog
from monitor.live.sensor import LiveSensor, Marker, SensorHealth
from monitor.result import Alert, Reference, SessionResult, Side


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What the live pipeline may be told to do differently; a replay can try other values."""

    alerts: AlertSettings = field(default_factory=AlertSettings)
    # A session asks for the two poses; until they are held its angles are unknown, not guessed.
    assume_nominal: bool = False
    height_m: float | None = None  # the wearer's, for a leg with one sensor


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What became known since the last `advance`.

    `alerts` is what the rules found, `tellings` what the wearer is to be told of it and when: a cue
    may be withheld, or be a louder one for an older alert.  `notices` are good news to say once,
    such as a sensor that is back; `heart_source` is the placement whose beats are listened to now,
    empty when none tells any; `phase` is the part of the exercise that the analysis recognises;
    `worn` says of each sensor whether it is on the body, None where that is not known.
    """

    epochs: Epochs
    alerts: tuple[Alert, ...]
    health: Mapping[str, SensorHealth]
    reference: Reference
    notices: tuple[str, ...] = ()
    heart_source: str = ""
    tellings: tuple[Telling, ...] = ()
    phase: PhaseName = "unknown"
    worn: Mapping[str, bool | None] = field(default_factory=dict)


SampleEar: TypeAlias = Callable[[str, Samples], None]
"""Somebody who looks at a placement's samples as they come; changes nothing."""

SIDES: tuple[Side, Side] = ("left", "right")
_STILL_TO_COME_S = (math.inf, math.inf)
STEP_S = 0.5  # the analysis' hold-back: an epoch is final half a second after its end
TELL_AFTER_S = 0.1
"""A cue is due one tick after the step that decided it: what that step's work takes (ten to thirty
milliseconds on a slow computer) then neither delays a cue nor makes it uneven."""


class LivePipeline:
    """One session as it happens, or happens again.

    Parameters
    ----------
    placements
        Where sensors are worn; results are in this order.
    started_at, source, sensors_worn
        Passed on to the result.
    """

    def __init__(
        self,
        placements: Sequence[str],
        *,
        settings: LiveSettings | None = None,
        started_at: str | None = None,
        source: str = "",
        sensors_worn: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = settings or LiveSettings()
        self._about = (started_at, source, dict(sensors_worn or {}))
        self._sensors = {
            p: LiveSensor(
                p,
                lost_after_s=self._settings.alerts.lost_after_s,
                battery_below_percent=self._settings.alerts.battery_percent,
            )
            for p in placements
        }
        self._analyzer = SessionAnalyzer(
            tuple(p for p in placements if p != HEART),
            AnalysisSettings(
                assume_nominal=self._settings.assume_nominal, height_m=self._settings.height_m
            ),
        )
        self._poses = Poses()
        self._ears: list[SampleEar] = []
        self._markers: deque[Marker] = deque()
        self._n_steps = 0
        self._rules = EpochRules(self._settings.alerts)
        self._engine = AlertEngine(self._settings.alerts)
        self._taps = {p: DoubleTaps() for p in placements}
        self._straps = {side: StrapSlippedAlert(side) for side in SIDES}
        self._was_tapped = False
        self._n_judged = 0
        self._heart = HeartChoice()
        self._heart_log = HeartLog()

    # --- what happens ------------------------------------------------------------------------

    def stream_started(
        self, placement: str, driver_name: str, info: StreamInfo, t_s: float
    ) -> None:
        """A sensor agreed to stream (again)."""
        self._sensors[placement].started(t_s, driver_name, info)

    def link_event(self, placement: str, t_s: float, state: str, detail: str) -> None:
        """A link changed its state: connecting, streaming, silent, lost, stopped."""
        self._sensors[placement].link(t_s, state, detail)

    def feed(self, placement: str, notifications: Sequence[Notification]) -> None:
        """Take what one sensor sent, oldest first, arrival in session seconds."""
        self._sensors[placement].heard(notifications)

    def listen(self, ear: SampleEar) -> None:
        """Let somebody look at every sample on its way to the analysis."""
        self._ears.append(ear)

    def marker(self, name: str, start_s: float, end_s: float, t_s: float) -> None:
        """Note at `t_s` what a stretch of the session was; names as in `monitor.live.steps.Mark`.

        A pose may lie ahead: the analysis then waits for it, and calibrates all seconds alike.  So
        it does from ``arrival`` on, until the bent pose or ``arrived``.
        Any other name (an extra that was asked for, the finish) is a stretch in which no posture is
        judged.
        """
        self._markers.append(Marker(t_s, name, start_s, end_s))

    # --- what became known -------------------------------------------------------------------

    def advance(self, t_s: float) -> Update:
        """Everything that can be known at `t_s`, given that all before `t_s` was handed over."""
        epochs: list[Epochs] = []
        found: list[Finding] = []
        tellings: list[Telling] = []
        while (g_s := (self._n_steps + 1) * STEP_S) <= t_s:
            self._n_steps += 1
            new_found = self._take_until(g_s)
            new = self._analyzer.advance(g_s)
            epochs.append(new)
            new_found += self._judge(new)
            found += new_found
            tellings += self._tell(g_s, new_found)
        health = {p: s.health() for p, s in self._sensors.items()}
        notices = tuple(words for s in self._sensors.values() for words in s.notices())
        return Update(
            epochs=Epochs.joined(epochs),
            alerts=tuple(f.alert for f in found if isinstance(f, Raised)),
            health=health,
            reference=self._rules.reference,
            notices=notices,
            heart_source=self._heart.source_at(t_s),
            tellings=tuple(tellings),
            phase=self._analyzer.phase,
            worn=self._analyzer.worn,
        )

    def finish(self, t_s: float) -> SessionResult:
        """End the session at `t_s`; what came later (while links closed) is left to the recording."""
        self.advance(t_s)
        found = self._take_until(math.nextafter(t_s, math.inf))
        self._await_bent(awaited=False)
        analysis = self._analyzer.finish()
        # The last epochs become final only now; the rules have a word on them like on all others.
        found += self._judge(analysis.epochs[self._n_judged :])
        hurried = hurried_finish(analysis.finish)
        self._engine.end(t_s, [*found, *([hurried] if hurried else [])])
        ledger = self._engine.ledger()
        started_at, source, worn = self._about
        if HEART in self._sensors:
            told = {HEART: self._heart_log.summary(analysis.duration_s)}
            analysis = replace(analysis, sensors={**analysis.sensors, **told})
        chosen = self._settings.alerts
        return SessionResult(
            analysis=analysis,
            alerts=tuple(entry.alert for entry in ledger),
            ledger=ledger,
            reference=self._rules.reference,
            gaps=tuple(g for s in self._sensors.values() for g in s.all_gaps(t_s)),
            started_at=started_at,
            source=source,
            sensors_worn=worn,
            loss_by={p: s.loss_by() for p, s in self._sensors.items()},
            # a quiet session is no trial: nobody would have been told on either kind of day
            cues_on=(
                not chosen.without_cues if chosen.randomise_days and not chosen.quiet else None
            ),
        )

    # --- inside ------------------------------------------------------------------------------

    def _take_until(self, before_s: float) -> list[Finding]:
        """Let everything that happened before `before_s` reach the analysis."""
        while self._markers and self._markers[0].t_s < before_s:
            self._mark(self._markers.popleft())
        found: list[Finding] = []
        beats: list[tuple[str, HeartChunk]] = []
        for placement, sensor in self._sensors.items():
            for said in sensor.take_until(before_s):
                if isinstance(said, HeartChunk):
                    beats.append((placement, said))
                elif placement != HEART:
                    self._analyzer.feed(
                        placement, said.t_s, said.acc_m_s2, said.gyr_rad_s, said.n_lost
                    )
                    for ear in self._ears:
                        ear(placement, said)
                    tapped_s = self._taps[placement].feed(said.t_s, said.acc_m_s2)
                    self._was_tapped |= any(t > self._rules.settles_from_s for t in tapped_s)
            found += sensor.found_until(before_s)
        self._beat(beats)
        return found

    def _beat(self, said: list[tuple[str, HeartChunk]]) -> None:
        for placement, chunk in said:
            if placement == HEART:
                self._heart_log.take(chunk)
        for chunk in self._heart.choose(said):
            self._analyzer.feed_beats(chunk.t_arrival_s, chunk.heart_per_min, chunk.rr_s)

    def _mark(self, marker: Marker) -> None:
        held_s = (marker.start_s, marker.end_s)
        if marker.name in {"arrival", "arrived"}:
            self._await_bent(awaited=marker.name == "arrival")
        elif marker.name == "straight":
            self._poses = replace(self._poses, straight_s=held_s)
            self._analyzer.set_poses(self._poses)
        elif marker.name == "bent":
            self._poses = replace(self._poses, bent_s=held_s)
            self._rules.bent_until(marker.end_s)
            self._analyzer.set_poses(self._poses)
        elif marker.name == "pause":
            self._rules.quiet_between(marker.start_s, math.inf)
        elif marker.name == "resume":
            self._rules.quiet_until(marker.end_s)
        elif marker.name == "snooze":
            self._was_tapped = True
        elif marker.end_s > marker.start_s:
            self._rules.quiet_between(*held_s)

    def _await_bent(self, *, awaited: bool) -> None:
        """Let the analysis wait for the bent pose, whenever it comes, or wait no longer."""
        is_awaited = self._poses.bent_s == _STILL_TO_COME_S
        if awaited and self._poses.bent_s is None:
            self._poses = replace(self._poses, bent_s=_STILL_TO_COME_S)
            self._analyzer.set_poses(self._poses)
        elif is_awaited and not awaited:
            self._poses = replace(self._poses, bent_s=None)
            self._analyzer.set_poses(self._poses)

    def _judge(self, epochs: Epochs) -> list[Finding]:
        """Run the rules over newly final epochs."""
        self._n_judged += len(epochs)
        found = self._rules.judge(epochs)
        if len(epochs):
            slips, t_s = self._analyzer.slips, float(epochs.t_s[-1])
            straps = [s.update(t_s, slips.get(side, "")) for side, s in self._straps.items()]
            found += [f for f in straps if f]
        return found

    def _tell(self, t_s: float, found: list[Finding]) -> list[Telling]:
        """Let the engine decide what of it is told at the next tick."""
        due_s = round(t_s + TELL_AFTER_S, 6)
        was_tapped, self._was_tapped = self._was_tapped, False
        snoozed = [self._engine.snooze(due_s)] if was_tapped else []
        return snoozed + self._engine.step(due_s, found, can_see=not self._rules.is_frozen)
