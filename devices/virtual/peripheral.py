"""A virtual sensor, apart from the radio that carries it.

A peripheral answers reads and writes and produces notifications from a `MotionTrack`; it does no
I/O and is told the time.  Two radios can carry it: `memory_radio` (bleak's public layer only) and
`bumble_radio` (a whole Bluetooth host stack on both sides).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from devices.chunk import FloatArray
from devices.driver import Advert


@dataclass(frozen=True, slots=True, eq=False)
class MotionTrack:
    """What a sensor feels over time: from the simulated body or from a recording.

    Attributes
    ----------
    t_s : (n,) array
        Strictly rising seconds, zero at the start of the session; any rate.
    acc_m_s2 : (n, 3) array
        Specific force in the sensor's axes, m/s2; a row with NaN is a moment in which the sensor
        sends nothing.
    gyr_rad_s : (n, 3) array or None
        Angular rate in the sensor's axes, rad/s.
    beat_t_s : (k,) array
        Times of the wearer's heart beats, for sensors that report RR; may be empty.
    """

    t_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray | None
    beat_t_s: FloatArray


@dataclass(frozen=True, slots=True)
class VirtualCharacteristic:
    """One row of a GATT table; `properties` are bleak's words: read, write, notify, indicate."""

    uuid: str
    properties: frozenset[str]


@dataclass(frozen=True, slots=True)
class GattTable:
    """Service UUID to its characteristics, in order."""

    services: Mapping[str, Sequence[VirtualCharacteristic]] = field(default_factory=dict)


class AttRefused(Exception):
    """The peripheral refuses a read or write with this ATT error code, e.g. 0x02: no reading."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


Outgoing = tuple[str, bytes]
"""A notification or indication to send: characteristic UUID and bytes."""


class Peripheral(Protocol):
    """What a radio needs from a virtual sensor.

    `t_s` is session time.  `next_due_s` says when `advance` next has something to send, so that a
    radio sleeps until then; None means nothing is streaming.
    """

    advert: Advert
    table: GattTable

    def on_connect(self, t_s: float) -> None:
        """A central connected."""

    def on_disconnect(self, t_s: float) -> None:
        """The central is gone; a real sensor forgets subscriptions and may stop streaming."""

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        """Notifications of a characteristic were turned on or off."""

    def on_read(self, t_s: float, uuid: str) -> bytes:
        """Answer a read; raises `AttRefused` where reading is not permitted."""
        ...

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        """Take a command and give back what the sensor sends in reply; may raise `AttRefused`."""
        ...

    def next_due_s(self) -> float | None:
        """When `advance` next has something to send."""
        ...

    def advance(self, t_s: float) -> list[Outgoing]:
        """Everything the sensor has to send up to `t_s`."""
        ...
