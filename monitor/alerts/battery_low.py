"""Battery low: told once a sensor, and again only after it was charged."""

from __future__ import annotations

from monitor.alerts.finding import Corrected, Finding, Raised, side_of
from monitor.result import Alert

_CHARGED_PERCENT = 10.0  # above the limit: readings of a battery go up and down by a few


class BatteryLowAlert:
    """Whether a sensor's battery has sunk below the limit.

    Examples
    --------
    >>> rule = BatteryLowAlert("chest", below_percent=15.0)
    >>> [f.alert.value for p in (20.0, 14.0, 13.0, None) if (f := rule.update(5.0, p))]
    [14.0]
    """

    def __init__(self, placement: str, *, below_percent: float) -> None:
        self._placement = placement
        self._below_percent = below_percent
        self._told = False
        self.key = f"battery_low:{placement}"

    def update(self, t_s: float, percent: float | None) -> Finding | None:
        """Say what the sensor told last; None is unknown."""
        if percent is None:
            return None
        if self._told and percent >= self._below_percent + _CHARGED_PERCENT:
            self._told = False
            return Corrected(self.key, t_s)
        if self._told or percent >= self._below_percent:
            return None
        self._told = True
        where = self._placement.replace("_", " ")
        alert = Alert(
            t_s=t_s,
            kind="battery_low",
            side=side_of(self._placement),
            value=percent,
            reference=self._below_percent,
            reason=f"The battery of the {where} sensor is at {percent:.0f} percent.",
        )
        say = f"The battery of the {where} sensor is low. It may want charging afterwards."
        return Raised(self.key, alert, f"below {self._below_percent:g} percent", None, say)
