"""Figures as functions of results: `SessionResult` in, matplotlib `Figure` out, no pyplot state.

    overview    everything at a glance
    knees, movement, getting_up, breathing, heart, chest_motion, sensors
                one part of it each, with what the overview has no room for

A panel is left out only when the session could not have it (heart without a heart sensor or a beat
found, knees without a leg sensor).  Everything else that is unknown is shaded as unknown.  In a
notebook a figure shows itself; `png`, `svg` and `pdf` turn it into a file.

Examples
--------
>>> from analysis.results import Epochs, SessionAnalysis
>>> result = SessionResult(SessionAnalysis(60.0, {}, (), Epochs.unknown(np.arange(1.0, 61.0))))
>>> [ax.get_title(loc="left") for ax in overview(result).axes]
['Phases', 'Stillness, 0 moving to 1 still', 'Relaxation and its parts, 0 to 1']
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from analysis.results import Finish
from monitor.report import detail_panels, panels, words
from monitor.report.cues import cues
from monitor.report.layout import COLUMN, NARROW, WIDE, Format, Panel, house_style, stacked
from monitor.report.spectrogram import Spectrogram
from monitor.result import SessionResult

__all__ = [
    "COLUMN", "NARROW", "WIDE", "Format", "breathing", "chest_motion", "figures_of",
    "getting_up", "heart", "house_style", "knees", "movement", "overview", "pdf", "png", "sensors",
    "svg",
]  # fmt: skip

_PNG_DPI = 160  # sharp on a screen with twice the pixels, 1500 across
_AROUND_FINISH_S = 15.0


def overview(result: SessionResult, shape: Format = WIDE, *, titled: bool = False) -> Figure:
    """The whole session at a glance; `titled` for a picture that stands alone."""
    placements = result.analysis.sensors
    lying = bool(result.analysis.positions)
    chosen = [
        (True, Panel("Phases", 0.52 if lying else 0.30, panels.phases)),
        (_has_legs(result), Panel("Knee angle, degrees", 1.55, panels.knees)),
        (
            bool(cues(result)),
            Panel("Cues, and until it was right again", 0.38, panels.cue_marks),
        ),
        (True, Panel("Stillness, 0 moving to 1 still", 0.60, panels.stillness)),
        ("chest" in placements, Panel("Breaths a minute", 0.85, panels.breathing)),
        (_has_heart(result), Panel("Heart beats a minute", 0.85, panels.heart)),
        (True, Panel("Relaxation and its parts, 0 to 1", 2.0, panels.relaxation)),
    ]
    return _figure(
        result, [panel for wanted, panel in chosen if wanted], _left(shape, 0.95), titled
    )


def knees(result: SessionResult, shape: Format = COLUMN, *, titled: bool = False) -> Figure:
    """Both knees, how far the legs lean, and how alike they lie."""
    chosen = [
        Panel("Knee angle, degrees", 1.6, panels.knees),
        Panel("Leaning out, degrees", 1.0, detail_panels.lean),
        Panel("Left knee less right, degrees", 1.0, detail_panels.knee_difference),
    ]
    return _figure(result, chosen, shape, titled)


def movement(result: SessionResult, shape: Format = COLUMN, *, titled: bool = False) -> Figure:
    """Restlessness, how far the trunk has turned, and how smooth each movement was."""
    analysis = result.analysis
    drifted = bool(np.isfinite(analysis.epochs.posture_drift_deg).any())
    moved = any(m.sparc is not None for m in analysis.movements)
    chosen = [
        (True, Panel("Movement, mg (each step ten times more)", 1.2, detail_panels.movement)),
        (
            drifted,
            Panel("Trunk, turned since rest began, degrees", 0.9, detail_panels.posture_drift),
        ),
        (moved, Panel("Smoothness (SPARC)", 1.0, detail_panels.smoothness)),
    ]
    return _figure(result, [panel for wanted, panel in chosen if wanted], shape, titled)


def getting_up(
    result: SessionResult, finish: Finish, shape: Format = COLUMN, *, titled: bool = False
) -> Figure:
    """The last part of the exercise, closer."""
    window_min = (
        max((finish.start_s - _AROUND_FINISH_S) / 60.0, 0.0),
        (finish.end_s + _AROUND_FINISH_S) / 60.0,
    )
    chosen = [Panel("Trunk tilt, degrees", 1.6, detail_panels.getting_up)]
    return _figure(result, chosen, shape, titled, window_min)


def breathing(result: SessionResult, shape: Format = COLUMN, *, titled: bool = False) -> Figure:
    """Rate, and breath by breath how deep, how long, and how long the pause after it."""
    found = result.analysis.breaths
    paused = any(b.pause_s is not None for b in found)
    chosen = [
        (True, Panel("Breaths a minute", 1.1, panels.breathing)),
        (bool(found), Panel("Depth of each breath, degrees", 0.9, detail_panels.breath_depth)),
        (bool(found), Panel("Length of each breath, seconds", 0.9, detail_panels.breath_length)),
        (paused, Panel("Pause after each breath, seconds", 0.7, detail_panels.breath_pause)),
    ]
    return _figure(result, [panel for wanted, panel in chosen if wanted], shape, titled)


def heart(result: SessionResult, shape: Format = COLUMN, *, titled: bool = False) -> Figure:
    """Heart rate; the paler, the less sure."""
    return _figure(result, [Panel("Heart beats a minute", 1.4, panels.heart)], shape, titled)


def chest_motion(
    result: SessionResult, found: Spectrogram, shape: Format = COLUMN, *, titled: bool = False
) -> Figure:
    """Spectrogram of the chest, from `monitor.report.spectrogram.chest_of`."""
    chosen = [
        Panel(
            "Chest motion, Hz", 2.2,
            lambda ax, result, span: detail_panels.chest_motion(ax, found, result, span),
        )
    ]  # fmt: skip
    return _figure(result, chosen, shape, titled)


def sensors(result: SessionResult, shape: Format = COLUMN, *, titled: bool = False) -> Figure:
    """When each sensor was heard."""
    height_in = 0.26 * max(len(result.analysis.sensors), 1)
    chosen = [Panel("Sensors heard", height_in, detail_panels.sensors)]
    return _figure(result, chosen, _left(shape, 0.95), titled)


def figures_of(
    result: SessionResult, chest: Spectrogram | None = None
) -> dict[str, Callable[[Format, bool], Figure]]:
    """The details that this session can have, by name: call with a shape and whether titled."""
    analysis = result.analysis
    every: dict[str, Callable[[Format, bool], Figure]] = {}
    if _has_legs(result):
        every["knees"] = lambda shape, titled: knees(result, shape, titled=titled)
    if analysis.sensors:
        every["movement"] = lambda shape, titled: movement(result, shape, titled=titled)
    finish = analysis.finish
    if finish is not None:
        every["getting-up"] = lambda shape, titled: getting_up(result, finish, shape, titled=titled)
    if "chest" in analysis.sensors:
        every["breathing"] = lambda shape, titled: breathing(result, shape, titled=titled)
    if _has_heart(result):
        every["heart"] = lambda shape, titled: heart(result, shape, titled=titled)
    if chest is not None:
        every["chest-motion"] = lambda shape, titled: chest_motion(
            result, chest, shape, titled=titled
        )
    if analysis.sensors:
        every["sensors"] = lambda shape, titled: sensors(result, shape, titled=titled)
    return every


# --- files -----------------------------------------------------------------------------------


def png(figure: Figure) -> bytes:
    """A figure as PNG on white."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    with house_style():
        data = io.BytesIO()
        FigureCanvasAgg(figure)
        # a quarter more bytes for half the time of writing them
        figure.savefig(data, format="png", dpi=_PNG_DPI, pil_kwargs={"compress_level": 1})
        return data.getvalue()


def svg(figure: Figure) -> str:
    """A figure as SVG with real text and no background, in the light colours of the palette."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415

    with house_style():
        data = io.StringIO()
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
        return data.getvalue()


def pdf(figure: Figure) -> bytes:
    """A figure as one page of PDF whose text can be searched."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf  # noqa: PLC0415

    with house_style():
        data = io.BytesIO()
        FigureCanvasPdf(figure)
        about = {"CreationDate": None, "Creator": "backrelease", "Producer": None}
        figure.savefig(data, format="pdf", metadata=about)
        return data.getvalue()


# --- choice ----------------------------------------------------------------------------------


def _figure(
    result: SessionResult,
    chosen: list[Panel],
    shape: Format,
    titled: bool,
    window_min: tuple[float, float] | None = None,
) -> Figure:
    title = words.title_line(result) if titled else ""
    return stacked(result, chosen, shape, title=title, window_min=window_min)


def _has_legs(result: SessionResult) -> bool:
    return any("thigh" in p or "shank" in p for p in result.analysis.sensors)


def _has_heart(result: SessionResult) -> bool:
    return bool(np.isfinite(result.analysis.epochs.heart_per_min).any())


def _left(shape: Format, left_in: float) -> Format:
    """Room for words at the left."""
    return replace(shape, left_in=max(shape.left_in, left_in))
