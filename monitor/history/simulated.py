"""Three months of a simulated wearer, results only: no recording, no sensor, a second of work.

    practice(settings) --> (when, SessionResult, SessionNotes) x n --write--> session folders

Every measure is a known line over the days plus noise of one day, so that a trend can be held
against the truth.  Within a session breath and heart settle as they do in anybody.  Used by the
tests, the benchmark and the notebook; `source` says "simulated", so the sessions are never mixed
into the trends of a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from analysis.results import Epochs, Phase, SensorSummary, SessionAnalysis
from analysis.summary import summarise
from monitor import home
from monitor.result import Alert, LedgerEntry, SessionResult
from monitor.result_file import to_json, write_text
from monitor.session_notes import Rating, SessionNotes, write_notes

_STRAIGHT_S = 25.0
_SENSORS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")


@dataclass(frozen=True, slots=True)
class Line:
    """A measure over the days: value on the first day, change per day, noise of one day (SD)."""

    start: float
    per_day: float
    day_sd: float


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """What is simulated.

    Attributes
    ----------
    seed : int
    n_days : int
    first_day : datetime
        Evening of the first session.
    rest_share : float
        Share of days without a session.
    short_share : float
        Share of sessions cut short after 3 to 6 minutes.
    memory : float
        Correlation of one session's noise with that of the one before, 0 to 1.
    epoch_s : float
        Seconds between the rows of a result; the summary's drift of the knees needs 1.
    lines : mapping
        Of each measure; by default some change and some do not.
    """

    seed: int = 0
    n_days: int = 90
    first_day: datetime = datetime(2026, 3, 1, 18, 30, 5, tzinfo=UTC)
    rest_share: float = 0.2
    short_share: float = 0.07
    memory: float = 0.0
    epoch_s: float = 1.0
    lines: Mapping[str, Line] = field(
        default_factory=lambda: {
            "stillness": Line(0.80, 0.0012, 0.03),
            "breathing_per_min": Line(14.5, -0.022, 0.9),
            "heart_per_min": Line(64.0, 0.0, 2.5),
            "knee_drift_deg": Line(7.0, -0.04, 1.2),
            "settle_s": Line(110.0, -0.45, 25.0),
            "comfort": Line(4.5, 0.025, 0.8),
            "calm": Line(5.0, 0.0, 1.0),
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedSession:
    """One session: its start, its result, what the wearer said."""

    started_at: datetime
    result: SessionResult
    notes: SessionNotes

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.started_at.strftime("%Y-%m-%dT%H-%M-%S")


def practice(settings: PracticeSettings | None = None) -> Iterator[SimulatedSession]:
    """The sessions of a simulated wearer, oldest first.

    Examples
    --------
    >>> first = next(practice(PracticeSettings(seed=1)))
    >>> first.name[:10], first.result.source
    ('2026-03-01', 'simulated three months (seed 1)')
    """
    s = settings or PracticeSettings()
    rng = np.random.default_rng(s.seed)
    noise = dict.fromkeys(s.lines, 0.0)
    for day in range(s.n_days):
        if day and rng.random() < s.rest_share:
            continue
        started_at = s.first_day + timedelta(days=day, minutes=float(rng.integers(-90, 91)))
        elapsed = (started_at - s.first_day).total_seconds() / 86_400.0
        values = {}
        for name, line in s.lines.items():
            fresh = rng.standard_normal() * np.sqrt(1.0 - s.memory**2)
            noise[name] = s.memory * noise[name] + fresh
            values[name] = line.start + line.per_day * elapsed + line.day_sd * noise[name]
        short = rng.random() < s.short_share
        minutes = rng.uniform(4.0, 6.5) if short else rng.uniform(10.0, 18.0)
        yield _session(s, started_at, values, minutes, rng)


def write(session: SimulatedSession, sessions_folder: Path | None = None) -> Path:
    """Write a session's result and notes into a folder of its own; returns the folder."""
    parent = home.make_private_folder(sessions_folder or home.sessions_folder())
    folder = home.make_private_folder(parent / session.name)
    write_text(folder / home.RESULT_NAME, to_json(session.result))
    write_notes(folder, session.notes)
    return folder


def _session(
    s: PracticeSettings,
    started_at: datetime,
    values: Mapping[str, float],
    minutes: float,
    rng: np.random.Generator,
) -> SimulatedSession:
    duration_s = 60.0 * minutes
    t_s = np.arange(s.epoch_s, duration_s + 1e-9, s.epoch_s)
    settle_s = float(np.clip(values["settle_s"], 10.0, 300.0))
    rest_s = min(_STRAIGHT_S + settle_s, duration_s - 60.0)
    end_s = duration_s - 25.0
    phases = (
        Phase("straight", 0.0, _STRAIGHT_S),
        Phase("settling", _STRAIGHT_S, rest_s),
        Phase("rest", rest_s, end_s),
        Phase("rolling", end_s, duration_s),
    )
    epochs = _epochs(t_s, values, end_s, rng)
    alerts = _alerts(values["knee_drift_deg"], rest_s, end_s, rng)
    heard = SensorSummary(fs_hz=100.0, n_samples=round(100.0 * duration_s), n_lost=0, coverage=1.0)
    result = SessionResult(
        analysis=SessionAnalysis(
            duration_s=duration_s,
            sensors=dict.fromkeys(_SENSORS, heard),
            phases=phases,
            epochs=epochs,
            summary=summarise(epochs, phases),
        ),
        alerts=alerts,
        started_at=started_at.isoformat(timespec="seconds"),
        source=f"simulated three months (seed {s.seed})",
        ledger=tuple(LedgerEntry(a, delivered_s=a.t_s, corrected_s=a.t_s + 12.0) for a in alerts),
    )
    return SimulatedSession(started_at, result, _notes(values, rng))


def _epochs(
    t_s: np.ndarray, values: Mapping[str, float], end_s: float, rng: np.random.Generator
) -> Epochs:
    """Rows that settle from the session's opening to its value, within the first minutes."""
    n = len(t_s)
    epochs = Epochs.unknown(t_s)
    settled = 1.0 - np.exp(-t_s / 90.0)  # most of it is over before minute 2 in the position
    fresh = {name: rng.standard_normal(n) for name in ("breath", "heart", "still", "knee")}
    epochs.stillness[:] = np.clip(values["stillness"] + 0.08 * fresh["still"], 0.0, 1.0)
    epochs.movement_mg[:] = 2.0
    epochs.breathing_per_min[:] = (
        values["breathing_per_min"] + 2.0 * (1.0 - settled) + 0.6 * fresh["breath"]
    )
    epochs.breathing_confidence[:] = 0.9
    epochs.heart_per_min[:] = values["heart_per_min"] + 6.0 * (1.0 - settled) + fresh["heart"]
    epochs.heart_confidence[:] = 0.9
    drift = values["knee_drift_deg"] * np.clip(t_s / end_s, 0.0, 1.0)
    epochs.knee_left_deg[:] = 90.0 - drift + 0.3 * fresh["knee"]
    epochs.knee_right_deg[:] = 91.0 + 0.3 * fresh["knee"]
    epochs.trunk_tilt_deg[:] = np.where(t_s > end_s, 60.0, 1.0)
    return epochs


def _alerts(
    drift_deg: float, rest_s: float, end_s: float, rng: np.random.Generator
) -> tuple[Alert, ...]:
    """A cue for about every 4 degrees that the knee would have drifted."""
    n = int(rng.poisson(max(drift_deg, 0.0) / 4.0))
    times = np.sort(rng.uniform(rest_s, max(end_s, rest_s + 1.0), n))
    return tuple(
        Alert(float(t), "knee_drift", "left", 81.5, 90.0, "The left knee moved by 8.5 degrees.")
        for t in times
    )


def _notes(values: Mapping[str, float], rng: np.random.Generator) -> SessionNotes:
    def said(value: float) -> int:
        return int(np.clip(round(value), 0, 10))

    if rng.random() < 0.15:  # nobody rates every session
        return SessionNotes()
    comfort, calm = values["comfort"], values["calm"]
    tags = ("evening",) if rng.random() < 0.3 else ()
    return SessionNotes(
        Rating(said(comfort - 1.0), said(calm - 2.0)), Rating(said(comfort), said(calm)), tags
    )
