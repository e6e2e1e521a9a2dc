"""MetaMotion: the maker's published packets and commands, and conversations with both chips."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.chunk import BatteryChunk, Chunk, ImuChunk
from devices.driver import (
    Ask,
    ClockKind,
    Notification,
    Pause,
    Read,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, SensorRefused, SensorSilent
from devices.sensors import metamotion
from devices.sensors.metamotion import BMI160, BMI270, DATA_UUID, DRIVER, MetaMotionDecoder

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "metamotion.toml").read_text())
G_M_S2 = 9.80665
INFO = StreamInfo(50.0, 4.0, has_gyro=False, clock=ClockKind.COUNTED)
SINGLE = bytes.fromhex("03 04 0000 0000 0020")  # 1 g along z at 4 g
PACKED = bytes.fromhex("03 1c" + "000000000020" * 3)


def joined(vector: Mapping[str, Any]) -> bytes:
    return bytes.fromhex("".join(value for _, value in vector["fields"]))


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def feed(info: StreamInfo, *payloads: bytes) -> list[Chunk | DecodeError]:
    batch = [Notification(7.0 + i, DATA_UUID, payload) for i, payload in enumerate(payloads)]
    return MetaMotionDecoder(info).feed(batch)


@pytest.mark.parametrize("vector", VECTORS["acceleration"], ids=by_id)
def test_acceleration_vectors(vector: dict[str, Any]) -> None:
    info = StreamInfo(50.0, vector["range_g"], has_gyro=False, clock=ClockKind.COUNTED)
    (chunk,) = feed(info, joined(vector))
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_allclose(chunk.acc_m_s2 / G_M_S2, vector["acc_g"], rtol=0, atol=0.001)
    assert chunk.gyr_rad_s is None


@pytest.mark.parametrize("vector", VECTORS["rotation"], ids=by_id)
def test_rotation_vectors(vector: dict[str, Any]) -> None:
    counts = metamotion.triples(joined(vector))
    assert counts is not None
    gyr_deg_s = metamotion.rotation_deg_s(counts, vector["range_deg_s"])
    np.testing.assert_allclose(gyr_deg_s, vector["gyr_deg_s"], rtol=0, atol=0.001)


@pytest.mark.parametrize("vector", VECTORS["fusion"], ids=by_id)
def test_fusion_vectors(vector: dict[str, Any]) -> None:
    values = metamotion.fusion_values(joined(vector))
    assert values is not None
    np.testing.assert_allclose(values / vector["per_unit"], vector["values"], rtol=0, atol=0.001)


@pytest.mark.parametrize("vector", VECTORS["module"], ids=by_id)
def test_module_vectors(vector: dict[str, Any]) -> None:
    found = metamotion.module_present(joined(vector))
    assert (None if found is None else list(found)) == vector.get("found")


@pytest.mark.parametrize("vector", VECTORS["configure"], ids=lambda vector: str(vector["bytes"]))
def test_configure_vectors(vector: dict[str, Any]) -> None:
    command = metamotion.configure_command(vector["chip"], vector["fs_hz"], vector["range_g"])
    assert command == bytes.fromhex(vector["bytes"])


def test_other_vectors() -> None:
    battery, mac = VECTORS["battery"], VECTORS["mac"]
    state = metamotion.battery_state(joined(battery))
    assert state == (battery["percent"], battery["millivolt"])
    assert feed(INFO, joined(battery)) == [BatteryChunk(7.0, 99.0)]
    assert metamotion.mac_address(joined(mac)) == mac["address"]
    commands, gyro = VECTORS["command"], VECTORS["gyro_command"]
    assert bytes.fromhex(commands["enable"]) == metamotion.ENABLE
    assert bytes.fromhex(commands["start"]) == metamotion.START
    assert bytes.fromhex(commands["stop"]) == metamotion.STOP
    configured = metamotion.configure_gyro_command(50.0, 125)
    assert configured == bytes.fromhex(gyro["configure_50_hz_125_deg_s"])
    assert bytes.fromhex(gyro["start"]) == metamotion.GYRO_START


def test_samples_are_counted_over_packets_of_both_kinds_and_batches() -> None:
    decoder = MetaMotionDecoder(INFO)
    (first,) = decoder.feed(
        [Notification(1.0, DATA_UUID, SINGLE), Notification(2.0, DATA_UUID, PACKED)]
    )
    assert isinstance(first, ImuChunk)
    np.testing.assert_allclose(first.t_device_s, [0.0, 0.02, 0.04, 0.06])
    assert first.t_arrival_s.tolist() == [1.0, 2.0, 2.0, 2.0]
    np.testing.assert_allclose(first.acc_m_s2, [[0.0, 0.0, G_M_S2]] * 4)
    (second,) = decoder.feed([Notification(3.0, DATA_UUID, SINGLE)])
    assert isinstance(second, ImuChunk)
    assert second.t_device_s.tolist() == [0.08]


def test_what_other_modules_say_is_left_out_and_broken_packets_are_told() -> None:
    chunks = feed(INFO, bytes.fromhex("1305 3e43ff7f0080"), SINGLE[:-1], b"\x03", b"", SINGLE)
    assert isinstance(chunks[0], ImuChunk)
    assert len(chunks[0].t_device_s) == 1
    assert [str(chunk) for chunk in chunks[1:]] == [
        "expected 8 bytes, got 7: 03 04 00 00 00 00 00",
        "expected module and register: 03",
        "expected module and register: ",
    ]


# --- conversations ---------------------------------------------------------------------------

WHICH = {BMI160: bytes.fromhex("03 80 01 01"), BMI270: bytes.fromhex("03 80 04 00")}


def talk(
    which: bytes,
    request: StreamRequest,
    firmware: bytes = b"1.7.3",
    configured: bytes | None = None,
    *,
    reads_back: bool = True,
) -> tuple[StreamInfo, list[bytes], list[Step]]:
    """Play a board; it has what was written, or `configured`, and tells so, or does not."""
    answers = {metamotion.WHICH: which, metamotion.BATTERY: joined(VECTORS["battery"])}
    steps: list[Step] = []
    conversation = DRIVER.start(request)
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            if isinstance(step, Write) and step.data[:2] == b"\x03\x03" and reads_back:
                has = step.data[2:] if configured is None else configured
                answers[metamotion.READ_CONFIGURATION] = b"\x03\x83" + has
            if isinstance(step, Ask):
                answer = answers.get(step.data)
                if answer is None:
                    step = conversation.throw(SensorSilent("no answer"))
                    continue
                assert step.is_reply(answer)
                step = conversation.send(answer)
            else:
                step = conversation.send(firmware if isinstance(step, Read) else b"")
    except StopIteration as agreed:
        return agreed.value, said(steps), steps


def said(steps: Sequence[Step]) -> list[bytes]:
    return [step.data for step in steps if isinstance(step, Write | Ask)]


@pytest.mark.parametrize(
    ("chip", "configuration", "subscription"),
    [(BMI160, "03 03 27 05", "03 1c 01"), (BMI270, "03 03 a7 01", "03 05 01")],
)
def test_start_stops_asks_configures_subscribes_enables_starts(
    chip: int, configuration: str, subscription: str
) -> None:
    info, words, steps = talk(WHICH[chip], StreamRequest(50.0, 4.0))
    assert steps[:2] == [Read(metamotion.FIRMWARE_UUID), Subscribe(DATA_UUID)]
    assert words[:3] == [bytes.fromhex(word) for word in ("030100", "03020001", "030400")]
    order = (configuration, "03 83", subscription, "03 02 01 00", "03 01 01")
    assert words[-5:] == [bytes.fromhex(word) for word in order]
    assert info == INFO


@pytest.mark.parametrize(
    ("which", "firmware"),
    [("03 80 01 00", b"1.7.3"), ("03 80 01 01", b"1.2.2"), ("03 80 01 01", b"strange")],
)
def test_old_boards_send_single_samples_and_not_too_many(which: str, firmware: bytes) -> None:
    info, words, _ = talk(bytes.fromhex(which), StreamRequest(200.0, 4.0), firmware)
    assert bytes.fromhex("03 04 01") in words
    assert info.fs_hz == 100.0


@pytest.mark.parametrize(
    ("wanted_hz", "wanted_g", "got_hz", "got_g"),
    [(1.0, 1.0, 12.5, 2.0), (40.0, 6.0, 50.0, 8.0), (150.0, 4.0, 200.0, 4.0), (1e3, 99.0, 200, 16)],
)
def test_the_nearest_rate_and_range_are_chosen(
    wanted_hz: float, wanted_g: float, got_hz: float, got_g: float
) -> None:
    info, _, _ = talk(WHICH[BMI270], StreamRequest(wanted_hz, wanted_g))
    assert (info.fs_hz, info.acc_range_g, info.note) == (got_hz, got_g, "")


def test_fast_streams_ask_for_a_faster_link() -> None:
    _, words, steps = talk(WHICH[BMI270], StreamRequest(100.0, 4.0))
    assert metamotion.FASTER_LINK in words
    assert Pause(1.5) in steps
    _, words, _ = talk(WHICH[BMI270], StreamRequest(50.0, 4.0))
    assert metamotion.FASTER_LINK not in words


def test_what_the_board_says_it_has_is_believed() -> None:
    info, _, _ = talk(WHICH[BMI160], StreamRequest(50.0, 4.0), configured=b"\x28\x08")
    assert (info.fs_hz, info.acc_range_g) == (100.0, 8.0)
    assert info.note == "50 Hz at 4 g was asked for, the sensor stays at 100 Hz and 8 g"


def test_a_board_that_confirms_nothing_streams_and_says_so() -> None:
    info, _, _ = talk(WHICH[BMI160], StreamRequest(50.0, 4.0), reads_back=False)
    assert info.note == "the sensor did not confirm its rate; 50 Hz at 4 g was asked for"


@pytest.mark.parametrize("which", ["03 80", "03 80 00 01", "03 80 03 01"])
def test_boards_of_other_chips_are_refused(which: str) -> None:
    with pytest.raises(SensorRefused, match=which):
        talk(bytes.fromhex(which), StreamRequest())


@pytest.mark.parametrize(("chip", "packed"), [(BMI160, "03 1c 00"), (BMI270, "03 05 00")])
def test_stop_stops_and_unsubscribes_everything(chip: int, packed: str) -> None:
    steps: list[Step] = []
    conversation = DRIVER.stop()
    answer: bytes | None = None
    with suppress(StopIteration):
        while True:
            step = next(conversation) if answer is None else conversation.send(answer)
            steps.append(step)
            answer = WHICH[chip] if isinstance(step, Ask) else b""
    words = ("03 01 00", "03 02 00 01", "03 04 00", "03 80", packed)
    assert said(steps) == [bytes.fromhex(word) for word in words]
