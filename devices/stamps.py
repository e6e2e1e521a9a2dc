"""A sensor's own time stamps: unwrapped, and what they say about frames that come twice or late.

                 passed, by the sensor's stamps
    -10 s ................ 0 ................ arrival + 10 s
    restarted | came before |  time went on   | clock was set

A link that loses no order holds a frame back for seconds at most.  A stamp that jumps further than
that tells of the clock itself: the sensor restarted, or another program set it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Made = TypeVar("_Made")
_RUN = 4  # frames; for fewer, arrays cost more than they save

CLOCK_WAS_SET_S = 10.0  # longer than any link holds a frame back


@dataclass(frozen=True, slots=True)
class Moment:
    """One stamp among those before it.

    Attributes
    ----------
    ticks : int
        As the sensor sent it.
    t_arrival_s : float
        When it came, on the event loop's clock.
    elapsed_ticks : int
        Since the clock's first stamp: whole numbers, so that a long session loses no precision.
    t_s : float
        The same in seconds.
    since_s : float or None
        Since the stamp before; None when there was none, or its clock was another.
    """

    ticks: int
    t_arrival_s: float
    elapsed_ticks: int
    t_s: float
    since_s: float | None


class StampClock:
    """Unwraps stamps of a fixed width; a jump of the clock begins a new count at zero.

    Parameters
    ----------
    bits : int
        Width of a stamp.
    tick_s : float
        Worth of one tick.

    Examples
    --------
    >>> clock = StampClock(bits=32, tick_s=1e-3)
    >>> clock.keep(clock.read(2**32 - 20, t_arrival_s=5.0))
    >>> clock.read(57, t_arrival_s=5.1).since_s
    0.077
    >>> clock.read(2**32 - 20, t_arrival_s=5.1) is None  # came before
    True
    """

    def __init__(self, bits: int, tick_s: float) -> None:
        self._modulus = 1 << bits
        self.tick_s = tick_s
        self._last: Moment | None = None

    def read(self, ticks: int, t_arrival_s: float) -> Moment | None:
        """What `ticks` says; None when its time has been told already.  Nothing is remembered."""
        last = self._last
        if last is None:
            return Moment(ticks, t_arrival_s, 0, 0.0, None)
        passed = (ticks - last.ticks) % self._modulus
        if passed >= self._modulus // 2:
            passed -= self._modulus
        since_s = passed * self.tick_s
        latest_s = t_arrival_s - last.t_arrival_s + CLOCK_WAS_SET_S
        if not -CLOCK_WAS_SET_S <= since_s <= latest_s:
            return Moment(ticks, t_arrival_s, 0, 0.0, None)
        if passed <= 0:
            return None
        elapsed = last.elapsed_ticks + passed
        return Moment(ticks, t_arrival_s, elapsed, elapsed * self.tick_s, since_s)

    def keep(self, moment: Moment) -> None:
        """Count from `moment` on."""
        self._last = moment


def in_runs(
    is_due: NDArray[np.bool_],
    many: Callable[[int, int], _Made | None],
    one: Callable[[int], list[_Made]],
) -> list[_Made]:
    """Frames in order: those that follow each other without loss together, any other alone.

    Parameters
    ----------
    is_due : (n - 1,) array
        Whether each frame but the first follows the one before it in its usual time.
    many : callable
        What becomes of frames from the first number up to, not including, the second; None where
        the first of them does not follow what came before, and so has to be taken alone.
    one : callable
        What becomes of one frame.

    Examples
    --------
    >>> is_due = np.array([1, 1, 1, 0, 0, 1, 1, 1, 1], bool)
    >>> in_runs(is_due, lambda first, end: f"{first} to {end - 1}", lambda at: [f"{at}"])
    ['0 to 3', '4', '5 to 9']
    """
    made: list[_Made] = []
    at, n = 0, len(is_due) + 1
    ends = np.append(np.flatnonzero(~is_due) + 1, n)
    while at < n:
        end = int(ends[ends.searchsorted(at, side="right")])
        whole = many(at, end) if end - at >= _RUN else None
        if whole is None:
            made += one(at)
            at += 1
        else:
            made.append(whole)
            at = end
    return made
