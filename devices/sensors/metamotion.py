"""MbientLab MetaMotion S, R, RL and C: acceleration by the MetaWear protocol, plain bytes.

Documents: MbientLab's C++ SDK and its tests.  Every packet is `module, register, payload`; reading
sets bit 7 of the register, and the answer begins with the same two bytes.  At most 20 bytes.

    03 accelerometer   80 which one (1 BMI160: R, RL, C; 4 BMI270: S; then its revision)
                       01 start, 02 interrupts, 03 rate and range
                       04 one sample, 1C (BMI270: 05) three samples:  i16 x3, range/32768 g each
    11 settings        09 link, 8C battery: u8 percent, u16 mV
    13 gyro            05 (BMI270: 04) one sample, 07 (BMI270: 05) three:  i16 x3, range/32768 deg/s
    19 fusion          07 quaternion w x y z, 08 Euler, 09 gravity, 0A linear acceleration: float32
    02 light           01 play, 02 stop and forget, 03 pattern

There is no stamp and no counter in the stream: samples are counted as they come.  For want of them
the gyro stays off.  Packets of the two chips take turns, so a lone loss would show as two of a kind
in a row; but the chips are started one after the other, by up to a packet, and whether the stream
began with a pair or with two halves is never told.  A wrong beginning would give each rate to the
acceleration of 30 ms before, at 100 Hz, and nothing later would mend it.

The board remembers: routes, running chips and the light survive a lost link.  So everything is
stopped before it is started, in the order that works on real boards: configure, subscribe, enable,
start.  Rates below 12.5 Hz (where a BMI270 starts by another command) are not used.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
from numpy.typing import NDArray

from devices.chunk import BatteryChunk, Chunk, FloatArray, ImuChunk
from devices.driver import (
    Advert,
    Ask,
    ClockKind,
    Cue,
    Driver,
    Notification,
    Pause,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent

SERVICE_UUID = "326a9000-85cb-9195-d9dd-464cfbbae75a"
COMMAND_UUID = "326a9001-85cb-9195-d9dd-464cfbbae75a"
DATA_UUID = "326a9006-85cb-9195-d9dd-464cfbbae75a"
FIRMWARE_UUID = "00002a26-0000-1000-8000-00805f9b34fb"
COMPANY_ID = 0x626D

BMI160, BMI270 = 1, 4
RATE_CODES = {12.5: 5, 25.0: 6, 50.0: 7, 100.0: 8, 200.0: 9}  # low half of the rate's byte
_RATE_BASE = {BMI160: 0x20, BMI270: 0xA0}
RANGE_CODES = {
    BMI160: {2: 0x03, 4: 0x05, 8: 0x08, 16: 0x0C},
    BMI270: {2: 0x00, 4: 0x01, 8: 0x02, 16: 0x03},
}
GYRO_RANGE_CODES = {2000: 0, 1000: 1, 500: 2, 250: 3, 125: 4}

WHICH = bytes.fromhex("03 80")
BATTERY = bytes.fromhex("11 8c")
START, STOP = bytes.fromhex("03 01 01"), bytes.fromhex("03 01 00")
ENABLE, DISABLE = bytes.fromhex("03 02 01 00"), bytes.fromhex("03 02 00 01")
READ_CONFIGURATION = bytes.fromhex("03 83")
FASTER_LINK = bytes.fromhex("11 09 06 00 06 00 00 00 58 02")  # 7.5 ms; a computer may refuse
GYRO_START, GYRO_STOP = bytes.fromhex("13 01 01"), bytes.fromhex("13 01 00")
_STOP_THE_REST = (GYRO_STOP, *map(bytes.fromhex, ("13020001", "190100", "1903007f")))
LIGHT_OFF, LIGHT_PLAYS = bytes.fromhex("02 02 01"), bytes.fromhex("02 01 01")
# The maker's green blink, 50 ms in 500 ms; how often follows.
BLINKS = bytes.fromhex("02 03 00 02 1f 00 0000 3200 0000 f401 0000")

_SINGLE = bytes.fromhex("03 04")
_PACKED = {BMI160: bytes.fromhex("03 1c"), BMI270: bytes.fromhex("03 05")}
_SAMPLE_SIZES = {_SINGLE: 6, _PACKED[BMI160]: 18, _PACKED[BMI270]: 18}  # behind the header
_PACKED_SINCE = (1, 2, 3)  # firmware
_SINGLE_FASTEST_HZ = 100.0  # what the radio carries as one sample a packet

_STANDARD_GRAVITY_M_S2 = 9.80665
_FULL_SCALE = 32768.0
_GYR_FULL_SCALE_AT_2000 = 2000.0 * 16.4  # counts: 16.4 per deg/s at 2000 deg/s, and so on
_ANSWER_S = 3.0
_STOP_ANSWER_S = 1.0
_LINK_CHANGES_S = 1.5


# --- bytes to values -------------------------------------------------------------------------


def triples(payload: bytes) -> NDArray[np.int16] | None:
    """Counts of the samples behind a header, shape (1 or 3, 3); None for another size.

    Size tells them apart where headers do not: 13 05 is one sample of a BMI160's gyro, and three of
    a BMI270's.
    """
    if len(payload) not in {8, 20}:
        return None
    return np.frombuffer(payload, dtype="<i2", offset=2).reshape(-1, 3)


def acceleration_g(counts: NDArray[np.int16], range_g: float) -> FloatArray:
    """Acceleration from counts at a range."""
    return counts.astype(np.float64) * (range_g / _FULL_SCALE)


def rotation_deg_s(counts: NDArray[np.int16], range_deg_s: float) -> FloatArray:
    """Angular rate from counts at a range: 16.4 counts per deg/s at 2000, 32.8 at 1000, ..."""
    return counts.astype(np.float64) * (range_deg_s / _GYR_FULL_SCALE_AT_2000)


def fusion_values(payload: bytes) -> FloatArray | None:
    """Numbers of a fusion packet: quaternion, Euler in deg, or m/s2; an accuracy byte is left out.

    The corrected acceleration (19 04) is in milli-g.
    """
    if payload[:1] != b"\x19" or len(payload) not in {14, 15, 18}:
        return None
    count = (len(payload) - 2) // 4
    return np.frombuffer(payload, dtype="<f4", offset=2, count=count).astype(np.float64)


def module_present(payload: bytes) -> tuple[int, int] | None:
    """Implementation and revision in the answer to `mm 80`; None for a module that is absent.

    Examples
    --------
    >>> module_present(bytes.fromhex("03 80 01 01")), module_present(bytes.fromhex("14 80"))
    ((1, 1), None)
    """
    return (payload[2], payload[3]) if len(payload) >= 4 and payload[1] == 0x80 else None


def battery_state(payload: bytes) -> tuple[int, int] | None:
    """Percent and millivolts in the answer to `11 8c`."""
    if payload[:2] != BATTERY or len(payload) != 5 or payload[2] > 100:
        return None
    return payload[2], int.from_bytes(payload[3:5], "little")


def mac_address(payload: bytes) -> str | None:
    """The board's address in the answer to `11 8b`: its kind, then the address, lowest byte first."""
    if payload[:2] != b"\x11\x8b" or len(payload) != 9:
        return None
    return ":".join(f"{byte:02X}" for byte in reversed(payload[3:]))


def configure_command(chip: int, fs_hz: float, range_g: int) -> bytes:
    """The command that sets rate and range of an accelerometer.

    Examples
    --------
    >>> configure_command(BMI160, 50.0, 4).hex(" "), configure_command(BMI270, 50.0, 4).hex(" ")
    ('03 03 27 05', '03 03 a7 01')
    """
    return bytes((3, 3, _RATE_BASE[chip] + RATE_CODES[fs_hz], RANGE_CODES[chip][range_g]))


def configure_gyro_command(fs_hz: float, range_deg_s: int) -> bytes:
    """The command that sets rate and range of a gyro, the same for both chips.

    Examples
    --------
    >>> configure_gyro_command(50.0, 125).hex(" ")
    '13 03 27 04'
    """
    return bytes((0x13, 3, 0x20 + RATE_CODES[fs_hz], GYRO_RANGE_CODES[range_deg_s]))


# --- values to samples -----------------------------------------------------------------------


class MetaMotionDecoder:
    """Counts samples, because the board does not: `t_device_s` = samples so far / rate."""

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._range_g = info.acc_range_g
        self._n_samples = 0

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk with all samples of the batch, then battery readings and errors as they came."""
        bodies: list[bytes] = []
        arrivals: list[float] = []
        n_samples: list[int] = []
        others: list[Chunk | DecodeError] = []
        for t_arrival_s, characteristic, payload in batch:
            if characteristic != DATA_UUID:
                continue
            size = _SAMPLE_SIZES.get(payload[:2])
            if size is None:
                others.extend(_other(t_arrival_s, payload))
            elif len(payload) != 2 + size:
                others.append(
                    DecodeError(f"expected {2 + size} bytes, got {len(payload)}", payload)
                )
            else:
                bodies.append(payload[2:])
                arrivals.append(t_arrival_s)
                n_samples.append(size // 6)
        if not bodies:
            return others
        counts = np.frombuffer(b"".join(bodies), dtype="<i2").reshape(-1, 3)
        index = np.arange(self._n_samples, self._n_samples + len(counts))
        self._n_samples += len(counts)
        chunk = ImuChunk(
            t_device_s=index / self._fs_hz,
            t_arrival_s=np.repeat(np.array(arrivals, dtype=np.float64), n_samples),
            acc_m_s2=acceleration_g(counts, self._range_g) * _STANDARD_GRAVITY_M_S2,
            gyr_rad_s=None,
        )
        return [chunk, *others]


def _other(t_arrival_s: float, payload: bytes) -> list[Chunk | DecodeError]:
    """Battery, or nothing for another module's word; less than a header is an error."""
    if len(payload) < 2:
        return [DecodeError("expected module and register", payload)]
    if payload[:2] != BATTERY:
        return []
    if (state := battery_state(payload)) is None:
        return [DecodeError("battery: expected percent and millivolts", payload)]
    return [BatteryChunk(t_arrival_s, float(state[0]))]


# --- conversations ---------------------------------------------------------------------------


def _recognises(advert: Advert) -> bool:
    return (
        SERVICE_UUID in advert.service_uuids
        or COMPANY_ID in advert.manufacturer_data
        or (advert.name or "").startswith(("MetaWear", "MetaMotion"))
    )


def _start(request: StreamRequest) -> Start:
    firmware = yield from _firmware()
    yield Subscribe(DATA_UUID)
    for command in (STOP, DISABLE, _SINGLE + b"\x00", *_STOP_THE_REST):
        yield _write(command)

    chip, revision = yield from _accelerometer()
    yield _write(_PACKED[chip] + b"\x00")
    with suppress(SensorSilent):  # nice to know, not needed
        yield _ask(BATTERY, _ANSWER_S)  # its answer reaches the decoder

    is_packed = chip == BMI270 or revision >= 1
    is_packed = is_packed and firmware >= _PACKED_SINCE
    offered_hz = [hz for hz in RATE_CODES if is_packed or hz <= _SINGLE_FASTEST_HZ]
    fs_hz = min(offered_hz, key=lambda hz: (abs(hz - request.fs_hz), -hz))
    range_g = min(RANGE_CODES[chip], key=lambda g: (abs(g - request.acc_range_g), -g))
    if fs_hz >= _SINGLE_FASTEST_HZ:
        yield _write(FASTER_LINK)
        yield Pause(_LINK_CHANGES_S)

    yield _write(configure_command(chip, fs_hz, range_g))
    got_hz, got_g, note = yield from _read_back(chip, fs_hz, range_g)
    for command in ((_PACKED[chip] if is_packed else _SINGLE) + b"\x01", ENABLE, START):
        yield _write(command)
    return StreamInfo(
        fs_hz=got_hz,
        acc_range_g=float(got_g),
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note=note,
    )


def _firmware() -> Generator[Read, bytes, tuple[int, ...]]:
    """Version of the firmware; () when it does not say, and then nothing new is asked of it."""
    try:
        text = (yield Read(FIRMWARE_UUID)).rstrip(b"\x00").decode("ascii")
        return tuple(int(number) for number in text.split("."))
    except (DeviceError, ValueError):
        return ()


def _accelerometer() -> Generator[Ask, bytes, tuple[int, int]]:
    answer = yield _ask(WHICH, _ANSWER_S)
    found = module_present(answer)
    if found is None or found[0] not in RANGE_CODES:
        raise SensorRefused(
            f"this MetaWear board's accelerometer is not one we know ({answer.hex(' ')})",
            hint="MetaMotion S, R, RL and C are supported.",
        )
    return found


def _read_back(
    chip: int, fs_hz: float, range_g: int
) -> Generator[Ask, bytes, tuple[float, int, str]]:
    """Rate and range that the board has now, and what a person should know about them."""
    asked = f"{fs_hz:g} Hz at {range_g} g"
    try:
        answer = yield _ask(READ_CONFIGURATION, _ANSWER_S)
    except SensorSilent:
        return fs_hz, range_g, f"the sensor did not confirm its rate; {asked} was asked for"
    rates = {_RATE_BASE[chip] + code: hz for hz, code in RATE_CODES.items()}
    ranges = {code: g for g, code in RANGE_CODES[chip].items()}
    if len(answer) < 4 or answer[2] not in rates or answer[3] not in ranges:
        note = f"the sensor reports unknown settings {answer.hex(' ')}; {asked} was asked for"
        return fs_hz, range_g, note
    got_hz, got_g = rates[answer[2]], ranges[answer[3]]
    if (got_hz, got_g) == (fs_hz, range_g):
        return fs_hz, range_g, ""
    return got_hz, got_g, f"{asked} was asked for, the sensor stays at {got_hz:g} Hz and {got_g} g"


def _write(data: bytes) -> Write:
    return Write(COMMAND_UUID, data, response=False)


def _ask(question: bytes, timeout_s: float) -> Ask:
    return Ask(COMMAND_UUID, question, False, DATA_UUID, partial(_answers, question), timeout_s)


def _answers(question: bytes, payload: bytes) -> bool:
    return payload[:2] == question


def _stop() -> Stop:
    """What is not stopped and unsubscribed goes on after the link ends."""
    for command in (STOP, DISABLE, _SINGLE + b"\x00"):
        yield _write(command)
    with suppress(SensorSilent):
        found = module_present((yield _ask(WHICH, _STOP_ANSWER_S)))
        if found is not None and found[0] in _PACKED:
            yield _write(_PACKED[found[0]] + b"\x00")


def _cue(times: int) -> Cue:
    for command in (LIGHT_OFF, BLINKS + bytes((times,)), LIGHT_PLAYS):
        yield _write(command)


DRIVER = Driver(
    name="metamotion",
    title="MbientLab MetaMotion",
    axes="those of the Bosch chip as it lies on the board, not turned by the firmware",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=MetaMotionDecoder,
    cue=_cue,
)
