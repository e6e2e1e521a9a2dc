"""One inspectable index of how far a wearer has settled, against their own opening minutes.

    part             1 means                                0.5 means        weight
    stillness        all segments still for a minute        half of it         0.4
    breathing_fall   a quarter slower than at the start     as at the start    0.2
    breathing_even   the rate hardly varies                 CV of 0.125        0.1
    heart_fall       a tenth slower than at the start       as at the start    0.2
    knee_steady      knees within a fraction of a degree    SD of 2.5 degrees  0.1

The index is the weighted mean of the parts that are known.  It is unknown while the stillness is,
or neither breath nor heart, or before the wearer's own opening is known.

What the literature supports: relaxation goes with a slower heart, slower breathing and less
movement (the relaxation response; Schilling & Poppen 1983 for observed stillness and breathing).
What it does not: that these fall *because of* the exercise (they settle in anybody who lies down),
that a lower breathing rate is deeper relaxation (in Wuyts et al. 2015 the mean rate did not tell
groups apart, the structure of its variability did), or any weighting of the parts.  The weights are
ours.  So compare a session with your own sessions, minute by minute, and look at the parts; do not
compare people, and do not read it as health.  A sleeper scores high: drowsy is not relaxed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analysis.results import Epochs, FloatArray


@dataclass(frozen=True, slots=True)
class RelaxationSettings:
    """Time spans and scales; the scales are about twice what an ordinary session shows."""

    opening_s: float = 120.0  # the wearer's own reference: long enough for a steady median
    opening_least_s: float = 30.0  # before, no reference and no index
    recent_s: float = 60.0  # a row says how the last minute was
    recent_least: float = 0.5  # share of it that must be known
    breathing_fall: float = 0.25  # 16 to 12 per minute counts as the full fall
    heart_fall: float = 0.10  # 70 to 63 beats
    breathing_cv: float = 0.25  # ordinary breathing at rest varies by 0.1 to 0.2
    knee_sd_deg: float = 5.0  # the default alert distance of the knees is of this size
    lying_below_deg: float = 45.0  # the opening is of lying, not of lying down
    weights: tuple[float, ...] = (0.4, 0.2, 0.1, 0.2, 0.1)  # ours: see the module's text


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """The index and its parts, one row an epoch, 0 to 1, NaN where unknown."""

    index: FloatArray
    stillness: FloatArray
    breathing_fall: FloatArray
    breathing_even: FloatArray
    heart_fall: FloatArray
    knee_steady: FloatArray


def relaxation(epochs: Epochs, settings: RelaxationSettings | None = None) -> FloatArray:
    """The index alone, (k,): see `relaxation_parts`.

    Examples
    --------
    >>> epochs = Epochs.unknown(np.arange(1.0, 301.0))
    >>> epochs.stillness[:] = 1.0
    >>> epochs.breathing_per_min[:] = np.where(epochs.t_s < 150, 16.0, 12.0)
    >>> index = relaxation(epochs)
    >>> bool(np.isnan(index[10])), round(float(index[120]), 2), round(float(index[299]), 2)
    (True, 0.86, 1.0)
    """
    return relaxation_parts(epochs, settings).index


def relaxation_parts(epochs: Epochs, settings: RelaxationSettings | None = None) -> Relaxation:
    """The index with the parts it is built from.

    Causal: a row depends on itself and the rows before it, so what was said live stays true.
    """
    s = settings or RelaxationSettings()
    dt_s = float(np.median(np.diff(epochs.t_s))) if len(epochs) > 1 else 1.0
    n_recent = max(2, round(s.recent_s / dt_s))
    opening = _opening(epochs, s, dt_s)

    breath, breath_sd = _recent(epochs.breathing_per_min, n_recent, s.recent_least)
    heart, _ = _recent(epochs.heart_per_min, n_recent, s.recent_least)
    knees = [
        _recent(knee, n_recent, s.recent_least)[1]
        for knee in (epochs.knee_left_deg, epochs.knee_right_deg)
    ]
    breath_start = _reference(epochs.breathing_per_min, opening, s, dt_s)
    heart_start = _reference(epochs.heart_per_min, opening, s, dt_s)
    parts = (
        _recent(epochs.stillness, n_recent, s.recent_least)[0],
        _clipped(0.5 + 0.5 * (1 - breath / breath_start) / s.breathing_fall),
        _clipped(1 - breath_sd / breath / s.breathing_cv),
        _clipped(0.5 + 0.5 * (1 - heart / heart_start) / s.heart_fall),
        _clipped(1 - np.fmax(*knees) / s.knee_sd_deg),
    )
    return Relaxation(_index(parts, s.weights), *parts)


def part_names() -> tuple[str, ...]:
    """Names of the parts in the order of the weights.

    Examples
    --------
    >>> part_names()[0]
    'stillness'
    """
    return tuple(f.name for f in fields(Relaxation) if f.name != "index")


def _index(parts: tuple[FloatArray, ...], weights: tuple[float, ...]) -> FloatArray:
    table = np.stack(parts)
    share = np.where(np.isfinite(table), np.array(weights)[:, np.newaxis], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (share * np.nan_to_num(table)).sum(axis=0) / share.sum(axis=0)
    still, breath_fall, _, heart_fall, _ = np.isfinite(table)
    return np.where(still & (breath_fall | heart_fall), index, np.nan)


def _opening(epochs: Epochs, s: RelaxationSettings, dt_s: float) -> np.ndarray:
    """Rows of the wearer's opening: the first two minutes of lying that were mostly still."""
    upright = np.nan_to_num(epochs.trunk_tilt_deg) >= s.lying_below_deg
    at_rest = (np.nan_to_num(epochs.stillness) >= 0.5) & ~upright
    return np.asarray(at_rest & (np.cumsum(at_rest) * dt_s <= s.opening_s))


def _reference(
    values: FloatArray, opening: np.ndarray, s: RelaxationSettings, dt_s: float
) -> FloatArray:
    """Median over the opening as far as it is known at each row; constant once it is over."""
    reference = np.full(len(values), np.nan)
    rows = np.flatnonzero(opening & np.isfinite(values))
    for count in range(max(1, round(s.opening_least_s / dt_s)), len(rows) + 1):
        reference[rows[count - 1] :] = np.median(values[rows[:count]])
    return reference


def _recent(values: FloatArray, n: int, least: float) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation over the last `n` rows; NaN where fewer than `least` are known."""
    if len(values) == 0:
        return values.copy(), values.copy()
    rows = sliding_window_view(np.concatenate([np.full(n - 1, np.nan), values]), n)
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, rows, 0.0).sum(axis=1) / count
        square = np.where(known, rows - mean[:, np.newaxis], 0.0) ** 2
        sd = np.sqrt(square.sum(axis=1) / count)
    enough = count >= least * n
    return np.where(enough, mean, np.nan), np.where(enough, sd, np.nan)


def _clipped(values: FloatArray) -> FloatArray:
    return np.clip(values, 0.0, 1.0)
