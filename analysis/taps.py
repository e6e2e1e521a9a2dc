"""Two quick taps of a finger on a sensor: how a wearer says "this one", or "not now".

    level   |a - baseline|         a short knock: above `loud`, past within `knock_s`, peak beyond
              _      _             `peak`
    _________| |____| |_________   quiet before, quiet between, quiet after, same baseline
     quiet    1      2    quiet    ------------------------------------> a double tap

A chip's own tap engine works alike (threshold, duration, latency, window).  It does not ask for
quiet around the pair, nor for gravity to be where it was, which is what tells a finger from a body:
a fidget, a cough and sitting up are long, and a foot that is put down leaves the leg elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from analysis.arrays import checked_times, checked_triaxial


@dataclass(frozen=True, slots=True)
class TapSettings:
    """Limits of `DoubleTaps`; house values, chosen on the simulated taps of its tests."""

    loud_m_s2: float = 0.8  # a still segment breathes and beats below 0.5
    peak_m_s2: float = 1.5  # what a 10 Hz filter leaves of a soft tap (8 m/s2 for 15 ms)
    knock_s: float = 0.12  # a tap is past in 50 ms, 100 behind a 20 Hz filter; a cough takes 200
    settle_s: float = 0.04  # one sample at 25 Hz: shorter pauses are the ringing of one tap
    least_apart_s: float = 0.12  # nobody taps faster than eight times a second
    most_apart_s: float = 0.5
    quiet_s: float = 0.5  # before and after; a third knock within it makes it no double tap
    alike: float = 8.0  # the harder of the two by the softer, at most: 25 Hz sees taps unevenly
    baseline_s: float = 0.3  # the mean that "away" is counted from follows breathing
    longest_gap_s: float = 0.1  # beyond it a knock may have been missed: begin again


class DoubleTaps:
    """Double taps on one sensor, found while its samples come in.

    Parameters
    ----------
    settings : TapSettings, optional

    Notes
    -----
    Only lengths of vectors are used, so the sensor may sit any way round.  Limits, by simulation
    (tests/analysis/test_taps.py; taps of 8 to 30 m/s2 for 15 ms, each with some ringing): nearly
    all are found from 100 Hz on, and down to 25 Hz by sensors that filter at less than half their
    rate, as most chips do.  A sensor that does not sees a knock in one sample or none: of its
    double taps about three in four are found at 50 Hz, one in four at 25.  In those a third tap
    can be missed, too, and three pass for two.  One bout of coughs in a hundred passes at 25 Hz,
    none above.  Two knocks of anything else, half a second apart, are a double tap.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0.0, 4.0, 0.01)
    >>> acc = np.tile([0.0, 0.0, 9.81], (len(t), 1))
    >>> acc[[200, 201, 225, 226], 0] = 12.0
    >>> taps = DoubleTaps()
    >>> taps.feed(t[:210], acc[:210]), taps.feed(t[210:], acc[210:])
    ([], [2.25])
    """

    def __init__(self, settings: TapSettings | None = None) -> None:
        self._settings = settings or TapSettings()
        self._begin_again()

    def feed(self, t_s: ArrayLike, acc_m_s2: ArrayLike) -> list[float]:
        """Take samples; returns the times of the double taps that became certain.

        Parameters
        ----------
        t_s : (n,) array
            Session seconds, rising.
        acc_m_s2 : (n, 3) array
            Specific force in the sensor's axes; a NaN row is a sample that is not known.

        Returns
        -------
        list of float
            When the second knock of each began.  It is told `quiet_s` later, when no third came.

        Raises
        ------
        InputError
            For times that are not finite, or arrays of the wrong shape.
        """
        times = checked_times(t_s)
        acc = checked_triaxial(acc_m_s2, "acc_m_s2", len(times))
        found: list[float] = []
        for t, (x, y, z) in zip(times.tolist(), acc.tolist(), strict=True):
            told_s = self._take(t, x, y, z)
            if told_s is not None:
                found.append(told_s)
        return found

    def _begin_again(self) -> None:
        self._last_s = math.nan
        self._baseline = (math.nan, math.nan, math.nan)
        self._restless()
        self._quiet_from_s = math.inf

    def _restless(self) -> None:
        """Something else than a tap goes on: wait until it is quiet."""
        self._is_ready = False
        self._quiet_from_s = math.inf
        self._knocks: list[_Knock] = []
        self._knock: _Knock | None = None

    def _take(self, t: float, x: float, y: float, z: float) -> float | None:
        if math.isnan(x):
            return None  # a hole; too long a one begins again below
        since_s = t - self._last_s
        if not 0.0 < since_s <= self._settings.longest_gap_s:
            if since_s == 0.0:
                return None  # told twice
            self._begin_again()
            self._last_s, self._baseline = t, (x, y, z)
            return None
        self._last_s = t
        bx, by, bz = self._baseline
        away = math.sqrt((x - bx) ** 2 + (y - by) ** 2 + (z - bz) ** 2)
        is_loud = away > self._settings.loud_m_s2
        if self._is_ready:
            told_s = self._listen(t, away, is_loud=is_loud)
        else:
            told_s = None
            self._wait(t, is_loud=is_loud)
        if not self._knocks and self._knock is None:
            part = 1.0 - math.exp(-since_s / self._settings.baseline_s)
            self._baseline = (bx + part * (x - bx), by + part * (y - by), bz + part * (z - bz))
        return told_s

    def _wait(self, t: float, *, is_loud: bool) -> None:
        self._quiet_from_s = math.inf if is_loud else min(self._quiet_from_s, t)
        self._is_ready = t - self._quiet_from_s >= self._settings.quiet_s

    def _listen(self, t: float, away: float, *, is_loud: bool) -> float | None:
        s = self._settings
        if is_loud:
            knock = self._knock = self._knock or _Knock(t)
            knock.last_s, knock.peak_m_s2 = t, max(knock.peak_m_s2, away)
            if t - knock.start_s > s.knock_s:
                self._restless()
            return None
        if self._knock is not None and t - self._knock.last_s >= s.settle_s:
            if self._knock.peak_m_s2 < s.peak_m_s2:
                self._restless()
                return None
            self._knocks.append(self._knock)
            self._knock = None
        if self._knock is None and self._knocks and t - self._knocks[-1].last_s >= s.quiet_s:
            knocks, self._knocks = self._knocks, []
            return knocks[1].start_s if self._is_pair(knocks) else None
        return None

    def _is_pair(self, knocks: list[_Knock]) -> bool:
        if len(knocks) != 2:
            return False
        s = self._settings
        first, second = knocks
        softer, harder = sorted((first.peak_m_s2, second.peak_m_s2))
        apart_s = second.start_s - first.start_s
        return s.least_apart_s <= apart_s <= s.most_apart_s and harder <= s.alike * softer


@dataclass(slots=True)
class _Knock:
    """One short burst: when it began, when it was last loud, how hard it was."""

    start_s: float
    last_s: float = math.nan
    peak_m_s2: float = 0.0
