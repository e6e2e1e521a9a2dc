"""What each figure shows, in a sentence or two: its caption, and its text for who cannot see it.

Numbers come with where they mostly lay and for how much of rest they are known; what is unknown
is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from analysis.results import Breath, Finish
from monitor.report import words
from monitor.report.panels import REFERENCE_BAND_DEG
from monitor.report.titles import placement_title, title
from monitor.result import SessionResult

HEADINGS = {
    "knees": "Knees",
    "movement": "Movement",
    "getting-up": "Getting up",
    "breathing": "Breathing",
    "heart": "Heart",
    "drowsiness": "Relaxed, and awake?",
    "chest-motion": "What the chest did",
    "sensors": "Sensors",
}

_LEAST_BREATHS = 20  # two minutes: fewer say nothing of how even breathing is


def finding(name: str, result: SessionResult) -> str:
    """The sentence of a figure of `monitor.report.figures.figures_of`."""
    return _FINDINGS[name](result)


def _knees(result: SessionResult) -> str:
    said = _numbers(result, "knee_left_deg", "knee_right_deg", "knee_difference_deg")
    reference = [
        f"{side} {deg:.0f}°"
        for side, deg in (
            ("left", result.reference.knee_left_deg),
            ("right", result.reference.knee_right_deg),
        )
        if deg is not None
    ]
    own = (
        f" The pale bands reach {REFERENCE_BAND_DEG:.0f}° to each side of your own angle, {words.listed(reference)}."
        * bool(reference)
    )
    drift = _numbers(result, "knee_drift_left_deg", "knee_drift_right_deg")
    return f"{said} {drift}{own} Leaning out is positive, falling in negative."


def _movement(result: SessionResult) -> str:
    found = result.analysis.movements
    said = _numbers(result, "still_share", "movement_mg")
    if not found:
        return f"{said} No larger movement was cut out."
    rough = min(
        (m for m in found if m.sparc is not None), key=lambda m: m.sparc or 0.0, default=None
    )
    least = (
        f"; the least smooth was of the {placement_title(rough.placement)} at "
        f"{words.clock(rough.start_s)} (SPARC {words.number(rough.sparc)})"
        if rough
        else ""
    )
    n = len(found)
    return (
        f"{said} {n} larger movement{'s' * (n != 1)} of a segment{least}. "
        "Smoothness is nearer to zero the smoother it was."
    )


def _getting_up(result: SessionResult) -> str:
    finish = result.analysis.finish
    return getting_up_words(finish) if finish is not None else ""


def getting_up_words(finish: Finish) -> str:
    """How the wearer got up, part by part."""
    parts = [
        f"{name} from {words.clock(at_s)}" if at_s is not None else f"{name} not seen"
        for name, at_s in (
            ("rolling", finish.rolling_s),
            ("kneeling", finish.kneeling_s),
            ("standing", finish.standing_s),
        )
    ]
    took = words.duration(finish.end_s - finish.start_s)
    speed = words.number(finish.peak_speed_deg_s, "deg/s")
    hurried = {True: "Hurried", False: "Not hurried", None: "Whether it was hurried is unknown"}
    reason = f": {finish.reason}" if finish.reason else "."
    return (
        f"{took} from the first turn: {', '.join(parts)}; fastest turn of the trunk {speed}. "
        f"{hurried[finish.hurried]}{reason}"
    )


def _breathing(result: SessionResult) -> str:
    said = _numbers(result, "breathing_per_min")
    found = result.analysis.breaths
    if not found:
        return f"{said} Single breaths are unknown."
    n_sighs = sum(b.kind == "sigh" for b in found)
    sighs = f"{n_sighs} sigh{'s' * (n_sighs != 1)}" if n_sighs else "no sigh"
    pauses = [b.pause_s for b in found if b.pause_s is not None]
    paused = (
        f" The pause after a breath was mostly {words.number(float(np.median(pauses)), 's')}."
        if pauses
        else " Pauses are unknown."
    )
    return f"{said} {len(found)} breaths and {sighs} among them.{_evenness(found)}{paused}"


def _evenness(found: tuple[Breath, ...]) -> str:
    """How much the length of a breath varies, and whether a long one follows a long one."""
    lengths = np.array([b.end_s - b.start_s for b in found])
    if len(found) < _LEAST_BREATHS or not lengths.mean() > 0:
        return " Too few for saying how even they were."
    spread = float(lengths.std() / lengths.mean())
    said = f" Their length varied by {words.percent(spread)} (standard deviation over mean)"
    follow = [
        (b.end_s - b.start_s, a.end_s - a.start_s)
        for b, a in pairwise(found)
        if abs(a.start_s - b.end_s) < 0.5  # a breath that was not seen lies between the others
    ]
    if len(follow) < _LEAST_BREATHS or not spread:
        return f"{said}."
    before, after = np.array(follow).T
    if not (before.std() and after.std()):
        return f"{said}."
    alike = float(np.corrcoef(before, after)[0, 1])
    return f"{said}; one breath's length went with the next one's by r = {words.number(alike)}."


def _heart(result: SessionResult) -> str:
    return f"{_numbers(result, 'heart_per_min')} Paler is less sure."


def _drowsiness(result: SessionResult) -> str:
    values = result.analysis.epochs.drowsy
    known = values[np.isfinite(values)]
    share = float(np.mean(known >= 0.5)) if len(known) else None
    return (
        f"{_numbers(result, 'relaxation')} Nearer to sleep than to waking for "
        f"{words.percent(share)} of the {words.percent(float(np.isfinite(values).mean()))} of the "
        "session in which that can be told. A sleeper scores high in relaxation: they are not the same."
    )


def _chest_motion(_: SessionResult) -> str:
    return (
        "The darker, the more the chest moved at that frequency. Breathing draws the band at the "
        "foot, the heart's beats and their tremor those above 1 Hz, restlessness a column. The "
        "lines are the rates that were counted; where there is no line they are unknown."
    )


def _sensors(result: SessionResult) -> str:
    heard = [
        f"{placement_title(p)} {words.percent(s.coverage)}"
        for p, s in result.analysis.sensors.items()
    ]
    n = len(result.gaps)
    gaps = f" {n} gap{'s' * (n != 1)}, hatched." if n else " No gap."
    return f"Heard for: {', '.join(heard)}.{gaps}"


def _numbers(result: SessionResult, *names: str) -> str:
    """Each of the summary's numbers that this session has, as a sentence of its own."""
    found = result.analysis.summary
    return " ".join(f"{title(n)}: {words.estimate(found[n])}." for n in names if n in found)


_FINDINGS: dict[str, Callable[[SessionResult], str]] = {
    "knees": _knees,
    "movement": _movement,
    "getting-up": _getting_up,
    "breathing": _breathing,
    "heart": _heart,
    "drowsiness": _drowsiness,
    "chest-motion": _chest_motion,
    "sensors": _sensors,
}
