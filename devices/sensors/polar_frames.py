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
from devices.stamps import CLOCK_WAS_SET_S, Moment, StampClock

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
_WORTH_IT = 4  # frames in a batch; for fewer, arrays cost more than they save
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
        """Frames that follow each other in one chunk, or one chunk each; then the rest as it came.

        Frames that came before, or too late, leave nothing.
        """
        whole = self._feed_unbroken(batch)
        if whole is not None:
            others = [item for item in batch if item.characteristic != DATA_UUID]
            rest = (self._feed_one(notification) for notification in others)
            return [whole, *(chunk for chunk in rest if chunk is not None)]
        decoded = (self._feed_one(notification) for notification in batch)
        return [chunk for chunk in decoded if chunk is not None]

    def _feed_unbroken(self, batch: Sequence[Notification]) -> ImuChunk | None:  # noqa: PLR0911 - one for each thing that is not simple
        """The usual case in a few array operations; None when the batch is not that simple.

        Raw milli-g of 16 bits in frames of one size, each where it is due after the one before it.
        """
        frames = [item for item in batch if item[1] == DATA_UUID]
        if len(frames) < _WORTH_IT:
            return None
        payloads = [item[2] for item in frames]
        sizes = set(map(len, payloads))
        size = sizes.pop()
        if sizes or size <= _HEADER_SIZE or (size - _HEADER_SIZE) % 6:
            return None
        n = (size - _HEADER_SIZE) // 6
        rows = np.frombuffer(b"".join(payloads), np.uint8).reshape(-1, size)
        if (rows[:, 0] & 0x3F != ACCELERATION).any() or (rows[:, 9] != 1).any():
            return None
        stamps = rows[:, 1:9].copy().view("<u8")[:, 0]
        arrivals = np.fromiter([item[0] for item in frames], np.float64, len(frames))
        first = self._clock.read(int(stamps[0]), float(arrivals[0]))
        passed = np.diff(stamps).view(np.int64)  # right over the wrap, too
        since_s = passed * self._clock.tick_s
        if first is None or not self._is_due(first.since_s, n):
            return None
        period_s, tolerance_s = 1.0 / self._fs_hz, self._tolerance_s(n)
        if not (np.abs(since_s - n * period_s) <= tolerance_s).all() or not (since_s > 0).all():
            return None
        if (since_s > np.diff(arrivals) + CLOCK_WAS_SET_S).any():
            return None
        elapsed = first.elapsed_ticks + np.concatenate([[0], np.cumsum(passed)])
        t_last_s = elapsed * self._clock.tick_s
        first_step_s = period_s if first.since_s is None else first.since_s / n
        steps_s = np.concatenate([[first_step_s], since_s / n])
        last_since_s = float(since_s[-1])
        self._clock.keep(
            Moment(
                int(stamps[-1]), float(arrivals[-1]), int(elapsed[-1]), float(t_last_s[-1]),
                last_since_s,
            )
        )  # fmt: skip
        back_to_last = np.arange(n - 1, -1, -1, dtype=np.float64)
        t_device_s = steps_s[:, None] * back_to_last
        np.subtract(t_last_s[:, None], t_device_s, out=t_device_s)
        # Axis by axis: rows of three cost numpy twice as much.
        axes = np.empty((3, len(frames) * n))
        axes[:] = rows[:, _HEADER_SIZE:].copy().view("<i2").reshape(-1, 3).T
        axes *= _M_S2_PER_MG
        return ImuChunk(
            t_device_s=t_device_s.ravel(),
            t_arrival_s=np.repeat(arrivals, n),
            acc_m_s2=axes.T,
            gyr_rad_s=None,
        )

    def _tolerance_s(self, n: int) -> float:
        """How far the time of `n` samples may be out and be the sensor's own rate."""
        return max(0.5, _RATE_TOLERANCE * n) * (1.0 / self._fs_hz)

    def _is_due(self, since_s: float | None, n: int) -> bool:
        """Whether a frame of `n` samples follows the one before without loss."""
        if since_s is None:
            return True
        return abs(since_s - n * (1.0 / self._fs_hz)) <= self._tolerance_s(n)

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
            tolerance_s = self._tolerance_s(n)
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
