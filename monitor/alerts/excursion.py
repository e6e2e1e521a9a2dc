"""One excursion: something left its limits, stayed away, and came back.  Two ways to judge it.

    threshold   beyond `enter_deg` for `dwell_s` without a break
    exposure    degrees beyond `enter_deg`, added up second by second, reach `exposure_deg_s`;
                what was gathered fades with `forgive_s` while it is within `enter_deg`

    near --evidence is full, `refractory_s` after the last--> away --below `leave_deg`--> near

The error passes a low-pass of `lowpass_s` first.  While the wearer moves, does an extra, or the
value is unknown, all is frozen: nothing is counted, nothing is forgotten.  One excursion is told
once, however long it lasts.

Exposure is the default because it asks what matters, how far for how long: a small drift may last,
a large one is told soon.  `benchmarks/alerts.py` holds both against simulated wearers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Evidence = Literal["exposure", "threshold"]
Turn = Literal["away", "back"]


@dataclass(frozen=True, slots=True)
class ExcursionLimits:
    """When one angle counts as away; the defaults are the knee's.

    `benchmarks/alerts.py` chose them: with nothing due, 200 simulated knees were cued as rarely as
    with "beyond 8 degrees for 10 s" (0.12 against 0.13 times in 15 minutes), and with a drift of 12
    degrees they were cued 4 s sooner, and out of tolerance for 19 s instead of 23.

    Attributes
    ----------
    evidence : {"exposure", "threshold"}
        How it is judged; see `monitor.alerts.excursion`.
    enter_deg : float
        Up to here nothing is counted.
    leave_deg : float
        Below this it is back; smaller than `enter_deg`.
    exposure_deg_s : float
        Degrees beyond `enter_deg` times seconds: 20 is 10 s at 10 degrees, 5 s at 12.
    forgive_s : float
        How fast gathered exposure fades while it is within `enter_deg`.
    dwell_s : float
        For ``threshold``: seconds beyond `enter_deg` without a break.
    refractory_s : float
        Between two alerts of one rule.
    lowpass_s : float
        Time constant of the low-pass before the limits.
    forget_after_s : float
        Unknown for longer than this: evidence is gathered afresh.
    """

    evidence: Evidence = "exposure"
    enter_deg: float = 8.0
    leave_deg: float = 5.0
    exposure_deg_s: float = 20.0
    forgive_s: float = 30.0
    dwell_s: float = 10.0
    refractory_s: float = 60.0
    lowpass_s: float = 1.0  # an epoch is the mean of a second already
    forget_after_s: float = 30.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.leave_deg < self.enter_deg:
            raise ValueError(
                f"it cannot be back at {self.leave_deg:g} degrees (leave_deg) when it is away from "
                f"{self.enter_deg:g} on (enter_deg)"
            )

    def words(self) -> str:
        """The rule as a person may read it, its limits included.

        Examples
        --------
        >>> ExcursionLimits(evidence="threshold").words()
        'more than 8 degrees away for 10 s'
        >>> ExcursionLimits().words()
        'more than 8 degrees away for too long (10 s at 10 degrees, 5 s at 12)'
        """
        if self.evidence == "threshold":
            return f"more than {self.enter_deg:g} degrees away for {self.dwell_s:g} s"
        two, four = (self.exposure_deg_s / beyond_deg for beyond_deg in (2.0, 4.0))
        return (
            f"more than {self.enter_deg:g} degrees away for too long ({two:.3g} s at "
            f"{self.enter_deg + 2.0:g} degrees, {four:.3g} s at {self.enter_deg + 4.0:g})"
        )


@dataclass(slots=True)
class Excursion:
    """Whether one value is away from where it should be.

    Attributes
    ----------
    is_away : bool
        Whether it was told away and has not been back since.
    away_s : float
        Seconds, seen and not frozen, that it has been beyond `leave_deg`; how long it had been so.
    """

    limits: ExcursionLimits
    is_away: bool = False
    away_s: float = 0.0
    _error_deg: float = math.nan
    _last_t_s: float = math.nan
    _beyond_s: float | None = None
    _gathered_deg_s: float = 0.0
    _told_s: float = -math.inf

    def update(self, t_s: float, error_deg: float, *, frozen: bool) -> Turn | None:
        """Say how far off it is at `t_s` (NaN: unknown), rising from call to call.

        Returns
        -------
        "away", "back" or None
            What has just become so.
        """
        if frozen or math.isnan(error_deg):
            return None
        s = self.limits
        since_s = self._smooth(t_s, abs(error_deg))
        self.away_s = self.away_s + since_s if self._error_deg > s.leave_deg else 0.0
        self._gather(since_s)
        if self._error_deg < s.leave_deg:
            was_away, self.is_away = self.is_away, False
            return "back" if was_away else None
        is_full = self._is_full()
        if self.is_away or not is_full or t_s - self._told_s < s.refractory_s:
            return None
        self.is_away = True
        self._told_s = t_s
        self._gathered_deg_s = 0.0
        return "away"

    def _gather(self, since_s: float) -> None:
        """Only seconds in which it was seen count: a frozen stretch adds none."""
        s = self.limits
        beyond_deg = self._error_deg - s.enter_deg
        if beyond_deg > 0.0:
            self._gathered_deg_s += beyond_deg * since_s
        else:
            self._gathered_deg_s *= math.exp(-since_s / s.forgive_s)
        if self._error_deg <= s.enter_deg:
            self._beyond_s = None
        else:
            self._beyond_s = 0.0 if self._beyond_s is None else self._beyond_s + since_s

    def _is_full(self) -> bool:
        s = self.limits
        if s.evidence == "exposure":
            return self._gathered_deg_s >= s.exposure_deg_s
        return self._beyond_s is not None and self._beyond_s >= s.dwell_s

    def _smooth(self, t_s: float, error_deg: float) -> float:
        """Take one value; returns the seconds since the last one that was neither frozen nor far."""
        s = self.limits
        since_s = t_s - self._last_t_s
        self._last_t_s = t_s
        if math.isnan(self._error_deg) or since_s > s.forget_after_s:
            self._error_deg = error_deg
            self._beyond_s = None
            self._gathered_deg_s = 0.0
            return 0.0
        self._error_deg += (1.0 - math.exp(-since_s / s.lowpass_s)) * (error_deg - self._error_deg)
        # A step over a frozen stretch counts as one ordinary second of evidence at most.
        return min(since_s, 1.0)
