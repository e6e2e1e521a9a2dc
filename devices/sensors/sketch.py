"""Our own Arduino sketch, docs/sketches/backrelease_imu: clock, counter and battery in 20 bytes.

It runs on an Arduino Nano 33 BLE (Sense) of either revision and a Seeed XIAO nRF52840 Sense; a
board of another kind is one block of a few lines in it.  Everything is little-endian.

    6B1D0001-6E0B-4D5A-9C5C-2F7A0C3E51D4  service, advertised
    6B1D0002-...  notify       u8       version, 1
                               u8       counter of samples, wraps at 256
                               u8       battery percent, 255 unknown
                               u8       0, kept for later
                               u32      time of the sample, us, wraps at 71.6 min
                               i16 x3   acceleration, 1/4096 g
                               i16 x3   angular rate, 1/16 deg/s
    6B1D0003-...  read, write  u16      rate in Hz, 10 to 100: the sketch takes the nearest
    6B1D0004-...  write        u8       cue: blink so many times

20 bytes go through every link without negotiation.  The counter says what was lost within 256
samples, the clock how often 256 more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from devices.chunk import BatteryChunk, Chunk, FloatArray, ImuChunk
from devices.columns import Columns, columns, columns_of
from devices.driver import (
    Advert,
    ClockKind,
    Cue,
    Driver,
    Notification,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, SensorRefused
from devices.stamps import Moment, StampClock

_BASE = "-6e0b-4d5a-9c5c-2f7a0c3e51d4"
SERVICE_UUID = "6b1d0001" + _BASE
DATA_UUID = "6b1d0002" + _BASE
RATE_UUID = "6b1d0003" + _BASE
CUE_UUID = "6b1d0004" + _BASE

_FRAME = np.dtype(
    [
        ("version", "u1"),
        ("count", "u1"),
        ("battery", "u1"),
        ("later", "u1"),
        ("t_us", "<u4"),
        ("acc", "<i2", 3),
        ("gyr", "<i2", 3),
    ]
)
_FRAME_SIZE = _FRAME.itemsize
_Frames: TypeAlias = NDArray[Any]  # of _FRAME
_VERSION = 1
_SLOWEST_HZ, _FASTEST_HZ = 10, 100
_RANGE_G = 8.0  # 32768 counts
_M_S2_PER_LSB = 9.80665 / 4096
_RAD_S_PER_LSB = float(np.deg2rad(1.0)) / 16

_LAP = 256  # of the counter
_USUAL_STEP_US = 10_000_000  # up to here a step in time is never a clock that was set


# --- frames to samples -----------------------------------------------------------------------


class SketchDecoder:
    """Believes the board's time and counter; a frame that came before leaves nothing."""

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._clock = StampClock(bits=32, tick_s=1e-6)
        self._count: int | None = None
        self._battery: int | None = None

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """A chunk for what follows without loss; then the battery where it changed, and errors."""
        bad: list[bytes] = []
        told = columns_of(batch, DATA_UUID)
        if told is not None and not _are_frames(told):
            ours = [item for item in batch if item.characteristic == DATA_UUID]
            bad = [item.payload for item in ours if not _is_frame(item.payload)]
            told = columns([item for item in ours if _is_frame(item.payload)])
        decoded: list[Chunk | DecodeError] = []
        if told is not None:
            frames, t_arrival_s = np.frombuffer(b"".join(told.payloads), _FRAME), told.t_arrival_s
            whole = self._in_one_go(frames, t_arrival_s)
            decoded.extend(self._one_by_one(frames, t_arrival_s) if whole is None else [whole])
            decoded.extend(self._batteries(frames, t_arrival_s))
        expected = f"expected {_FRAME_SIZE} bytes that begin with {_VERSION}"
        return [*decoded, *(DecodeError(expected, payload) for payload in bad)]

    def _in_one_go(self, frames: _Frames, arrivals: FloatArray) -> ImuChunk | None:
        """The usual case in a few array operations; None when the batch is not that simple."""
        steps_us = np.diff(frames["t_us"])
        counts = np.diff(frames["count"])
        if (counts != 1).any() or (steps_us == 0).any() or (steps_us > _USUAL_STEP_US).any():
            return None
        first = self._clock.read(int(frames["t_us"][0]), float(arrivals[0]))
        if first is None or self._n_lost(int(frames["count"][0]), first):
            return None
        elapsed_us = first.elapsed_ticks + np.concatenate(
            [[0], np.cumsum(steps_us, dtype=np.int64)]
        )
        t_device_s = elapsed_us * 1e-6
        self._count = int(frames["count"][-1])
        self._clock.keep(
            Moment(
                ticks=int(frames["t_us"][-1]),
                t_arrival_s=float(arrivals[-1]),
                elapsed_ticks=int(elapsed_us[-1]),
                t_s=float(t_device_s[-1]),
                since_s=None,
            )
        )
        return _chunk(frames, t_device_s, arrivals, 0)

    def _one_by_one(self, frames: _Frames, arrivals: FloatArray) -> list[ImuChunk]:
        """The same result frame by frame, whatever comes."""
        begins: list[tuple[int, int]] = []  # where a chunk begins among those kept, and its loss
        kept: list[int] = []
        times: list[float] = []
        stamps = zip(
            frames["t_us"].tolist(), frames["count"].tolist(), arrivals.tolist(), strict=True
        )
        for i, (t_us, count, t_arrival_s) in enumerate(stamps):
            moment = self._clock.read(t_us, t_arrival_s)
            if moment is None:
                continue
            n_lost = self._n_lost(count, moment)
            if not kept or n_lost or moment.since_s is None:
                begins.append((len(kept), n_lost))
            self._clock.keep(moment)
            self._count = count
            kept.append(i)
            times.append(moment.t_s)
        if not kept:
            return []
        ends = [begin for begin, _ in begins[1:]] + [len(kept)]
        return [
            _chunk(frames[kept[a:b]], np.array(times[a:b]), arrivals[kept[a:b]], n_lost)
            for (a, n_lost), b in zip(begins, ends, strict=True)
        ]

    def _n_lost(self, count: int, moment: Moment) -> int:
        """Exact within a lap of the counter; the clock says how many laps went by."""
        if self._count is None or moment.since_s is None:
            return 0
        steps = (count - self._count) % _LAP
        laps = round((moment.since_s * self._fs_hz - steps) / _LAP)
        return max(0, steps + _LAP * laps - 1)

    def _batteries(self, frames: _Frames, arrivals: FloatArray) -> list[BatteryChunk]:
        told = []
        percents = frames["battery"]
        changes = np.flatnonzero(np.diff(percents, prepend=np.uint8(255)))
        for i in [0, *changes.tolist()]:
            percent = int(percents[i])
            if percent != self._battery and percent <= 100:
                self._battery = percent
                told.append(BatteryChunk(float(arrivals[i]), float(percent)))
        return told


def _are_frames(told: Columns) -> bool:
    if told.size != _FRAME_SIZE:
        return False
    return b"".join(told.payloads)[::_FRAME_SIZE].count(_VERSION) == len(told.payloads)


def _is_frame(payload: bytes) -> bool:
    return len(payload) == _FRAME_SIZE and payload[0] == _VERSION


def _chunk(
    frames: _Frames, t_device_s: FloatArray, t_arrival_s: FloatArray, n_lost: int
) -> ImuChunk:
    return ImuChunk(
        t_device_s=t_device_s,
        t_arrival_s=t_arrival_s,
        acc_m_s2=frames["acc"].astype(np.float64) * _M_S2_PER_LSB,
        gyr_rad_s=frames["gyr"].astype(np.float64) * _RAD_S_PER_LSB,
        n_lost=n_lost,
    )


# --- conversations ---------------------------------------------------------------------------


def _start(request: StreamRequest) -> Start:
    wanted_hz = round(min(max(request.fs_hz, _SLOWEST_HZ), _FASTEST_HZ))
    with suppress(SensorRefused):  # then it stays as it is, which the read tells
        yield Write(RATE_UUID, wanted_hz.to_bytes(2, "little"), response=True)
    answer = yield Read(RATE_UUID)
    got_hz = int.from_bytes(answer, "little")
    if len(answer) != 2 or not 1 <= got_hz <= 1000:
        raise DecodeError("expected the sketch's rate in two bytes", answer)
    yield Subscribe(DATA_UUID)
    stays = f"{wanted_hz} Hz was asked for, the sketch stays at {got_hz} Hz"
    return StreamInfo(
        fs_hz=float(got_hz),
        acc_range_g=_RANGE_G,
        has_gyro=True,
        clock=ClockKind.DEVICE,
        note=stays if got_hz != wanted_hz else "",
    )


def _stop() -> Stop:
    """Nothing to say: the sketch rests when nobody is subscribed."""
    yield from ()


def _cue(times: int) -> Cue:
    yield Write(CUE_UUID, bytes((times,)), response=True)


def _recognises(advert: Advert) -> bool:
    return SERVICE_UUID in advert.service_uuids or (advert.name or "").startswith("backrelease")


DRIVER = Driver(
    name="sketch",
    title="Arduino or Seeed board with our sketch",
    axes="the motion chip's own, as its library gives them",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=SketchDecoder,
    cue=_cue,
)
