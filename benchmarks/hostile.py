"""Millions of hostile notifications, and what the drivers make of them.

    python benchmarks/hostile.py [--count 10000000] [--seed 1] [--driver NAME]

    document's examples --mutated--+
    frames built to be believed ---+--> batches --> Decoder, SensorStream --> laws checked
    pure noise --------------------+

Everything comes from the seed, so a failure happens again.  Laws: nothing is raised, numpy's
warnings included; what comes out is a chunk of the promised shape whose times rise, or a
`DecodeError`; session times are finite and rise over the whole stream.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from devices import (
    sig,
)
from devices.chunk import BatteryChunk, HeartChunk, ImuChunk
from devices.driver import ClockKind, Driver, Notification, StreamInfo
from devices.errors import DecodeError
from devices.registry import DRIVERS
from devices.sensors import (
    adafruit,
    blesense,
    espruino,
    metamotion,
    microbit,
    movella_dot,
    movesense,
    pinetime,
    polar_frames,
    sketch,
    thingy52,
    witmotion,
)
from devices.stream import Samples, SensorStream

VECTORS = Path(__file__).parents[1] / "tests" / "devices" / "vectors"

_LIFE = 5000  # notifications of one connection: long enough for state to go wrong
_BATCH = 25  # most notifications in a batch; a tenth of a second of a fast sensor
_SIG = (sig.HEART_RATE_UUID, sig.BATTERY_UUID)
_LONGEST = 244  # bytes in a notification on the usual MTU; some are made longer

CHARACTERISTICS: Mapping[str, tuple[str, ...]] = {
    "witmotion": (witmotion.DATA_UUID,),
    "polar_h10": (polar_frames.DATA_UUID, *_SIG),
    "polar_verity_sense": (polar_frames.DATA_UUID, *_SIG),
    "movesense": (movesense.DATA_UUID, *_SIG),
    "movella_dot": (movella_dot.MEDIUM_UUID, movella_dot.BATTERY_UUID),
    "metamotion": (metamotion.DATA_UUID,),
    "microbit": (microbit.DATA_UUID,),
    "espruino": (espruino.PRINT_UUID, microbit.DATA_UUID),
    "thingy52": (thingy52.DATA_UUID, *_SIG),
    "pinetime": (pinetime.DATA_UUID, *_SIG),
    "sketch": (sketch.DATA_UUID,),
    "blesense": (blesense.DATA_UUID,),
    "adafruit": (adafruit.DATA_UUID, adafruit.GYRO_UUID, *_SIG),
    "textsketch": (espruino.PRINT_UUID,),
    "heart_rate": _SIG,
}
"""What each driver listens to, the stream first."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one driver was given and what it made of it."""

    driver: str
    n_notifications: int
    n_samples: int
    n_errors: int
    n_others: int
    seconds: float


class LawBroken(AssertionError):
    """A driver did what none may; the message tells how to see it again."""


def attack(driver: Driver, count: int, seed: int) -> Tally:
    """Feed `count` hostile notifications to a driver.

    Raises
    ------
    LawBroken
        With the notifications of the batch that broke it.
    """
    rng = Random(f"{seed} {driver.name}")  # noqa: S311 - a seed, not a secret
    began_s, n_done = time.perf_counter(), 0
    n_samples = n_errors = n_others = 0
    while n_done < count:
        life = _life(driver, rng, min(_LIFE, count - n_done))
        info = next(life)
        decoder, stream, last_t_s = driver.new_decoder(info), SensorStream(driver, info), -np.inf
        for batch in life:
            n_done += len(batch)
            try:
                told = decoder.feed(batch)
                for item in told:
                    _check(item)
                if rng.random() < 0.02:  # the sensor came back
                    info = _info(driver, rng)
                    decoder = driver.new_decoder(info)
                    stream.resume(info)
                last_t_s = _check_session(stream, batch, last_t_s)
            except Exception as error:
                message = f"{driver.name}, seed {seed}: {error!r} at {batch!r} with {info!r}"
                raise LawBroken(message) from error
            n_samples += sum(len(c.t_device_s) for c in told if isinstance(c, ImuChunk))
            n_errors += sum(isinstance(c, DecodeError) for c in told)
            n_others += sum(isinstance(c, HeartChunk | BatteryChunk) for c in told)
    seconds = time.perf_counter() - began_s
    return Tally(driver.name, n_done, n_samples, n_errors, n_others, seconds)


# --- laws ------------------------------------------------------------------------------------


def _check(item: object) -> None:
    assert isinstance(item, ImuChunk | HeartChunk | BatteryChunk | DecodeError), type(item)  # noqa: S101
    if not isinstance(item, ImuChunk):
        return
    n = len(item.t_device_s)
    t_device_s, t_arrival_s = item.t_device_s.tolist(), item.t_arrival_s.tolist()
    good = (
        n > 0
        and item.acc_m_s2.shape == (n, 3)
        and len(t_arrival_s) == n
        and (item.gyr_rad_s is None or item.gyr_rad_s.shape == (n, 3))
        and all(a < b for a, b in itertools.pairwise(t_device_s))
        and abs(t_device_s[0]) < 1e12
        and abs(t_device_s[-1]) < 1e12
        and item.n_lost >= 0
    )
    assert good, item  # noqa: S101


def _check_session(stream: SensorStream, batch: list[Notification], last_t_s: float) -> float:
    for item in stream.feed(batch):
        if isinstance(item, Samples):
            assert item.n_lost >= 0, item  # noqa: S101
            for t_s in item.t_s.tolist():
                assert last_t_s < t_s < np.inf, (last_t_s, t_s)  # noqa: S101
                last_t_s = t_s
    return last_t_s


# --- hostile connections ---------------------------------------------------------------------


def _life(driver: Driver, rng: Random, count: int) -> Iterator[Any]:
    """What a sensor agreed to, then the batches of one connection."""
    info = _info(driver, rng)
    yield info
    main, *others = CHARACTERISTICS[driver.name]
    seeds, build = _seeds(driver.name), _BUILDERS.get(driver.name)
    keep = rng.choice((0.0, 0.3, 0.9))  # share that nobody tampers with
    t_s, n, said = rng.uniform(0.0, 100.0), 0, 0
    while said < count:
        batch = []
        for _ in range(min(rng.randint(1, _BATCH), count - said)):
            t_s += rng.expovariate(50.0) if rng.random() < 0.999 else rng.uniform(0.0, 100.0)
            n = n + 1 if rng.random() < 0.98 else max(0, n + rng.randint(-300, 3000))
            uuid = rng.choice(others) if others and rng.random() < 0.1 else main
            if build is not None and uuid == main and rng.random() < 0.7:
                payload = build(rng, n)
            else:
                payload = rng.choice(seeds)
            batch.append(Notification(t_s, uuid, _tampered(payload, rng, keep)))
        said += len(batch)
        yield batch


def _info(driver: Driver, rng: Random) -> StreamInfo:
    if driver.name == "heart_rate":
        return StreamInfo(0.0, 0.0, has_gyro=False, clock=ClockKind.COUNTED)
    clock = ClockKind.DEVICE
    if driver.name == "textsketch":
        clock = rng.choice((ClockKind.DEVICE, ClockKind.COUNTED))
    return StreamInfo(
        fs_hz=rng.choice((12.5, 25.0, 50.0, 100.0, 200.0, 833.0)),
        acc_range_g=rng.choice((2.0, 4.0, 16.0)),
        has_gyro=True,
        clock=clock,
        acc_factor=rng.choice((None, 0.000244)),
    )


def _tampered(payload: bytes, rng: Random, keep: float) -> bytes:  # noqa: PLR0911 - one a way
    """Bits turned over, cut short, lengthened, repeated, mixed up, or replaced altogether."""
    if rng.random() < keep:
        return payload
    how = rng.randrange(7)
    if how <= 1:
        changed = bytearray(payload)
        for _ in range(rng.randint(1, 4) if changed else 0):
            at = rng.randrange(min(len(changed), 12) if rng.random() < 0.5 else len(changed))
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        return bytes(changed)
    if how == 2:
        return payload[: rng.randint(0, len(payload))]
    if how == 3:
        return payload + rng.randbytes(rng.randint(1, 20))
    if how == 4:
        cut = rng.randint(0, len(payload))
        return payload[cut:] + payload[:cut]
    if how == 5:
        return payload * rng.randint(2, 3)
    return rng.randbytes(rng.choice((0, 1, 2, 6, 12, 18, 20, 28, rng.randint(0, _LONGEST), 512)))


def _seeds(name: str) -> list[bytes]:
    """Every notification that a document's example spells out, for this sensor and those alike."""
    families = {
        "espruino": ("espruino", "microbit"),
        "textsketch": ("textsketch", "espruino"),
        "heart_rate": ("heart_rate", "sig"),
    }
    found = [b""]
    for family in families.get(name, (name, "sig")):
        vectors = tomllib.loads((VECTORS / f"{family}.toml").read_text(encoding="utf-8"))
        for table in (t for tables in vectors.values() if isinstance(tables, list) for t in tables):
            if "fields" in table:
                found.append(bytes.fromhex("".join(value for _, value in table["fields"])))
            if "line" in table:
                found.append(table["line"].encode() + b"\r\n")
    return found


# --- frames built to be believed -------------------------------------------------------------


def _witmotion(rng: Random, n: int) -> bytes:
    head = b"\x55\x71" if n % 97 == 0 else b"\x55\x61"
    stamp = bytes((24, 2, 3, 4, 5, 6, 7, 0)) if n % 31 == 0 else b""
    return (head + rng.randbytes(18) + stamp) * rng.choice((1, 1, 2, 12))


def _polar(rng: Random, n: int) -> bytes:
    n_samples = rng.randint(1, 36)
    stamp_ns = (n * 360_000_000 + rng.choice((0, 0, 1, -1, 2**63))) % 2**64
    head = b"\x02" + stamp_ns.to_bytes(8, "little")
    kind = rng.choice((1, 1, 0, 2, 0x80, 0x81, rng.randrange(256)))
    if kind < 0x80:
        return head + bytes((kind,)) + rng.randbytes(3 * (kind + 1) * n_samples)
    body = rng.randbytes(6)
    for _ in range(rng.randint(0, 3)):
        width, count = rng.choice((0, 1, 3, 8, 16, 31, 32, 33, 255)), rng.randint(0, 40)
        body += bytes((width, count)) + rng.randbytes((3 * width * count + 7) // 8)
    return head + bytes((kind,)) + body


def _movesense(rng: Random, n: int) -> bytes:
    reference = rng.choice((0x63, 0x66, 0x64))
    n_floats = 3 * {0x63: 1, 0x66: 2, 0x64: 3}[reference] * rng.randint(1, 8)
    value = (n * 80 % 2**32).to_bytes(4, "little") + _floats(rng, n_floats)
    response = rng.choice((2, 2, 2, 3, 1))
    return bytes((response, reference)) + value[: len(value) if rng.random() < 0.7 else 150]


def _movella(rng: Random, n: int) -> bytes:
    return (n * 16_667 % 2**32).to_bytes(4, "little") + _floats(rng, 6)


def _metamotion(rng: Random, n: int) -> bytes:
    head, size = rng.choice(
        ((b"\x03\x04", 6), (b"\x03\x1c", 18), (b"\x03\x05", 18), (b"\x11\x8c", 3))
    )
    return head + rng.randbytes(size) if n % 11 else head


def _line(rng: Random, n: int) -> bytes:
    x, y, z = (rng.randint(-40_000, 40_000) for _ in range(3))
    total = n % 65536 + 20 * n + x + y + z
    return rng.choice(
        (
            b"S,%d,%d,%d,%d,%d,%d\r\n" % (n % 65536, 20 * n, x, y, z, total & 255),
            b"A,%d,%d,%d\n" % (x, y, z),
            b"%d.5, %de%d, %d\n" % (x, y, z % 400, z),
            b'{"x": %d, "ay": %d, "y": 1e%d, "z": %d}\n' % (x, y, z % 500, z),
            b"{" * rng.randint(1, 200) + b"\n",
            b'{"x":' + b"9" * rng.randint(1, 240) + b',"y":0,"z":0}\n',
            b"P,%d\nH,%d,%d\nE\n" % (x % 120, y % 300, z),
            b"nan,inf,-inf\n",
        )
    )


def _sketch(rng: Random, n: int) -> bytes:
    stamp = (n * 10_000 % 2**32).to_bytes(4, "little")
    return bytes((1, n % 256, rng.randrange(256), 0)) + stamp + rng.randbytes(12)


def _adafruit(rng: Random, n: int) -> bytes:
    del n
    return _floats(rng, 3)


def _shorts(count: int) -> Callable[[Random, int], bytes]:
    return lambda rng, _n: rng.randbytes(2 * count)


def _floats(rng: Random, count: int) -> bytes:
    """Any bit pattern half of the time, else modest numbers."""
    if rng.random() < 0.5:
        return rng.randbytes(4 * count)
    return b"".join(rng.choice(_MODEST) for _ in range(count))


_MODEST = [np.float32(value).tobytes() for value in (-9.8, -0.1, 0.0, 0.3, 9.8, 200.0)]
_BUILDERS: Mapping[str, Callable[[Random, int], bytes]] = {
    "witmotion": _witmotion,
    "polar_h10": _polar,
    "polar_verity_sense": _polar,
    "movesense": _movesense,
    "movella_dot": _movella,
    "metamotion": _metamotion,
    "microbit": _shorts(3),
    "espruino": _line,
    "thingy52": _shorts(9),
    "pinetime": _shorts(3),
    "sketch": _sketch,
    "blesense": _adafruit,
    "adafruit": _adafruit,
    "textsketch": _line,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000_000, help="over all drivers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--driver", help="only this one")
    options = parser.parse_args()
    warnings.simplefilter("error")
    drivers = [d for d in DRIVERS if options.driver in {None, d.name}]
    each = -(-options.count // len(drivers))
    print(
        f"{'driver':<20}{'hostile':>12}{'samples':>12}{'errors':>12}{'heart, battery':>16}{'s':>8}"
    )
    total = Tally("all", 0, 0, 0, 0, 0.0)
    for driver in drivers:
        tally = attack(driver, each, options.seed)
        print(_row(tally), flush=True)
        values = zip(dataclasses.astuple(total)[1:], dataclasses.astuple(tally)[1:], strict=True)
        total = Tally("all", *(a + b for a, b in values))
    print(_row(total))
    print("nothing was raised, and every law held")


def _row(tally: Tally) -> str:
    name, *numbers, seconds = dataclasses.astuple(tally)
    counts = "".join(
        f"{value:>{width},}" for value, width in zip(numbers, (12, 12, 12, 16), strict=True)
    )
    return f"{name:<20}{counts}{seconds:>8.0f}"


if __name__ == "__main__":
    main()
