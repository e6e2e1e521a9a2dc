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
from numpy.typing import NDArray

from analysis.results import Epochs, FloatArray

_STEPS = 120  # rows that tell the epochs' length; more would only cost


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


def relaxation(
    epochs: Epochs, settings: RelaxationSettings | None = None, *, newest: int | None = None
) -> FloatArray:
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
    return relaxation_parts(epochs, settings, newest=newest).index


def relaxation_parts(
    epochs: Epochs, settings: RelaxationSettings | None = None, *, newest: int | None = None
) -> Relaxation:
    """The index with the parts it is built from.

    Causal: a row depends on itself and the rows before it, so what was said live stays true.

    Parameters
    ----------
    epochs : Epochs
        From the session's start.
    settings : RelaxationSettings, optional
    newest : int, optional
        Only so many rows, the last ones; the same numbers at less cost.
    """
    s = settings or RelaxationSettings()
    first = 0 if newest is None else max(len(epochs) - newest, 0)
    steps_s = np.diff(epochs.t_s[:_STEPS])
    dt_s = float(np.median(steps_s)) if len(steps_s) else 1.0
    n_recent = max(2, round(s.recent_s / dt_s))
    opening = opening_rows(epochs, s, dt_s)

    def lately(values: FloatArray) -> tuple[FloatArray, FloatArray]:
        return recent(values, n_recent, s.recent_least, first)

    breath, breath_sd = lately(epochs.breathing_per_min)
    heart, _ = lately(epochs.heart_per_min)
    knees = [lately(knee)[1] for knee in (epochs.knee_left_deg, epochs.knee_right_deg)]
    least = max(1, round(s.opening_least_s / dt_s))
    breath_start = opening_reference(epochs.breathing_per_min, opening, least, first)
    heart_start = opening_reference(epochs.heart_per_min, opening, least, first)
    parts = (
        lately(epochs.stillness)[0],
        _clipped(0.5 + 0.5 * (1 - breath / breath_start) / s.breathing_fall),
        _clipped(1 - breath_sd / breath / s.breathing_cv),
        _clipped(0.5 + 0.5 * (1 - heart / heart_start) / s.heart_fall),
        _clipped(1 - np.fmax(*knees) / s.knee_sd_deg),
    )
    # up from the floor the index says nothing, though its last minute was spent lying
    index = np.where(_upright(epochs, s)[first:], np.nan, _index(parts, s.weights))
    return Relaxation(index, *parts)


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


def opening_rows(epochs: Epochs, s: RelaxationSettings, dt_s: float) -> NDArray[np.intp]:
    """Rows of the wearer's opening: the first two minutes of lying that were mostly still."""
    at_rest = (np.nan_to_num(epochs.stillness) >= 0.5) & ~_upright(epochs, s)
    return np.flatnonzero(at_rest)[: int(s.opening_s / dt_s)]


def _upright(epochs: Epochs, s: RelaxationSettings) -> NDArray[np.bool_]:
    """Rows in which the trunk was seen not to lie; an unknown tilt is taken for lying."""
    return np.asarray(np.nan_to_num(epochs.trunk_tilt_deg) >= s.lying_below_deg)


def opening_reference(
    values: FloatArray, opening: NDArray[np.intp], least: int, first: int
) -> FloatArray:
    """Median over the opening as far as it is known at each row from `first` on.

    Unknown until `least` rows are known; constant once the opening is over.
    """
    reference = np.full(len(values) - first, np.nan)
    rows = opening[np.isfinite(values[opening])]
    # of the medians before `first` only the last still counts
    known = max(least, int(np.searchsorted(rows, first, side="right")))
    for count in range(known, len(rows) + 1):
        from_row = max(int(rows[count - 1]) - first, 0)
        reference[from_row:] = np.median(values[rows[:count]])
    return reference


def recent(values: FloatArray, n: int, least: float, first: int) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation over the last `n` rows, for each row from `first` on.

    NaN where fewer than the share `least` are known.
    """
    if len(values) <= first:
        return np.empty(0), np.empty(0)
    begin = max(first - n + 1, 0)
    before = np.full(n - 1 - (first - begin), np.nan)
    rows = sliding_window_view(np.concatenate([before, values[begin:]]), n)
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
