"""Heart rate from a heart-rate sensor's own beats."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from analysis.results import FloatArray
from analysis.variability import Differences, differences_ms

WINDOW_S = 15.0
"""Beats of this long are averaged: one breath or two, so the rate does not swing with breathing."""

RR_S = (0.3, 2.0)
"""30 to 200 beats a minute; what lies outside is a missed or an extra beat."""

FRESH_S = 5.0
"""A sensor sends once a second; older than this is silence."""

LATE_S = 1.3
"""A sensor tells its beats once a second; more time than its intervals fill, and one was lost."""

FULL_CONFIDENCE_BEATS = 8
"""From here on one bad interval moves the median by less than a beat a minute."""


class Beats:
    """Notifications of a heart-rate sensor, asked for the rate at any later time.

    Examples
    --------
    >>> beats = Beats()
    >>> beats.feed(1.0, 61.0, np.array([1.0]))
    >>> beats.feed(2.0, 61.0, np.array([1.0]))
    >>> beats.rate(2.5)
    (60.0, 0.25)
    >>> beats.rate(60.0)
    (nan, nan)
    """

    def __init__(self) -> None:
        self._t_s: list[float] = []
        self._rate: list[float] = []
        self._rr_s: list[FloatArray] = []

    def feed(self, t_s: float, heart_per_min: float, rr_s: FloatArray) -> None:
        """Take one notification."""
        self._t_s.append(t_s)
        self._rate.append(heart_per_min)
        self._rr_s.append(np.asarray(rr_s, dtype=float))

    def __bool__(self) -> bool:
        return bool(self._t_s)

    def differences(self) -> Differences:
        """What one interval differs from the next by, where none was lost between them.

        Examples
        --------
        >>> beats = Beats()
        >>> beats.feed(1.0, 61.0, np.array([1.0]))
        >>> beats.feed(2.0, 61.0, np.array([1.02]))
        >>> beats.feed(9.0, 61.0, np.array([1.0]))
        >>> beats.differences().ms.round(3).tolist()
        [20.0]
        """
        t_s, rr_s, breaks = [], [], []
        told_s = -np.inf
        for at_s, intervals in zip(self._t_s, self._rr_s, strict=True):
            if len(intervals):
                is_lost = at_s - told_s - float(intervals.sum()) > LATE_S
                breaks += [is_lost, *[False] * (len(intervals) - 1)]
                t_s += [at_s] * len(intervals)
                rr_s += intervals.tolist()
                told_s = at_s
        if len(rr_s) < 2:
            return Differences.none()
        interval_s = np.array(rr_s)
        change_ms = differences_ms(1000 * interval_s)
        good = (interval_s >= RR_S[0]) & (interval_s <= RR_S[1])
        known = good[1:] & good[:-1] & ~np.array(breaks[1:]) & np.isfinite(change_ms)
        return Differences(np.array(t_s)[1:][known], change_ms[known], interval_s[1:][known])

    def rate(self, t_s: float) -> tuple[float, float]:
        """Beats per minute at `t_s` and confidence; NaN when nothing fresh is known."""
        times = self._t_s
        last = bisect_right(times, t_s)
        if last == 0 or t_s - times[last - 1] > FRESH_S:
            return float("nan"), float("nan")
        first = bisect_right(times, t_s - WINDOW_S)
        rr = np.concatenate([np.empty(0), *self._rr_s[first:last]])
        rr = rr[(rr >= RR_S[0]) & (rr <= RR_S[1])]
        if len(rr):
            return 60.0 / float(np.median(rr)), min(len(rr) / FULL_CONFIDENCE_BEATS, 1.0)
        told = self._rate[last - 1]  # no intervals: what the sensor itself says, less sure
        return told, 0.5 if np.isfinite(told) else float("nan")
