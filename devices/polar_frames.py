"""Frames of Polar's measurement data (PMD): what the H10, the Verity Sense and the OH1 stream.

Documents: Polar, "Online measurement" v1.0 (2024) and the BLE SDK's sources.

    u8   measurement (low 6 bits)     0 electrocardiogram, 2 acceleration, 3 pulse intervals, 5 gyro
    u64  time stamp of the LAST sample, ns
    u8   frame type                   bit 7: compressed
    raw         samples of 1, 2 or 3 bytes a channel
    compressed  one sample of 2 bytes a channel (4 for gyro type 0x81), then blocks:
                u8 width in bits, u8 count, count x channels differences of that width, lowest bit
                first, in whole bytes; each is added to the value before it

    acceleration   types 0, 1, 2: milli-g;  0x80: counts x FACTOR = g;  0x81: milli-g (x FACTOR)
    gyro           0x80: counts x FACTOR = deg/s;  0x81: float32, differences of its bit patterns

The stamps count from 2000 or 2019, depending on what was last connected: a clock to measure with,
never a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices import sig
from devices.chunk import Chunk, FloatArray, ImuChunk
from devices.driver import Notification, StreamInfo
from devices.errors import DecodeError
from devices.stamps import StampClock

DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

ELECTROCARDIOGRAM, ACCELERATION, PULSE_INTERVALS, GYRO = 0, 2, 3, 5
COUNTS, MILLI_G = 0x80, 0x81  # frame types of compressed acceleration
BITS_PATTERNS = 0x81  # ... and of the gyro

_HEADER_SIZE = 10
_CHANNELS = {ELECTROCARDIOGRAM: 1, ACCELERATION: 3, GYRO: 3}
_RAW_BYTES = {
    (ELECTROCARDIOGRAM, 0): 3,
    (ACCELERATION, 0): 1,
    (ACCELERATION, 1): 2,
    (ACCELERATION, 2): 3,
}
_DELTA_BYTES = {
    (ACCELERATION, COUNTS): 2,
    (ACCELERATION, MILLI_G): 2,
    (GYRO, 0x80): 2,
    (GYRO, BITS_PATTERNS): 4,
}
_WIDEST_DELTA = 32  # of a 32-bit value there is no wider one
_PULSE = np.dtype([("heart", "u1"), ("pp_ms", "<u2"), ("error_ms", "<u2"), ("flags", "u1")])

_M_S2_PER_MG = 9.80665e-3
_RATE_TOLERANCE = 0.05  # accelerometers run a few percent beside their nominal rate


class PmdDecoder:
    """Rebuilds sample times from the stamp of each frame's last sample, and counts what is missing.

    The vendor's rule: the step between samples is the time since the previous frame's stamp, divided
    by the samples of this frame; for a first frame it is one nominal period.  We add that a frame
    after a gap has nominal steps too, so that a loss does not stretch its samples over the hole.
    What the radio loses is whole frames: a time that is out by less than a twentieth of a frame is
    the sensor's own rate.
    """

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._factor = info.acc_factor
        self._clock = StampClock(bits=64, tick_s=1e-9)

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk a frame; frames that came before, or too late, leave nothing."""
        decoded = (self._feed_one(notification) for notification in batch)
        return [chunk for chunk in decoded if chunk is not None]

    def _feed_one(self, notification: Notification) -> Chunk | DecodeError | None:
        t_arrival_s, characteristic, payload = notification
        if characteristic == DATA_UUID:
            return self._feed_frame(t_arrival_s, payload)
        if characteristic == sig.HEART_RATE_UUID:
            return sig.decode_heart_rate(t_arrival_s, payload)
        if characteristic == sig.BATTERY_UUID:
            return sig.decode_battery(t_arrival_s, payload)
        return None

    def _feed_frame(self, t_arrival_s: float, payload: bytes) -> Chunk | DecodeError | None:
        milli_g = acceleration_mg(payload, self._factor)
        if isinstance(milli_g, DecodeError):
            return milli_g
        n, period_s = len(milli_g), 1.0 / self._fs_hz
        moment = self._clock.read(stamp_ns(payload), t_arrival_s)
        if moment is None:
            return None  # redelivered or overtaken: its time has been told already
        step_s, n_lost = period_s, 0
        if moment.since_s is not None:
            beside_s = moment.since_s - n * period_s
            tolerance_s = max(0.5, _RATE_TOLERANCE * n) * period_s
            if beside_s < -tolerance_s:
                return DecodeError(
                    f"{n} samples in {moment.since_s:.6f} s at {self._fs_hz:g} Hz", payload
                )
            if beside_s > tolerance_s:
                n_lost = round(beside_s * self._fs_hz)
            else:
                step_s = moment.since_s / n
        self._clock.keep(moment)
        back_to_last = np.arange(n - 1, -1, -1, dtype=np.float64)
        return ImuChunk(
            t_device_s=moment.t_s - step_s * back_to_last,
            t_arrival_s=np.full(n, t_arrival_s),
            acc_m_s2=milli_g * _M_S2_PER_MG,
            gyr_rad_s=None,
            n_lost=n_lost,
        )


def acceleration_mg(payload: bytes, factor: float | None) -> FloatArray | DecodeError:
    """Milli-g of an acceleration frame, shape (n, 3).

    `factor` is what the sensor told when it started.  Counts without one mean nothing.
    """
    values = frame_values(payload, ACCELERATION)
    if isinstance(values, DecodeError):
        return values
    frame_type = payload[9]
    if frame_type == COUNTS:
        if factor is None:
            return DecodeError("counts of a sensor that did not tell their worth", payload)
        return values * (factor * 1000.0)
    if frame_type == MILLI_G and factor is not None:
        return values * factor
    return values


def stamp_ns(payload: bytes) -> int:
    """Time stamp of a frame's last sample."""
    return int.from_bytes(payload[1:9], "little")


def frame_values(payload: bytes, measurement: int) -> FloatArray | DecodeError:
    """The numbers of a frame as they stand there, shape (n, channels)."""
    if len(payload) < _HEADER_SIZE:
        return DecodeError(
            f"expected a header of {_HEADER_SIZE} bytes, got {len(payload)}", payload
        )
    if (got := payload[0] & 0x3F) != measurement:
        return DecodeError(f"expected measurement type {measurement}, got {got}", payload)
    values = _body_values(measurement, payload[9], payload[_HEADER_SIZE:])
    return DecodeError(values, payload) if isinstance(values, str) else values


def _body_values(measurement: int, frame_type: int, body: bytes) -> FloatArray | str:
    """The numbers of a frame's body, or what is wrong with it."""
    kind, channels = (measurement, frame_type), _CHANNELS[measurement]
    if (raw_bytes := _RAW_BYTES.get(kind)) is not None:
        size = raw_bytes * channels
        if not body or len(body) % size:
            return f"{len(body)} bytes are not whole samples of {size}"
        return _integers(body, raw_bytes).reshape(-1, channels)
    if (delta_bytes := _DELTA_BYTES.get(kind)) is None:
        return f"unknown frame type 0x{frame_type:02x}"
    integers = _uncompressed(body, channels, delta_bytes)
    if isinstance(integers, str):
        return integers
    if kind == (GYRO, BITS_PATTERNS):
        return (integers & 0xFFFFFFFF).astype("<u4").view("<f4").astype(np.float64)
    return integers.astype(np.float64)


class Pulse(NamedTuple):
    """One pulse interval of an optical sensor; `is_blocked` marks it as disturbed by movement."""

    heart_per_min: int
    pp_ms: int
    error_ms: int
    is_blocked: bool
    has_contact: bool
    contact_is_supported: bool


def pulse_intervals(payload: bytes) -> list[Pulse] | DecodeError:
    """Pulse intervals of a frame.  They come late and slow heart rate down: we do not ask for them."""
    body = payload[_HEADER_SIZE:]
    if len(payload) < _HEADER_SIZE or payload[0] & 0x3F != PULSE_INTERVALS or payload[9] != 0:
        return DecodeError("expected pulse intervals of frame type 0", payload)
    if not body or len(body) % _PULSE.itemsize:
        return DecodeError(f"{len(body)} bytes are not whole pulses of 6", payload)
    return [
        Pulse(heart, pp_ms, error_ms, bool(flags & 1), bool(flags & 2), bool(flags & 4))
        for heart, pp_ms, error_ms, flags in np.frombuffer(body, dtype=_PULSE).tolist()
    ]


# --- bits ------------------------------------------------------------------------------------


def _integers(body: bytes, size: int) -> FloatArray:
    """Signed little-endian integers of 1, 2 or 3 bytes."""
    if size == 3:
        unsigned: FloatArray = (
            np.frombuffer(body, dtype=np.uint8).reshape(-1, 3) * np.array([1.0, 256.0, 65536.0])
        ).sum(axis=1)
        return np.where(unsigned < 2**23, unsigned, unsigned - 2**24)
    return np.frombuffer(body, dtype=np.int8 if size == 1 else np.dtype("<i2")).astype(np.float64)


def _uncompressed(body: bytes, channels: int, size: int) -> NDArray[np.int64] | str:
    """First sample and every one after it, or what is wrong."""
    at = channels * size
    if len(body) < at:
        return f"a first sample of {at} bytes, got {len(body)}"
    rows = [np.frombuffer(body[:at], dtype=f"<i{size}").astype(np.int64).reshape(1, channels)]
    while at < len(body):
        if len(body) < at + 2:
            return "a block without its length"
        width, count = body[at], body[at + 1]
        begin, at = at + 2, at + 2 + (width * count * channels + 7) // 8
        if width > _WIDEST_DELTA:
            return f"differences of {width} bits"
        if at > len(body):
            return f"a block of {count} x {width} bits, cut short"
        rows.append(differences(body[begin:at], width, count * channels).reshape(-1, channels))
    return np.cumsum(np.concatenate(rows), axis=0)


def differences(packed: bytes, width: int, count: int) -> NDArray[np.int64]:
    """`count` signed integers of `width` bits each, lowest bit first.

    Examples
    --------
    >>> differences(bytes.fromhex("f2"), width=4, count=2).tolist()
    [2, -1]
    """
    if width == 0:
        return np.zeros(count, dtype=np.int64)
    bits = np.unpackbits(
        np.frombuffer(packed, dtype=np.uint8), count=width * count, bitorder="little"
    ).reshape(count, width)
    weights = np.int64(1) << np.arange(width, dtype=np.int64)
    weights[-1] = -weights[-1]  # two's complement
    return bits.astype(np.int64) @ weights
