"""Whether a sensor is worn, or lies on a table.

    worn     up wanders by more than the sensor's own noise: breath, pulse, sway    ratio 1.1 to 30
    table    the wander of a minute and a half is that noise and nothing else       ratio 0.5 to 1.0

The noise is measured beside the wander, from the differences of neighbouring slow bins, so no
sensor's quality need be known.  A worn sensor that is moved is worn; a sensor too coarse to show
its noise, or not heard, is unknown, which is not the same as off.  Taking a sensor off is movement,
so it is known `WINDOW_S` later, never before.  Nothing is withheld on its account: it is evidence for
the session's clock and for the wearer, and a plaster leg would be as still.

Measured: MPU6050 on a table 0.5 to 1.1 (1.6 while it warmed up: not noticed), simulated noise 0.7 to
1.0; worn, the least over 90 s: chests of 25 people lying and sitting 3.0, thigh and shank of one who
sat 2.0, simulated legs 1.4 and chests 1.1 at 25 Hz with 3 mg of noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import known_mean, norm, unit
from analysis.grid import BIN_HZ, Rows
from analysis.intake import Intake
from analysis.results import FloatArray

WINDOW_S = 90
LEAST_KNOWN = 0.8
WORN_RATIO = 1.04
ALIVE_SHARE = 0.2
"""Share of the window with a breathing or heart rate from which a chest is worn whatever its wander:
noise alone shows one in less than 2 % of the seconds, a wearer in 70 to 100 %."""

LEAST_TOLD_S = 60
"""A shorter stretch is not told: a leg that lies like a stone falls below the limit for some seconds,
and a sensor on a table does not come back."""

LEAST_NOISE_DEG = 0.002
"""A second's mean of the best small sensors is noisier (0.3 mg a sample at 100 Hz)."""

LEAST_RESOLVED = 0.5
"""Share of samples that change by clearly more than one step; of a coarser sensor neither noise nor
wander is seen (as in `analysis.quality.is_frozen`)."""


@dataclass(slots=True, eq=False)
class WearWatch:
    """Whether one sensor is worn, second by second.

    Attributes
    ----------
    n_off : int
        Seconds in which it was not, in stretches of `LEAST_TOLD_S` and more.
    off_since_s : float or None
        When the present stretch off the body was noticed; None while it is worn or unknown.
    """

    intake: Intake
    n_off: int = 0
    off_since_s: float | None = None
    _run_s: int = 0
    _seconds: Rows = field(default_factory=lambda: Rows(5, WINDOW_S))
    _worn: Rows = field(default_factory=lambda: Rows(1, 0))

    def update(self, first: int, n: int, is_alive: NDArray[np.bool_] | None = None) -> FloatArray:
        """State at the end of `n` epochs from `first`: 1 worn, 0 off the body, NaN unknown.

        Each epoch is asked once and in order; how many at once does not matter.  `is_alive` (n,)
        tells where a chest showed breath or beat.
        """
        acc = self.intake.bins.windows((first + 1) * BIN_HZ, n, BIN_HZ, BIN_HZ)[:, :, :3]
        steps = np.diff(acc, axis=1)
        # the variance of a second's mean, were the bins independent
        noise = known_mean((steps**2).sum(axis=2)) / (2.0 * BIN_HZ)
        mean = known_mean(np.swapaxes(acc, 1, 2))
        alive = np.zeros(n) if is_alive is None else is_alive.astype(float)
        noise = noise * _inverse(norm(mean) ** 2)
        self._seconds.append(np.column_stack([unit(mean), noise, alive]))
        windows = self._seconds.windows(first + 1, n, 1, WINDOW_S)
        ratio = _wander_ratio(windows[:, :, :4])
        lives = np.nan_to_num(windows[:, :, 4]).mean(axis=1) >= ALIVE_SHARE
        state = np.where((ratio >= WORN_RATIO) | lives, 1.0, 0.0)
        known = lives | (np.isfinite(ratio) & self._resolves(first, n))
        state = np.where(known, state, np.nan)
        self._seconds.forget_before(first + n - WINDOW_S)
        self._note(first, state)
        return state

    @property
    def worn(self) -> bool | None:
        """Whether it is worn now; None while that is not known."""
        state = self._worn.all()[-1:, 0]
        return None if not len(state) or np.isnan(state[0]) else bool(state[0])

    def all(self) -> FloatArray:
        """State of every epoch so far."""
        return self._worn.all()[:, 0]

    def problem(self) -> str:
        """What to say; empty when it was worn as far as is known."""
        if not self.n_off:
            return ""
        return (
            f"lay stiller than anything worn for {self.n_off} s, without breath, pulse or sway: off"
            " the body, on a table? Its numbers say nothing of the wearer then"
        )

    def _resolves(self, first: int, n: int) -> NDArray[np.bool_]:
        changes = self.intake.changes.all().astype(float)
        ends = np.arange(first, first + n)
        starts = np.maximum(ends - WINDOW_S, 0)
        heard, _, clear = (changes[ends] - changes[starts]).T
        return np.asarray(clear >= LEAST_RESOLVED * np.maximum(heard, 1.0))

    def _note(self, first: int, state: FloatArray) -> None:
        self._worn.append(state[:, None])
        for one in state.tolist():
            self._run_s = self._run_s + 1 if one == 0.0 else 0
            if self._run_s >= LEAST_TOLD_S:
                self.n_off += LEAST_TOLD_S if self._run_s == LEAST_TOLD_S else 1
        if state[-1] != 0.0:  # NaN is not
            self.off_since_s = None
            return
        before = np.flatnonzero(state != 0.0)
        if len(before):
            self.off_since_s = float(first + before[-1] + 2)
        elif self.off_since_s is None:
            self.off_since_s = float(first + 1)


def _inverse(v: FloatArray) -> FloatArray:
    return 1.0 / np.where(v > 0, v, np.nan)


def _wander_ratio(windows: FloatArray) -> FloatArray:
    """RMS wander of up over each window (k, n, 4) by what noise alone would make; NaN unknown."""
    known = np.asarray(np.isfinite(windows @ np.ones(4)))  # a sixth of `all(axis=2)`
    n = known.sum(axis=1)
    rows = np.where(known[:, :, None], windows, 0.0)
    count = np.maximum(n, 1)[:, None]
    mean = rows[:, :, :3].sum(axis=1) / count
    off = np.where(known[:, :, None], rows[:, :, :3] - mean[:, None], 0.0)
    wander = np.sqrt((off**2).sum(axis=(1, 2)) / count[:, 0])
    noise = np.sqrt(rows[:, :, 3].sum(axis=1) / count[:, 0])
    enough = (n >= LEAST_KNOWN * windows.shape[1]) & (noise > np.radians(LEAST_NOISE_DEG))
    return np.where(enough, wander / np.where(enough, noise, 1.0), np.nan)
