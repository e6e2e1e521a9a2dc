"""One sensor's samples on their way to the grids: nothing is decided before it is final.

    feed: any chunk, any order -> pending -> close(epoch): sorted, counted, binned, kept

Whatever was fed late stays pending until an epoch is closed, and an epoch takes all of its samples
at once, in order of time.  So how the stream was cut cannot matter.
"""

from __future__ import annotations

import numpy as np

from analysis.gravity import rest_length
from analysis.grid import BIN_HZ, HOLE_S, Rows, bin_index, bin_means, cell_means
from analysis.results import FloatArray

FAST_HZ = 50
"""Fidgets end at 4 Hz, heart sounds of the chest wall at about 25 Hz."""

HEART_HZ = 100
"""For the chest alone: the band of heart sounds needs a grid whose own mean does not damp it."""

FAST_LAG_S = HOLE_S
"""The fast grid of an epoch ends this much before the epoch: a line needs its next sample, and
that sample must belong to the epoch to be certain to have come."""

HISTORY_S = 60
"""Longest window that looks back from an epoch."""

BINS_S = 1800
"""How long slow bins are kept for a pose that is only told afterwards, and to judge a mounting: half
an hour holds a whole session of the usual length.  The poses themselves are kept for good."""

REST_SPAN_S = 30
"""|a| at rest is the median of this long: half of it may be movement."""


LEAST_STEP_M_S2 = 1e-4
"""0.01 mg: below is rounding of the arithmetic, no sensor steps so finely."""

_CLOSED_AT_ONCE = 60
"""Epochs whose samples, and all that is made of them, fit into a processor's own memory."""

CLEAR_STEPS = 1.5
"""A change by two steps or more between two samples is noise that the sensor resolves; one step to
and fro is all that a coarse sensor shows of a value near its edge."""


class Intake:
    """Samples of one sensor: pending ones, and the grids made of the final ones.

    Attributes
    ----------
    bins, fast, heart : Rows
        Columns 0-2 acceleration in m/s2, 3-5 rate in rad/s (bins and fast).
    counts : Rows
        Samples that fell in each slow bin.
    late_s : Rows
        How long after the middle of each slow bin its samples came, on average.
    changes : Rows
        Up to the end of each epoch: samples so far, how many differ from the one before, and how
        many by clearly more than one step of the sensor.
    n_samples, n_lost, n_late, n_falling, n_repeated, n_unreadable : int
        Received; missing before them; too late to count; out of order; with a time that had been;
        NaN.
    """

    def __init__(self, *, has_heart_grid: bool = False) -> None:
        self.bins = Rows(6, HISTORY_S * BIN_HZ)
        self.counts = Rows(1, HISTORY_S * BIN_HZ, np.uint8)
        self.late_s = Rows(1, HISTORY_S * BIN_HZ)
        self.fast = Rows(6, HISTORY_S * FAST_HZ)
        self.heart = Rows(3, HISTORY_S * HEART_HZ) if has_heart_grid else None
        self.changes = Rows(3, HISTORY_S, np.uint32)
        self.n_samples = self.n_lost = self.n_late = 0
        self.n_falling = self.n_repeated = self.n_unreadable = 0
        self.has_gyro = False
        self.first_t_s = self.last_t_s = np.nan
        self._pending: list[FloatArray] = []  # columns: time, acceleration, rate
        self._tail = np.empty((0, 7))
        self._n_changes = np.zeros(3)
        self._horizon = 0  # slow bins before it are forgotten, but for poses
        self._kept: dict[tuple[int, int], FloatArray] = {}
        self._rests: list[float] = []
        self._step = np.inf

    def feed(
        self, t_s: FloatArray, acc: FloatArray, gyr: FloatArray | None, n_lost: int, closed_s: float
    ) -> None:
        """Take samples; those of epochs before `closed_s` are late and only counted."""
        self.n_lost += n_lost
        if not len(t_s):
            return
        self.n_samples += len(t_s)
        rows = np.empty((len(t_s), 7))
        rows[:, 0] = t_s
        rows[:, 1:4] = acc
        rows[:, 4:] = np.nan if gyr is None else gyr
        self.has_gyro |= gyr is not None
        self.n_unreadable += int(np.isnan(acc[:, 0]).sum())
        falls = t_s[0] < self.last_t_s or bool((t_s[1:] < t_s[:-1]).any())
        if falls:
            latest = np.fmax.accumulate(np.concatenate([[self.last_t_s], t_s]))
            self.n_falling += int((t_s < latest[:-1]).sum())
            self.last_t_s = float(latest[-1])
        else:
            self.last_t_s = float(t_s[-1])
        if falls or bin_index(t_s[:1])[0] < round(closed_s * BIN_HZ):
            on_time = bin_index(t_s) >= round(closed_s * BIN_HZ)
            self.n_late += int((~on_time).sum())
            rows = rows[on_time]
        if len(rows):
            self._pending.append(rows)

    def close(self, first_epoch: int, end_epoch: int) -> None:
        """Make epochs `first_epoch` to `end_epoch` (exclusive) final."""
        block = self._taken(end_epoch * BIN_HZ)
        if len(block) and np.isnan(self.first_t_s):
            self.first_t_s = float(block[0, 0])
        starts = [*range(first_epoch, end_epoch, _CLOSED_AT_ONCE), end_epoch]
        cuts = np.searchsorted(bin_index(block[:, 0]), np.array(starts) * BIN_HZ)
        for start, stop, a, b in zip(starts, starts[1:], cuts, cuts[1:], strict=False):
            self._close(block[a:b], start, stop)
        self._rests += self._spans(whole_only=True)

    def _close(self, block: FloatArray, first_epoch: int, end_epoch: int) -> None:
        self._count_changes(block, first_epoch, end_epoch)
        first_bin, n_bins = first_epoch * BIN_HZ, (end_epoch - first_epoch) * BIN_HZ
        t, acc, gyr = block[:, 0], block[:, 1:4], block[:, 4:]
        means = np.full((n_bins, 7), np.nan)
        if self.has_gyro and np.array_equal(np.isnan(acc[:, 0]), np.isnan(gyr[:, 0])):
            means, counts = bin_means(t, block, first_bin, n_bins)
        else:  # each has its own holes
            means[:, :4], counts = bin_means(t, block[:, :4], first_bin, n_bins)
            if self.has_gyro:
                means[:, 4:], _ = bin_means(t, gyr, first_bin, n_bins)
        self.bins.append(means[:, 1:])
        middle_s = (first_bin + np.arange(n_bins)[:, None] + 0.5) / BIN_HZ
        self.late_s.append(means[:, :1] - middle_s)
        self.counts.append(np.minimum(counts, 255.0)[:, None])
        around = np.concatenate([self._tail, block])
        self._extend(self.fast, FAST_HZ, around, end_epoch)
        if self.heart is not None:
            self._extend(self.heart, HEART_HZ, around, end_epoch)
        self._tail = around[around[:, 0] >= end_epoch - 3 * HOLE_S]

    def forget(self, end_epoch: int) -> None:
        """Every epoch before `end_epoch` is made: let go of what no later one looks back to."""
        self.fast.forget_before((end_epoch - HISTORY_S) * FAST_HZ)
        if self.heart is not None:
            self.heart.forget_before((end_epoch - HISTORY_S) * HEART_HZ)
        self._horizon = max((end_epoch - BINS_S) * BIN_HZ, 0)
        self.bins.forget_before(self._horizon)
        self.late_s.forget_before(self._horizon)

    def keep(self, start_s: float, end_s: float) -> None:
        """Never forget the slow bins of this pose."""
        span = max(int(start_s * BIN_HZ) - 1, 0), int(np.ceil(end_s * BIN_HZ)) + 1
        self._kept[span] = self.remembered()[slice(*span)].copy()

    def recent(self) -> FloatArray:
        """Slow bins of the last `BINS_S`, as a view."""
        return self.bins.since(self._horizon)

    def remembered(self) -> FloatArray:
        """Slow bins from session time 0; NaN where they are forgotten."""
        if self._horizon == 0:
            return self.bins.all()
        rows = np.full((len(self.bins), 6), np.nan)
        rows[self._horizon :] = self.recent()
        for (start, _), kept in self._kept.items():
            rows[start : start + len(kept)] = kept
        return rows

    def rests_m_s2(self) -> FloatArray:
        """|a| at rest over successive spans of the whole session; the last may be shorter."""
        return np.array([*self._rests, *self._spans(whole_only=False)])

    def _spans(self, *, whole_only: bool) -> list[float]:
        """|a| at rest of the spans not yet in `_rests`."""
        n = REST_SPAN_S * BIN_HZ
        rows = self.bins.since(len(self._rests) * n)[:, :3]
        whole = rest_length(rows[: len(rows) // n * n].reshape(-1, n, 3)).tolist()
        rest = rows[len(whole) * n :]
        return whole if whole_only or not len(rest) else [*whole, float(rest_length(rest[None])[0])]

    def _taken(self, end_bin: int) -> FloatArray:
        """Pending samples before `end_bin`, in order of time, each time once."""
        if not self._pending:
            return np.empty((0, 7))
        rows = np.concatenate(self._pending) if len(self._pending) > 1 else self._pending[0]
        self._pending = []
        due = bin_index(rows[:, 0]) < end_bin
        if not due.all():
            self._pending = [rows[~due]]
            rows = rows[due]
        step = np.diff(rows[:, 0])
        if (step < 0).any():
            rows = rows[np.argsort(rows[:, 0], kind="stable")]
            step = np.diff(rows[:, 0])
        if (step == 0).any():
            self.n_repeated += int((step == 0).sum())
            rows = rows[np.concatenate([[True], step > 0])]
        return rows

    def _count_changes(self, block: FloatArray, first_epoch: int, end_epoch: int) -> None:
        n_epochs = end_epoch - first_epoch
        out = np.zeros((n_epochs, 3))  # within this block, up to the end of each epoch
        if len(block):
            ends = (np.arange(first_epoch, end_epoch) + 1) * BIN_HZ
            up_to = np.searchsorted(bin_index(block[:, 0]), ends)
            before = np.concatenate([self._tail[-1:], block])[:, 1:4]
            size = np.abs(np.diff(before.T, axis=1))
            if size.shape[1] < len(block):  # the very first sample has none before it
                size = np.concatenate([np.full((3, 1), np.inf), size], axis=1)
            largest = np.maximum(np.maximum(size[0], size[1]), size[2])
            # the smallest change seen so far is the step, or finer: then noise is clear the sooner
            size[~(size >= LEAST_STEP_M_S2)] = np.inf
            least = np.minimum(np.minimum(size[0], size[1]), size[2])
            step = np.minimum(self._step, np.minimum.accumulate(least))
            self._step = float(step[-1])
            clearly = np.isfinite(largest) & (largest > CLEAR_STEPS * step)
            for column, counted in enumerate((largest != 0, clearly), 1):
                out[:, column] = np.concatenate([[0], np.cumsum(counted)])[up_to]
            out[:, 0] = up_to
        so_far = self._n_changes + out
        self._n_changes = so_far[-1]
        self.changes.append(so_far)

    def _extend(self, rows: Rows, fs_hz: int, around: FloatArray, end_epoch: int) -> None:
        first = len(rows)
        n = max(round((end_epoch - FAST_LAG_S) * fs_hz) - first, 0)
        t, acc, gyr = around[:, 0], around[:, 1:4], around[:, 4:]
        if rows is self.heart:
            rows.append(cell_means(t, acc, first, n, fs_hz))
        elif self.has_gyro and np.array_equal(np.isnan(acc[:, 0]), np.isnan(gyr[:, 0])):
            rows.append(cell_means(t, around[:, 1:], first, n, fs_hz))
        else:  # each has its own holes
            cells = np.full((n, 6), np.nan)
            cells[:, :3] = cell_means(t, acc, first, n, fs_hz)
            if self.has_gyro:
                cells[:, 3:] = cell_means(t, gyr, first, n, fs_hz)
            rows.append(cells)


def sample_rate_hz(intake: Intake) -> float | None:
    """Samples a second while the sensor was heard without a pause; None when it never was.

    Counted over the seconds in which no slow bin is empty, so that neither the ends nor a pause
    pull it down; for a sensor too slow for that, over the seconds in which it was heard.
    """
    per_epoch = np.diff(intake.changes.all()[:, 0], prepend=0.0)
    filled = intake.counts.all()[:, 0].reshape(-1, BIN_HZ) > 0
    whole = filled.all(axis=1)
    if whole.any():
        return float(np.mean(per_epoch[whole]))
    heard = per_epoch > 0
    return float(np.mean(per_epoch[heard])) if heard.any() else None
