"""Ctrl-C and a polite kill end a session in order instead of tearing it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """While inside, SIGINT and SIGTERM set `stop` on the running loop and do nothing else."""
    loop = asyncio.get_running_loop()
    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop.set)
    except (NotImplementedError, RuntimeError):  # Windows; or not in the main thread
        with _plain_handler(loop, stop):
            yield
        return
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


@contextmanager
def _plain_handler(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> Iterator[None]:
    def handle(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    before = None
    with suppress(ValueError):  # not in the main thread: then nobody sends us signals
        before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
