"""The heart of a session: a heart-rate sensor's own beats where it told them, else the chest's knock.

notifications ──► `analysis.beats` ───────────────┐ preferred
100 Hz grid ──► `analysis.heart`, `Follower` ─────┴──► rate of each epoch
└─► every 20 s, from 100 Hz on: `analysis.heart_beats` ──► RMSSD
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis import heart, heart_beats
from analysis.beats import Beats
from analysis.grid import Rows
from analysis.intake import FAST_LAG_S, HEART_HZ, Intake
from analysis.results import FloatArray
from analysis.variability import Differences

_UNMASKED = heart.HeartSettings(least_confidence=0.0)  # the follower decides


class HeartMaker:
    """Makes the heart rate of runs of epochs, and keeps what RMSSD needs."""

    def __init__(self, chest: Intake | None, beats: Beats) -> None:
        self._chest = chest
        self._beats = beats
        self._follower = heart.Follower()
        self._knock_ms: list[tuple[float, FloatArray]] = []
        self._n_known = self._n_from_beats = 0
        self._seconds = Rows(heart.ENVELOPE_HZ + 2, heart.N_SECONDS)  # of `heart.knocks`

    def rates(self, shows: NDArray[np.bool_], first: int) -> FloatArray:
        """Rate and confidence, (n, 2), of the epochs from `first` on.

        `shows` says in which of them the chest sensor can be believed.
        """
        rates = self._knocks(shows, first)
        if self._beats:
            told = np.array([self._beats.rate(first + 1.0 + i) for i in range(len(shows))])
            is_told = np.isfinite(told[:, :1])
            rates = np.where(is_told, told, rates)
            self._n_from_beats += int(is_told.sum())
        self._n_known += int(np.isfinite(rates[:, 0]).sum())
        return rates

    def differences(self) -> Differences:
        """From beat interval to beat interval: of a heart-rate sensor, else of the chest's motion."""
        told = self._beats.differences()
        parts = [(t_s, ms) for t_s, ms in self._knock_ms if len(ms)]
        if len(told) or not parts:
            return told
        t_s = np.concatenate([np.full(len(ms), t) for t, ms in parts])
        each_s = np.concatenate([np.full(len(ms), heart.N_SECONDS / len(ms)) for _, ms in parts])
        return Differences(t_s, np.concatenate([ms for _, ms in parts]), each_s)

    def notes(self) -> list[str]:
        """Where the numbers of the heart are from."""
        if not self._n_from_beats:
            if any(len(ms) for _, ms in self._knock_ms):
                return [
                    "Heart rate and RMSSD are from the chest's motion, not from a heart sensor."
                ]
            return []
        n_moved = self._n_known - self._n_from_beats
        rest = f"; for {n_moved} s without them it is from chest motion" if n_moved else ""
        said = f"Heart rate is from the heart-rate sensor's own beats for {self._n_from_beats} s{rest}."
        if len(self._beats.differences()):
            said += " RMSSD is from them."
        return [said]

    def _knocks(self, shows: NDArray[np.bool_], first: int) -> FloatArray:
        """Rate and confidence from the chest's motion."""
        chest, rates = self._chest, np.full((len(shows), 2), np.nan)
        if chest is None or chest.heart is None:
            return rates
        end = round((first + 1 - FAST_LAG_S) * HEART_HZ)
        span = round(heart.KNOCKS_S * HEART_HZ)
        around = chest.heart.windows(end, len(shows), HEART_HZ, span)
        self._seconds.append(heart.knocks(around, HEART_HZ))
        seconds = self._seconds.windows(first + 1, len(shows), 1, heart.N_SECONDS).copy()
        self._seconds.forget_before(first + len(shows) - heart.N_SECONDS)
        ends = np.arange(first, first + len(shows))
        n = chest.changes.all()[:, 0]
        starts = ends - heart.N_SECONDS
        heard = n[ends] - np.where(starts >= 0, n[np.maximum(starts, 0)], 0.0)
        can = shows & (starts >= 0) & (heard >= heart.LEAST_FS_HZ * heart.N_SECONDS)
        if not can.any():
            return rates
        seen = heart.rhythm(seconds, _UNMASKED)
        seen = replace(seen, confidence=np.where(can, seen.confidence, np.nan))
        end_s: FloatArray = ends + np.float64(1.0)
        rates[:, 0], rates[:, 1] = self._follower.believed(seen, end_s), seen.confidence
        fine = heard >= heart_beats.LEAST_FS_HZ * heart.N_SECONDS
        rows = np.flatnonzero(fine & np.isfinite(rates[:, 0]) & (end_s % heart.N_SECONDS == 0))
        length = heart.N_SECONDS * HEART_HZ
        windows = chest.heart.windows(end, len(shows), HEART_HZ, length)
        found = heart_beats.window_beats(windows[rows], HEART_HZ, rates[rows, 0])
        for row, beats in zip(rows, found, strict=True):
            change_ms = heart_beats.successive_differences_ms(beats)
            self._knock_ms.append((float(end_s[row]), change_ms))
        return rates
