"""Polar Verity Sense and OH1: published frames of differences, factors, and conversations."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.chunk import ImuChunk
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
from devices.errors import DecodeError, SensorRefused
from devices.sensors.polar_deltas import differences, uncompressed, uncompressed_frames
from devices.sensors.polar_frames import (
    ACCELERATION,
    DATA_UUID,
    GYRO,
    PmdDecoder,
    frame_values,
    pulse_intervals,
    stamp_ns,
)
from devices.sensors.polar_pmd import (
    CHANNELS,
    CONTROL_UUID,
    RANGE,
    RATE,
    RESOLUTION,
    Answer,
    parse_features,
    parse_settings,
    stopped_alone,
)
from devices.sensors.polar_verity_sense import DRIVER

VECTORS = tomllib.loads((Path(__file__).parent / "vectors/polar_verity_sense.toml").read_text())
CONTROL = {k: bytes.fromhex(v) for k, v in VECTORS["control"].items() if k != "source"}
MG_M_S2 = 9.80665e-3
FACTOR = 0.000243999995291
INFO = StreamInfo(52.0, 8.0, has_gyro=False, clock=ClockKind.DEVICE)


def joined(vector: Mapping[str, Any]) -> bytes:
    return bytes.fromhex("".join(value for _, value in vector["fields"]))


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


@pytest.mark.parametrize("vector", VECTORS["frame"], ids=by_id)
def test_frame_vectors(vector: dict[str, Any]) -> None:
    payload = joined(vector)
    values = frame_values(payload, ACCELERATION)
    assert not isinstance(values, DecodeError)
    assert values.tolist() == vector["values"]
    assert stamp_ns(payload) == vector["stamp_ns"]

    info = dataclasses.replace(INFO, acc_factor=vector.get("factor"))
    (chunk,) = PmdDecoder(info).feed([Notification(7.0, DATA_UUID, payload)])
    assert isinstance(chunk, ImuChunk)
    milli_g = np.trunc(chunk.acc_m_s2 / MG_M_S2 + 1e-9 * np.sign(chunk.acc_m_s2))
    np.testing.assert_array_equal(milli_g[: len(vector["first_mg"])].tolist(), vector["first_mg"])
    in_g = payload[9] == 0x80
    scale = vector.get("factor", 1.0) * (1000.0 if in_g else 1.0)
    np.testing.assert_allclose(chunk.acc_m_s2, values * scale * MG_M_S2)


def test_the_published_times_of_a_frame_after_another() -> None:
    vector = VECTORS["frame"][0]
    before = bytes.fromhex("02" + vector["previous_stamp_ns"].to_bytes(8, "little").hex() + "81")
    info = StreamInfo(28.5, 8.0, has_gyro=False, clock=ClockKind.DEVICE, acc_factor=1.0)
    batch = [
        Notification(0.0, DATA_UUID, before + bytes(6)),
        Notification(2.0, DATA_UUID, joined(vector)),
    ]
    first, second = PmdDecoder(info).feed(batch)
    assert isinstance(first, ImuChunk)
    assert isinstance(second, ImuChunk)
    assert len(second.t_device_s) == 57
    since_ns = second.t_device_s * 1e9 + vector["previous_stamp_ns"]
    np.testing.assert_allclose(since_ns[0], vector["first_sample_ns"], atol=1)
    np.testing.assert_allclose(since_ns[-1], vector["stamp_ns"], atol=1)
    assert second.n_lost == 0


@pytest.mark.parametrize("vector", VECTORS["cut_frame"], ids=by_id)
def test_a_frame_without_its_end_is_an_error_though_its_differences_read(
    vector: dict[str, Any],
) -> None:
    payload = bytes.fromhex(vector["bytes"])
    error = frame_values(payload, ACCELERATION)
    assert isinstance(error, DecodeError)
    assert str(error) == f"{vector['message']}: {payload.hex(' ')}"
    first, *_ = values = np.array(vector["values"])
    packed = bytes.fromhex(vector["differences"])
    deltas = differences(packed, vector["width"], 3 * (len(values) - 1)).reshape(-1, 3)
    assert (first + np.cumsum(deltas, axis=0)).tolist() == values[1:].tolist()


@pytest.mark.parametrize("vector", VECTORS["gyro"], ids=by_id)
def test_gyro_vectors(vector: dict[str, Any]) -> None:
    values = frame_values(joined(vector), GYRO)
    assert not isinstance(values, DecodeError)
    assert values.tolist() == vector["values"]


@pytest.mark.parametrize("vector", VECTORS["pulse"], ids=by_id)
def test_pulse_vectors(vector: dict[str, Any]) -> None:
    pulses = pulse_intervals(joined(vector))
    assert not isinstance(pulses, DecodeError)
    assert [list(pulse) for pulse in pulses] == vector["pulses"]


def test_counts_without_their_worth_are_no_acceleration() -> None:
    (error,) = PmdDecoder(INFO).feed([Notification(0.0, DATA_UUID, joined(VECTORS["frame"][1]))])
    assert isinstance(error, DecodeError)
    assert "did not tell their worth" in str(error)


@given(st.integers(1, 32).flatmap(lambda width: st.tuples(st.just(width), values_of(width))))
def test_packed_differences_come_back(case: tuple[int, list[int]]) -> None:
    width, values = case
    number = sum((value % (1 << width)) << (i * width) for i, value in enumerate(values))
    packed = number.to_bytes((width * len(values) + 7) // 8, "little")
    assert differences(packed, width, len(values)).tolist() == values


def values_of(width: int) -> st.SearchStrategy[list[int]]:
    half = 1 << (width - 1)
    return st.lists(st.integers(-half, half - 1), min_size=1, max_size=40)


@given(body=st.binary(max_size=80), kind=st.sampled_from([0x80, 0x81]), gyro=st.booleans())
def test_any_compressed_body_is_values_or_an_error(body: bytes, kind: int, gyro: bool) -> None:
    measurement = GYRO if gyro else ACCELERATION
    values = frame_values(bytes((measurement,)) + bytes(8) + bytes((kind,)) + body, measurement)
    assert isinstance(values, DecodeError) or values.shape[1] == 3


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A first sample and whole blocks of any widths and counts."""
    body = draw(st.binary(min_size=6, max_size=6))
    widths = st.integers(0, 32) | st.just(10)
    for width, count in draw(st.lists(st.tuples(widths, st.integers(0, 20)), max_size=3)):
        size = (3 * width * count + 7) // 8
        body += bytes((width, count)) + draw(st.binary(min_size=size, max_size=size))
    return body


@given(st.lists(bodies(), min_size=1, max_size=8))
def test_many_bodies_at_once_are_what_each_is_alone(frames: list[bytes]) -> None:
    ends = np.cumsum([len(body) for body in frames])
    begins = ends - np.array([len(body) for body in frames])
    told = uncompressed_frames(b"".join(frames), begins, ends)
    assert told is not None
    alone = [uncompressed(body, 3, 2) for body in frames]
    assert told[0].T.tolist() == [row for values in alone for row in np.asarray(values).tolist()]
    assert told[1].tolist() == [len(values) for values in alone]


@given(st.lists(bodies(), min_size=1, max_size=4), st.integers(1, 40))
def test_a_body_cut_short_breaks_all_of_them_at_once(frames: list[bytes], cut: int) -> None:
    frames[-1] = frames[-1][:-cut]
    ends = np.cumsum([len(body) for body in frames])
    begins = ends - np.array([len(body) for body in frames])
    told = uncompressed_frames(b"".join(frames), begins, ends)
    assert (told is None) == isinstance(uncompressed(frames[-1], 3, 2), str)


def compressed(index: int, late: bool = False) -> Notification:
    """Frame `index` of eight samples, all different; perhaps after a hole of a second."""
    stamp_ns = 10**15 + round(8 * index / 52.0 * 1e9) + late * 10**9
    block = bytes((5, 7)) + bytes((37 * index + 11 * k) % 256 for k in range(14))
    body = b"\x00\x01" * 3 + block
    payload = b"\x02" + stamp_ns.to_bytes(8, "little") + b"\x81" + body
    return Notification(0.16 * index + late, DATA_UUID, payload)


def test_a_session_with_a_hole_is_read_at_once_on_both_sides_of_it() -> None:
    batch = [compressed(i, late=i >= 9) for i in range(20)]
    whole = PmdDecoder(INFO).feed(batch)
    decoder = PmdDecoder(INFO)
    alone = [chunk for item in batch for chunk in decoder.feed([item])]
    assert [len(c.t_device_s) for c in whole if isinstance(c, ImuChunk)] == [72, 8, 80]
    assert [c.n_lost for c in whole if isinstance(c, ImuChunk)] == [0, 52, 0]
    for name in ("t_device_s", "t_arrival_s", "acc_m_s2"):
        together, parts = (
            np.concatenate([getattr(chunk, name) for chunk in chunks]) for chunks in (whole, alone)
        )
        np.testing.assert_array_equal(together, parts)


# --- what the control point says -------------------------------------------------------------


def test_features_settings_errors_and_what_stopped_alone() -> None:
    assert parse_features(CONTROL["features"]) == {1, 2, 3, 5, 6}
    settings = {RATE: [52], RESOLUTION: [16], RANGE: [8], CHANNELS: [3]}
    assert parse_settings(CONTROL["settings"][5:]) == settings
    of_gyro = {RATE: [52], RESOLUTION: [16], RANGE: [245, 500, 1000, 2000], CHANNELS: [3]}
    assert parse_settings(CONTROL["gyro_settings"][5:]) == of_gyro
    refused = Answer(op=1, measurement=6)
    assert refused.is_complete(CONTROL["error"])
    assert refused.error == 7
    assert Answer(op=2, measurement=9).is_complete(CONTROL["sdk_mode_on"])
    assert stopped_alone(CONTROL["stopped_alone"]) == (ACCELERATION,)
    assert stopped_alone(CONTROL["started"]) == ()


BAND = {
    "ask_settings": ["settings"],
    "start": ["started_with_factor"],
    "stop": ["stopped"],
    "leave_sdk_mode": ["sdk_mode_left"],
}


def talk(
    answers: Mapping[str, list[str]], features: bytes = CONTROL["features"]
) -> tuple[StreamInfo, list[Step]]:
    """Play a band: the n-th time a command comes it has its n-th answer, at last the last."""
    queues = {CONTROL[name]: [CONTROL[reply] for reply in told] for name, told in answers.items()}
    steps: list[Step] = []
    conversation = DRIVER.start(StreamRequest(fs_hz=100.0, acc_range_g=4.0))
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            reply = b""
            if isinstance(step, Read):
                reply = features if step.characteristic == CONTROL_UUID else b"\x63"
            elif isinstance(step, Ask):
                queue = queues[step.data]
                reply = queue.pop(0) if len(queue) > 1 else queue[0]
                assert step.is_reply(reply)
            step = conversation.send(reply)
    except StopIteration as agreed:
        return agreed.value, steps


def asked(steps: list[Step]) -> list[bytes]:
    return [step.data for step in steps if isinstance(step, Ask)]


def test_start_chooses_the_channels_too_and_keeps_the_factor() -> None:
    info, steps = talk(BAND)
    assert steps[:2] == [Read(CONTROL_UUID), Read(sig.BATTERY_UUID)]
    assert steps[2:5] == [Subscribe(u) for u in (CONTROL_UUID, DATA_UUID, sig.HEART_RATE_UUID)]
    assert asked(steps) == [CONTROL["ask_settings"], CONTROL["start"]]
    assert info.acc_factor == pytest.approx(FACTOR, abs=1e-15)
    assert dataclasses.replace(info, acc_factor=None) == INFO


def test_newer_firmware_tells_no_factor() -> None:
    info, _ = talk(BAND | {"start": ["started"]})
    assert info == INFO


def test_the_sdk_mode_of_another_program_is_left_first() -> None:
    features = bytes.fromhex("0f 6e 02") + bytes(14)
    _, steps = talk(BAND, features)
    assert asked(steps)[0] == CONTROL["leave_sdk_mode"]


def test_a_band_in_its_charger_says_so() -> None:
    CONTROL["charging"] = bytes.fromhex("f0 02 02 0d 00")
    with pytest.raises(SensorRefused, match="in its charger") as refused:
        talk(BAND | {"start": ["charging"]})
    assert refused.value.hint == "Take it out of the charger."


def test_the_sdk_mode_of_a_streaming_band_is_left_after_a_stop() -> None:
    CONTROL["streaming"] = bytes.fromhex("f0 03 09 0c 00")
    features = bytes.fromhex("0f 6e 02") + bytes(14)
    _, steps = talk(BAND | {"leave_sdk_mode": ["streaming", "sdk_mode_left"]}, features)
    leave, stop = CONTROL["leave_sdk_mode"], CONTROL["stop"]
    assert asked(steps)[:3] == [leave, stop, leave]
