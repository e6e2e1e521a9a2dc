"""From findings to cues and the ledger.  Pure: fed with time, no I/O.

    rules --Raised, Corrected--> AlertEngine.step(g) --Telling--> session --> bells, speech, screen
                                      |
                                      +--> ledger: each alert, told or withheld, corrected or not

Softer first: what is not corrected is told again, one level louder, when the budget allows and
while it can be seen.  What was withheld for a while (budget, snooze) is told as soon as it may,
if it is still so.  All times are those of the pipeline's own grid, so a replay gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.alerts.budget import LASTING, OVER, Budget
from monitor.alerts.finding import POSTURE_KINDS, Corrected, Finding, Raised
from monitor.alerts.settings import AlertSettings
from monitor.cues.message import Message
from monitor.result import Alert, LedgerEntry


@dataclass(frozen=True, slots=True)
class Telling:
    """A cue to give.

    `alert` is what it is about, None for a word that is about no alert (the snooze); `due_s` is when.
    """

    due_s: float
    message: Message
    alert: Alert | None = None


@dataclass(slots=True)
class _Entry:
    raised: Raised
    level: int = 0
    told_s: list[float] = field(default_factory=list)
    withheld: str = ""
    corrected_s: float | None = None

    def frozen(self) -> LedgerEntry:
        return LedgerEntry(
            alert=self.raised.alert,
            rule=self.raised.rule,
            dwell_s=self.raised.dwell_s,
            level=self.level,
            delivered_s=self.told_s[0] if self.told_s else None,
            withheld=self.withheld,
            corrected_s=self.corrected_s,
            told_again_s=tuple(self.told_s[1:]),
        )


class AlertEngine:
    """Keeps the ledger of one session, and says when to give a cue.

    Examples
    --------
    >>> engine = AlertEngine(AlertSettings(budget_min=3.0))
    >>> alert = Alert(100.0, "knee_drift", "left", 104.0, 90.0, "The left knee ...")
    >>> raised = Raised("knee_drift:left", alert, "more than 8 degrees", 5.0, "Your left foot ...")
    >>> [t.message.level for t in engine.step(100.5, [raised])]
    [0]
    >>> [t.message.level for t in engine.step(280.5, [])]
    [1]
    >>> [t.message.kind for t in engine.step(300.5, [Corrected("knee_drift:left", 300.0)])]
    ['corrected']
    >>> engine.ledger()[0].delivered_s, engine.ledger()[0].told_again_s
    (100.5, (280.5,))
    """

    def __init__(self, settings: AlertSettings | None = None) -> None:
        self._settings = settings or AlertSettings()
        self._budget = Budget(self._settings)
        self._entries: list[_Entry] = []
        self._open: dict[str, _Entry] = {}

    def snooze(self, t_s: float) -> Telling:
        """Somebody tapped a sensor twice: no cues for a while, and one soft word that says so."""
        self._budget.snooze(t_s)
        minutes = self._settings.snooze_min
        words = f"No cues for {minutes:g} minute{'s' * (minutes != 1)}."
        return Telling(t_s, Message(words, "guide", 0))

    def step(self, t_s: float, findings: list[Finding], *, can_see: bool = True) -> list[Telling]:
        """Take what the rules found, and say what is to be told at `t_s`.

        `can_see` is False while the wearer moves: nothing about posture is then told again.
        """
        told: list[Telling] = []
        for finding in findings:
            if isinstance(finding, Corrected):
                told += self._correct(t_s, finding)
            else:
                self._open[finding.key] = entry = _Entry(finding)
                self._entries.append(entry)
        for entry in self._open.values():
            told += self._tell(t_s, entry, can_see=can_see)
        return told

    def end(self, t_s: float, findings: list[Finding]) -> None:
        """The session was over at `t_s`: nobody is told of what became known or due only then."""
        for entry in self._entries:
            if entry.told_s and entry.told_s[-1] > t_s:
                entry.told_s.pop()
                entry.level = max(len(entry.told_s) - 1, 0)
                entry.withheld = entry.withheld or OVER * (not entry.told_s)
        for finding in findings:
            if isinstance(finding, Corrected):
                self._correct(finding.t_s, finding)
            else:
                self._open[finding.key] = entry = _Entry(finding, withheld=OVER)
                self._entries.append(entry)

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Every alert so far, in order of time, and what became of it."""
        frozen = (entry.frozen() for entry in self._entries)
        return tuple(sorted(frozen, key=lambda e: (e.alert.t_s, e.alert.kind, e.alert.side)))

    def _correct(self, t_s: float, finding: Corrected) -> list[Telling]:
        entry = self._open.pop(finding.key, None)
        if entry is None:
            return []
        entry.corrected_s = finding.t_s
        alert = entry.raised.alert
        if not entry.told_s or alert.kind not in POSTURE_KINDS:
            return []
        return [Telling(t_s, Message("Thank you.", "corrected", 0), alert)]

    def _tell(self, t_s: float, entry: _Entry, *, can_see: bool) -> list[Telling]:
        alert, n_told = entry.raised.alert, len(entry.told_s)
        is_posture = alert.kind in POSTURE_KINDS
        most = self._settings.levels if is_posture else 1  # what the wearer cannot mend: once
        is_new = t_s - alert.t_s < 1.0
        if (
            n_told >= most
            or entry.withheld in LASTING
            or (is_posture and not can_see and not is_new)
        ):
            return []
        why_not = self._budget.why_not(alert.kind, t_s)
        if why_not:
            if not n_told:
                entry.withheld = entry.withheld or why_not
            return []
        self._budget.spend(alert.kind, t_s)
        entry.told_s.append(t_s)
        entry.level = n_told
        return [Telling(t_s, Message(entry.raised.say, "alert", min(n_told, 2)), alert)]
