"""Movesense: captured values, packets in parts, the sensor's clock, and conversations."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

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
    Write,
)
from devices.errors import DecodeError, SensorRefused, SensorSilent
from devices.sensors import movesense
from devices.sensors.movesense import ACCELERATION, DATA_UUID, DRIVER, IMU6, MovesenseDecoder
from devices.sensors.movesense_packets import (
    DATA,
    DATA_PART_2,
    decode_heart,
    decode_motion,
    decode_temperature,
)

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "movesense.toml").read_text())
INFO = StreamInfo(52.0, 8.0, has_gyro=True, clock=ClockKind.DEVICE)
KINDS = ("acc_m_s2", "gyr_deg_s", "magnetic_ut")


def joined(vector: Mapping[str, Any]) -> bytes:
    return bytes.fromhex("".join(value for _, value in vector["fields"]))


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


VALUES = {vector["id"]: vector for vector in VECTORS["motion"]}


def imu6(stamp_ms: int, n: int = 4) -> bytes:
    """A packet of a sensor at rest, z up, that turns by 90 deg/s about x."""
    acc = np.tile(np.array([0.0, 0.0, 9.8125]), n)
    gyro = np.tile(np.array([90.0, 0.0, 0.0]), n)
    return (
        bytes((DATA, movesense.REFERENCE[IMU6]))
        + (stamp_ms % 2**32).to_bytes(4, "little")
        + np.concatenate([acc, gyro]).astype("<f4").tobytes()
    )


def feed(
    decoder: MovesenseDecoder, *payloads: bytes, t_s: float = 0.0
) -> list[Chunk | DecodeError]:
    return decoder.feed([Notification(t_s, DATA_UUID, payload) for payload in payloads])


def imu(chunks: Sequence[Chunk | DecodeError]) -> list[ImuChunk]:
    return [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]


@pytest.mark.parametrize("vector", VECTORS["motion"], ids=by_id)
def test_motion_vectors(vector: dict[str, Any]) -> None:
    kinds = [kind for kind in KINDS if kind in vector]
    motion = decode_motion(joined(vector), len(kinds))
    assert motion is not None
    assert motion.stamp_ms == vector["stamp_ms"]
    for values, kind in zip(motion.kinds, kinds, strict=True):
        np.testing.assert_allclose(values, vector[kind], rtol=0, atol=1e-7)


@pytest.mark.parametrize("vector", VECTORS["parts"], ids=by_id)
def test_parts_are_joined_before_they_are_read(vector: dict[str, Any]) -> None:
    source = VALUES[vector["value_of"]]
    reference, value = bytes.fromhex(vector["reference"]), joined(source)
    bounds = [0, *vector["cuts"], len(value)]
    parts = [value[a:b] for a, b in itertools.pairwise(bounds)]
    payloads = [bytes((2 + i,)) + reference + part for i, part in enumerate(parts)]
    (chunk,) = feed(MovesenseDecoder(INFO), *payloads, t_s=7.0)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2, source["acc_m_s2"], rtol=0, atol=1e-7)
    if "gyr_deg_s" in source:
        assert chunk.gyr_rad_s is not None
        np.testing.assert_allclose(np.rad2deg(chunk.gyr_rad_s), source["gyr_deg_s"], atol=1e-6)
    else:
        assert chunk.gyr_rad_s is None
    assert set(chunk.t_arrival_s) == {7.0}


@pytest.mark.parametrize("vector", VECTORS["heart"], ids=by_id)
def test_heart_vectors(vector: dict[str, Any]) -> None:
    heart = decode_heart(joined(vector))
    assert heart is not None
    assert heart[0] == pytest.approx(vector["heart_per_min"], abs=2e-4)
    assert heart[1].tolist() == vector["rr_ms"]


@pytest.mark.parametrize("vector", VECTORS["temperature"], ids=by_id)
def test_temperature_vectors(vector: dict[str, Any]) -> None:
    temperature = decode_temperature(joined(vector))
    assert temperature is not None
    assert temperature[0] == pytest.approx(vector["kelvin"], abs=2e-4)
    assert temperature[1] == vector["stamp_ms"]


def test_commands_and_results() -> None:
    commands, results = VECTORS["command"], VECTORS["result"]
    subscribe = movesense.subscribe_command(ACCELERATION, 52)
    assert subscribe == bytes.fromhex(commands["subscribe_acc_52"])
    unsubscribe = movesense.unsubscribe_command(ACCELERATION)
    assert unsubscribe == bytes.fromhex(commands["unsubscribe_acc"])
    assert movesense.result_status(bytes.fromhex(results["ok"])) == 200
    assert movesense.result_status(bytes.fromhex(results["no_slot_free"])) == 507


def test_a_second_part_that_never_came_costs_only_its_packet() -> None:
    long = imu6(1000, n=8)
    first, second = long[:152], b"\x03" + long[1:2] + long[152:]
    chunks = feed(MovesenseDecoder(INFO), first, imu6(1154), second)
    assert len(imu(chunks)) == 1
    errors = [str(c).split(":")[0] for c in chunks if isinstance(c, DecodeError)]
    assert errors == [
        "data without its second part",
        "the second part of data whose first part is missing",
    ]


def test_values_that_are_no_numbers_are_an_error() -> None:
    (error,) = feed(MovesenseDecoder(INFO), imu6(0)[:6] + b"\xff" * 96)
    assert isinstance(error, DecodeError)


# --- the sensor's clock ----------------------------------------------------------------------


def test_the_stamp_is_that_of_the_first_sample() -> None:
    chunks = imu(feed(MovesenseDecoder(INFO), imu6(1000), imu6(1076)))
    np.testing.assert_allclose(chunks[0].t_device_s, np.arange(4) / 52)
    np.testing.assert_allclose(chunks[1].t_device_s, 0.076 + np.arange(4) * 0.019)


@given(zero=st.integers(0, 2**32 - 1), n=st.integers(1, 12), lost_packets=st.integers(0, 30))
def test_lost_packets_are_counted_also_over_the_wrap(zero: int, n: int, lost_packets: int) -> None:
    period_ms = n / 52 * 1000
    stamps = [zero, zero + round((1 + lost_packets) * period_ms)]
    batch = [Notification((stamp - zero) / 1000, DATA_UUID, imu6(stamp, n)) for stamp in stamps]
    chunks = imu(MovesenseDecoder(INFO).feed(batch))
    assert [chunk.n_lost for chunk in chunks] == [0, lost_packets * n]
    assert chunks[1].t_device_s[0] == pytest.approx((stamps[1] - zero) / 1000)
    assert (np.diff(np.concatenate([chunk.t_device_s for chunk in chunks])) > 0).all()


@given(st.lists(st.integers(60, 90), min_size=2, max_size=20))
def test_times_rise_whatever_the_rate_does(intervals_ms: list[int]) -> None:
    stamps = np.cumsum(intervals_ms).tolist()
    chunks = imu(feed(MovesenseDecoder(INFO), *[imu6(stamp) for stamp in stamps]))
    assert (np.diff(np.concatenate([chunk.t_device_s for chunk in chunks])) > 0).all()
    assert not any(chunk.n_lost for chunk in chunks)


def test_redelivered_and_overtaken_packets_leave_nothing() -> None:
    a, b, c = (imu6(1000 + 77 * i) for i in range(3))
    times = [x.t_device_s[0] for x in imu(feed(MovesenseDecoder(INFO), a, b, b, a, c))]
    np.testing.assert_allclose(times, [0.0, 0.077, 0.154])


def test_a_sensor_that_restarted_has_a_new_clock() -> None:
    decoder = MovesenseDecoder(INFO)
    feed(decoder, imu6(500_000), imu6(500_077))
    (chunk,) = imu(feed(decoder, imu6(900), t_s=20.0))
    assert (chunk.t_device_s[0], chunk.n_lost) == (0.0, 0)


def test_heart_rate_of_the_sig_service_and_results_on_the_way() -> None:
    result = Notification(0.0, DATA_UUID, bytes.fromhex(VECTORS["result"]["ok"]))
    heart = Notification(1.1, sig.HEART_RATE_UUID, bytes.fromhex("10 48 5a03"))
    (chunk,) = MovesenseDecoder(INFO).feed([result, heart])
    assert isinstance(chunk, HeartChunk)
    assert chunk.heart_per_min == 72.0


# --- conversations ---------------------------------------------------------------------------

Reply = Callable[[bytes], bytes | None]


def talk(reply: Reply, fs_hz: float = 50.0) -> tuple[StreamInfo, list[Step]]:
    """Play a sensor that answers commands so."""
    steps: list[Step] = []
    conversation = DRIVER.start(StreamRequest(fs_hz=fs_hz))
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            if isinstance(step, Ask):
                answer = reply(step.data)
                if answer is not None and step.is_reply(answer):
                    step = conversation.send(answer)
                else:
                    step = conversation.throw(SensorSilent("no answer"))
            else:
                step = conversation.send(b"\x63" if isinstance(step, Read) else b"")
    except StopIteration as agreed:
        return agreed.value, steps


def new_firmware(command: bytes) -> bytes:
    return b"\x01" + command[1:2] + (200).to_bytes(2, "little")


def old_firmware(command: bytes) -> bytes | None:
    return imu6(0) if command[0] == movesense.SUBSCRIBE else None


@pytest.mark.parametrize("firmware", [new_firmware, old_firmware])
def test_both_firmwares_stream_acceleration_and_angular_rate(firmware: Reply) -> None:
    info, steps = talk(firmware)
    assert steps[:3] == [
        Read(sig.BATTERY_UUID),
        Subscribe(DATA_UUID),
        Subscribe(sig.HEART_RATE_UUID),
    ]
    said = [step.data for step in steps if isinstance(step, Ask | Write)]
    assert said[-1] == b"\x01\x66/Meas/IMU6/52"
    assert said[:-1] == [b"\x02\x66", b"\x02\x63"]
    assert (info.fs_hz, info.has_gyro, info.clock) == (52.0, True, ClockKind.DEVICE)


@pytest.mark.parametrize(("wanted_hz", "got_hz"), [(5, 13), (39, 52), (100, 104), (400, 104)])
def test_the_nearest_rate_that_fits_is_chosen(wanted_hz: float, got_hz: float) -> None:
    info, _ = talk(new_firmware, wanted_hz)
    assert info.fs_hz == got_hz


def test_a_sensor_without_gyroscope_streams_acceleration() -> None:
    def reply(command: bytes) -> bytes:
        return b"\x01\x66\x94\x01" if b"IMU6" in command else new_firmware(command)

    info, steps = talk(reply)
    assert not info.has_gyro
    assert isinstance(steps[-1], Ask)
    assert steps[-1].data == movesense.subscribe_command(ACCELERATION, 52)


def test_no_free_subscription_says_who_may_hold_it() -> None:
    with pytest.raises(SensorRefused, match="507") as refused:
        talk(lambda command: b"\x01" + command[1:2] + b"\x01\xfb")
    assert "Close the Movesense app" in refused.value.hint


def test_a_sensor_that_sends_nothing_is_silent() -> None:
    with pytest.raises(SensorSilent, match="sends nothing"):
        talk(lambda _: None)


def test_other_firmware_is_told_to_be_updated() -> None:
    conversation = DRIVER.start(StreamRequest())
    next(conversation)
    assert conversation.send(b"\x63") == Subscribe(DATA_UUID)
    with pytest.raises(SensorRefused, match="does not speak GSP") as refused:
        conversation.throw(SensorRefused("none of that name"))
    assert "Showcase" in refused.value.hint


def parts(stamp_ms: int, n: int) -> list[bytes]:
    """A packet as the firmware cuts it: what is beyond 150 bytes comes on its own."""
    whole = imu6(stamp_ms, n)
    head, value = whole[:2], whole[2:]
    rest = [bytes((DATA_PART_2, head[1])) + value[150:]] if len(value) > 150 else []
    return [head + value[:150], *rest]


@given(
    n=st.sampled_from([1, 4, 8]),
    first_ms=st.integers(2**32 - 500, 2**32 + 500),
    steps=st.lists(st.sampled_from([1, 1, 1, 1, 1, 1, 2, 0, 5]), min_size=10, max_size=30),
    cut=st.integers(0, 60),
)
def test_a_session_at_once_is_what_each_packet_is_alone(
    n: int, first_ms: int, steps: list[int], cut: int
) -> None:
    period_ms = round(n * 1000 / 52)
    at = np.cumsum([0, *steps]).tolist()
    batch = [
        Notification(0.001 * period_ms * k + 0.02, DATA_UUID, part)
        for k in at
        for part in parts(first_ms + period_ms * k, n)
    ]
    together, alone = MovesenseDecoder(INFO), MovesenseDecoder(INFO)
    whole = [*together.feed(batch[:cut]), *together.feed(batch[cut:])]
    single = [chunk for item in batch for chunk in alone.feed([item])]
    assert [c for c in whole if isinstance(c, DecodeError)] == []
    for name in ("t_device_s", "t_arrival_s", "acc_m_s2", "gyr_rad_s"):
        a, b = (np.concatenate([getattr(c, name) for c in imu(x)]) for x in (whole, single))
        np.testing.assert_array_equal(a, b)
    assert sum(c.n_lost for c in imu(whole)) == sum(c.n_lost for c in imu(single))
    if set(steps) == {1} and cut == 0:
        assert len(imu(whole)) == 1
