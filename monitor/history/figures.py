"""Figures of the history: rows and findings in, matplotlib `Figure` out, no pyplot state.

    calendar   a square a day, its area the minutes in the position
    trends     small multiples: every session a dot, the robust line with its interval, and at the
               right how far two single sessions must be apart

`WIDE` for a screen or paper, `NARROW` for a phone, both with the same size of letters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from monitor.history.days import PracticeDay
from monitor.history.measures import Finding
from monitor.report import palette
from monitor.report.layout import WIDE, Format, house_style

_CELL = 0.86  # of a day's room
_FULL_MIN = 20.0  # the exercise takes 10 to 20 minutes: twenty fill the square
_PANEL_IN, _GAP_IN = 1.15, 0.62


def calendar(days: Sequence[PracticeDay], shape: Format = WIDE) -> Figure:
    """Minutes in the position on each day, a week a column.

    A day without a session is an empty square; hatched is a session of which the minutes in the
    position are not known.
    """
    with house_style():
        first_monday = days[0].day - timedelta(days=days[0].day.weekday())
        n_weeks = (days[-1].day - first_monday).days // 7 + 1
        left_in, top_in, bottom_in = 0.52, 0.30, 0.85
        cell_in = min((shape.width_in - left_in - 0.08) / n_weeks, 0.40)
        width_in = left_in + n_weeks * cell_in + 0.08
        height_in = top_in + 7 * cell_in + bottom_in
        figure = Figure(figsize=(width_in, height_in))
        FigureCanvasAgg(figure)
        ax = figure.add_axes(
            (left_in / width_in, bottom_in / height_in,
             n_weeks * cell_in / width_in, 7 * cell_in / height_in)
        )  # fmt: skip
        _bare(ax, n_weeks, 7)
        for day in days:
            week, weekday = divmod((day.day - first_monday).days, 7)
            _square(ax, week, weekday, day)
            soon_over = (day.day + timedelta(days=13)).day < 14  # two names would touch
            if day.day.day == 1 or (day is days[0] and not soon_over):
                ax.text(week + 0.07, -0.18, f"{day.day:%b}", ha="left", va="bottom", fontsize=8.5)
        for weekday, name in ((0, "Mon"), (2, "Wed"), (4, "Fri"), (6, "Sun")):
            ax.text(-0.25, weekday + 0.5, name, ha="right", va="center", fontsize=8.5,
                    color=palette.QUIET.light)  # fmt: skip
        _weeks(ax, days, first_monday)
        _key(figure, width_in, height_in, left_in, cell_in)
        return figure


def trends(
    found: Sequence[Finding], origin: date, shape: Format = WIDE, *, n_columns: int | None = None
) -> Figure:
    """Every measure that is known, a panel each.

    Parameters
    ----------
    found : sequence of Finding
    origin : date
        Day 0 of their days.
    shape : Format
    n_columns : int, optional
        By default two in a wide figure and one in a narrow one.
    """
    with house_style():
        chosen = [f for f in found if f.n_known]
        n_columns = n_columns or (2 if shape.width_in > 6.0 else 1)
        n_rows = max(math.ceil(len(chosen) / n_columns), 1)
        top_in, bottom_in, between_in = 0.48, 0.40, 0.5
        height_in = top_in + bottom_in + n_rows * _PANEL_IN + (n_rows - 1) * _GAP_IN
        figure = Figure(figsize=(shape.width_in, height_in))
        FigureCanvasAgg(figure)
        left_in = 0.45
        inner_in = shape.width_in - left_in - shape.right_in - between_in * (n_columns - 1)
        panel_in = inner_in / n_columns
        for n, finding in enumerate(chosen):
            row, column = divmod(n, n_columns)
            x_in = left_in + column * (panel_in + between_in)
            y_in = height_in - top_in - (row + 1) * _PANEL_IN - row * _GAP_IN
            ax = figure.add_axes(
                (x_in / shape.width_in, y_in / height_in, panel_in / shape.width_in,
                 _PANEL_IN / height_in)
            )  # fmt: skip
            _trend(ax, finding)
            _dates(ax, origin, finding)
        return figure


# --- the calendar ----------------------------------------------------------------------------


def _bare(ax: Axes, width: float, height: float) -> None:
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_axis_off()


def _square(ax: Axes, week: float, weekday: float, day: PracticeDay) -> None:
    edge = (1.0 - _CELL) / 2.0
    ax.add_patch(
        Rectangle((week + edge, weekday + edge), _CELL, _CELL, facecolor="none",
                  edgecolor=palette.GRID.light, linewidth=0.8)
    )  # fmt: skip
    if day.n_unknown:
        ax.add_patch(
            Rectangle((week + edge, weekday + edge), _CELL, _CELL, linewidth=0, hatch="//////",
                      facecolor=palette.UNKNOWN.light, edgecolor=palette.UNKNOWN_EDGE.light)
        )  # fmt: skip
    if day.minutes > 0.0:
        side = _CELL * math.sqrt(min(day.minutes / _FULL_MIN, 1.0))
        at = (1.0 - side) / 2.0
        ax.add_patch(
            Rectangle((week + at, weekday + at), side, side, facecolor=palette.STILL.light,
                      linewidth=0)
        )  # fmt: skip


def _weeks(ax: Axes, days: Sequence[PracticeDay], first_monday: date) -> None:
    """Minutes of each week, under its column."""
    totals: dict[int, float] = {}
    for day in days:
        week = (day.day - first_monday).days // 7
        totals[week] = totals.get(week, 0.0) + day.minutes
    style: dict[str, Any] = {"va": "center", "fontsize": 8.0, "color": palette.QUIET.light}
    ax.text(-0.25, 7.5, "week", ha="right", **style)
    for week, minutes in totals.items():
        ax.text(week + 0.5, 7.5, f"{minutes:.0f}" if minutes else "", ha="center", **style)


def _key(figure: Figure, width_in: float, height_in: float, left_in: float, cell_in: float) -> None:
    """What the squares mean, under them."""
    n = int((width_in - left_in) / cell_in)
    ax = figure.add_axes(
        (left_in / width_in, 0.06 / height_in, n * cell_in / width_in, cell_in / height_in)
    )
    _bare(ax, n, 1)
    x = 0.0
    day = date(2026, 1, 1)
    shown = [(PracticeDay(day, m, 1), f"{m:.0f}") for m in (5.0, 10.0, 20.0)]
    shown[-1] = (shown[-1][0], "20 min or more")
    shown += [(PracticeDay(day), "rest day")]
    for one, name in shown:
        _square(ax, x, 0, one)
        ax.text(x + 1.15, 0.52, name, ha="left", va="center", fontsize=8.5,
                color=palette.QUIET.light)  # fmt: skip
        x += 1.15 + (0.064 * len(name) + 0.16) / cell_in


# --- the trends ------------------------------------------------------------------------------


def _trend(ax: Axes, finding: Finding) -> None:
    m, line = finding.measure, finding.trend
    ax.set_title(f"{m.title}, {m.unit}")
    if finding.before is not None:
        ax.plot(finding.days, finding.before, "o", markersize=3.2, markerfacecolor="none",
                markeredgecolor=palette.AXIS.light, markeredgewidth=0.7, clip_on=False)  # fmt: skip
    ax.plot(finding.days, finding.values, "o", markersize=3.2, color=m.ink.light,
            markeredgewidth=0, alpha=0.55, clip_on=False)  # fmt: skip
    if line is not None:
        x = np.linspace(line.first_day, line.last_day, 21)
        ax.fill_between(x, *line.band(x), color=m.ink.light, alpha=0.16, linewidth=0)
        shown = line.verdict != "no change"
        ax.plot([line.first_day, line.last_day], [line.start, line.end], color=m.ink.light, linewidth=2.0,
                linestyle="-" if shown else (0, (4, 3)))  # fmt: skip
        said = "no change shown" if not shown else f"{m.number(line.change[0], sign=True)}"
    else:
        said = "too few to say"
    ax.text(1.0, 1.04, said, transform=ax.transAxes, ha="right", va="bottom", fontsize=8.5,
            color=palette.QUIET.light)  # fmt: skip
    low, high = _value_axis(ax, finding)
    if line is not None and line.detectable is not None:
        noise_bar(ax, (low + high) / 2.0, line.detectable)


def noise_bar(ax: Axes, middle: float, detectable: float) -> None:
    """At the right of the axes, how far two single sessions must be apart."""
    ax.plot([1.02, 1.02], [middle - detectable / 2.0, middle + detectable / 2.0],
            color=palette.AXIS.light, linewidth=1.6, marker="_", markersize=5, clip_on=False,
            solid_capstyle="butt", transform=ax.get_yaxis_transform())  # fmt: skip


def _value_axis(ax: Axes, finding: Finding) -> tuple[float, float]:
    """Room for every dot, and for this wearer's noise: what is small must look small."""
    parts = [finding.values] if finding.before is None else [finding.values, finding.before]
    known = np.concatenate(parts)
    known = known[np.isfinite(known)]
    low, high = float(known.min()), float(known.max())
    noise = finding.trend.detectable if finding.trend and finding.trend.detectable else 0.0
    finest = 10.0**-finding.measure.decimals
    lacking = max(noise, 2.0 * finest) - (high - low)
    if lacking > 0.0:
        low, high = low - lacking / 2.0, high + lacking / 2.0
    room = (high - low) * 0.08
    least, most = finding.measure.bounds
    low = low - room if least is None else max(low - room, least)
    high = high + room if most is None else min(high + room, most)
    high = max(high, low + finest)
    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    return low, high


def _dates(ax: Axes, origin: date, finding: Finding) -> None:
    """The first of each month on the axis of days."""
    first, last = float(finding.days[0]), float(finding.days[-1])
    ax.set_xlim(first - 1.0, max(last, first + 7.0) + 1.0)
    months = []
    day = origin
    while (day - origin).days <= last + 1:
        if day.day == 1:
            months.append(day)
        day += timedelta(days=1)
    if len(months) < 2:
        months = [
            origin + timedelta(days=n) for n in range(0, int(last) + 2, max(int(last) // 3, 1))
        ]
    step = math.ceil(len(months) / 6)
    shown = months[::step]
    ax.set_xticks([(m - origin).days for m in shown], [f"{m.day} {m:%b}" for m in shown])
