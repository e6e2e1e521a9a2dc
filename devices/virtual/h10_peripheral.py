"""A Polar H10 that exists in memory: acceleration over PMD, heart rate, battery, identity.

Protocol: Polar "online measurement" v1.0 (Aug 2024) and Bluetooth SIG heart rate service.

    control point   read      0F mm nn …            what the sensor offers
                    write     op type settings…     01 settings, 02 start, 03 stop
                    indicate  F0 op type error …    the answer
    data            notify    02 · time of the last sample, ns u64 · 01 · n x (x y z) int16 mg
    heart rate      notify    flags · rate · intervals in 1/1024 s, once a second

The device's time counts from 2000; an H10 starts at 2019-01-01 when it wakes up.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from devices.chunk import FloatArray
from devices.driver import Advert
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

PMD_SERVICE_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
PMD_CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
PMD_DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"


def _sig(short: int) -> str:
    return f"{short:08x}-0000-1000-8000-00805f9b34fb"


HEART_SERVICE_UUID, HEART_RATE_UUID, LOCATION_UUID = _sig(0x180D), _sig(0x2A37), _sig(0x2A38)
BATTERY_SERVICE_UUID, BATTERY_UUID = _sig(0x180F), _sig(0x2A19)
INFO_SERVICE_UUID = _sig(0x180A)
_INFO = {0x2A29: "Polar Electro Oy", 0x2A24: "H10", 0x2A26: "5.0.0"}

CLOCK_START_NS = 599_616_000_000_000_000
"""2019-01-01 in nanoseconds since 2000-01-01."""

RATES_HZ, RANGES_G, _RESOLUTION_BITS = (25, 50, 100, 200), (2, 4, 8), 16
_ACC, _ECG, _KNOWN_TYPES = 0x02, 0x00, {0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14}
_SETTINGS, _START, _STOP = 0x01, 0x02, 0x03
_OK, _BAD_OP, _BAD_TYPE, _UNSUPPORTED, _BAD_LENGTH, _BAD_PARAMETER = 0, 1, 2, 3, 4, 5
_ALREADY, _BAD_RESOLUTION, _BAD_RATE, _BAD_RANGE, _BAD_STATE = 6, 7, 8, 9, 12
_RATE_TLV, _RESOLUTION_TLV, _RANGE_TLV = 0, 1, 2
_OFFERS = {_RATE_TLV: RATES_HZ, _RESOLUTION_TLV: (_RESOLUTION_BITS,), _RANGE_TLV: RANGES_G}
_REFUSAL = {_RATE_TLV: _BAD_RATE, _RESOLUTION_TLV: _BAD_RESOLUTION, _RANGE_TLV: _BAD_RANGE}
_FEATURES = bytes([0x0F, 0x04]) + bytes(15)  # acceleration only: no electrode is simulated
_MOST_SAMPLES, _FRAME_S = 36, 0.36  # samples in the largest real frame; the same pace when slower
_BYTES_PER_SAMPLE = 6
_FRAME_HEAD = struct.Struct("<BQB")
_MG_PER_M_S2 = 1000.0 / 9.80665
_ATT_NO_READING, _ATT_NOT_SUBSCRIBED = 0x02, 0xFD
_HEART_MEMORY_S = 10.0  # beats that the displayed rate is an average of


class VirtualH10:
    """One virtual Polar H10.

    Parameters
    ----------
    name
        Advertised name, `Polar H10 ` and eight characters.
    track
        What the chest feels, and its heart beats.
    address
        Bluetooth address; made from the name when None.
    clock_ppm
        How much too fast its clock is.
    battery_percent
        State of charge.

    Attributes
    ----------
    n_sent : int
        Acceleration samples handed to the radio since it was made.
    n_beats_sent : int
        Heart beat intervals handed to the radio.
    silent : bool
        A fault for tests: while True nothing is sent, and what is measured is gone.
    """

    def __init__(
        self,
        name: str,
        track: MotionTrack,
        *,
        address: str | None = None,
        clock_ppm: float = 0.0,
        battery_percent: int = 90,
    ) -> None:
        track = replace(track, gyr_rad_s=None)  # it has no gyroscope
        check_track(track)
        self.advert = Advert(
            address=address or address_of(name),
            name=name,
            service_uuids=frozenset({HEART_SERVICE_UUID}),
            rssi_dbm=-60,
        )
        self.table = GattTable(services=_SERVICES)
        self.n_sent = 0
        self.n_beats_sent = 0
        self.silent = False
        self._track = track
        self._has_holes = has_holes(self._track)
        self._clock_ppm = clock_ppm
        self._awake_since_s = 0.0
        self._readable = {
            PMD_CONTROL_UUID: _FEATURES,
            LOCATION_UUID: b"\x01",  # chest
            BATTERY_UUID: bytes([battery_percent]),
            **{_sig(short): text.encode() for short, text in _INFO.items()},
            _sig(0x2A25): name.rpartition(" ")[2].encode(),
        }
        self._subscribed: set[str] = set()
        self._stream: SampleStream | None = None
        self._fs_hz, self._range_g, self._group = 0, 0, 1
        self._n_passed = 0  # samples of this stream that were sent, or missed while silent
        self._heart_due_s: float | None = None

    def restart_clock(self, t_s: float) -> None:
        """The sensor wakes up anew: its time is 2019-01-01 again."""
        self._awake_since_s = t_s

    def device_ns(self, t_s: float) -> int:
        """The sensor's own time at a moment of the session."""
        since_s = (t_s - self._awake_since_s) * (1.0 + self._clock_ppm * 1e-6)
        return CLOCK_START_NS + round(since_s * 1e9)

    def on_connect(self, t_s: float) -> None:
        """Nothing happens until it is asked for."""

    def on_disconnect(self, t_s: float) -> None:  # noqa: ARG002 - the protocol's signature
        """Subscriptions end with the link, and a stream without a listener with them."""
        self._subscribed.clear()
        self._stream = None
        self._heart_due_s = None

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        """Heart rate starts with its subscription; acceleration needs a command as well."""
        if enabled:
            self._subscribed.add(uuid)
        else:
            self._subscribed.discard(uuid)
        if uuid == HEART_RATE_UUID:
            self._heart_due_s = t_s + 1.0 if enabled else None

    def on_read(self, t_s: float, uuid: str) -> bytes:  # noqa: ARG002 - the protocol's signature
        """Features, battery and identity; nothing else can be read."""
        if uuid not in self._readable:
            raise AttRefused(_ATT_NO_READING)
        return self._readable[uuid]

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        """Carry out a command and answer it with an indication."""
        if uuid != PMD_CONTROL_UUID:
            return []
        if PMD_CONTROL_UUID not in self._subscribed:
            raise AttRefused(_ATT_NOT_SUBSCRIBED)
        op, kind = (*data[:2], 0, 0)[:2]
        error, more = self._command(t_s, data)
        return [(PMD_CONTROL_UUID, bytes([0xF0, op, kind, error, 0x00]) + more)]

    def next_due_s(self) -> float | None:
        """The next acceleration frame or heart rate, whichever is first."""
        due_s = [] if self._heart_due_s is None else [self._heart_due_s]
        if self._stream is not None:
            due_s.append(self._stream.taken_s(self._n_passed + self._group - 1))
        return min(due_s, default=None)

    def advance(self, t_s: float) -> list[Outgoing]:
        """Everything measured by `t_s`, in order of time."""
        outgoing: list[Outgoing] = []
        while (due_s := self.next_due_s()) is not None and due_s <= t_s + 1e-6:
            if due_s == self._heart_due_s:
                said = self._heart_said(due_s)
                self._heart_due_s = due_s + 1.0
            else:
                said = self._frames()
            if not self.silent:
                outgoing += said
                self._count(said)
        return outgoing

    def _count(self, said: list[Outgoing]) -> None:
        for uuid, payload in said:
            if uuid == PMD_DATA_UUID:
                self.n_sent += (len(payload) - _FRAME_HEAD.size) // _BYTES_PER_SAMPLE
            else:
                self.n_beats_sent += (len(payload) - 2) // 2

    def _command(self, t_s: float, data: bytes) -> tuple[int, bytes]:  # noqa: PLR0911 - one per error code
        if len(data) < 2:
            return _BAD_LENGTH, b""
        op, kind = data[0], data[1]
        if op not in {_SETTINGS, _START, _STOP}:
            return _BAD_OP, b""
        if kind not in _KNOWN_TYPES:
            return _BAD_TYPE, b""
        if kind != _ACC:
            return _UNSUPPORTED, b""
        if op == _SETTINGS:
            return _OK, b"".join(
                struct.pack(f"<2B{len(offer)}H", tlv, len(offer), *offer)
                for tlv, offer in _OFFERS.items()
            )
        if op == _STOP:
            if self._stream is None:
                return _ALREADY, b""
            self._stream = None
            return _OK, b""
        return self._start(t_s, data[2:])

    def _start(self, t_s: float, settings: bytes) -> tuple[int, bytes]:
        if self._stream is not None:
            return _ALREADY, b""
        if PMD_DATA_UUID not in self._subscribed:
            return _BAD_STATE, b""
        chosen, error = _choose(settings)
        if error:
            return error, b""
        self._fs_hz, self._range_g = chosen[_RATE_TLV], chosen[_RANGE_TLV]
        self._group = min(_MOST_SAMPLES, round(_FRAME_S * self._fs_hz))
        self._n_passed = 0
        self._stream = SampleStream(
            self._samples,
            _BYTES_PER_SAMPLE,
            fs_hz=self._fs_hz,
            clock_ppm=self._clock_ppm,
            start_s=t_s,
            is_known=self._is_known if self._has_holes else None,
        )
        return _OK, b"\x01"  # a lone reserved byte ends the real answer too

    def _frames(self) -> list[Outgoing]:
        """The next group in one frame; in several, where samples in it are not to be sent."""
        stream = self._stream
        if stream is None:  # `advance` asks only while a stream is due
            return []
        first, self._n_passed = self._n_passed, self._n_passed + self._group
        frames: list[Outgoing] = []
        for start, end in stream.runs(first, self._n_passed):
            head = _FRAME_HEAD.pack(_ACC, self.device_ns(stream.taken_s(end - 1)), 0x01)
            frames.append((PMD_DATA_UUID, head + stream.wire(start, end)))
        return frames

    def _is_known(self, t_s: FloatArray) -> NDArray[np.bool_]:
        return known_at(self._track, t_s, self._fs_hz)

    def _samples(self, t_s: FloatArray) -> bytes:
        acc_m_s2, _ = values_at(self._track, t_s, self._fs_hz)
        limit_mg = min(1000 * self._range_g, 32767)
        return counts(acc_m_s2, _MG_PER_M_S2, limit_mg).astype("<i2").tobytes()

    def _heart_said(self, t_s: float) -> list[Outgoing]:
        if self._has_holes and not self._is_known(np.array([t_s]))[0]:
            return []
        return [(HEART_RATE_UUID, self._heart(t_s))]

    def _heart(self, t_s: float) -> bytes:
        beats_s = self._track.beat_t_s
        first, last = np.searchsorted(beats_s, [t_s - _HEART_MEMORY_S, t_s], side="right")
        recent_s = beats_s[first:last]
        if recent_s.size < 2:
            return bytes([0x04, 0])  # contact is supported and not there: no rate
        rate = round(60.0 / float(np.diff(recent_s).mean()))
        newest = int(np.sum(recent_s > t_s - 1.0))
        rr_s = np.diff(recent_s)[max(0, recent_s.size - 1 - newest) :] if newest else np.array([])
        intervals = np.rint(rr_s * 1024.0).astype("<u2").tobytes()
        # Flags: intervals present, contact supported and detected.
        return bytes([0x16 if intervals else 0x06, min(rate, 255)]) + intervals


def _choose(settings: bytes) -> tuple[dict[int, int], int]:
    """The one value chosen for each setting, or the error that the sensor answers with."""
    if len(settings) % 4:  # each is a type, the count 1, one u16 value
        return {}, _BAD_LENGTH
    chosen: dict[int, int] = {}
    for tlv, count, value in struct.iter_unpack("<2BH", settings):
        if tlv not in _OFFERS or count != 1:
            return {}, _BAD_PARAMETER
        if value not in _OFFERS[tlv]:
            return {}, _REFUSAL[tlv]
        chosen[tlv] = value
    return chosen, _OK if set(chosen) == set(_OFFERS) else _BAD_PARAMETER


def _row(uuid: str, *properties: str) -> VirtualCharacteristic:
    return VirtualCharacteristic(uuid, frozenset(properties))


_SERVICES = {
    HEART_SERVICE_UUID: (_row(HEART_RATE_UUID, "notify"), _row(LOCATION_UUID, "read")),
    BATTERY_SERVICE_UUID: (_row(BATTERY_UUID, "read", "notify"),),
    INFO_SERVICE_UUID: tuple(_row(_sig(short), "read") for short in (*_INFO, 0x2A25)),
    PMD_SERVICE_UUID: (
        _row(PMD_CONTROL_UUID, "read", "write", "indicate"),
        _row(PMD_DATA_UUID, "notify"),
    ),
}
