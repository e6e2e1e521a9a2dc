"""Drowsy is not relaxed: a flag of its own, from what falls silent when people nod off.

    part        1 means                                          0 means
    immobile    no second of the last five minutes was restless  one in twenty was
    regular     the breathing rate hardly varied in that time    CV of 0.06, or more
    slow        a quarter slower than at the start               as at the start
    heart_fall  a tenth slower than at the start                 as at the start

    drowsy = immobile x mean of the others that are known

It is unknown without five minutes to look back on, or without stillness and both breathing parts.

What the literature supports: nobody scores sleep in people who move, and long immobility is what
wrist actigraphy calls sleep; at sleep onset the heart slows and, once asleep, breathing gets more
regular.  What it does not: telling a person who lies awake, perfectly still and calm, from one who
sleeps; for that it takes an electroencephalogram.  So a high value says "may have nodded off", and
a low one "did not".  The limits, and multiplying, are ours; no recording of sleepers was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.relaxation import RelaxationSettings, opening_reference, opening_rows, recent
from analysis.results import Epochs, FloatArray


@dataclass(frozen=True, slots=True)
class DrowsySettings:
    """Time span and scales, all ours."""

    recent_s: float = 300.0  # shorter stillness is the exercise itself
    recent_least: float = 0.8  # share of it that must be known
    restless_share: float = 0.05  # 15 s of five minutes: somebody who shifts is awake
    breathing_cv: float = 0.06  # of rates over half a minute, which vary less than single breaths
    breathing_fall: float = 0.25  # as for relaxation
    heart_fall: float = 0.10  # as for relaxation


@dataclass(frozen=True, slots=True, eq=False)
class Drowsiness:
    """The flag and its parts, one row an epoch, 0 to 1, NaN where unknown."""

    drowsy: FloatArray
    immobile: FloatArray
    regular: FloatArray
    slow: FloatArray
    heart_fall: FloatArray


def drowsiness(
    epochs: Epochs, settings: DrowsySettings | None = None, *, newest: int | None = None
) -> Drowsiness:
    """The flag with the parts it is built from.

    Causal: a row depends on itself and the rows before it.

    Parameters
    ----------
    epochs : Epochs
        From the session's start, a second each.
    settings : DrowsySettings, optional
    newest : int, optional
        Only so many rows, the last ones; the same numbers at less cost.

    Examples
    --------
    >>> epochs = Epochs.unknown(np.arange(1.0, 901.0))
    >>> epochs.stillness[:] = 1.0
    >>> epochs.breathing_per_min[:] = np.where(epochs.t_s < 300, 16.0, 12.0)
    >>> flag = drowsiness(epochs).drowsy
    >>> bool(np.isnan(flag[100])), round(float(flag[899]), 2)
    (True, 1.0)
    """
    s = settings or DrowsySettings()
    opening = RelaxationSettings()
    first = 0 if newest is None else max(len(epochs) - newest, 0)
    n = round(s.recent_s)
    rows = opening_rows(epochs, opening, 1.0)
    least = round(opening.opening_least_s)
    still, _ = recent(epochs.stillness, n, s.recent_least, first)
    breath, breath_sd = recent(epochs.breathing_per_min, n, s.recent_least, first)
    heart, _ = recent(epochs.heart_per_min, n, s.recent_least, first)
    breath_start = opening_reference(epochs.breathing_per_min, rows, least, first)
    heart_start = opening_reference(epochs.heart_per_min, rows, least, first)
    immobile = np.clip(1 - (1 - still) / s.restless_share, 0.0, 1.0)
    regular = np.clip(1 - breath_sd / breath / s.breathing_cv, 0.0, 1.0)
    slow = np.clip((1 - breath / breath_start) / s.breathing_fall, 0.0, 1.0)
    heart_fall = np.clip((1 - heart / heart_start) / s.heart_fall, 0.0, 1.0)
    both = 0.5 * (regular + slow)
    calm = np.where(np.isfinite(heart_fall), (regular + slow + heart_fall) / 3, both)
    return Drowsiness(immobile * calm, immobile, regular, slow, heart_fall)
