"""Polar H10: published frames and commands, the strap's clock, and its conversations."""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.chunk import Chunk, HeartChunk, ImuChunk
from devices.driver import (
    Ask,
    ClockKind,
    Notification,
    Read,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent
from devices.sensors.polar_frames import ELECTROCARDIOGRAM, PmdDecoder, frame_values
from devices.sensors.polar_h10 import CONTROL_UUID, DATA_UUID, DRIVER
from devices.sensors.polar_pmd import parse_settings

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "polar_h10.toml").read_text())
CONTROL = {k: bytes.fromhex(v) for k, v in VECTORS["control"].items() if k != "source"}
G_M_S2 = 9.80665
INFO = StreamInfo(fs_hz=50.0, acc_range_g=4.0, has_gyro=False, clock=ClockKind.DEVICE)
STAMP_2026_NS = 850_000_000_123_456_789
Result = TypeVar("Result")


def frame(stamp_ns: int, n: int = 1) -> bytes:
    return b"\x02" + stamp_ns.to_bytes(8, "little") + b"\x01" + bytes.fromhex("0000 0000 e803") * n


def feed(decoder: PmdDecoder, *frames: bytes, t_s: float = 0.0) -> list[Chunk | DecodeError]:
    return decoder.feed([Notification(t_s, DATA_UUID, payload) for payload in frames])


def imu(chunks: Sequence[Chunk | DecodeError]) -> list[ImuChunk]:
    return [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]


@pytest.mark.parametrize("vector", VECTORS["frame"], ids=lambda vector: vector["id"])
def test_frame_vectors(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex("".join(value for _, value in vector["fields"]))
    (chunk,) = imu(feed(PmdDecoder(INFO), payload, t_s=7.0))
    np.testing.assert_allclose(chunk.acc_m_s2, np.array(vector["samples_mg"]) * G_M_S2 / 1000)
    assert chunk.gyr_rad_s is None
    assert int.from_bytes(payload[1:9], "little") == vector["stamp_ns"]
    assert set(chunk.t_arrival_s) == {7.0}


@pytest.mark.parametrize("vector", VECTORS["not_a_frame"], ids=lambda vector: vector["id"])
def test_what_is_not_a_frame_says_why(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["bytes"])
    (error,) = feed(PmdDecoder(INFO), payload)
    assert isinstance(error, DecodeError)
    assert str(error) == f"{vector['message']}: {payload.hex(' ')}"


@pytest.mark.parametrize("vector", VECTORS["electrocardiogram"], ids=lambda vector: vector["id"])
def test_electrocardiogram_vectors(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex("".join(value for _, value in vector["fields"]))
    values = frame_values(payload, ELECTROCARDIOGRAM)
    assert not isinstance(values, DecodeError)
    assert values[:, 0].tolist() == vector["samples_uv"]


# --- the strap's clock -----------------------------------------------------------------------


def test_a_first_frame_counts_back_at_the_nominal_rate() -> None:
    (chunk,) = imu(feed(PmdDecoder(INFO), frame(STAMP_2026_NS, 4)))
    np.testing.assert_allclose(chunk.t_device_s, [-0.06, -0.04, -0.02, 0.0], atol=1e-12)


def test_later_frames_spread_their_samples_since_the_stamp_before() -> None:
    # 4 samples in 79 ms: the strap runs 1.3 % fast.  Nanoseconds of 2026 keep their precision.
    frames = [frame(STAMP_2026_NS + i * 79_000_000, 4) for i in range(3)]
    chunks = imu(feed(PmdDecoder(INFO), *frames))
    np.testing.assert_allclose(np.diff(np.concatenate([c.t_device_s for c in chunks[1:]])), 0.01975)
    assert [c.n_lost for c in chunks] == [0, 0, 0]


@given(st.integers(1, 36), st.integers(0, 20), st.integers(0, 2**63))
def test_a_gap_on_the_clock_is_counted_and_not_stretched_over(
    n: int, lost_frames: int, zero_ns: int
) -> None:
    step_ns, lost = 20_000_000, lost_frames * n
    second_ns = zero_ns + (n + lost) * step_ns
    chunks = imu(
        PmdDecoder(INFO).feed(
            [
                Notification(0.0, DATA_UUID, frame(zero_ns, n)),
                Notification((n + lost) * 0.02, DATA_UUID, frame(second_ns, n)),
            ]
        )
    )
    assert chunks[1].n_lost == lost
    np.testing.assert_allclose(chunks[1].t_device_s, (lost + 1 + np.arange(n)) * 0.02, atol=1e-9)


@pytest.mark.parametrize("beside", [0.97, 1.03])
def test_a_rate_beside_the_nominal_one_is_neither_loss_nor_error(beside: float) -> None:
    frames = [frame(STAMP_2026_NS + round(i * 36 * 0.02e9 * beside), 36) for i in range(5)]
    chunks = imu(feed(PmdDecoder(INFO), *frames))
    assert sum(chunk.n_lost for chunk in chunks) == 0
    assert sum(len(chunk.t_device_s) for chunk in chunks) == 5 * 36
    np.testing.assert_allclose(np.diff(chunks[-1].t_device_s[-36:]), 0.02 * beside)


def test_redelivered_and_overtaken_frames_leave_nothing() -> None:
    a, b, c = (frame(STAMP_2026_NS + i * 80_000_000, 4) for i in range(3))
    times = [x.t_device_s[-1] for x in imu(feed(PmdDecoder(INFO), a, b, b, a, c))]
    np.testing.assert_allclose(times, [0.0, 0.08, 0.16])


def test_a_strap_that_restarted_has_a_new_clock() -> None:
    decoder = PmdDecoder(INFO)
    feed(decoder, frame(STAMP_2026_NS, 4), frame(STAMP_2026_NS + 80_000_000, 4))
    (chunk,) = imu(feed(decoder, frame(599_000_000_000_000_000, 4), t_s=30.0))  # back in 2019
    assert chunk.t_device_s[-1] == 0.0
    assert chunk.n_lost == 0


def test_a_clock_set_forward_by_another_program_is_no_loss() -> None:
    decoder = PmdDecoder(INFO)
    feed(decoder, frame(599_000_000_000_000_000, 4))
    (chunk,) = imu(feed(decoder, frame(STAMP_2026_NS, 4), t_s=0.1))
    assert chunk.n_lost == 0


def test_too_many_samples_for_their_time_are_an_error() -> None:
    decoder = PmdDecoder(INFO)
    feed(decoder, frame(STAMP_2026_NS, 4))
    (error,) = feed(decoder, frame(STAMP_2026_NS + 1_000_000, 4))
    assert isinstance(error, DecodeError)
    assert "4 samples in 0.001000 s at 50 Hz" in str(error)


def test_heart_rate_and_answers_of_the_control_point_on_the_way() -> None:
    batch = [
        Notification(1.0, CONTROL_UUID, CONTROL["started"]),
        Notification(1.1, sig.HEART_RATE_UUID, bytes.fromhex("10 48 5a03")),
    ]
    (chunk,) = PmdDecoder(INFO).feed(batch)
    assert isinstance(chunk, HeartChunk)
    assert (chunk.t_arrival_s, chunk.heart_per_min) == (1.1, 72.0)


# --- conversations ---------------------------------------------------------------------------

STRAP = {
    CONTROL["ask_settings"]: [CONTROL["settings"]],
    CONTROL["start_50_hz_4_g"]: [CONTROL["started"]],
    CONTROL["start_200_hz_8_g"]: [CONTROL["started"]],
    CONTROL["stop"]: [CONTROL["stopped"]],
}


def iter_popped(queue: list[bytes]) -> Iterator[bytes]:
    while queue:
        yield queue.pop(0)


def talk(
    conversation: Generator[Step, bytes, Result],
    answers: Mapping[bytes, list[bytes]],
    features: bytes = CONTROL["features"],
) -> tuple[Result, list[Step]]:
    """Play a strap: each command has its indications; what is not known stays unanswered."""
    steps: list[Step] = []
    queues = {command: list(replies) for command, replies in answers.items()}
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            if isinstance(step, Read) and step.characteristic == CONTROL_UUID:
                step = conversation.send(features)
            elif isinstance(step, Read):
                step = conversation.throw(SensorRefused("no battery here"))
            elif isinstance(step, Ask):
                queue = queues.get(step.data, [])
                reply = next((part for part in iter_popped(queue) if step.is_reply(part)), None)
                if reply is None:
                    step = conversation.throw(SensorSilent("no answer"))
                else:
                    step = conversation.send(reply)
            else:
                step = conversation.send(b"")
    except StopIteration as result:
        return result.value, steps


def asked(steps: Sequence[Step]) -> list[bytes]:
    return [step.data for step in steps if isinstance(step, Ask)]


def test_start_reads_features_before_it_subscribes_then_asks_and_starts() -> None:
    info, steps = talk(DRIVER.start(StreamRequest(fs_hz=50.0, acc_range_g=4.0)), STRAP)
    assert steps[:2] == [Read(CONTROL_UUID), Read(sig.BATTERY_UUID)]
    assert steps[2:5] == [Subscribe(u) for u in (CONTROL_UUID, DATA_UUID, sig.HEART_RATE_UUID)]
    assert asked(steps) == [CONTROL["ask_settings"], CONTROL["start_50_hz_4_g"]]
    assert info == StreamInfo(50.0, 4.0, has_gyro=False, clock=ClockKind.DEVICE)


def test_the_nearest_offer_is_chosen() -> None:
    info, steps = talk(DRIVER.start(StreamRequest(fs_hz=500.0, acc_range_g=6.5)), STRAP)
    assert asked(steps)[-1] == CONTROL["start_200_hz_8_g"]
    assert (info.fs_hz, info.acc_range_g) == (200.0, 8.0)


def test_settings_that_come_in_parts_are_joined() -> None:
    head, tail = CONTROL["settings"][:5], CONTROL["settings"][5:]
    parts = [head[:4] + b"\x01" + tail[:11], head + tail[11:]]
    info, _ = talk(DRIVER.start(StreamRequest(50.0, 4.0)), STRAP | {CONTROL["ask_settings"]: parts})
    assert info.fs_hz == 50.0


def test_features_delivered_as_an_indication_are_no_answer() -> None:
    replies = [CONTROL["features"], CONTROL["settings"]]
    info, _ = talk(
        DRIVER.start(StreamRequest(50.0, 4.0)), STRAP | {CONTROL["ask_settings"]: replies}
    )
    assert info.fs_hz == 50.0


def test_a_stream_left_running_is_stopped_and_started_again() -> None:
    start = CONTROL["start_50_hz_4_g"]
    busy = STRAP | {start: [bytes.fromhex("f0 02 02 06 00"), CONTROL["started"]]}
    _, steps = talk(DRIVER.start(StreamRequest(50.0, 4.0)), busy)
    assert asked(steps)[1:] == [start, CONTROL["stop"], start]


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (13, "to stream 50 Hz at 4 g: it is in its charger (error 13)", "out of the charger"),
        (6, "to stream 50 Hz at 4 g: it is already streaming (error 6)", "Close other programs"),
        (99, "to stream 50 Hz at 4 g: it gives an unknown reason (error 99)", ""),
    ],
)
def test_a_refusal_says_why_and_what_to_do(error: int, message: str, hint: str) -> None:
    refusal = [bytes((0xF0, 2, 2, error, 0))] * 2
    with pytest.raises(SensorRefused) as raised:
        talk(DRIVER.start(StreamRequest(50.0, 4.0)), STRAP | {CONTROL["start_50_hz_4_g"]: refusal})
    assert message in str(raised.value)
    assert hint in raised.value.hint


def test_a_sensor_without_acceleration_is_refused() -> None:
    with pytest.raises(SensorRefused, match="no acceleration"):
        talk(DRIVER.start(StreamRequest()), STRAP, features=bytes.fromhex("0f 01") + bytes(15))


def test_a_strap_that_never_answers_is_silent() -> None:
    with pytest.raises(SensorSilent):
        talk(DRIVER.start(StreamRequest()), {})


def test_stop_waits_for_its_answer_but_not_for_ever() -> None:
    for answers in (STRAP, {}):
        _, steps = talk(DRIVER.stop(), answers)
        assert asked(steps) == [CONTROL["stop"]]


@given(st.binary(max_size=40))
def test_any_list_of_settings_is_read_as_far_as_it_makes_sense(parameters: bytes) -> None:
    for values in parse_settings(parameters).values():
        assert all(value >= 0 for value in values)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_rubbish_from_the_control_point_ends_the_conversation(rubbish: bytes, more: bytes) -> None:
    answer = CONTROL["settings"][:5] + rubbish
    with pytest.raises(DeviceError):  # unreadable settings, or nothing answers the start
        talk(DRIVER.start(StreamRequest()), {CONTROL["ask_settings"]: [more, answer]})


@given(
    st.lists(
        st.tuples(
            st.sampled_from([20_000_000] * 6 + [19_500_000, 0, 10_000_000, 90_000_000, -(10**11)]),
            st.sampled_from([1, 1, 1, 1, 2]),
            st.sampled_from([0.04, 0.04, 0.04, 30.0]),
        ),
        max_size=16,
    ),
    st.integers(0, 16),
)
def test_many_frames_at_once_are_the_frames_one_by_one(
    steps: list[tuple[int, int, float]], cut: int
) -> None:
    """Steps of the stamp, samples a frame, and pauses of the link; at 50 Hz a sample is 20 ms."""
    batch, stamp_ns, t_s = [], 2**64 - 10**8, 0.0
    for i, (step_ns, n, pause_s) in enumerate(steps):
        stamp_ns, t_s = (stamp_ns + n * step_ns) % 2**64, t_s + pause_s
        head = b"\x02" + stamp_ns.to_bytes(8, "little") + b"\x01"
        body = b"".join(struct.pack("<3h", i, -i, k) for k in range(n))
        batch.append(Notification(t_s, DATA_UUID, head + body))
    info = StreamInfo(50.0, 4.0, has_gyro=False, clock=ClockKind.DEVICE)
    at_once, one_by_one = DRIVER.new_decoder(info), DRIVER.new_decoder(info)
    whole = [*at_once.feed(batch[:cut]), *at_once.feed(batch[cut:])]
    single = [chunk for n in batch for chunk in one_by_one.feed([n])]
    for name in ("t_device_s", "t_arrival_s", "acc_m_s2"):
        a, b = (
            [getattr(c, name) for c in chunks if isinstance(c, ImuChunk)]
            for chunks in (whole, single)
        )
        assert [row for x in a for row in x.tolist()] == [row for x in b for row in x.tolist()]
    for chunks in (whole, single):
        assert sum(c.n_lost for c in chunks if isinstance(c, ImuChunk)) >= 0
    lost = [sum(c.n_lost for c in chunks if isinstance(c, ImuChunk)) for chunks in (whole, single)]
    errors = [[str(c) for c in chunks if isinstance(c, DecodeError)] for chunks in (whole, single)]
    assert lost[0] == lost[1]
    assert errors[0] == errors[1]
