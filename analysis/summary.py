"""The few numbers that say how a session was, each with its interval and its coverage.

Unless it says otherwise a number is the median over rest, its interval the 10th to 90th percentile
of the epochs (the range in which it lay, not the error of the median), and its coverage the share
of rest in which it was known.  Without a rest phase the whole recording stands for it.  A rate
needs `LEAST_RATE_COVERAGE`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.activity import EPOCH_S
from analysis.arrays import known_median, known_quantile
from analysis.breath_summary import breath_numbers
from analysis.breathing import whole_recording_rate
from analysis.phases import in_phase
from analysis.results import Breath, Epochs, Estimate, FloatArray, Phase
from analysis.stillness import longest_still_s, movements_per_min
from analysis.variability import Differences, rmssd

POSITION = ("settling", "rest", "extra")

REFERENCE_S = 60
"""The first minute of rest is what drift is measured from, the last minute where it ended."""

LEAST_RATE_COVERAGE = 0.1
"""A rate known for less of rest has no summary value.  White noise has a heart in 0.1 % of epochs and
a breath in less than 2 %, real sensors that nobody wears somewhat more; a wearer has both in 70 to
100 %.  Between them, and 90 s of a 15 min rest, so that a median is one."""

MEDIANS = {
    "knee_left_deg": "deg",
    "knee_right_deg": "deg",
    "lean_left_deg": "deg",
    "lean_right_deg": "deg",
    "trunk_tilt_deg": "deg",
    "movement_mg": "mg",
    "heart_per_min": "1/min",
    "relaxation": "0 to 1",
}
"""Columns of the epochs that are summed up by their median, and their units."""


def summarise(
    epochs: Epochs,
    phases: tuple[Phase, ...],
    breaths: tuple[Breath, ...] = (),
    activity_mg: FloatArray | None = None,
    beats: Differences | None = None,
) -> dict[str, Estimate]:
    """All summary numbers of a session.

    Parameters
    ----------
    epochs : Epochs
    phases : tuple of Phase
    breaths : tuple of Breath
    activity_mg : (n, 2) array, optional
        ENMO and MAD of every `analysis.activity.EPOCH_S`.
    beats : Differences, optional
        Successive differences of beat intervals.

    Examples
    --------
    >>> epochs = Epochs.unknown(np.arange(1.0, 11.0))
    >>> epochs.knee_left_deg[:] = 90.0
    >>> summarise(epochs, (Phase("rest", 0.0, 10.0),))["knee_left_deg"]
    Estimate(value=90.0, low=90.0, high=90.0, coverage=1.0, unit='deg')
    """
    rest = in_phase(epochs.t_s, phases, "rest")
    span = rest if rest.any() else np.ones(len(epochs), dtype=bool)
    numbers = {name: _median(getattr(epochs, name)[span], unit) for name, unit in MEDIANS.items()}
    numbers["breathing_per_min"] = _breathing(epochs, span)
    for name in ("breathing_per_min", "heart_per_min"):
        if numbers[name].coverage < LEAST_RATE_COVERAGE:
            numbers[name] = replace(numbers[name], value=None, low=None, high=None)
    numbers |= breath_numbers(breaths, span)
    numbers["rmssd_ms"] = rmssd(beats or Differences.none(), span)
    numbers["still_share"] = _share(epochs.stillness[span])
    t_s, movement_mg = epochs.t_s[span], epochs.movement_mg[span]
    numbers["movements_per_min"] = _movements_per_min(t_s, movement_mg)
    numbers["longest_still_s"] = _longest_still(t_s, movement_mg)
    numbers["posture_drift_deg"] = _last_minute(epochs.posture_drift_deg[rest], "deg")
    numbers["drowsy"] = _median(epochs.drowsy[span], "0 to 1")
    if activity_mg is not None:
        of_rest = in_phase(EPOCH_S * np.arange(1.0, len(activity_mg) + 1), phases, "rest")
        chosen = activity_mg[of_rest] if of_rest.any() else activity_mg
        for column, name in enumerate(("enmo_mg", "mad_mg")):
            numbers[name] = _median(chosen[:, column], "mg")
    numbers["knee_difference_deg"] = _median(
        (epochs.knee_left_deg - epochs.knee_right_deg)[span], "deg"
    )
    for side, knee in (("left", epochs.knee_left_deg), ("right", epochs.knee_right_deg)):
        numbers[f"knee_drift_{side}_deg"] = _drift(knee[rest])
    drifts = [numbers[f"knee_drift_{side}_deg"] for side in ("left", "right")]
    numbers["knee_drift_deg"] = max(drifts, key=lambda d: abs(d.value or 0.0) + d.coverage)
    numbers["time_in_position_min"] = _time_in_position(epochs, phases)
    numbers["time_to_settle_s"] = _time_to_settle(epochs, phases)
    return numbers


def _median(values: FloatArray, unit: str) -> Estimate:
    known = float(np.isfinite(values).mean()) if len(values) else 0.0
    if not known:
        return Estimate(None, None, None, 0.0, unit)
    low, high = (float(known_quantile(values, share)) for share in (0.1, 0.9))
    return Estimate(float(known_median(values)), low, high, known, unit)


def _breathing(epochs: Epochs, span: NDArray[np.bool_]) -> Estimate:
    """The rate in which every known second counts the same; the interval is that of the epochs."""
    rate = np.where(span, epochs.breathing_per_min, np.nan)
    usual = _median(rate[span], "1/min")
    whole = whole_recording_rate(epochs.t_s, rate, epochs.breathing_confidence)
    return replace(usual, value=whole.rate_per_min)


def _share(values: FloatArray) -> Estimate:
    """Mean stillness; the interval is that of the session's minutes."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Estimate(None, None, None, 0.0, "0 to 1")
    minutes = np.array([part.mean() for part in np.array_split(known, max(len(known) // 60, 1))])
    low, high = (float(known_quantile(minutes, share)) for share in (0.1, 0.9))
    return Estimate(float(known.mean()), low, high, len(known) / len(values), "0 to 1")


def _movements_per_min(t_s: FloatArray, movement_mg: FloatArray) -> Estimate:
    """Movements by known time; the interval is that of the session's five minutes."""
    value = movements_per_min(t_s, movement_mg)
    known = float(np.isfinite(movement_mg).mean()) if len(movement_mg) else 0.0
    if value is None:
        return Estimate(None, None, None, 0.0, "1/min")
    rows = np.array_split(np.arange(len(t_s)), max(len(t_s) // 300, 1))
    parts = [movements_per_min(t_s[i], movement_mg[i]) for i in rows]
    rates = np.array([value, *(p for p in parts if p is not None)])
    return Estimate(value, float(rates.min()), float(rates.max()), known, "1/min")


def _longest_still(t_s: FloatArray, movement_mg: FloatArray) -> Estimate:
    """An unknown second ends a still run; the interval's upper end is where it would not."""
    value = longest_still_s(t_s, movement_mg)
    known = float(np.isfinite(movement_mg).mean()) if len(movement_mg) else 0.0
    if value is None:
        return Estimate(None, None, None, 0.0, "s")
    return Estimate(value, value, longest_still_s(t_s, np.nan_to_num(movement_mg)), known, "s")


def _last_minute(values: FloatArray, unit: str) -> Estimate:
    """Where something ended: its median over the last minute, half of which must be known."""
    last = _median(values[-REFERENCE_S:], unit)
    return last if last.coverage >= 0.5 else Estimate(None, None, None, 0.0, unit)


def _drift(knee_in_rest: FloatArray) -> Estimate:
    """Median of the last minute of rest less the first; known when both are, and rest is long."""
    unknown = Estimate(None, None, None, 0.0, "deg")
    if len(knee_in_rest) < 2 * REFERENCE_S:
        return unknown
    first, last = knee_in_rest[:REFERENCE_S], knee_in_rest[-REFERENCE_S:]
    share = min(float(np.isfinite(part).mean()) for part in (first, last))
    if share < 0.5:
        return unknown
    reference = float(known_median(first))
    low, mid, high = (float(known_quantile(last, q)) - reference for q in (0.1, 0.5, 0.9))
    return Estimate(mid, low, high, share, "deg")


def _recognised(epochs: Epochs, phases: tuple[Phase, ...]) -> NDArray[np.bool_]:
    return np.asarray(~in_phase(epochs.t_s, phases, "unknown"))


def _time_in_position(epochs: Epochs, phases: tuple[Phase, ...]) -> Estimate:
    """Minutes; the interval leaves out, or takes in, the time that could not be recognised."""
    recognised = _recognised(epochs, phases)
    if not recognised.any():
        return Estimate(None, None, None, 0.0, "min")
    minutes = sum(p.end_s - p.start_s for p in phases if p.name in POSITION) / 60
    unknown = sum(p.end_s - p.start_s for p in phases if p.name == "unknown") / 60
    share = float(recognised.mean())
    return Estimate(minutes, minutes, minutes + unknown, share, "min")


def _time_to_settle(epochs: Epochs, phases: tuple[Phase, ...]) -> Estimate:
    """Seconds from bending the knees to rest; 0 when quiet from the start, unknown without rest."""
    share = float(_recognised(epochs, phases).mean()) if len(epochs) else 0.0
    rest = next((p for p in phases if p.name == "rest"), None)
    if rest is None:
        return Estimate(None, None, None, share, "s")
    before = [p for p in phases if p.start_s < rest.start_s]
    # only what leads to rest: before the straight pose somebody may have sat there settling, too
    start = before[-1].start_s if before and before[-1].name == "settling" else rest.start_s
    took = rest.start_s - start
    return Estimate(took, max(took - 1.0, 0.0), took + 1.0, share, "s")
