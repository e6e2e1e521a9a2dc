"""WitMotion BLE 5.0 inertial sensors: WT901BLE67/68, BWT901BLECL5.0, WT9011DCL-BT50, WT901SDCL-BT50.

Documents: WitMotion, "WT901BLECL data sheet" v23-0420, and "Wit standard communication protocol".
Frames come on FFE4, 20 bytes, little-endian; no counter, no clock, no checksum.

    55 61   i16 x3 acceleration  16/32768 g      what streams
            i16 x3 angular rate  2000/32768 deg/s
            i16 x3 Euler angles  180/32768 deg   (not used: gravity says it better)
    55 71   u16 first register, i16 x8 values    the answer to a read, on request only

The SDCL model lets each data frame be followed by 8 bytes of calendar time; they are recognised
and left out.  Commands are written to FFE9: `FF AA register low high`; reading register R is
`FF AA 27 R 00`.  A write is never acknowledged, so what was set is read back.

The vendor's UUID base ends in 5f9a34fb - not in 5f9b34fb, the Bluetooth base, which some clones
use: both are spoken here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from devices.chunk import BatteryChunk, Chunk, FloatArray, ImuChunk
from devices.columns import Columns, columns
from devices.driver import (
    Advert,
    Ask,
    ClockKind,
    Driver,
    Notification,
    Pause,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, SensorRefused, SensorSilent

_VENDOR_BASE, _SIG_BASE = "-0000-1000-8000-00805f9a34fb", "-0000-1000-8000-00805f9b34fb"
SERVICE_UUID = "0000ffe5" + _VENDOR_BASE
DATA_UUID = "0000ffe4" + _VENDOR_BASE
COMMAND_UUID = "0000ffe9" + _VENDOR_BASE
_DATA_UUIDS = frozenset({DATA_UUID, "0000ffe4" + _SIG_BASE})

UNLOCK = bytes.fromhex("ff aa 69 88 b5")  # settings may be written for the next 10 s
SET_SIX_AXES = bytes.fromhex("ff aa 24 01 00")  # no magnetometer: indoors it disturbs
RATE_REGISTER, BATTERY_REGISTER = 0x03, 0x64
RATE_HZ_BY_CODE = {1: 0.2, 2: 0.5, 3: 1.0, 4: 2.0, 5: 5.0, 6: 10.0, 7: 20.0, 8: 50.0, 9: 100.0}
_OFFERED_HZ = (100.0, 50.0, 20.0, 10.0)  # the vendor's documents disagree about 200 Hz

_FRAME_SIZE, _STAMP_SIZE = 20, 8
_DATA, _REGISTERS = b"\x55\x61", b"\x55\x71"
_DATA_WORD = int.from_bytes(_DATA, "little")
_STANDARD_GRAVITY_M_S2 = 9.80665
_ACC_RANGE_G = 16.0
_ACC_M_S2_PER_LSB = _ACC_RANGE_G * _STANDARD_GRAVITY_M_S2 / 32768
_GYR_RAD_S_PER_LSB = float(np.deg2rad(2000.0)) / 32768

# State of charge of one lithium cell, from the vendor's programs.
_CELL_V = (3.40, 3.50, 3.68, 3.70, 3.73, 3.77, 3.79, 3.82, 3.87, 3.93, 3.96, 3.99)
_CELL_PERCENT = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 75.0, 90.0, 100.0)
_TWO_CELLS_ABOVE_V = 5.5  # such models have another table, which we have not seen

_SETTLE_S = 1.0  # data sheet: 1 to 3 s after connecting before the first command
_BETWEEN_COMMANDS_S = 0.1
_ANSWER_S = 2.0  # an answer comes within one frame; old firmware gives none
_STALE_S = 1.0  # a frame whose rest is this late belongs to an earlier connection
_IN_CACHE = 8192  # frames
_NOISE_LIMIT = 64  # bytes of noise in one error report; bounds what is kept


def read_command(register: int) -> bytes:
    """The command that asks for eight registers from `register` on.

    Examples
    --------
    >>> read_command(0x64).hex(" ")
    'ff aa 27 64 00'
    """
    return bytes((0xFF, 0xAA, 0x27, register, 0x00))


def rate_command(code: int) -> bytes:
    """The command that sets the output rate; codes are the keys of `RATE_HZ_BY_CODE`."""
    return bytes((0xFF, 0xAA, RATE_REGISTER, code, 0x00))


def battery_percent(volts: float) -> float:
    """State of charge by the vendor's table for one cell; NaN for a voltage no cell has.

    Examples
    --------
    >>> round(battery_percent(3.92), 1)
    72.5
    """
    if not 0.0 < volts <= _TWO_CELLS_ABOVE_V:
        return float("nan")
    return float(np.interp(volts, _CELL_V, _CELL_PERCENT))


# --- bytes to frames -------------------------------------------------------------------------


@dataclass(slots=True)
class _Framer:
    """Cuts a byte stream into frames.

    aligned:   the next two bytes are a header, else 8 bytes of calendar time, else --> searching
    searching: a header counts only if 20 bytes later the stream goes on as it should --> aligned

    While aligned nothing is searched, so a header's bytes inside a payload cannot mislead.
    """

    pending: bytes = b""
    noise: bytes = b""
    aligned: bool = True
    after_data: bool = False

    def feed(self, received: bytes) -> Iterator[bytes | DecodeError]:
        buffer, at = self.pending + received, 0
        while True:
            if self.aligned:
                used, frame = self._next_aligned(buffer, at)
            else:
                used, frame = self._next_searching(buffer, at)
            if used is None:
                break
            at += used
            if frame is not None:
                yield frame
        self.pending = buffer[at:]

    def drop_pending(self) -> DecodeError | None:
        """Forget a partial frame; what came is handed back as an error."""
        lost, self.pending, self.noise = self.noise + self.pending, b"", b""
        self.aligned, self.after_data = True, False
        return DecodeError("a frame without its end", lost) if lost else None

    def _next_aligned(
        self, buffer: bytes, at: int
    ) -> tuple[int | None, bytes | DecodeError | None]:
        rest = len(buffer) - at
        header = buffer[at : at + 2]
        if _may_be_header(header):
            if rest < _FRAME_SIZE:
                return None, None
            self.after_data = header == _DATA
            return _FRAME_SIZE, buffer[at : at + _FRAME_SIZE]
        if self.after_data and rest < _STAMP_SIZE:
            return None, None
        if self.after_data and _is_calendar_time(buffer[at : at + _STAMP_SIZE]):
            self.after_data = False
            return _STAMP_SIZE, None
        self.aligned = self.after_data = False
        return 0, None

    def _next_searching(
        self, buffer: bytes, at: int
    ) -> tuple[int | None, bytes | DecodeError | None]:
        rest = len(buffer) - at
        if rest < 2:
            return None, None
        if buffer[at : at + 2] in {_DATA, _REGISTERS}:
            after = buffer[at + _FRAME_SIZE : at + _FRAME_SIZE + _STAMP_SIZE]
            if len(after) < 2:
                return None, None
            if after[:2] in {_DATA, _REGISTERS}:
                self.aligned = True
            elif len(after) < _STAMP_SIZE:
                return None, None
            else:
                self.aligned = _is_calendar_time(after)
            if self.aligned:
                return 0, self._take_noise()
        self.noise += buffer[at : at + 1]
        return 1, self._take_noise() if len(self.noise) == _NOISE_LIMIT else None

    def _take_noise(self) -> DecodeError | None:
        noise, self.noise = self.noise, b""
        return DecodeError("bytes between frames", noise) if noise else None


def _may_be_header(two: bytes) -> bool:
    return two in {b"", b"\x55", _DATA, _REGISTERS}


def _is_calendar_time(stamp: bytes) -> bool:
    """Year, month, day, hour, minute, second, u16 ms, as the SDCL model appends them."""
    _, month, day, hour, minute, second, ms_low, ms_high = stamp
    on_calendar = 1 <= month <= 12 and 1 <= day <= 31
    return (
        on_calendar and hour < 24 and minute < 60 and second < 60 and ms_low + 256 * ms_high < 1000
    )


def _registers(frame: bytes) -> tuple[int, list[int]]:
    """First register and the eight values of a register frame."""
    first, *values = np.frombuffer(frame, dtype="<i2", offset=2).tolist()
    return first & 0xFFFF, values


def _answer(payload: bytes, register: int) -> int | None:
    """Value of `register` if `payload` holds the answer to reading it."""
    for frame in _Framer().feed(payload):
        if isinstance(frame, bytes) and frame.startswith(_REGISTERS):
            first, values = _registers(frame)
            if first == register:
                return values[0]
    return None


# --- frames to samples -----------------------------------------------------------------------


class WitMotionDecoder:
    """Counts samples, because the sensor does not: `t_device_s` = samples so far / rate."""

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._n_samples = 0
        self._framer = _Framer()
        self._framer_fed_s = 0.0

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk with all samples of the batch, then battery readings and errors as they came."""
        whole = self._feed_whole_frames(columns(batch))
        if whole is not None:
            return [whole]
        return self._feed_any_bytes([n for n in batch if n.characteristic in _DATA_UUIDS])

    def _feed_whole_frames(self, told: Columns | None) -> ImuChunk | None:
        """The usual case in a few array operations; None when the batch is not that simple."""
        if told is None or told.characteristic not in _DATA_UUIDS:
            return None
        if self._framer.pending or not self._framer.aligned:
            return None
        n_frames: int | list[int]
        if told.size is not None:
            n_frames, is_cut = told.size // _FRAME_SIZE, told.size % _FRAME_SIZE != 0
        else:
            n_frames = [size // _FRAME_SIZE for size in told.sizes]
            is_cut = any(size % _FRAME_SIZE for size in told.sizes)
        if is_cut:
            return None
        words = np.frombuffer(b"".join(told.payloads), dtype="<i2").reshape(-1, _FRAME_SIZE // 2)
        if not len(words) or (words[:, 0] != _DATA_WORD).any():
            return None
        self._framer.after_data = True
        self._framer_fed_s = float(told.t_arrival_s[-1])
        return self._chunk(words, told.t_arrival_s.repeat(n_frames))

    def _feed_any_bytes(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """The same result byte by byte, whatever comes."""
        data: list[bytes] = []
        arrivals: list[float] = []
        others: list[Chunk | DecodeError] = []
        for t_arrival_s, _, payload in batch:
            if t_arrival_s - self._framer_fed_s > _STALE_S:
                others.extend(filter(None, [self._framer.drop_pending()]))
            self._framer_fed_s = t_arrival_s
            for frame in self._framer.feed(payload):
                if isinstance(frame, DecodeError):
                    others.append(frame)
                elif frame.startswith(_DATA):
                    data.append(frame)
                    arrivals.append(t_arrival_s)
                else:
                    first, values = _registers(frame)
                    if first == BATTERY_REGISTER:
                        others.append(BatteryChunk(t_arrival_s, battery_percent(values[0] / 100)))
        if not data:
            return others
        words = np.frombuffer(b"".join(data), dtype="<i2").reshape(-1, _FRAME_SIZE // 2)
        return [self._chunk(words, np.array(arrivals, dtype=np.float64)), *others]

    def _chunk(self, words: NDArray[np.int16], t_arrival_s: FloatArray) -> ImuChunk:
        t_device_s = np.arange(self._n_samples, self._n_samples + len(words), dtype=np.float64)
        t_device_s /= self._fs_hz
        self._n_samples += len(words)
        # Axis by axis, because rows of three cost numpy twice as much; and in pieces that stay in the
        # processor's cache between being read and being scaled.
        axes = np.empty((6, len(words)))
        for first in range(0, len(words), _IN_CACHE):
            piece = axes[:, first : first + _IN_CACHE]
            piece[:] = words[first : first + _IN_CACHE, 1:7].T
            piece[:3] *= _ACC_M_S2_PER_LSB
            piece[3:] *= _GYR_RAD_S_PER_LSB
        return ImuChunk(
            t_device_s=t_device_s,
            t_arrival_s=t_arrival_s,
            acc_m_s2=axes[:3].T,
            gyr_rad_s=axes[3:].T,
        )


# --- conversations ---------------------------------------------------------------------------


def _recognises(advert: Advert) -> bool:
    name = advert.name or ""
    if name.startswith("WTVB"):  # a vibration meter: same UUIDs, other frames
        return False
    return name.startswith("WT") or SERVICE_UUID in advert.service_uuids


def _start(request: StreamRequest) -> Start:
    data, command = DATA_UUID, COMMAND_UUID
    try:
        yield Subscribe(data)
    except SensorRefused:  # no such characteristic: a clone on the Bluetooth base
        data, command = (uuid.replace(_VENDOR_BASE, _SIG_BASE) for uuid in (data, command))
        yield Subscribe(data)
    yield Pause(_SETTLE_S)

    wanted_hz = min(_OFFERED_HZ, key=lambda hz: abs(hz - request.fs_hz))
    code = next(code for code, hz in RATE_HZ_BY_CODE.items() if hz == wanted_hz)
    for setting in (UNLOCK, rate_command(code), SET_SIX_AXES):
        yield Write(command, setting, response=False)
        yield Pause(_BETWEEN_COMMANDS_S)

    got = yield from _ask(command, data, RATE_REGISTER)
    yield from _ask(command, data, BATTERY_REGISTER)  # its answer reaches the decoder
    fs_hz = RATE_HZ_BY_CODE.get(got, wanted_hz) if got is not None else wanted_hz
    return StreamInfo(
        fs_hz=fs_hz,
        acc_range_g=_ACC_RANGE_G,
        has_gyro=True,
        clock=ClockKind.COUNTED,
        note=_rate_note(wanted_hz, got),
    )


def _ask(command: str, data: str, register: int) -> Generator[Ask, bytes, int | None]:
    """Value of a register, or None: old firmware streams, but answers no reads."""
    question = read_command(register)
    is_answer = partial(_holds_answer, register)
    try:
        payload = yield Ask(command, question, False, data, is_answer, _ANSWER_S)
    except SensorSilent:
        return None
    return _answer(payload, register)


def _holds_answer(register: int, payload: bytes) -> bool:
    return _answer(payload, register) is not None


def _rate_note(wanted_hz: float, code: int | None) -> str:
    if code is None:
        return f"the sensor did not confirm its rate; {wanted_hz:g} Hz was asked for"
    if code not in RATE_HZ_BY_CODE:
        return f"the sensor reports an unknown rate code {code}; {wanted_hz:g} Hz was asked for"
    if (got_hz := RATE_HZ_BY_CODE[code]) != wanted_hz:
        return f"{wanted_hz:g} Hz was asked for, the sensor stays at {got_hz:g} Hz"
    return ""


def _stop() -> Stop:
    """Nothing to say: the sensor stops sending when the link ends."""
    yield from ()


DRIVER = Driver(
    name="witmotion",
    title="WitMotion BLE 5.0",
    axes="x forward, y left, z up, as printed on the case",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=WitMotionDecoder,
)
