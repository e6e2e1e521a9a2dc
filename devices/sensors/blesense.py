"""Arduino Nano 33 BLE Sense with the published "BLESense test dashboard" sketch.

Document: arduino/ArduinoAI, BLESense-test-dashboard/BLESense.ino; LSM9DS1 library for the range.

    6FBE1DA7-0000-44DE-92C4-BB6E04FB0212  service, advertised
    6FBE1DA7-3001-...  notify  f32 x3  acceleration, g
    6FBE1DA7-3002-...  notify  f32 x3  angular rate, deg/s   (not subscribed to, see below)

Nothing can be set and nothing else is told: no clock, counter or battery.  The chip takes 119
samples a second and the sketch sends what its loop and the link allow.  Nobody tells how many that
are, so it is found by counting: what is counted may run up to 2.2 times as fast as the rate agreed,
but hardly slower, which is why the rate below is a low one.

The two come in notifications of their own, without anything that pairs them, and halve the room
for each other; acceleration alone is what every measure needs.  Our own sketch (`sketch.py`) sends
both together, with a clock.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from devices.chunk import Chunk, ImuChunk
from devices.driver import (
    Advert,
    ClockKind,
    Driver,
    Notification,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError
from devices.rows import RowDecoder

SERVICE_UUID = "6fbe1da7-0000-44de-92c4-bb6e04fb0212"
DATA_UUID = "6fbe1da7-3001-44de-92c4-bb6e04fb0212"

_FS_HZ = 60.0  # covers 55 to 130 Hz
_RANGE_G = 4.0
_STANDARD_GRAVITY_M_S2 = 9.80665


class BleSenseDecoder:
    """Counts samples, because the sketch does not."""

    def __init__(self, info: StreamInfo) -> None:
        self._rows = RowDecoder(frozenset({DATA_UUID}), "<f4", 3, fs_hz=info.fs_hz)

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk with all samples of the batch, then the errors.  No number is unknown."""
        rows, errors = self._rows.feed(batch)
        if rows is None:
            return [*errors]
        acc_m_s2 = rows.values * _STANDARD_GRAVITY_M_S2
        acc_m_s2[~np.isfinite(acc_m_s2).all(axis=1)] = np.nan
        return [ImuChunk(rows.t_device_s, rows.t_arrival_s, acc_m_s2, None), *errors]


def _recognises(advert: Advert) -> bool:
    return SERVICE_UUID in advert.service_uuids or (advert.name or "").startswith("BLESense-")


def _start(_request: StreamRequest) -> Start:
    yield Subscribe(DATA_UUID)
    return StreamInfo(
        fs_hz=_FS_HZ,
        acc_range_g=_RANGE_G,
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note="the sketch does not tell its rate; it is counted, 55 to 130 Hz",
    )


def _stop() -> Stop:
    """Nothing to say: only what is subscribed to is sampled."""
    yield from ()


DRIVER = Driver(
    name="blesense",
    title="Arduino BLESense dashboard sketch",
    axes="the motion chip's own, as its library gives them",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=BleSenseDecoder,
)
