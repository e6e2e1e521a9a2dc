"""The page of a session: one HTML file that needs nothing else, on any screen or on paper.

    SessionResult --figures--> SVG --colours to CSS variables--> template --> HTML

The pictures are inline SVG whose colours are the page's own variables, so light and dark are one
file and letters stay letters: they can be searched, read aloud and enlarged.  The overview is
drawn wide and narrow; a detail once, half as wide as a desk's page and as wide as a phone's.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from monitor import __version__
from monitor.report import figures, findings, palette, words
from monitor.report.cues import cues, summary
from monitor.report.inline import house_css, inline_svg
from monitor.report.layout import COLUMN, NARROW, WIDE, house_style
from monitor.report.spectrogram import Spectrogram, chest_of
from monitor.report.titles import (
    PHASE_TITLES,
    POSITION_TITLES,
    movement_title,
    placement_title,
    title,
)
from monitor.result import SessionResult
from monitor.result_file import write_text
from monitor.session_notes import Rating, SessionNotes, read_notes

HTML_NAME = "report.html"

_MOST_MOVEMENTS = 40  # a page is read, not searched; the rest is in the JSON


def write_report(folder: Path, result: SessionResult, session: Path | None = None) -> Path:
    """Write ``report.html`` into a folder, for its owner's eyes only.

    Parameters
    ----------
    folder : Path
        Where the page goes.
    result : SessionResult
    session : Path, optional
        The session's own folder, with what the wearer said and the recording, when it is another.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        When the folder cannot be written, or the wearer's notes cannot be read.
    """
    html = folder / HTML_NAME
    own = session or folder
    write_text(html, html_page(result, read_notes(own), chest_of(own)))
    return html


def html_page(
    result: SessionResult, said: SessionNotes | None = None, chest: Spectrogram | None = None
) -> str:
    """The page as one text without any reference to another file or host."""
    template = resources.files("monitor.report").joinpath("page.html").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "clock": words.clock,
        "percent": words.percent,
        "place": placement_title,
        "kind": movement_title,
    }
    with house_style():
        pictures = _pictures(result, chest)
    content = pictures | _content(result) | _said(said or SessionNotes())
    return environment.from_string(template).render(**content)


def _pictures(result: SessionResult, chest: Spectrogram | None) -> dict[str, Any]:
    details = figures.figures_of(result, chest)
    return {
        "wide": inline_svg(figures.svg(figures.overview(result, WIDE)), "w"),
        "narrow": inline_svg(figures.svg(figures.overview(result, NARROW)), "n"),
        "details": [
            (
                name,
                findings.HEADINGS[name],
                inline_svg(figures.svg(draw(COLUMN, False)), name),
                findings.finding(name, result),
            )
            for name, draw in details.items()
        ],
    }


def _content(result: SessionResult) -> dict[str, Any]:
    analysis = result.analysis
    known, unknown = words.known_and_unknown(analysis.summary)
    found = cues(result)
    return {
        "program": f"backrelease {__version__}",
        "when": words.when(result.started_at),
        "source": result.source,
        "headline": words.headline(result),
        "description": words.description(result),
        "house_css": house_css(),
        "cues": found,
        "cue_summary": summary(found),
        "drowsiness": findings.drowsiness_words(result),
        "has_sighs": any(b.kind == "sigh" for b in analysis.breaths),
        "numbers": [
            (title(n), words.number(e.value, e.unit), words.interval(e), e.coverage)
            for n, e in known.items()
        ],
        "unknown": [title(n) for n in unknown],
        "phases": [
            (palette.PHASES.get(p.name, palette.UNKNOWN).name, PHASE_TITLES[p.name], p)
            for p in analysis.phases
        ],
        "positions": [
            (palette.POSITIONS.get(p.name, palette.UNKNOWN).name, POSITION_TITLES[p.name], p)
            for p in analysis.positions
        ],
        "sensors": analysis.sensors,
        "worn": result.sensors_worn,
        "rate": {p: words.number(s.fs_hz, "Hz") for p, s in analysis.sensors.items()},
        "loss": {
            p: words.loss(s.n_lost, result.loss_by.get(p, "")) for p, s in analysis.sensors.items()
        },
        "gaps": result.gaps,
        "movements": [
            (m, [words.number(v) for v in (m.range_deg, m.peak_speed_deg_s, m.sparc)])
            for m in analysis.movements[:_MOST_MOVEMENTS]
        ],
        "n_more_movements": max(0, len(analysis.movements) - _MOST_MOVEMENTS),
        "notes": analysis.notes,
    }


def _said(said: SessionNotes) -> dict[str, Any]:
    """What the wearer said; a rating only when it was given."""
    return {
        "ratings": [
            (name, before, after)
            for name, before, after in (
                ("Comfort", said.before.comfort, said.after.comfort),
                ("Calm", said.before.calm, said.after.calm),
            )
            if (said.before, said.after) != (Rating(), Rating())
        ],
        "tags": said.tags,
        "text": said.text,
    }
