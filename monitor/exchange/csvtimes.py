"""Times of a CSV's rows, made to rise: what cannot be a time is left out and counted.

without a time, from the past --left out--> several rows with one time --spread--> rising
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.results import FloatArray
from monitor.errors import UserError

_MOST_FALLING = 0.55  # of so many rows out of order it is not known which are the recording


@dataclass(frozen=True, slots=True)
class TimeCounts:
    """Rows without a time, from the past, and with the time of the row above."""

    without_time: int = 0
    falling: int = 0
    duplicated: int = 0


def mended_times(rows: FloatArray, path: Path) -> tuple[FloatArray, TimeCounts]:
    """Leave out rows without a time and rows from the past; spread rows that share one time."""
    timed = np.isfinite(rows[:, 0])
    n_without = int((~timed).sum())
    if n_without:
        rows = rows[timed]
    n_falling = 0
    if (np.diff(rows[:, 0]) < 0).any():
        kept = _longest_rising(rows[:, 0])
        _refuse_falling(rows[:, 0], len(kept), path)
        n_falling = len(rows) - len(kept)
        rows = rows[kept]
    first_of_run = np.flatnonzero(np.diff(rows[:, 0], prepend=-np.inf) > 0)
    n_duplicated = len(rows) - len(first_of_run)
    if n_duplicated and len(first_of_run) > 1:
        rows[:, 0] = _spread(rows[:, 0], first_of_run)
    return rows, TimeCounts(n_without, n_falling, n_duplicated)


def missing_samples(t_s: FloatArray) -> int:
    """Samples that an even sampling would have had in its gaps; 0 where sampling is uneven."""
    steps = np.diff(t_s)
    if len(steps) < 10:  # too few to know what even would be
        return 0
    low, typical, high = np.percentile(steps, [25, 50, 75])
    if typical <= 0 or high - low > 0.5 * typical:
        return 0
    return int(np.sum(np.round(steps[steps > 1.5 * typical] / typical) - 1))


def _refuse_falling(t_s: FloatArray, n_kept: int, path: Path) -> None:
    """Refuse times most of which would have to be left out to make them rise."""
    if n_kept >= len(t_s) * (1.0 - _MOST_FALLING):
        return
    back = np.flatnonzero(np.diff(t_s) < 0)
    if len(back) > 0.5 * len(t_s):
        what = f"falls from {t_s[0]:g} to {t_s[-1]:g} s: its rows are in reverse order"
        way_out = "sort the rows by time_s"
    else:
        at = int(back[0])
        what = f"goes back {len(back)} times, first from {t_s[at]:g} to {t_s[at + 1]:g} s"
        way_out = "cut the file where its clock restarts, and analyse each part by itself"
    raise UserError(
        f"{path}: time_s {what}; only {n_kept} of {len(t_s)} rows can be kept", hint=way_out
    )


def _longest_rising(t_s: FloatArray) -> NDArray[np.intp]:
    """Indices of the most rows whose times never fall: one wild time costs one row, not the rest.

    Patience sorting (Schensted 1961, Canadian Journal of Mathematics 13:179), for ties kept.
    """
    tops: list[float] = []
    top_rows: list[int] = []
    before = np.empty(len(t_s), dtype=np.intp)
    for row, t in enumerate(t_s.tolist()):
        pile = bisect.bisect_right(tops, t)
        before[row] = top_rows[pile - 1] if pile else -1
        if pile == len(tops):
            tops.append(t)
            top_rows.append(row)
        else:
            tops[pile], top_rows[pile] = t, row
    kept = np.empty(len(tops), dtype=np.intp)
    row = top_rows[-1]
    for i in range(len(tops) - 1, -1, -1):
        kept[i], row = row, before[row]
    return kept


def _spread(t_s: FloatArray, first_of_run: NDArray[np.intp]) -> FloatArray:
    """Rows with one time stamp share the step to the next stamp, but never reach over a gap.

    A stamp in whole seconds, or a transport that hands over several samples at once, so becomes
    an even sampling again.
    """
    stamps = t_s[first_of_run]
    steps = np.diff(stamps)
    typical = float(np.median(steps))
    width = np.minimum(np.append(steps, typical), typical)
    length = np.diff(np.append(first_of_run, len(t_s)))
    position = np.arange(len(t_s)) - np.repeat(first_of_run, length)
    spread: FloatArray = np.repeat(stamps, length) + position * np.repeat(width / length, length)
    return spread
