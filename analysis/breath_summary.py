"""How the breaths of a session were, taken together: depth, regularity, sighs, the longest pause.

Wuyts et al. 2015 followed relaxation sessions in which the mean rate did not tell groups apart, and
the structure of breath-to-breath variability did; so both its size (the coefficient of variation)
and its structure (the autocorrelation from one breath to the next) are told.  Neither is better
high or low by itself, and both need many breaths.

Timing is not perfect: against a belt the length of a breath is off by 0.2 s (SD).  That adds 0.05
to the coefficient of variation at 15 breaths a minute if people breathed like clocks, and pulls the
autocorrelation down; compare sessions with one strap, not people.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.results import Breath, Estimate, FloatArray

LEAST_FOR_CV = 10
"""Breaths: the interval of a coefficient of variation is then half of its value."""

LEAST_FOR_LAG1 = 20
"""Pairs of breaths: the interval of an autocorrelation is then 0.4 to either side."""


def breath_numbers(breaths: Sequence[Breath], span: NDArray[np.bool_]) -> dict[str, Estimate]:
    """Summary numbers of the breaths that lie within a span of a session.

    Parameters
    ----------
    breaths : sequence of Breath
        In order of time.
    span : (n,) array of bool
        Seconds of the session that count.

    Returns
    -------
    dict of Estimate
        ``breath_depth_deg`` (median; its interval the 10th to 90th percentile),
        ``breath_regularity_cv`` and ``breath_lag1`` of the time from breath to breath (95 %
        intervals), ``sighs`` (count; the upper end also fills the time that was not seen) and
        ``longest_pause_s`` (the upper end is open where breaths were not seen).  Coverage is the
        share of the span that breaths fill.

    Examples
    --------
    >>> ten = [Breath(5.0 * i, 5.0 * i + 5.0, 1.0, pause_s=0.5) for i in range(10)]
    >>> numbers = breath_numbers(ten, np.ones(50, dtype=bool))
    >>> numbers["breath_regularity_cv"].value, numbers["sighs"].value, numbers["sighs"].coverage
    (0.0, 0.0, 1.0)
    """
    n_s = int(span.sum())
    inside = [b for b in breaths if _is_inside(b, span)]
    length_s = np.array([b.end_s - b.start_s for b in inside])
    coverage = min(float(length_s.sum()) / n_s, 1.0) if n_s else 0.0
    return {
        "breath_depth_deg": _depth(inside, coverage),
        "breath_regularity_cv": _variation(length_s, coverage),
        "breath_lag1": _lag1(inside, coverage),
        "sighs": _sighs(inside, coverage),
        "longest_pause_s": _longest_pause(inside, coverage),
    }


def _is_inside(breath: Breath, span: NDArray[np.bool_]) -> bool:
    first, last = int(breath.start_s), int(np.ceil(breath.end_s)) - 1
    return last < len(span) and bool(span[first : last + 1].all())


def _depth(breaths: Sequence[Breath], coverage: float) -> Estimate:
    if not breaths:
        return Estimate(None, None, None, coverage, "deg")
    low, middle, high = np.quantile([b.depth_deg for b in breaths], [0.1, 0.5, 0.9])
    return Estimate(float(middle), float(low), float(high), coverage, "deg")


def _variation(length_s: FloatArray, coverage: float) -> Estimate:
    n = len(length_s)
    if n < LEAST_FOR_CV:
        return Estimate(None, None, None, coverage, "0 to 1")
    cv = float(length_s.std(ddof=1) / length_s.mean())
    half = 1.96 * cv * float(np.sqrt(0.5 / (n - 1) + cv**2 / n))  # of a normal variable
    return Estimate(cv, max(cv - half, 0.0), cv + half, coverage, "0 to 1")


def _lag1(breaths: Sequence[Breath], coverage: float) -> Estimate:
    """Correlation of each breath's length with the next one's, where nothing lies between them."""
    pairs = np.array(
        [
            (a.end_s - a.start_s, b.end_s - b.start_s)
            for a, b in pairwise(breaths)
            if a.end_s == b.start_s
        ]
    )
    if len(pairs) < LEAST_FOR_LAG1 or not (pairs.std(axis=0) > 0).all():
        return Estimate(None, None, None, coverage, "-1 to 1")
    r = float(np.corrcoef(pairs.T)[0, 1])
    z, half = float(np.arctanh(np.clip(r, -0.999, 0.999))), 1.96 / np.sqrt(len(pairs) - 3)
    return Estimate(r, float(np.tanh(z - half)), float(np.tanh(z + half)), coverage, "-1 to 1")


def _sighs(breaths: Sequence[Breath], coverage: float) -> Estimate:
    if not breaths:
        return Estimate(None, None, None, coverage, "")
    n = float(sum(b.kind == "sigh" for b in breaths))
    return Estimate(n, n, float(np.ceil(n / coverage)), coverage, "")


def _longest_pause(breaths: Sequence[Breath], coverage: float) -> Estimate:
    pauses = [b.pause_s for b in breaths if b.pause_s is not None]
    if not pauses:
        return Estimate(None, None, None, coverage, "s")
    return Estimate(max(pauses), max(pauses), None, coverage, "s")
