"""Two sessions side by side, over the same minutes in the position.

    windows    2-7   7-12   12-17 min     only those that both sessions have whole
    A           x      x
    B           x      x      x           -> compared over minutes 2 to 12

A difference is held against the smallest detectable change of this wearer (`monitor.history.trend`).
That is of single windows; a mean of several varies less, so the verdict errs towards no change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitor.history.matched import FIRST_S, WINDOW_S, windows
from monitor.history.measures import MEASURES, Measure, findings
from monitor.history.row import HistoryRow
from monitor.result import SessionResult

Verdict = Literal["a difference", "no change shown", "unknown"]

WINDOWED = {"Stillness": "stillness", "Breathing": "breathing_per_min", "Heart": "heart_per_min"}
"""Measures that are compared over the same minutes, and their columns of the epochs."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of two sessions; None is unknown.

    `detectable` is the smallest change of this wearer that is more than noise.
    """

    measure: Measure
    a: float | None
    b: float | None
    detectable: float | None

    @property
    def difference(self) -> float | None:
        """The second less the first."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def verdict(self) -> Verdict:
        """Whether the difference is more than this wearer's noise."""
        if self.difference is None or self.detectable is None:
            return "unknown"
        return "a difference" if abs(self.difference) >= self.detectable else "no change shown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sessions; `shared_min` are the minutes in the position that are compared, None if none."""

    a: HistoryRow
    b: HistoryRow
    shared_min: tuple[float, float] | None
    measures: tuple[Compared, ...]


def compare(
    a: tuple[HistoryRow, SessionResult],
    b: tuple[HistoryRow, SessionResult],
    rows: Sequence[HistoryRow],
) -> Comparison:
    """Hold the second session against the first.

    Parameters
    ----------
    a, b : tuple
        Row and result of each session.
    rows : sequence of HistoryRow
        This wearer's sessions, from which the noise is known.
    """
    n = min(_n_windows(a[1]), _n_windows(b[1]))
    noise = {f.measure.title: f.trend.detectable for f in findings(rows) if f.trend is not None}
    compared = []
    for measure in MEASURES:
        column = WINDOWED.get(measure.title)
        values = [_shared(measure, row, result, column, n) for row, result in (a, b)]
        compared.append(Compared(measure, values[0], values[1], noise.get(measure.title)))
    start_min = FIRST_S / 60.0
    shared_min = (start_min, start_min + n * WINDOW_S / 60.0) if n else None
    return Comparison(a[0], b[0], shared_min, tuple(compared))


def _n_windows(result: SessionResult) -> int:
    return len(windows(result.analysis, "stillness"))


def _shared(
    measure: Measure, row: HistoryRow, result: SessionResult, column: str | None, n: int
) -> float | None:
    """A measure over the windows that both sessions have, or of the whole session."""
    if column is None:
        return measure.value(row)
    found = windows(result.analysis, column)[:n]
    known = [v for v in found if v is not None]
    if not known or len(known) < len(
        found
    ):  # a window that one lacks would not be the same minutes
        return None
    return float(np.mean(known)) * (100.0 if column == "stillness" else 1.0)
