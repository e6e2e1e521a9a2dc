"""The live pipeline: notifications in, epochs and alerts out.  Pure: no I/O, no clock.

    feed(), stream_started(), link_event(), marker()      queued with their session times
        |
    advance(t):  every half second g <= t, what happened before g goes through
        SensorStream (bytes -> samples) -> SessionAnalyzer (samples -> epochs) -> alerts

`session`, `demo` and `replay` use this one class.  What comes out depends only on what happened
and when, never on how it was cut into batches nor on how often `advance` was called: the pipeline
walks its own half-second grid.  So a replay of the recording gives the same epochs and alerts,
bit for bit.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.results import Epochs, Poses
from analysis.session import AnalysisSettings, SessionAnalyzer
from devices.chunk import HeartChunk
from devices.driver import Notification, StreamInfo
from monitor.alerts.rules import EpochRules, RuleSettings
from monitor.live.heart_worn import HEART, HeartChoice, HeartLog
from monitor.live.sensor import LiveSensor, Marker, SensorHealth
from monitor.result import Alert, Reference, SessionResult


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What the live pipeline may be told to do differently; a replay can try other values."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    lost_after_s: float = 3.0  # a notification is due every 10 to 1000 ms; some drivers ask for more
    # A session asks for the two poses; until they are held its angles are unknown, not guessed.
    assume_nominal: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What became known since the last `advance`.

    `notices` are good news to say once, such as a sensor that is back; `heart_source` is the
    placement whose beats are listened to now, empty when none tells any.
    """

    epochs: Epochs
    alerts: tuple[Alert, ...]
    health: Mapping[str, SensorHealth]
    reference: Reference
    notices: tuple[str, ...] = ()
    heart_source: str = ""


STEP_S = 0.5  # the analysis' hold-back: an epoch is final half a second after its end


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
            p: LiveSensor(p, lost_after_s=self._settings.lost_after_s) for p in placements
        }
        self._analyzer = SessionAnalyzer(
            tuple(p for p in placements if p != HEART),
            AnalysisSettings(assume_nominal=self._settings.assume_nominal),
        )
        self._poses = Poses()
        self._markers: deque[Marker] = deque()
        self._n_steps = 0
        self._rules = EpochRules(self._settings.rules)
        self._alerts: list[Alert] = []
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

    def marker(self, name: str, start_s: float, end_s: float, t_s: float) -> None:
        """Note at `t_s` that a pose (``straight`` or ``bent``) is held from `start_s` to `end_s`.

        The pose may lie ahead: the analysis then waits for it, and calibrates all seconds alike.
        """
        self._markers.append(Marker(t_s, name, start_s, end_s))

    # --- what became known -------------------------------------------------------------------

    def advance(self, t_s: float) -> Update:
        """Everything that can be known at `t_s`, given that all before `t_s` was handed over."""
        epochs: list[Epochs] = []
        alerts: list[Alert] = []
        while (g_s := (self._n_steps + 1) * STEP_S) <= t_s:
            self._n_steps += 1
            alerts += self._take_until(g_s)
            new = self._analyzer.advance(g_s)
            epochs.append(new)
            alerts += self._judge(new)
        self._alerts += alerts
        health = {p: s.health() for p, s in self._sensors.items()}
        notices = tuple(words for s in self._sensors.values() for words in s.notices())
        return Update(
            epochs=Epochs.joined(epochs),
            alerts=tuple(alerts),
            health=health,
            reference=self._rules.reference,
            notices=notices,
            heart_source=self._heart.source_at(t_s),
        )

    def finish(self, t_s: float) -> SessionResult:
        """End the session at `t_s`; what came later (while links closed) is left to the recording."""
        self.advance(t_s)
        self._alerts += self._take_until(math.nextafter(t_s, math.inf))
        analysis = self._analyzer.finish()
        # The last epochs become final only now; the rules have a word on them like on all others.
        rest = analysis.epochs[self._n_judged :]
        self._alerts += self._judge(rest)
        started_at, source, worn = self._about
        if HEART in self._sensors:
            told = {HEART: self._heart_log.summary(analysis.duration_s)}
            analysis = replace(analysis, sensors={**analysis.sensors, **told})
        return SessionResult(
            analysis=analysis,
            alerts=tuple(sorted(self._alerts, key=lambda a: (a.t_s, a.kind, a.side))),
            reference=self._rules.reference,
            gaps=tuple(g for s in self._sensors.values() for g in s.all_gaps(t_s)),
            started_at=started_at,
            source=source,
            sensors_worn=worn,
            loss_by={p: s.loss_by() for p, s in self._sensors.items()},
        )

    # --- inside ------------------------------------------------------------------------------

    def _take_until(self, before_s: float) -> list[Alert]:
        """Let everything that happened before `before_s` reach the analysis."""
        while self._markers and self._markers[0].t_s < before_s:
            self._mark(self._markers.popleft())
        alerts: list[Alert] = []
        beats: list[tuple[str, HeartChunk]] = []
        for placement, sensor in self._sensors.items():
            for said in sensor.take_until(before_s):
                if isinstance(said, HeartChunk):
                    beats.append((placement, said))
                elif placement != HEART:
                    self._analyzer.feed(
                        placement, said.t_s, said.acc_m_s2, said.gyr_rad_s, said.n_lost
                    )
            alerts += sensor.alerts_until(before_s)
        self._beat(beats)
        return alerts

    def _beat(self, said: list[tuple[str, HeartChunk]]) -> None:
        for placement, chunk in said:
            if placement == HEART:
                self._heart_log.take(chunk)
        for chunk in self._heart.choose(said):
            self._analyzer.feed_beats(chunk.t_arrival_s, chunk.heart_per_min, chunk.rr_s)

    def _mark(self, marker: Marker) -> None:
        held_s = (marker.start_s, marker.end_s)
        if marker.name == "straight":
            self._poses = replace(self._poses, straight_s=held_s)
        elif marker.name == "bent":
            self._poses = replace(self._poses, bent_s=held_s)
            self._rules.bent_until(marker.end_s)
        self._analyzer.set_poses(self._poses)

    def _judge(self, epochs: Epochs) -> list[Alert]:
        """Run the rules over newly final epochs."""
        self._n_judged += len(epochs)
        return self._rules.judge(epochs)
