"""What every driver keeps: any bytes, any cutting, any answer."""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import (
    sig,
)
from devices.chunk import BatteryChunk, Chunk, HeartChunk, ImuChunk
from devices.driver import (
    Ask,
    ClockKind,
    Driver,
    Notification,
    Pause,
    Read,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent
from devices.registry import DRIVERS
from devices.sensors import (
    adafruit,
    espruino,
    metamotion,
    microbit,
    movella_dot,
    movesense,
    pinetime,
    polar_h10,
    sketch,
    thingy52,
    witmotion,
)

INFO = StreamInfo(fs_hz=50.0, acc_range_g=4.0, has_gyro=True, clock=ClockKind.DEVICE)
every_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)

# Good payloads, so that random streams reach beyond the first check of a decoder.
GOOD = {
    witmotion.DATA_UUID: [
        bytes.fromhex("5561 c1fcf0fe1a06 bc028700a700 e3069f032b6f"),
        bytes.fromhex("5571 6400 8801") + bytes(14),
    ],
    polar_h10.DATA_UUID: [
        b"\x02" + (i * 20_000_000).to_bytes(8, "little") + bytes.fromhex("01 0100 0200 e803")
        for i in range(1, 9)
    ]
    + [  # differences of the Verity Sense
        b"\x02" + (200_000_000).to_bytes(8, "little") + bytes.fromhex("81 f1ff1400f003 06017b0f08")
    ],
    movesense.DATA_UUID: [
        *(b"\x02\x66" + (20 * i).to_bytes(4, "little") + bytes(24) for i in range(1, 9)),
        b"\x02\x63" + (180).to_bytes(4, "little") + bytes(7),
        b"\x03\x63" + bytes(5),
    ],
    movella_dot.MEDIUM_UUID: [
        (i * 20_000 % 2**32).to_bytes(4, "little") + bytes(24) for i in range(-3, 5)
    ],
    metamotion.DATA_UUID: [
        bytes.fromhex("0304 000000000020"),
        bytes.fromhex("031c" + "000000000020" * 3),
        bytes.fromhex("118c633410"),
    ],
    polar_h10.CONTROL_UUID: [bytes.fromhex("f00202000001")],
    microbit.DATA_UUID: [bytes.fromhex("ceffceff00fc")],
    thingy52.DATA_UUID: [bytes.fromhex("000000fe0004 2000c0ff1000 8002c0fe1000"), bytes(18)],
    pinetime.DATA_UUID: [bytes.fromhex("000000fe0004")],
    adafruit.DATA_UUID: [bytes.fromhex("00000000 000000bf 00001d41"), b"\xff" * 12],
    sketch.DATA_UUID: [
        bytes((1, i % 256, 99, 0)) + (i * 10_000 % 2**32).to_bytes(4, "little") + bytes(12)
        for i in range(-3, 5)
    ],
    espruino.PRINT_UUID: [
        *(b"S,%d,%d,0,0,0,%d\r\n" % (i, 80 * i, 81 * i & 255) for i in range(1, 6)),
        b"A,1,-3,99\r\n0,0,1\nP,87\nH,61,90\n",
        b"S,3,24",
    ],
    sig.HEART_RATE_UUID: [bytes.fromhex("10485a036403")],
    sig.BATTERY_UUID: [b"\x63"],
}
STREAM_UUIDS = {
    "witmotion": witmotion.DATA_UUID,
    "espruino": espruino.PRINT_UUID,
    "textsketch": espruino.PRINT_UUID,
}
"""Drivers whose notifications are pieces of one byte stream, so that bytes may be cut anywhere."""

streams = st.lists(
    st.sampled_from(sorted(GOOD)).flatmap(
        lambda uuid: st.tuples(st.just(uuid), st.sampled_from(GOOD[uuid]) | st.binary(max_size=60))
    ),
    max_size=20,
).map(lambda items: [Notification(0.01 * i, uuid, data) for i, (uuid, data) in enumerate(items)])


def told(chunks: Sequence[Chunk | DecodeError]) -> dict[str, Any]:
    """Everything that came out, kind by kind, however it was cut into chunks."""
    imu = [c for c in chunks if isinstance(c, ImuChunk)]
    rows = [
        (*c.acc_m_s2[i], *(c.gyr_rad_s[i] if c.gyr_rad_s is not None else ()), c.t_device_s[i])
        for c in imu
        for i in range(len(c.t_device_s))
    ]
    return {
        "samples": rows,
        "arrivals": [t for c in imu for t in c.t_arrival_s],
        "lost": sum(c.n_lost for c in imu),
        "heart": [(c.heart_per_min, *c.rr_s) for c in chunks if isinstance(c, HeartChunk)],
        "battery": [c.percent for c in chunks if isinstance(c, BatteryChunk)],
        "errors": [str(c) for c in chunks if isinstance(c, DecodeError)],
    }


@every_driver
@given(stream=streams)
def test_any_bytes_are_chunks_or_errors(driver: Driver, stream: list[Notification]) -> None:
    for chunk in driver.new_decoder(INFO).feed(stream):
        assert isinstance(chunk, Chunk | DecodeError)
        if isinstance(chunk, ImuChunk):
            n = len(chunk.t_device_s)
            assert n > 0
            assert chunk.t_arrival_s.shape == (n,)
            assert chunk.acc_m_s2.shape == (n, 3)
            assert chunk.gyr_rad_s is None or chunk.gyr_rad_s.shape == (n, 3)
            assert (np.diff(chunk.t_device_s) > 0).all()
            assert chunk.n_lost >= 0


@every_driver
@given(stream=streams, cuts=st.sets(st.integers(0, 20)))
def test_cutting_batches_changes_nothing(
    driver: Driver, stream: list[Notification], cuts: set[int]
) -> None:
    whole, parts = driver.new_decoder(INFO), driver.new_decoder(INFO)
    bounds = [0, *sorted(cuts), len(stream)]
    pieces = [chunk for a, b in itertools.pairwise(bounds) for chunk in parts.feed(stream[a:b])]
    np.testing.assert_equal(told(pieces), told(whole.feed(stream)))


@pytest.mark.parametrize("name", STREAM_UUIDS)
@given(stream=streams, sizes=st.lists(st.integers(1, 50), min_size=1))
def test_cutting_the_byte_stream_changes_nothing(
    name: str, stream: list[Notification], sizes: list[int]
) -> None:
    driver = next(driver for driver in DRIVERS if driver.name == name)
    joined = b"".join(item.payload for item in stream)
    cut = [0]
    while cut[-1] < len(joined):
        cut.append(cut[-1] + sizes[len(cut) % len(sizes)])
    uuid = STREAM_UUIDS[name]
    pieces = [Notification(0.0, uuid, joined[a:b]) for a, b in itertools.pairwise(cut)]
    whole, parts = driver.new_decoder(INFO), driver.new_decoder(INFO)
    np.testing.assert_equal(
        told(parts.feed(pieces)), told(whole.feed([Notification(0.0, uuid, joined)]))
    )


# --- conversations ---------------------------------------------------------------------------

MOST_STEPS = 40  # more than any conversation has, fewer than an endless one


def play(conversation: Generator[Step, bytes, Any], answers: Sequence[bytes | None]) -> list[Step]:
    """Answer each question with the next of `answers`; None, and an unfit one, is silence."""
    steps: list[Step] = []
    try:
        step = next(conversation)
        while len(steps) < MOST_STEPS:
            answer = answers[len(steps) % len(answers)] if answers else None
            steps.append(step)
            if isinstance(step, Read):
                refused = SensorRefused("reading is not permitted")
                step = (
                    conversation.send(answer) if answer is not None else conversation.throw(refused)
                )
            elif isinstance(step, Ask):
                fits = answer is not None and step.is_reply(answer)
                silent = SensorSilent("no answer")
                step = conversation.send(answer or b"") if fits else conversation.throw(silent)
            else:
                step = conversation.send(b"")
    except (StopIteration, DeviceError):
        return steps
    pytest.fail(f"still talking after {MOST_STEPS} steps")


rubbish = st.lists(
    st.none()
    | st.binary(max_size=40)
    | st.sampled_from([bytes.fromhex("0f05") + bytes(15), bytes.fromhex("f002020600")])
    | st.sampled_from(
        [bytes.fromhex("f0010200000001190001011000020104 00"), b"\xf0\x03\x02\x00\x00"]
    ),
    max_size=8,
)


@every_driver
@given(answers=rubbish)
def test_conversations_end_whatever_the_sensor_answers(
    driver: Driver, answers: list[bytes | None]
) -> None:
    play(driver.start(StreamRequest()), answers)
    play(driver.stop(), answers)


@every_driver
@given(answers=rubbish)
def test_every_characteristic_is_a_full_uuid(driver: Driver, answers: list[bytes | None]) -> None:
    for step in play(driver.start(StreamRequest()), answers) + play(driver.stop(), answers):
        match step:
            case Read(uuid) | Subscribe(uuid) | Write(uuid) | Ask(uuid):
                assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
            case Pause(seconds):
                assert 0.0 < seconds < 10.0
