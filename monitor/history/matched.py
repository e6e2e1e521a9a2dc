"""The same minutes of every session, so that sessions of different lengths can be compared.

    in the position   0    2         7         12        17
                      |....|---------|---------|---------|
                             first     second    third

Stillness, breath and heart settle within any session in anybody who lies down.  The median of a
twenty-minute rest is therefore calmer than that of a ten-minute one, though nothing has changed.
So windows of five minutes are compared with the same window of another session; the first two
minutes, in which one makes oneself comfortable, are in none.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from analysis.results import FloatArray, SessionAnalysis
from analysis.summary import POSITION

FIRST_S = 120.0  # the course's own settling takes a minute from bending the knees
WINDOW_S = 300.0  # about 70 breaths; a session of ten minutes still has one
LEAST_KNOWN = 0.5  # share of a window that must be known, as for every minute of relaxation
_MOST_WINDOWS = 24  # two hours


def position_s(analysis: SessionAnalysis) -> tuple[float, float] | None:
    """From when to when the wearer was in the position; None when it was never recognised."""
    lain = [p for p in analysis.phases if p.name in POSITION]
    return (lain[0].start_s, lain[-1].end_s) if lain else None


def windows(analysis: SessionAnalysis, column: str) -> list[float | None]:
    """One number for each whole window in the position: minutes 2 to 7, 7 to 12, and so on.

    The mean of stillness, the median of everything else.

    Parameters
    ----------
    analysis : SessionAnalysis
    column : str
        Of its epochs.

    Returns
    -------
    list of float or None
        None where less than half of the window is known; empty when the position was held for
        less than seven minutes.
    """
    span = position_s(analysis)
    if span is None:
        return []
    start_s, end_s = span
    n = int(min((end_s - start_s - FIRST_S) // WINDOW_S, _MOST_WINDOWS))
    t_s, values = analysis.epochs.t_s, getattr(analysis.epochs, column)
    edges_s = start_s + FIRST_S + WINDOW_S * np.arange(max(n, 0) + 1)
    return [
        _middle(values[(t_s > a) & (t_s <= b)], mean=column == "stillness")
        for a, b in pairwise(edges_s)
    ]


def minute_by_minute(analysis: SessionAnalysis, column: str) -> FloatArray:
    """Median of every minute in the position, NaN where less than half of it is known."""
    span = position_s(analysis)
    if span is None:
        return np.empty(0)
    start_s, end_s = span
    t_s, values = analysis.epochs.t_s, getattr(analysis.epochs, column)
    edges_s = start_s + 60.0 * np.arange(int((end_s - start_s) // 60.0) + 1)
    found = [
        _middle(values[(t_s > a) & (t_s <= b)], mean=column == "stillness")
        for a, b in pairwise(edges_s)
    ]
    return np.array(found, dtype=float)


def _middle(values: FloatArray, *, mean: bool) -> float | None:
    known = values[np.isfinite(values)]
    if not len(known) or len(known) < LEAST_KNOWN * len(values):
        return None
    return float(np.mean(known) if mean else np.median(known))
