"""A ledger entry in plain words: what was seen, by which rule, what was done, what followed."""

from __future__ import annotations

from monitor.alerts.budget import OFF_DAY, OVER, QUIET, SNOOZED, SPENT, SWITCHED_OFF
from monitor.result import LedgerEntry

_WHY_NOT = {
    SPENT: "the last cue had been too recent",
    SNOOZED: "cues were snoozed by a double tap",
    QUIET: "a quiet session was asked for",
    OFF_DAY: "it was a day without cues",
    SWITCHED_OFF: "cues of this kind are switched off",
    OVER: "the session was over",
}
_LEVELS = ("softly", "a little louder", "loudest")


def clock(t_s: float) -> str:
    """Session seconds as minutes and seconds."""
    return f"{int(t_s) // 60:02d}:{int(t_s) % 60:02d}"


def explained(entry: LedgerEntry) -> str:
    """Two or three sentences about one alert.

    Examples
    --------
    >>> from monitor.result import Alert
    >>> alert = Alert(412.0, "knee_drift", "left", 102.0, 90.0, "The left knee is at 102 degrees.")
    >>> print(explained(LedgerEntry(alert, "", 9.0, 0, 412.5, "", 421.0)))
    The left knee is at 102 degrees. It had been so for 9 s. You were told softly at 06:52. It was right again 8 s later.
    >>> print(explained(LedgerEntry(alert, withheld=SNOOZED)))
    The left knee is at 102 degrees. You were not told: cues were snoozed by a double tap. It was not right again before the end.
    """
    parts = [entry.alert.reason]
    if entry.dwell_s is not None and entry.alert.kind not in {"sensor_lost", "hurried_finish"}:
        parts.append(f"It had been so for {entry.dwell_s:.0f} s.")
    parts += [_told(entry), _followed(entry)]
    return " ".join(part for part in parts if part)


def short(entry: LedgerEntry) -> str:
    """What was done about one alert, in a few words.

    Examples
    --------
    >>> from monitor.result import Alert
    >>> alert = Alert(412.0, "knee_drift", "left", 102.0, 90.0, "")
    >>> short(LedgerEntry(alert, delivered_s=412.5)), short(LedgerEntry(alert, withheld=OFF_DAY))
    ('told', 'withheld (a day without cues)')
    """
    if entry.delivered_s is None:
        return f"withheld ({entry.withheld})" if entry.withheld else "not told"
    n = 1 + len(entry.told_again_s)
    return "told" if n == 1 else f"told {n} times"


def _told(entry: LedgerEntry) -> str:
    why_not = _WHY_NOT.get(entry.withheld, entry.withheld)
    if entry.delivered_s is None:
        return f"You were not told: {why_not}." if why_not else "You were not told."
    late = f", and not before, because {why_not}" if why_not else ""
    told = f"You were told softly at {clock(entry.delivered_s)}{late}"
    again = [
        f"{_LEVELS[min(level, 2)]} at {clock(t_s)}"
        for level, t_s in enumerate(entry.told_again_s, start=1)
    ]
    return ", ".join([told, *again]) + "."


def _followed(entry: LedgerEntry) -> str:
    if entry.alert.kind == "hurried_finish":
        return ""
    if entry.corrected_s is None:
        return "It was not right again before the end."
    since_s = entry.alert.t_s if entry.delivered_s is None else entry.delivered_s
    later_s = entry.corrected_s - since_s
    return f"It was right again {max(later_s, 0.0):.0f} s later."
