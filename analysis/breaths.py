r"""Breath by breath: when each began, how deep it was, which were sighs, where breathing paused.

    curve   ___/\\______/\\____     up: breathing in (`analysis.breath_wave`)
               ^        ^          a breath begins a tenth up the rise, and ends where the next begins
                 [-----]           a pause: longer near the bottom than an unbroken rocking would be

A turn counts when the curve comes back by a third of its usual height.  Nothing is drawn across a
gap or a movement: the breaths on either side of it are not counted, because their ends are unseen.

Depth is an angle, and a proxy.  It compares breaths of one session: the same breath turns another
chest, or a strap a hand lower, by several times as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from analysis.breath_wave import EVERY_S, BreathWave, Piece
from analysis.breathing import Breathing
from analysis.results import Breath, FloatArray


@dataclass(frozen=True, slots=True)
class BreathSettings:
    """What counts as a breath; every default with its source."""

    turn: float = (
        0.3  # of the usual height, to be a turn; from 0.2 to 0.4 recordings count the same
    )
    level: float = 0.1  # of the height, above the bottom: there the curve is still steep
    shortest_s: float = 1.5  # 40 per minute
    longest_s: float = 25.0  # 2.4 per minute, or 20 s with a pause
    ripple: float = 0.5  # of the mean depth of those before; with
    slow: float = 1.6  # times their mean length: no breath, but a filter that rings in a pause
    sigh: float = 2.0  # times the mean depth of its neighbours (Vlemincx et al., for volume)
    neighbours: int = 4  # on each side: half a minute of breathing
    fewest_neighbours: int = 3  # below, a sigh cannot be told from a beginning


@dataclass(slots=True)
class _Cycle:
    """A breath whose end has been seen."""

    start_s: float
    end_s: float
    depth: float
    low_s: float  # how long the curve stayed within `level` of its bottom, or of its top

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


class Breaths:
    """Finds single breaths in the windows of a session, as they become final.

    Examples
    --------
    >>> from analysis.breathing import breathing
    >>> t_s = np.arange(900) / 10
    >>> tilt = 0.01 * np.sin(2 * np.pi * 0.2 * t_s)
    >>> g = np.stack([tilt, 0 * t_s, 1 + 0 * t_s], axis=1)
    >>> windows = np.stack([g[10 * e - 600 : 10 * e] for e in range(60, 91)])
    >>> finder = Breaths(10.0)
    >>> finder.update(windows, 59, breathing(windows, 10.0), np.zeros(31))
    >>> finder.finish()
    >>> first = finder.all()[0]
    >>> round(first.end_s - first.start_s, 1), round(first.depth_deg, 1), first.kind
    (5.0, 1.1, 'breath')
    """

    def __init__(self, fs_hz: float, settings: BreathSettings | None = None) -> None:
        self._settings = settings or BreathSettings()
        self._fs_hz = fs_hz
        self._wave = BreathWave(fs_hz)
        self._turns = _Turns(self._settings, fs_hz)
        self._moved_mg = np.empty(0)  # of the last minute, second by second
        self._run: list[_Cycle] = []
        self._n_told = 0  # of the run
        self._found: list[Breath] = []

    def all(self) -> tuple[Breath, ...]:
        """Every breath that is final."""
        return tuple(self._found)

    def update(
        self, windows: FloatArray, first: int, seen: Breathing, movement_mg: FloatArray
    ) -> None:
        """Take the windows of the epochs from `first` on, what `breathing` says, and the movement.

        Parameters
        ----------
        windows : (k, n, 3) array
        first : int
            Number of the first window's epoch; epoch i ends at second i + 1.
        seen : Breathing
            Rates that are NaN where the sensor is not to be believed.
        movement_mg : (k,) array
            Of the chest in each epoch.
        """
        length_s = round(windows.shape[1] / self._fs_hz)
        before = np.concatenate([np.zeros(length_s), self._moved_mg])[-length_s:]
        moved = np.concatenate([before, np.nan_to_num(movement_mg)])
        self._moved_mg = moved[-length_s:]
        ends_s = first + 1 + np.arange(len(windows))
        rows = np.flatnonzero(ends_s % EVERY_S == 0)
        by_second = np.lib.stride_tricks.sliding_window_view(moved, length_s)[1:]
        pieces = self._wave.update(
            windows[rows],
            np.round(ends_s[rows] * self._fs_hz).astype(np.int64),
            seen.rate_per_min[rows],
            seen.span_s[rows],
            _spread(by_second[rows]),
        )
        self._take(pieces)

    def finish(self) -> None:
        """The session is over: tell what is left."""
        self._take(self._wave.finish())
        self._end_run()

    def _take(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            for cycle in self._turns.feed(piece):
                if cycle is None:
                    self._end_run()
                else:
                    self._add(cycle)
                    self._tell(len(self._run) - self._settings.neighbours)

    def _add(self, cycle: _Cycle) -> None:
        """Take a cycle; one that is too shallow and too slow is the pause of the one before."""
        s = self._settings
        last = self._run[-s.neighbours :]
        if last:
            depth = sum(c.depth for c in last) / len(last)
            length_s = sum(c.length_s for c in last) / len(last)
            if cycle.depth < s.ripple * depth and cycle.length_s > s.slow * length_s:
                before = self._run.pop()
                rested_s = before.low_s + cycle.length_s
                cycle = _Cycle(before.start_s, cycle.end_s, before.depth, rested_s)
        self._run.append(cycle)

    def _end_run(self) -> None:
        self._tell(len(self._run))
        self._run.clear()
        self._n_told = 0

    def _tell(self, up_to: int) -> None:
        s = self._settings
        for i in range(self._n_told, up_to):
            cycle = self._run[i]
            around = self._run[max(0, i - s.neighbours) : i] + self._run[i + 1 :][: s.neighbours]
            breath = Breath(
                start_s=cycle.start_s,
                end_s=cycle.end_s,
                depth_deg=float(np.degrees(cycle.depth)),
                pause_s=_pause_s(cycle, s.level),
            )
            if len(around) >= s.fewest_neighbours:
                usual = sum(c.depth for c in around) / len(around)
                if cycle.depth > s.sigh * usual:
                    breath = replace(breath, kind="sigh")
            self._found.append(breath)
        self._n_told = max(self._n_told, up_to)


class _Turns:
    """The curve's turning points, and from them one cycle after the other; None ends a run."""

    def __init__(self, settings: BreathSettings, fs_hz: float) -> None:
        self._s = settings
        self._fs_hz = fs_hz
        self._next_bin = -1
        self._clear()

    def _clear(self) -> None:
        self._curve: list[float] = []  # since the bottom before the last top
        self._zero_bin = 0  # of curve[0]
        self._is_rising: bool | None = None
        self._has_bottom = False
        self._low = self._high = 0  # places in the curve
        self._start_s = float("nan")  # of the breath that is under way
        self._bottom = float("nan")  # before it
        self._top = float("nan")
        self._held_s = 0.0  # near the top before it

    def feed(self, piece: Piece) -> Iterable[_Cycle | None]:
        """Cycles that end within the piece, None where the curve breaks off."""
        if piece.is_new or piece.first_bin != self._next_bin:
            yield None
            self._clear()
        self._next_bin = piece.first_bin + len(piece.wave)
        turn = self._s.turn * piece.size
        for i, value in enumerate(piece.wave.tolist(), piece.first_bin):
            if math.isnan(value):
                if self._curve:
                    yield None
                    self._clear()
                continue
            if not self._curve:
                self._zero_bin = i
            cycle = self._step(value, turn)
            if cycle is not None:
                yield cycle

    def _step(self, value: float, turn: float) -> _Cycle | None:
        curve = self._curve
        curve.append(value)
        here = len(curve) - 1
        if value > curve[self._high]:
            self._high = here
        if value < curve[self._low]:
            self._low = here
        if self._is_rising is not False and curve[self._high] - value > turn:
            cycle = self._topped() if self._is_rising else None
            self._is_rising = False
            self._low = len(curve) - 1
            return cycle
        if self._is_rising is not True and value - curve[self._low] > turn:
            self._has_bottom = self._is_rising is False  # else the curve begins on a slope
            self._is_rising = True
            self._high = here
        return None

    def _topped(self) -> _Cycle | None:
        """A top after a bottom: the breath before ends where this one begins."""
        curve, low, high = self._curve, self._low, self._high
        bottom, top = curve[low], curve[high]
        level = bottom + self._s.level * (top - bottom)
        at = high
        while at > low and curve[at - 1] > level:
            at -= 1
        rise = curve[at] - curve[at - 1] if at > 0 else 0.0
        share = (curve[at] - level) / rise if rise > 0 else 0.0
        # a bin's value belongs to its middle
        start_s = (self._zero_bin + at + 0.5 - share) / self._fs_hz
        start_s = start_s if self._has_bottom else float("nan")
        cycle = None
        length_s = start_s - self._start_s
        if self._s.shortest_s <= length_s <= self._s.longest_s:
            depth = self._top - 0.5 * (self._bottom + bottom)
            margin = self._s.level * depth
            down = next(i for i, value in enumerate(curve) if value <= bottom + margin)
            low_s = start_s - (self._zero_bin + down + 0.5) / self._fs_hz
            off = next(i for i, value in enumerate(curve) if value < self._top - margin)
            high_s = self._held_s + off / self._fs_hz
            cycle = _Cycle(self._start_s, start_s, depth, max(low_s, high_s))
        self._start_s, self._bottom, self._top = start_s, bottom, top
        on = high
        while on > low and curve[on - 1] > top - self._s.level * (top - bottom):
            on -= 1
        self._held_s = (high - on) / self._fs_hz
        del curve[:high]  # from this top on, for the pause after it
        self._zero_bin += high
        self._low = self._high = 0
        return cycle


def _pause_s(cycle: _Cycle, level: float) -> float:
    """Time near the bottom beyond what a cosine of the breath's own length would spend there."""
    share = float(np.arccos(1 - 2 * level) / np.pi)
    return max(0.0, (cycle.low_s - share * cycle.length_s) / (1 - share))


def _spread(movement_mg: FloatArray) -> FloatArray:
    """Movement of each second of the windows: an epoch's figure is that of its last three."""
    spread = movement_mg.copy()
    for later in (1, 2):
        spread[:, :-later] = np.maximum(spread[:, :-later], movement_mg[:, later:])
    return spread
