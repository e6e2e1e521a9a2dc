"""WitMotion: published frames, framing of any byte stream, and the start conversation."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.chunk import BatteryChunk, Chunk, ImuChunk
from devices.driver import (
    Ask,
    ClockKind,
    Notification,
    Pause,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, SensorRefused, SensorSilent
from devices.sensors import witmotion
from devices.sensors.witmotion import COMMAND_UUID, DATA_UUID, DRIVER, WitMotionDecoder

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "witmotion.toml").read_text())
COMMANDS = {vector["id"]: bytes.fromhex(vector["bytes"]) for vector in VECTORS["command"]}
G_M_S2 = 9.80665
INFO = StreamInfo(fs_hz=50.0, acc_range_g=16.0, has_gyro=True, clock=ClockKind.COUNTED)


def joined(fields: list[list[str]]) -> bytes:
    return bytes.fromhex("".join(value for _, value in fields))


FRAMES = {vector["id"]: joined(vector["fields"]) for vector in VECTORS["frame"]}
ANSWERS = {vector["id"]: joined(vector["fields"]) for vector in VECTORS["answer"]}
CAPTURE = FRAMES["live capture from a WT901BLE68"]
REST = FRAMES["flat and still"]


def decode(*payloads: bytes) -> list[Chunk | DecodeError]:
    return WitMotionDecoder(INFO).feed([Notification(7.0, DATA_UUID, p) for p in payloads])


def raw_xyz(chunks: Sequence[Chunk | DecodeError]) -> list[list[int]]:
    acc = [chunk.acc_m_s2 for chunk in chunks if isinstance(chunk, ImuChunk)]
    counts = np.concatenate([np.empty((0, 3)), *acc]) / G_M_S2 * 2048
    return [[round(count) for count in row] for row in counts]


CAPTURE_XYZ, REST_XYZ = [-831, -272, 1562], [0, 0, 2048]


@pytest.mark.parametrize("vector", VECTORS["frame"], ids=lambda vector: vector["id"])
def test_frame_vectors(vector: dict[str, Any]) -> None:
    (chunk,) = decode(joined(vector["fields"]))
    assert isinstance(chunk, ImuChunk)
    assert chunk.gyr_rad_s is not None
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, [vector["acc_g"]], atol=1e-7)
    np.testing.assert_allclose(np.rad2deg(chunk.gyr_rad_s), [vector["gyr_deg_s"]], atol=1e-6)
    np.testing.assert_array_equal(chunk.t_arrival_s, [7.0])


@pytest.mark.parametrize("vector", VECTORS["answer"], ids=lambda vector: vector["id"])
def test_answer_vectors(vector: dict[str, Any]) -> None:
    frame = joined(vector["fields"])
    assert witmotion._registers(frame) == (vector["register"], vector["values"])
    percents = [chunk.percent for chunk in decode(frame) if isinstance(chunk, BatteryChunk)]
    assert percents == [pytest.approx(vector[key]) for key in ("battery_percent",) if key in vector]


def test_several_frames_in_one_notification() -> None:
    glued = CAPTURE + ANSWERS["battery at 3.92 V"] + REST
    chunks = decode(glued)
    assert raw_xyz(chunks) == [CAPTURE_XYZ, REST_XYZ]
    assert isinstance(chunks[1], BatteryChunk)


def test_noise_is_skipped_and_counted_and_the_last_part_waits_for_its_rest() -> None:
    decoder = WitMotionDecoder(INFO)
    noisy = bytes.fromhex("01 02 03") + CAPTURE + REST[:4]
    first = decoder.feed([Notification(0.0, DATA_UUID, noisy)])
    assert raw_xyz(first) == [CAPTURE_XYZ]
    assert [str(c) for c in first if isinstance(c, DecodeError)] == [
        "bytes between frames: 01 02 03"
    ]
    assert raw_xyz(decoder.feed([Notification(0.1, DATA_UUID, REST[4:])])) == [REST_XYZ]


def test_headers_inside_a_payload_do_not_mislead() -> None:
    tricky = bytes.fromhex("55 61" + "5571" * 9)
    assert len(raw_xyz(decode(tricky + tricky[:7], tricky[7:] + REST))) == 3
    assert raw_xyz(decode(tricky + REST))[1] == REST_XYZ


def test_a_frame_found_after_noise_must_be_followed_by_another() -> None:
    looks_like_one = bytes.fromhex("99 55 61") + bytes(18) + b"\x99"
    chunks = decode(looks_like_one + CAPTURE + REST)
    assert raw_xyz(chunks) == [CAPTURE_XYZ, REST_XYZ]


def test_the_calendar_time_of_the_sdcl_model_is_left_out() -> None:
    stamp = bytes((26, 7, 15, 12, 30, 45)) + (500).to_bytes(2, "little")
    long_frames = CAPTURE + stamp + REST + stamp
    assert raw_xyz(decode(long_frames, long_frames)) == [CAPTURE_XYZ, REST_XYZ] * 2
    assert not any(isinstance(c, DecodeError) for c in decode(long_frames, long_frames))


def test_a_partial_frame_is_not_completed_by_the_next_connection() -> None:
    decoder = WitMotionDecoder(INFO)
    decoder.feed([Notification(0.0, DATA_UUID, CAPTURE[:9])])
    chunks = decoder.feed([Notification(20.0, DATA_UUID, REST)])
    assert raw_xyz(chunks) == [REST_XYZ]
    assert sum(isinstance(c, DecodeError) for c in chunks) == 1


def test_device_time_counts_samples_over_batches() -> None:
    decoder = WitMotionDecoder(INFO)
    times = [
        chunk.t_device_s.tolist()
        for n in (2, 1)
        for chunk in decoder.feed([Notification(0.0, DATA_UUID, CAPTURE * n)])
        if isinstance(chunk, ImuChunk)
    ]
    assert times == [[0.0, 0.02], [0.04]]


def test_other_characteristics_are_not_ours_and_both_uuid_bases_are() -> None:
    decoder = WitMotionDecoder(INFO)
    clone = DATA_UUID.replace("5f9a34fb", "5f9b34fb")
    assert decoder.feed([Notification(0.0, COMMAND_UUID, CAPTURE)]) == []
    assert raw_xyz(decoder.feed([Notification(0.0, clone, CAPTURE)])) == [CAPTURE_XYZ]


pieces = st.sampled_from(
    [CAPTURE, REST, ANSWERS["battery at 3.92 V"], CAPTURE * 3, CAPTURE[:7], b"\x55", b"\x55\x61"]
) | st.binary(max_size=40)


@given(st.lists(pieces, max_size=12))
def test_whole_array_and_byte_by_byte_agree(payloads: list[bytes]) -> None:
    batch = [Notification(0.01 * i, DATA_UUID, p) for i, p in enumerate(payloads)]
    quick, careful = WitMotionDecoder(INFO), WitMotionDecoder(INFO)
    for part in (batch[:5], batch[5:]):
        assert _plain(quick.feed(part)) == _plain(careful._feed_any_bytes(part))


def _plain(chunks: Sequence[Chunk | DecodeError]) -> list[object]:
    return [
        (
            c.t_device_s.tolist(),
            c.t_arrival_s.tolist(),
            c.acc_m_s2.tolist(),
            np.array(c.gyr_rad_s).tolist(),
        )
        if isinstance(c, ImuChunk)
        else str(c)
        for c in chunks
    ]


@pytest.mark.parametrize(
    ("volts", "percent"), [(3.0, 0.0), (3.40, 0.0), (3.78, 35.0), (3.99, 100.0), (4.2, 100.0)]
)
def test_battery_by_the_vendor_table(volts: float, percent: float) -> None:
    assert witmotion.battery_percent(volts) == pytest.approx(percent)


def test_a_voltage_no_single_cell_has_is_unknown() -> None:
    assert np.isnan([witmotion.battery_percent(0.0), witmotion.battery_percent(7.4)]).all()


# --- the conversation ------------------------------------------------------------------------


def talk(request: StreamRequest, rate_answer: bytes | None) -> tuple[StreamInfo, list[Step]]:
    """Play a sensor that answers the rate question so, and no other."""
    steps: list[Step] = []
    conversation = DRIVER.start(request)
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            if isinstance(step, Ask) and rate_answer is not None and step.is_reply(rate_answer):
                step = conversation.send(rate_answer)
            elif isinstance(step, Ask):
                step = conversation.throw(SensorSilent("no answer"))
            else:
                step = conversation.send(b"")
    except StopIteration as agreed:
        return agreed.value, steps


def test_start_subscribes_waits_unlocks_sets_and_reads_back() -> None:
    info, steps = talk(StreamRequest(fs_hz=50.0), CAPTURE + ANSWERS["rate is 50 Hz"])
    assert steps[:2] == [Subscribe(DATA_UUID), Pause(1.0)]
    said = [(s.characteristic, s.data) for s in steps if isinstance(s, Write | Ask)]
    names = ["unlock", "rate 50 Hz", "six axes", "read the rate", "read the battery"]
    assert said == [(COMMAND_UUID, COMMANDS[name]) for name in names]
    assert info == StreamInfo(50.0, 16.0, has_gyro=True, clock=ClockKind.COUNTED)


@pytest.mark.parametrize(
    ("wanted_hz", "code"),
    [(0.1, 6), (14.0, 6), (16.0, 7), (35.0, 8), (70.0, 8), (80.0, 9), (1e3, 9)],
)
def test_the_nearest_rate_is_chosen(wanted_hz: float, code: int) -> None:
    _, steps = talk(StreamRequest(fs_hz=wanted_hz), None)
    assert witmotion.rate_command(code) in [s.data for s in steps if isinstance(s, Write)]


def test_a_sensor_that_answers_nothing_still_streams_and_says_so() -> None:
    info, _ = talk(StreamRequest(fs_hz=100.0), None)
    assert info.fs_hz == 100.0
    assert info.note == "the sensor did not confirm its rate; 100 Hz was asked for"


def test_a_sensor_that_keeps_its_rate_is_believed() -> None:
    info, _ = talk(StreamRequest(fs_hz=100.0), ANSWERS["rate is 50 Hz"])
    assert info.fs_hz == 50.0
    assert info.note == "100 Hz was asked for, the sensor stays at 50 Hz"


def test_an_unknown_rate_code_is_not_believed() -> None:
    strange = bytes.fromhex("5571 0300 2a00") + bytes(14)
    info, _ = talk(StreamRequest(fs_hz=100.0), strange)
    assert (info.fs_hz, info.note) == (
        100.0,
        "the sensor reports an unknown rate code 42; 100 Hz was asked for",
    )


def test_a_clone_on_the_bluetooth_base_is_spoken_to_on_its_own() -> None:
    conversation = DRIVER.start(StreamRequest())
    next(conversation)
    assert conversation.throw(SensorRefused("none of that name")) == Subscribe(
        "0000ffe4-0000-1000-8000-00805f9b34fb"
    )
