"""The demo: a simulated wearer, and how far the program was from the truth.

    Body --> virtual WitMotion x 4, virtual H10 --> `virtual_run.play` --> SessionEnd
      +---- truth ----------------------------------------> DemoScore <--------+

Nothing of the truth is known to what is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from devices.chunk import FloatArray, ImuChunk
from devices.simulated.body import Body, Truth
from devices.simulated.script import Episode, session_script
from devices.virtual.wearer import Wearer, dressed
from monitor.live.course import CourseSettings, GuidedCourse
from monitor.live.session import SessionEnd, View
from monitor.live.virtual_run import RadioKind, VirtualSession, play
from monitor.recording.reader import Recording
from monitor.recording.replay import stream_info
from monitor.result import Alert, SessionResult

_AROUND_S = 48.0  # arriving, and half a minute to get up
_AFTERWARDS_S = 20.0  # standing, until the last words are said


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What is simulated.  `speed` None is as fast as possible, 1 is real time."""

    minutes: float = 15.0
    seed: int = 0
    speed: float | None = None
    radio: RadioKind = "auto"


@dataclass(frozen=True, slots=True)
class ErrorFigure:
    """Absolute errors over seconds of rest: median, 95th percentile, share of seconds known."""

    median: float
    p95: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """Samples of one sensor: sent by the virtual sensor, found in the recording."""

    n_sent: int
    n_stored: int


@dataclass(frozen=True, slots=True, eq=False)
class DemoScore:
    """A demo against the body's truth.

    `errors` has ``knee_left_deg``, ``knee_right_deg``, ``breathing_per_min``, ``heart_per_min``.
    `told` pairs each true drift with the alert that told it, None when it was missed;
    `false_alerts` are knee alerts outside any true drift.
    """

    errors: Mapping[str, ErrorFigure]
    told: tuple[tuple[Episode, Alert | None], ...]
    false_alerts: tuple[Alert, ...]
    delivery: Mapping[str, Delivery]


def simulated_wearer(settings: DemoSettings) -> Wearer:
    """The person of the demo, with five sensors on."""
    # The clock starts with the first question for the knees, some 15 s after the first sensor; the
    # finish is asked for when it is over, and this wearer takes a moment before following.
    script = session_script(settings.minutes * 60.0 + _AROUND_S, seed=settings.seed)
    script = replace(script, duration_s=script.duration_s + _AFTERWARDS_S)
    # Sensors fill their notifications, as real ones do on an MTU of 247: 12 frames in each.
    return dressed(
        Body(script, seed=settings.seed), seed=settings.seed, frames_per_notification=None
    )


def run_demo(
    settings: DemoSettings, wearer: Wearer, view: View, wall_clock: Callable[[], datetime]
) -> tuple[SessionEnd, Path]:
    """Run a whole simulated session into a new folder; Ctrl-C ends it in order."""
    session = VirtualSession(
        peripherals=wearer.sensors,
        course=GuidedCourse(CourseSettings(minutes=settings.minutes), worn=tuple(wearer.sensors)),
        source=f"simulated wearer (demo, seed {settings.seed})",
        speed=settings.speed,
        radio=settings.radio,
    )
    return play(session, view, wall_clock)


def score(result: SessionResult, wearer: Wearer, recording: Recording) -> DemoScore:
    """Hold a session against the truth of its wearer."""
    epochs = result.analysis.epochs
    truth = wearer.body.truth(np.maximum(epochs.t_s - 0.5, 0.0))  # an epoch speaks of its second
    rest = np.array(truth.phase) == "rest"
    names = ("knee_left_deg", "knee_right_deg", "breathing_per_min", "heart_per_min")
    errors = {n: _error(getattr(epochs, n)[rest], _truth(truth, n)[rest]) for n in names}
    drifts = [e for e in wearer.body.script.episodes if e.kind == "drift"]
    drifts = [e for e in drifts if e.held_s[1] <= result.analysis.duration_s]
    knee_alerts = [a for a in result.alerts if a.kind == "knee_drift"]
    told = tuple((e, next((a for a in knee_alerts if _tells(a, e)), None)) for e in drifts)
    false_alerts = tuple(a for a in knee_alerts if not any(_tells(a, e) for e in drifts))
    return DemoScore(errors, told, false_alerts, _delivery(wearer, recording))


def _truth(truth: Truth, name: str) -> FloatArray:
    values: FloatArray = getattr(truth, name)
    if not name.endswith("_per_min") or not len(values):
        return values
    # A rate is measured over a window, so it is held against the mean of half a minute of truth.
    window = np.ones(min(30, len(values)))
    return np.convolve(values, window, "same") / np.convolve(np.ones(len(values)), window, "same")


def _error(seen: FloatArray, true: FloatArray) -> ErrorFigure:
    error = np.abs(seen - true)
    known = error[~np.isnan(error)]
    if not len(known):
        return ErrorFigure(np.nan, np.nan, 0.0)
    median, p95 = np.percentile(known, (50, 95))
    return ErrorFigure(float(median), float(p95), len(known) / len(error))


def _tells(alert: Alert, drift: Episode) -> bool:
    return alert.side == drift.side and drift.start_s <= alert.t_s <= drift.end_s + 5.0


def _delivery(wearer: Wearer, recording: Recording) -> dict[str, Delivery]:
    """Count by decoding everything that was stored, whenever it came."""
    from devices.registry import driver_named  # noqa: PLC0415

    counted: dict[str, Delivery] = {}
    for placement, peripheral in wearer.sensors.items():
        infos = [
            stream_info(e.details["info"])
            for e in recording.events
            if e.kind == "link" and e.details["placement"] == placement and e.details["info"]
        ]
        n_stored = 0
        if infos:
            decoder = driver_named(recording.header.sensors[placement].driver).new_decoder(infos[0])
            chunks = decoder.feed(recording.notifications(placement))
            n_stored = sum(len(c.t_device_s) for c in chunks if isinstance(c, ImuChunk))
        counted[placement] = Delivery(int(getattr(peripheral, "n_sent", 0)), n_stored)
    return counted
