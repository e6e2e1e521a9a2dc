"""Events found beside events counted, one to one, whatever part of the breath each of them marks.

A key is pressed when a breath is noticed, a belt peaks at its top, ours begin at its bottom: so the
lag between the two, anything up to half a breath, is taken out first.  What is left is matched to
the nearest within half a breath, each event once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Matched(NamedTuple):
    """Counts of one unbroken run, and how far lengths from event to event are off."""

    n_matched: int
    n_found: int
    n_counted: int
    length_errors_s: FloatArray


def matched(found_s: FloatArray, counted_s: FloatArray) -> Matched:
    """Match a run of events to those counted while it lasted.

    Examples
    --------
    >>> found = np.arange(10.0, 60.0, 5.0)
    >>> matched(found, np.arange(2.0, 80.0, 5.0))[:3]
    (10, 10, 10)
    >>> matched(found, np.delete(np.arange(2.0, 80.0, 5.0), 5))[:3]
    (9, 10, 9)
    """
    if len(found_s) < 3:
        return Matched(0, 0, 0, np.empty(0))
    cycle_s = float(np.median(np.diff(found_s)))
    lags_s = np.arange(-0.5, 0.5, 0.05) * cycle_s
    tries = [_pairs(found_s - lag, counted_s, cycle_s) for lag in lags_s]
    costs = [len(pairs) - off / cycle_s for pairs, off in tries]
    best = int(np.argmax(costs))
    pairs, moved_s = tries[best][0], found_s - lags_s[best]
    near = 0.5 * cycle_s
    n_found = int(((moved_s >= counted_s[0] - near) & (moved_s <= counted_s[-1] + near)).sum())
    n_counted = int(((counted_s >= moved_s[0] - near) & (counted_s <= moved_s[-1] + near)).sum())
    of = {c: f for f, c in pairs}
    errors = [
        (found_s[of[c + 1]] - found_s[of[c]]) - (counted_s[c + 1] - counted_s[c])
        for c in of
        if of.get(c + 1) == of[c] + 1
    ]
    return Matched(len(pairs), n_found, n_counted, np.array(errors, dtype=float))


def _pairs(
    found_s: FloatArray, counted_s: FloatArray, cycle_s: float
) -> tuple[list[tuple[int, int]], float]:
    """(found, counted) pairs within half a cycle, and how far they are apart altogether."""
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    off_s = 0.0
    after = np.searchsorted(found_s, counted_s)
    for c, place in enumerate(after):
        free = [f for f in (int(place) - 1, int(place)) if 0 <= f < len(found_s) and f not in used]
        if not free:
            continue
        f = min(free, key=lambda i: abs(found_s[i] - counted_s[c]))
        apart_s = abs(float(found_s[f] - counted_s[c]))
        if apart_s < 0.5 * cycle_s:
            used.add(f)
            pairs.append((f, c))
            off_s += apart_s
    return pairs, off_s
