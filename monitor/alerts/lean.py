"""Lean: one leg falls in or out from where it stood comfortably, one machine a leg."""

from __future__ import annotations

from monitor.alerts.excursion import Excursion, ExcursionLimits
from monitor.alerts.finding import Corrected, Finding, Raised
from monitor.result import Alert, Side


class LeanAlert:
    """Whether one leg has fallen in or out, and whether it is back.

    Examples
    --------
    >>> rule = LeanAlert("left", ExcursionLimits(enter_deg=10.0, exposure_deg_s=40.0))
    >>> said = [rule.update(float(t), 18.0, 3.0, frozen=False) for t in range(60)]
    >>> [f.say for f in said if f]
    ['Your left knee has fallen out a little. Let it come back when you like.']
    """

    def __init__(self, side: Side, limits: ExcursionLimits) -> None:
        self._side: Side = side
        self._limits = limits
        self._excursion = Excursion(limits)
        self.key = f"lean:{side}"

    def update(
        self, t_s: float, lean_deg: float, own_deg: float, *, frozen: bool
    ) -> Finding | None:
        """Say what is true at `t_s`; out is positive, NaN is unknown."""
        turn = self._excursion.update(t_s, lean_deg - own_deg, frozen=frozen)
        if turn == "back":
            return Corrected(self.key, t_s)
        if turn is None:
            return None
        off_deg = lean_deg - own_deg
        way = "out" if off_deg > 0 else "in"
        alert = Alert(
            t_s=t_s,
            kind="lean",
            side=self._side,
            value=lean_deg,
            reference=own_deg,
            reason=(
                f"The {self._side} leg leans {abs(off_deg):.0f} degrees further {way} than where it "
                f"stood when you had settled: {self._limits.words()}."
            ),
        )
        say = f"Your {self._side} knee has fallen {way} a little. Let it come back when you like."
        return Raised(self.key, alert, self._limits.words(), self._excursion.away_s, say)
