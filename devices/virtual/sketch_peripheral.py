"""A board with our sketch that exists in memory: one sample a frame, a clock, a counter, a light.

The layout is that of `devices/sensors/sketch.py`; the board is docs/sketches/backrelease_imu.
"""

from __future__ import annotations

import struct

import numpy as np

from devices.chunk import FloatArray
from devices.driver import Advert
from devices.sensors.sketch import CUE_UUID, DATA_UUID, RATE_UUID, SERVICE_UUID
from devices.virtual.peripheral import (
    AttRefused,
    GattTable,
    MotionTrack,
    Outgoing,
    VirtualCharacteristic,
)
from devices.virtual.playback import (
    SampleStream,
    address_of,
    check_track,
    counts,
    has_holes,
    known_at,
    values_at,
)

_HEAD = struct.Struct("<4BI")
_VERSION = 1
_ACC_PER_M_S2, _GYR_PER_RAD_S = 4096 / 9.80665, 16 / np.deg2rad(1.0)
_SLOWEST_HZ, _FASTEST_HZ = 10, 100
_SAMPLE_BYTES = 12
_MOST_BLINKS = 10
_NOT_PERMITTED_TO_READ = 0x02


class VirtualSketch:
    """One virtual board with our sketch.

    Parameters
    ----------
    name
        Advertised name, `backrelease` and anything; over bumble at most 8 characters, for which the
        service it advertises leaves room.
    track
        What the board feels.
    address
        Bluetooth address; made from the name when None.
    clock_ppm
        How much too fast its clock is.
    starts_at_us
        What its clock shows at the session's zero; it wraps at 2**32, after 71.6 min.
    battery_percent
        255 for a board that does not know it.

    Attributes
    ----------
    n_sent : int
        Samples handed to the radio since it was made.
    n_blinks : int
        How often its light was told to blink.

    Examples
    --------
    >>> still = MotionTrack(np.arange(3.0), np.array([[0, 0, 9.80665]] * 3), None, np.array([]))
    >>> board = VirtualSketch("backrelease 1", still)
    >>> board.on_subscribe(0.0, DATA_UUID, enabled=True)
    >>> board.advance(0.01)[0][1].hex(" ", 4)
    '0100ff00 10270000 00000000 00100000 00000000'
    """

    def __init__(
        self,
        name: str,
        track: MotionTrack,
        *,
        address: str | None = None,
        clock_ppm: float = 0.0,
        starts_at_us: int = 0,
        battery_percent: int = 255,
    ) -> None:
        check_track(track)
        self.advert = Advert(
            address=address or address_of(name),
            name=name,
            service_uuids=frozenset({SERVICE_UUID}),
            rssi_dbm=-57,
        )
        self.table = GattTable({SERVICE_UUID: _ROWS})
        self.n_sent = 0
        self.n_blinks = 0
        self._track = track
        self._has_holes = has_holes(track)
        self._clock_ppm = clock_ppm
        self._clock_us, self._since_s = starts_at_us, 0.0
        self._battery = battery_percent
        self._fs_hz = _FASTEST_HZ
        self._stream: SampleStream | None = None
        self._n_passed = 0

    def restart_clock(self, t_s: float) -> None:
        """Its clock begins again at zero, as after a reset that the link survives."""
        self._clock_us, self._since_s = 0, t_s

    def on_connect(self, t_s: float) -> None:
        """Nothing happens until somebody subscribes."""

    def on_disconnect(self, t_s: float) -> None:  # noqa: ARG002 - the protocol's signature
        """It samples only while somebody is subscribed."""
        self._stream = None

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        """Samples begin and end with the subscription."""
        if uuid == DATA_UUID:
            self._stream = self._new_stream(t_s) if enabled else None

    def on_read(self, t_s: float, uuid: str) -> bytes:  # noqa: ARG002 - the protocol's signature
        """The rate; nothing else can be read."""
        if uuid != RATE_UUID:
            raise AttRefused(_NOT_PERMITTED_TO_READ)
        return self._fs_hz.to_bytes(2, "little")

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        """Take a rate, or blink."""
        if uuid == CUE_UUID and len(data) == 1:
            self.n_blinks += min(data[0], _MOST_BLINKS)
        elif uuid == RATE_UUID and len(data) == 2:
            self._fs_hz = min(max(int.from_bytes(data, "little"), _SLOWEST_HZ), _FASTEST_HZ)
            if self._stream is not None:
                self._stream = self._new_stream(t_s)
        return []

    def next_due_s(self) -> float | None:
        """The next sample."""
        return None if self._stream is None else self._stream.taken_s(self._n_passed)

    def advance(self, t_s: float) -> list[Outgoing]:
        """Every sample taken by `t_s`."""
        outgoing: list[Outgoing] = []
        if (stream := self._stream) is None:
            return outgoing
        first, self._n_passed = self._n_passed, max(self._n_passed, stream.n_taken(t_s))
        for start, end in stream.runs(first, self._n_passed) if self._n_passed > first else []:
            samples = stream.wire(start, end)
            for i in range(end - start):
                sample = samples[_SAMPLE_BYTES * i : _SAMPLE_BYTES * (i + 1)]
                outgoing.append((DATA_UUID, self._head(stream.taken_s(start + i)) + sample))
                self.n_sent += 1
        return outgoing

    def _head(self, taken_s: float) -> bytes:
        since_s = (taken_s - self._since_s) * (1.0 + self._clock_ppm * 1e-6)
        stamp_us = (self._clock_us + round(since_s * 1e6)) % 2**32
        return _HEAD.pack(_VERSION, self.n_sent % 256, self._battery, 0, stamp_us)

    def _new_stream(self, start_s: float) -> SampleStream:
        self._n_passed = 0
        return SampleStream(
            self._samples,
            _SAMPLE_BYTES,
            fs_hz=self._fs_hz,
            clock_ppm=self._clock_ppm,
            start_s=start_s,
            is_known=(lambda t_s: known_at(self._track, t_s, self._fs_hz))
            if self._has_holes
            else None,
        )

    def _samples(self, t_s: FloatArray) -> bytes:
        acc_m_s2, gyr_rad_s = values_at(self._track, t_s, self._fs_hz)
        both = [counts(acc_m_s2, _ACC_PER_M_S2), counts(gyr_rad_s, _GYR_PER_RAD_S)]
        return np.concatenate(both, axis=1).astype("<i2").tobytes()


_ROWS = tuple(
    VirtualCharacteristic(uuid, frozenset(properties))
    for uuid, properties in (
        (DATA_UUID, {"notify"}),
        (RATE_UUID, {"read", "write"}),
        (CUE_UUID, {"write"}),
    )
)
