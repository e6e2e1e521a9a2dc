"""An event loop whose time can run faster than the wall's.

The program asks `loop.time()` and `asyncio.sleep()` for every moment of a session, so on this
loop a quarter of an hour with real byte protocols passes as fast as the computer can carry it:
when nothing is ready to run, time jumps to the next timer instead of waiting for it.
"""

from __future__ import annotations

import asyncio
import selectors
import time


class _JumpingSelector(selectors.DefaultSelector):
    """Polls sockets and threads without waiting, then moves the loop's time forward."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:  # nothing scheduled: wait for a thread or socket
            return super().select(timeout)
        ready = super().select(self.loop.real_wait_s(timeout))
        if not ready:
            self.loop.jump(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop at `speed` times the wall clock, or as fast as possible when `speed` is None.

    A computer too slow for `speed` makes the session take longer; it never makes it lose data,
    because a timer runs only after everything that was ready before it.

    Examples
    --------
    >>> with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
    ...     runner.run(asyncio.sleep(3600.0, result="an hour later"))
    'an hour later'
    """

    def __init__(self, speed: float | None = None) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self._now_s = 0.0
        self._speed = speed
        self._wall_start_s = time.monotonic()
        super().__init__(selector)

    def time(self) -> float:
        """Seconds since this loop was made, in its own time."""
        return self._now_s

    def jump(self, seconds: float) -> None:
        """Let `seconds` of the loop's time pass."""
        self._now_s += seconds

    def real_wait_s(self, timeout_s: float) -> float:
        """How long to wait in real seconds before `timeout_s` of the loop's time has passed."""
        if self._speed is None:
            return 0.0
        due_s = self._wall_start_s + (self._now_s + timeout_s) / self._speed
        return max(0.0, due_s - time.monotonic())
