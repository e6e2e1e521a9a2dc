"""Do cues help this wearer?  A trial with one person: days with cues and days without, by chance.

    seed, date --> with or without          balanced: of each two days, one of each
    (date, with or without, outcome) --> effect_of_cues --> value, interval, p, a sentence

On a day without cues alerts are found and recorded as on any other, and withheld.  So the seconds
out of one's own posture of both kinds of day can be compared.

`effect_of_cues(rows) -> Effect`, where `rows` is a tuple of ``(date, on, outcome)``:

- ``date``: `datetime.date` of the day; days, not sessions, were drawn, so rows of one day are
  averaged first;
- ``on``: whether cues were given on it;
- ``outcome``: a number of that day, e.g. minutes out of posture; rows that are not finite are left
  out.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.settings import AlertSettings

Row: TypeAlias = tuple[date, bool, float]

LEAST_DAYS = 4
"""Of each kind, to speak of a mean at all."""

LEAST_PAIRS = 6
"""Draws: five can fall in 32 ways, and the most telling of them is still chance at 2 in 32."""

_EXACT_UP_TO = 14  # draws: 16,384 ways; beyond, 20,000 ways are drawn
_N_DRAWN = 20_000
_SURE_P = 0.05
_FAR = 100.0  # widths of all outcomes: an interval that goes further has no end

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """How days with cues differ from days without.

    Attributes
    ----------
    value : float or None
        Mean of the days with cues minus mean of those without; None when there are too few.
    low, high : float or None
        95 % interval: every difference that the randomisation test would not reject.
    p : float or None
        How often chance alone gives a difference so large.
    n_on, n_off : int
        Days of each kind.
    words : str
        One or two sentences for the wearer.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n_on: int
    n_off: int
    words: str


def has_cues(seed: int, day: date) -> bool:
    """Whether `day` is a day with cues.

    Days go in pairs; which of the two has cues is drawn from the seed and the pair.

    Examples
    --------
    >>> days = [date(2026, 3, d) for d in range(1, 31)]
    >>> sum(has_cues(7, day) for day in days)
    15
    """
    pair, second = divmod(day.toordinal(), 2)
    first_has = hashlib.sha256(f"{seed}:{pair}".encode()).digest()[0] % 2 == 0
    return first_has != bool(second)


def for_day(settings: AlertSettings, day: date) -> AlertSettings:
    """The settings of a session on `day`: without cues if days are randomised and chance says so.

    Examples
    --------
    >>> chosen = AlertSettings(randomise_days=True, days_seed=7)
    >>> [for_day(chosen, date(2026, 3, d)).without_cues for d in (3, 4)]
    [True, False]
    """
    if not settings.randomise_days:
        return settings
    return replace(settings, without_cues=not has_cues(settings.days_seed, day))


def effect_of_cues(
    rows: tuple[Row, ...], *, unit: str = "", fewer_is_better: bool = True
) -> Effect:
    """Compare days with cues and days without by a randomisation test.

    Parameters
    ----------
    rows : tuple of (date, bool, float)
        Day, whether it had cues, outcome.
    unit : str
        Of the outcome, for the sentence.
    fewer_is_better : bool
        Whether a smaller outcome is a better day.

    Notes
    -----
    A randomisation test (Edgington): the coins of `has_cues` are thrown again in every way they
    could have fallen (up to 2**14, else 20,000 drawn with a fixed seed), one coin a pair of days,
    and p is how often the difference is as large as it was.  Throws that leave one kind without a
    day are passed over.  The interval inverts the test: it holds each shift that, taken off the
    days with cues, leaves nothing to see at 5 %; it may have no end on a side (None).  It supposes
    that cues shift every day alike; it supposes nothing of how the days are distributed.

    Examples
    --------
    >>> days = [date(2026, 3, d) for d in range(1, 31)]
    >>> def minutes_away(day: date) -> float:
    ...     return 4.0 - 2.0 * has_cues(7, day) + day.day % 5 / 10
    >>> effect = effect_of_cues(
    ...     tuple((day, has_cues(7, day), minutes_away(day)) for day in days), unit="minutes"
    ... )
    >>> round(effect.value, 1), round(effect.low, 1), round(effect.high, 1), effect.p < 0.001
    (-2.0, -2.1, -1.9, True)
    """
    days = _days(rows)
    on = np.array([had_cues for _, had_cues, _ in days], dtype=bool)
    outcome = np.array([value for _, _, value in days])
    n_on, n_off = int(on.sum()), int((~on).sum())
    pairs = np.unique([day.toordinal() // 2 for day, _, _ in days], return_inverse=True)[1]
    n_pairs = len(set(pairs.tolist()))
    if min(n_on, n_off) < LEAST_DAYS or n_pairs < LEAST_PAIRS:
        words = (
            f"Too early to say whether cues help: {n_on} days with, {n_off} without; it takes "
            f"{LEAST_DAYS} of each, and more than {2 * (LEAST_PAIRS - 1)} days in all."
        )
        return Effect(None, None, None, None, n_on, n_off, words)
    thrown = _thrown(on, pairs, n_pairs)
    value = float(_difference(outcome, on[None])[0])
    differences = _difference(outcome, thrown), _difference(on.astype(float), thrown)
    p = _p(0.0, value, *differences)
    spread = float(np.ptp(outcome))
    low = _bound(-1.0, value, spread, *differences)
    high = _bound(1.0, value, spread, *differences)
    words = _words(value, low, high, unit, fewer_is_better=fewer_is_better)
    return Effect(value, low, high, p, n_on, n_off, f"{words} ({n_on} days with, {n_off} without)")


def _days(rows: tuple[Row, ...]) -> list[Row]:
    """One mean a day and kind, in order of days; what is not known is left out."""
    by_day: dict[tuple[date, bool], list[float]] = {}
    for day, had_cues, outcome in rows:
        if math.isfinite(outcome):
            by_day.setdefault((day, had_cues), []).append(outcome)
    return [(day, had, float(np.mean(by_day[day, had]))) for day, had in sorted(by_day)]


def _thrown(on: NDArray[np.bool_], pairs: NDArray[np.int64], n_pairs: int) -> NDArray[np.bool_]:
    """Which days would have had cues, one row a throw of all coins; the first is the one that was."""
    if n_pairs <= _EXACT_UP_TO:
        turned = (np.arange(2**n_pairs)[:, None] >> np.arange(n_pairs)) % 2 == 1
    else:
        turned = np.random.default_rng(0).random((_N_DRAWN, n_pairs)) < 0.5
        turned[0] = False
    thrown = on ^ turned[:, pairs]
    has_both = thrown.any(axis=1) & ~thrown.all(axis=1)
    kept: NDArray[np.bool_] = thrown[has_both]
    return kept


def _difference(values: Floats, on: NDArray[np.bool_]) -> Floats:
    """Mean with cues minus mean without, one a row of `on`."""
    with_cues = on @ values / on.sum(axis=1)
    without = ~on @ values / (~on).sum(axis=1)
    difference: Floats = with_cues - without
    return difference


def _p(shift: float, value: float, of_outcome: Floats, of_on: Floats) -> float:
    """How often chance gives as much, once `shift` is taken off the days that had cues."""
    seen = abs(value - shift)
    return float((np.abs(of_outcome - shift * of_on) >= seen - 1e-9 * (1.0 + seen)).mean())


def _bound(
    way: float, value: float, spread: float, of_outcome: Floats, of_on: Floats
) -> float | None:
    """Where the test begins to reject, going `way` from the difference seen."""
    inside, outside = 0.0, _FAR * max(spread, 1e-9)
    if _p(value + way * outside, value, of_outcome, of_on) > _SURE_P:
        return None
    for _ in range(60):  # halves a hundred spreads down to rounding
        middle = 0.5 * (inside + outside)
        is_inside = _p(value + way * middle, value, of_outcome, of_on) > _SURE_P
        inside, outside = (middle, outside) if is_inside else (inside, middle)
    return value + way * outside


def _words(
    value: float, low: float | None, high: float | None, unit: str, *, fewer_is_better: bool
) -> str:
    ends = [f"{end:.2g}" if end is not None else "any" for end in (low, high)]
    between = f"between {ends[0]} and {ends[1]}" + f" {unit}" * bool(unit)
    is_shown = (low is not None and low > 0.0) or (high is not None and high < 0.0)
    if not is_shown:
        return f"No difference is shown: on days with cues the change lies {between}."
    helps = (value < 0.0) == fewer_is_better
    so = "Cues help you" if helps else "Cues do not help you: they do the opposite"
    return f"{so}. On days with them the change lies {between}."
