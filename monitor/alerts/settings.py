"""All limits of all alerts: one frozen dataclass, from the defaults, a TOML table or `--set`.

[alerts]                      the knee's limits, and what holds for all
enter_deg = 8
budget_min = 3
off = ["lean"]
[alerts.chest]                limits of one other rule
enter_deg = 12
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.alerts.excursion import ExcursionLimits
from monitor.alerts.finding import AlertKind
from monitor.alerts.own_posture import OwnPostureSettings

# House values: a leg leans, and a chest turns, by more than a knee opens before anybody minds, and
# both are known less well.
_LEAN = ExcursionLimits(enter_deg=10.0, leave_deg=6.0, exposure_deg_s=40.0)
_DIFFERENCE = ExcursionLimits(enter_deg=10.0, leave_deg=6.0, exposure_deg_s=60.0)
_CHEST = ExcursionLimits(enter_deg=12.0, leave_deg=8.0, exposure_deg_s=60.0)


@dataclass(frozen=True, slots=True)
class AlertSettings(ExcursionLimits):
    """Everything that may be changed about alerts; the knee's limits are its own fields.

    Attributes
    ----------
    budget_min : float
        At most one cue in so many minutes; cues about posture and cues about sensors each have
        this budget.  A knee that is not corrected is told again, louder, when the budget allows.
    levels : int
        How often one excursion is told at most; each time a little louder.
    snooze_min : float
        Minutes without cues after a double tap on any sensor.
    off : tuple of kinds
        Kinds of alert that are never told: they are still in the ledger.
    randomise_days : bool
        Whether days with and without cues about posture alternate by chance, to find out whether
        they help (`monitor.alerts.nof1`).
    days_seed : int
        Which days those are.
    quiet : bool
        Whether nothing at all is told while the session lasts; it is read afterwards.
    without_cues : bool
        Whether today is a day without cues; chosen for the day when a session starts.
    lean, difference, chest : ExcursionLimits
        Limits of the other postures.
    battery_percent : float
        A battery below this is told.
    own : OwnPostureSettings
        When the wearer's own comfortable posture is taken.
    still_from : float
        An epoch that was still for this share of it is no movement.
    moving_deg_s : float
        A leg that turns faster is moved, not drifting: a drift of 12 degrees in 20 s peaks at 1.1,
        a knee drawn to the chest at 13.
    settle_s : float
        What is seen within this time after it is no evidence.
    extra_from_deg : float
        A knee further than this from its own angle is an extra (drawn to the chest), or the finish.
    lying_below_deg : float
        Trunk tilt: half way between lying and sitting.
    lost_after_s : float
        A sensor silent for longer is told lost; the slowest sends ten times in it.
    """

    budget_min: float = 3.0
    levels: int = 3
    snooze_min: float = 5.0
    off: tuple[AlertKind, ...] = ()
    randomise_days: bool = False
    days_seed: int = 0
    quiet: bool = False
    without_cues: bool = False
    lean: ExcursionLimits = _LEAN
    difference: ExcursionLimits = _DIFFERENCE
    chest: ExcursionLimits = _CHEST
    battery_percent: float = 15.0
    own: OwnPostureSettings = field(default_factory=OwnPostureSettings)
    still_from: float = 0.5
    moving_deg_s: float = 3.0
    settle_s: float = 2.0
    extra_from_deg: float = 30.0
    lying_below_deg: float = 45.0
    lost_after_s: float = 3.0
