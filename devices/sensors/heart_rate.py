"""Any heart-rate strap or armband that speaks the Bluetooth SIG's own service; no acceleration.

Documents: Bluetooth SIG, "Heart Rate Service" 1.0 and "Battery Service" 1.1; the layouts of both
characteristics stand in `sig.py`.

    180D / 2A37  notify        about once a second: rate, and the RR intervals since the last one
    180F / 2A19  read, notify  percent; many sensors never notify, so it is read once as well

There is nothing to set.  It is the registry's last word: a sensor that its maker's protocol makes
more of, a Polar strap for one, offers this service too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from devices import sig
from devices.chunk import Chunk
from devices.driver import (
    Advert,
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
from devices.errors import DecodeError, DeviceError

SERVICE_UUID = "0000180d-0000-1000-8000-00805f9b34fb"


class HeartRateDecoder:
    """Each notification stands for itself: there is nothing to remember."""

    def __init__(self, info: StreamInfo) -> None:
        del info  # decided by each notification's own flags

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk a notification, in order."""
        decoded: list[Chunk | DecodeError] = []
        for t_arrival_s, characteristic, payload in batch:
            if characteristic == sig.HEART_RATE_UUID:
                decoded.append(sig.decode_heart_rate(t_arrival_s, payload))
            elif characteristic == sig.BATTERY_UUID:
                decoded.append(sig.decode_battery(t_arrival_s, payload))
        return decoded


def _recognises(advert: Advert) -> bool:
    return SERVICE_UUID in advert.service_uuids


def _start(_request: StreamRequest) -> Start:
    with suppress(DeviceError):  # nice to know, not needed
        yield Read(sig.BATTERY_UUID)
    yield Subscribe(sig.HEART_RATE_UUID)
    with suppress(DeviceError):  # not every battery service can notify
        yield Subscribe(sig.BATTERY_UUID)
    return StreamInfo(
        fs_hz=0.0,
        acc_range_g=0.0,
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note="heart rate only, no acceleration",
    )


def _stop() -> Stop:
    """Nothing to say: it stops when nobody is subscribed."""
    yield from ()


DRIVER = Driver(
    name="heart_rate",
    title="Heart-rate sensor",
    axes="none: it has no accelerometer",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=HeartRateDecoder,
)
