"""Two sessions as a picture, minute by minute in the position."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.results import FloatArray
from monitor.history.compare import WINDOWED, Comparison
from monitor.history.figures import noise_bar
from monitor.history.matched import minute_by_minute
from monitor.history.measures import MEASURES, Measure
from monitor.report import palette
from monitor.report.layout import WIDE, Format, house_style
from monitor.result import SessionResult

_PANEL_IN, _GAP_IN = 1.15, 0.46
_TOP_IN, _BOTTOM_IN, _LEFT_IN = 0.40, 0.50, 0.55


def comparison(
    a: SessionResult, b: SessionResult, compared: Comparison, shape: Format = WIDE
) -> Figure:
    """Stillness, breathing and heart of two sessions; what neither knows is left out.

    The first session (A) is dashed grey, the second (B) in the measure's colour, both pale outside
    the minutes that are compared.  The bar at the right is this wearer's noise.
    """
    pairs = _pairs(a, b)
    noise = {c.measure.title: c.detectable for c in compared.measures}
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
            _lines(ax, measure, pair, compared.shared_min)
            _value_axis(ax, pair, noise[measure.title])
            ax.set_xlim(0, end_min)
            ax.xaxis.set_major_locator(MaxNLocator(nbins=shape.n_ticks, steps=[1, 2, 5, 10]))
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


def _lines(
    ax: Axes,
    measure: Measure,
    pair: tuple[FloatArray, FloatArray],
    shared_min: tuple[float, float] | None,
) -> None:
    ways = (("A", palette.GUIDE.light, (0, (4, 2))), ("B", measure.ink.light, "-"))
    first, last = shared_min or (0.0, 0.0)
    for values, (name, colour, dashes) in zip(pair, ways, strict=True):
        minutes = np.arange(len(values)) + 0.5
        compared = np.where((minutes > first) & (minutes < last), values, np.nan)
        ax.plot(minutes, values, color=colour, linestyle=dashes, linewidth=1.4, alpha=0.4)
        ax.plot(minutes, compared, color=colour, linestyle=dashes, linewidth=2.0)
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            at = known[-1]
            ax.annotate(
                name, (minutes[at], values[at]), xytext=(5, 0), textcoords="offset points",
                va="center", weight="bold", color=colour, annotation_clip=False,
            )  # fmt: skip


def _value_axis(ax: Axes, pair: tuple[FloatArray, FloatArray], detectable: float | None) -> None:
    """Room for both sessions and for the noise, so that what is small looks small."""
    known = np.concatenate(pair)
    known = known[np.isfinite(known)]
    middle = (float(known.min()) + float(known.max())) / 2.0
    half = max(float(known.max()) - middle, (detectable or 0.0) / 2.0, 0.5) * 1.1
    ax.set_ylim(middle - half, middle + half)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    if detectable is not None:
        noise_bar(ax, middle, detectable)
