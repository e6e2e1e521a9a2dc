"""Conversations with Polar's measurement data service (PMD): settings, start, stop.

Documents: Polar, "Online measurement" v1.0 (2024) and the BLE SDK's sources, whose words are kept:
a *control point* takes commands and answers by indication, a *data* characteristic streams.

    command  op, type, settings ...           op 1 ask settings, 2 start, 3 stop; type 2 acceleration
    answer   F0, op, type, error, more, parameters ...      `more`: parameters go on in the next one
    setting  u8 kind, u8 count, count x value
             0 rate Hz u16, 1 resolution u16, 2 range g u16, 4 channels u8, 5 factor f32
    read     0F, features ...                 a bit each: 2 acceleration ..., 9 SDK mode
    alone    01, types ...                    the sensor stopped these by itself
"""

from __future__ import annotations

import math
import struct
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field

from devices import sig
from devices.driver import (
    Ask,
    ClockKind,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent
from devices.sensors.polar_frames import ACCELERATION, DATA_UUID

SERVICE_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"

ASK_SETTINGS, START, STOP = 1, 2, 3
SDK_MODE = 9  # a mode of other rates without heart rate, which another program may have left on
FEATURES, ANSWER, STOPPED_ALONE = 0x0F, 0xF0, 0x01  # first bytes of what the control point says

RATE, RESOLUTION, RANGE, CHANNELS, FACTOR = 0, 1, 2, 4, 5
_VALUE_SIZE = {RATE: 2, RESOLUTION: 2, RANGE: 2, 3: 4, CHANNELS: 1, FACTOR: 4, 6: 16}

ALREADY_IN_STATE, INVALID_STATE = 6, 12
_ERRORS = {
    1: ("the command is unknown", "Update the sensor's firmware in the Polar app."),
    2: ("the measurement is unknown", "Update the sensor's firmware in the Polar app."),
    3: ("the measurement is not supported", "Update the sensor's firmware in the Polar app."),
    4: ("the command's length is wrong", "Please report this with the sensor's firmware version."),
    5: ("a parameter is wrong", "Please report this with the sensor's firmware version."),
    6: ("it is already streaming", "Close other programs and phones that use the sensor."),
    7: ("the resolution is not offered", "Please report this with the sensor's firmware version."),
    8: ("the sample rate is not offered", "Please report this with the sensor's firmware version."),
    9: ("the range is not offered", "Please report this with the sensor's firmware version."),
    10: ("its packets are too short", "Use another Bluetooth adapter or operating system version."),
    11: ("the channel count is wrong", "Please report this with the sensor's firmware version."),
    12: (
        "its state forbids it",
        "Switch it off for a minute, or take the pod off its strap, then try again.",
    ),
    13: ("it is in its charger", "Take it out of the charger."),
    14: ("its memory is full", "Empty it in the Polar app."),
}

_FIRST_ANSWER_S = 30.0  # macOS asks its user to pair at the first command
_STOP_ANSWER_S = 2.0


# --- what the control point says -------------------------------------------------------------


@dataclass(slots=True)
class Answer:
    """Collects the parts of the control point's answer to one command."""

    op: int
    measurement: int = ACCELERATION
    error: int = -1
    parameters: bytes = b""
    heard: list[bytes] = field(default_factory=list)

    def is_complete(self, payload: bytes) -> bool:
        """Take one indication; true when it was the last part."""
        if len(payload) < 4 or payload[:3] != bytes((ANSWER, self.op, self.measurement)):
            return False  # another command's, or a read that the system delivers here as well
        self.heard.append(payload)
        self.error = payload[3]
        self.parameters += payload[5:]
        goes_on = self.error == 0 and len(payload) > 4 and payload[4] != 0
        return not goes_on


def parse_features(payload: bytes) -> frozenset[int]:
    """Measurements (and modes) that the control point offers when it is read.

    Examples
    --------
    >>> sorted(parse_features(bytes.fromhex("0f 05 00")))
    [0, 2]

    Raises
    ------
    DecodeError
        It is not a list of features.
    """
    if len(payload) < 2 or payload[0] != FEATURES:
        raise DecodeError("expected a list of features that starts with 0f", payload)
    bits = int.from_bytes(payload[1:], "little")
    return frozenset(i for i in range(bits.bit_length()) if bits >> i & 1)


def stopped_alone(payload: bytes) -> tuple[int, ...]:
    """Measurements that the sensor says it stopped by itself; mostly none."""
    return tuple(payload[1:]) if payload[:1] == bytes((STOPPED_ALONE,)) else ()


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


def factor_told(parameters: bytes) -> float | None:
    """Worth of one count in the answer to a start; None when it does not say.

    Examples
    --------
    >>> round(factor_told(bytes.fromhex("05 01 40da7f39")), 9)
    0.000244
    """
    (bits, *_) = parse_settings(parameters).get(FACTOR) or [0]
    (factor,) = struct.unpack("<f", bits.to_bytes(4, "little"))
    return float(factor) if math.isfinite(factor) and factor > 0.0 else None


# --- conversations ---------------------------------------------------------------------------


def command(
    op: int, measurement: int = ACCELERATION, settings: bytes = b"", timeout_s: float = 5.0
) -> Generator[Ask, bytes, Answer]:
    """One command and its whole answer."""
    answer = Answer(op, measurement)
    yield Ask(
        characteristic=CONTROL_UUID,
        data=bytes((op, measurement)) + settings,
        response=True,
        reply_on=CONTROL_UUID,
        is_reply=answer.is_complete,
        timeout_s=timeout_s,
    )
    return answer


def start(request: StreamRequest, kinds: tuple[int, ...]) -> Start:
    """Start acceleration at the offered rate and range nearest to `request`, with heart rate.

    `kinds` are the settings to choose, in the order of the vendor's example for the sensor; one
    that the sensor does not offer is left out.
    """
    features = parse_features((yield Read(CONTROL_UUID)))  # before indications: the vendor's order
    if ACCELERATION not in features:
        raise SensorRefused(
            "this Polar sensor offers no acceleration",
            hint="Update its firmware in the Polar app, or use an H10.",
        )
    with suppress(DeviceError):  # nice to know, not needed
        yield Read(sig.BATTERY_UUID)  # the link hands what is read to the decoder
    for uuid in (CONTROL_UUID, DATA_UUID, sig.HEART_RATE_UUID):
        yield Subscribe(uuid)
    if SDK_MODE in features:
        yield from _leave_sdk_mode()

    offer = yield from command(ASK_SETTINGS, timeout_s=_FIRST_ANSWER_S)
    _check(offer, "to list its settings")
    offered = parse_settings(offer.parameters)
    if not offered.get(RATE) or not offered.get(RANGE) or not offered.get(RESOLUTION):
        raise DecodeError("settings without rate, range or resolution", offer.parameters)
    chosen = {kind: offered[kind][0] for kind in kinds if offered.get(kind)}
    chosen[RATE] = fs_hz = _nearest(offered[RATE], request.fs_hz)
    chosen[RANGE] = range_g = _nearest(offered[RANGE], request.acc_range_g)
    settings = b"".join(setting(kind, value) for kind, value in chosen.items())

    started = yield from command(START, settings=settings)
    if started.error == ALREADY_IN_STATE:  # left running by a program that was killed
        yield from command(STOP)
        started = yield from command(START, settings=settings)
    _check(started, f"to stream {fs_hz} Hz at {range_g} g")
    return StreamInfo(
        fs_hz=float(fs_hz),
        acc_range_g=float(range_g),
        has_gyro=False,
        clock=ClockKind.DEVICE,
        acc_factor=factor_told(started.parameters),
    )


def _leave_sdk_mode() -> Generator[Ask, bytes, None]:
    """It switches heart rate off, and cannot be left while something streams."""
    left = yield from command(STOP, SDK_MODE, timeout_s=_FIRST_ANSWER_S)
    if left.error == INVALID_STATE:
        yield from command(STOP)
        yield from command(STOP, SDK_MODE)


def _nearest(offered: list[int], wanted: float) -> int:
    """The nearest value; of two equally near ones the larger."""
    return min(offered, key=lambda value: (abs(value - wanted), -value))


def _check(answer: Answer, request: str) -> None:
    if answer.error != 0:
        meaning, hint = _ERRORS.get(answer.error, ("it gives an unknown reason", ""))
        raise SensorRefused(
            f"the sensor refused {request}: {meaning} (error {answer.error})", hint=hint
        )


def stop() -> Stop:
    """A sensor left streaming stays awake until its battery is empty, worn or not."""
    with suppress(SensorSilent):  # it has been told; there is nothing more to do
        yield from command(STOP, timeout_s=_STOP_ANSWER_S)
