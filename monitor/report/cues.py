"""When it cued, and what followed: the ledger as a reader wants it.

An alert is what a rule said.  A cue is what reached the wearer.  A session recorded before there
was a ledger has alerts of which nobody knows what followed; that is said, not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.report import words
from monitor.result import Alert, LedgerEntry, SessionResult

Fate = Literal["given", "withheld", "unknown"]


@dataclass(frozen=True, slots=True)
class Cue:
    """One alert, whether the wearer was told, and until when it stayed so.

    Attributes
    ----------
    t_s : float
        Session second of the cue, or of the alert when none is known to have been given.
    fate : {"given", "withheld", "unknown"}
    right_again_s : float or None
        Session second at which it was right again; None when it never was, or is not known.
    alert : Alert
    outcome : str
        What followed, in words.
    """

    t_s: float
    fate: Fate
    right_again_s: float | None
    alert: Alert
    outcome: str


def cues(result: SessionResult) -> list[Cue]:
    """Every alert in order of time, with what became of it."""
    entries = list(result.ledger)
    told = {entry.alert for entry in entries}
    found = [_cue(entry) for entry in entries]
    found += [
        Cue(alert.t_s, "unknown", None, alert, "What followed was not recorded.")
        for alert in result.alerts
        if alert not in told
    ]
    return sorted(found, key=lambda cue: cue.t_s)


def summary(found: list[Cue]) -> str:
    """How often it cued and how often that was followed by a correction; empty without alerts.

    Examples
    --------
    >>> alert = Alert(60.0, "knee_drift", "left", 101.0, 90.0, "The left knee is at 101.")
    >>> summary([Cue(61.0, "given", 70.0, alert, "")])
    '1 cue, put right afterwards'
    """
    given = [cue for cue in found if cue.fate == "given"]
    n_unknown = sum(cue.fate == "unknown" for cue in found)
    said = []
    if given:
        n_right = sum(cue.right_again_s is not None for cue in given)
        cue_s = f"{len(given)} cue{'s' * (len(given) != 1)}"
        if len(given) == 1:
            said.append(f"{cue_s}, {'put right' if n_right else 'not put right'} afterwards")
        else:
            said.append(f"{cue_s}, {n_right} of them put right afterwards")
    n_withheld = len(found) - len(given) - n_unknown
    if n_withheld:
        said.append(f"{n_withheld} cue{'s' * (n_withheld != 1)} withheld")
    if n_unknown:
        said.append(f"{n_unknown} alert{'s' * (n_unknown != 1)}")
    return words.listed(said)


def _cue(entry: LedgerEntry) -> Cue:
    delivered_s, right_s = entry.delivered_s, entry.corrected_s
    right = "heard again" if entry.alert.kind == "sensor_lost" else "right again"
    if delivered_s is not None:
        how = f" at level {entry.level}" if entry.level else ""
        after = (
            f"{right} after {words.duration(right_s - delivered_s)}"
            if right_s is not None
            else f"not {right} before the session ended"
        )
        return Cue(delivered_s, "given", right_s, entry.alert, f"Cue given{how}; {after}.")
    after = f"; {right} at {words.clock(right_s)}" if right_s is not None else ""
    if entry.withheld:
        why = entry.withheld.rstrip(".")
        return Cue(entry.alert.t_s, "withheld", right_s, entry.alert, f"No cue: {why}{after}.")
    return Cue(
        entry.alert.t_s, "unknown", right_s, entry.alert,
        f"Whether a cue was given is unknown{after}.",
    )  # fmt: skip
