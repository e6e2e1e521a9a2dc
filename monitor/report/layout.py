"""Panels one above the other over the same minutes: the frame of every figure.

    title            legend
    ┌──────────────────────┐   `WIDE` for a screen or paper, `NARROW` for a phone or a column;
    │ panel                │   letters have the same size in both
    └──────────────────────┘
    │ next panel           │
     0      5      10 minutes

Axes cost more than what is drawn into them, and ticks cost more than axes: only the last panel
has ticks in time, and a title stands where it is told to, so that nothing is laid out twice.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from monitor.report import palette
from monitor.result import SessionResult

_GAP_IN = 0.40  # between panels: a title and its air
_TOP_IN = 0.30
_TITLED_TOP_IN = 0.62
_BOTTOM_IN = 0.48


@dataclass(frozen=True, slots=True)
class Format:
    """How wide a figure is, in inches, and how much of that stands left of the axes."""

    width_in: float
    left_in: float
    right_in: float = 0.16
    n_ticks: int = 10


WIDE = Format(width_in=9.2, left_in=1.05)
NARROW = Format(width_in=4.0, left_in=0.95, n_ticks=5)
COLUMN = Format(width_in=4.4, left_in=0.62, n_ticks=6)
"""A detail: half of a desk's page, all of a phone's."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time axis of a figure: from where to where, and how wide it is drawn."""

    end_min: float
    width_in: float
    start_min: float = 0.0

    def inches(self, start_s: float, end_s: float) -> float:
        """How wide a stretch is drawn."""
        return (end_s - start_s) / 60.0 / (self.end_min - self.start_min) * self.width_in


Draw = Callable[[Axes, SessionResult, Span], None]


@dataclass(frozen=True, slots=True)
class Panel:
    """One axes: what it is called, how high it is, and what draws it."""

    title: str
    height_in: float
    draw: Draw


def stacked(
    result: SessionResult,
    panels: Sequence[Panel],
    shape: Format,
    *,
    title: str = "",
    window_min: tuple[float, float] | None = None,
) -> Figure:
    """A figure of these panels; `title` above it for a picture that stands alone.

    `window_min` shows that part of the session only.
    """
    with house_style():
        top_in = _TITLED_TOP_IN if title else _TOP_IN
        content_in = sum(p.height_in for p in panels) + _GAP_IN * (len(panels) - 1)
        height_in = top_in + content_in + _BOTTOM_IN
        figure = Figure(figsize=(shape.width_in, height_in))
        box = (
            shape.left_in,
            _BOTTOM_IN,
            shape.width_in - shape.left_in - shape.right_in,
            content_in,
        )
        fill(figure, box, result, panels, n_ticks=shape.n_ticks, window_min=window_min)
        if title:
            left, top = shape.left_in / shape.width_in, 1.0 - 0.10 / height_in
            figure.text(left, top, title, ha="left", va="top", weight="bold")
        return figure


def fill(
    figure: Figure,
    box_in: tuple[float, float, float, float],
    result: SessionResult,
    panels: Sequence[Panel],
    *,
    n_ticks: int,
    window_min: tuple[float, float] | None = None,
) -> None:
    """Put panels one above the other into a box (left, bottom, width, height) of a figure.

    The panels keep their proportions; the gaps between them keep their size.
    """
    left_in, bottom_in, width_in, height_in = box_in
    whole_in, high_in = (float(x) for x in figure.get_size_inches())
    start_min, end_min = window_min or (0.0, session_end_min(result))
    span = Span(end_min, width_in, start_min)
    room_in = height_in - _GAP_IN * (len(panels) - 1)
    scale = room_in / sum(p.height_in for p in panels)
    y_in = bottom_in + height_in
    for n_below, panel in zip(reversed(range(len(panels))), panels, strict=True):
        y_in -= panel.height_in * scale
        ax = figure.add_axes(
            (left_in / whole_in, y_in / high_in, width_in / whole_in,
             panel.height_in * scale / high_in)
        )  # fmt: skip
        y_in -= _GAP_IN
        ax.set_title(panel.title)
        ax.set_xlim(start_min, end_min)
        ax.set_autoscaley_on(False)  # every panel says its own limits
        panel.draw(ax, result, span)
        if n_below == 0:
            ax.xaxis.set_major_locator(MaxNLocator(nbins=n_ticks, steps=[1, 2, 5, 10]))
            ax.set_xlabel("minutes", color=palette.QUIET.light)
        else:
            ax.xaxis.set_visible(False)


def session_end_min(result: SessionResult) -> float:
    """Where the time axis ends; never 0, so that an empty session has axes too."""
    t_s = result.analysis.epochs.t_s
    ends = [result.analysis.duration_s, float(t_s[-1]) if len(t_s) else math.nan]
    return max([e / 60.0 for e in ends if math.isfinite(e)], default=0.0) or 1.0 / 60.0


@contextmanager
def house_style() -> Iterator[None]:
    """Our one style, and nothing of the user's own matplotlib settings."""
    with mpl.rc_context(_house_params()), warnings.catch_warnings():
        # what a wearer wrote may have a sign that no typeface here has: it is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@cache
def _house_params() -> dict[Any, Any]:
    """Matplotlib's defaults with the house's file over them."""
    with resources.as_file(resources.files("monitor.report") / "house.mplstyle") as path:
        house = mpl.rc_params_from_file(path, use_default_template=False)
    params: dict[Any, Any] = {**mpl.rcParamsDefault, **house}
    params.pop("backend", None)  # ours to say with each canvas, not with a setting
    return params
