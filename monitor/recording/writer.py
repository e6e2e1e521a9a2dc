"""The recording: what arrived is on disk before anyone interprets it.

    event loop                               writer thread
    batch(), event()  --queue, no waiting-->  MCAP records --write()--> OS --fsync each second--> disk

`kill -9` loses what was not yet handed to `batch()` and the instant between queue and `write()`;
a power cut loses at most the second since the last fsync.  A slow or stalled disk delays only the
thread.  When the disk refuses (full, gone), the torn tail is cut off, the failure is reported
once, and the session goes on living without a recording: what was stored stays readable.

The container is MCAP, unchunked, so that every record is complete as soon as it is written.  What
stands in it is said in `monitor.recording.format`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mcap.writer import CompressionType, IndexType, Writer

from devices.driver import Notification
from monitor import home
from monitor.recording.format import (
    FORMAT,
    FORMAT_VERSION,
    RAW_TOPIC,
    US_PER_S,
    SessionHeader,
    encode_batch,
)
from monitor.recording.lock import hold

_SYNC_EVERY_S: Final = 1.0  # the house rule: at most one second is lost
_MOST_PER_MESSAGE: Final = 60_000  # n is a u16


@dataclass(frozen=True, slots=True)
class RecorderCounters:
    """What a recorder did so far; `last_written_s` is the newest session time the OS has."""

    n_batches: int = 0
    n_notifications: int = 0
    n_bytes: int = 0
    n_refused: int = 0
    last_written_s: float = 0.0


class Recorder:
    r"""Writes one session's recording in a thread of its own.

    Parameters
    ----------
    path
        The file to make; it must not exist.
    header
        What a reader must know first.
    on_failure
        Called once, from the writer thread, when the disk refuses.
    sync
        Puts written bytes on the disk; an argument so that a test can make it slow or refuse.

    Raises
    ------
    UserError
        When the file cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "recording.mcap"
    >>> header = SessionHeader("2026-03-01T18:30:05+01:00", 0, {})
    >>> with Recorder(path, header) as recorder:
    ...     recorder.batch("chest", 0.1, [Notification(0.05, "ffe4", b"\x55\x61")])
    >>> recorder.counters().n_notifications
    1
    """

    def __init__(
        self,
        path: Path,
        header: SessionHeader,
        *,
        on_failure: Callable[[OSError], None] = lambda _error: None,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.path = path
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = _WriterThread(path, header, self._queue, on_failure, sync)
        self._thread.start()
        self._closed = False

    def batch(self, placement: str, t_s: float, batch: Sequence[Notification]) -> None:
        """Hand over what one sensor sent up to session time `t_s`; returns at once."""
        for start in range(0, len(batch), _MOST_PER_MESSAGE):
            self._queue.put(_Item(placement, t_s, tuple(batch[start : start + _MOST_PER_MESSAGE])))

    def event(self, kind: str, t_s: float, **details: Any) -> None:
        """Hand over something that happened, as plain JSON values; returns at once."""
        self._queue.put(_Item("", t_s, {"kind": kind, "t_s": t_s, **details}))

    def counters(self) -> RecorderCounters:
        """What was written so far."""
        return self._thread.counters

    @property
    def failed(self) -> bool:
        """Whether the disk refused, so that nothing more is stored."""
        return self._thread.failed

    def close(self) -> None:
        """Write what is queued, finish the file and wait for it."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Item:
    """One message to write: notifications of a placement, or an event."""

    placement: str
    t_s: float
    content: tuple[Notification, ...] | dict[str, Any]


class _WriterThread(threading.Thread):
    """Owns the file.  Only `counters` and `failed` are read from outside."""

    def __init__(
        self,
        path: Path,
        header: SessionHeader,
        items: queue.SimpleQueue[_Item | None],
        on_failure: Callable[[OSError], None],
        sync: Callable[[int], None],
    ) -> None:
        # A daemon, so that a disk that never answers cannot keep the program from ending.
        super().__init__(name="recorder", daemon=True)
        self.counters = RecorderCounters()
        self.failed = False
        self._items = items
        self._header = header
        self._on_failure = on_failure
        self._sync = sync
        self._numbers: dict[str, dict[str, int]] = {}
        self._channels: dict[str, int] = {}
        self._buffer = _Buffer()
        self._descriptor = home.open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        hold(self._descriptor)  # so that others know that this session is running
        self._writer = Writer(
            self._buffer,  # type: ignore[arg-type]  # write() and tell() are all that it uses
            compression=CompressionType.NONE,
            index_types=IndexType.NONE,
            use_chunking=False,
        )
        with home.readable_errors(path):
            self._start_file()

    def _start_file(self) -> None:
        self._writer.start(profile="", library=self._header.program or "backrelease")
        content = {"format": FORMAT, "version": FORMAT_VERSION, **asdict(self._header)}
        self._write("session", "json", json.dumps(content).encode(), 0.0)
        self._channels["events"] = self._writer.register_channel("events", "json", 0)
        self._to_os()
        self._sync(self._descriptor)

    def run(self) -> None:
        next_sync_s = time.monotonic() + _SYNC_EVERY_S
        ending = False
        while not ending:
            items, ending = self._take(max(0.0, next_sync_s - time.monotonic()))
            try:
                self._store(items, ending=ending)
                if time.monotonic() >= next_sync_s or ending:
                    next_sync_s = time.monotonic() + _SYNC_EVERY_S
                    self._sync_unless_failed()
            except OSError as error:
                self._fail(error, n_refused=len(items))
        os.close(self._descriptor)

    def _take(self, wait_s: float) -> tuple[list[_Item], bool]:
        """Everything queued, and whether that is the end; waits at most `wait_s` for the first."""
        items: list[_Item] = []
        try:
            item = self._items.get(timeout=wait_s)
            while item is not None:
                items.append(item)
                item = self._items.get_nowait()
        except queue.Empty:
            return items, False
        return items, True

    def _store(self, items: Sequence[_Item], *, ending: bool) -> None:
        if self.failed:
            self._count(n_refused=len(items))
            return
        n_notifications = 0
        for item in items:
            if isinstance(item.content, dict):
                self._write("events", "json", json.dumps(item.content).encode(), item.t_s)
            else:
                numbers = self._numbers.setdefault(item.placement, {})
                data = encode_batch(item.content, numbers)
                self._write(RAW_TOPIC + item.placement, "", data, item.t_s)
                n_notifications += len(item.content)
        if ending:
            self._writer.finish()  # type: ignore[no-untyped-call]  # the package leaves it out
        self._to_os()
        if items:
            n_batches = sum(not isinstance(i.content, dict) for i in items)
            self._count(n_batches, n_notifications, t_s=max(i.t_s for i in items))

    def _write(self, topic: str, encoding: str, data: bytes, t_s: float) -> None:
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._writer.register_channel(topic, encoding, 0)
            self._channels[topic] = channel
        at_ns = self._header.started_unix_ns + round(t_s * US_PER_S) * 1000
        self._writer.add_message(channel, log_time=at_ns, publish_time=at_ns, data=data)

    def _to_os(self) -> None:
        """Give the OS everything at once; after that a crash of this program loses none of it."""
        rest = memoryview(self._buffer.taken())
        while rest:
            n = os.write(self._descriptor, rest)
            rest = rest[n:]
        self._buffer.stored = self._buffer.tell()

    def _sync_unless_failed(self) -> None:
        if not self.failed:
            self._sync(self._descriptor)

    def _fail(self, error: OSError, *, n_refused: int) -> None:
        self._count(n_refused=n_refused)
        if self.failed:
            return
        self.failed = True
        with contextlib.suppress(OSError):  # a reader copes with a torn tail, too
            os.ftruncate(self._descriptor, self._buffer.stored)
        self._on_failure(error)

    def _count(
        self, n_batches: int = 0, n_notifications: int = 0, n_refused: int = 0, t_s: float = 0.0
    ) -> None:
        was = self.counters
        self.counters = RecorderCounters(
            was.n_batches + n_batches,
            was.n_notifications + n_notifications,
            self._buffer.tell(),
            was.n_refused + n_refused,
            max(was.last_written_s, t_s),
        )


class _Buffer:
    """Where the MCAP writer writes: bytes are taken from it in one piece for one `write()`."""

    def __init__(self) -> None:
        self._parts = io.BytesIO()
        self._n_taken = 0
        self.stored = 0

    def write(self, data: bytes) -> int:
        return self._parts.write(data)

    def tell(self) -> int:
        return self._n_taken + self._parts.tell()

    def taken(self) -> bytes:
        data = self._parts.getvalue()
        self._n_taken += len(data)
        self._parts = io.BytesIO()
        return data
