"""The panels of the details: what the overview has no room for."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from matplotlib.transforms import blended_transform_factory

from analysis.results import Breath, FloatArray, Movement
from monitor.report import palette
from monitor.report.drawing import Box, boxes, legend, line, padded, shade_unknown, y_range, y_ticks
from monitor.report.layout import Span
from monitor.report.palette import Ink
from monitor.report.spectrogram import Spectrogram
from monitor.report.titles import placement_title
from monitor.result import Gap, SessionResult

_SIDES = (("left", palette.LEFT), ("right", palette.RIGHT))
_MG_TICKS = (0.1, 1.0, 10.0, 100.0, 1000.0)
_HZ_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


# --- legs ------------------------------------------------------------------------------------


def lean(ax: Axes, result: SessionResult, span: Span) -> None:
    """How far each leg leans out of its plane while lying; standing up leaves the panel."""
    epochs = result.analysis.epochs
    columns = (epochs.lean_left_deg, epochs.lean_right_deg)
    shade_unknown(ax, result, span, np.isfinite(columns[0]) | np.isfinite(columns[1]))
    for values, (_, ink) in zip(columns, _SIDES, strict=True):
        line(ax, span, epochs.t_s, values, ink)
    ax.axhline(0.0, color=palette.GUIDE.light, linewidth=0.8)
    lying = np.concatenate([_in_position(result, c) for c in columns])
    y_range(ax, *padded(_usual(lying), 10.0))
    legend(ax, [side for side, c in zip(_SIDES, columns, strict=True) if np.isfinite(c).any()])


def knee_difference(ax: Axes, result: SessionResult, span: Span) -> None:
    """Left knee angle less right; 0 when they lie alike."""
    epochs = result.analysis.epochs
    difference = epochs.knee_left_deg - epochs.knee_right_deg
    shade_unknown(ax, result, span, np.isfinite(difference))
    line(ax, span, epochs.t_s, difference, palette.TEXT)
    ax.axhline(0.0, color=palette.GUIDE.light, linewidth=0.8)
    y_range(ax, *padded(_usual(_in_position(result, difference)), 10.0))


# --- movement --------------------------------------------------------------------------------


def movement(ax: Axes, result: SessionResult, span: Span) -> None:
    """Movement of the most restless segment on a scale of powers of ten."""
    epochs = result.analysis.epochs
    shade_unknown(ax, result, span, np.isfinite(epochs.movement_mg))
    logs = np.log10(np.maximum(epochs.movement_mg, _MG_TICKS[0]))
    line(ax, span, epochs.t_s, logs, palette.STILL)
    ax.set_ylim(-1.0, max(2.0, float(np.nanmax(logs)) + 0.1 if np.isfinite(logs).any() else 2.0))
    y_ticks(ax, np.log10(_MG_TICKS).tolist(), ["0.1", "1", "10", "100", "1000"])


def posture_drift(ax: Axes, result: SessionResult, span: Span) -> None:
    """How far the trunk has turned since rest began."""
    epochs = result.analysis.epochs
    values = epochs.posture_drift_deg
    shade_unknown(ax, result, span, np.isfinite(values))
    line(ax, span, epochs.t_s, values, palette.TEXT)
    y_range(ax, *padded(_usual(_in_position(result, values)), 5.0, floor=0.0))


def smoothness(ax: Axes, result: SessionResult, _: Span) -> None:
    """Each movement as a dot in the colour of its side: the higher, the smoother."""
    shown = [m for m in result.analysis.movements if m.sparc is not None]
    for ink, of_side in _by_side(shown):
        ax.plot(
            [m.start_s / 60.0 for m in of_side], np.array([m.sparc for m in of_side], dtype=float), "o", markersize=4,
            color=ink.light, alpha=0.8,
        )  # fmt: skip
    y_range(ax, *padded(np.array([m.sparc for m in shown], dtype=float), 1.0))
    names = {"left": palette.LEFT, "right": palette.RIGHT, "trunk": palette.TEXT}
    present = {ink.name for ink, of_side in _by_side(shown) if of_side}
    legend(ax, [(name, ink) for name, ink in names.items() if ink.name in present])


def getting_up(ax: Axes, result: SessionResult, span: Span) -> None:
    """The trunk's tilt while getting up, and when each part of it began."""
    epochs, finish = result.analysis.epochs, result.analysis.finish
    shade_unknown(ax, result, span, np.isfinite(epochs.trunk_tilt_deg))
    line(ax, span, epochs.t_s, epochs.trunk_tilt_deg, palette.TEXT)
    across = blended_transform_factory(ax.transData, ax.transAxes)
    parts = (
        ("rolling", finish.rolling_s if finish else None),
        ("kneeling", finish.kneeling_s if finish else None),
        ("standing", finish.standing_s if finish else None),
    )
    for name, at_s in parts:
        if at_s is not None:
            ax.axvline(at_s / 60.0, color=palette.GUIDE.light, linewidth=1.0, dashes=(4, 2))
            ax.text(
                at_s / 60.0, 0.98, f" {name}", transform=across, va="top", ha="left", fontsize=8.5,
                color=palette.QUIET.light,
            )  # fmt: skip
    ax.set_ylim(-10, 125)
    y_ticks(ax, [0, 45, 90], ["0", "45", "90"])


# --- breathing -------------------------------------------------------------------------------


def breath_depth(ax: Axes, result: SessionResult, span: Span) -> None:
    """Depth of each breath as a stalk; a sigh has a ring."""
    breaths = result.analysis.breaths
    _breaths(ax, result, span, breaths, np.array([b.depth_deg for b in breaths], dtype=float))
    sighs = [b for b in breaths if b.kind == "sigh"]
    ax.plot(
        [b.start_s / 60.0 for b in sighs], [b.depth_deg for b in sighs], "o", markersize=7,
        markerfacecolor="none", markeredgewidth=1.2, color=palette.TEXT.light,
    )  # fmt: skip
    if sighs:
        legend(ax, [("○ sigh", palette.TEXT)])


def breath_length(ax: Axes, result: SessionResult, span: Span) -> None:
    """How long each breath took: an even row of dots is even breathing."""
    breaths = result.analysis.breaths
    _breaths(ax, result, span, breaths, np.array([b.end_s - b.start_s for b in breaths]))


def breath_pause(ax: Axes, result: SessionResult, span: Span) -> None:
    """How long the chest rested after each breath."""
    breaths = [b for b in result.analysis.breaths if b.pause_s is not None]
    pauses = np.array([b.pause_s for b in breaths], dtype=float)
    _breaths(ax, result, span, breaths, pauses)


def chest_motion(ax: Axes, found: Spectrogram, result: SessionResult, span: Span) -> None:
    """Where in frequency the chest moved: breath below, heart above, restlessness everywhere.

    One colour by strength on nothing, so that it is read alike on white, on black and by every eye.
    The lines are what was counted as breathing and as heart.
    """
    epochs = result.analysis.epochs
    low_db, high_db = found.limits_db()
    strength = np.clip((found.power_db - low_db) / (high_db - low_db), 0.0, 1.0)
    pixels = np.empty((*strength.T.shape, 4))
    pixels[..., :3] = _rgb(palette.SPECTRUM)
    pixels[..., 3] = np.nan_to_num(strength.T)
    half_min = found.step_s / 120.0
    ax.imshow(
        pixels, origin="lower", aspect="auto", interpolation="nearest", zorder=1,
        extent=(
            found.t_s[0] / 60.0 - half_min, found.t_s[-1] / 60.0 + half_min,
            np.log10(found.edges_hz[0]), np.log10(found.edges_hz[-1]),
        ),
    )  # fmt: skip
    heard = np.isfinite(found.power_db).any(axis=1)
    nearest = np.abs(epochs.t_s[:, None] - found.t_s[None, :]).argmin(axis=1)
    shade_unknown(ax, result, span, np.asarray(heard)[nearest])
    for values, ink in (
        (epochs.breathing_per_min, palette.TEXT),
        (epochs.heart_per_min, palette.HEART),
    ):
        with np.errstate(divide="ignore", invalid="ignore"):
            line(ax, span, epochs.t_s, np.log10(values / 60.0), ink)
    ax.set_ylim(np.log10(found.edges_hz[0]), np.log10(found.edges_hz[-1]))
    shown = [f for f in _HZ_TICKS if found.edges_hz[0] <= f <= found.edges_hz[-1]]
    y_ticks(ax, np.log10(shown).tolist(), [f"{f:g}" for f in shown])
    ax.grid(visible=False)
    legend(ax, [("breath", palette.TEXT), ("heart", palette.HEART)])


# --- sensors ---------------------------------------------------------------------------------


def sensors(ax: Axes, result: SessionResult, span: Span) -> None:
    """One bar a sensor while it was heard; a gap is hatched and says why where there is room."""
    placements = list(result.analysis.sensors)
    bars: list[Box] = []
    for row, placement in enumerate(reversed(placements)):
        gaps = [g for g in result.gaps if g.placement == placement]
        since_min = 0.0
        for gap in sorted(gaps, key=lambda g: g.start_s):
            bars.append((since_min, row - 0.14, gap.start_s / 60.0 - since_min, 0.28))
            since_min = max(since_min, gap.end_s / 60.0)
        if result.analysis.sensors[placement].n_samples:
            bars.append((since_min, row - 0.14, span.end_min - since_min, 0.28))
        if gaps:
            _gaps(ax, gaps, row, span)
    shown = [bar for bar in bars if bar[2] > 0]
    boxes(ax, shown, [palette.AXIS] * len(shown))
    y_ticks(ax, range(len(placements)), [placement_title(p) for p in reversed(placements)])
    ax.set_ylim(-0.7, max(len(placements), 1) - 0.3)
    ax.grid(visible=False)


def _gaps(ax: Axes, gaps: list[Gap], row: int, span: Span) -> None:
    boxes(
        ax, [(g.start_s / 60.0, row - 0.36, (g.end_s - g.start_s) / 60.0, 0.72) for g in gaps],
        [palette.UNKNOWN] * len(gaps), edgecolors=palette.ALERT.light, hatch="////", linewidths=0.8,
    )  # fmt: skip
    for gap in gaps:
        if span.inches(gap.start_s, gap.end_s) > 0.075 * len(gap.reason) + 0.1:
            ax.text(
                (gap.start_s + gap.end_s) / 120.0, row, gap.reason, ha="center", va="center",
                fontsize=8, bbox={"facecolor": palette.PAGE.light, "edgecolor": "none", "pad": 1},
            )  # fmt: skip


# --- shared ----------------------------------------------------------------------------------


def _breaths(
    ax: Axes, result: SessionResult, span: Span, breaths: list[Breath] | tuple[Breath, ...],
    values: FloatArray,
) -> None:  # fmt: skip
    """One dot a breath from 0 up; grey where no breath could be told."""
    t_s = result.analysis.epochs.t_s
    seen = np.zeros(len(t_s), dtype=bool)
    for breath in breaths:
        seen[np.searchsorted(t_s, breath.start_s) : np.searchsorted(t_s, breath.end_s) + 1] = True
    shade_unknown(ax, result, span, seen)
    ax.plot(
        [b.start_s / 60.0 for b in breaths], values, "o", markersize=2.2, markeredgewidth=0,
        color=palette.BREATH.light,
    )  # fmt: skip
    known = values[np.isfinite(values)]
    y_range(ax, 0.0, float(known.max()) * 1.15 if len(known) and known.max() > 0 else 1.0)
    if not len(known):
        ax.yaxis.set_major_locator(NullLocator())


def _by_side(shown: list[Movement]) -> list[tuple[Ink, list[Movement]]]:
    groups = [(ink, [m for m in shown if m.placement.startswith(side)]) for side, ink in _SIDES]
    trunk = [m for m in shown if not m.placement.startswith(("left", "right"))]
    return [*groups, (palette.TEXT, trunk)]


def _in_position(result: SessionResult, values: FloatArray) -> FloatArray:
    """What was so in the position; all of it when no rest was found."""
    t_s = result.analysis.epochs.t_s
    lying = [
        (t_s > p.start_s) & (t_s <= p.end_s)
        for p in result.analysis.phases
        if p.name in {"rest", "extra"}
    ]
    return values[np.any(lying, axis=0)] if lying else values


def _usual(values: FloatArray) -> FloatArray:
    """All but the outermost hundredth at either side, which would flatten the rest."""
    known = values[np.isfinite(values)]
    if not len(known):
        return known
    low, high = np.percentile(known, [1, 99])
    return np.clip(known, low, high)


def _rgb(ink: Ink) -> tuple[float, ...]:
    return tuple(int(ink.light[i : i + 2], 16) / 255 for i in (1, 3, 5))
