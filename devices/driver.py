"""A driver is a value: how a sensor is recognised, started, stopped and decoded.

Nothing in a driver does I/O.  Starting and stopping are *conversations*: generators that yield
the next step and are sent its answer, so a test can play the sensor's part without a radio:

    driver --Step--> link --bytes--> sensor
    driver <-answer- link <-bytes--- sensor

A new sensor is one file in `sensors/` with one `Driver`, one line in `registry.py`, and its vectors
in `tests/devices/vectors/`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from devices.chunk import Chunk
from devices.errors import DecodeError


class Notification(NamedTuple):
    """One notification as it came: arrival on the event loop's clock, characteristic UUID, bytes."""

    t_arrival_s: float
    characteristic: str
    payload: bytes


Arrival: TypeAlias = tuple[float, str, bytes]
"""A notification as the link hands it on; `Notification(*arrival)` names its fields.

A plain tuple, because bleak's callback makes it: names would cost half as much again as all else
that happens there.
"""


@dataclass(frozen=True, slots=True)
class Advert:
    """What a scan showed of one sensor, as plain data."""

    address: str
    name: str | None
    service_uuids: frozenset[str] = frozenset()
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    rssi_dbm: int | None = None
    battery_percent: float | None = None
    """Only where the sensor advertises it; most tell it once they are connected."""


class ClockKind(enum.StrEnum):
    """Where a sample's device time comes from, best first."""

    DEVICE = "device"  # a time stamp made by the sensor: loss shows as a jump
    COUNTER = "counter"  # a sample counter made by the sensor: loss is exact
    COUNTED = "counted"  # we count what arrives: loss can only be estimated


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What the measures would like; a driver chooses the nearest that the sensor offers."""

    fs_hz: float = 100.0
    acc_range_g: float = 4.0


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What the sensor agreed to.  It travels with a recording, so that replay needs no sensor.

    A heart-rate sensor has no acceleration: its `fs_hz` and `acc_range_g` are 0.
    """

    fs_hz: float
    acc_range_g: float
    has_gyro: bool
    clock: ClockKind
    note: str = ""
    """What a person should know, e.g. that the sensor did not confirm its rate; often empty."""
    acc_factor: float | None = None
    """Worth of one count where the sensor tells it when it starts (Polar); None: by its document."""


# --- the steps of a conversation -------------------------------------------------------------
# A step that fails raises a `DeviceError` at its `yield`: `SensorSilent` when no answer came in
# time, `SensorRefused` when the sensor said no.  A driver catches what it can live without.


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; the answer is its value."""

    characteristic: str
    service: str = ""
    """Only needed where the same characteristic occurs in several services."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write and go on; the answer is empty."""

    characteristic: str
    data: bytes
    response: bool
    service: str = ""
    """Only needed where the same characteristic occurs in several services."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Turn notifications (or indications) on; the answer is empty."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Write, then wait for the notification that `is_reply` accepts; the answer is that payload.

    While a step waits, every notification still reaches the recording.
    """

    characteristic: str
    data: bytes
    response: bool
    reply_on: str
    is_reply: Callable[[bytes], bool]
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Give the sensor time; the answer is empty."""

    seconds: float


Step: TypeAlias = Read | Write | Subscribe | Ask | Pause
Start: TypeAlias = Generator[Step, bytes, StreamInfo]
Stop: TypeAlias = Generator[Step, bytes, None]
Cue: TypeAlias = Generator[Write | Pause, bytes, None]  # asks nothing: it runs beside the data


# --- the driver ------------------------------------------------------------------------------


class Decoder(Protocol):
    """Turns notifications into chunks.  Accepts any bytes and never raises.

    A batch may hold any number of notifications of any characteristic, and a decoder keeps what
    it needs between batches, so cutting a stream differently never changes what comes out.
    Errors are returned as values: one bad notification must not cost its neighbours.
    """

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """Decode a batch, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Driver:
    """Everything the program knows about one kind of sensor.

    Attributes
    ----------
    name : str
        Short and stable; it is written into recordings and settings.
    title : str
        What a person calls it.
    axes : str
        The sensor's axes as printed on its case or document, one line.
    recognises : callable
        Whether an advertisement is this sensor.
    start, stop : callable
        Conversations; `start` returns what was agreed.
    new_decoder : callable
        A fresh decoder for a stream with that agreement.
    silent_after_s : float
        Time without data after which it is silent, not slow.
    cue : callable or None
        Conversation that makes the sensor call its wearer while it streams, by so many buzzes or
        flashes as it is given, or by one where it has but one; None where we know no way.
    """

    name: str
    title: str
    axes: str
    recognises: Callable[[Advert], bool]
    start: Callable[[StreamRequest], Start]
    stop: Callable[[], Stop]
    new_decoder: Callable[[StreamInfo], Decoder]
    silent_after_s: float = 3.0  # most sensors send ten times in it, the slowest three times
    cue: Callable[[int], Cue] | None = None
