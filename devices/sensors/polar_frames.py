"""Frames of Polar's measurement data (PMD): what the H10, the Verity Sense and the OH1 stream.

Documents: Polar, "Online measurement" v1.0 (2024) and the BLE SDK's sources.

    u8   measurement (low 6 bits)     0 electrocardiogram, 2 acceleration, 3 pulse intervals, 5 gyro
    u64  time stamp of the LAST sample, ns
    u8   frame type                   bit 7: compressed
    raw         samples of 1, 2 or 3 bytes a channel
    compressed  one sample of 2 bytes a channel (4 for gyro type 0x81), then blocks
                of differences: `polar_deltas.py`

    acceleration   types 0, 1, 2: milli-g;  0x80: counts x FACTOR = g;  0x81: milli-g (x FACTOR)
    gyro           0x80: counts x FACTOR = deg/s;  0x81: float32, differences of its bit patterns

The stamps count from 2000 or 2019, depending on what was last connected: a clock to measure with,
never a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices import sig
from devices.chunk import Chunk, FloatArray, ImuChunk
from devices.columns import Columns, columns_of
from devices.driver import Notification, StreamInfo
from devices.errors import DecodeError
from devices.sensors.polar_deltas import uncompressed, uncompressed_frames
from devices.stamps import CLOCK_WAS_SET_S, Moment, StampClock, in_runs

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
_HEAD = np.dtype([("measurement", "u1"), ("stamp_ns", "<u8"), ("type", "u1")])
_PULSE = np.dtype([("heart", "u1"), ("pp_ms", "<u2"), ("error_ms", "<u2"), ("flags", "u1")])

_M_S2_PER_MG = 9.80665e-3
_RAW_16 = 1  # frame type of raw acceleration in milli-g of 16 bits
_WORTH_IT = 4  # frames in a batch; for fewer, arrays cost more than they save
_IN_CACHE = 1024  # frames whose numbers the processor keeps at hand
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
        others: Sequence[Notification] = batch
        frames: list[Chunk | DecodeError] = []
        told = columns_of(batch, DATA_UUID) if len(batch) >= _WORTH_IT else None
        if told is not None and len(told.payloads) >= _WORTH_IT:
            frames = self._feed_frames(told)
            others = [item for item in batch if item[1] != DATA_UUID]
        rest = (self._feed_one(item) for item in others)
        return [*frames, *(said for said in rest if said is not None)]

    def _feed_frames(self, told: Columns) -> list[Chunk | DecodeError]:
        frames = _Frames.read(told, self._factor)

        def one(at: int) -> list[Chunk | DecodeError]:
            said = self._feed_frame(float(told.t_arrival_s[at]), told.payloads[at])
            return [] if said is None else [said]

        if frames is None:
            return [said for at in range(len(told.payloads)) for said in one(at)]
        return in_runs(self._are_due(frames), partial(self._feed_unbroken, frames), one)

    # The usual case: each frame where it is due after the one before it.

    def _are_due(self, frames: _Frames) -> NDArray[np.bool_]:
        """Whether each frame but the first follows the one before it in its usual time."""
        since_s, counts = frames.passed_ns * self._clock.tick_s, frames.counts[1:]
        beside_s = since_s - counts * (1.0 / self._fs_hz)
        was_not_set = since_s <= np.diff(frames.t_arrival_s) + CLOCK_WAS_SET_S
        tolerance_s = np.maximum(0.5, _RATE_TOLERANCE * counts) * (1.0 / self._fs_hz)
        are_due: NDArray[np.bool_] = (np.abs(beside_s) <= tolerance_s) & (since_s > 0) & was_not_set
        return are_due

    def _feed_unbroken(self, frames: _Frames, at: int, end: int) -> ImuChunk | None:
        """Frames `at` to `end`, each due after the one before, in one chunk.

        None when the first of them is not due.
        """
        arrivals, counts = frames.t_arrival_s[at:end], frames.counts[at:end]
        first = self._clock.read(int(frames.stamp_ns[at]), float(arrivals[0]))
        if first is None or not self._is_due(first.since_s, int(counts[0])):
            return None
        passed_ns = frames.passed_ns[at : end - 1]
        elapsed = first.elapsed_ticks + np.concatenate([[0], np.cumsum(passed_ns)])
        since_s, t_last_s = passed_ns * self._clock.tick_s, elapsed * self._clock.tick_s
        first_step_s = 1.0 / self._fs_hz if first.since_s is None else first.since_s / counts[0]
        steps_s = np.concatenate([[first_step_s], since_s / counts[1:]])
        self._clock.keep(
            Moment(
                int(frames.stamp_ns[end - 1]), float(arrivals[-1]), int(elapsed[-1]),
                float(t_last_s[-1]), float(since_s[-1]),
            )
        )  # fmt: skip
        return ImuChunk(
            t_device_s=_sample_times(t_last_s, steps_s, counts),
            t_arrival_s=np.repeat(arrivals, _one_if_same(counts)),
            acc_m_s2=frames.acc_m_s2[frames.begins[at] : frames.begins[at] + int(counts.sum())],
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

    # Any notification, alone.

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
        values = frame_values(payload, ACCELERATION)
        if isinstance(values, DecodeError):
            return values
        if (worth_m_s2 := _worth_m_s2(payload[9], self._factor)) is None:
            return DecodeError("counts of a sensor that did not tell their worth", payload)
        n, period_s = len(values), 1.0 / self._fs_hz
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
            acc_m_s2=values * worth_m_s2,
            gyr_rad_s=None,
            n_lost=n_lost,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """Many frames of acceleration, read together.

    Attributes
    ----------
    t_arrival_s, stamp_ns, counts, begins : (n,) arrays
        When each came, its stamp, how many samples it has, and which of all is its first.
    passed_ns : (n - 1,) array
        From each stamp to the next, right over the wrap.
    acc_m_s2 : (total, 3) array
        All samples.
    """

    t_arrival_s: FloatArray
    stamp_ns: NDArray[np.uint64]
    counts: NDArray[np.int64]
    begins: NDArray[np.int64]
    passed_ns: NDArray[np.int64]
    acc_m_s2: FloatArray

    @classmethod
    def read(cls, told: Columns, factor: float | None) -> _Frames | None:
        """None unless all are of one type, whole, and either raw and of one size or compressed."""
        joined, n = b"".join(told.payloads), len(told.payloads)
        sizes = np.array(told.sizes) if told.size is None else np.full(n, told.size)
        if sizes.min() <= _HEADER_SIZE:
            return None
        ends = np.cumsum(sizes)
        everywhere = np.ndarray((len(joined) - _HEADER_SIZE + 1,), _HEAD, joined, 0, (1,))
        heads = everywhere[ends - sizes]
        frame_type = int(heads["type"][0])
        worth_m_s2 = _worth_m_s2(frame_type, factor)
        is_one_kind = (heads["measurement"] & 0x3F == ACCELERATION) & (heads["type"] == frame_type)
        if worth_m_s2 is None or not is_one_kind.all():
            return None
        if frame_type == _RAW_16 and told.size is not None and (told.size - _HEADER_SIZE) % 6 == 0:
            counts = np.full(n, (told.size - _HEADER_SIZE) // 6)
            acc_m_s2 = _scaled_rows(joined, told.size, worth_m_s2)
        elif frame_type in {COUNTS, MILLI_G}:
            begins = ends - sizes + _HEADER_SIZE
            if (found := uncompressed_frames(joined, begins, ends)) is None:
                return None
            values, counts = found
            acc_m_s2 = (values.astype(np.float64) * worth_m_s2).T
        else:
            return None
        stamps = heads["stamp_ns"].copy()
        begins = np.cumsum(counts) - counts
        passed = np.diff(stamps).view(np.int64)
        return cls(told.t_arrival_s, stamps, counts, begins, passed, acc_m_s2)


def _scaled_rows(joined: bytes, size: int, worth_m_s2: float) -> FloatArray:
    """Samples of 16 bits behind the headers of frames of one size."""
    n, n_values = len(joined) // size, (size - _HEADER_SIZE) // 2
    lsb = np.ndarray((n, n_values), "<i2", joined, _HEADER_SIZE, (size, 2))
    values = np.empty((n, n_values))
    for first in range(0, n, _IN_CACHE):
        piece = values[first : first + _IN_CACHE]
        piece[:] = lsb[first : first + _IN_CACHE]
        piece *= worth_m_s2
    return values.reshape(-1, 3)


def _sample_times(
    t_last_s: FloatArray, steps_s: FloatArray, counts: NDArray[np.int64]
) -> FloatArray:
    """Times of all samples: each frame's go back from its last, step by step."""
    t_s = np.empty(int(counts.sum()))
    begin = 0
    for first in range(0, len(counts), _IN_CACHE):
        some = slice(first, first + _IN_CACHE)
        n = _one_if_same(counts[some])
        end = begin + int(counts[some].sum())
        last = np.cumsum(counts[some], dtype=np.float64) - 1.0
        back_s = np.repeat(last, n)
        back_s -= np.arange(end - begin, dtype=np.float64)
        back_s *= np.repeat(steps_s[some], n)
        np.subtract(np.repeat(t_last_s[some], n), back_s, out=t_s[begin:end])
        begin = end
    return t_s


def _one_if_same(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first alone, if all are as the first: numpy repeats a fixed number of times faster."""
    return counts[:1] if (counts == counts[0]).all() else counts


def _worth_m_s2(frame_type: int, factor: float | None) -> float | None:
    """What one count of a frame is worth; None for counts without a factor, which mean nothing.

    `factor` is what the sensor told when it started.
    """
    if frame_type == COUNTS:
        return None if factor is None else factor * 1000.0 * _M_S2_PER_MG
    if frame_type == MILLI_G and factor is not None:
        return factor * _M_S2_PER_MG
    return _M_S2_PER_MG


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
    integers = uncompressed(body, channels, delta_bytes)
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
