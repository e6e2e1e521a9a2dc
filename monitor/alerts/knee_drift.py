"""Knee drift: one knee has left the wearer's own comfortable angle, one machine a leg."""

from __future__ import annotations

from monitor.alerts.excursion import Excursion, ExcursionLimits
from monitor.alerts.finding import Corrected, Finding, Raised
from monitor.result import Alert, Side


class KneeDriftAlert:
    """Whether one knee has left its own angle, and whether it is back.

    Examples
    --------
    >>> rule = KneeDriftAlert("left")
    >>> said = [rule.update(float(t), 104.0, 90.0, frozen=False) for t in range(60)]
    >>> [f.alert.t_s for f in said if f]
    [4.0]
    """

    def __init__(self, side: Side, limits: ExcursionLimits | None = None) -> None:
        self._side: Side = side
        self._limits = limits or ExcursionLimits()
        self._excursion = Excursion(self._limits)
        self.key = f"knee_drift:{side}"

    @property
    def is_away(self) -> bool:
        """Whether it was told and is not back yet."""
        return self._excursion.is_away

    def update(
        self, t_s: float, knee_deg: float, own_deg: float, *, frozen: bool
    ) -> Finding | None:
        """Say what is true at `t_s`; NaN is unknown."""
        turn = self._excursion.update(t_s, knee_deg - own_deg, frozen=frozen)
        if turn == "back":
            return Corrected(self.key, t_s)
        if turn is None:
            return None
        off_deg = knee_deg - own_deg
        way, moved = ("more bent", "drawn up") if off_deg > 0 else ("straighter", "slid away")
        alert = Alert(
            t_s=t_s,
            kind="knee_drift",
            side=self._side,
            value=knee_deg,
            reference=own_deg,
            reason=(
                f"The {self._side} knee is at {knee_deg:z.0f} degrees, {abs(off_deg):.0f} {way} "
                f"than your own {own_deg:.0f}: {self._limits.words()}."
            ),
        )
        say = f"Your {self._side} foot has {moved} a little. Let it come back when you like."
        return Raised(self.key, alert, self._limits.words(), self._excursion.away_s, say)
