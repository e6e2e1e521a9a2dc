"""How the panels draw: lines that stop where knowledge stops, shading, legends, marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from analysis.results import FloatArray
from monitor.report import palette
from monitor.report.decimate import min_max
from monitor.report.layout import Span
from monitor.report.palette import Ink
from monitor.result import SessionResult

Box: TypeAlias = tuple[float, float, float, float]

_CONFIDENCE_STEPS = ((0.0, 0.25), (0.4, 0.55), (0.7, 1.0))  # from this confidence, this alpha
_BINS_AN_INCH = 60  # two points each: as fine as the pixels of an ordinary screen


def line(
    ax: Axes, span: Span, t_s: FloatArray, values: FloatArray, ink: Ink, *, alpha: float = 1.0
) -> None:
    """A thinned line; where it is unknown there is none."""
    n_bins = round(_BINS_AN_INCH * span.width_in)
    ax.plot(*min_max(t_s / 60.0, values, n_bins), color=ink.light, alpha=alpha)


def line_by_confidence(
    ax: Axes, span: Span, result: SessionResult, column: tuple[FloatArray, FloatArray], ink: Ink
) -> None:
    """Draw each level of confidence with its own strength."""
    values, confidence = column
    shade_unknown(ax, result, span, np.isfinite(values))
    trust = np.where(np.isfinite(confidence), confidence, 0.0)
    level = np.digitize(trust, [from_ for from_, _ in _CONFIDENCE_STEPS[1:]])
    # A step of the line is as sure as its less sure end: it belongs to the lower of two levels.
    step_level = np.minimum(level[:-1], level[1:])
    for n, (_, alpha) in enumerate(_CONFIDENCE_STEPS):
        drawn = np.zeros(len(level), dtype=bool)
        drawn[:-1] |= step_level == n
        drawn[1:] |= step_level == n
        shown = np.where(drawn, values, np.nan)
        if np.isfinite(shown).any():
            line(ax, span, result.analysis.epochs.t_s, shown, ink, alpha=alpha)


def unknown_runs(result: SessionResult, known: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Start and width, in minutes, of every stretch of unknown epochs wide enough to be seen."""
    t_s = result.analysis.epochs.t_s
    if not len(t_s):
        return []
    begin_min = np.concatenate([[min(0.0, t_s[0])], t_s[:-1]]) / 60.0
    edges = np.diff(np.concatenate([[False], ~known, [False]]).astype(int))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    runs = [(begin_min[a], t_s[b] / 60.0 - begin_min[a]) for a, b in zip(starts, ends, strict=True)]
    return [run for run in runs if run[1] > t_s[-1] / 60.0 / 1000.0]


def shade_unknown(
    ax: Axes,
    result: SessionResult,
    span: Span,
    known: NDArray[np.bool_],
    rows: tuple[float, float] = (0.0, 1.0),
    *,
    said: bool = True,
) -> None:
    """Shade the epochs in which a measure is unknown, and say so where there is room.

    `rows` are the bottom and the height of the shade as shares of the panel.
    """
    runs = unknown_runs(result, known)
    if not runs:
        return
    across = blended_transform_factory(ax.transData, ax.transAxes)
    boxes(
        ax, [(start, rows[0], width, rows[1]) for start, width in runs],
        [palette.UNKNOWN] * len(runs), transform=across, zorder=0.4,
    )  # fmt: skip
    for start, width in runs:
        if said and span.inches(0.0, 60.0 * width) > 0.75:  # the word is 0.6 in wide
            ax.text(
                start + width / 2, rows[0] + rows[1] / 2, "unknown", transform=across, ha="center",
                va="center", color=palette.QUIET.light, fontsize=8.5, clip_on=True,
            )  # fmt: skip


def boxes(ax: Axes, places: Sequence[Box], inks: Sequence[Ink], **kwargs: Any) -> None:
    """Many boxes (left, bottom, width, height) at the price of one."""
    corners = [[(x, y), (x, y + h), (x + w, y + h), (x + w, y)] for x, y, w, h in places]
    colours = [ink.light for ink in inks]
    drawn = PolyCollection(corners, facecolors=colours, **({"linewidths": 0} | kwargs))
    ax.add_collection(drawn, autolim=False)


def legend(ax: Axes, entries: Sequence[tuple[str, Ink]]) -> None:
    """Names in their colours at the right of the title, last one outermost."""
    right_pt = 0.0
    for name, ink in reversed(entries):
        ax.annotate(
            name, (1, 1), xycoords="axes fraction", xytext=(right_pt, 6),
            textcoords="offset points", ha="right", va="baseline", color=ink.light, weight="bold",
        )  # fmt: skip
        right_pt -= 5.2 * len(name) + 10  # a bold letter of 9 points is some 5 wide


def alert_marks(ax: Axes, result: SessionResult, wanted: Callable[[str], bool]) -> None:
    """A thin line and a triangle at each alert of the kinds that are wanted."""
    across = blended_transform_factory(ax.transData, ax.transAxes)
    times_min = [a.t_s / 60.0 for a in result.alerts if wanted(a.kind)]
    if times_min:
        ax.vlines(
            times_min,
            0,
            0.95,
            transform=across,
            linewidth=0.8,
            color=palette.ALERT.light,
            alpha=0.6,
        )
        ax.plot(
            times_min, [0.95] * len(times_min), "v", transform=across, color=palette.ALERT.light,
            markersize=6, clip_on=False,
        )  # fmt: skip


def y_ticks(ax: Axes, at: Sequence[float], labels: Sequence[str]) -> None:
    """Ticks where they are told to be; cheaper than a search for good ones."""
    ax.yaxis.set_major_locator(FixedLocator(list(at)))
    ax.yaxis.set_major_formatter(FixedFormatter(list(labels)))


def y_range(ax: Axes, low: float, high: float, n_ticks: int = 3) -> None:
    """Limits, and round ticks within them."""
    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=n_ticks, steps=[1, 2, 5, 10]))


def padded(values: FloatArray, least: float, *, floor: float | None = None) -> tuple[float, float]:
    """Limits around what is known, never closer together than `least`, so that noise stays small.

    Examples
    --------
    >>> padded(np.array([3.0, np.nan, 5.0]), 4.0)
    (2.0, 6.0)
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    margin = max((least - (high - low)) / 2, 0.06 * (high - low))
    low, high = low - margin, high + margin
    if floor is not None and low < floor:
        low, high = floor, max(high, floor + least)
    return low, high
