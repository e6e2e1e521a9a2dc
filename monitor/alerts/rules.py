"""The rules that read epochs: the wearer's own posture, and what leaves it.

One class judges epoch by epoch while a session runs; `alerts_over` is the same class over all
epochs of a file.  So a CSV is judged by exactly the rules of a live session.

All rules are frozen while the wearer moves, is upright, does an extra (either knee far from its own
angle), or is in a stretch that was marked (`quiet_between`): an extra that was asked for, a pause,
the finish.
"""

from __future__ import annotations

import math

from analysis.results import Epochs
from monitor.alerts.chest_posture import ChestPostureAlert
from monitor.alerts.difference import DifferenceAlert
from monitor.alerts.finding import Finding, Raised
from monitor.alerts.knee_drift import KneeDriftAlert
from monitor.alerts.lean import LeanAlert
from monitor.alerts.own_posture import OwnLeg, OwnPosture
from monitor.alerts.settings import AlertSettings
from monitor.result import Alert, Reference, Side

_SIDES: tuple[Side, Side] = ("left", "right")
_NAN = float("nan")


class EpochRules:
    """Judges epochs in order of time.

    Attributes
    ----------
    is_frozen : bool
        Whether the newest epoch was no evidence for anything.
    """

    def __init__(self, settings: AlertSettings | None = None) -> None:
        s = self._settings = settings or AlertSettings()
        self._own = OwnPosture(s.own)
        self._knees = {side: KneeDriftAlert(side, s) for side in _SIDES}
        self._leans = {side: LeanAlert(side, s.lean) for side in _SIDES}
        self._difference = DifferenceAlert(s.difference)
        self._chest = ChestPostureAlert(s.chest)
        self._quiet: list[tuple[float, float]] = []
        self._before_deg = (_NAN, _NAN, _NAN, _NAN)
        self._moved_s = -math.inf
        self.is_frozen = False

    @property
    def reference(self) -> Reference:
        """The wearer's own angles as far as they are known."""
        return self._own.reference

    @property
    def settles_from_s(self) -> float:
        """Session second from which the wearer is settling into the position."""
        return self._own.from_s

    def bent_until(self, t_s: float) -> None:
        """The bent pose was held until `t_s`; the wearer settles from then on."""
        self._own.bent_until(t_s)

    def quiet_between(self, start_s: float, end_s: float) -> None:
        """Judge nothing in this stretch of the session."""
        self._quiet.append((start_s, end_s))

    def quiet_until(self, t_s: float) -> None:
        """A stretch whose end was not known is over now."""
        self._quiet = [(start_s, min(end_s, t_s)) for start_s, end_s in self._quiet]

    def judge(self, epochs: Epochs) -> list[Finding]:
        """What is to be said about newly final epochs."""
        found: list[Finding] = []
        for i in range(len(epochs)):
            found += self._judge(
                float(epochs.t_s[i]),
                (float(epochs.knee_left_deg[i]), float(epochs.knee_right_deg[i])),
                (float(epochs.lean_left_deg[i]), float(epochs.lean_right_deg[i])),
                float(epochs.posture_drift_deg[i]),
                # Comparisons with NaN are False: an unknown stillness or tilt freezes nothing.
                moving=bool(epochs.stillness[i] < self._settings.still_from),
                upright=bool(abs(epochs.trunk_tilt_deg[i]) > self._settings.lying_below_deg),
            )
        return found

    def _judge(
        self,
        t_s: float,
        knees_deg: tuple[float, float],
        leans_deg: tuple[float, float],
        turned_deg: float,
        *,
        moving: bool,
        upright: bool,
    ) -> list[Finding]:
        moving = self._is_moving(t_s, (*knees_deg, *leans_deg)) or moving
        usable = not (moving or upright or any(a <= t_s <= b for a, b in self._quiet))
        own = [
            self._own.update(side, t_s, knee, lean, usable=usable) or OwnLeg(_NAN, _NAN)
            for side, knee, lean in zip(_SIDES, knees_deg, leans_deg, strict=True)
        ]
        extra = any(
            abs(knee - leg.knee_deg) > self._settings.extra_from_deg
            for knee, leg in zip(knees_deg, own, strict=True)
        )
        frozen = self.is_frozen = extra or not usable
        said: list[Finding | None] = []
        for k, side in enumerate(_SIDES):
            said += [
                self._knees[side].update(t_s, knees_deg[k], own[k].knee_deg, frozen=frozen),
                self._leans[side].update(t_s, leans_deg[k], own[k].lean_deg, frozen=frozen),
            ]
        told = any(knee.is_away for knee in self._knees.values())
        apart_deg = own[0].knee_deg - own[1].knee_deg
        said += [
            self._difference.update(t_s, *knees_deg, apart_deg, frozen=frozen or told),
            self._chest.update(t_s, turned_deg, frozen=frozen),
        ]
        return [finding for finding in said if finding]

    def _is_moving(self, t_s: float, angles_deg: tuple[float, float, float, float]) -> bool:
        """Whether a leg turns, or has just turned: stillness is the share of all the sensors."""
        before_deg, self._before_deg = self._before_deg, angles_deg
        pairs = zip(angles_deg, before_deg, strict=True)
        if any(abs(a - b) > self._settings.moving_deg_s for a, b in pairs):  # False for NaN
            self._moved_s = t_s
        return t_s - self._moved_s < self._settings.settle_s


def alerts_over(
    epochs: Epochs,
    *,
    bent_s: tuple[float, float] | None = None,
    settings: AlertSettings | None = None,
) -> tuple[tuple[Alert, ...], Reference]:
    """Judge all epochs of a recording; `bent_s` is when the bent pose was held, if it was.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> epochs = Epochs.unknown(np.arange(1.0, 301.0))
    >>> knee_deg = np.where(epochs.t_s < 200.0, 90.0, 104.0)
    >>> epochs = replace(epochs, knee_left_deg=knee_deg)
    >>> alerts, reference = alerts_over(epochs, bent_s=(30.0, 40.0))
    >>> reference.knee_left_deg, [(a.kind, a.side, a.t_s) for a in alerts]
    (90.0, [('knee_drift', 'left', 205.0)])
    """
    rules = EpochRules(settings)
    before = len(epochs) if bent_s is None else int((epochs.t_s <= bent_s[1]).sum())
    found = rules.judge(epochs[:before])
    if bent_s is not None:
        rules.bent_until(bent_s[1])
        found += rules.judge(epochs[before:])
    return tuple(f.alert for f in found if isinstance(f, Raised)), rules.reference
