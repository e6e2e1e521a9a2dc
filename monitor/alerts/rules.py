"""The rules that read epochs: the wearer's reference angles, and what leaves them.

One class judges epoch by epoch while a session runs; `alerts_over` is the same class over all
epochs of a file.  So a CSV is judged by exactly the rules of a live session.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analysis.results import Epochs
from monitor.alerts.knee_reference import KneeReference, ReferenceSettings
from monitor.alerts.machines import KneeDriftAlert, KneeDriftSettings
from monitor.result import Alert, Reference, Side


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Limits of all rules on epochs."""

    knee: KneeDriftSettings = field(default_factory=KneeDriftSettings)
    reference: ReferenceSettings = field(default_factory=ReferenceSettings)
    still_from: float = 0.5  # an epoch that was still for half of its time is no movement
    # More than this from the reference is an extra (a knee drawn to the chest) or the finish.
    extra_from_deg: float = 30.0
    lying_below_deg: float = 45.0  # trunk tilt: half way between lying and sitting


class EpochRules:
    """Judges epochs in order of time."""

    def __init__(self, settings: RuleSettings | None = None) -> None:
        self._settings = settings or RuleSettings()
        self._reference = KneeReference(self._settings.reference)
        self._knees: dict[Side, KneeDriftAlert] = {
            "left": KneeDriftAlert("left", self._settings.knee),
            "right": KneeDriftAlert("right", self._settings.knee),
        }

    @property
    def reference(self) -> Reference:
        """The wearer's own angles as far as they are known."""
        return self._reference.reference

    def bent_until(self, t_s: float) -> None:
        """The bent pose was held until `t_s`; the wearer settles from then on."""
        self._reference.bent_until(t_s)

    def judge(self, epochs: Epochs) -> list[Alert]:
        """What is to be said about newly final epochs."""
        s = self._settings
        alerts: list[Alert] = []
        sides: tuple[Side, ...] = ("left", "right")
        for i in range(len(epochs)):
            t_s = float(epochs.t_s[i])
            knees_deg = (float(epochs.knee_left_deg[i]), float(epochs.knee_right_deg[i]))
            # Comparisons with NaN are False: an unknown stillness or tilt freezes nothing.
            moving = bool(epochs.stillness[i] < s.still_from)
            upright = bool(abs(epochs.trunk_tilt_deg[i]) > s.lying_below_deg)
            for side, knee_deg in zip(sides, knees_deg, strict=True):
                usable = not (moving or upright)
                own_deg = self._reference.update(side, t_s, knee_deg, usable=usable)
                extra = own_deg is not None and abs(knee_deg - own_deg) > s.extra_from_deg
                said = self._knees[side].update(
                    t_s, knee_deg, own_deg, frozen=moving or upright or extra
                )
                alerts += [said] if said else []
        return alerts


def alerts_over(
    epochs: Epochs,
    *,
    bent_s: tuple[float, float] | None = None,
    settings: RuleSettings | None = None,
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
    (90.0, [('knee_drift', 'left', 211.0)])
    """
    rules = EpochRules(settings)
    before = len(epochs) if bent_s is None else int((epochs.t_s <= bent_s[1]).sum())
    alerts = rules.judge(epochs[:before])
    if bent_s is not None:
        rules.bent_until(bent_s[1])
        alerts += rules.judge(epochs[before:])
    return tuple(alerts), rules.reference
