"""A Movesense that exists in memory: acceleration and angular rate over GSP, heart rate, battery.

Protocol: Movesense, "GATT SensorData Protocol specification", and its sample `gatt_sensordata_app`.

    34800001 write    0 hello · 1 subscribe, reference, path · 2 unsubscribe, reference
    34800002 notify   1 · reference · status u16                     the answer
                      2 · reference · ms u32 of the FIRST sample, float32 x3 of all samples, m/s2,
                          then, in /Meas/IMU6, float32 x3 of all samples, deg/s
                      3 · reference · the rest of a value longer than 150 bytes

At 104 Hz eight samples travel together: 196 bytes of IMU6, in two notifications.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices import sig
from devices.chunk import FloatArray
from devices.driver import Advert
from devices.sensors.heart_rate import SERVICE_UUID as HEART_SERVICE_UUID
from devices.virtual.heart_rate_peripheral import BATTERY_SERVICE_UUID, heart_rate_payload
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
    has_holes,
    known_at,
    values_at,
)

GSP_SERVICE_UUID = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMAND_UUID = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA_UUID = "34800002-7185-4d5d-b431-630e7050e8f0"
ADVERTISED_UUID = "0000fdf3-0000-1000-8000-00805f9b34fb"

SAMPLES_AT_HZ = {13: 1, 26: 2, 52: 4, 104: 8}
"""Samples that travel together at each rate, as they were seen."""

_HELLO, _SUBSCRIBE, _UNSUBSCRIBE = 0, 1, 2
_RESULT, _DATA, _DATA_PART_2 = 1, 2, 3
_OK, _NOT_FOUND, _NOT_IMPLEMENTED, _NO_SLOT_FREE = 200, 404, 501, 507
_PATH = re.compile(rb"/Meas/(Acc|IMU6)/(13|26|52|104)\x00?")
_FIRST_PART = 150  # bytes of a value; what is beyond them comes in a second part
_SAMPLE = np.dtype([("acc", "<f4", 3), ("gyr", "<f4", 3)])
_ACC_LIMIT_M_S2, _GYR_LIMIT_DEG_S = 8.0 * 9.80665, 2000.0
_NO_READING = 0x02


@dataclass(frozen=True, slots=True)
class _Subscription:
    reference: int
    has_gyro: bool
    fs_hz: int
    stream: SampleStream

    @property
    def group(self) -> int:
        """Samples in one value."""
        return SAMPLES_AT_HZ[self.fs_hz]


class VirtualMovesense:
    """One virtual Movesense.

    Parameters
    ----------
    name
        Advertised name, `Movesense ` and its serial number.
    track
        What the sensor feels, and the heart beats of its wearer.
    address
        Bluetooth address; made from the name when None.
    clock_ppm
        How much too fast its clock is.
    clock_starts_ms
        What its clock shows at the session's zero; it wraps at 2**32.
    battery_percent
        State of charge.

    Attributes
    ----------
    n_sent : int
        Samples handed to the radio since it was made.
    silent : bool
        A fault for tests: while True nothing is sent, and what is measured is gone.

    Examples
    --------
    >>> still = MotionTrack(np.arange(3.0), np.array([[0, 0, 9.8125]] * 3), None, np.array([]))
    >>> sensor = VirtualMovesense("Movesense 254830000321", still)
    >>> sensor.on_write(0.0, COMMAND_UUID, bytes((1, 0x63)) + b"/Meas/Acc/13")[0][1].hex(" ")
    '01 63 c8 00'
    >>> sensor.advance(0.08)[0][1].hex(" ", 4)
    '0263 4d000000 00000000 00000000 00001d41'
    """

    def __init__(
        self,
        name: str,
        track: MotionTrack,
        *,
        address: str | None = None,
        clock_ppm: float = 0.0,
        clock_starts_ms: int = 0,
        battery_percent: int = 85,
    ) -> None:
        check_track(track)
        self.advert = Advert(
            address=address or address_of(name),
            name=name,
            service_uuids=frozenset({ADVERTISED_UUID}),
            rssi_dbm=-58,
        )
        self.table = GattTable(_SERVICES)
        self.n_sent = 0
        self.silent = False
        self._track = track
        self._has_holes = has_holes(track)
        self._clock_ppm = clock_ppm
        self._clock_starts_ms = clock_starts_ms
        self._awake_since_s = 0.0
        self._battery = bytes([battery_percent])
        self._running: _Subscription | None = None
        self._n_passed = 0  # samples of this subscription that were sent, or missed while silent
        self._heart_due_s: float | None = None

    def restart_clock(self, t_s: float) -> None:
        """The sensor starts anew: its clock is at zero again."""
        self._awake_since_s, self._clock_starts_ms = t_s, 0

    def device_ms(self, t_s: float) -> int:
        """What its clock shows at a moment of the session."""
        since_s = (t_s - self._awake_since_s) * (1.0 + self._clock_ppm * 1e-6)
        return (self._clock_starts_ms + round(since_s * 1e3)) % 2**32

    def on_connect(self, t_s: float) -> None:
        """Nothing happens until it is asked for."""

    def on_disconnect(self, t_s: float) -> None:  # noqa: ARG002 - the protocol's signature
        """All subscriptions end with the link."""
        self._running = self._heart_due_s = None

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        """Heart rate starts with its subscription; motion needs a command."""
        if uuid == sig.HEART_RATE_UUID:
            self._heart_due_s = t_s + 1.0 if enabled else None

    def on_read(self, t_s: float, uuid: str) -> bytes:  # noqa: ARG002 - the protocol's signature
        """The battery; nothing else can be read."""
        if uuid != sig.BATTERY_UUID:
            raise AttRefused(_NO_READING)
        return self._battery

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        """Carry out a command and answer it."""
        if uuid != COMMAND_UUID or len(data) < 2 or data[1] == 0:
            return []
        command, reference = data[0], data[1]
        if command == _HELLO:
            return [(DATA_UUID, bytes((_RESULT, reference)) + b"Hello")]
        if command == _SUBSCRIBE:
            status = self._subscribe(t_s, reference, data[2:])
        elif command == _UNSUBSCRIBE:
            status = self._unsubscribe(reference)
        else:
            status = _NOT_IMPLEMENTED
        return [(DATA_UUID, bytes((_RESULT, reference)) + status.to_bytes(2, "little"))]

    def next_due_s(self) -> float | None:
        """The next value or heart rate, whichever is first."""
        due_s = [] if self._heart_due_s is None else [self._heart_due_s]
        if (running := self._running) is not None:
            due_s.append(running.stream.taken_s(self._n_passed + running.group - 1))
        return min(due_s, default=None)

    def advance(self, t_s: float) -> list[Outgoing]:
        """Everything measured by `t_s`, in order of time."""
        outgoing: list[Outgoing] = []
        while (due_s := self.next_due_s()) is not None and due_s <= t_s + 1e-6:
            if due_s == self._heart_due_s:
                said = [(sig.HEART_RATE_UUID, heart_rate_payload(self._track.beat_t_s, due_s))]
                self._heart_due_s = due_s + 1.0
            else:
                said = self._values()
            if not self.silent:
                outgoing += said
        return outgoing

    def _subscribe(self, t_s: float, reference: int, path: bytes) -> int:
        asked = _PATH.fullmatch(path)
        if asked is None:
            return _NOT_FOUND
        if self._running is not None:
            return _NO_SLOT_FREE
        fs_hz = int(asked[2])
        stream = SampleStream(
            lambda t_s: self._samples(t_s, fs_hz),
            _SAMPLE.itemsize,
            fs_hz=fs_hz,
            clock_ppm=self._clock_ppm,
            start_s=t_s,
            is_known=(lambda t_s: known_at(self._track, t_s, fs_hz)) if self._has_holes else None,
        )
        self._running = _Subscription(reference, asked[1] == b"IMU6", fs_hz, stream)
        self._n_passed = 0
        return _OK

    def _unsubscribe(self, reference: int) -> int:
        if self._running is None or self._running.reference != reference:
            return _NOT_FOUND
        self._running = None
        return _OK

    def _values(self) -> list[Outgoing]:
        """The next value; several shorter ones where samples in it are not to be sent."""
        running = self._running
        if running is None:  # `advance` asks only while there is one
            return []
        first, self._n_passed = self._n_passed, self._n_passed + running.group
        said: list[Outgoing] = []
        for start, end in running.stream.runs(first, self._n_passed):
            samples = np.frombuffer(running.stream.wire(start, end), _SAMPLE)
            kinds = [samples["acc"]] + ([samples["gyr"]] if running.has_gyro else [])
            stamp = self.device_ms(running.stream.taken_s(start)).to_bytes(4, "little")
            said += self._in_parts(stamp + b"".join(kind.tobytes() for kind in kinds))
            self.n_sent += 0 if self.silent else end - start
        return said

    def _in_parts(self, value: bytes) -> list[Outgoing]:
        reference = self._running.reference if self._running is not None else 0
        parts = [(_DATA, value[:_FIRST_PART])]
        if len(value) > _FIRST_PART:
            parts.append((_DATA_PART_2, value[_FIRST_PART:]))
        return [(DATA_UUID, bytes((kind, reference)) + part) for kind, part in parts]

    def _samples(self, t_s: FloatArray, fs_hz: float) -> bytes:
        acc_m_s2, gyr_rad_s = values_at(self._track, t_s, fs_hz)
        samples: NDArray[np.void] = np.zeros(t_s.size, _SAMPLE)
        samples["acc"] = np.clip(acc_m_s2, -_ACC_LIMIT_M_S2, _ACC_LIMIT_M_S2)
        samples["gyr"] = np.clip(np.rad2deg(gyr_rad_s), -_GYR_LIMIT_DEG_S, _GYR_LIMIT_DEG_S)
        return samples.tobytes()


def _row(uuid: str, *properties: str) -> VirtualCharacteristic:
    return VirtualCharacteristic(uuid, frozenset(properties))


_SERVICES = {
    GSP_SERVICE_UUID: (_row(COMMAND_UUID, "write"), _row(DATA_UUID, "notify")),
    HEART_SERVICE_UUID: (_row(sig.HEART_RATE_UUID, "notify"),),
    BATTERY_SERVICE_UUID: (_row(sig.BATTERY_UUID, "read"),),
}
