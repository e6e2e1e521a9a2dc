"""The page of three months: one HTML file that needs nothing else, on any screen or on paper.

    rows --> days, findings --figures--> SVG, wide and narrow --template--> HTML

The pictures are inline SVG in the page's own colours, as in the page of a session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from monitor import __version__
from monitor.alerts.nof1 import Effect
from monitor.history import figures, words
from monitor.history.cues_effect import effect
from monitor.history.days import (
    DAY_STARTS_AT,
    N_DAYS,
    PracticeDay,
    longest_run,
    practice_days,
    within,
)
from monitor.history.measures import Finding, findings
from monitor.history.row import HistoryRow
from monitor.report.figures import png, svg
from monitor.report.inline import house_css, inline_svg
from monitor.report.layout import NARROW, WIDE
from monitor.result_file import write_bytes, write_text

HTML_NAME = "history.html"


@dataclass(frozen=True, slots=True, eq=False)
class ThreeMonths:
    """All that the page says, as values: from a notebook, start here.

    Attributes
    ----------
    period : Period
    days : list of PracticeDay
        Every day, rest days too.
    rows : list of HistoryRow
        The sessions of these days, oldest first.
    findings : list of Finding
        One a measure.
    n_undated : int
        Sessions left out because nobody knows when they were.
    run : int or None
        Most days in a row, for those who asked.
    cues : Effect or None
        Whether cues help, where chance decided about days.
    """

    period: words.Period
    days: list[PracticeDay]
    rows: list[HistoryRow]
    findings: list[Finding]
    n_undated: int = 0
    run: int | None = None
    cues: Effect | None = None


def three_months(
    rows: Sequence[HistoryRow],
    *,
    until: date,
    n_days: int = N_DAYS,
    day_starts_at: int = DAY_STARTS_AT,
    count_run: bool = False,
) -> ThreeMonths:
    """The days up to `until`, and what changed in them."""
    days = practice_days(rows, until=until, n_days=n_days, day_starts_at=day_starts_at)
    chosen = within(rows, until=until, n_days=n_days, day_starts_at=day_starts_at)
    return ThreeMonths(
        period=words.Period(days[0].day, days[-1].day),
        days=days,
        rows=chosen,
        findings=findings(chosen),
        n_undated=sum(row.began is None for row in rows),
        run=longest_run(days) if count_run else None,
        cues=effect(chosen),
    )


def write_page(folder: Path, months: ThreeMonths) -> list[Path]:
    """Write ``history.html`` and each picture as PNG and SVG into a folder.

    Returns
    -------
    list of Path
        The page first.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    pictures = {"calendar": figures.calendar(months.days)}
    if any(f.n_known for f in months.findings):
        pictures["trends"] = figures.trends(months.findings, _origin(months))
    paths = [folder / HTML_NAME]
    for old in folder.glob("history-*.[ps][nv]g"):  # of an earlier choice: beside this one untrue
        old.unlink(missing_ok=True)
    for name, figure in pictures.items():
        paths += [folder / f"history-{name}.png", folder / f"history-{name}.svg"]
        write_bytes(paths[-2], png(figure))
        write_text(paths[-1], svg(figure))
    write_text(paths[0], html_page(months))
    return paths


def html_page(months: ThreeMonths) -> str:
    """The page as one text without any reference to another file or host."""
    template = resources.files("monitor.history").joinpath("page.html").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(**_content(months))


def _content(months: ThreeMonths) -> dict[str, Any]:
    dose, trends = words.dose(months.days), words.summary(months.findings)
    known = [f for f in months.findings if f.n_known]
    pictures: dict[str, Any] = {}
    for shape, name, prefix in ((WIDE, "wide", "w"), (NARROW, "narrow", "n")):
        calendar = figures.calendar(months.days, shape)
        pictures[f"calendar_{name}"] = inline_svg(svg(calendar), f"c{prefix}")
        if known:
            drawn = figures.trends(months.findings, _origin(months), shape)
            pictures[f"trends_{name}"] = inline_svg(svg(drawn), f"t{prefix}")
    return {
        "program": f"backrelease {__version__}",
        "period": months.period.words,
        "simulated": any(not row.somebody_lay for row in months.rows),
        "dose": dose,
        "trends": trends,
        "calendar_alt": f"Calendar of minutes in the position, a square a day. {dose}",
        "trends_alt": "Trends, a panel a measure. " + " ".join(f.sentence for f in known),
        "house_css": house_css(),
        "known": [_numbers(f) for f in known],
        "unknown": [f.measure.title.lower() for f in months.findings if not f.n_known],
        "n_undated": months.n_undated,
        "run": months.run,
        "cues": months.cues.words if months.cues else "",
        "notes": [_note(row) for row in months.rows if row.note],
        "caveats": words.CAVEATS.strip().split("\n\n"),
        **pictures,
    }


def _origin(months: ThreeMonths) -> date:
    """Day 0 of the findings: the day of the first session."""
    began = min(row.began for row in months.rows if row.began is not None)
    return began.date()


def _numbers(finding: Finding) -> dict[str, str]:
    """One line of the table; an en dash where there is no line."""
    m, t = finding.measure, finding.trend
    row = {"title": m.title, "unit": m.unit, "n": str(finding.n_known)}
    if t is None:
        return {**row, "line": "–", "change": "too few sessions to say", "noise": "–"}  # noqa: RUF001
    change, low, high = t.change
    between = f"{m.number(low, sign=True)} to {m.number(high, sign=True)}"
    shown = f"{m.number(change, sign=True)} ({between})"
    return {
        **row,
        "line": f"{m.number(t.start)} to {m.number(t.end)}",
        "change": f"no change shown ({between})" if t.verdict == "no change" else shown,
        "noise": "unknown" if t.detectable is None else m.number(t.detectable),
    }


def _note(row: HistoryRow) -> tuple[str, str, str]:
    day = words.day_words(row.began.date()) if row.began else row.name
    return day, " ".join(f"[{tag}]" for tag in row.tags), row.note
