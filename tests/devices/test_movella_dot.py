"""Movella DOT: payloads of every open mode, the microsecond clock, and the start conversation."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
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
    Read,
    Step,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, SensorRefused
from devices.sensors import movella_dot
from devices.sensors.movella_dot import (
    BATTERY_UUID,
    CONTROL_UUID,
    DRIVER,
    MEASUREMENT_UUID,
    MEDIUM_UUID,
    MovellaDotDecoder,
)

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "movella_dot.toml").read_text())
INFO = StreamInfo(60.0, 16.0, has_gyro=True, clock=ClockKind.DEVICE)
START, STOP = bytes.fromhex("01 01 15"), bytes.fromhex("01 00 15")


def joined(vector: Mapping[str, Any]) -> bytes:
    return bytes.fromhex("".join(value for _, value in vector["fields"]))


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


RATE = next(joined(vector) for vector in VECTORS["payload"] if vector["mode"] == 21)
CONTROL_30_HZ = joined(VECTORS["control"])


def sample(stamp_us: int) -> bytes:
    return (stamp_us % 2**32).to_bytes(4, "little") + RATE[4:]


def feed(decoder: MovellaDotDecoder, *payloads: bytes) -> list[Chunk | DecodeError]:
    return decoder.feed([Notification(7.0, MEDIUM_UUID, payload) for payload in payloads])


def imu(chunks: Sequence[Chunk | DecodeError]) -> list[ImuChunk]:
    return [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]


@pytest.mark.parametrize("vector", VECTORS["payload"], ids=by_id)
def test_payload_vectors(vector: dict[str, Any]) -> None:
    values = movella_dot.decode_payload(vector["mode"], joined(vector))
    assert values.keys() == vector["values"].keys()
    for name, expected in vector["values"].items():
        np.testing.assert_allclose(values[name], expected, rtol=0, atol=1e-6)


def test_rate_quantities_become_si_units() -> None:
    (chunk,) = feed(MovellaDotDecoder(INFO), RATE)
    assert isinstance(chunk, ImuChunk)
    np.testing.assert_array_equal(chunk.acc_m_s2, [[0.0, 0.0, 9.8125]])
    assert chunk.gyr_rad_s is not None
    np.testing.assert_allclose(np.rad2deg(chunk.gyr_rad_s), [[1.5, -2.25, 0.125]])
    assert (chunk.t_arrival_s.tolist(), chunk.n_lost) == ([7.0], 0)


@pytest.mark.parametrize("mode", [1, 17, 25])
def test_closed_modes_are_not_guessed(mode: int) -> None:
    with pytest.raises(DecodeError, match=f"mode {mode} is not published"):
        movella_dot.decode_payload(mode, bytes(40))


def test_sizes_of_the_modes_are_those_of_the_document() -> None:
    sizes = {mode: layout.itemsize for mode, layout in movella_dot.LAYOUTS.items()}
    medium = {2: 36, 3: 32, 7: 32, 16: 28, 18: 38, 19: 32, 20: 34, 21: 28, 22: 40, 23: 34, 24: 32}
    assert sizes == medium | {4: 16, 5: 20, 6: 16, 26: 44}


@pytest.mark.parametrize("vector", VECTORS["measurement"], ids=by_id)
def test_measurement_vectors(vector: dict[str, Any]) -> None:
    command = movella_dot.measurement_command(vector["mode"], start=vector["start"])
    assert command == bytes.fromhex(vector["bytes"])


@pytest.mark.parametrize("vector", VECTORS["message"], ids=by_id)
def test_message_vectors(vector: dict[str, Any]) -> None:
    said = joined(vector)
    assert movella_dot.is_message(said)
    assert movella_dot.message(said[0], said[2:-1]) == said
    assert not movella_dot.is_message(said[:-1] + bytes((said[-1] ^ 1,)))


def test_control_and_battery_vectors() -> None:
    assert movella_dot.rate_hz(CONTROL_30_HZ) == VECTORS["control"]["rate_hz"]
    read = b"\x00\x01" + CONTROL_30_HZ[2:24] + (60).to_bytes(2, "little") + CONTROL_30_HZ[26:]
    assert movella_dot.rate_command(read, 30) == CONTROL_30_HZ
    battery = Notification(7.0, BATTERY_UUID, joined(VECTORS["battery"]))
    (chunk,) = MovellaDotDecoder(INFO).feed([battery])
    assert chunk == BatteryChunk(7.0, VECTORS["battery"]["percent"])


@pytest.mark.parametrize("payload", [RATE[:-1], RATE + b"\x01", RATE[:4] + b"\xff" * 24])
def test_what_is_no_sample_is_an_error_and_costs_no_neighbour(payload: bytes) -> None:
    chunks = feed(MovellaDotDecoder(INFO), sample(0), payload, sample(16_667) + bytes(12))
    assert sum(isinstance(chunk, DecodeError) for chunk in chunks) == 1
    assert sum(len(chunk.t_device_s) for chunk in imu(chunks)) == 2


# --- the sensor's clock ----------------------------------------------------------------------


@given(zero=st.integers(0, 2**32 - 1), lost=st.lists(st.integers(0, 100), max_size=20))
def test_loss_is_counted_and_time_goes_on_over_the_wrap(zero: int, lost: list[int]) -> None:
    steps = np.cumsum([0, *[1 + n for n in lost]])
    stamps = [zero + round(int(step) / 60 * 1e6) for step in steps]
    batch = [
        Notification(step / 60, MEDIUM_UUID, sample(stamp))
        for step, stamp in zip(steps, stamps, strict=True)
    ]
    chunks = imu(MovellaDotDecoder(INFO).feed(batch))
    assert sum(chunk.n_lost for chunk in chunks) == sum(lost)
    t_device_s = np.concatenate([chunk.t_device_s for chunk in chunks])
    np.testing.assert_allclose(t_device_s, steps / 60, atol=1e-6)


def test_redelivered_and_overtaken_samples_leave_nothing() -> None:
    a, b, c = (sample(16_667 * i) for i in range(3))
    (chunk,) = imu(feed(MovellaDotDecoder(INFO), a, b, b, a, c))
    np.testing.assert_allclose(chunk.t_device_s, [0.0, 0.016667, 0.033334])


def test_a_sensor_switched_off_and_on_has_a_new_clock() -> None:
    chunks = imu(feed(MovellaDotDecoder(INFO), sample(900_000_000), sample(5_000)))
    assert [chunk.t_device_s.tolist() for chunk in chunks] == [[0.0], [0.0]]
    assert [chunk.n_lost for chunk in chunks] == [0, 0]


steps_us = st.integers(-40_000, 90_000) | st.just(16_667) | st.just(2**32 - 5)


@given(st.lists(st.tuples(steps_us, st.sampled_from([RATE[4:], RATE[4:] + b"\0", b"\xff" * 24]))))
def test_whole_array_and_one_by_one_agree(samples: list[tuple[int, bytes]]) -> None:
    stamps = np.cumsum([2**32 - 100_000, *[step for step, _ in samples]])[1:]
    batch = [
        Notification(i / 60, MEDIUM_UUID, sample(int(stamp))[:4] + rest)
        for i, (stamp, (_, rest)) in enumerate(zip(stamps, samples, strict=True))
    ]
    quick, careful = MovellaDotDecoder(INFO), MovellaDotDecoder(INFO)
    for part in (batch[:3], batch[3:7], batch[7:]):
        np.testing.assert_equal(plain(quick.feed(part)), plain(careful._feed_anything(part)))


def plain(chunks: Sequence[Chunk | DecodeError]) -> list[object]:
    return [
        (c.t_device_s.tolist(), c.t_arrival_s.tolist(), c.acc_m_s2.tolist(), c.n_lost)
        if isinstance(c, ImuChunk)
        else str(c)
        for c in chunks
    ]


# --- conversations ---------------------------------------------------------------------------


def talk(
    fs_hz: float = 100.0,
    control: bytes = CONTROL_30_HZ,
    found: bytes = STOP,
    *,
    obeys_rate: bool = True,
    obeys_mode: bool = True,
) -> tuple[StreamInfo, list[Step]]:
    """Play a DOT: two characteristics that hold what was written, unless it does not obey."""
    values = {CONTROL_UUID: control, MEASUREMENT_UUID: found, BATTERY_UUID: b"\x57\x00"}
    steps: list[Step] = []
    conversation = DRIVER.start(StreamRequest(fs_hz=fs_hz))
    try:
        step = next(conversation)
        while True:
            steps.append(step)
            assert not isinstance(step, Ask)
            obeys = obeys_rate
            if isinstance(step, Write) and step.characteristic == MEASUREMENT_UUID:
                is_other_mode = values[MEASUREMENT_UUID][2:] != step.data[2:]
                is_running = values[MEASUREMENT_UUID][1] == 1
                obeys = obeys_mode and not (is_running and is_other_mode)
            if isinstance(step, Write) and obeys:
                values[step.characteristic] = step.data
            read = values[step.characteristic] if isinstance(step, Read) else b""
            step = conversation.send(read)
    except StopIteration as agreed:
        return agreed.value, steps


def written(steps: Sequence[Step], uuid: str) -> list[bytes]:
    return [s.data for s in steps if isinstance(s, Write) and s.characteristic == uuid]


def test_start_stops_first_sets_the_rate_subscribes_and_starts() -> None:
    info, steps = talk()
    assert steps[:2] == [Pause(0.2), Write(MEASUREMENT_UUID, STOP, response=True)]
    assert written(steps, MEASUREMENT_UUID) == [STOP, START]
    assert written(steps, CONTROL_UUID) == [movella_dot.rate_command(CONTROL_30_HZ, 60)]
    assert steps.index(Subscribe(MEDIUM_UUID)) < steps.index(
        Write(MEASUREMENT_UUID, START, response=True)
    )
    assert info == INFO


@pytest.mark.parametrize(("wanted_hz", "got_hz"), [(0.1, 1), (25, 30), (11, 12), (50, 60)])
def test_the_nearest_rate_is_chosen(wanted_hz: float, got_hz: float) -> None:
    info, _ = talk(wanted_hz)
    assert info.fs_hz == got_hz


def test_a_rate_that_is_right_is_left_alone() -> None:
    _, steps = talk(30.0)
    assert written(steps, CONTROL_UUID) == []


def test_a_dot_that_keeps_its_rate_is_believed() -> None:
    info, _ = talk(obeys_rate=False)
    assert (info.fs_hz, info.note) == (30.0, "60 Hz was asked for, the sensor stays at 30 Hz")


def test_the_mode_of_another_program_is_stopped_as_itself() -> None:
    _, steps = talk(found=bytes.fromhex("01 01 05"))
    assert written(steps, MEASUREMENT_UUID) == [STOP, bytes.fromhex("01 00 05"), START]


def test_a_dot_that_does_something_else_is_refused() -> None:
    with pytest.raises(SensorRefused, match="told 01 01 15 and does 01 00 15") as refused:
        talk(obeys_mode=False)
    assert "off and on" in refused.value.hint


def test_a_recording_rate_cannot_be_streamed() -> None:
    control = movella_dot.rate_command(CONTROL_30_HZ, 120)
    with pytest.raises(SensorRefused, match="120 Hz"):
        talk(control=control, obeys_rate=False)


def test_stop_stops() -> None:
    assert list(DRIVER.stop()) == [Write(MEASUREMENT_UUID, STOP, response=True)]
