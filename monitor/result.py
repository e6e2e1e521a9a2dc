"""A whole session as the program knows it: the analysis, and what was said to the wearer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from analysis.results import SessionAnalysis

Side = Literal["left", "right", ""]
LossBy = Literal["counted", "estimated", ""]


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing worth telling the wearer, with its evidence.

    Attributes
    ----------
    t_s : float
        Session second at which the rule was satisfied.
    kind : str
        One of `monitor.alerts.finding.AlertKind`: ``knee_drift``, ``sensor_lost`` and so on.
    side : {"left", "right", ""}
        Which leg, or empty.
    value, reference : float or None
        What was seen and what it is held against, in the unit that `reason` names.
    reason : str
        One sentence in plain words, with the numbers and the rule.
    """

    t_s: float
    kind: str
    side: Side
    value: float | None
    reference: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One alert and what became of it.

    Attributes
    ----------
    alert : Alert
        What the rule said, with its evidence.
    rule : str
        The rule's name and limits in words.
    dwell_s : float or None
        How long it had been so before the rule spoke.
    level : int
        How loudly it was told last: 0 the softest, rising while it is not corrected.
    delivered_s : float or None
        Session second at which the first cue was given; None when none was.
    withheld : str
        Why no cue was given at once (the last was too recent, snoozed, a day without cues); empty
        when one was.  With a `delivered_s` it was told later, when it was allowed and still so.
    corrected_s : float or None
        Session second at which it was right again; None when it never was.
    told_again_s : tuple of float
        Session seconds at which it was told again, each time louder.
    """

    alert: Alert
    rule: str = ""
    dwell_s: float | None = None
    level: int = 0
    delivered_s: float | None = None
    withheld: str = ""
    corrected_s: float | None = None
    told_again_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """The wearer's own comfortable knee angles, taken when they had settled; None if unknown."""

    knee_left_deg: float | None = None
    knee_right_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a sensor was not heard, and why as far as it is known."""

    placement: str
    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class SessionResult:
    """What `report`, `history` and `analyze --json` are made from.

    `started_at` is the wall-clock start as an ISO 8601 string with offset, or None for files that
    do not say.  `source` says in words where the data came from (a session, a CSV, a simulation).
    `loss_by` says of each sensor how its loss is known: counted by the sensor's own clock or counter,
    or estimated from arrival times; what is not in it does not say.
    `cues_on` says what chance decided for the day (`monitor.alerts.nof1`), None when it was not asked;
    `ended_early` whether it was stopped before its course was over, None where nobody knows.
    """

    analysis: SessionAnalysis
    alerts: tuple[Alert, ...] = ()
    reference: Reference = Reference()
    gaps: tuple[Gap, ...] = ()
    started_at: str | None = None
    source: str = ""
    sensors_worn: Mapping[str, str] = field(default_factory=dict)
    loss_by: Mapping[str, LossBy] = field(default_factory=dict)
    ledger: tuple[LedgerEntry, ...] = ()
    cues_on: bool | None = None
    ended_early: bool | None = None
