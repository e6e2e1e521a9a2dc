"""One session in the history: what the index keeps of it.

    SessionResult, SessionNotes --row_of--> HistoryRow --SQLite--> HistoryRow

Nothing heavy is imported here, so that listing a thousand sessions does not wait for numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.session_notes import SessionNotes

if TYPE_CHECKING:
    from monitor.result import SessionResult

SIMULATED, PLAYED = "simulated", "recording played"
"""How the source of a session begins that nobody lay through: it is never mixed into a trend."""

_OF_SENSORS = ("sensor_lost", "battery_low", "strap_slipped")  # not of the wearer: no cue to move


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One session; None is unknown.

    Attributes
    ----------
    name : str
        Of the session's folder.
    started_at : str or None
        Wall clock where the wearer lay, ISO 8601.
    source : str
        Where the data came from, in words.
    minutes : float
        Length of the recording.
    position_min : float or None
        Minutes in the position: the dose.
    stillness, breathing_per_min, heart_per_min : float or None
        Over the whole rest, as the report says them.
    early_stillness, early_breathing_per_min, early_heart_per_min : float or None
        The same over minutes 2 to 7 in the position, which is how sessions of different lengths
        can be compared (`monitor.history.matched`).
    knee_drift_deg : float or None
        Of the knee that drifted most between the first and the last minute of rest.
    settle_s : float or None
        From bending the knees to rest.
    coverage : float or None
        Share of the session in which the worst sensor was heard.
    away_share : float or None
        Share of the time in the position that was spent out of one's own posture, as the rules of
        posture saw it, told or not.
    n_alerts, n_cues : int
        How often a rule about the wearer spoke, and how often the wearer was told.
    comfort_before, calm_before, comfort_after, calm_after : int or None
        What the wearer said, 0 to 10.
    tags : tuple of str
    note : str
    ended_early : bool or None
        Whether it was stopped before its course was over.
    cues_on : bool or None
        Whether cues were on that day, where chance decided; None where it did not.
    """

    name: str
    started_at: str | None
    source: str
    minutes: float
    position_min: float | None = None
    stillness: float | None = None
    breathing_per_min: float | None = None
    heart_per_min: float | None = None
    early_stillness: float | None = None
    early_breathing_per_min: float | None = None
    early_heart_per_min: float | None = None
    knee_drift_deg: float | None = None
    settle_s: float | None = None
    coverage: float | None = None
    away_share: float | None = None
    n_alerts: int = 0
    n_cues: int = 0
    comfort_before: int | None = None
    calm_before: int | None = None
    comfort_after: int | None = None
    calm_after: int | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    ended_early: bool | None = None
    cues_on: bool | None = None

    @property
    def somebody_lay(self) -> bool:
        """Whether a person lay there: neither a simulation nor a recording played again."""
        return not self.source.startswith((SIMULATED, PLAYED))

    @property
    def began(self) -> datetime | None:
        """Wall clock where the wearer lay, without its offset; None when that is not known.

        Examples
        --------
        >>> HistoryRow("x", "2026-03-01T18:30:05+01:00", "session", 15.0).began
        datetime.datetime(2026, 3, 1, 18, 30, 5)
        """
        try:
            return datetime.fromisoformat(self.started_at or "").replace(tzinfo=None)
        except ValueError:
            return None


def row_of(name: str, result: SessionResult, notes: SessionNotes | None = None) -> HistoryRow:
    """The row of one session."""
    from monitor.history.cues_effect import away_share  # noqa: PLC0415  # numpy
    from monitor.history.matched import windows  # noqa: PLC0415

    notes = notes or SessionNotes()
    summary = result.analysis.summary
    coverages = [s.coverage for s in result.analysis.sensors.values()]

    def value(key: str) -> float | None:
        estimate = summary.get(key)
        return None if estimate is None else estimate.value

    def early(key: str) -> float | None:
        return next(iter(windows(result.analysis, key)), None)

    alerts = [a for a in result.alerts if a.kind not in _OF_SENSORS]
    told = [e for e in result.ledger if e.delivered_s is not None]
    return HistoryRow(
        name=name,
        started_at=result.started_at,
        source=result.source,
        minutes=result.analysis.duration_s / 60.0,
        position_min=value("time_in_position_min"),
        stillness=value("still_share"),
        breathing_per_min=value("breathing_per_min"),
        heart_per_min=value("heart_per_min"),
        early_stillness=early("stillness"),
        early_breathing_per_min=early("breathing_per_min"),
        early_heart_per_min=early("heart_per_min"),
        knee_drift_deg=value("knee_drift_deg"),
        settle_s=value("time_to_settle_s"),
        coverage=min(coverages) if coverages else None,
        away_share=away_share(result),
        n_alerts=len(alerts),
        # a session from before the ledger told every alert
        n_cues=sum(e.alert.kind not in _OF_SENSORS for e in told) if result.ledger else len(alerts),
        comfort_before=notes.before.comfort,
        calm_before=notes.before.calm,
        comfort_after=notes.after.comfort,
        calm_after=notes.after.calm,
        tags=notes.tags,
        note=notes.text,
        ended_early=result.ended_early,
        cues_on=result.cues_on,
    )
