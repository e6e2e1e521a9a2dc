"""Left-right difference: the two knees are no longer bent alike, as far as they ever were.

Judged against the wearer's own difference, and only while neither knee alone has been told: a
single knee that drifts is the knee's own alert, not a second one.
"""

from __future__ import annotations

from monitor.alerts.excursion import Excursion, ExcursionLimits
from monitor.alerts.finding import Corrected, Finding, Raised
from monitor.result import Alert


class DifferenceAlert:
    """Whether the knees differ by more than they did when the wearer had settled.

    Examples
    --------
    >>> rule = DifferenceAlert(ExcursionLimits(enter_deg=10.0, exposure_deg_s=60.0))
    >>> said = [rule.update(float(t), 84.0, 98.0, 2.0, frozen=False) for t in range(60)]
    >>> [(f.alert.side, f.alert.value, f.alert.reference) for f in said if f]
    [('', -14.0, 2.0)]
    """

    def __init__(self, limits: ExcursionLimits) -> None:
        self._limits = limits
        self._excursion = Excursion(limits)
        self.key = "knee_difference"

    def update(
        self, t_s: float, left_deg: float, right_deg: float, own_deg: float, *, frozen: bool
    ) -> Finding | None:
        """Say what is true at `t_s`; `own_deg` is left minus right when settled, NaN is unknown."""
        apart_deg = left_deg - right_deg
        turn = self._excursion.update(t_s, apart_deg - own_deg, frozen=frozen)
        if turn == "back":
            return Corrected(self.key, t_s)
        if turn is None:
            return None
        alert = Alert(
            t_s=t_s,
            kind="knee_difference",
            side="",
            value=apart_deg,
            reference=own_deg,
            reason=(
                f"The knees differ by {abs(apart_deg - own_deg):.0f} degrees more than when you had "
                f"settled (left {left_deg:z.0f}, right {right_deg:z.0f}): {self._limits.words()}."
            ),
        )
        say = "Your knees are no longer alike. Let the feet find their places when you like."
        return Raised(self.key, alert, self._limits.words(), self._excursion.away_s, say)
