"""What changed over the months: a robust line, its interval, and this wearer's own noise.

    value |  .  ' .   .            the line       median of the slopes of all pairs (Theil-Sen)
          | ' .  ----.---- '       its interval   the pairs that Kendall's tau would not reject (Sen)
          |   .    '   .    .      detectable     1.96 x sqrt(2) x SEM, SEM from one day to the next
          +--------------- days

Sources: Theil 1950; Sen 1968 (doi:10.1080/01621459.1968.10480934).  Smallest detectable change of
two measurements: de Vet et al. 2006 (doi:10.1186/1477-7525-4-54).  Its standard error of
measurement comes from successive differences (von Neumann et al. 1941,
doi:10.1214/aoms/1177731677), SEM^2 = mean(d^2) / 2, taken from the line's residuals, so that a
slow change is not counted as noise.

What we changed: sessions of neighbouring days resemble each other, which makes Sen's interval too
narrow.  It is widened by the lag-1 correlation r of the residuals, as for a Mann-Kendall test in
Hamed & Rao 1998 (doi:10.1016/S0022-1694(97)00125-X): variance times (1 + r) / (1 - r).  And a value
in whole steps (a rating, a count) stands for anything that rounds to it: most pairs would be equal,
and the interval would shrink to nothing.  So such values are spread evenly over their step first,
by multiples of the golden section, the same way every time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.results import FloatArray

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
Verdict = Literal["change", "small change", "no change"]


@dataclass(frozen=True, slots=True)
class TrendSettings:
    """When a trend may be spoken of."""

    confidence: float = 0.95
    least_sessions: int = 8  # below, the interval of Sen's slope at 95 % takes in nearly all pairs
    least_days: float = 14.0  # two of each weekday: a week's rhythm is not a trend
    next_within_days: float = 7.0  # further apart is not from one day to the next
    least_differences: int = 6  # a spread from fewer is wrong by half its size


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through one measure of many sessions.

    Attributes
    ----------
    n : int
        Sessions in which it was known.
    first_day, last_day : float
        Of them, on the axis that was given.
    per_day, low_per_day, high_per_day : float
        The slope and its interval.
    start, end : float
        The line on the first and on the last day.
    level_reach : float
        How far the line's middle may lie above or below, at the same confidence.
    detectable : float or None
        Smallest change between two single sessions that is more than this wearer's noise; None
        when too few sessions followed each other closely.
    """

    n: int
    first_day: float
    last_day: float
    per_day: float
    low_per_day: float
    high_per_day: float
    start: float
    end: float
    level_reach: float
    detectable: float | None

    @property
    def days(self) -> float:
        """From the first to the last session."""
        return self.last_day - self.first_day

    def band(self, days: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Where the line may lie on each of the days: narrow in the middle, wider to the ends."""
        away = np.asarray(days, dtype=float) - (self.first_day + self.last_day) / 2.0
        middle = (self.start + self.end) / 2.0 + self.per_day * away
        steepest = np.maximum(self.high_per_day * away, self.low_per_day * away)
        flattest = np.minimum(self.high_per_day * away, self.low_per_day * away)
        up = np.hypot(steepest - self.per_day * away, self.level_reach)
        down = np.hypot(self.per_day * away - flattest, self.level_reach)
        return middle - down, middle + up

    @property
    def change(self) -> tuple[float, float, float]:
        """Over all these days: the change, and from where to where it may be."""
        low, mid, high = sorted((self.low_per_day, self.per_day, self.high_per_day))
        return mid * self.days, low * self.days, high * self.days

    @property
    def went(self) -> str:
        """Which way: ``rose``, ``fell``, ``rose slightly``, ``fell slightly``; empty if neither."""
        if self.verdict == "no change":
            return ""
        slightly = " slightly" if self.verdict == "small change" else ""
        return ("fell" if self.per_day < 0 else "rose") + slightly

    @property
    def verdict(self) -> Verdict:
        """``change``, ``small change`` (less than two single sessions can show), or none shown."""
        change, low, high = self.change
        if low <= 0.0 <= high:
            return "no change"
        if self.detectable is None or abs(change) < self.detectable:
            return "small change"
        return "change"


def trend(
    days: ArrayLike, values: ArrayLike, settings: TrendSettings | None = None, *, step: float = 0.0
) -> Trend | None:
    """The robust line through values of many days.

    Parameters
    ----------
    days : (n,) array_like
        When, in days from any origin.
    values : (n,) array_like
        NaN is unknown, and left out.
    settings : TrendSettings, optional
    step : float
        Of values that come in whole steps, such as 1 for a rating.

    Returns
    -------
    Trend or None
        None when there are too few sessions, or too few days between them.

    Examples
    --------
    >>> t = np.arange(30.0)
    >>> line = trend(t, 16.0 - 0.1 * t + 0.2 * np.sin(7.0 * t))
    >>> round(line.per_day, 2), line.verdict
    (-0.1, 'change')
    """
    s = settings or TrendSettings()
    x, y = np.asarray(days, dtype=float), np.asarray(values, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"days and values must be of one length, got {x.shape} and {y.shape}")
    known = np.isfinite(y) & np.isfinite(x)
    order = np.argsort(x[known], kind="stable")
    x, y = x[known][order], y[known][order]
    if len(x) < s.least_sessions or x[-1] - x[0] < s.least_days:
        return None
    spread = y + step * (np.arange(len(y)) * _GOLDEN % 1.0 - 0.5)
    slopes = _slopes(x, spread)
    slope = float(np.median(slopes))
    level = float(np.median(spread - slope * x))
    rest = y - slope * x - level
    z, widening = NormalDist().inv_cdf(0.5 + s.confidence / 2.0), _widening(rest)
    low, high = _interval(x, spread, slopes, z * widening)
    return Trend(
        n=len(x),
        first_day=float(x[0]),
        last_day=float(x[-1]),
        per_day=slope,
        low_per_day=low,
        high_per_day=high,
        start=level + slope * float(x[0]),
        end=level + slope * float(x[-1]),
        # the median of n varies by 1.253 times what their mean does
        level_reach=z * widening * 1.253 * float(np.std(rest)) / math.sqrt(len(x)),
        detectable=_detectable(x, rest, s),
    )


def _slopes(x: FloatArray, y: FloatArray) -> FloatArray:
    """Slopes of all pairs that are apart in time, sorted."""
    i, j = np.triu_indices(len(x), 1)
    run = x[j] - x[i]
    apart = run > 0.0
    return np.asarray(np.sort((y[j] - y[i])[apart] / run[apart]))


def _interval(x: FloatArray, y: FloatArray, slopes: FloatArray, z: float) -> tuple[float, float]:
    """Sen's interval: as many of the sorted slopes on each side as Kendall's S varies by."""
    reach = z * math.sqrt(_kendall_variance(x, y))
    low = max(round((len(slopes) - reach) / 2.0) - 1, 0)
    high = min(round((len(slopes) + reach) / 2.0), len(slopes) - 1)
    return float(slopes[low]), float(slopes[high])


def _kendall_variance(x: FloatArray, y: FloatArray) -> float:
    def part(counts: FloatArray) -> float:
        return float(np.sum(counts * (counts - 1.0) * (2.0 * counts + 5.0)))

    ties = [np.unique(values, return_counts=True)[1].astype(float) for values in (x, y)]
    return (part(np.array([float(len(x))])) - part(ties[0]) - part(ties[1])) / 18.0


def _widening(rest: FloatArray) -> float:
    """How much wider the interval is for sessions that resemble their neighbours."""
    r = rest - rest.mean()
    power = float(np.sum(r * r))
    lag_1 = float(np.sum(r[1:] * r[:-1])) / power if power > 0.0 else 0.0
    lag_1 = min(max(lag_1, 0.0), 0.8)  # beyond, the line itself is in doubt
    return math.sqrt((1.0 + lag_1) / (1.0 - lag_1))


def _detectable(x: FloatArray, rest: FloatArray, s: TrendSettings) -> float | None:
    differences = np.diff(rest)[np.diff(x) <= s.next_within_days]
    if len(differences) < s.least_differences:
        return None
    sem = math.sqrt(float(np.mean(differences**2)) / 2.0)
    return 1.96 * math.sqrt(2.0) * sem
