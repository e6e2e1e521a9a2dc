"""The panels of the overview: each draws one measure of a result into one axes.

All share the time axis in minutes.  Where a measure is unknown its panel is shaded; nothing is
drawn across.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from analysis.results import FloatArray
from monitor.report import palette
from monitor.report.decimate import min_max
from monitor.report.palette import Ink
from monitor.report.words import PHASE_TITLES, placement_title
from monitor.result import SessionResult

REFERENCE_BAND_DEG = 8.0  # the drift at which the wearer is told (monitor.alerts.machines)
_CONFIDENCE_STEPS = ((0.0, 0.25), (0.4, 0.55), (0.7, 1.0))  # from this confidence, this alpha
_SHORT_NAMES = {"rest": "rest", "extra": "extra", "rolling": "roll", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Span:
    """The time axis of a figure: its length, and how wide it is drawn."""

    end_min: float
    width_in: float

    def inches(self, start_s: float, end_s: float) -> float:
        """How wide a stretch is drawn."""
        return (end_s - start_s) / 60.0 / self.end_min * self.width_in


def phases(ax: Axes, result: SessionResult, span: Span) -> None:
    """The exercise as a coloured band; a name where there is room for it."""
    unnamed: dict[str, Ink] = {}
    for phase in result.analysis.phases:
        colour = palette.PHASES.get(phase.name, palette.UNKNOWN).light
        start, width = phase.start_s / 60.0, (phase.end_s - phase.start_s) / 60.0
        hatch = "////" if phase.name == "unknown" else None
        ax.broken_barh(
            [(start, width)], (0, 1), facecolor=colour,
            edgecolor=palette.UNKNOWN_EDGE.light if hatch else "none", hatch=hatch, linewidth=0,
        )  # fmt: skip
        room = span.inches(phase.start_s, phase.end_s)
        name = PHASE_TITLES[phase.name]
        if room < 0.075 * len(name):
            name = _SHORT_NAMES.get(phase.name, phase.name)
        if room > 0.085 * len(name) + 0.04:
            ax.text(start + width / 2, 0.5, name, ha="center", va="center", fontsize=8.5)
        else:
            unnamed[phase.name] = palette.PHASES.get(phase.name, palette.UNKNOWN)
    _phase_key(ax, unnamed, span)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.grid(visible=False)


def _phase_key(ax: Axes, unnamed: dict[str, Ink], span: Span) -> None:
    """Colours of phases too short for their names, beside the panel's title, from the right."""
    right_in = span.width_in
    for name, ink in reversed(unnamed.items()):
        words = PHASE_TITLES[name] if span.width_in > 6.0 else _SHORT_NAMES.get(name, name)
        width_in = 0.068 * len(words) + 0.30
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


def knees(ax: Axes, result: SessionResult, span: Span) -> None:
    """Both knee angles, the 90 degree guide, the wearer's own reference bands, and alerts."""
    epochs = result.analysis.epochs
    sides = (
        ("left", epochs.knee_left_deg, result.reference.knee_left_deg, palette.LEFT),
        ("right", epochs.knee_right_deg, result.reference.knee_right_deg, palette.RIGHT),
    )
    shown = [s for s in sides if np.isfinite(s[1]).any()]
    known_any = np.isfinite(epochs.knee_left_deg) | np.isfinite(epochs.knee_right_deg)
    _shade_unknown(ax, result, span, known_any)
    for _, _, reference_deg, ink in shown:
        if reference_deg is not None:
            low, high = reference_deg - REFERENCE_BAND_DEG, reference_deg + REFERENCE_BAND_DEG
            ax.axhspan(low, high, color=ink.light, alpha=0.10, linewidth=0)
    ax.axhline(90.0, color=palette.GUIDE.light, linewidth=1.0, dashes=(5, 3))
    for n, (_, values, _, ink) in enumerate(shown):
        _line(ax, epochs.t_s, values, ink)
        unknown = _unknown_runs(result, np.isfinite(values) | ~known_any)
        strip = (0.045 * n, 0.03)  # one leg alone unknown: a strip in its colour at the foot
        ax.broken_barh(
            unknown, strip, facecolor=ink.light, alpha=0.45, linewidth=0,
            transform=blended_transform_factory(ax.transData, ax.transAxes),
        )  # fmt: skip
    ax.set_ylim(*_knee_limits([s[1] for s in shown], result))
    ax.locator_params(axis="y", nbins=6, steps=[1, 2, 3, 5, 10])
    _legend(ax, [(name, ink) for name, _, _, ink in shown])
    _alerts(ax, result)


def stillness(ax: Axes, result: SessionResult, span: Span) -> None:
    """How much of each epoch was still, as a filled line from 0 to 1."""
    epochs = result.analysis.epochs
    _shade_unknown(ax, result, span, np.isfinite(epochs.stillness))
    t_min, values = min_max(epochs.t_s / 60.0, epochs.stillness)
    ax.fill_between(t_min, 0, values, color=palette.STILL.light, alpha=0.18, linewidth=0)
    _line(ax, epochs.t_s, epochs.stillness, palette.STILL)
    ax.set_ylim(0, 1.06)
    ax.set_yticks([0, 0.5, 1], ["0", "", "1"])


def breathing(ax: Axes, result: SessionResult, span: Span) -> None:
    """Breaths a minute; the paler, the less sure."""
    epochs = result.analysis.epochs
    values, confidence = epochs.breathing_per_min, epochs.breathing_confidence
    _by_confidence(ax, result, span, (values, confidence), palette.BREATH)
    known = values[np.isfinite(values)]
    ax.set_ylim(0, max(20.0, float(known.max()) * 1.1 if len(known) else 20.0))
    ax.locator_params(axis="y", nbins=4, integer=True)


def heart(ax: Axes, result: SessionResult, span: Span) -> None:
    """Heart beats a minute; the paler, the less sure."""
    epochs = result.analysis.epochs
    values = epochs.heart_per_min
    _by_confidence(ax, result, span, (values, epochs.heart_confidence), palette.HEART)
    known = values[np.isfinite(values)]
    middle = float(np.median(known)) if len(known) else 60.0
    reach = max(12.0, float(np.abs(known - middle).max()) * 1.1 if len(known) else 12.0)
    ax.set_ylim(max(0.0, middle - reach), middle + reach)
    ax.locator_params(axis="y", nbins=4, integer=True)


def relaxation(ax: Axes, result: SessionResult, span: Span) -> None:
    """The relaxation index from 0 to 1."""
    epochs = result.analysis.epochs
    _shade_unknown(ax, result, span, np.isfinite(epochs.relaxation))
    _line(ax, epochs.t_s, epochs.relaxation, palette.RELAX)
    ax.set_ylim(0, 1.06)
    ax.set_yticks([0, 0.5, 1], ["0", "", "1"])


def sensors(ax: Axes, result: SessionResult, span: Span) -> None:
    """One bar a sensor while it was heard; a gap is hatched and says why where there is room."""
    placements = list(result.analysis.sensors)
    for row, placement in enumerate(reversed(placements)):
        gaps = [g for g in result.gaps if g.placement == placement]
        heard, since = [], 0.0
        for gap in sorted(gaps, key=lambda g: g.start_s):
            heard.append((since, gap.start_s / 60.0 - since))
            since = max(since, gap.end_s / 60.0)
        heard.append((since, span.end_min - since))
        ax.broken_barh(
            [h for h in heard if h[1] > 0], (row - 0.14, 0.28), facecolor=palette.AXIS.light
        )
        for gap in gaps:
            ax.broken_barh(
                [(gap.start_s / 60.0, (gap.end_s - gap.start_s) / 60.0)], (row - 0.36, 0.72),
                facecolor=palette.UNKNOWN.light, edgecolor=palette.ALERT.light, hatch="////",
                linewidth=0.8,
            )  # fmt: skip
            if span.inches(gap.start_s, gap.end_s) > 0.075 * len(gap.reason) + 0.1:
                ax.text(
                    (gap.start_s + gap.end_s) / 120.0, row, gap.reason, ha="center", va="center",
                    fontsize=8, bbox={"facecolor": palette.PAGE.light, "edgecolor": "none", "pad": 1},
                )  # fmt: skip
    ax.set_yticks(range(len(placements)), [placement_title(p) for p in reversed(placements)])
    ax.set_ylim(-0.7, max(len(placements), 1) - 0.3)
    ax.grid(visible=False)


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


# --- shared ----------------------------------------------------------------------------------


def _line(ax: Axes, t_s: FloatArray, values: FloatArray, ink: Ink, alpha: float = 1.0) -> None:
    ax.plot(*min_max(t_s / 60.0, values), color=ink.light, alpha=alpha)


def _by_confidence(
    ax: Axes,
    result: SessionResult,
    span: Span,
    column: tuple[FloatArray, FloatArray],
    ink: Ink,
) -> None:
    """Draw each level of confidence with its own strength."""
    values, confidence = column
    _shade_unknown(ax, result, span, np.isfinite(values))
    trust = np.where(np.isfinite(confidence), confidence, 0.0)
    level = np.digitize(trust, [from_ for from_, _ in _CONFIDENCE_STEPS[1:]])
    # A step of the line is as sure as its less sure end: it belongs to the lower of two levels.
    step_level = np.minimum(level[:-1], level[1:])
    for n, (_, alpha) in enumerate(_CONFIDENCE_STEPS):
        drawn = np.zeros(len(level), dtype=bool)
        drawn[:-1] |= step_level == n
        drawn[1:] |= step_level == n
        _line(ax, result.analysis.epochs.t_s, np.where(drawn, values, np.nan), ink, alpha)


def _unknown_runs(result: SessionResult, known: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Start and width, in minutes, of every stretch of unknown epochs wide enough to be seen."""
    t_s = result.analysis.epochs.t_s
    if not len(t_s):
        return []
    begin_min = np.concatenate([[min(0.0, t_s[0])], t_s[:-1]]) / 60.0
    edges = np.diff(np.concatenate([[False], ~known, [False]]).astype(int))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    runs = [(begin_min[a], t_s[b] / 60.0 - begin_min[a]) for a, b in zip(starts, ends, strict=True)]
    return [run for run in runs if run[1] > t_s[-1] / 60.0 / 1000.0]


def _shade_unknown(ax: Axes, result: SessionResult, span: Span, known: NDArray[np.bool_]) -> None:
    """Shade the epochs in which a measure is unknown, and say so where there is room."""
    runs = _unknown_runs(result, known)
    whole_height = blended_transform_factory(ax.transData, ax.transAxes)
    ax.broken_barh(
        runs, (0, 1), facecolor=palette.UNKNOWN.light, edgecolor="none", transform=whole_height
    )
    for start, width in runs:
        if span.inches(0.0, 60.0 * width) > 0.75:  # the word is 0.6 in wide
            ax.text(
                start + width / 2, 0.5, "unknown", transform=whole_height, ha="center",
                va="center", color=palette.QUIET.light, fontsize=8.5,
            )  # fmt: skip


def _legend(ax: Axes, entries: list[tuple[str, Ink]]) -> None:
    """Names in their colours at the right of the title, last one outermost."""
    for n, (name, ink) in enumerate(reversed(entries)):
        ax.annotate(
            name, (1, 1), xycoords="axes fraction", xytext=(-36 * n, 6),
            textcoords="offset points", ha="right", va="baseline", color=ink.light, weight="bold",
        )  # fmt: skip


def _alerts(ax: Axes, result: SessionResult) -> None:
    whole_height = blended_transform_factory(ax.transData, ax.transAxes)
    for alert in result.alerts:
        t_min = alert.t_s / 60.0
        ax.plot(
            [t_min, t_min], [0, 0.95], transform=whole_height, linewidth=0.8,
            color=palette.ALERT.light, alpha=0.6,
        )  # fmt: skip
    ax.plot(
        [a.t_s / 60.0 for a in result.alerts], [0.95] * len(result.alerts), "v",
        transform=whole_height, color=palette.ALERT.light, markersize=6, clip_on=False,
    )  # fmt: skip
