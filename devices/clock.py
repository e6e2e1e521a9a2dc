"""From a sensor's clock to session time, sample by sample, while the session runs.

    arrival                                  o   o   late: radio, system, a missed event
      |                        o    o o    .  .--
      |               o   o  .  ..--o---             never early: the truth lies along the
      |      o  o  ..--o--                           lower edge of the cloud
      |   ..o--
      +------------------------------------- device time

    session time = offset + rate * device time

The line is the one that lies below all points of the last minute and is nearest to them in sum: the
edge of their lower convex hull below their mean (Moon, Skelly & Towsley 1999, "Estimation and
removal of clock skew from network delay measurements", IEEE INFOCOM).  What we changed:

- one point, the earliest arrival, stands for each second, so that a minute costs sixty points;
- it runs online: in each second the map moves from where it is to the newest line, so that times
  rise strictly and the past never changes;
- seconds are counted on the device's clock, so that cutting the stream differently changes nothing;
- for a sensor without any clock device time is our count of its samples, and a lasting step of the
  cloud upwards means samples that never came.

What it cannot know:

- the shortest delay of a link, a few milliseconds, part of every session time;
- where between two connection events a sensor's notifications stand whose period is a multiple of
  the interval (frames of 360 ms on a link of 30 ms): all are late by the same part of an interval.
  Its arrivals keep the link's time, not the sensor's, until the drift has carried it through a whole
  interval, for 30 ms at 50 ppm ten minutes; nothing else that it sends has a stamp, and no system
  tells when the link's events are.  So such a sensor's times are known to an interval only;
- without a clock in the sensor, single losses: a steady trickle of them looks like a slow clock, an
  uneven one of two in a hundred misplaces samples by up to 0.2 s.
"""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from devices.chunk import FloatArray
from devices.driver import ClockKind


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """What is believed about clocks and links."""

    offset_window_s: float = 60.0  # long enough to hold some packets that were hardly late
    rate_window_s: float = 300.0  # a crystal's rate moves with temperature, within many minutes
    block_s: float = 1.0  # holds tens of connection events, so one of them is hardly late
    sure_of_rate_s: float = 8.0  # before that the noise of the two ends outweighs any drift
    crystal: float = 500e-6  # twice the worst watch crystal, cold
    slowest_count: float = 1.1  # a counted rate this much below nominal is loss, not drift
    fastest_count: float = 0.45  # some firmware streams at twice the rate its code says
    loss_s: float = 0.1  # a step up to this much beyond the usual lateness is lateness too...
    loss_blocks: int = 3  # ...and so is one that passes; about the longest stall of a good link
    other_clock_s: float = 6.0  # no link holds data back for so long: the clock itself has jumped
    hole_s: float = 2.0  # no sensor keeps unsent samples for so long: they were never sent


class Loss(NamedTuple):
    """An estimate: `n_lost` samples never came just before sample `at` of the mapped array."""

    at: int
    n_lost: int


class _Point(NamedTuple):
    """A sample that arrived early for its second: device time since zero, and arrival."""

    x_s: float
    t_arrival_s: float

    def later(self, seconds: float) -> _Point:
        return _Point(self.x_s, self.t_arrival_s + seconds)


class _Line(NamedTuple):
    """Session time = `t_s` + `rate` * (device time since zero - `x_s`)."""

    x_s: float
    t_s: float
    rate: float

    def at(self, x_s: float) -> float:
        return self.t_s + self.rate * (x_s - self.x_s)


class ClockMap:
    """Maps device time to session time for one sensor.

    Parameters
    ----------
    kind : ClockKind
        Who counts; decides how far the rate may be from nominal, and whether loss is estimated.
    fs_hz : float
        Nominal rate.
    not_before_s : float, optional
        A session time that is taken already: the last one before a sensor came back.

    Examples
    --------
    A sensor's clock shows 1000 s at the session's zero, and every packet takes 20 ms:

    >>> clock = ClockMap(ClockKind.DEVICE, fs_hz=100.0)
    >>> t_device_s = 1000.0 + np.arange(0.0, 5.0, 0.01)
    >>> t_s = clock.map(t_device_s, t_device_s - 1000.0 + 0.02)
    >>> t_s[[0, -1]].round(6).tolist()
    [0.02, 5.01]
    """

    def __init__(
        self,
        kind: ClockKind,
        fs_hz: float,
        settings: ClockSettings | None = None,
        *,
        not_before_s: float | None = None,
    ) -> None:
        self._settings = settings or ClockSettings()
        self._counts = kind is ClockKind.COUNTED
        self._fs_hz = fs_hz
        crystal, fast, slow = (
            self._settings.crystal,
            self._settings.fastest_count,
            self._settings.slowest_count,
        )
        self._rates = (fast, slow) if kind is not ClockKind.DEVICE else (1 - crystal, 1 + crystal)
        self._too_late_s = self._settings.hole_s if self._counts else self._settings.other_clock_s
        self._last_t_s = -float("inf") if not_before_s is None else not_before_s
        self._earliest_late_s = float("inf")
        self._last_d_s = float("inf")  # so that the first sample starts a clock

    def map(self, t_device_s: FloatArray, t_arrival_s: FloatArray) -> FloatArray:
        """Session times of consecutive samples; strictly rising over all calls."""
        return self.map_and_losses(t_device_s, t_arrival_s)[0]

    def map_and_losses(
        self, t_device_s: FloatArray, t_arrival_s: FloatArray
    ) -> tuple[FloatArray, list[Loss]]:
        """Session times, and estimated losses where the sensor has no clock."""
        t_s = np.empty_like(t_device_s)
        losses: list[Loss] = []
        begins = np.flatnonzero(t_device_s[1:] <= t_device_s[:-1]) + 1
        for first, last in itertools.pairwise([0, *begins.tolist(), len(t_s)]):
            at = first
            while at < last:
                if t_device_s[at] <= self._last_d_s:  # the device restarted, or nothing came yet
                    self._new_clock(t_device_s[at], t_arrival_s[at])
                at += self._map_one_block(
                    t_device_s[at:last], t_arrival_s[at:last], t_s[at:last], at, losses
                )
        return t_s, losses

    # Within one block everything is decided beforehand: that makes it one array operation, and
    # makes the result independent of how the stream was cut.

    def _map_one_block(
        self, d_s: FloatArray, a_s: FloatArray, out: FloatArray, index: int, losses: list[Loss]
    ) -> int:
        """Map the samples up to the next block or jump; how many those were."""
        block_s = self._settings.block_s
        x = d_s[: d_s.searchsorted(d_s[0] + 2.0 * block_s)] - self._zero_s  # surely the whole block
        block = int(x[0] // block_s)
        if block > self._block:
            lost = self._next_block(block, float(x[0]))
            if lost:
                losses.append(Loss(index, lost))
        n = max(1, int(x.searchsorted((block + 1) * block_s)))
        x, a_s = x[:n], a_s[:n]
        late_s = a_s - (self._line.t_s + self._line.rate * (x - self._line.x_s))
        earliest = int(late_s.argmin())
        if late_s.max() > self._too_late_s or late_s[earliest] < -self._too_early_s:
            jumps = np.flatnonzero((late_s > self._too_late_s) | (late_s < -self._too_early_s))
            n = int(jumps[0])
        if n == 0:
            if self._counts and late_s[0] > 0.0:
                losses.append(Loss(index, self._samples_in(float(late_s[0]))))
            self._new_clock(float(d_s[0]), float(a_s[0]), self._line.rate if self._counts else 1.0)
            return 0
        if n < len(x):
            x, a_s, late_s = x[:n], a_s[:n], late_s[:n]
            earliest = int(late_s.argmin())
        out[:n] = self._way.t_s + self._way.rate * (x - self._way.x_s)
        self._last_d_s, self._last_t_s = float(d_s[n - 1]), float(out[n - 1])
        if late_s[earliest] < self._earliest_late_s:
            self._earliest_late_s = float(late_s[earliest])
            self._earliest = _Point(float(x[earliest]), float(a_s[earliest]))
        return n

    def _new_clock(self, d_s: float, a_s: float, rate: float = 1.0) -> None:
        start_s = max(a_s, self._last_t_s + 0.5 / self._fs_hz)
        # Where the past holds the clock ahead of arrivals, so much is no jump: nothing would end it.
        self._too_early_s = self._settings.other_clock_s + (start_s - a_s)
        self._zero_s, self._block = float(d_s), 0
        self._line = self._way = _Line(0.0, float(start_s), rate)
        self._first_rate = rate  # believed until the cloud is long enough to tell
        self._recent: deque[_Point] = deque()  # the cloud of `offset_window_s`
        self._hull: list[_Point] = []  # the lower edge of the cloud of `rate_window_s`
        self._late: list[_Point] = []  # points too late to be believed, until more is known
        self._earliest = _Point(0.0, a_s)
        self._earliest_late_s = float("inf")
        self._last_d_s = -float("inf")

    def _next_block(self, block: int, x_s: float) -> int:
        """Close the current block, fit, and lay the way through `block`; samples lost."""
        settings = self._settings
        n_lost = self._take_point()
        self._line = self._fit()
        follows = block == self._block + 1
        begin_s = block * settings.block_s if follows else x_s
        end_s = (block + 1) * settings.block_s
        t_s = self._way.at(begin_s)
        if n_lost or not follows or self._line.at(begin_s) - t_s > settings.loss_s:
            least_s = self._last_t_s + 0.5 * (x_s - (self._last_d_s - self._zero_s))
            begin_s, t_s = x_s, max(self._line.at(x_s), least_s)
        # Towards the line, never backwards and never in a rush.
        rate = (self._line.at(end_s) - t_s) / max(end_s - begin_s, 1e-6)
        slowest, fastest = 0.5 * self._line.rate, 1.5 * self._line.rate
        self._way = _Line(begin_s, t_s, min(max(rate, slowest), fastest))
        self._block = block
        self._earliest_late_s = float("inf")
        return n_lost

    def _take_point(self) -> int:
        """Add the block's earliest arrival to the cloud; samples lost, if a step was confirmed."""
        if not self._counts or self._earliest_late_s < self._latest_believed_s():
            for point in (*self._late, self._earliest):
                self._add(point)
            self._late.clear()
            return 0
        late = self._late
        late.append(self._earliest)
        lasting_s = (self._settings.loss_blocks - 1) * self._settings.block_s
        # By arrival as well: data held back and then delivered at once is late, not lost.
        if min(late[-1].x_s - late[0].x_s, late[-1].t_arrival_s - late[0].t_arrival_s) < lasting_s:
            return 0
        step_s = min(point.t_arrival_s - self._line.at(point.x_s) for point in late)
        n_lost = self._samples_in(step_s)
        up_s = n_lost * self._line.rate / self._fs_hz
        self._recent = deque(point.later(up_s) for point in self._recent)
        self._hull = [point.later(up_s) for point in self._hull]
        for point in late:
            self._add(point)
        late.clear()
        return n_lost

    def _samples_in(self, seconds: float) -> int:
        return round(seconds * self._fs_hz / self._line.rate)

    def _latest_believed_s(self) -> float:
        """Twice the usual lateness is usual still; a step beyond that asks for an explanation."""
        if not self._recent:
            return float("inf")
        lateness_s = [point.t_arrival_s - self._line.at(point.x_s) for point in self._recent]
        return self._settings.loss_s + 2.0 * max(statistics.median(lateness_s), 0.0)

    def _add(self, point: _Point) -> None:
        settings, hull, recent = self._settings, self._hull, self._recent
        recent.append(point)
        while recent[0].x_s < point.x_s - settings.offset_window_s:
            recent.popleft()
        while len(hull) >= 2 and not _turns_left(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
        while hull[0].x_s < point.x_s - settings.rate_window_s:
            del hull[0]

    def _fit(self) -> _Line:
        """The line below the cloud."""
        if not self._recent:
            return self._line
        rate, hull = self._first_rate, self._hull
        if hull[-1].x_s - hull[0].x_s >= self._settings.sure_of_rate_s:
            rate = _rate_below_middle(hull)
        rate = min(max(rate, self._rates[0]), self._rates[1])
        t_s, x_s = min((point.t_arrival_s - rate * point.x_s, point.x_s) for point in self._recent)
        return _Line(x_s, t_s + rate * x_s, rate)


def _rate_below_middle(hull: list[_Point]) -> float:
    """Slope of the hull's edge below the middle of its time: the nearest line below evenly spaced points."""
    middle_s = 0.5 * (hull[0].x_s + hull[-1].x_s)
    left, right = next(pair for pair in itertools.pairwise(hull) if pair[1].x_s >= middle_s)
    return (right.t_arrival_s - left.t_arrival_s) / (right.x_s - left.x_s)


def _turns_left(a: _Point, b: _Point, c: _Point) -> bool:
    before = (b.x_s - a.x_s) * (c.t_arrival_s - a.t_arrival_s)
    return before > (b.t_arrival_s - a.t_arrival_s) * (c.x_s - a.x_s)
