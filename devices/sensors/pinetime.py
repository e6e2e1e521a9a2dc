"""PineTime with InfiniTime 1.7 or later: a wrist watch that speaks only when something changed.

Documents: InfiniTime, doc/MotionService.md and doc/ble.md, and its sources where these are silent.

    00030002-78FC-48FE-8E23-433B3A1942D0  read, notify  i16 x3  acceleration, 1/1024 g
    2A37                                  notify        heart rate
    2A19                                  read, notify  battery
    2A46                                  write         alert: u8 category, u8 count, 0, text; the
                                                        watch shows it and vibrates

Nothing can be set: +-2 g, and the watch looks about every 100 ms.  It sends a value *only when it
differs* from the one before, and no time: counting what comes would let time stand still whenever
the watch does.  So the arrival says how many looks went by:

    arrival    |     |                 |     |
    looks      o  o  o  =  =  =  =  =  o  o  o     = the value before still held
                           1 s at most, then unknown

Looks without news for up to a second repeat the last value, which is what the watch says by its
silence; beyond that they are unknown, and count as lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from devices import sig
from devices.chunk import Chunk, ImuChunk
from devices.driver import (
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
from devices.errors import DecodeError, DeviceError, SensorRefused
from devices.rows import RowLayout, RowReader, Rows

SERVICE_UUID = "00030000-78fc-48fe-8e23-433b3a1942d0"
DATA_UUID = "00030002-78fc-48fe-8e23-433b3a1942d0"

ALERT_UUID = "00002a46-0000-1000-8000-00805f9b34fb"
_ALERT = bytes((0, 1, 0)) + b"backrelease"  # the watch takes what follows three bytes as the text

_FS_HZ = 10.0
_RANGE_G = 2.0
_M_S2_PER_LSB = 9.80665 / 1024
_HOLD_S = 1.0  # longest silence that is read as "unchanged"
_SILENT_AFTER_S = 5.0  # a watch that lies still has nothing to say, noise of one count apart
_LATE_PERIODS = 0.9  # an arrival may be late by this much before a look counts as passed


@dataclass(slots=True)
class _Run:
    """Looks that follow each other without a hole."""

    n_lost: int = 0
    looks: list[int] = field(default_factory=list)
    t_arrival_s: list[float] = field(default_factory=list)
    acc_lsb: list[list[float]] = field(default_factory=list)

    def chunk(self, fs_hz: float) -> ImuChunk:
        return ImuChunk(
            t_device_s=np.array(self.looks) / fs_hz,
            t_arrival_s=np.array(self.t_arrival_s),
            acc_m_s2=np.array(self.acc_lsb) * _M_S2_PER_LSB,
            gyr_rad_s=None,
            n_lost=self.n_lost,
        )


_LAYOUT = RowLayout(
    DATA_UUID,
    "<i2",
    3,
    lambda values: (values * _M_S2_PER_LSB, None),
    {sig.HEART_RATE_UUID: sig.decode_heart_rate, sig.BATTERY_UUID: sig.decode_battery},
)


class PineTimeDecoder:
    """Places each value on the watch's looks; `t_device_s` counts looks, news or not."""

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._most_held = round(_HOLD_S * info.fs_hz)
        self._rows = RowReader(_LAYOUT, info.fs_hz)
        self._next_look = 0
        self._looked_s: float | None = None  # when the last value was taken, at the latest
        self._held: list[float] = []

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """A chunk for what follows without a hole; then heart rate, battery and errors as they came."""
        rows, others = self._rows.feed(batch)
        placed = [] if rows is None else self._placed(rows)
        return [*placed, *others]

    def _placed(self, rows: Rows) -> list[ImuChunk]:
        runs = [_Run()]
        arrivals: list[float] = rows.t_arrival_s.tolist()
        for value, t_arrival_s in zip(rows.values.tolist(), arrivals, strict=True):
            n_passed = self._passed_looks(t_arrival_s)
            n_held = min(n_passed, self._most_held)
            for _ in range(n_held):
                self._add(runs[-1], self._held, t_arrival_s)
            if n_passed > n_held:
                self._next_look += n_passed - n_held
                runs.append(_Run(n_lost=n_passed - n_held))
            self._add(runs[-1], value, t_arrival_s)
            self._held = value
        return [run.chunk(self._fs_hz) for run in runs if run.looks]

    def _passed_looks(self, t_arrival_s: float) -> int:
        """Looks without news before the one whose value has arrived.

        An arrival is late by an unknown bit, never early, so the time of a look is the earliest
        that its successors allow.
        """
        if self._looked_s is None:
            self._looked_s = t_arrival_s
            return 0
        periods = (t_arrival_s - self._looked_s) * self._fs_hz
        n_passed = max(0, math.floor(periods - _LATE_PERIODS))
        self._looked_s = min(t_arrival_s, self._looked_s + (n_passed + 1) / self._fs_hz)
        return n_passed

    def _add(self, run: _Run, value: list[float], t_arrival_s: float) -> None:
        run.looks.append(self._next_look)
        run.t_arrival_s.append(t_arrival_s)
        run.acc_lsb.append(value)
        self._next_look += 1


# --- conversations ---------------------------------------------------------------------------


def _start(_request: StreamRequest) -> Start:
    try:
        yield Subscribe(DATA_UUID)
    except SensorRefused as refused:
        raise SensorRefused(
            f"the watch does not offer its motion: {refused}",
            hint="InfiniTime 1.7 or later does: update the watch.",
        ) from refused
    with suppress(DeviceError):  # nice to know, not needed
        yield Read(sig.BATTERY_UUID)
    for uuid in (sig.HEART_RATE_UUID, sig.BATTERY_UUID):
        with suppress(DeviceError):
            yield Subscribe(uuid)
    return StreamInfo(
        fs_hz=_FS_HZ,
        acc_range_g=_RANGE_G,
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note="it sends only what changed: up to 1 s of silence is read as no change",
    )


def _stop() -> Stop:
    """Nothing to say: it stops when nobody is subscribed."""
    yield from ()


def _cue(_times: int) -> Cue:
    """One message; more of them would stay on the watch."""
    yield Write(ALERT_UUID, _ALERT, response=True)


DRIVER = Driver(
    name="pinetime",
    title="PineTime (InfiniTime)",
    axes="the motion chip's own, as the firmware sends them; its documents draw none on the watch",
    recognises=lambda advert: (
        (advert.name or "").startswith("InfiniTime") or SERVICE_UUID in advert.service_uuids
    ),
    start=_start,
    stop=_stop,
    new_decoder=PineTimeDecoder,
    silent_after_s=_SILENT_AFTER_S,
    cue=_cue,
)
