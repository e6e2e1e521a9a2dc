"""Whether a cue may be given now, and how loudly: the last word between a rule and the wearer.

    a purse for posture, one for sensors:   at most one cue in `budget_min`
    snoozed, a stretch without cues, a day without cues, a kind switched off:   none

It is asked with session times and reads no clock.
"""

from __future__ import annotations

import math

from monitor.alerts.finding import POSTURE_KINDS
from monitor.alerts.settings import AlertSettings

SPENT = "the last cue was too recent"
SNOOZED = "snoozed by a double tap"
OFF_DAY = "a day without cues"
SWITCHED_OFF = "this kind is switched off"
QUIET = "a quiet session"
OVER = "the session was over"

LASTING = (OFF_DAY, SWITCHED_OFF, QUIET)
"""Reasons that hold all session: what is withheld for one of them is never told later."""


class Budget:
    """Keeps the purses.

    Examples
    --------
    >>> budget = Budget(AlertSettings(budget_min=3.0))
    >>> budget.why_not("knee_drift", 100.0)
    ''
    >>> budget.spend("knee_drift", 100.0)
    >>> budget.why_not("lean", 200.0), budget.why_not("lean", 280.0)
    ('the last cue was too recent', '')
    >>> budget.why_not("sensor_lost", 200.0)
    ''
    """

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._last_s: dict[bool, float] = {True: -math.inf, False: -math.inf}
        self._snoozed_until_s = -math.inf

    def snooze(self, t_s: float) -> None:
        """No cues for `snooze_min` from `t_s` on."""
        self._snoozed_until_s = t_s + 60.0 * self._settings.snooze_min

    def why_not(self, kind: str, t_s: float) -> str:
        """Why no cue may be given at `t_s`; empty when one may."""
        s = self._settings
        is_posture = kind in POSTURE_KINDS
        if kind in s.off:
            return SWITCHED_OFF
        if s.quiet:
            return QUIET
        if is_posture and s.without_cues:
            return OFF_DAY
        if t_s < self._snoozed_until_s:
            return SNOOZED
        if t_s - self._last_s[is_posture] < 60.0 * s.budget_min:
            return SPENT
        return ""

    def spend(self, kind: str, t_s: float) -> None:
        """A cue was given at `t_s`."""
        self._last_s[kind in POSTURE_KINDS] = t_s
