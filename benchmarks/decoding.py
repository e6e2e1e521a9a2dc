"""What decoding costs: in bulk against numpy, and the callback against D-Bus.

    python benchmarks/decoding.py [--notifications 20000]

*bulk*: `Decoder.feed` with a whole session at once, against one `frombuffer` + `astype` over the
same bytes joined beforehand.  *live*: the same in batches of 100 ms.  *apart*: only taking the
notifications apart and joining their bytes (`devices/columns.py`), which no decoder can do without.
It depends on how much travels in a notification, so a frame of 20 bytes alone is beyond any limit.
An H10 adds two numbers a sample, its times; differences have to be cut out of bits and summed.

*callback*: from where bleak calls us to where the collector keeps the notification, against one
unmarshal of the D-Bus message that brought it (dbus-fast, as bleak has it on Linux).

Ratios are medians over paired runs, so that a busy computer slows both.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from devices.columns import columns
from devices.connection import Connection
from devices.driver import ClockKind, Driver, Notification, StreamInfo
from devices.registry import driver_named
from devices.sensors import movesense, polar_frames, sketch, witmotion
from monitor.live.collector import Collector

_PAIRS = 21
_RNG = np.random.default_rng(1)


def ratio(ours: Callable[[], object], theirs: Callable[[], object], pairs: int = _PAIRS) -> float:
    """Median over `pairs` of the time of `ours` by that of `theirs`, run in turn."""
    ours()
    theirs()
    return statistics.median(_seconds(ours) / _seconds(theirs) for _ in range(pairs))


def _seconds(run: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    run()
    return time.perf_counter() - began_s


# --- notifications of some sensors -----------------------------------------------------------


def witmotion_frames(n: int, frames: int) -> list[Notification]:
    """`frames` samples in each; 12 fill the usual MTU."""
    words = _RNG.integers(-3000, 3000, (n, frames, 10)).astype("<i2")
    words[:, :, 0] = 0x6155
    return _notifications(witmotion.DATA_UUID, list(words), frames / 100.0)


def h10_frames(n: int, samples: int = 36) -> list[Notification]:
    """Raw acceleration at 100 Hz."""
    frame = np.dtype([("kind", "u1"), ("ns", "<u8"), ("type", "u1"), ("mg", "<i2", (samples, 3))])
    frames = np.zeros(n, frame)
    frames["kind"], frames["type"] = 2, 1
    frames["ns"] = 599_616_000_000_000_000 + 10_000_000 * samples * np.arange(1, n + 1)
    frames["mg"] = _RNG.integers(-2000, 2000, (n, samples, 3))
    return _notifications(polar_frames.DATA_UUID, list(frames), samples / 100.0)


def delta_frames(n: int, samples: int = 57) -> list[Notification]:
    """Differences of 10 bits, as a Verity Sense sends them at 52 Hz."""
    size = (10 * 3 * (samples - 1) + 7) // 8
    frame = np.dtype([("kind", "u1"), ("ns", "<u8"), ("type", "u1"), ("body", "u1", 6 + 2 + size)])
    frames = np.zeros(n, frame)
    frames["kind"], frames["type"] = 2, polar_frames.COUNTS
    frames["ns"] = (1e9 * samples / 52.0 * np.arange(1, n + 1)).astype("<u8")
    frames["body"] = _RNG.integers(0, 256, (n, 8 + size))
    frames["body"][:, 6:8] = 10, samples - 1
    return _notifications(polar_frames.DATA_UUID, list(frames), samples / 52.0)


def movesense_packets(n: int) -> list[Notification]:
    """IMU6 at 104 Hz: eight samples a packet, in two notifications."""
    rows = np.zeros((n, 200), "u1")
    rows[:, :2], rows[:, 152:154] = (2, 0x66), (3, 0x66)
    rows[:, 2:6] = np.rint(np.arange(n) * 8e3 / 104).astype("<u4")[:, None].view("u1")
    floats = _RNG.normal(size=(n, 48)).astype("<f4").view("u1")
    rows[:, 6:152], rows[:, 154:] = floats[:, :146], floats[:, 146:]
    pieces = [piece for row in rows for piece in (row[:152], row[152:])]
    return _notifications(movesense.DATA_UUID, pieces, 4 / 104)


def sketch_frames(n: int) -> list[Notification]:
    """Our own sketch: one sample each."""
    rows = _RNG.integers(0, 256, (n, 20)).astype("u1")
    rows[:, 0], rows[:, 1], rows[:, 2] = 1, np.arange(n) % 256, 99
    rows[:, 4:8] = (10_000 * np.arange(n)).astype("<u4")[:, None].view("u1")
    return _notifications(sketch.DATA_UUID, list(rows), 0.01)


def _notifications(uuid: str, rows: list[Any], step_s: float) -> list[Notification]:
    return [Notification(i * step_s + 0.1, uuid, row.tobytes()) for i, row in enumerate(rows)]


# --- figures ---------------------------------------------------------------------------------


def bulk(
    driver: Driver, info: StreamInfo, session: list[Notification]
) -> tuple[float, float, float]:
    """Ratio at once, in batches of 100 ms, and of taking apart alone."""
    joined = b"".join(n.payload for n in session)
    joined += bytes(len(joined) % 2)

    def at_once() -> object:
        return driver.new_decoder(info).feed(session)

    def in_batches() -> None:
        decoder, step_s = driver.new_decoder(info), session[1].t_arrival_s - session[0].t_arrival_s
        size = max(1, round(0.1 / step_s))
        for first in range(0, len(session), size):
            decoder.feed(session[first : first + size])

    def taken_apart() -> object:
        told = columns(session)
        return None if told is None else b"".join(told.payloads)

    def numpy_alone() -> object:
        return np.frombuffer(joined, dtype="<i2").astype(np.float64)

    return (
        ratio(at_once, numpy_alone),
        ratio(in_batches, numpy_alone, pairs=3),
        ratio(taken_apart, numpy_alone),
    )


def callback(frames: int = 12, count: int = 200) -> float:
    """Our part of a notification against dbus-fast's unmarshalling of its message."""
    from dbus_fast import Message, MessageType, Variant  # noqa: PLC0415 - on Linux only
    from dbus_fast._private.unmarshaller import Unmarshaller  # noqa: PLC0415

    [notification] = witmotion_frames(1, frames)
    message = Message(
        message_type=MessageType.SIGNAL,
        sender=":1.5",
        path="/org/bluez/hci0/dev_C0_DE_72_01_4F_D1/service000c/char000d",
        interface="org.freedesktop.DBus.Properties",
        member="PropertiesChanged",
        signature="sa{sv}as",
        body=[
            "org.bluez.GattCharacteristic1",
            {"Value": Variant("ay", notification.payload)},
            [],
        ],
        serial=7,
    )
    wire = bytes(message._marshall(negotiate_unix_fd=False)) * count  # noqa: SLF001 - as on the bus
    data, characteristic = (
        bytearray(notification.payload),
        SimpleNamespace(uuid=witmotion.DATA_UUID),
    )

    def theirs() -> None:
        unmarshaller = Unmarshaller(io.BytesIO(wire))
        for _ in range(count):
            unmarshaller.unmarshall()

    def ours() -> None:
        hear = _connection().ear(witmotion.DATA_UUID)
        for _ in range(count):
            hear(characteristic, data)

    async def measured() -> float:
        return ratio(ours, theirs, pairs=201)

    return asyncio.run(measured())


def _connection() -> Connection:
    """Everything between bleak and the buffer that the collector empties ten times a second."""
    collector = Collector({"chest": "witmotion"}, Any, Any)
    return Connection(Any, "WT901", collector.ear("chest"), 1.0)


def main() -> None:
    """Print figures, limits and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notifications", type=int, default=20_000)
    n = parser.parse_args().notifications
    print(f"{'figure':<52}{'limit':>7}{'ratio':>8}{'live':>8}{'apart':>8}")
    print(f"{'callback by one dbus-fast unmarshal':<52}{0.5:>7}{callback():>8.2f}")
    imu = StreamInfo(100.0, 16.0, has_gyro=True, clock=ClockKind.COUNTED)
    polar = StreamInfo(100.0, 8.0, has_gyro=False, clock=ClockKind.DEVICE, acc_factor=0.000244)
    verity = StreamInfo(52.0, 8.0, has_gyro=False, clock=ClockKind.DEVICE, acc_factor=0.000244)
    sense = StreamInfo(104.0, 8.0, has_gyro=True, clock=ClockKind.DEVICE)
    for what, name, info, session in (
        ("WitMotion, 12 frames a notification", "witmotion", imu, witmotion_frames(n, 12)),
        ("WitMotion, 1 frame a notification", "witmotion", imu, witmotion_frames(n, 1)),
        ("Polar H10, 36 samples a notification", "polar_h10", polar, h10_frames(n)),
        ("Polar Verity Sense, 57 samples in differences", "polar_verity_sense", verity,
         delta_frames(n // 10)),
        ("Movesense, 8 samples in 2 notifications", "movesense", sense, movesense_packets(n // 2)),
        ("our sketch, 1 frame a notification", "sketch", imu, sketch_frames(n)),
    ):  # fmt: skip
        at_once, live, apart = bulk(driver_named(name), info, session)
        print(f"{what:<52}{5:>7}{at_once:>8.1f}{live:>8.1f}{apart:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
