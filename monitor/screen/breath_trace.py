"""The chest's rocking over the last minute, for the eye only: no number is made of it.

    acceleration --means of 0.2 s--> a ring of a minute --slow part out, main axis--> a curve

Numbers come from `analysis.breathing`; what is drawn here is a few seconds younger than they are.
"""

from __future__ import annotations

import numpy as np

from analysis.results import FloatArray

_HZ = 5
_SECONDS = 60
_N = _HZ * _SECONDS
_SLOW = 8 * _HZ  # its running mean is posture; the slowest breaths of people at rest take as long
_SMOOTH = 3


class BreathTrace:
    """Listens to the chest; asked for a curve a few times a second.

    Examples
    --------
    >>> trace = BreathTrace()
    >>> t_s = np.arange(0.0, 40.0, 0.02)
    >>> rocking = 0.05 * np.sin(2 * np.pi * t_s / 5.0)
    >>> trace.feed("chest", t_s, np.stack([rocking, 0 * t_s, 9.8 + 0 * t_s], axis=1))
    >>> curve = trace.curve()
    >>> bool(0.04 < np.nanmax(curve) < 0.07), int(np.isnan(curve).sum())
    (True, 100)
    """

    def __init__(self) -> None:
        self._sums = np.zeros((_N, 3))
        self._counts = np.zeros(_N)
        self._last = -1  # newest bin, counted from session second 0

    def feed(self, placement: str, t_s: FloatArray, acc_m_s2: FloatArray) -> None:
        """Take samples of one sensor; only the chest's are kept."""
        if placement != "chest" or not len(t_s):
            return
        bins = np.floor(t_s * _HZ).astype(np.int64)
        newest = int(bins[-1])
        first_new = max(self._last + 1, newest - _N + 1)
        fresh = np.arange(first_new, newest + 1) % _N
        self._sums[fresh], self._counts[fresh] = 0.0, 0.0
        self._last = max(self._last, newest)
        good = (bins > self._last - _N) & np.isfinite(acc_m_s2).all(axis=1)
        np.add.at(self._sums, bins[good] % _N, acc_m_s2[good])
        np.add.at(self._counts, bins[good] % _N, 1.0)

    def curve(self) -> FloatArray:
        """The last minute, oldest first, in m/s2 along the main axis; NaN where nothing came."""
        order = np.arange(self._last - _N + 1, self._last + 1) % _N
        counts = self._counts[order]
        known = counts > 0
        if known.sum() < _SLOW:
            return np.full(_N, np.nan)
        rows = np.full((_N, 3), np.nan)
        rows[known] = self._sums[order][known] / counts[known, None]
        filled = rows.copy()
        for axis in range(3):  # a hole must not bend its neighbours
            filled[~known, axis] = np.interp(
                np.flatnonzero(~known), np.flatnonzero(known), rows[known, axis]
            )
        away = filled - np.stack([_running(filled[:, k], _SLOW) for k in range(3)], axis=1)
        _, axes = np.linalg.eigh(away[known].T @ away[known])
        main = axes[:, -1] * np.sign(axes[np.argmax(np.abs(axes[:, -1])), -1])
        curve = _running(away @ main, _SMOOTH)
        curve[~known] = np.nan
        return curve


def _running(values: FloatArray, n: int) -> FloatArray:
    """Mean of `n` values around each, of fewer at the ends."""
    ones = np.ones(n)
    return np.convolve(values, ones, "same") / np.convolve(np.ones(len(values)), ones, "same")
