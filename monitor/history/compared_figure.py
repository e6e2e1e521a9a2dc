"""Two sessions as a picture, minute by minute in the position."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.results import FloatArray
from monitor.history.compare import WINDOWED
from monitor.history.matched import FIRST_S, WINDOW_S, minute_by_minute, windows
from monitor.history.measures import MEASURES, Measure
from monitor.report import palette
from monitor.report.figures import WIDE, Format, house_style
from monitor.result import SessionResult

_PANEL_IN, _GAP_IN = 1.15, 0.46
_TOP_IN, _BOTTOM_IN, _LEFT_IN = 0.40, 0.50, 0.55


def comparison(a: SessionResult, b: SessionResult, shape: Format = WIDE) -> Figure:
    """Stillness, breathing and heart of two sessions; what neither knows is left out.

    The first session (A) is dashed grey, the second (B) in the measure's colour.  The minutes that
    are compared, because both have them whole, are shaded.
    """
    pairs = _pairs(a, b)
    shared = min(len(windows(r.analysis, "stillness")) for r in (a, b))
    with house_style():
        n_rows = max(len(pairs), 1)
        height_in = _TOP_IN + _BOTTOM_IN + n_rows * _PANEL_IN + (n_rows - 1) * _GAP_IN
        figure = Figure(figsize=(shape.width_in, height_in))
        FigureCanvasAgg(figure)
        width_in = shape.width_in - _LEFT_IN - shape.right_in - 0.1
        end_min = max((len(v) for pair in pairs.values() for v in pair), default=1)
        for n, (measure, pair) in enumerate(pairs.items()):
            y_in = height_in - _TOP_IN - (n + 1) * _PANEL_IN - n * _GAP_IN
            ax = figure.add_axes(
                (_LEFT_IN / shape.width_in, y_in / height_in, width_in / shape.width_in,
                 _PANEL_IN / height_in)
            )  # fmt: skip
            ax.set_title(f"{measure.title}, {measure.unit}")
            if shared:
                end_shared = (FIRST_S + shared * WINDOW_S) / 60.0
                ax.axvspan(FIRST_S / 60.0, end_shared, facecolor=palette.UNKNOWN.light, linewidth=0)
            _lines(ax, measure, pair)
            ax.set_xlim(0, end_min)
            ax.xaxis.set_major_locator(MaxNLocator(nbins=shape.n_ticks, steps=[1, 2, 5, 10]))
            ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
            if n + 1 < n_rows:
                ax.tick_params(axis="x", labelbottom=False, length=0)
            else:
                ax.set_xlabel("minutes in the position", color=palette.QUIET.light)
        return figure


def _pairs(a: SessionResult, b: SessionResult) -> dict[Measure, tuple[FloatArray, FloatArray]]:
    """The measures that at least one session knows, minute by minute."""
    found = {}
    for measure in MEASURES:
        column = WINDOWED.get(measure.title)
        if column is None:
            continue
        scale = 100.0 if column == "stillness" else 1.0
        first, second = (scale * minute_by_minute(r.analysis, column) for r in (a, b))
        if np.isfinite(first).any() or np.isfinite(second).any():
            found[measure] = (first, second)
    return found


def _lines(ax: Axes, measure: Measure, pair: tuple[FloatArray, FloatArray]) -> None:
    ways = (("A", palette.GUIDE.light, (0, (4, 2))), ("B", measure.ink.light, "-"))
    for values, (name, colour, dashes) in zip(pair, ways, strict=True):
        minutes = np.arange(len(values)) + 0.5
        ax.plot(minutes, values, color=colour, linestyle=dashes, linewidth=1.6)
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            at = known[-1]
            ax.annotate(
                name, (minutes[at], values[at]), xytext=(5, 0), textcoords="offset points",
                va="center", weight="bold", color=colour, annotation_clip=False,
            )  # fmt: skip
