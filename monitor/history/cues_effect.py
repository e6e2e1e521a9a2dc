"""Whether cues help this wearer, from the days on which chance withheld them.

    ledger --> share of the time out of one's own posture --> `monitor.alerts.nof1.effect_of_cues`

On a day without cues the rules watch as on any other and are not heard, so both kinds of day have
the same measure.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.alerts.finding import POSTURE_KINDS
from monitor.alerts.nof1 import Effect, effect_of_cues
from monitor.history.matched import position_s
from monitor.history.row import HistoryRow
from monitor.result import LedgerEntry, SessionResult


def away_share(result: SessionResult) -> float | None:
    """Share of the time in the position spent out of one's own posture, 0 to 1.

    From when a posture was left (the alert less its dwell) to when it was right again, or to the
    end; two at once count once.  None when nobody could tell: no knee had a reference and no rule
    spoke, or the session is from before there was a ledger.
    """
    span = position_s(result.analysis)
    spoke = any(alert.kind in POSTURE_KINDS for alert in result.alerts)
    reference = result.reference
    judged = reference.knee_left_deg is not None or reference.knee_right_deg is not None
    if span is None or span[1] <= span[0] or not (spoke or judged):
        return None
    if spoke and not result.ledger:
        return None
    entries = [e for e in result.ledger if e.alert.kind in POSTURE_KINDS]
    return _covered(sorted(_away_s(e, span) for e in entries)) / (span[1] - span[0])


def effect(rows: Sequence[HistoryRow]) -> Effect | None:
    """What chance has shown so far; None when it never decided about a day.

    Simulated and replayed sessions count if they are given: choose the rows before.
    """
    drawn = [row for row in rows if row.cues_on is not None and row.began is not None]
    if not drawn:
        return None
    days = tuple(
        (row.began.date(), bool(row.cues_on), 100.0 * row.away_share)
        for row in drawn
        if row.began is not None and row.away_share is not None
    )
    return effect_of_cues(days, unit="% of the time out of your own posture")


def _away_s(entry: LedgerEntry, span: tuple[float, float]) -> tuple[float, float]:
    """From when to when, within the time in the position."""
    began = entry.alert.t_s - (entry.dwell_s or 0.0)
    ended = span[1] if entry.corrected_s is None else entry.corrected_s
    return min(max(began, span[0]), span[1]), min(max(ended, span[0]), span[1])


def _covered(stretches: list[tuple[float, float]]) -> float:
    """Length of the union of stretches, which are sorted by their beginning."""
    covered, until = 0.0, float("-inf")
    for start, end in stretches:
        covered += max(end - max(start, until), 0.0)
        until = max(until, end)
    return covered
