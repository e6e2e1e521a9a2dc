"""Hurried finish: getting up fast undoes the exercise.  The analysis judges it, we say it."""

from __future__ import annotations

from analysis.results import Finish
from monitor.alerts.finding import Raised
from monitor.result import Alert


def hurried_finish(finish: Finish | None) -> Raised | None:
    """What to say of how the wearer got up; None when it was slow, or nobody knows.

    Examples
    --------
    >>> finish = Finish(870.0, 874.0, 870.0, 871.0, 873.0, 95.0, True, "Up within 4 s.")
    >>> hurried_finish(finish).alert.reason
    'Up within 4 s.'
    """
    if finish is None or not finish.hurried:
        return None
    alert = Alert(
        t_s=finish.end_s,
        kind="hurried_finish",
        side="",
        value=finish.end_s - finish.start_s,
        reference=None,
        reason=finish.reason,
    )
    say = "You came up quickly. Next time, give the rolling and the kneeling their time."
    took_s = finish.end_s - finish.start_s
    return Raised("hurried_finish", alert, "the analysis' own limits of the finish", took_s, say)
