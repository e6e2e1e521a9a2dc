"""What a rule says to the engine: something is so, or it is right again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from monitor.result import Alert, Side

AlertKind: TypeAlias = Literal[
    "knee_drift",
    "lean",
    "knee_difference",
    "chest_posture",
    "sensor_lost",
    "battery_low",
    "strap_slipped",
    "hurried_finish",
]

POSTURE_KINDS = ("knee_drift", "lean", "knee_difference", "chest_posture")
"""What the wearer can put right by moving; days without cues are without these."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Something is so.

    Attributes
    ----------
    key : str
        What it is about: the same until it is `Corrected`.
    alert : Alert
        With its evidence.
    rule : str
        The rule and its limits in words.
    dwell_s : float or None
        How long it had been so.
    say : str
        What the wearer may hear: short, calm, without numbers.
    """

    key: str
    alert: Alert
    rule: str
    dwell_s: float | None
    say: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """It is right again since `t_s`."""

    key: str
    t_s: float


Finding: TypeAlias = Raised | Corrected


def side_of(placement: str) -> Side:
    """The leg a placement belongs to; empty for the chest and the head.

    Examples
    --------
    >>> side_of("left_thigh"), side_of("chest")
    ('left', '')
    """
    side = placement.partition("_")[0]
    return "left" if side == "left" else "right" if side == "right" else ""
