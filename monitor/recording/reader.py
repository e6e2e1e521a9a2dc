"""Read a recording, whole or cut off at any byte.

A program that was killed leaves a file without its end, perhaps with half a record.  Everything
before that is read; the half record is dropped and `Recording.whole` is False.  A raw message
whose checksum is wrong (a page that never reached the disk) is skipped and counted.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from mcap.exceptions import EndOfFile, McapError
from mcap.records import Channel, Footer, Message
from mcap.stream_reader import StreamReader

from devices.driver import Notification
from monitor import home
from monitor.errors import UserError
from monitor.recording.format import (
    FORMAT,
    FORMAT_VERSION,
    RAW_TOPIC,
    RecordedSensor,
    SessionHeader,
    decode_batch,
)

_TOPICS = ("session", "events")  # and one for each sensor


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """What one sensor sent until session time `t_s`, oldest first."""

    placement: str
    t_s: float
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """Something that happened at `t_s`: a link's state, a marker, an alert said, the end."""

    kind: str
    t_s: float
    details: dict[str, Any]


Entry: TypeAlias = RecordedBatch | RecordedEvent


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as far as it could be read.

    Attributes
    ----------
    header : SessionHeader
        What the session was.
    entries : tuple
        Batches and events in the order in which they were stored.
    whole : bool
        Whether the file has its end; False after a crash.
    n_damaged : int
        Messages that were there but could not be believed.
    """

    header: SessionHeader
    entries: tuple[Entry, ...]
    whole: bool
    n_damaged: int

    @property
    def last_t_s(self) -> float:
        """Session time of the last thing stored; 0 when nothing was."""
        return max((e.t_s for e in self.entries), default=0.0)

    @property
    def events(self) -> tuple[RecordedEvent, ...]:
        """Everything that is not a notification."""
        return tuple(e for e in self.entries if isinstance(e, RecordedEvent))

    def notifications(self, placement: str) -> list[Notification]:
        """Everything one sensor sent."""
        batches = (e for e in self.entries if isinstance(e, RecordedBatch))
        return [n for b in batches if b.placement == placement for n in b.notifications]


def read_recording(path: Path) -> Recording:
    """Read a recording, or as much of it as is there.

    Raises
    ------
    UserError
        When the file cannot be opened, is no recording of this program, or was cut off before
        its first message.
    """
    with home.readable_errors(path):
        data = path.read_bytes()
    header: SessionHeader | None = None
    entries: list[Entry] = []
    uuids: dict[str, list[str]] = {}
    n_damaged = 0
    records = _Records(data)
    for topic, message in records:
        if header is None:
            header = _header(path, topic, message.data)
            continue
        try:
            entries.append(_entry(topic, message.data, header, message.log_time, uuids))
        except (ValueError, KeyError, IndexError, TypeError, RecursionError, struct.error):
            n_damaged += 1
    if header is None:
        raise UserError(
            f"{path} holds no session: {len(data)} bytes, the beginning is missing",
            hint="Nothing was stored before the program ended; there is nothing to recover.",
        )
    return Recording(header, tuple(entries), records.whole, n_damaged)


class _Records:
    """Topic and message of every whole record, in file order; then `whole` says how it ended."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.whole = False

    def __iter__(self) -> Iterator[tuple[str, Message]]:
        topics: dict[int, str] = {}
        try:
            for record in StreamReader(_WholeReads(self._data)).records:
                if isinstance(record, Channel):
                    topics[record.id] = record.topic
                elif isinstance(record, Message):
                    yield topics.get(record.channel_id, ""), record
                elif isinstance(record, Footer):
                    self.whole = True
        except (EndOfFile, McapError, struct.error, UnicodeDecodeError):
            self.whole = False  # cut off here: all before it stands


class _WholeReads(io.BytesIO):
    """Bytes in which a read that runs past the end is the end, never a shorter answer."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size is not None and len(data) < size:
            raise EndOfFile
        return data


def _header(path: Path, topic: str, data: bytes) -> SessionHeader:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    is_header = isinstance(content, dict) and content.get("format") == FORMAT
    if not is_header and not (topic in _TOPICS or topic.startswith(RAW_TOPIC)):
        raise UserError(
            f"{path} is not a recording of this program (its first topic is {topic!r})",
            hint="Give the folder of a session, or its recording.mcap.",
        )
    if not is_header or topic != "session":
        raise UserError(
            f"{path} is damaged: its first message (topic {topic!r}) does not say what was recorded",
            hint="Without it nobody knows which sensor was worn where.",
        )
    if content.get("version") != FORMAT_VERSION:
        raise UserError(
            f"{path} is a recording of version {content.get('version')}, expected {FORMAT_VERSION}",
            hint="A newer backrelease wrote it: update this one.",
        )
    known = {f.name for f in fields(SessionHeader)}
    try:
        values = {name: value for name, value in content.items() if name in known}
        values["sensors"] = {p: RecordedSensor(**s) for p, s in content["sensors"].items()}
        return SessionHeader(**values)
    except (TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"the first message of {path} is damaged ({error})",
            hint="Without it nobody knows which sensor was worn where.",
        ) from error


def _entry(
    topic: str, data: bytes, header: SessionHeader, log_time_ns: int, uuids: dict[str, list[str]]
) -> Entry:
    if topic == "events":
        details = json.loads(data)
        return RecordedEvent(details.pop("kind"), details.pop("t_s"), details)
    if not topic.startswith(RAW_TOPIC):
        raise ValueError(f"unknown topic {topic!r}")
    placement = topic.removeprefix(RAW_TOPIC)
    batch = decode_batch(data, uuids.setdefault(placement, []))
    t_s = (log_time_ns - header.started_unix_ns) / 1_000_000_000
    return RecordedBatch(placement, t_s, batch)
