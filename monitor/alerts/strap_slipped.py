"""Strap slipped: the equipment is doubted before the wearer is.

The analysis tells a slip and makes the leg's angles unknown, so no drift is told from them; this
says so, once, and asks for the calibration to be checked.
"""

from __future__ import annotations

from monitor.alerts.finding import Corrected, Finding, Raised
from monitor.result import Alert, Side


class StrapSlippedAlert:
    """Whether the analysis holds that a strap of one leg has slipped.

    Examples
    --------
    >>> rule = StrapSlippedAlert("left")
    >>> rule.update(300.0, "the left shank turned by 14 deg: the strap has slipped").say
    'A strap on your left leg may have slipped. Its angles wait until both poses are held again.'
    >>> rule.update(420.0, "")
    Corrected(key='strap_slipped:left', t_s=420.0)
    """

    def __init__(self, side: Side) -> None:
        self._side: Side = side
        self._told = False
        self.key = f"strap_slipped:{side}"

    def update(self, t_s: float, problem: str) -> Finding | None:
        """Take what the analysis says of the leg's straps at `t_s`; empty when nothing."""
        if bool(problem) == self._told:
            return None
        self._told = bool(problem)
        if not self._told:
            return Corrected(self.key, t_s)
        alert = Alert(
            t_s=t_s,
            kind="strap_slipped",
            side=self._side,
            value=None,
            reference=None,
            reason=f"{problem[0].upper()}{problem[1:].rstrip('.')}.",
        )
        say = (
            f"A strap on your {self._side} leg may have slipped. "
            "Its angles wait until both poses are held again."
        )
        return Raised(self.key, alert, "the analysis holds that a strap has slipped", None, say)
