"""Nordic Thingy:52: acceleration and angular rate at 5 to 100 Hz, one sample a notification.

Documents: Nordic, Thingy:52 firmware, "Firmware architecture" and ble_tms.h.  Its own UUIDs are
EF68xxxx-9B35-4933-9B10-52FFA9740042; everything is little-endian.

    0401  read, write  u16 step counter ms, u16 temperature ms, u16 magnetometer ms,
                       u16 motion Hz (5 to 200), u8 wake on motion
    0406  notify       i16 x3 acceleration    1/1024 g
                       i16 x3 angular rate    1/32 deg/s   (one program in use divides by 256)
                       i16 x3 magnetic field  1/16 uT      (not used: indoors it disturbs)
    0301  read, write  light: 3 one breath, u8 colour (7 white), u8 percent
    0404  notify       i32 x4 quaternion w x y z, 1/2^30   (not subscribed to, as 0407)
    0407  notify       i32 x3 roll, pitch, yaw, 1/65536 deg

No clock and no counter.  The sensor is on while somebody is subscribed.

- The rate is kept in flash over power cycles, and a value out of range makes the sensor refuse the
  whole setting: only the rate is changed, only when it differs, and the wearer is told.
- Above 100 Hz the link does not keep up with a notification for each sample.
- A part that is switched off delivers zeros: an acceleration of exactly zero is unknown, not free
  fall.
- It advertises for three minutes after it was woken, then sleeps: shake it, or press its button.
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
    Cue,
    Driver,
    Pause,
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

_BASE = "-9b35-4933-9b10-52ffa9740042"
SERVICE_UUID = "ef680100" + _BASE  # of the configuration; this is the one that is advertised
CONFIG_UUID = "ef680401" + _BASE
QUATERNION_UUID = "ef680404" + _BASE
DATA_UUID = "ef680406" + _BASE
EULER_UUID = "ef680407" + _BASE

LIGHT_UUID = "ef680301" + _BASE
_ONE_BREATH = bytes((3, 7, 100))
_BREATH_S = 1.0

_CONFIG_SIZE = 9
_RATE_AT = slice(6, 8)
_SLOWEST_HZ, _FASTEST_HZ = 5, 100
_FASTEST_KEPT_HZ = 200  # of a sensor that another program has set

_STANDARD_GRAVITY_M_S2 = 9.80665
_ACC_M_S2_PER_LSB = _STANDARD_GRAVITY_M_S2 / 1024
_GYR_RAD_S_PER_LSB = float(np.deg2rad(1.0)) / 32
_RANGE_G = 2.0  # the firmware's; nothing on the link changes it


def _samples(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    acc_lsb = values[:, :3]
    acc_lsb[~acc_lsb.any(axis=1)] = np.nan
    return acc_lsb * _ACC_M_S2_PER_LSB, values[:, 3:6] * _GYR_RAD_S_PER_LSB


_LAYOUT = RowLayout(DATA_UUID, "<i2", 9, _samples, {sig.BATTERY_UUID: sig.decode_battery})


def quaternion(payload: bytes) -> FloatArray | DecodeError:
    """Orientation w, x, y, z as the sensor fuses it.

    Examples
    --------
    >>> quaternion(bytes.fromhex("00000040 00000000 000000e0 00000010")).tolist()
    [1.0, 0.0, -0.5, 0.25]
    """
    return _integers(payload, 4) * 2.0**-30 if len(payload) == 16 else _wrong_size(payload, 16)


def euler_deg(payload: bytes) -> FloatArray | DecodeError:
    """Roll, pitch and yaw in degrees, as the sensor fuses them.

    Examples
    --------
    >>> euler_deg(bytes.fromhex("00005a00 0000d3ff 00800000")).tolist()
    [90.0, -45.0, 0.5]
    """
    return _integers(payload, 3) / 65536.0 if len(payload) == 12 else _wrong_size(payload, 12)


def _integers(payload: bytes, n: int) -> FloatArray:
    return np.frombuffer(payload, "<i4", n).astype(np.float64)


def _wrong_size(payload: bytes, size: int) -> DecodeError:
    return DecodeError(f"expected {size} bytes, got {len(payload)}", payload)


# --- conversations ---------------------------------------------------------------------------


def with_rate(config: bytes, fs_hz: int) -> bytes:
    """The same configuration at another rate.

    Examples
    --------
    >>> with_rate(bytes.fromhex("e803 f401 f401 0a00 01"), 50).hex(" ", -2)
    'e803 f401 f401 3200 01'
    """
    return config[: _RATE_AT.start] + fs_hz.to_bytes(2, "little") + config[_RATE_AT.stop :]


def rate_hz(config: bytes) -> int:
    """Motion rate of a configuration.

    Raises
    ------
    DecodeError
        It is not 9 bytes long, or has a rate that no Thingy keeps.
    """
    if len(config) != _CONFIG_SIZE:
        raise DecodeError(
            f"expected a configuration of {_CONFIG_SIZE} bytes, got {len(config)}", config
        )
    hz = int.from_bytes(config[_RATE_AT], "little")
    if not _SLOWEST_HZ <= hz <= _FASTEST_KEPT_HZ:
        raise DecodeError(f"expected a rate of 5 to 200 Hz, got {hz}", config)
    return hz


def _start(request: StreamRequest) -> Start:
    with suppress(DeviceError):  # nice to know, not needed
        yield Read(sig.BATTERY_UUID)
    config = yield Read(CONFIG_UUID)
    before_hz = got_hz = rate_hz(config)
    wanted_hz = round(min(max(request.fs_hz, _SLOWEST_HZ), _FASTEST_HZ))
    if before_hz != wanted_hz:
        with suppress(SensorRefused):  # then it stays as it is, which the next read tells
            yield Write(CONFIG_UUID, with_rate(config, wanted_hz), response=True)
        after = yield Read(CONFIG_UUID)
        got_hz = rate_hz(after)
    yield Subscribe(DATA_UUID)
    with suppress(DeviceError):
        yield Subscribe(sig.BATTERY_UUID)
    return StreamInfo(
        fs_hz=float(got_hz),
        acc_range_g=_RANGE_G,
        has_gyro=True,
        clock=ClockKind.COUNTED,
        note=_rate_note(before_hz, wanted_hz, got_hz),
    )


def _rate_note(before_hz: int, wanted_hz: int, got_hz: int) -> str:
    if got_hz != wanted_hz:
        return f"{wanted_hz} Hz was asked for, the sensor stays at {got_hz} Hz"
    if got_hz != before_hz:
        return f"the sensor keeps {got_hz} Hz from now on; it was set to {before_hz} Hz"
    return ""


def _stop() -> Stop:
    """Nothing to say: the sensor switches motion off when the link ends."""
    yield from ()


def _cue(times: int) -> Cue:
    for _ in range(times):
        yield Write(LIGHT_UUID, _ONE_BREATH, response=True)
        yield Pause(_BREATH_S)


def _recognises(advert: Advert) -> bool:
    return SERVICE_UUID in advert.service_uuids or (advert.name or "") == "Thingy"


DRIVER = Driver(
    name="thingy52",
    title="Nordic Thingy:52",
    axes="the motion chip's own, as the maker sends them; its documents draw none on the case",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=partial(RowDecoder, _LAYOUT),
    cue=_cue,
)
