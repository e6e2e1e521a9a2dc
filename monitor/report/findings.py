"""What each figure shows, in a sentence or two: its caption, and its text for who cannot see it.

Numbers come with where they mostly lay and for how much of rest they are known; what is unknown
is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.results import Finish
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
    "chest-motion": "What the chest did",
    "sensors": "Sensors",
}


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
    seen = ", ".join(parts)
    if finish.reason:
        return f"{seen[0].upper()}{seen[1:]}. {finish.reason}"
    verdict = {True: "Hurried", False: "Not hurried", None: "Whether it was hurried is unknown"}
    speed = words.number(finish.peak_speed_deg_s, "deg/s")
    return f"{seen[0].upper()}{seen[1:]}; fastest turn of the trunk {speed}. {verdict[finish.hurried]}."


def _breathing(result: SessionResult) -> str:
    said = _numbers(result, "breathing_per_min")
    n = len(result.analysis.breaths)
    if not n:
        return f"{said} Single breaths are unknown."
    known = result.analysis.summary
    names = ("breath_depth_deg", "breath_regularity_cv", "breath_lag1", "sighs", "longest_pause_s")
    numbers = _numbers(result, *(name for name in names if name in known))
    return f"{said} {n} single breaths were seen. {numbers}".rstrip()


def _heart(result: SessionResult) -> str:
    return f"{_numbers(result, 'heart_per_min')} Paler is less sure."


def drowsiness_words(result: SessionResult) -> str:
    """How much of the session was nearer to sleep than to waking; empty where nobody can tell."""
    values = result.analysis.epochs.drowsy
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    return (
        f"By its movement the body was nearer to sleep than to waking for "
        f"{words.percent(float(np.mean(known >= 0.5)))} of the "
        f"{words.percent(len(known) / len(values))} of the session in which that can be told. "
        "A sleeper's index is high: drowsy is not relaxed."
    )


def _chest_motion(_: SessionResult) -> str:
    return (
        "The stronger the colour, the more the chest moved at that frequency. Breathing draws the band at the "
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
    """Each of these numbers of the summary as a sentence of its own, unknown ones too."""
    found = result.analysis.summary
    return " ".join(f"{title(n)}: {words.estimate(found.get(n))}." for n in names)


_FINDINGS: dict[str, Callable[[SessionResult], str]] = {
    "knees": _knees,
    "movement": _movement,
    "getting-up": _getting_up,
    "breathing": _breathing,
    "heart": _heart,
    "chest-motion": _chest_motion,
    "sensors": _sensors,
}
