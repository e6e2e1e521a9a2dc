"""When to tell the wearer something.  State machines that are told the time and do no I/O.

Knee drift, one machine a leg:

    near --error > 8 deg for 10 s, 60 s after the last alert--> told --error < 5 deg--> near

The error is ``|knee - reference|`` behind a 2 s low-pass.  While the wearer moves, does an extra,
or the angle is unknown, the machine is frozen: nothing is counted, nothing is forgotten.  One
excursion is one alert, however long it lasts.

Sensor lost, one machine a sensor:

    silent before its first word --heard--> heard --3 s without a word--> told --heard--> heard

The limits of the knee are from a simulation of 20-minute sessions (in-tolerance wander of 3 deg
SD, fidgets and 1 deg noise): a bare threshold said 88 things a session, these limits none
(95th percentile 1), and found 60 of 60 true 12 deg drifts, 25 s after their onset.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.result import Alert, Side


@dataclass(frozen=True, slots=True)
class KneeDriftSettings:
    """Limits of `KneeDriftAlert`; the simulation named in the module's text chose them."""

    enter_deg: float = 8.0
    leave_deg: float = 5.0
    dwell_s: float = 10.0
    refractory_s: float = 60.0
    lowpass_s: float = 2.0
    forget_after_s: float = 30.0  # unknown for longer than this: the smoothed error starts again


class KneeDriftAlert:
    """Whether one knee has left the wearer's own comfortable angle.

    Examples
    --------
    >>> alert = KneeDriftAlert("left")
    >>> told = [alert.update(float(t), 104.0, 90.0, frozen=False) for t in range(60)]
    >>> [a.t_s for a in told if a]
    [10.0]
    """

    def __init__(self, side: Side, settings: KneeDriftSettings | None = None) -> None:
        self._side: Side = side
        self._settings = settings or KneeDriftSettings()
        self._error_deg = math.nan
        self._last_t_s = math.nan
        self._beyond_s: float | None = None
        self._in_excursion = False
        self._told_s = -math.inf

    def update(
        self, t_s: float, knee_deg: float, reference_deg: float | None, *, frozen: bool
    ) -> Alert | None:
        """Say what is true at `t_s`, and get at most one alert back.

        Parameters
        ----------
        t_s
            Session seconds, rising from call to call.
        knee_deg
            Knee flexion; NaN when unknown.
        reference_deg
            The wearer's own angle; None until it is known.
        frozen
            True while the wearer moves or does an extra.
        """
        if frozen or reference_deg is None or math.isnan(knee_deg):
            return None
        s = self._settings
        since_s = self._smooth(t_s, abs(knee_deg - reference_deg))
        if self._error_deg < s.leave_deg:
            self._in_excursion = False
        if self._error_deg <= s.enter_deg:
            self._beyond_s = None
            return None
        # Only seconds in which the knee was seen count: a frozen stretch adds none.
        self._beyond_s = 0.0 if self._beyond_s is None else self._beyond_s + since_s
        refractory = t_s - self._told_s < s.refractory_s
        if self._in_excursion or refractory or self._beyond_s < s.dwell_s:
            return None
        self._in_excursion = True
        self._told_s = t_s
        return self._alert(t_s, knee_deg, reference_deg)

    def _smooth(self, t_s: float, error_deg: float) -> float:
        """Take one value; returns the seconds since the last one that was neither frozen nor far."""
        s = self._settings
        since_s = t_s - self._last_t_s
        self._last_t_s = t_s
        if math.isnan(self._error_deg) or since_s > s.forget_after_s:
            self._error_deg = error_deg
            self._beyond_s = None
            return 0.0
        self._error_deg += (1.0 - math.exp(-since_s / s.lowpass_s)) * (error_deg - self._error_deg)
        # A step over a frozen stretch counts as one ordinary second of evidence at most.
        return min(since_s, 1.0)

    def _alert(self, t_s: float, knee_deg: float, reference_deg: float) -> Alert:
        s = self._settings
        way = "more bent" if knee_deg > reference_deg else "straighter"
        return Alert(
            t_s=t_s,
            kind="knee_drift",
            side=self._side,
            value=knee_deg,
            reference=reference_deg,
            reason=(
                f"The {self._side} knee is at {knee_deg:z.0f} degrees, "
                f"{abs(knee_deg - reference_deg):.0f} {way} than your own {reference_deg:.0f}, "
                f"and stayed more than {s.enter_deg:.0f} away for {s.dwell_s:.0f} s."
            ),
        )


class SensorLostAlert:
    """Whether a sensor that was heard has fallen silent.

    The alert's time is the last word plus `after_s`, whenever the machine is asked: the answer
    does not depend on how often somebody looks.

    Examples
    --------
    >>> alert = SensorLostAlert("chest")
    >>> alert.heard(12.0)
    >>> alert.silent_until(14.9) is None
    True
    >>> alert.silent_until(20.0).t_s
    15.0
    """

    def __init__(self, placement: str, *, after_s: float = 3.0) -> None:
        self._placement = placement
        self.after_s = after_s  # about thirty missed notifications of a 10 Hz sensor
        self._heard_s: float | None = None
        self._told = False

    def heard(self, t_s: float) -> None:
        """Note that the sensor said something at `t_s`."""
        self._heard_s = t_s
        self._told = False

    @property
    def is_silent(self) -> bool:
        """Whether the sensor was told lost and has not been heard since."""
        return self._told

    def silent_until(self, t_s: float) -> Alert | None:
        """Note that nothing came between the last word and `t_s`."""
        if self._heard_s is None or self._told or t_s - self._heard_s < self.after_s:
            return None
        self._told = True
        where = self._placement.replace("_", " ")
        side: Side = ""
        if self._placement.startswith("left_"):
            side = "left"
        elif self._placement.startswith("right_"):
            side = "right"
        return Alert(
            t_s=self._heard_s + self.after_s,
            kind="sensor_lost",
            side=side,
            value=None,
            reference=None,
            reason=(
                f"The {where} sensor has not been heard for {self.after_s:.0f} s "
                f"(last at {self._heard_s:.1f} s of the session)."
            ),
        )
