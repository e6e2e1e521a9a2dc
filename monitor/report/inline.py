"""What every page of ours has in common: its style, and pictures that follow its theme."""

from __future__ import annotations

import re
from importlib import resources

from markupsafe import Markup

from monitor.report import palette

_FONT = re.compile(r"(font: [^;\"]*?px )[^;\"]+")
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_ATTRIBUTE = re.compile(r'\b(fill|stroke)="(#[0-9a-f]{6})"')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_PIXELS = re.compile(r'href="data:[^"]*"')
_VARIABLES = {ink.light: f"var(--{ink.name})" for ink in palette.ALL}


def house_css() -> Markup:
    """The style of every page: colours of light and dark, letters, tables.

    Markup because all of it is our own constants.
    """
    light = " ".join(f"--{ink.name}: {ink.light};" for ink in palette.ALL)
    dark = " ".join(f"--{ink.name}: {ink.dark};" for ink in palette.ALL)
    rules = resources.files("monitor.report").joinpath("house.css").read_text("utf-8")
    return Markup(  # noqa: S704
        f":root {{ {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{rules}"
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
