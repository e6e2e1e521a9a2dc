"""How fast a segment turns, sample by sample, as a stream: what movements are cut from.

    gyroscope:  smoothed rate, less what it reads while gravity stands still   ┐
    or gravity: how fast the smoothed direction of up turns                    ┘──► rate, up, shake

Each row is final once `lag` further rows are known.  It depends on a bounded number of rows before
it and on a zero that is learned from the calm seconds before it, never on what comes later, so the
stream may be cut anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.arrays import G_M_S2, cross, known_median, norm
from analysis.results import FloatArray

_ZERO_BLOCKS = 31
"""Seconds whose calm ones tell the gyroscope's zero and the length of gravity: a zero drifts with
temperature, over minutes; an odd number has a middle."""


@dataclass(frozen=True, slots=True)
class TurningSettings:
    """Smoothing and calm; every default with its source."""

    fs_hz: float = 50.0  # smoothness looks at nothing above 10 Hz
    gyr_cut_hz: float = 6.0  # limbs; as movement laboratories filter before they differentiate
    acc_cut_hz: float = 2.0  # the angle is differentiated: 10 mg of noise must not look like speed
    calm_below_deg_s: float = 4.0  # standstill for a human eye


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """Rows of a stretch without gaps.

    Attributes
    ----------
    rate_deg_s : (n, 3) array
        Rotation; without a gyroscope the part of it that turns gravity.
    up : (n, 3) array
        Where gravity's reaction points.
    shake : (n,) array
        How far the acceleration's size is from its usual size, as a share.
    """

    rate_deg_s: FloatArray
    up: FloatArray
    shake: FloatArray

    def __len__(self) -> int:
        return len(self.shake)

    def __getitem__(self, rows: slice) -> Turned:
        return Turned(self.rate_deg_s[rows], self.up[rows], self.shake[rows])

    @classmethod
    def empty(cls) -> Turned:
        """No rows."""
        return cls(np.empty((0, 3)), np.empty((0, 3)), np.empty(0))

    def followed_by(self, other: Turned) -> Turned:
        """These rows and then the others."""
        return Turned(
            np.concatenate([self.rate_deg_s, other.rate_deg_s]),
            np.concatenate([self.up, other.up]),
            np.concatenate([self.shake, other.shake]),
        )


class TurningRate:
    """One stretch without gaps, fed in order; answers as rows become final.

    Parameters
    ----------
    has_gyr : bool
        Whether the rows' last three columns are an angular rate.
    settings : TurningSettings, optional

    Examples
    --------
    >>> level = np.tile([0.0, 0.0, 9.81, 0.0, 0.0, 0.0], (200, 1))
    >>> stretch = TurningRate(has_gyr=False)
    >>> len(stretch.feed(level)), len(stretch.finish())
    (150, 50)
    """

    def __init__(self, *, has_gyr: bool, settings: TurningSettings | None = None) -> None:
        s = settings or TurningSettings()
        self._s, self._has_gyr = s, has_gyr
        self._acc = _Smooth(s.acc_cut_hz, s.fs_hz)
        self._gyr = _Smooth(s.gyr_cut_hz, s.fs_hz)
        self._block = round(s.fs_hz)
        self._values = np.empty((0, 3))  # smoothed acceleration that has not been answered yet
        self._rates = np.empty((0, 3))
        self._up_before: FloatArray | None = None
        self._calm = np.full((_ZERO_BLOCKS - 1, 4), np.nan)
        self._zero = np.array([0.0, 0.0, 0.0, G_M_S2])

    def feed(self, rows: FloatArray) -> Turned:
        """Take rows of acceleration and rate, (n, 6), and answer whole seconds that are final."""
        return self._answer(rows, is_over=False)

    def finish(self) -> Turned:
        """The stretch is over: answer what is left."""
        return self._answer(np.empty((0, 6)), is_over=True)

    def _answer(self, rows: FloatArray, *, is_over: bool) -> Turned:
        self._values = np.concatenate([self._values, self._acc.feed(rows[:, :3], is_over=is_over)])
        if self._has_gyr:
            rates = np.degrees(self._gyr.feed(rows[:, 3:], is_over=is_over))
            self._rates = np.concatenate([self._rates, rates])
        # a direction is differentiated from the row before to the row after
        n_due = len(self._values) if is_over else max(len(self._values) - 1, 0)
        if self._has_gyr:
            n_due = min(n_due, len(self._rates))
        if not is_over:
            n_due -= n_due % self._block
        if n_due == 0:
            return Turned.empty()
        size = norm(self._values)
        up = self._values / np.where(size > 0, size, 1.0)[:, None]
        before = up[:1] if self._up_before is None else self._up_before
        around = np.concatenate(
            [before, up[: n_due + 1], up[n_due - 1 : n_due][: n_due >= len(up)]]
        )
        steps = np.full(n_due, 2.0)
        steps[0] -= self._up_before is None
        steps[-1] -= n_due >= len(up)
        change = (around[2:] - around[:-2]) / np.maximum(steps, 1.0)[:, None]
        tilting = np.degrees(cross(up[:n_due], change)) * self._s.fs_hz
        rate = self._rates[:n_due] if self._has_gyr else tilting
        zero = self._zeros(np.column_stack([rate, size[:n_due]]), norm(tilting))
        self._up_before = up[n_due - 1 : n_due]
        self._values, self._rates = self._values[n_due:], self._rates[n_due:]
        shake = np.abs(size[:n_due] / np.maximum(zero[:, 3], 1e-9) - 1)
        return Turned(rate - zero[:, :3] if self._has_gyr else rate, up[:n_due], shake)

    def _zeros(self, values: FloatArray, tilting_deg_s: FloatArray) -> FloatArray:
        """Usual values at each row: the middle of the calm seconds up to its own."""
        n = len(values) // self._block
        if n == 0:
            return np.broadcast_to(self._zero, (len(values), 4))
        whole = n * self._block
        calm = (tilting_deg_s[:whole].reshape(n, self._block) < self._s.calm_below_deg_s).all(
            axis=1
        )
        means = values[:whole].reshape(n, self._block, 4).mean(axis=1)
        means[~calm] = np.nan
        history = np.concatenate([self._calm, means])
        windows = np.lib.stride_tricks.sliding_window_view(history, _ZERO_BLOCKS, axis=0)
        zeros = np.concatenate([self._zero[None], known_median(windows)])
        last_known = np.maximum.accumulate(np.where(np.isfinite(zeros[:, 3]), np.arange(n + 1), 0))
        zeros = zeros[last_known]
        self._calm, self._zero = history[n:], zeros[-1]
        rest = np.broadcast_to(zeros[-1], (len(values) - whole, 4))
        return np.concatenate([np.repeat(zeros[1:], self._block, axis=0), rest])


class _Smooth:
    """Gaussian low-pass without delay, half power at `cut_hz`; ends lean on what is there."""

    def __init__(self, cut_hz: float, fs_hz: float) -> None:
        sigma = np.sqrt(np.log(2)) / (2 * np.pi * cut_hz) * fs_hz
        self._reach = int(np.ceil(4 * sigma))
        kernel = np.exp(-0.5 * (np.arange(-self._reach, self._reach + 1) / sigma) ** 2)
        self._kernel = kernel / kernel.sum()
        # share of the kernel that finds rows, by how many there are on one side
        self._share = np.cumsum(self._kernel)[self._reach :]
        self._rows = np.zeros((self._reach, 3))
        self._n_before = 0  # rows answered

    def feed(self, rows: FloatArray, *, is_over: bool) -> FloatArray:
        """Rows that are final now, in order."""
        r = self._reach
        last = np.zeros((r, 3)) if is_over else np.empty((0, 3))
        held = np.concatenate([self._rows, rows, last])
        n = max(len(held) - 2 * r, 0)
        if n == 0:
            self._rows = held
            return np.empty((0, 3))
        out = np.stack([np.convolve(c, self._kernel, "valid") for c in held.T], axis=1)
        weight = np.ones(n)
        at = np.arange(self._n_before, min(self._n_before + n, r))
        weight[: len(at)] -= 1.0 - self._share[at]
        if is_over:
            at = np.arange(min(n, r))
            weight[n - len(at) :] -= 1.0 - self._share[at[::-1]]
        self._rows, self._n_before = held[n:], self._n_before + n
        return np.asarray(out / weight[:, None])
