"""Sensor lost, one machine a sensor.

silent before its first word --heard--> heard --3 s without a word--> told --heard--> heard
"""

from __future__ import annotations

from monitor.alerts.finding import Corrected, Raised, side_of
from monitor.result import Alert


class SensorLostAlert:
    """Whether a sensor that was heard has fallen silent.

    The alert's time is the last word plus `after_s`, whenever the machine is asked: the answer
    does not depend on how often somebody looks.

    Examples
    --------
    >>> rule = SensorLostAlert("chest")
    >>> rule.heard(12.0)
    >>> rule.silent_until(14.9) is None
    True
    >>> rule.silent_until(20.0).alert.t_s
    15.0
    >>> rule.heard(21.0)
    Corrected(key='sensor_lost:chest', t_s=21.0)
    """

    def __init__(self, placement: str, *, after_s: float = 3.0) -> None:
        self._placement = placement
        self.after_s = after_s  # about thirty missed notifications of a 10 Hz sensor
        self._heard_s: float | None = None
        self._told = False
        self.key = f"sensor_lost:{placement}"

    def heard(self, t_s: float) -> Corrected | None:
        """Note that the sensor said something at `t_s`."""
        self._heard_s = t_s
        was_told, self._told = self._told, False
        return Corrected(self.key, t_s) if was_told else None

    @property
    def is_silent(self) -> bool:
        """Whether the sensor was told lost and has not been heard since."""
        return self._told

    def silent_until(self, t_s: float) -> Raised | None:
        """Note that nothing came between the last word and `t_s`."""
        if self._heard_s is None or self._told or t_s - self._heard_s < self.after_s:
            return None
        self._told = True
        where = self._placement.replace("_", " ")
        alert = Alert(
            t_s=self._heard_s + self.after_s,
            kind="sensor_lost",
            side=side_of(self._placement),
            value=None,
            reference=None,
            reason=(
                f"The {where} sensor has not been heard for {self.after_s:.0f} s "
                f"(last at {self._heard_s:.1f} s of the session)."
            ),
        )
        rule = f"not a word for {self.after_s:g} s"
        say = f"The {where} sensor is not heard. It is looked for; you need not do anything."
        return Raised(self.key, alert, rule, self.after_s, say)
