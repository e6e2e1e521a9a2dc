"""Movella DOT (Xsens DOT): calibrated acceleration and angular rate, a clock of microseconds.

Documents: "Xsens DOT BLE Services Specifications" XD0506P and the user manual XD0502P.  All UUIDs
are 1517xxxx-4947-11e9-8646-d663bd873d93; little-endian.

    1002  32 bytes  device control     0 what to change (bit 4: rate), 24 u16 output rate in Hz
    2001  3 bytes   measurement        01, 1 start or 0 stop, mode
    2002, 2003, 2004  notify           by the mode's size: long, medium, short
    3001  2 bytes   battery            percent, charging

    mode 21, 28 bytes on 2003:  u32 us since power-on (wraps after 71.6 min)
                                float32 x3 acceleration m/s2, float32 x3 angular rate deg/s

The vendor recommends mode 26, which has a quaternion besides; nothing here uses one, and 28 bytes
pass where the 44 of mode 26 need a longer packet.

A lost link does not stop the sensor, and a change of mode while it measures is ignored: stop comes
first, and the mode is read back.  Without a stream the sensor sleeps after half an hour; pressing or
shaking wakes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from devices.chunk import BatteryChunk, Chunk, FloatArray, ImuChunk
from devices.columns import columns
from devices.driver import (
    Advert,
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
from devices.errors import DecodeError, DeviceError, SensorRefused
from devices.stamps import Moment, StampClock


def _uuid(number: str) -> str:
    return f"1517{number}-4947-11e9-8646-d663bd873d93"


CONTROL_UUID, MEASUREMENT_UUID, BATTERY_UUID = _uuid("1002"), _uuid("2001"), _uuid("3001")
LONG_UUID, MEDIUM_UUID, SHORT_UUID = _uuid("2002"), _uuid("2003"), _uuid("2004")
COMPANY_ID = 0x0886

RATES_HZ = (1, 4, 10, 12, 15, 20, 30, 60)  # 120 Hz exists for recording only
RATE_QUANTITIES = 21

_QUATERNION, _VECTOR = ("quaternion", "<f4", 4), ("<f4", 3)
_EULER, _FREE_ACC = ("euler_deg", *_VECTOR), ("free_acc_m_s2", *_VECTOR)
_ACC, _GYR = ("acc_m_s2", *_VECTOR), ("gyr_deg_s", *_VECTOR)
_STATUS = (("status", "<u2"), ("clips_acc", "u1"), ("clips_gyr", "u1"))
_MAGNETIC = ("magnetic_4096", "<i2", 3)  # 4096 is about the local field's norm
LAYOUTS = {
    mode: np.dtype([("stamp_us", "<u4"), *fields])
    for mode, fields in {
        2: (_QUATERNION, _FREE_ACC, *_STATUS),
        3: (_QUATERNION, _FREE_ACC),
        4: (_EULER,),
        5: (_QUATERNION,),
        6: (_FREE_ACC,),
        7: (_EULER, _FREE_ACC, *_STATUS),
        16: (_EULER, _FREE_ACC),
        18: (("dq", "<f4", 4), ("dv_m_s", "<f4", 3), _MAGNETIC),
        19: (("dq", "<f4", 4), ("dv_m_s", "<f4", 3)),
        20: (_ACC, _GYR, _MAGNETIC),
        RATE_QUANTITIES: (_ACC, _GYR),
        22: (_EULER, _FREE_ACC, _GYR),
        23: (_EULER, _FREE_ACC, _MAGNETIC),
        24: (_QUATERNION, _GYR),
        26: (_QUATERNION, _ACC, _GYR),
    }.items()
}
"""What each mode sends; 1, 17 and 25 are decodable with the maker's closed library only."""

BLINK = b"\x01\x01" + bytes(30)
"""Written to `CONTROL_UUID`: the light blinks for 10 s."""

_CONTROL_SIZE, _RATE_AT, _CHANGES_RATE = 32, 24, 1 << 4
_ACC_RANGE_G = 16.0
_TICK_S = 1e-6
_SETTLE_S = 0.2  # after connecting, before the first command
_LAYOUT = LAYOUTS[RATE_QUANTITIES]


# --- bytes to values -------------------------------------------------------------------------


def measurement_command(mode: int, *, start: bool) -> bytes:
    """Start or stop a measurement.

    Examples
    --------
    >>> measurement_command(RATE_QUANTITIES, start=True).hex(" ")
    '01 01 15'
    """
    return bytes((1, int(start), mode))


def rate_command(control: bytes, fs_hz: int) -> bytes:
    """Device control as it was read, with another output rate and nothing else to change."""
    changed = bytearray(control)
    changed[0:2] = bytes((_CHANGES_RATE, 0))
    changed[_RATE_AT : _RATE_AT + 2] = fs_hz.to_bytes(2, "little")
    return bytes(changed)


def rate_hz(control: bytes) -> int | None:
    """Output rate in what was read as device control; None where it is not one."""
    if len(control) != _CONTROL_SIZE:
        return None
    return int.from_bytes(control[_RATE_AT : _RATE_AT + 2], "little")


def decode_payload(mode: int, payload: bytes) -> Mapping[str, NDArray[np.float64]]:
    """Fields of one notification of a mode, by name; zeros behind the last field are padding.

    Raises
    ------
    DecodeError
        The payload has not that mode's size, or the mode is not an open one.
    """
    layout = LAYOUTS.get(mode)
    if layout is None:
        raise DecodeError(f"the layout of mode {mode} is not published", payload)
    size = layout.itemsize
    if len(payload) < size or any(payload[size:]):
        raise DecodeError(f"expected {size} bytes of mode {mode}, got {len(payload)}", payload)
    row = np.frombuffer(payload, dtype=layout, count=1)[0]
    return {name: np.asarray(row[name], dtype=np.float64) for name in layout.names or ()}


def message(message_id: int, body: bytes) -> bytes:
    r"""A message of the recording and synchronisation service, with its checksum.

    Examples
    --------
    >>> message(1, b"\x02").hex(" ")
    '01 01 02 fc'
    """
    content = bytes((message_id, len(body))) + body
    return content + bytes((-sum(content) % 256,))


def is_message(payload: bytes) -> bool:
    """Whether length and checksum of a message agree with it."""
    return len(payload) >= 4 and payload[1] == len(payload) - 3 and sum(payload) % 256 == 0


# --- values to samples -----------------------------------------------------------------------


class MovellaDotDecoder:
    """One sample a notification, timed by the sensor; what is missing shows in its clock."""

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._clock = StampClock(bits=32, tick_s=_TICK_S)

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """A chunk for each run of samples between losses, and battery and errors as they came."""
        whole = self._feed_unbroken(batch)
        return self._feed_anything(batch) if whole is None else [whole]

    def _feed_unbroken(self, batch: Sequence[Notification]) -> ImuChunk | None:
        """The usual case in a few array operations; None when the batch is not that simple."""
        told = columns(batch)
        if told is None or (told.characteristic, told.size) != (MEDIUM_UUID, _LAYOUT.itemsize):
            return None
        arrivals = told.t_arrival_s
        rows = np.frombuffer(b"".join(told.payloads), dtype=_LAYOUT)
        steps = np.diff(rows["stamp_us"])  # unsigned: right over the wrap, too
        if (steps == 0).any() or (steps * self._fs_hz >= 1.5e6).any() or not _all_finite(rows):
            return None
        first = self._clock.read(int(rows["stamp_us"][0]), float(arrivals[0]))
        if first is None:
            return None
        elapsed_us = first.elapsed_ticks + np.concatenate([[0], np.cumsum(steps, dtype=np.int64)])
        self._clock.keep(first)
        if len(rows) > 1:
            last_us = int(elapsed_us[-1])
            stamp_us, since_us = int(rows["stamp_us"][-1]), int(steps[-1])
            self._clock.keep(
                Moment(
                    stamp_us, float(arrivals[-1]), last_us, last_us * _TICK_S, since_us * _TICK_S
                )
            )
        return _chunk(rows, elapsed_us * _TICK_S, arrivals, self._lost_before(first))

    def _feed_anything(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """The same result one by one, whatever comes."""
        decoded: list[Chunk | DecodeError] = []
        run = _Run()
        for t_arrival_s, characteristic, payload in batch:
            if characteristic == BATTERY_UUID:
                decoded.append(_battery(t_arrival_s, payload))
            if characteristic != MEDIUM_UUID:
                continue
            if (error := _misfit(payload)) is not None:
                decoded.append(error)
                continue
            moment = self._clock.read(int.from_bytes(payload[:4], "little"), t_arrival_s)
            if moment is None:
                continue  # redelivered or overtaken: its time has been told already
            self._clock.keep(moment)
            n_lost = self._lost_before(moment)
            if run.payloads and (n_lost or moment.since_s is None):
                decoded.append(run.chunk())
                run = _Run()
            if not run.payloads:
                run.n_lost = n_lost
            run.t_device_s.append(moment.t_s)
            run.t_arrival_s.append(t_arrival_s)
            run.payloads.append(payload[: _LAYOUT.itemsize])
        return [*decoded, run.chunk()] if run.payloads else decoded

    def _lost_before(self, moment: Moment) -> int:
        if moment.since_s is None:
            return 0
        return max(0, round(moment.since_s * self._fs_hz) - 1)


@dataclass(slots=True)
class _Run:
    """Samples with nothing missing between them."""

    n_lost: int = 0
    t_device_s: list[float] = field(default_factory=list)
    t_arrival_s: list[float] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)

    def chunk(self) -> ImuChunk:
        rows = np.frombuffer(b"".join(self.payloads), dtype=_LAYOUT)
        return _chunk(rows, np.array(self.t_device_s), np.array(self.t_arrival_s), self.n_lost)


def _misfit(payload: bytes) -> DecodeError | None:
    """Why `payload` is no sample of ours, if it is none."""
    size = _LAYOUT.itemsize
    if len(payload) < size or any(payload[size:]):
        return DecodeError(f"expected {size} bytes, got {len(payload)}", payload)
    if not _all_finite(np.frombuffer(payload, dtype=_LAYOUT, count=1)):
        return DecodeError("values that are no numbers", payload)
    return None


def _all_finite(rows: NDArray[np.void]) -> bool:
    return bool(np.isfinite(rows["acc_m_s2"]).all() and np.isfinite(rows["gyr_deg_s"]).all())


def _chunk(
    rows: NDArray[np.void], t_device_s: FloatArray, t_arrival_s: FloatArray, n_lost: int
) -> ImuChunk:
    gyr_rad_s: FloatArray = np.deg2rad(rows["gyr_deg_s"].astype(np.float64))
    return ImuChunk(
        t_device_s=t_device_s,
        t_arrival_s=t_arrival_s,
        acc_m_s2=rows["acc_m_s2"].astype(np.float64),
        gyr_rad_s=gyr_rad_s,
        n_lost=n_lost,
    )


def _battery(t_arrival_s: float, payload: bytes) -> BatteryChunk | DecodeError:
    """Percent and whether it charges; the latter is not kept."""
    if len(payload) != 2 or payload[0] > 100:
        return DecodeError("battery: expected percent and charging", payload)
    return BatteryChunk(t_arrival_s, float(payload[0]))


# --- conversations ---------------------------------------------------------------------------


def _recognises(advert: Advert) -> bool:
    name = advert.name or ""
    return name.startswith(("Xsens DOT", "Movella DOT")) or (
        not name and COMPANY_ID in advert.manufacturer_data
    )


def _start(request: StreamRequest) -> Start:
    yield Pause(_SETTLE_S)
    yield from _stop()  # it goes on measuring when a link is lost
    state = yield Read(MEASUREMENT_UUID)
    if state[1:2] == b"\x01":  # ... and in another mode, when another program started it
        yield Write(MEASUREMENT_UUID, measurement_command(state[-1], start=False), response=True)
    with suppress(DeviceError):  # nice to know, not needed
        yield Read(BATTERY_UUID)

    control = yield Read(CONTROL_UUID)
    if rate_hz(control) is None:
        raise DecodeError(f"device control of {_CONTROL_SIZE} bytes was expected", control)
    wanted_hz = min(RATES_HZ, key=lambda hz: (abs(hz - request.fs_hz), -hz))
    if rate_hz(control) != wanted_hz:
        yield Write(CONTROL_UUID, rate_command(control, wanted_hz), response=True)
        control = yield Read(CONTROL_UUID)
    got_hz = rate_hz(control)
    if got_hz not in RATES_HZ:
        raise SensorRefused(
            f"the DOT reports an output rate of {got_hz} Hz, which it cannot stream",
            hint="Set its output rate to 60 Hz in the Movella DOT app.",
        )

    yield Subscribe(MEDIUM_UUID)
    with suppress(DeviceError):
        yield Subscribe(BATTERY_UUID)
    begin = measurement_command(RATE_QUANTITIES, start=True)
    yield Write(MEASUREMENT_UUID, begin, response=True)
    state = yield Read(MEASUREMENT_UUID)
    if state != begin:
        raise SensorRefused(
            f"the DOT was told {begin.hex(' ')} and does {state.hex(' ')}",
            hint="Another program may hold it in another mode: close that, then switch the DOT "
            "off and on by its button.",
        )
    note = ""
    if got_hz != wanted_hz:
        note = f"{wanted_hz} Hz was asked for, the sensor stays at {got_hz} Hz"
    return StreamInfo(
        fs_hz=float(got_hz),
        acc_range_g=_ACC_RANGE_G,
        has_gyro=True,
        clock=ClockKind.DEVICE,
        note=note,
    )


def _stop() -> Stop:
    """A DOT left measuring empties its battery."""
    yield Write(MEASUREMENT_UUID, measurement_command(RATE_QUANTITIES, start=False), response=True)


def _cue(_times: int) -> Cue:
    """It blinks for 10 s, however often it is told to."""
    yield Write(CONTROL_UUID, BLINK, response=True)


DRIVER = Driver(
    name="movella_dot",
    title="Movella DOT (Xsens DOT)",
    axes="as drawn in the maker's manual; the protocol's document does not say",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=MovellaDotDecoder,
    cue=_cue,
)
