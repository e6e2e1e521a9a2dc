"""The recording's format, apart from disk and thread: what stands in which message.

Channels of the MCAP file, in file order:

    session        JSON, first message: what a reader must know (`SessionHeader`)
    events         JSON: ``{"kind": ..., "t_s": ..., ...}``: links, markers, alerts said, the end
    raw/PLACEMENT  notifications of one sensor, about 100 ms in one message

A raw message, little endian:

    u8         version, 1
    u8         k, characteristics that this message introduces
    u16        n, notifications
    u64        arrival of the first one, microseconds of session time
    k times    u8 length, UUID in ASCII; they get the next free numbers from 0 in this channel
    u32 x n    arrival after the first one, microseconds
    u8  x n    characteristic number
    u16 x n    length of the payload
    bytes      the payloads, one after the other
    u32        CRC-32 of all before it

Log time is the wall-clock start plus session time, so any MCAP viewer shows the sensors together.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from devices.driver import Notification

FORMAT: Final = "backrelease-recording"
FORMAT_VERSION: Final = 1
RAW_TOPIC: Final = "raw/"
US_PER_S: Final = 1_000_000
_BATCH_VERSION: Final = 1
_BATCH_HEAD: Final = struct.Struct("<BBHQ")


@dataclass(frozen=True, slots=True)
class RecordedSensor:
    """Who was worn where: the name and address the scan showed, and the driver that decodes it."""

    name: str
    address: str
    driver: str


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """The first message of a recording.

    Attributes
    ----------
    started_at : str
        Wall-clock start, ISO 8601 with offset: session second 0.
    started_unix_ns : int
        The same moment for log times.
    sensors : mapping
        Placement to sensor.
    source : str
        Where the data comes from, in words for the report.
    simulated : bool
        Whether a simulated body was worn, so that nobody takes a demo for a session.
    settings : mapping
        Settings of the program at the time, plain JSON values.
    program : str
        Name and version of the program that wrote it.
    """

    started_at: str
    started_unix_ns: int
    sensors: Mapping[str, RecordedSensor]
    source: str = "session"
    simulated: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    program: str = ""


def whole_microseconds(t_s: float) -> float:
    """The session time that a recording can hold, nearest to `t_s`.

    Live analysis uses it too: what is analysed live is bit for bit what a replay reads.

    Examples
    --------
    >>> whole_microseconds(1.23456789)
    1.234568
    """
    return round(t_s * US_PER_S) / US_PER_S


def encode_batch(batch: Sequence[Notification], numbers: dict[str, int]) -> bytes:
    """One raw message from notifications, oldest first; `numbers` remembers characteristics."""
    new = list(dict.fromkeys(n.characteristic for n in batch if n.characteristic not in numbers))
    for uuid in new:
        numbers[uuid] = len(numbers)
    arrivals_us = [round(n.t_arrival_s * US_PER_S) for n in batch]
    first_us = max(0, min(arrivals_us, default=0))
    n = len(batch)
    head = _BATCH_HEAD.pack(_BATCH_VERSION, len(new), n, first_us)
    names = b"".join(bytes([len(uuid)]) + uuid.encode("ascii") for uuid in new)
    columns = struct.pack(
        f"<{n}I{n}B{n}H",
        *(max(0, us - first_us) for us in arrivals_us),
        *(numbers[x.characteristic] for x in batch),
        *(len(x.payload) for x in batch),
    )
    body = b"".join((head, names, columns, *(x.payload for x in batch)))
    return body + zlib.crc32(body).to_bytes(4, "little")


def decode_batch(data: bytes, uuids: list[str]) -> tuple[Notification, ...]:
    """Notifications from one raw message; `uuids` grows by the characteristics it introduces.

    Raises
    ------
    ValueError
        When the checksum or the layout is wrong.
    """
    body, crc = data[:-4], int.from_bytes(data[-4:], "little")
    if len(data) < _BATCH_HEAD.size + 4 or zlib.crc32(body) != crc:
        raise ValueError(f"a raw message of {len(data)} bytes does not fit its checksum")
    version, k, n, first_us = _BATCH_HEAD.unpack_from(body)
    if version != _BATCH_VERSION:
        raise ValueError(f"raw message version {version}, expected {_BATCH_VERSION}")
    at = _BATCH_HEAD.size
    for _ in range(k):
        length = body[at]
        uuids.append(body[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    columns = struct.unpack_from(f"<{n}I{n}B{n}H", body, at)
    at += 7 * n
    notifications = []
    for after_us, number, length in zip(
        columns[:n], columns[n : 2 * n], columns[2 * n :], strict=True
    ):
        payload = body[at : at + length]
        at += length
        t_arrival_s = (first_us + after_us) / US_PER_S
        notifications.append(Notification(t_arrival_s, uuids[number], payload))
    return tuple(notifications)
