"""Cuts the movements out of a stream, and says how far, how fast and how smooth each was.

    turning speed ──► from standstill or turning point to the next ──► range, peak, smoothness

Turning about the vertical is invisible to an accelerometer alone.  A movement that a gap cuts, or
the recording's end, is left out: half a movement has no smoothness.  So is what borders on the
`longest_s` after which a restlessness without standstill is no longer kept as a whole: the cutter
looks back no further, however long the session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arrays import checked_times, checked_triaxial, known_rows, norm
from analysis.gravity import angle_deg
from analysis.grid import cell_means
from analysis.results import FloatArray, Movement
from analysis.smoothness import ldlj, sparc
from analysis.turning import Turned, TurningRate, TurningSettings


@dataclass(frozen=True, slots=True)
class MovementSettings:
    """What counts as a movement; every default with its source."""

    turning: TurningSettings = field(default_factory=TurningSettings)
    enter_deg_s: float = (
        6.0  # the exercise is done slowly: a head lifted by 25 deg in 7 s peaks at 7
    )
    leave_deg_s: float = 4.0  # standstill for a human eye; breathing turns a chest by 2 in a second
    pause_s: float = 0.5  # a shorter halt is unsteadiness, not the end
    least_range_deg: float = 10.0  # below: a fidget, which stillness counts
    most_shake: float = 0.3  # 0.3 g across gravity turn its direction by 17 degrees
    least_s: float = 0.3  # nobody moves a limb faster
    longest_s: float = 60.0  # no part of the exercise takes so long without a standstill


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A movement, and where up was in the sensor's axes before and after it: (3,) each."""

    movement: Movement
    from_up: FloatArray
    to_up: FloatArray


class MovementCutter:
    """Feed the rows of one sensor's uniform grid in order; take movements as they are over.

    Parameters
    ----------
    placement : str
        Copied into the result.
    settings : MovementSettings, optional

    Notes
    -----
    Each movement is one way: it ends at a standstill or where it turns round, but a halt on the way
    is part of it.  `kind` is "back" where a movement undoes the one before it, else "out".
    `range_deg` is the angle about the movement's main axis.  `ldlj` is LDLJ-V on the rotation speed,
    and None without a gyroscope: on a smoothed and differentiated angle it would measure the filter.

    Any cutting of the rows gives the same movements; at most `longest_s` of them are kept.

    Examples
    --------
    >>> t = np.arange(0, 6, 0.02)
    >>> u = np.clip((t - 2) / 2, 0, 1)
    >>> angle = np.deg2rad(60) * (10 * u**3 - 15 * u**4 + 6 * u**5)
    >>> rows = np.full((len(t), 6), np.nan)
    >>> rows[:, :3] = 9.81 * np.stack([np.sin(angle), 0 * t, np.cos(angle)], axis=1)
    >>> cutter = MovementCutter("left_thigh")
    >>> len(cutter.feed(rows[:150])), len(cutter.feed(rows[150:])), len(cutter.finish())
    (0, 1, 0)
    """

    def __init__(self, placement: str, settings: MovementSettings | None = None) -> None:
        self._s = settings or MovementSettings()
        self._placement = placement
        self._n = 0  # rows fed
        self._stretch: _Stretch | None = None

    def feed(self, rows: FloatArray) -> list[Cut]:
        """Take rows of acceleration in m/s2 and rate in rad/s, (n, 6).

        Rows whose acceleration is NaN are missing samples; where only the rate is, the movement is
        seen by gravity.  The one changing into the other is a gap.
        """
        sees = known_rows(rows[:, :3])
        kind = sees + (sees & known_rows(rows[:, 3:])).astype(int)
        edges = np.concatenate([[0], np.flatnonzero(np.diff(kind)) + 1, [len(kind)]])
        found: list[Cut] = []
        for start, stop in pairwise(edges.tolist()):
            if start == stop:
                continue
            has_gyr = bool(kind[start] == 2)
            if self._stretch and (kind[start] == 0 or self._stretch.has_gyr != has_gyr):
                found += self.finish()
            if kind[start]:
                if self._stretch is None:
                    self._stretch = _Stretch(self._placement, self._n + start, has_gyr, self._s)
                found += self._stretch.feed(rows[start:stop])
        self._n += len(rows)
        return found

    def finish(self) -> list[Cut]:
        """No more rows: what is open is left out, what was not yet told is told."""
        stretch, self._stretch = self._stretch, None
        return stretch.finish() if stretch else []


def movements(
    t_s: ArrayLike,
    acc_m_s2: ArrayLike,
    gyr_rad_s: ArrayLike | None,
    placement: str,
    settings: MovementSettings | None = None,
) -> tuple[Movement, ...]:
    """All whole movements of one sensor's segment: a `MovementCutter` fed at once.

    Parameters
    ----------
    t_s : (n,) array
        Rising session seconds.
    acc_m_s2 : (n, 3) array
        NaN rows are missing samples.
    gyr_rad_s : (n, 3) array or None
        Preferred where there is one.
    placement : str
        Copied into the result.

    Examples
    --------
    >>> t = np.arange(0, 6, 0.02)
    >>> u = np.clip((t - 2) / 2, 0, 1)
    >>> angle = np.deg2rad(60) * (10 * u**3 - 15 * u**4 + 6 * u**5)
    >>> acc = 9.81 * np.stack([np.sin(angle), 0 * t, np.cos(angle)], axis=1)
    >>> (found,) = movements(t, acc, None, "left_thigh")
    >>> found.kind, round(found.range_deg, -1), round(found.peak_speed_deg_s, -1)
    ('out', 60.0, 60.0)
    """
    s = settings or MovementSettings()
    t = checked_times(t_s)
    acc = checked_triaxial(acc_m_s2, "acc_m_s2", len(t))
    if len(t) < 3:
        return ()
    fs_hz = s.turning.fs_hz
    n = int(t[-1] * fs_hz)
    rows = np.full((n, 6), np.nan)
    rows[:, :3] = cell_means(t, acc, 0, n, fs_hz)
    if gyr_rad_s is not None:
        rows[:, 3:] = cell_means(t, checked_triaxial(gyr_rad_s, "gyr_rad_s", len(t)), 0, n, fs_hz)
    cutter = MovementCutter(placement, s)
    return tuple(cut.movement for cut in [*cutter.feed(rows), *cutter.finish()])


class _Stretch:
    """Movements of a stretch without gaps; `first` is its first row."""

    def __init__(self, placement: str, first: int, has_gyr: bool, s: MovementSettings) -> None:
        self.has_gyr = has_gyr
        self._placement, self._s = placement, s
        self._turning = TurningRate(has_gyr=has_gyr, settings=s.turning)
        self._rows, self._first = Turned.empty(), first  # rows that an open run may need
        self._start = first
        self._is_open, self._is_cut = False, False  # whether a run is open, and begins with a cut
        self._run = first
        self._last = first - 1  # last row that moved; a stretch begins as if in movement
        self._from_up = np.full(3, np.nan)

    def feed(self, rows: FloatArray) -> list[Cut]:
        return self._take(self._turning.feed(rows), is_over=False)

    def finish(self) -> list[Cut]:
        return self._take(self._turning.finish(), is_over=True)

    def _take(self, new: Turned, *, is_over: bool) -> list[Cut]:
        """Close the runs of movement that are over; keep the rows of one that may go on."""
        s, fs_hz = self._s, self._s.turning.fs_hz
        pause, longest = round(s.pause_s * fs_hz), round(s.longest_s * fs_hz)
        found: list[Cut] = []
        end = self._first + len(self._rows) + len(new)
        moving = norm(new.rate_deg_s) > s.leave_deg_s
        runs = [(end - len(new) + a, end - len(new) + b) for a, b in _runs(moving)]
        self._rows = self._rows.followed_by(new) if len(self._rows) else new
        for start, stop in [*runs, (end, end)]:
            goes_on = start - self._last - 1 < pause
            if self._is_open and not goes_on:
                found += self._close(self._last + 1, is_cut=False)
            if start == end:
                break
            if not self._is_open:
                # a stretch that begins in movement, or nearly, begins with half of one
                self._is_open, self._is_cut = True, goes_on and self._last < self._start
                self._run = self._start if self._is_cut else start
            self._last = stop - 1
            while self._last - self._run >= longest:
                found += self._close(self._run + longest, is_cut=True)
                self._is_open, self._is_cut = True, True
                self._run += longest
        if is_over and self._is_open:
            found += self._close(end, is_cut=True)
        self._forget(self._run if self._is_open else end)
        return found

    def _close(self, stop: int, *, is_cut: bool) -> list[Cut]:
        """The movements of a run that is over; a part next to a cut is left out."""
        self._is_open = False
        fs_hz = self._s.turning.fs_hz
        rows = self._rows[self._run - self._first : stop - self._first]
        speed = norm(rows.rate_deg_s)
        if not len(rows) or speed.max() <= self._s.enter_deg_s:
            return []
        turns = _turning_points(_turned_deg(rows.rate_deg_s, fs_hz), self._s.least_range_deg)
        parts = list(pairwise([0, *turns, len(rows)]))
        parts = parts[int(self._is_cut) : len(parts) - int(is_cut)]
        found = []
        for start, end in parts:
            cut = self._cut(rows[start:end], speed[start:end], self._run + start)
            found += [cut] if cut else []
        return found

    def _cut(self, rows: Turned, speed: FloatArray, start: int) -> Cut | None:
        s, fs_hz = self._s, self._s.turning.fs_hz
        range_deg = float(np.ptp(_turned_deg(rows.rate_deg_s, fs_hz)))
        is_small = range_deg < s.least_range_deg or len(rows) < s.least_s * fs_hz
        if is_small or speed.max() <= s.enter_deg_s:
            return None
        # thrown about, an accelerometer does not show where up is, nor how fast it turned
        sees = self.has_gyr or bool(rows.shake.max() <= s.most_shake)
        is_back = float(angle_deg(rows.up[-1], self._from_up)) < range_deg / 3
        # what undoes a movement must follow it: a movement back begins anew
        self._from_up = np.full(3, np.nan) if is_back else rows.up[0]
        movement = Movement(
            placement=self._placement,
            start_s=start / fs_hz,
            end_s=(start + len(rows)) / fs_hz,
            kind="back" if is_back else "out",
            sparc=sparc(speed, fs_hz) if sees else None,
            ldlj=ldlj(speed, fs_hz) if self.has_gyr else None,
            range_deg=range_deg if sees else None,
            peak_speed_deg_s=float(speed.max()) if sees else None,
        )
        return Cut(movement, rows.up[0].copy(), rows.up[-1].copy())

    def _forget(self, before: int) -> None:
        n = before - self._first
        if n > 0:
            self._rows, self._first = self._rows[n:], before


def _turned_deg(rate_deg_s: FloatArray, fs_hz: float) -> FloatArray:
    """Angle turned so far about the main axis."""
    axis = np.linalg.eigh(rate_deg_s.T @ rate_deg_s)[1][:, -1]
    return np.asarray(np.cumsum(rate_deg_s @ axis) / fs_hz)


def _turning_points(angle_deg: FloatArray, least_deg: float) -> list[int]:
    """Where the angle turns round, between turns of at least `least_deg` on both sides."""
    points: list[int] = []
    angles = angle_deg.tolist()  # plain floats: this loop is the only one over samples
    low = high = heading = 0
    for i, angle in enumerate(angles):
        low = i if angle < angles[low] else low
        high = i if angle > angles[high] else high
        if heading <= 0 and angle - angles[low] >= least_deg:
            points += [low] if heading else []
            heading, high = 1, i
        elif heading >= 0 and angles[high] - angle >= least_deg:
            points += [high] if heading else []
            heading, low = -1, i
    return points


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, stop) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
