"""A heart-rate strap that exists in memory: the Bluetooth SIG's own service and nothing else.

180D / 2A37  notify        flags · rate · intervals in 1/1024 s, once a second
180F / 2A19  read          percent
"""

from __future__ import annotations

import numpy as np

from devices import sig
from devices.chunk import FloatArray
from devices.driver import Advert
from devices.sensors.heart_rate import SERVICE_UUID
from devices.virtual.peripheral import AttRefused, GattTable, Outgoing, VirtualCharacteristic
from devices.virtual.playback import address_of

BATTERY_SERVICE_UUID = "0000180f-0000-1000-8000-00805f9b34fb"
_NO_READING = 0x02
_MEMORY_S = 8.0  # the rate is the mean over about so long, as real straps show it
_INTERVALS, _CONTACT_SUPPORTED, _CONTACT = 0x10, 0x04, 0x02


def heart_rate_payload(beat_t_s: FloatArray, t_s: float) -> bytes:
    """What a strap says at `t_s` about the beats since a second ago; no contact without any."""
    first, last = np.searchsorted(beat_t_s, [t_s - _MEMORY_S, t_s], side="right")
    recent_s = beat_t_s[first:last]
    if recent_s.size < 2:
        return bytes([_CONTACT_SUPPORTED, 0])
    per_min = min(round(60.0 / float(np.diff(recent_s).mean())), 255)
    rr_s = np.diff(recent_s)[recent_s[1:] > t_s - 1.0]
    flags = _CONTACT_SUPPORTED | _CONTACT | (_INTERVALS if rr_s.size else 0)
    return bytes([flags, per_min]) + np.rint(rr_s * 1024.0).astype("<u2").tobytes()


class VirtualHeartRate:
    """One virtual strap without an accelerometer.

    Parameters
    ----------
    name
        Advertised name.
    beat_t_s
        When the wearer's heart beats, in session seconds.
    battery_percent
        What its battery service says.

    Attributes
    ----------
    n_sent : int
        Notifications handed to the radio.
    worn : bool
        False: the strap has no contact and says so.

    Examples
    --------
    >>> strap = VirtualHeartRate("TICKR 1A2B", np.arange(0.0, 10.0))
    >>> strap.on_subscribe(4.2, sig.HEART_RATE_UUID, enabled=True)
    >>> [payload.hex() for _, payload in strap.advance(5.3)]
    ['163c0004']
    """

    def __init__(self, name: str, beat_t_s: FloatArray, *, battery_percent: int = 80) -> None:
        self.advert = Advert(
            address=address_of(name),
            name=name,
            service_uuids=frozenset({SERVICE_UUID}),
            rssi_dbm=-62,
        )
        self.table = GattTable(
            {
                SERVICE_UUID: [VirtualCharacteristic(sig.HEART_RATE_UUID, frozenset({"notify"}))],
                BATTERY_SERVICE_UUID: [
                    VirtualCharacteristic(sig.BATTERY_UUID, frozenset({"read"}))
                ],
            }
        )
        self.n_sent = 0
        self.worn = True
        self._beat_t_s = beat_t_s
        self._battery = bytes([battery_percent])
        self._due_s: float | None = None

    def on_connect(self, t_s: float) -> None:
        """Nothing happens until somebody subscribes."""

    def on_disconnect(self, t_s: float) -> None:  # noqa: ARG002 - the protocol's signature
        """The subscription ends with the link."""
        self._due_s = None

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        """Once a second from now on."""
        if uuid == sig.HEART_RATE_UUID:
            self._due_s = t_s + 1.0 if enabled else None

    def on_read(self, t_s: float, uuid: str) -> bytes:  # noqa: ARG002 - the protocol's signature
        """The battery; nothing else can be read."""
        if uuid != sig.BATTERY_UUID:
            raise AttRefused(_NO_READING)
        return self._battery

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:  # noqa: ARG002
        """Nothing can be written."""
        raise AttRefused(0x03)

    def next_due_s(self) -> float | None:
        """The next second."""
        return self._due_s

    def advance(self, t_s: float) -> list[Outgoing]:
        """One notification for each second that passed."""
        outgoing: list[Outgoing] = []
        while self._due_s is not None and self._due_s <= t_s + 1e-6:
            beats_s = self._beat_t_s if self.worn else np.empty(0)
            outgoing.append((sig.HEART_RATE_UUID, heart_rate_payload(beats_s, self._due_s)))
            self.n_sent += 1
            self._due_s += 1.0
        return outgoing
