"""Polar H10 chest strap: acceleration with the strap's own clock, heart rate and RR intervals.

Documents: Polar, "Online measurement" v1.0 (2024) and the BLE SDK's sources, whose words are kept:
a *control point* takes commands and answers by indication, a *data* characteristic streams.

    command  op, type, settings ...           op 1 ask settings, 2 start, 3 stop; type 2 acceleration
    answer   F0, op, type, error, more, parameters ...      `more`: parameters go on in the next one
    setting  u8 kind, u8 count, count x value         0 rate Hz u16, 1 resolution u16, 2 range g u16
    frame    u8 type (low 6 bits)                     2 = acceleration
             u64 time stamp of the LAST sample, ns
             u8 frame type                            bit 7: compressed (other Polar sensors only)
             samples x y z, milli-g                   type 0: int8, 1: int16, 2: int24

The stamps count from 2000 or 2019, depending on what was last connected: a clock to measure with,
never a date.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from devices import sig
from devices.chunk import Chunk, FloatArray, ImuChunk
from devices.driver import (
    Ask,
    ClockKind,
    Driver,
    Notification,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent

SERVICE_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

ASK_SETTINGS, START, STOP = 1, 2, 3
ACCELERATION = 2
FEATURES, ANSWER = 0x0F, 0xF0  # first bytes of what the control point says
_ACCELERATION_FEATURE = 1 << ACCELERATION

RATE, RESOLUTION, RANGE = 0, 1, 2
_VALUE_SIZE = {RATE: 2, RESOLUTION: 2, RANGE: 2, 3: 4, 4: 1, 5: 4, 6: 16}

ALREADY_IN_STATE = 6
_ERRORS = {
    1: ("the command is unknown", "Update the strap's firmware in the Polar app."),
    2: ("the measurement is unknown", "Update the strap's firmware in the Polar app."),
    3: ("the measurement is not supported", "Update the strap's firmware in the Polar app."),
    4: ("the command's length is wrong", "Please report this with the strap's firmware version."),
    5: ("a parameter is wrong", "Please report this with the strap's firmware version."),
    6: ("it is already streaming", "Close other programs and phones that use the strap."),
    7: ("the resolution is not offered", "Please report this with the strap's firmware version."),
    8: ("the sample rate is not offered", "Ask for 25, 50, 100 or 200 Hz."),
    9: ("the range is not offered", "Ask for 2, 4 or 8 g."),
    10: ("its packets are too short", "Use another Bluetooth adapter or operating system version."),
    11: ("the channel count is wrong", "Please report this with the strap's firmware version."),
    12: ("its state forbids it", "Take the pod off the strap for a minute, then try again."),
    13: ("it is in its charger", "Take it out of the charger."),
    14: ("its memory is full", "Empty it in the Polar app."),
}

_HEADER_SIZE = 10
_BYTES_PER_SAMPLE = {0: 3, 1: 6, 2: 9}
_M_S2_PER_MG = 9.80665e-3
_CLOCK_WAS_SET_S = 10.0  # longer than any link holds a frame back: the clock itself was changed
_FIRST_ANSWER_S = 30.0  # macOS asks its user to pair at the first command
_STOP_ANSWER_S = 2.0


# --- frames to samples -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Of the frame before this one: the strap's time and ours."""

    ns: int
    t_arrival_s: float


class PolarH10Decoder:
    """Rebuilds sample times from the stamp of each frame's last sample, and counts what is missing.

    The vendor's rule: the step between samples is the time since the previous frame's stamp, divided
    by the samples of this frame; for a first frame it is one nominal period.  We add that a frame
    after a gap has nominal steps too, so that a loss does not stretch its samples over the hole.
    """

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._zero_ns = 0
        self._last: _Stamp | None = None

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
        milli_g = _samples_mg(payload)
        if isinstance(milli_g, DecodeError):
            return milli_g
        n = len(milli_g)
        stamp = _Stamp(int.from_bytes(payload[1:9], "little"), t_arrival_s)
        previous, period_s = self._last, 1.0 / self._fs_hz
        if previous is not None and _clock_was_set(previous, stamp):
            previous = None
        if previous is not None and stamp.ns <= previous.ns:
            return None  # redelivered or overtaken: its time has been told already
        step_s, n_lost = period_s, 0
        if previous is None:
            self._zero_ns = stamp.ns
        else:
            since_s = (stamp.ns - previous.ns) * 1e-9
            gap_s = since_s - (n - 1) * period_s  # to the first sample of this frame
            if gap_s < 0.0:
                return DecodeError(f"{n} samples in {since_s:.6f} s at {self._fs_hz:g} Hz", payload)
            if gap_s > 1.5 * period_s:
                n_lost = round(gap_s * self._fs_hz) - 1
            else:
                step_s = since_s / n
        self._last = stamp
        back_to_last = np.arange(n - 1, -1, -1, dtype=np.float64)
        return ImuChunk(
            t_device_s=(stamp.ns - self._zero_ns) * 1e-9 - step_s * back_to_last,
            t_arrival_s=np.full(n, t_arrival_s),
            acc_m_s2=milli_g * _M_S2_PER_MG,
            gyr_rad_s=None,
            n_lost=n_lost,
        )


def _clock_was_set(previous: _Stamp, stamp: _Stamp) -> bool:
    """Whether the strap restarted or another program set its clock, rather than time passing."""
    by_strap_s = (stamp.ns - previous.ns) * 1e-9
    by_arrival_s = stamp.t_arrival_s - previous.t_arrival_s
    return by_strap_s < -_CLOCK_WAS_SET_S or by_strap_s > by_arrival_s + _CLOCK_WAS_SET_S


def _samples_mg(payload: bytes) -> FloatArray | DecodeError:
    if len(payload) < _HEADER_SIZE:
        return DecodeError(
            f"expected a header of {_HEADER_SIZE} bytes, got {len(payload)}", payload
        )
    if payload[0] & 0x3F != ACCELERATION:
        return DecodeError(f"expected measurement type 2, got {payload[0] & 0x3F}", payload)
    size = _BYTES_PER_SAMPLE.get(payload[9])
    if size is None:
        return DecodeError(f"unknown frame type 0x{payload[9]:02x}", payload)
    body = payload[_HEADER_SIZE:]
    if not body or len(body) % size:
        return DecodeError(f"{len(body)} bytes are not whole samples of {size}", payload)
    if size == 9:
        bytes3 = np.frombuffer(body, dtype=np.uint8).reshape(-1, 3, 3)
        weights = np.array([1.0, 256.0, 65536.0])
        unsigned: FloatArray = (bytes3 * weights).sum(axis=2)
        return np.where(unsigned < 2**23, unsigned, unsigned - 2**24)
    integers = np.frombuffer(body, dtype=np.int8 if size == 3 else np.dtype("<i2"))
    return integers.astype(np.float64).reshape(-1, 3)


# --- conversations ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Answer:
    """Collects the parts of the control point's answer to one command."""

    op: int
    error: int = -1
    parameters: bytes = b""
    heard: list[bytes] = field(default_factory=list)

    def is_complete(self, payload: bytes) -> bool:
        """Take one indication; true when it was the last part."""
        if len(payload) < 4 or payload[:3] != bytes((ANSWER, self.op, ACCELERATION)):
            return False  # another command's, or a read that the system delivers here as well
        self.heard.append(payload)
        self.error = payload[3]
        self.parameters += payload[5:]
        goes_on = self.error == 0 and len(payload) > 4 and payload[4] != 0
        return not goes_on


def _command(
    op: int, settings: bytes = b"", timeout_s: float = 5.0
) -> Generator[Ask, bytes, _Answer]:
    answer = _Answer(op)
    yield Ask(
        characteristic=CONTROL_UUID,
        data=bytes((op, ACCELERATION)) + settings,
        response=True,
        reply_on=CONTROL_UUID,
        is_reply=answer.is_complete,
        timeout_s=timeout_s,
    )
    return answer


def parse_settings(parameters: bytes) -> dict[int, list[int]]:
    """Values offered for each kind of setting, as far as the list makes sense.

    Examples
    --------
    >>> parse_settings(bytes.fromhex("00 02 1900 3200  02 01 0800"))
    {0: [25, 50], 2: [8]}
    """
    settings: dict[int, list[int]] = {}
    while len(parameters) >= 2 and parameters[0] in _VALUE_SIZE:
        kind, count = parameters[:2]
        size = _VALUE_SIZE[kind]
        values, parameters = parameters[2 : 2 + size * count], parameters[2 + size * count :]
        if len(values) < size * count:
            break
        settings[kind] = [
            int.from_bytes(values[i : i + size], "little") for i in range(0, len(values), size)
        ]
    return settings


def setting(kind: int, value: int) -> bytes:
    """One chosen value, as a start command lists it."""
    return bytes((kind, 1)) + value.to_bytes(_VALUE_SIZE[kind], "little")


def _start(request: StreamRequest) -> Start:
    yield from _check_features()  # before indications are on: see the read in the vendor's guide
    with suppress(DeviceError):  # nice to know, not needed
        yield Read(sig.BATTERY_UUID)  # the link hands what is read to the decoder
    for uuid in (CONTROL_UUID, DATA_UUID, sig.HEART_RATE_UUID):
        yield Subscribe(uuid)

    offer = yield from _command(ASK_SETTINGS, timeout_s=_FIRST_ANSWER_S)
    _check(offer, "to list its settings")
    offered = parse_settings(offer.parameters)
    if not offered.get(RATE) or not offered.get(RANGE) or not offered.get(RESOLUTION):
        raise DecodeError("settings without rate, range or resolution", offer.parameters)
    fs_hz = _nearest(offered[RATE], request.fs_hz)
    range_g = _nearest(offered[RANGE], request.acc_range_g)
    chosen = (  # in the order of the vendor's example
        setting(RANGE, range_g) + setting(RATE, fs_hz) + setting(RESOLUTION, offered[RESOLUTION][0])
    )

    started = yield from _command(START, chosen)
    if started.error == ALREADY_IN_STATE:  # left running by a program that was killed
        yield from _command(STOP)
        started = yield from _command(START, chosen)
    _check(started, f"to stream {fs_hz} Hz at {range_g} g")
    return StreamInfo(
        fs_hz=float(fs_hz), acc_range_g=float(range_g), has_gyro=False, clock=ClockKind.DEVICE
    )


def _check_features() -> Generator[Read, bytes, None]:
    features = yield Read(CONTROL_UUID)
    if len(features) < 2 or features[0] != FEATURES:
        raise DecodeError("expected a list of features that starts with 0f", features)
    if not features[1] & _ACCELERATION_FEATURE:
        raise SensorRefused(
            "this Polar sensor offers no acceleration",
            hint="Update its firmware in the Polar app, or use an H10.",
        )


def _nearest(offered: list[int], wanted: float) -> int:
    """The nearest value; of two equally near ones the larger."""
    return min(offered, key=lambda value: (abs(value - wanted), -value))


def _check(answer: _Answer, request: str) -> None:
    if answer.error != 0:
        meaning, hint = _ERRORS.get(answer.error, ("it gives an unknown reason", ""))
        raise SensorRefused(
            f"the strap refused {request}: {meaning} (error {answer.error})", hint=hint
        )


def _stop() -> Stop:
    """A strap left streaming stays awake until its battery is empty, worn or not."""
    with suppress(SensorSilent):  # it has been told; there is nothing more to do
        yield from _command(STOP, timeout_s=_STOP_ANSWER_S)


DRIVER = Driver(
    name="polar_h10",
    title="Polar H10",
    axes="z out of the pod's front, so up when the wearer lies; the maker documents no more",
    recognises=lambda advert: (advert.name or "").startswith("Polar H10"),
    start=_start,
    stop=_stop,
    new_decoder=PolarH10Decoder,
)
