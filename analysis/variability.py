"""RMSSD: how much the time from beat to beat changes from one interval to the next.

The root mean square of successive differences (Task Force 1996, Circulation 93:1043).  From a
heart-rate sensor's own intervals where there are any, else from the chest's knock where
`analysis.heart_beats` can place beats; the notes of a session say which.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.results import Estimate, FloatArray

LEAST_DIFFERENCES = 30
"""Half a minute of beats; the interval is then a quarter of the value to either side."""

ECTOPIC = 0.35
"""An interval that differs by more from the one before is a missed or an extra beat.  The usual 0.2
cuts what slow breathing does to a fit heart: 0.3 was counted with an electrocardiogram."""


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """Successive differences of beat intervals.

    Attributes
    ----------
    t_s : (m,) array
        When each was known, in session seconds.
    ms : (m,) array
    stands_for_s : (m,) array
        How much of the session it accounts for.
    """

    t_s: FloatArray
    ms: FloatArray
    stands_for_s: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)

    @classmethod
    def none(cls) -> Differences:
        """Nothing is known."""
        return cls(np.empty(0), np.empty(0), np.empty(0))


def differences_ms(interval_ms: FloatArray) -> FloatArray:
    """From each interval to the next; NaN where one of them is no regular beat.

    Examples
    --------
    >>> differences_ms(np.array([800.0, 830.0, 1700.0, 820.0]))
    array([30., nan, nan])
    """
    change = np.diff(interval_ms)
    even = np.abs(change) <= ECTOPIC * np.minimum(interval_ms[:-1], interval_ms[1:])
    return np.where(even, change, np.nan)


def rmssd(differences: Differences, span: NDArray[np.bool_]) -> Estimate:
    """RMSSD over the seconds of a session that count, with its 95 % interval.

    Examples
    --------
    >>> t = np.arange(1.0, 101.0)
    >>> d = Differences(t, np.where(t % 2 == 0, 30.0, -30.0), np.ones(100))
    >>> rmssd(d, np.ones(100, dtype=bool)).value
    30.0
    """
    second = np.ceil(differences.t_s).astype(int) - 1
    inside = (second >= 0) & (second < len(span)) & np.isfinite(differences.ms)
    inside[inside] = span[second[inside]]
    n, n_s = int(inside.sum()), int(span.sum())
    coverage = min(float(differences.stands_for_s[inside].sum()) / n_s, 1.0) if n_s else 0.0
    if n < LEAST_DIFFERENCES:
        return Estimate(None, None, None, coverage, "ms")
    value = float(np.sqrt((differences.ms[inside] ** 2).mean()))
    half = 1.96 / np.sqrt(2 * n)  # of a normal variable's root mean square
    return Estimate(value, value * (1 - half), value * (1 + half), coverage, "ms")
