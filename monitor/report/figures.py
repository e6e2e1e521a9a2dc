"""Figures as functions of results: `SessionResult` in, matplotlib `Figure` out, no pyplot state.

    phases ▮▮▮▮▮ | knee angles | stillness | breathing | heart | relaxation | sensors heard

One layout in two widths: `WIDE` for a screen or paper, `NARROW` for a phone, both with the same
size of letters.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from monitor.report import palette, panels, words
from monitor.report.panels import Span
from monitor.result import SessionResult


@dataclass(frozen=True, slots=True)
class Format:
    """How wide a figure is, in inches, and how much of that stands left of the axes."""

    width_in: float
    left_in: float
    right_in: float = 0.16
    n_ticks: int = 10


WIDE = Format(width_in=9.2, left_in=0.95)
NARROW = Format(width_in=4.0, left_in=0.85, n_ticks=5)

_PNG_DPI = 160  # sharp on a screen with twice the pixels, 1500 across


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    height_in: float
    draw: Callable[[Axes, SessionResult, Span], None]


def overview(result: SessionResult, shape: Format = WIDE, *, titled: bool = False) -> Figure:
    """The whole session at a glance; `titled` for a picture that stands alone.

    A panel is left out only when the session could not have it: heart without a heart sensor or a
    beat found, knees without a leg sensor.  Everything else that is unknown is shaded as unknown.
    """
    with house_style():
        chosen = _chosen(result)
        gap_in, top_in, bottom_in = 0.46, 0.62 if titled else 0.30, 0.50
        height_in = top_in + bottom_in + sum(p.height_in + gap_in for p in chosen) - gap_in
        figure = Figure(figsize=(shape.width_in, height_in))
        FigureCanvasAgg(figure)
        axes_in = shape.width_in - shape.left_in - shape.right_in
        span = Span(_end_min(result), axes_in)
        y_in = height_in - top_in
        for panel in chosen:
            y_in -= panel.height_in
            ax = figure.add_axes(
                (shape.left_in / shape.width_in, y_in / height_in, axes_in / shape.width_in,
                 panel.height_in / height_in)
            )  # fmt: skip
            y_in -= gap_in
            ax.set_title(panel.title)
            panel.draw(ax, result, span)
            _time_axis(ax, span, shape, last=panel is chosen[-1])
        if titled:
            left, top = shape.left_in / shape.width_in, 1.0 - 0.10 / height_in
            figure.text(left, top, words.title_line(result), ha="left", va="top", weight="bold")
        return figure


def png(figure: Figure) -> bytes:
    """A figure as PNG on white."""
    with house_style():
        data = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(data, format="png", dpi=_PNG_DPI)
        return data.getvalue()


def svg(figure: Figure) -> str:
    """A figure as SVG with real text and no background, in the light colours of the palette."""
    with house_style():
        data = io.StringIO()
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
        return data.getvalue()


@contextmanager
def house_style() -> Iterator[None]:
    """Our one style, and nothing of the user's own matplotlib settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        with resources.as_file(resources.files("monitor.report") / "house.mplstyle") as path:
            mpl.rc_file(path, use_default_template=False)
        yield


# --- layout ----------------------------------------------------------------------------------


def _chosen(result: SessionResult) -> list[_Panel]:
    epochs, placements = result.analysis.epochs, result.analysis.sensors
    has_legs = any("thigh" in p or "shank" in p for p in placements)
    has_heart = bool(np.isfinite(epochs.heart_per_min).any())
    sensors_in = 0.26 * max(len(placements), 1)
    every = (
        (True, _Panel("Phases", 0.30, panels.phases)),
        (has_legs, _Panel("Knee angle, degrees", 1.9, panels.knees)),
        (True, _Panel("Stillness, 0 moving to 1 still", 0.95, panels.stillness)),
        ("chest" in placements, _Panel("Breaths per minute", 1.1, panels.breathing)),
        (has_heart, _Panel("Heart beats per minute", 1.1, panels.heart)),
        (True, _Panel("Relaxation index, 0 to 1", 0.95, panels.relaxation)),
        (True, _Panel("Sensors heard", sensors_in, panels.sensors)),
    )
    return [panel for wanted, panel in every if wanted]


def _end_min(result: SessionResult) -> float:
    t_s = result.analysis.epochs.t_s
    ends = [result.analysis.duration_s, float(t_s[-1]) if len(t_s) else math.nan]
    return max([e / 60.0 for e in ends if math.isfinite(e)], default=0.0) or 1.0 / 60.0


def _time_axis(ax: Axes, span: Span, shape: Format, *, last: bool) -> None:
    ax.set_xlim(0, span.end_min)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=shape.n_ticks, steps=[1, 2, 5, 10]))
    if last:
        ax.set_xlabel("minutes", color=palette.QUIET.light)
    else:
        ax.tick_params(axis="x", labelbottom=False, length=0)
