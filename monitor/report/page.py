"""The page of a session: one HTML file that needs nothing else, on any screen or on paper.

    SessionResult --figures--> SVG, wide and narrow --colours to CSS variables--> template --> HTML

The pictures are inline SVG whose colours are the page's own variables, so light and dark are one
file and letters stay letters: they can be searched, read aloud and enlarged.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from monitor import __version__
from monitor.report import figures, palette, words
from monitor.result import SessionResult
from monitor.result_file import write_bytes, write_text

HTML_NAME = "report.html"
PNG_NAME = "report.png"

_MOST_MOVEMENTS = 40  # a page is read, not searched; the rest is in the JSON
_FONT = re.compile(r"(font: [^;\"]*?px )[^;\"]+")
_ID = re.compile(r'(\bid="|url\(#|href="#)')


def write_report(folder: Path, result: SessionResult) -> Path:
    """Write ``report.html`` and ``report.png`` into a folder, for their owner's eyes only.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    html, png = folder / HTML_NAME, folder / PNG_NAME
    write_bytes(png, figures.png(figures.overview(result, titled=True)))
    write_text(html, html_page(result))
    return html


def html_page(result: SessionResult) -> str:
    """The page as one text without any reference to another file or host."""
    template = resources.files("monitor.report").joinpath("page.html").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "clock": words.clock,
        "percent": words.percent,
        "place": words.placement_title,
    }
    return environment.from_string(template).render(**_content(result))


def _content(result: SessionResult) -> dict[str, Any]:
    analysis = result.analysis
    known, unknown = words.known_and_unknown(analysis.summary)
    return {
        "program": f"backrelease {__version__}",
        "when": words.when(result.started_at),
        "source": result.source,
        "headline": words.headline(result),
        "description": words.description(result),
        "light": _variables(palette.ALL, dark=False),
        "dark": _variables(palette.ALL, dark=True),
        "wide": _inline_svg(figures.svg(figures.overview(result, figures.WIDE)), "w"),
        "narrow": _inline_svg(figures.svg(figures.overview(result, figures.NARROW)), "n"),
        "alerts": result.alerts,
        "reference": [
            (side, deg)
            for side, deg in (
                ("left", result.reference.knee_left_deg),
                ("right", result.reference.knee_right_deg),
            )
            if deg is not None
        ],
        "numbers": [
            (words.title(n), words.number(e.value, e.unit), words.interval(e), e.coverage)
            for n, e in known.items()
        ],
        "unknown": unknown,
        "phases": [
            (palette.PHASES.get(p.name, palette.UNKNOWN).name, words.PHASE_TITLES[p.name], p)
            for p in analysis.phases
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


def _variables(inks: tuple[palette.Ink, ...], *, dark: bool) -> Markup:
    """CSS declarations; Markup because all of it is our own constants."""
    return Markup(  # noqa: S704
        " ".join(f"--{ink.name}: {ink.dark if dark else ink.light};" for ink in inks)
    )


def _inline_svg(svg: str, prefix: str) -> Markup:
    """A picture of ours ready to stand in the page.

    Ids get a prefix so that two pictures do not share them; colours and the typeface become the
    page's.  Markup is right here: matplotlib escapes every text that it writes.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = _ID.sub(rf"\g<1>{prefix}-", svg)
    svg = _FONT.sub(r"\1var(--sans)", svg)
    for ink in palette.ALL:
        svg = re.sub(rf'\b(fill|stroke)="{ink.light}"', rf'style="\1: var(--{ink.name})"', svg)
        svg = svg.replace(ink.light, f"var(--{ink.name})")
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
