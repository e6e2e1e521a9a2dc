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

from functools import partial

from devices.chunk import FloatArray
from devices.driver import (
    Advert,
    ClockKind,
    Driver,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.rows import RowDecoder, RowLayout

SERVICE_UUID = "6fbe1da7-0000-44de-92c4-bb6e04fb0212"
DATA_UUID = "6fbe1da7-3001-44de-92c4-bb6e04fb0212"

_FS_HZ = 60.0  # covers 55 to 130 Hz
_RANGE_G = 4.0
_STANDARD_GRAVITY_M_S2 = 9.80665


def _samples(values: FloatArray) -> tuple[FloatArray, None]:
    return values * _STANDARD_GRAVITY_M_S2, None


_LAYOUT = RowLayout(DATA_UUID, "<f4", 3, _samples)


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
    new_decoder=partial(RowDecoder, _LAYOUT),
)
