"""Chest posture: the trunk has turned from where it lay when rest began."""

from __future__ import annotations

from monitor.alerts.excursion import Excursion, ExcursionLimits
from monitor.alerts.finding import Corrected, Finding, Raised
from monitor.result import Alert


class ChestPostureAlert:
    """Whether the chest has turned away, and whether it is back.

    Examples
    --------
    >>> rule = ChestPostureAlert(ExcursionLimits(enter_deg=12.0, exposure_deg_s=60.0))
    >>> said = [rule.update(float(t), 18.0, frozen=False) for t in range(60)]
    >>> [f.alert.t_s for f in said if f]
    [10.0]
    """

    def __init__(self, limits: ExcursionLimits) -> None:
        self._limits = limits
        self._excursion = Excursion(limits)
        self.key = "chest_posture"

    def update(self, t_s: float, turned_deg: float, *, frozen: bool) -> Finding | None:
        """Say how far it has turned at `t_s`; NaN is unknown."""
        turn = self._excursion.update(t_s, turned_deg, frozen=frozen)
        if turn == "back":
            return Corrected(self.key, t_s)
        if turn is None:
            return None
        alert = Alert(
            t_s=t_s,
            kind="chest_posture",
            side="",
            value=turned_deg,
            reference=0.0,
            reason=(
                f"The chest has turned {turned_deg:.0f} degrees from where it lay when rest began: "
                f"{self._limits.words()}."
            ),
        )
        say = "Your back has shifted a little. Let it lie evenly when you like."
        return Raised(self.key, alert, self._limits.words(), self._excursion.away_s, say)
