"""What numbers are called, how sure they are, and one sentence that says no more than they do.

Used by the page, the figure's alternative text and the terminal, so that all say the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from analysis.results import Estimate, FloatArray
from monitor.result import SessionResult

UNITS = {
    "-1 to 1": "",
    "deg": "°",
    "1": "",
    "0 to 1": "",
    "1/min": " a minute",
    "per_min": " a minute",
    "deg/s": "° a second",
}

LEAST_SPOKEN_OF = 1 / 3  # of the time: what is known for less is in the table, not in a sentence
_NEARLY_ALL = 0.9  # what is missing from less than this is said
_NBSP = "\u00a0"  # a number and its unit stay on one line
_KEPT_WITHIN_DEG = 8.0  # the drift of which the wearer is told: more, and one angle says too much


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence one after the other.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', '')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def loss(n_lost: int, by: str = "") -> str:
    """How many samples never came, and how that is known.

    Examples
    --------
    >>> loss(12, "counted"), loss(300, "estimated"), loss(0, "estimated"), loss(3)
    ('12 (counted)', 'about 300 (estimated)', '0 (estimated)', '3')
    """
    about = "about " if by == "estimated" and n_lost else ""
    return f"{about}{n_lost}{f' ({by})' if by else ''}"


def clock(t_s: float) -> str:
    """Session seconds as minutes and seconds.

    Examples
    --------
    >>> clock(754.6)
    '12:35'
    """
    seconds = max(0, round(t_s))
    return f"{seconds // 60}:{seconds % 60:02d}"


def duration(t_s: float) -> str:
    """A length of time in words.

    Examples
    --------
    >>> duration(59.4), duration(905)
    ('59 seconds', '15 minutes 5 seconds')
    """
    if not math.isfinite(t_s):
        return "an unknown time"
    minutes, seconds = divmod(round(t_s), 60)
    said = []
    if minutes:
        said.append(f"{minutes} minute{'s' * (minutes != 1)}")
    if seconds or not minutes:
        said.append(f"{seconds} second{'s' * (seconds != 1)}")
    return " ".join(said)


def number(value: float | None, unit: str = "") -> str:
    """A value with its unit, or the word unknown.

    Examples
    --------
    >>> number(89.14, "deg"), number(0.6667, "1"), number(None, "deg"), number(3.0)
    ('89.1°', '0.67', 'unknown', '3')
    """
    if value is None or not math.isfinite(value):
        return "unknown"
    digits = 0 if _is_count(unit, value) else _digits(abs(value), unit)
    shown = UNITS.get(unit, f" {unit}" if unit else "")
    return f"{value:z.{digits}f}{shown}"  # z: never "-0.0"


def interval(estimate: Estimate) -> str:
    """From where to where the value lies; a dash where that is not known."""
    low, high = estimate.low, estimate.high
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "–"  # noqa: RUF001  # an en dash is what an empty cell of a table shows
    size = max(abs(low), abs(high))
    digits = 0 if _is_count(estimate.unit, low, high) else _digits(size, estimate.unit)
    return f"{low:z.{digits}f} to {high:z.{digits}f}"


def estimate(found: Estimate | None) -> str:
    """A value, where it mostly was, and for how much of the time it is known.

    Examples
    --------
    >>> estimate(Estimate(91.2, 89.8, 92.5, 0.5, "deg")).replace(_NBSP, " ")
    '91.2° (mostly 89.8 to 92.5, known for 50 %)'
    >>> estimate(None)
    'unknown'
    """
    if found is None or number(found.value, found.unit) == "unknown":
        return "unknown"
    between = interval(found)
    mostly = f"mostly {between}, " if " to " in between else ""
    return f"{number(found.value, found.unit)} ({mostly}known for {percent(found.coverage)})"


def _is_count(unit: str, *values: float) -> bool:
    return not unit and all(float(value).is_integer() for value in values)


def _digits(size: float, unit: str) -> int:
    if size >= 1000:
        return 0
    return 1 if size >= 10 or unit in {"deg", "s"} else 2


def percent(share: float | None) -> str:
    """A share of time, 0 to 1, as whole percent; never rounded up to all or down to nothing."""
    if share is None or not math.isfinite(share):
        return "unknown"
    whole = round(100 * share)
    if share < 1.0 and whole >= 100:
        return f"over 99{_NBSP}%"
    if share > 0.0 and whole <= 0:
        return f"under 1{_NBSP}%"
    return f"{whole}{_NBSP}%"


def mostly_known(values: FloatArray) -> bool:
    """Whether a column says enough to be spoken of: a third of its epochs."""
    return len(values) > 0 and float(np.mean(np.isfinite(values))) >= LEAST_SPOKEN_OF


def headline(result: SessionResult) -> str:
    """One sentence of what was seen; what was not seen is not in it, or is said to be unknown."""
    said = [_still(result), _knees(result), _breathing(result), _cued(result), _finish(result)]
    known = [part for part in said if part]
    opening = f"{duration(result.analysis.duration_s).capitalize()} recorded"
    if not known:
        return f"{opening}; what the sensors sent was not enough to say more."
    return f"{opening}: {'; '.join(known)}."


def _still(result: SessionResult) -> str:
    still = result.analysis.summary.get("still_share")
    if still is None or still.value is None or still.coverage < LEAST_SPOKEN_OF:
        return ""
    rested = any(p.name == "rest" for p in result.analysis.phases)
    of_what = "rest" if rested else "the time that could be judged"
    if rested and still.coverage < _NEARLY_ALL:
        of_what = f"the {percent(still.coverage)} of rest that could be judged"
    return f"still for {percent(still.value)} of {of_what}"


def _breathing(result: SessionResult) -> str:
    """The summary's rate where there is one, so that sentence and table say the same."""
    found = result.analysis.summary.get("breathing_per_min")
    rates = result.analysis.epochs.breathing_per_min
    if found is not None:
        known = found.value is not None and found.coverage >= LEAST_SPOKEN_OF
        return f"breathing around {found.value:.0f} times a minute" if known else ""
    if not mostly_known(rates):
        return ""
    return f"breathing around {np.nanmedian(rates):.0f} times a minute"


def _cued(result: SessionResult) -> str:
    """How often it cued, only where that was recorded."""
    given = [entry for entry in result.ledger if entry.delivered_s is not None]
    if not given:
        return ""
    n_right = sum(entry.corrected_s is not None for entry in given)
    if len(given) == 1:
        return f"one cue{', put right' * n_right}"
    return f"{len(given)} cues, {n_right} of them put right"


def _finish(result: SessionResult) -> str:
    finish = result.analysis.finish
    if finish is None or finish.hurried is None:
        return ""
    return "getting up in a hurry" if finish.hurried else "getting up without hurry"


def _knees(result: SessionResult) -> str:
    """Where the knees were while resting (all the time, where no rest was found).

    One angle when they kept it, from where to where when they did not.
    """
    epochs = result.analysis.epochs
    rest = [p for p in result.analysis.phases if p.name == "rest"]
    spans = [(epochs.t_s > p.start_s) & (epochs.t_s <= p.end_s) for p in rest]
    resting = np.any(spans, axis=0) if rest else np.ones(len(epochs), dtype=bool)
    near: list[str] = []
    said: list[str] = []
    for side, column in (("left", epochs.knee_left_deg), ("right", epochs.knee_right_deg)):
        values = column[resting]
        if not mostly_known(values):
            continue
        low, middle, high = np.nanpercentile(values, [10, 50, 90])
        if high - low <= _KEPT_WITHIN_DEG:
            near.append(f"{middle:z.0f}° {side}")
            said.append(f"the {side} knee mostly near {middle:z.0f}°")
        else:
            said.append(f"the {side} knee mostly between {low:z.0f}° and {high:z.0f}°")
    if len(near) == 2:
        said = [f"knees mostly near {near[0]} and {near[1]}"]
    return ", ".join(said) + (" while resting" if rest and said else "")


def when(started_at: str | None) -> str | None:
    """The wall-clock start as a person writes it, or as it came when it is no date."""
    if started_at is None:
        return None
    try:
        when = datetime.fromisoformat(started_at)
    except ValueError:
        return started_at
    return f"{when.day} {when:%B %Y, %H:%M}"


def title_line(result: SessionResult) -> str:
    """What a picture that stands alone must say of itself: when, from what, and if nobody lay."""
    source = result.source if len(result.source) <= 70 else result.source[:69].rstrip() + "…"
    said = [when(result.started_at), source[:1].upper() + source[1:]]
    return "  ·  ".join(part for part in said if part) or "A session"


def known_and_unknown(
    summary: Mapping[str, Estimate],
) -> tuple[dict[str, Estimate], list[str]]:
    """The numbers that have a value, and the names of those that have none."""
    known = {n: e for n, e in summary.items() if number(e.value, e.unit) != "unknown"}
    return known, [n for n in summary if n not in known]


def alerts_sentence(result: SessionResult) -> str:
    """How many things were said to the wearer."""
    n = len(result.alerts)
    if n == 0:
        return "No alerts."
    return f"{n} alert{'s' * (n != 1)}: the first at {clock(result.alerts[0].t_s)}."


def description(result: SessionResult) -> str:
    """What the overview shows, for those who cannot see it: the finding first, then its limits."""
    epochs = result.analysis.epochs
    said = ["Session over time.", headline(result), alerts_sentence(result)]
    shares = {
        "knee angles": np.fmax(epochs.knee_left_deg, epochs.knee_right_deg),
        "stillness": epochs.stillness,
        "breathing": epochs.breathing_per_min,
        "relaxation": epochs.relaxation,
    }
    if len(epochs):
        known = [f"{n} {percent(float(np.isfinite(v).mean()))}" for n, v in shares.items()]
        said.append(f"Known for this share of the time: {', '.join(known)}.")
    return " ".join(said)
