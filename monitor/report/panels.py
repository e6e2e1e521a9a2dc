"""The panels of the overview: each draws one measure of a result into one axes.

All share the time axis in minutes.  Where a measure is unknown its panel is shaded; nothing is
drawn across.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from matplotlib.transforms import blended_transform_factory

from analysis.relaxation import RelaxationSettings, part_names, relaxation_parts
from analysis.results import FloatArray
from monitor.report import palette
from monitor.report.cues import Cue, cues
from monitor.report.decimate import min_max
from monitor.report.drawing import (
    alert_marks,
    boxes,
    legend,
    line,
    line_by_confidence,
    shade_unknown,
    unknown_runs,
    y_range,
    y_ticks,
)
from monitor.report.layout import Span
from monitor.report.palette import Ink
from monitor.report.titles import PART_TITLES, PHASE_TITLES, POSITION_TITLES
from monitor.result import SessionResult

REFERENCE_BAND_DEG = 8.0  # the drift at which the wearer is told (monitor.alerts.excursion)
_STRIP_BINS_AN_INCH = 12  # of a part of the index: a minute's mean has no finer detail
_SHORT_NAMES = {"rest": "rest", "extra": "extra", "rolling": "roll", "unknown": "?"}
_SHORT_POSITIONS = {"left": "left", "right": "right", "unknown": "?"}


# --- what happened when ----------------------------------------------------------------------


def phases(ax: Axes, result: SessionResult, span: Span) -> None:
    """The exercise as a coloured band, and how the trunk lay as another below it where known.

    A name stands where there is room for it; the others are in the key beside the title.
    """
    positions = result.analysis.positions
    spans = [(p.name, PHASE_TITLES[p.name], p.start_s, p.end_s) for p in result.analysis.phases]
    bottom = 0.54 if positions else 0.0
    unnamed = _band(
        ax, span, spans, (bottom, 1.0 - bottom), inks=palette.PHASES, short=_SHORT_NAMES
    )
    lay = [(p.name, POSITION_TITLES[p.name], p.start_s, p.end_s) for p in positions]
    _band(ax, span, lay, (0.0, 0.46), inks=palette.POSITIONS, short=_SHORT_POSITIONS)
    _phase_key(ax, unnamed, span)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_locator(NullLocator())
    if positions:
        y_ticks(ax, [0.23, 0.77], ["trunk", "exercise"])
    ax.grid(visible=False)


def _band(
    ax: Axes,
    span: Span,
    spans: Sequence[tuple[str, str, float, float]],
    rows: tuple[float, float],
    *,
    inks: dict[str, Ink],
    short: dict[str, str],
) -> dict[str, Ink]:
    """Coloured stretches with their names; returns those for whose name there was no room."""
    unnamed: dict[str, Ink] = {}
    bottom, height = rows
    places = [
        (start_s / 60.0, bottom, (end_s - start_s) / 60.0, height) for _, _, start_s, end_s in spans
    ]
    colours = [inks.get(name, palette.UNKNOWN) for name, _, _, _ in spans]
    boxes(ax, places, colours)
    hatched = [place for place, ink in zip(places, colours, strict=True) if ink is palette.UNKNOWN]
    if hatched:
        edge = palette.UNKNOWN_EDGE.light
        boxes(ax, hatched, [palette.UNKNOWN] * len(hatched), hatch="////", edgecolors=edge)
    for (name, words, start_s, end_s), ink in zip(spans, colours, strict=True):
        room, shown = span.inches(start_s, end_s), words
        if room < 0.075 * len(shown):
            shown = short.get(name, name)
        if room > 0.085 * len(shown) + 0.04:
            ax.text(
                (start_s + end_s) / 120.0, bottom + height / 2, shown, ha="center", va="center",
                fontsize=8.5,
            )  # fmt: skip
        else:
            unnamed[name] = ink
    return unnamed


def _phase_key(ax: Axes, unnamed: dict[str, Ink], span: Span) -> None:
    """Colours of phases too short for their names, beside the panel's title, from the right."""
    right_in = span.width_in
    for name, ink in reversed(unnamed.items()):
        words = PHASE_TITLES[name] if span.width_in > 6.0 else _SHORT_NAMES.get(name, name)
        width_in = 0.060 * len(words) + 0.36
        if right_in - width_in < 0.8:  # the title's own room
            return
        right_in -= width_in
        ax.annotate(
            "■", (0, 1), xycoords="axes fraction", xytext=(72 * right_in, 6),
            textcoords="offset points", color=ink.light, fontsize=12, va="baseline",
        )  # fmt: skip
        ax.annotate(
            words, (0, 1), xycoords="axes fraction", xytext=(72 * right_in + 13, 6),
            textcoords="offset points", color=palette.QUIET.light, fontsize=8.5, va="baseline",
        )  # fmt: skip


def cue_marks(ax: Axes, result: SessionResult, span: Span) -> None:
    """When it cued and what followed: full when given, hollow when withheld, a bar until right.

    Two rows, so that an alert that comes while another is not right yet keeps its own bar.
    """
    free_from = [-np.inf, -np.inf]
    for cue in cues(result):
        row = 0 if cue.t_s >= free_from[0] or free_from[0] <= free_from[1] else 1
        until_s = cue.right_again_s
        free_from[row] = max(free_from[row], until_s or cue.t_s)
        _cue(ax, cue, 0.68 if row == 0 else 0.24, span)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_locator(NullLocator())
    ax.grid(visible=False)


def _cue(ax: Axes, cue: Cue, y: float, span: Span) -> None:
    start_min = cue.t_s / 60.0
    ink = palette.ALERT if cue.fate == "given" else palette.GUIDE
    if cue.right_again_s is not None:
        until_min = cue.right_again_s / 60.0
        ax.hlines(y, start_min, until_min, color=ink.light, linewidth=2.0)
        ax.plot([until_min], [y], "|", color=ink.light, markersize=9, markeredgewidth=1.6)
    elif cue.fate == "given":  # never right again: an open end
        ax.hlines(y, start_min, span.end_min, color=ink.light, linewidth=1.0, linestyles=":")
    marker = "v" if cue.fate != "unknown" else "d"
    ax.plot(
        [start_min], [y], marker, color=ink.light, markersize=7, clip_on=False,
        markerfacecolor=ink.light if cue.fate != "withheld" else palette.PAGE.light,
    )  # fmt: skip


# --- measures --------------------------------------------------------------------------------


def knees(ax: Axes, result: SessionResult, span: Span) -> None:
    """Both knee angles, the 90 degree guide, the wearer's own reference bands, and alerts."""
    epochs = result.analysis.epochs
    sides = (
        ("left", epochs.knee_left_deg, result.reference.knee_left_deg, palette.LEFT),
        ("right", epochs.knee_right_deg, result.reference.knee_right_deg, palette.RIGHT),
    )
    shown = [s for s in sides if np.isfinite(s[1]).any()]
    known_any = np.isfinite(epochs.knee_left_deg) | np.isfinite(epochs.knee_right_deg)
    shade_unknown(ax, result, span, known_any)
    for _, _, reference_deg, ink in shown:
        if reference_deg is not None:
            low, high = reference_deg - REFERENCE_BAND_DEG, reference_deg + REFERENCE_BAND_DEG
            ax.axhspan(low, high, color=ink.light, alpha=0.07, linewidth=0)
            ax.axhline(reference_deg, color=ink.light, alpha=0.5, linewidth=0.7)
    ax.axhline(90.0, color=palette.GUIDE.light, linewidth=1.0, dashes=(5, 3))
    for n, (_, values, _, ink) in enumerate(shown):
        line(ax, span, epochs.t_s, values, ink)
        strips = unknown_runs(result, np.isfinite(values) | ~known_any)
        if strips:  # one leg alone unknown: a strip in its colour at the foot
            boxes(
                ax, [(start, 0.045 * n, width, 0.03) for start, width in strips],
                [ink] * len(strips), alpha=0.45,
                transform=blended_transform_factory(ax.transData, ax.transAxes),
            )  # fmt: skip
    y_range(ax, *_knee_limits([s[1] for s in shown], result), n_ticks=4)
    legend(ax, [(name, ink) for name, _, _, ink in shown])
    alert_marks(ax, result, lambda kind: kind.startswith("knee"))


def stillness(ax: Axes, result: SessionResult, span: Span) -> None:
    """How much of each epoch was still, as a filled line from 0 to 1."""
    epochs = result.analysis.epochs
    shade_unknown(ax, result, span, np.isfinite(epochs.stillness))
    line(ax, span, epochs.t_s, epochs.stillness, palette.STILL)
    [drawn] = ax.lines
    ax.fill_between(
        drawn.get_xdata(), 0, drawn.get_ydata(), color=palette.STILL.light, alpha=0.18, linewidth=0
    )  # fmt: skip
    ax.set_ylim(0, 1.06)
    y_ticks(ax, [0, 0.5, 1], ["0", "", "1"])


def breathing(ax: Axes, result: SessionResult, span: Span) -> None:
    """Breaths a minute, the paler the less sure; a dot at the foot is a sigh."""
    epochs = result.analysis.epochs
    values = epochs.breathing_per_min
    line_by_confidence(ax, span, result, (values, epochs.breathing_confidence), palette.BREATH)
    known = values[np.isfinite(values)]
    y_range(ax, 0, max(20.0, float(known.max()) * 1.1 if len(known) else 20.0))
    sighs = [b.start_s / 60.0 for b in result.analysis.breaths if b.kind == "sigh"]
    if sighs:
        ax.plot(
            sighs, [0.1] * len(sighs), "o", color=palette.BREATH.light, markersize=4,
            transform=blended_transform_factory(ax.transData, ax.transAxes),
        )  # fmt: skip
        legend(ax, [("• sigh", palette.BREATH)])


def heart(ax: Axes, result: SessionResult, span: Span) -> None:
    """Heart beats a minute; the paler, the less sure."""
    epochs = result.analysis.epochs
    values = epochs.heart_per_min
    line_by_confidence(ax, span, result, (values, epochs.heart_confidence), palette.HEART)
    known = values[np.isfinite(values)]
    middle = float(np.median(known)) if len(known) else 60.0
    reach = max(12.0, float(np.abs(known - middle).max()) * 1.1 if len(known) else 12.0)
    y_range(ax, max(0.0, middle - reach), middle + reach)


def relaxation(ax: Axes, result: SessionResult, span: Span) -> None:
    """The relaxation index, and below it the parts that it is made from, each from 0 to 1.

    A part's row is higher where its weight is.  Drowsiness, where known, has a row in another
    colour: it is no part of the index, and a sleeper's index is high.
    """
    epochs = result.analysis.epochs
    parts, weights = relaxation_parts(epochs), RelaxationSettings().weights
    rows: list[tuple[str, FloatArray, float, Ink]] = [
        (PART_TITLES[name], getattr(parts, name), 0.11 + 0.55 * weight, palette.RELAX)
        for name, weight in zip(part_names(), weights, strict=True)
    ]
    if np.isfinite(epochs.drowsy).any():
        rows.append(("drowsy", epochs.drowsy, 0.22, palette.HEART))
    bottom, top = -0.14 - sum(height for _, _, height, _ in rows), 1.05
    size = top - bottom
    known = np.isfinite(epochs.relaxation)
    shade_unknown(ax, result, span, known, (-bottom / size, 1.0 / size))
    line(ax, span, epochs.t_s, epochs.relaxation, palette.RELAX)
    foot, ticks, names = -0.12, [1.0, 0.0], ["1", "0"]
    for name, values, height, ink in rows:
        foot -= height
        room = 0.8 * height
        known = np.isfinite(values)
        shade_unknown(
            ax, result, span, known, ((foot - bottom) / size, room / size), said=False
        )  # fmt: skip
        t_min, drawn = min_max(
            epochs.t_s / 60.0, values, round(_STRIP_BINS_AN_INCH * span.width_in)
        )
        ax.fill_between(t_min, foot, foot + room * drawn, color=ink.light, alpha=0.45, linewidth=0)
        ticks.append(foot + room / 2)
        names.append(name)
    ax.set_ylim(bottom, top)
    y_ticks(ax, ticks, names)
    ax.grid(visible=False)
    ax.hlines([0.0, 1.0], 0, span.end_min, color=palette.GRID.light, linewidth=0.8, zorder=0.5)


def _knee_limits(columns: list[FloatArray], result: SessionResult) -> tuple[float, float]:
    """Close enough to see a drift of a few degrees; standing up leaves the panel at its foot.

    Nearly all of rest (of everything, where no rest was found), both reference bands and 75 to
    105 degrees are always inside.
    """
    t_s = result.analysis.epochs.t_s
    rest = [
        (t_s > p.start_s) & (t_s <= p.end_s) for p in result.analysis.phases if p.name == "rest"
    ]
    resting = np.any(rest, axis=0) if rest else np.ones(len(t_s), dtype=bool)
    known = np.concatenate([c[resting & np.isfinite(c)] for c in columns] or [np.empty(0)])
    low, high = np.percentile(known, [1, 99]) if len(known) else (90.0, 90.0)
    own = (result.reference.knee_left_deg, result.reference.knee_right_deg)
    inside = [75.0, 105.0, low - 4, high + 4]
    inside += [deg + sign * (REFERENCE_BAND_DEG + 2) for deg in own if deg for sign in (-1, 1)]
    return min(inside), max(inside) + 0.08 * (max(inside) - min(inside))  # room for the marks
