"""One page of A4 for a teacher or therapist: what was seen, what the wearer said, what nobody knows.

    who, when, how long | the sentence
    phases, knees, stillness, breathing over time
    numbers with interval and coverage | getting up, the wearer's words, cues
    what this page cannot say          |

A sheet that would not fit says less, and says that it does.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from analysis.results import PLACEMENTS
from monitor import __version__
from monitor.report import palette, panels, words
from monitor.report.cues import cues, summary
from monitor.report.figures import pdf
from monitor.report.findings import getting_up_words
from monitor.report.layout import Panel, fill, house_style
from monitor.report.sheet import Column
from monitor.report.titles import placement_title, title
from monitor.result import SessionResult
from monitor.result_file import write_bytes
from monitor.session_notes import Rating, SessionNotes, read_notes

PDF_NAME = "teacher.pdf"

_A4_IN = (8.27, 11.69)
_MARGIN_IN = 0.7
_FOOT_IN = 0.62  # the last line
_MOST_CUES = 5
_NUMBERS = (  # what a practitioner asks for, in the order of asking
    "time_in_position_min", "time_to_settle_s", "still_share", "knee_left_deg", "knee_right_deg",
    "knee_difference_deg", "knee_drift_left_deg", "knee_drift_right_deg", "lean_left_deg",
    "lean_right_deg", "breathing_per_min", "heart_per_min", "relaxation",
)  # fmt: skip


def write_teacher_page(folder: Path, result: SessionResult, session: Path | None = None) -> Path:
    """Write ``teacher.pdf`` into a folder.

    Parameters
    ----------
    folder : Path
        Where it goes.
    result : SessionResult
    session : Path, optional
        The session's own folder, with what the wearer said, when it is another.

    Raises
    ------
    UserError
        When the folder cannot be written, or the wearer's notes cannot be read.
    """
    path = folder / PDF_NAME
    write_bytes(path, pdf(teacher_page(result, read_notes(session or folder))))
    return path


def teacher_page(result: SessionResult, said: SessionNotes | None = None) -> Figure:
    """The sheet as a figure of the size of A4."""
    with house_style():
        figure = Figure(figsize=_A4_IN)
        width_in = _A4_IN[0] - 2 * _MARGIN_IN
        head = Column(figure, left_in=_MARGIN_IN, top_in=_A4_IN[1] - _MARGIN_IN, width_in=width_in)
        head.line("Passive Back Release: one session", size=15, weight="bold")
        head.space(0.05)
        about = [
            words.when(result.started_at),
            words.duration(result.analysis.duration_s),
            result.source,
        ]
        head.paragraph("  ·  ".join(part for part in about if part), colour=palette.QUIET)
        head.paragraph(_worn(result), colour=palette.QUIET)
        head.space(0.10)
        head.paragraph(words.headline(result), size=12, most_lines=4)
        top_in = head.y_in - 0.32
        chosen = _panels(result)
        high_in = sum(p.height_in for p in chosen) + 0.40 * (len(chosen) - 1)
        box = (_MARGIN_IN + 0.55, top_in - high_in, width_in - 0.55, high_in)
        fill(figure, box, result, chosen, n_ticks=8)
        below_in = top_in - high_in - 0.64
        half_in = width_in / 2 - 0.15
        left, right = (
            Column(figure, left_in=x_in, top_in=below_in, width_in=half_in, foot_in=_FOOT_IN + 0.15)
            for x_in in (_MARGIN_IN, _A4_IN[0] / 2 + 0.15)
        )
        _numbers(left, result)
        left.space(0.10)
        left.heading("What this page cannot say")
        left.paragraph(_cannot_say(result))
        _in_words(right, result, said or SessionNotes())
        base = Column(figure, left_in=_MARGIN_IN, top_in=_FOOT_IN, width_in=width_in)
        base.paragraph(
            f"Made by backrelease {__version__} on the wearer's own computer. Not a medical device: "
            "it watches a practice, it does not examine or treat anybody. Grey is unknown.",
            size=7.5, colour=palette.QUIET,
        )  # fmt: skip
        return figure


def _panels(result: SessionResult) -> list[Panel]:
    placements = result.analysis.sensors
    legs = any("thigh" in p or "shank" in p for p in placements)
    every = [
        (True, Panel("Phases", 0.30, panels.phases)),
        (legs, Panel("Knee angle, degrees", 1.05, panels.knees)),
        (True, Panel("Stillness, 0 moving to 1 still", 0.42, panels.stillness)),
        ("chest" in placements, Panel("Breaths a minute", 0.55, panels.breathing)),
    ]
    return [panel for wanted, panel in every if wanted]


def _numbers(column: Column, result: SessionResult) -> None:
    found = result.analysis.summary
    column.heading("While resting")
    column.row(("", "value", "mostly", "known"), colour=palette.QUIET)
    for name in _NUMBERS:
        if name in found:
            e = found[name]
            cells = (words.number(e.value, e.unit), words.interval(e), words.percent(e.coverage))
            column.row((title(name), *cells))
    if not any(name in found for name in _NUMBERS):
        column.paragraph("Nothing could be counted.")


def _in_words(column: Column, result: SessionResult, said: SessionNotes) -> None:
    column.heading("Getting up")
    finish = result.analysis.finish
    column.paragraph(getting_up_words(finish) if finish else "Not seen, or not recognised.")
    column.space(0.08)
    column.heading("In the wearer's words")
    if said == SessionNotes():
        column.paragraph("Nothing was noted.")
    for name, before, after in (
        ("Comfort", said.before.comfort, said.after.comfort),
        ("Calm", said.before.calm, said.after.calm),
    ):
        if (said.before, said.after) != (Rating(), Rating()):
            column.paragraph(f"{name}, 0 to 10: {_rated(before)} before, {_rated(after)} after.")
    if said.text:
        column.paragraph(f"“{' '.join(said.text.split())}”", most_lines=5)
    if said.tags:
        column.paragraph(f"Tags: {', '.join(said.tags)}.", most_lines=1)
    column.space(0.08)
    column.heading("Cues")
    found = cues(result)
    column.paragraph(f"{summary(found)}." if found else "There were none.")
    for cue in found[:_MOST_CUES]:
        column.paragraph(f"{words.clock(cue.t_s)}  {cue.alert.reason} {cue.outcome}", most_lines=4)
    if len(found) > _MOST_CUES:
        column.paragraph(f"{len(found) - _MOST_CUES} more are in the report.")


def _rated(value: int | None) -> str:
    return "not said" if value is None else str(value)


def _worn(result: SessionResult) -> str:
    heard = [p for p in result.analysis.sensors if result.analysis.sensors[p].n_samples]
    if not heard:
        return "No sensor was heard."
    return f"Sensors on {words.listed([placement_title(p) for p in heard])}."


def _cannot_say(result: SessionResult) -> str:
    """What no sensor was worn for, and what none can know."""
    worn = {p for p, s in result.analysis.sensors.items() if s.n_samples}
    said = []
    if "head" not in worn:
        said.append("Head and neck were not measured.")
    if "chest" not in worn:
        said.append("The trunk and breathing were not measured.")
    else:
        said.append(
            "Of the back only the tilt of the chest is known: not its length, nor how it lay, nor how "
            "freely it moved."
        )
    missing = [p for p in PLACEMENTS if p not in worn and ("thigh" in p or "shank" in p)]
    if missing:
        said.append(f"Not worn: {words.listed([placement_title(p) for p in missing])}.")
    said.append(
        "Muscle tone, pain and how it felt are known only where the wearer says so. Stillness and "
        "slow breath come to anybody who lies down: one session shows no effect of the practice."
    )
    return " ".join(said)
