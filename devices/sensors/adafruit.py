"""Adafruit CLUE, Circuit Playground Bluefruit and Feather Sense with the Bluefruit services.

Documents: adafruit/Adafruit_CircuitPython_BLE_Adafruit and the Arduino BLEAdafruitService.  The
UUIDs are ADAFxxxx-C332-42A8-93BD-25E905756CB8; everything is little-endian.

    0200 / 0201  read, notify  f32 x3  acceleration, m/s2
    0400 / 0401  read, notify  f32 x3  angular rate, rad/s   (not subscribed to, see below)
    xxxx / 0001  read, write   i32     period in ms; -1 stops, 0 tells changes only; 1000 at first

The period is in *each* service under the same UUID: ours is the one inside 0200.  No clock, no
counter; how fast a board can be is not documented, so the period is read back and the rest shows
in the count.  Acceleration and rate come in notifications of their own that nothing pairs, and
acceleration alone is what every measure needs.

The board must run the Bluefruit Playground firmware, or a program with these services.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import numpy as np

from devices import sig
from devices.chunk import FloatArray
from devices.driver import (
    Advert,
    ClockKind,
    Driver,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused
from devices.rows import RowDecoder, RowLayout

_BASE = "-c332-42a8-93bd-25e905756cb8"
SERVICE_UUID = "adaf0200" + _BASE
DATA_UUID = "adaf0201" + _BASE
GYRO_UUID = "adaf0401" + _BASE
PERIOD_UUID = "adaf0001" + _BASE

STOPPED_MS = -1
_SHORTEST_MS, _LONGEST_MS = 20, 1000  # 20 ms is the shortest that is known to be asked for
_RANGE_G = 2.0  # at least: the boards have different chips, and nothing tells which range is set
_COMPANY_ID, _BOARD_FIELD = 0x0822, b"\x04\x01\x00"  # in the advertisement, before the USB PID


def _samples(values: FloatArray) -> tuple[FloatArray, None]:
    return values, None


_LAYOUT = RowLayout(DATA_UUID, "<f4", 3, _samples, {sig.BATTERY_UUID: sig.decode_battery})


def gyro_rad_s(payload: bytes) -> FloatArray | DecodeError:
    """Angular rate of one notification of `GYRO_UUID`, which the driver does not subscribe to.

    Examples
    --------
    >>> gyro_rad_s(bytes.fromhex("0000003e 00000000 0000c0bf")).tolist()
    [0.125, 0.0, -1.5]
    """
    if len(payload) != 12:
        return DecodeError(f"expected 12 bytes, got {len(payload)}", payload)
    with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
        return np.frombuffer(payload, "<f4").astype(np.float64)


def period_command(period_ms: int) -> bytes:
    """What is written to set the period.

    Examples
    --------
    >>> period_command(20).hex(" ")
    '14 00 00 00'
    """
    return period_ms.to_bytes(4, "little", signed=True)


def _recognises(advert: Advert) -> bool:
    board = advert.manufacturer_data.get(_COMPANY_ID, b"")
    return board.startswith(_BOARD_FIELD) or SERVICE_UUID in advert.service_uuids


def _start(request: StreamRequest) -> Start:
    with suppress(DeviceError):  # most of these boards have no battery service
        yield Read(sig.BATTERY_UUID)
    longest_hz, shortest_hz = 1000.0 / _SHORTEST_MS, 1000.0 / _LONGEST_MS
    wanted_ms = round(1000.0 / min(max(request.fs_hz, shortest_hz), longest_hz))
    try:
        yield Write(PERIOD_UUID, period_command(wanted_ms), response=True, service=SERVICE_UUID)
        answer = yield Read(PERIOD_UUID, service=SERVICE_UUID)
    except SensorRefused as refused:
        raise SensorRefused(
            f"the board's program offers no acceleration: {refused}",
            hint="Install Adafruit's Bluefruit Playground firmware on it.",
        ) from refused
    got_ms = int.from_bytes(answer, "little", signed=True)
    note = ""
    if got_ms != wanted_ms:
        note = f"a period of {wanted_ms} ms was asked for, the board says {got_ms} ms"
    if len(answer) != 4 or not 1 <= got_ms <= 10 * _LONGEST_MS:
        got_ms = wanted_ms
    yield Subscribe(DATA_UUID)
    return StreamInfo(
        fs_hz=1000.0 / got_ms,
        acc_range_g=_RANGE_G,
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note=note,
    )


def _stop() -> Stop:
    """The board samples on until it is told otherwise."""
    with suppress(DeviceError):
        stop = period_command(STOPPED_MS)
        yield Write(PERIOD_UUID, stop, response=True, service=SERVICE_UUID)


DRIVER = Driver(
    name="adafruit",
    title="Adafruit CLUE, Circuit Playground, Feather Sense",
    axes="as Adafruit's library gives them for the board",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=partial(RowDecoder, _LAYOUT),
)
