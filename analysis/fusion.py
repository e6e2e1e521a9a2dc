r"""Where up is while the sensor moves: gyroscope and accelerometer together, without a past.

    acceleration of the last 10 s, each carried along by the gyroscope to now
         a(t-9.9)  ...  a(t-0.2)  a(t-0.1)  a(t)
            \___ turned by what the gyroscope saw since ___/
         weighted mean = gravity: pushes to and fro cancel, turns do not smear

This is the idea of VQF (Laidig and Seel 2023, Information Fusion 91:187): in a frame that the
gyroscope keeps from turning, gravity is what is left after a low-pass.  The weights are those of
VQF's own filter (second-order Butterworth, time constant 3 s).  Changed:

- The filter's memory ends after 10 s, so that every answer depends on its own window alone: cut the
  stream anywhere and the numbers are the same to the last bit, and after a gap nothing is stitched.
- No correction is fed back, and the gyroscope's offset is the mean of the seconds in which the
  sensor lay still; until one was seen there is no answer, and the accelerometer alone must do.
- A weight e^(-x) sin x is the imaginary part of a complex power, so the sums of whole seconds are
  made once and joined; a session costs a tenth of a filter that goes sample by sample in numpy.

Heading is neither asked nor answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import cross, norm, unit
from analysis.gravity import LENGTH_TOLERANCE, angle_deg
from analysis.grid import BIN_HZ, Rows
from analysis.intake import FAST_HZ, FAST_LAG_S, Intake
from analysis.results import FloatArray

TAU_S = 3.0
"""Time constant of the mean, VQF's default: shorter lets pushes through, longer asks more of the
gyroscope."""

MEMORY_S = 10
"""The weights fall to zero after pi time constants, 9.4 s."""

STILL_SPREAD_RAD_S = float(np.radians(0.7))
STILL_TURN_DEG = 0.2
LARGEST_OFFSET_RAD_S = float(np.radians(10.0))
"""A second without movement: rates that stay within 0.7 deg/s of their mean, up that turns by less than 0.2 deg (a
knee that drifts by 13 deg in 20 s turns faster), and a mean rate that can be an offset (4.5 deg/s
was measured on an MPU6050; more is a slow turn about the vertical)."""

OFFSET_SECONDS = 60
"""So many still seconds make the offset: their noise is gone, and a warming sensor is followed."""

DISAGREES_DEG = 3.0
"""While the accelerometer is still it is right.  A gyroscope that says otherwise has other axes,
other units or an offset that jumped."""

TOO_OFTEN = 10
"""After so many such seconds the gyroscope is not asked any more in this session."""

_CELLS = FAST_HZ // BIN_HZ
_LAST_BINS = round(FAST_LAG_S * BIN_HZ)  # between the end of the fast grid and that of the epoch
_POWER = np.exp((-1.0 + 1.0j) / (TAU_S * BIN_HZ))  # weight of a bin relative to the next younger


@dataclass(slots=True, eq=False)
class UpTracker:
    """Up at the end of each epoch, from the grids of one sensor with a gyroscope.

    Attributes
    ----------
    n_fused : int
        Epochs answered so far.
    n_disagreeing : int
        Epochs in which the gyroscope contradicted a still accelerometer.
    """

    intake: Intake
    n_fused: int = 0
    n_disagreeing: int = 0
    _first_offset: FloatArray = field(default_factory=lambda: np.full(3, np.nan))
    _still: FloatArray = field(
        default_factory=lambda: np.zeros((0, 3))
    )  # offsets seen, newest last
    _seconds: Rows = field(default_factory=lambda: Rows(16, MEMORY_S))

    def update(self, first: int, n: int, rest_m_s2: FloatArray) -> FloatArray:
        """Up at the end of `n` epochs from `first`, (n, 3); NaN where the gyroscope does not help.

        Parameters
        ----------
        first, n : int
            Epochs, each of them asked once and in order.
        rest_m_s2 : (n,) array
            |a| at rest, NaN where the sensor cannot be believed.
        """
        if not self.intake.has_gyro:
            return np.full((n, 3), np.nan)
        if (n_missed := first - len(self._seconds)) > 0:
            self._seconds.append(np.full((n_missed, 16), np.nan))
        bins = self.intake.bins.windows((first + 1) * BIN_HZ, n, BIN_HZ, BIN_HZ)
        offset, is_still = self._offsets(bins)
        fast_end = round((first + 1 - FAST_LAG_S) * FAST_HZ)
        cells = self.intake.fast.windows(fast_end, n, FAST_HZ, FAST_HZ)
        self._seconds.append(_second_sums(cells[:, :, :3], cells[:, :, 3:] - offset[:, None]))
        windows = self._seconds.windows(first + 1, n, 1, MEMORY_S).copy()
        self._seconds.forget_before(first + n - MEMORY_S)
        span = (first + 1) * BIN_HZ, n, BIN_HZ, _LAST_BINS + 1
        told = (
            self.intake.counts.windows(*span)[:, :, 0],
            self.intake.late_s.windows(*span)[:, :, 0],
        )
        last_rates = _turning_to_end(bins[:, -_LAST_BINS - 1 :, 3:] - offset[:, None], *told)
        sums, weight = _joined(windows, bins[:, -_LAST_BINS:, :3], last_rates)
        length = norm(sums) / weight
        good = np.abs(length - rest_m_s2) <= LENGTH_TOLERANCE * rest_m_s2
        up = np.where(good[:, None], unit(sums), np.nan)
        is_nonsense = ~good & np.isfinite(length - rest_m_s2)
        is_off = angle_deg(up, bins[:, BIN_HZ // 2 :, :3].mean(axis=1)) > DISAGREES_DEG
        return self._believed(up, is_still & (is_off | is_nonsense))

    def begin(self, still_rate_rad_s: FloatArray) -> None:
        """Take the mean rate of a held pose as the offset, if no still second was seen yet."""
        if norm(still_rate_rad_s) < LARGEST_OFFSET_RAD_S:  # NaN is not
            self._first_offset = still_rate_rad_s

    def problem(self) -> str:
        """What to say of a gyroscope that contradicts gravity; empty when it does not."""
        if self.n_disagreeing < TOO_OFTEN:
            return ""
        return (
            f"its gyroscope contradicted its accelerometer while it lay still ({TOO_OFTEN} times):"
            " other axes, other units, or broken; angles are from the accelerometer alone"
        )

    def _offsets(self, bins: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The gyroscope's offset as known at the end of each epoch, NaN before it is."""
        acc, gyr = bins[:, :, :3], bins[:, :, 3:]
        mean = gyr.mean(axis=1)  # NaN in any bin: not a second to learn from
        half = BIN_HZ // 2
        before, after = unit(acc[:, :half].mean(axis=1)), unit(acc[:, half:].mean(axis=1))
        turn = angle_deg(before, after)
        is_still = (
            (norm(gyr - mean[:, None]).max(axis=1) < STILL_SPREAD_RAD_S)
            & (turn < STILL_TURN_DEG)
            & (norm(mean) < LARGEST_OFFSET_RAD_S)
        )
        # a leg that lies still may yet drift, and gravity says how fast
        drift = cross(after, before) * (BIN_HZ / half)
        seen = np.concatenate([self._still, (mean - drift)[is_still]])
        n_seen = len(self._still) + np.cumsum(is_still)
        used = np.minimum(n_seen, OFFSET_SECONDS)
        # each mean is summed on its own: a running sum would round differently for other chunks
        rows = n_seen[:, None] - 1 - np.arange(OFFSET_SECONDS)
        taken = np.where(
            (np.arange(OFFSET_SECONDS) < used[:, None])[:, :, None],
            seen[np.maximum(rows, 0)] if len(seen) else 0.0,
            0.0,
        )
        mean_of_used = taken.sum(axis=1) / np.maximum(used, 1)[:, None]
        offset = np.where(used[:, None] > 0, mean_of_used, self._first_offset)
        self._still = seen[-OFFSET_SECONDS:]
        return offset, is_still

    def _believed(self, up: FloatArray, disagrees: NDArray[np.bool_]) -> FloatArray:
        """Up where nothing speaks against it."""
        so_far = self.n_disagreeing + np.cumsum(disagrees)
        self.n_disagreeing = int(so_far[-1])
        up = np.where((disagrees | (so_far >= TOO_OFTEN))[:, None], np.nan, up)
        self.n_fused += int(np.isfinite(up[:, 0]).sum())
        return up


def ups_at(acc_m_s2: FloatArray, gyr_rad_s: FloatArray, every: int = 1) -> FloatArray:
    """Up at the end of every cell of a fast grid, for benchmarks and notebooks.

    Parameters
    ----------
    acc_m_s2, gyr_rad_s : (n, 3) arrays
        On a grid of `FAST_HZ`, the gyroscope's offset taken off.
    every : int
        Answer only for every so many cells.

    Returns
    -------
    (n // every, 3) array
        Of cells `every` - 1, 2 `every` - 1, ...; NaN in the first second, and after a gap.

    Examples
    --------
    A sensor that turns by 90 deg/s about its x axis for a second, after ten at rest:

    >>> rate = np.zeros((550, 3))
    >>> rate[500:, 0] = np.pi / 2
    >>> angle = np.cumsum(rate[:, 0]) / 50 - rate[:, 0] / 100
    >>> acc = 9.8 * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    >>> ups_at(acc, rate)[-1].round(3) + 0.0
    array([0., 1., 0.])
    """
    n = len(acc_m_s2)
    before = (MEMORY_S + 1) * FAST_HZ
    rows = np.full((n + before, 6), np.nan)
    rows[before:, :3], rows[before:, 3:] = acc_m_s2, gyr_rad_s
    out = np.full((n // every, 3), np.nan)
    nothing = np.empty((0, 3))
    ends = before + np.arange(every, n + 1, every)
    for phase in range(FAST_HZ):  # ends that are whole seconds apart share their sums
        of_phase = np.flatnonzero(ends % FAST_HZ == phase)
        if not len(of_phase):
            continue
        start = phase or FAST_HZ
        whole = rows[start : start + (len(rows) - start) // FAST_HZ * FAST_HZ]
        cells = whole.reshape(-1, FAST_HZ, 6)
        sums = _second_sums(cells[:, :, :3], cells[:, :, 3:])
        which = (ends[of_phase] - start) // FAST_HZ
        windows = sums[which[:, None] - MEMORY_S + np.arange(MEMORY_S)]
        last = np.broadcast_to(nothing, (len(which), 0, 3))
        joined, weight = _joined(windows, last, last)
        out[of_phase] = np.where(np.isnan(weight)[:, None], np.nan, unit(joined))
    return out


def _second_sums(acc: FloatArray, gyr: FloatArray) -> FloatArray:
    """Each second of fast cells (k, 50, 3) in one row: its turn, its weighted sum, its weight.

    Columns 0-8 the matrix that carries a vector from the second's beginning to its end, 9-14 the
    complex sum of acceleration seen at its end, 15 whether all of it was heard.
    """
    k = len(acc)
    turns = gyr.reshape(k, BIN_HZ, _CELLS, 3) / FAST_HZ
    seen = np.cumsum(turns, axis=2)
    # two small turns one after the other are their sum and half their cross product
    over_bin = seen[:, :, -1] + 0.5 * cross(seen[:, :, :-1], turns[:, :, 1:]).sum(axis=2)
    to_end = 0.5 * turns + seen[:, :, -1:] - seen  # from the middle of each cell to the bin's end
    carried = _turned(acc.reshape(k, BIN_HZ, _CELLS, 3), to_end).mean(axis=2)
    matrix = np.broadcast_to(np.eye(3), (k, 3, 3))
    total = np.zeros((k, 3), dtype=complex)
    for i in range(BIN_HZ):
        step = _matrix(over_bin[:, i])
        matrix = _product(step, matrix)
        total = _times(step, total) * _POWER + carried[:, i]
    out = np.empty((k, 16))
    out[:, :9] = matrix.reshape(k, 9)
    out[:, 9:12], out[:, 12:15] = total.real, total.imag
    out[:, 15] = np.isfinite(out[:, :15]).all(axis=1)
    out[:, :15] = np.where(out[:, 15:] > 0, out[:, :15], 0.0)
    return out


def _joined(
    windows: FloatArray, last_acc: FloatArray, last_gyr: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted sum of acceleration at the end of each window of seconds and what follows it.

    Parameters
    ----------
    windows : (k, MEMORY_S, 16) array
        Rows of `_second_sums`; what is before one that was not heard whole does not count.
    last_acc, last_gyr : (k, m, 3) arrays
        Slow bins after the last second.

    Returns
    -------
    sums : (k, 3) array
    weight : (k,) array
        NaN when the newest second, or what follows it, was not heard whole.
    """
    heard = np.where(np.isnan(windows[:, :, 15]), 0.0, windows[:, :, 15])
    second = _POWER**BIN_HZ
    of_second = np.sum(_POWER ** np.arange(BIN_HZ))  # weights of the bins of one second
    total = np.zeros((len(windows), 3), dtype=complex)
    weight = np.zeros(len(windows), dtype=complex)
    for i in range(windows.shape[1]):
        matrix = windows[:, i, :9].reshape(-1, 3, 3)
        here = windows[:, i, 9:12] + 1j * windows[:, i, 12:15]
        kept = heard[:, i] > 0
        carried = _times(matrix, total) * second + here
        total = np.where(kept[:, None], carried, 0.0)
        weight = np.where(kept, weight * second + of_second, 0.0)
    for i in range(last_acc.shape[1]):
        step = last_gyr[:, i] / BIN_HZ
        total = _times(_matrix(step), total) * _POWER
        total += _turned(last_acc[:, i], 0.5 * step)
        weight = weight * _POWER + 1.0
    # the weight of a bin of age x is e^-x sin x, counted from the bin's middle
    middle = np.sqrt(_POWER)
    known = heard[:, -1] > 0
    total, weight = total * middle, weight * middle
    return total.imag, np.where(known, weight.imag, np.nan)


def _turning_to_end(gyr: FloatArray, counts: FloatArray, late_s: FloatArray) -> FloatArray:
    """Rates of the last slow bins, (k, m + 1, 3) -> (k, m, 3), that turn as far as the sensor did.

    A gyroscope's sample stands for the interval that ends with it (as VQF takes it), so at 40 Hz the
    mean of a bin may be of 25 ms ago, and the fast grid, drawn between the samples, ends half an
    interval early.  `counts` and `late_s` (k, m + 1) are as in `Intake`.
    """
    half_s = 0.5 / (BIN_HZ * np.maximum(counts, 1.0))
    early_s = half_s - late_s  # before the bin's middle
    apart_s = 1.0 / BIN_HZ - np.diff(early_s, axis=1)
    slope = np.diff(gyr, axis=1) / np.maximum(apart_s, 0.5 / BIN_HZ)[:, :, None]
    rates = gyr[:, 1:] + slope * early_s[:, 1:, None]
    rates[:, 0] += gyr[:, 0] * half_s[:, :1] * BIN_HZ
    return rates


def _times(matrix: FloatArray, v: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Matrices (k, 3, 3) times vectors (k, 3), each row rounded alike whatever k is."""
    return np.asarray(sum(matrix[:, :, j] * v[:, j : j + 1] for j in range(3)))


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(sum(a[:, :, j, None] * b[:, j, None, :] for j in range(3)))


def _turned(v: FloatArray, turn: FloatArray) -> FloatArray:
    """Vectors seen from a sensor after it has turned by the small rotation vectors `turn`."""
    first = cross(v, turn)
    return np.asarray(v + first + 0.5 * cross(first, turn))


def _matrix(turn: FloatArray) -> FloatArray:
    """Matrices (k, 3, 3) that show vectors from a sensor after it has turned by `turn` (k, 3)."""
    angle = norm(turn)
    small = angle < 1e-6
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1.0, np.sin(safe) / safe)
    versed = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    x, y, z = turn[:, 0], turn[:, 1], turn[:, 2]
    out = versed[:, None, None] * turn[:, :, None] * turn[:, None, :]
    diagonal = np.cos(angle)
    for i in range(3):
        out[:, i, i] += diagonal
    for i, j, part in ((0, 1, z), (1, 2, x), (2, 0, y)):
        out[:, i, j] += sine * part
        out[:, j, i] -= sine * part
    return np.asarray(out)
