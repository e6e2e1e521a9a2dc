"""BBC micro:bit v1 and v2, when its program offers the Bluetooth accelerometer service.

Documents: Lancaster University, "micro:bit Bluetooth profile", accelerometer service, and the
runtime's MicroBitAccelerometerService, which is right where they differ: the values are signed
milli-g.

    E95DCA4B  read, notify  i16 x3   acceleration, milli-g, one sample a notification
    E95DFB24  read, write   u16      period in ms

The board takes a period and then does what its chip can, so what was set is read back.  No clock,
no counter, no battery; samples come in bursts, which the clock map spreads over the period.

- Asked for 1 ms, boards have crashed; 20 ms is the shortest we ask for.
- Programs of 2021 for v2 fall silent after minutes: build them anew with a current editor.
- Pair in the operating system only if the program was built to need it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

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
from devices.errors import SensorRefused
from devices.rows import RowDecoder, RowLayout

SERVICE_UUID = "e95d0753-251d-470a-a062-fa1922dfa9a8"
DATA_UUID = "e95dca4b-251d-470a-a062-fa1922dfa9a8"
PERIOD_UUID = "e95dfb24-251d-470a-a062-fa1922dfa9a8"

_OFFERED_MS = (20, 80, 160, 640)  # those of 1 to 10 ms are documented too, but see above
_LONGEST_MS = 10_000  # a period beyond it is no period
_M_S2_PER_MG = 9.80665e-3
_SILENT_AFTER_S = 5.0  # samples come in bursts, and with the longest period one in 0.64 s
_RANGE_G = 2.0  # the runtime's default; the service cannot change it


def _samples(values: FloatArray) -> tuple[FloatArray, None]:
    return values * _M_S2_PER_MG, None


_LAYOUT = RowLayout(DATA_UUID, "<i2", 3, _samples)


def period_command(period_ms: int) -> bytes:
    """What is written to set the period.

    Examples
    --------
    >>> period_command(20).hex(" ")
    '14 00'
    """
    return period_ms.to_bytes(2, "little")


def _recognises(advert: Advert) -> bool:
    return (advert.name or "").startswith("BBC micro:bit") or SERVICE_UUID in advert.service_uuids


def _start(request: StreamRequest) -> Start:
    try:
        before = yield Read(PERIOD_UUID)
    except SensorRefused as refused:
        raise SensorRefused(
            f"the micro:bit's program offers no accelerometer service: {refused}",
            hint="Flash a program that starts it, e.g. with MakeCode's bluetooth extension.",
        ) from refused
    wanted_hz = request.fs_hz
    wanted_ms = min(_OFFERED_MS, key=lambda ms: abs(1000.0 / ms - wanted_hz))
    got_ms = int.from_bytes(before, "little")
    note = ""
    if got_ms != wanted_ms:
        with suppress(SensorRefused):  # then it stays as it is, which the next read tells
            yield Write(PERIOD_UUID, period_command(wanted_ms), response=True)
        after = yield Read(PERIOD_UUID)
        got_ms = int.from_bytes(after, "little")
    if not 1 <= got_ms <= _LONGEST_MS:
        note = f"the board reports a period of {got_ms} ms; {wanted_ms} ms was asked for"
        got_ms = wanted_ms
    elif got_ms != wanted_ms:
        note = f"a period of {wanted_ms} ms was asked for, the board chose {got_ms} ms"
    yield Subscribe(DATA_UUID)
    return StreamInfo(
        fs_hz=1000.0 / got_ms,
        acc_range_g=_RANGE_G,
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note=note,
    )


def _stop() -> Stop:
    """Nothing to say: it stops when nobody is subscribed."""
    yield from ()


DRIVER = Driver(
    name="microbit",
    title="BBC micro:bit",
    axes="screen towards you, logo on top: x left, y up, z away from you, into the board",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=partial(RowDecoder, _LAYOUT),
    silent_after_s=_SILENT_AFTER_S,
)
