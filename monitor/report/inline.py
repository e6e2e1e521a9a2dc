"""A picture of ours made part of a page: letters stay letters, colours follow the page's theme."""

from __future__ import annotations

import re

from markupsafe import Markup

from monitor.report import palette

_FONT = re.compile(r"(font: [^;\"]*?px )[^;\"]+")
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_ATTRIBUTE = re.compile(r'\b(fill|stroke)="(#[0-9a-f]{6})"')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_PIXELS = re.compile(r'href="data:[^"]*"')
_VARIABLES = {ink.light: f"var(--{ink.name})" for ink in palette.ALL}


def css_variables(inks: tuple[palette.Ink, ...], *, dark: bool) -> Markup:
    """CSS declarations; Markup because all of it is our own constants."""
    return Markup(  # noqa: S704
        " ".join(f"--{ink.name}: {ink.dark if dark else ink.light};" for ink in inks)
    )


def inline_svg(svg: str, prefix: str) -> Markup:
    """An SVG of ours ready to stand in the page.

    Ids get a prefix so that two pictures do not share them; colours and the typeface become the
    page's.  Markup is right here: matplotlib escapes every text that it writes.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    pixels = _PIXELS.findall(svg)  # not ours to change, and long
    svg = _PIXELS.sub("href='@'", svg)
    svg = _ID.sub(rf"\g<1>{prefix}-", svg)
    svg = _FONT.sub(r"\1var(--sans)", svg)
    svg = _ATTRIBUTE.sub(r'style="\1: \2"', svg)
    svg = _COLOUR.sub(lambda found: _VARIABLES.get(found[0], found[0]), svg)
    for data in pixels:
        svg = svg.replace("href='@'", data, 1)
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
