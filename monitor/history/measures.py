"""What is followed over the months, and what can be said of each in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.results import FloatArray
from monitor.history.row import HistoryRow
from monitor.history.trend import Trend, TrendSettings, trend
from monitor.report import palette


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is known of a session, and how it is written.

    `before` is shown beside it, without a line of its own; `step` is that of a count or a rating.
    """

    title: str
    unit: str
    decimals: int
    ink: palette.Ink
    value: Callable[[HistoryRow], float | None]
    before: Callable[[HistoryRow], float | None] | None = None
    bounds: tuple[float | None, float | None] = (0.0, None)
    step: float = 0.0

    def number(self, value: float, *, sign: bool = False) -> str:
        """A value of this measure in words."""
        return f"{value:{'+' if sign else ''}z.{self.decimals}f}"


def _drift(row: HistoryRow) -> float | None:
    return None if row.knee_drift_deg is None else abs(row.knee_drift_deg)


def _percent(row: HistoryRow) -> float | None:
    return None if row.early_stillness is None else 100.0 * row.early_stillness


def _cues(row: HistoryRow) -> float | None:
    return None if row.cues_on is False else float(row.n_cues)  # on such a day none can be given


MEASURES = (
    Measure("Stillness", "% of the time", 0, palette.STILL, _percent, bounds=(0.0, 100.0)),
    Measure(
        "Breathing", "breaths a minute", 1, palette.BREATH, lambda r: r.early_breathing_per_min
    ),
    Measure("Heart", "beats a minute", 0, palette.HEART, lambda r: r.early_heart_per_min),
    Measure("Knee drift", "degrees", 1, palette.LEFT, _drift),
    Measure("Time to settle", "seconds", 0, palette.RELAX, lambda r: r.settle_s),
    Measure("Cues", "a session", 1, palette.ALERT, _cues, step=1.0),
    Measure(
        "Comfort afterwards", "of 10", 1, palette.GUIDE,
        lambda r: r.comfort_after, lambda r: r.comfort_before, (0.0, 10.0), 1.0,
    ),
    Measure(
        "Calm afterwards", "of 10", 1, palette.GUIDE,
        lambda r: r.calm_after, lambda r: r.calm_before, (0.0, 10.0), 1.0,
    ),
)  # fmt: skip
"""In this order everywhere.  The first three are of minutes 2 to 7 in the position."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One measure over the sessions: its values, and the trend where there are enough."""

    measure: Measure
    days: FloatArray
    values: FloatArray
    before: FloatArray | None
    trend: Trend | None

    @property
    def n_known(self) -> int:
        """Sessions in which it is known."""
        return int(np.isfinite(self.values).sum())

    @property
    def sentence(self) -> str:
        """What can be said of it, and no more."""
        return f"{self.measure.title}: {self.finding}."

    @property
    def finding(self) -> str:
        """The sentence without its title."""
        m, t = self.measure, self.trend
        if t is None:
            sessions = f"{self.n_known} session{'s' * (self.n_known != 1)}"
            return f"too few sessions to say ({sessions})" if self.n_known else "unknown"
        _, low, high = t.change
        between = f"{m.number(low, sign=True)} to {m.number(high, sign=True)}"
        if t.verdict == "no change":
            said = f"no change shown ({between})"
        else:
            said = f"{t.went} from {m.number(t.start)} to {m.number(t.end)} {m.unit} ({between})"
        if t.detectable is not None:
            said += f"; from one session to the next, less than {m.number(t.detectable)} is noise"
        return said


def findings(rows: Sequence[HistoryRow], settings: TrendSettings | None = None) -> list[Finding]:
    """Every measure over sessions that say when they began, oldest first."""
    dated = sorted(((row.began, row) for row in rows if row.began is not None), key=lambda p: p[0])
    if not dated:
        return []
    first = dated[0][0].replace(hour=0, minute=0, second=0, microsecond=0)
    days = np.array([(began - first).total_seconds() / 86_400.0 for began, _ in dated])

    def column(of: Callable[[HistoryRow], float | None]) -> FloatArray:
        return np.array([of(row) for _, row in dated], dtype=float)

    found = []
    for m in MEASURES:
        values = column(m.value)
        before = None if m.before is None else column(m.before)
        found.append(Finding(m, days, values, before, trend(days, values, settings, step=m.step)))
    return found
