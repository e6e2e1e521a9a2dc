"""Virtual sensors speak the published bytes and lose nothing by their own counters."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from devices.chunk import BatteryChunk, HeartChunk, ImuChunk
from devices.driver import (
    Ask,
    Driver,
    Notification,
    Pause,
    Read,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DeviceError
from devices.registry import driver_named, recognise
from devices.simulated.body import Body
from devices.simulated.script import session_script
from devices.virtual.h10_peripheral import (
    BATTERY_UUID,
    CLOCK_START_NS,
    HEART_RATE_UUID,
    PMD_CONTROL_UUID,
    PMD_DATA_UUID,
    VirtualH10,
)
from devices.virtual.peripheral import AttRefused, MotionTrack, Outgoing, Peripheral
from devices.virtual.playback import values_at
from devices.virtual.wearer import SENSOR_NAMES, dressed, peripheral_for
from devices.virtual.witmotion_peripheral import NOTIFY_UUID, WRITE_UUID, VirtualWitMotion

G = 9.80665
ACC_START = bytes.fromhex("0202 02010800 0001c800 01011000".replace(" ", ""))  # 200 Hz, 8 g
UNLOCK = bytes.fromhex("ffaa6988b5")


def ramp(fs_hz: float = 100.0, seconds: float = 60.0) -> MotionTrack:
    """Every sample is different, so that a lost or doubled one shows."""
    t_s = np.arange(int(seconds * fs_hz)) / fs_hz
    slow = np.linspace(-1.0, 1.0, t_s.size)
    acc = np.stack([G * slow, 0.3 * G * np.cos(t_s), G * np.ones_like(t_s)], axis=1)
    return MotionTrack(t_s, acc, 0.1 * acc, np.arange(0.5, seconds, 0.8))


# --- WitMotion -------------------------------------------------------------------------------


def still(acc_g: tuple[float, float, float]) -> MotionTrack:
    acc = np.tile(np.array(acc_g) * G, (10, 1))
    return MotionTrack(np.arange(10.0), acc, np.zeros((10, 3)), np.array([]))


def test_flat_and_still_is_the_vendors_frame() -> None:
    sensor = VirtualWitMotion("WT901BLE61", still((0.0, 0.0, 1.0)))
    sensor.on_subscribe(0.0, NOTIFY_UUID, enabled=True)
    assert sensor.advance(0.1) == [(NOTIFY_UUID, bytes.fromhex("5561 000000000008" + "0" * 24))]


def test_values_saturate_as_in_the_real_part() -> None:
    sensor = VirtualWitMotion("WT901BLE61", still((17.0, -17.0, 0.0)))
    sensor.on_subscribe(0.0, NOTIFY_UUID, enabled=True)
    ((_, frame),) = sensor.advance(0.1)
    assert struct.unpack("<3h", frame[2:8]) == (32767, -32768, 0)


def test_it_streams_at_the_stored_rate_from_its_subscription_on() -> None:
    sensor = VirtualWitMotion("WT901BLE61", ramp())  # 10 Hz from the factory
    assert sensor.next_due_s() is None
    sensor.on_subscribe(3.0, NOTIFY_UUID, enabled=True)
    assert sensor.next_due_s() == pytest.approx(3.1)
    assert len(sensor.advance(5.0)) == 20 == sensor.n_sent
    sensor.on_subscribe(5.0, NOTIFY_UUID, enabled=False)
    assert sensor.next_due_s() is None
    assert sensor.advance(6.0) == []


def test_the_rate_changes_only_when_unlocked_and_is_read_back() -> None:
    sensor = VirtualWitMotion("WT901BLE61", ramp())
    read_rate, set_50_hz = bytes.fromhex("ffaa270300"), bytes.fromhex("ffaa030800")
    sensor.on_write(0.0, WRITE_UUID, set_50_hz)
    assert sensor.fs_hz == 10.0  # locked
    sensor.on_write(1.0, WRITE_UUID, UNLOCK)
    sensor.on_write(11.5, WRITE_UUID, set_50_hz)
    assert sensor.fs_hz == 10.0  # ten seconds are over
    sensor.on_write(12.0, WRITE_UUID, UNLOCK)
    assert sensor.on_write(12.1, WRITE_UUID, set_50_hz) == []  # a write is never answered
    ((_, reply),) = sensor.on_write(12.2, WRITE_UUID, read_rate)
    assert reply[:6] == bytes.fromhex("557103000800")
    assert len(reply) == 20
    sensor.on_subscribe(13.0, NOTIFY_UUID, enabled=True)
    assert len(sensor.advance(14.0)) == 50


def test_settings_are_lost_without_saving() -> None:
    sensor = VirtualWitMotion("WT901BLE61", ramp())
    for saved, expected_hz in ((False, 10.0), (True, 100.0)):
        sensor.on_write(0.0, WRITE_UUID, UNLOCK)
        sensor.on_write(0.1, WRITE_UUID, bytes.fromhex("ffaa030900"))
        if saved:
            sensor.on_write(0.2, WRITE_UUID, bytes.fromhex("ffaa000000"))
        sensor.restart()
        assert sensor.fs_hz == expected_hz


def test_the_battery_register_is_the_vendors() -> None:
    sensor = VirtualWitMotion("WT901BLE61", ramp(), battery_v=3.92)
    ((_, reply),) = sensor.on_write(0.0, WRITE_UUID, bytes.fromhex("ffaa276400"))
    assert reply.hex() == "5571640088010000000000000000000000000000"


@pytest.mark.parametrize("nonsense", [b"", b"\xff", b"\xff\xaa\x27\x03", bytes(5), bytes(600)])
def test_nonsense_is_ignored(nonsense: bytes) -> None:
    assert VirtualWitMotion("WT901BLE61", ramp()).on_write(0.0, WRITE_UUID, nonsense) == []


def test_the_bytes_do_not_depend_on_when_the_radio_asks() -> None:
    whole = VirtualWitMotion("WT901BLE61", ramp(), stored_rate=9, clock_ppm=700.0)
    often = VirtualWitMotion("WT901BLE61", ramp(), stored_rate=9, clock_ppm=700.0)
    for sensor in (whole, often):
        sensor.on_subscribe(0.123, NOTIFY_UUID, enabled=True)
    pieces: list[Outgoing] = []
    for t_s in np.sort(np.random.default_rng(0).uniform(0.0, 55.0, 400)):
        pieces += often.advance(float(t_s))
    assert pieces + often.advance(55.0) == whole.advance(55.0)
    assert whole.n_sent == often.n_sent == int((55.0 - 0.123) * 100.07)


def test_several_frames_travel_together_when_the_mtu_allows() -> None:
    one = VirtualWitMotion("WT901BLE61", ramp(), stored_rate=9)
    many = VirtualWitMotion("WT901BLE61", ramp(), stored_rate=9, frames_per_notification=None)
    for sensor in (one, many):
        sensor.on_subscribe(0.0, NOTIFY_UUID, enabled=True)
    singles, packs = one.advance(12.0), many.advance(12.0)
    assert {len(payload) for _, payload in packs} == {240}
    assert b"".join(p for _, p in singles) == b"".join(p for _, p in packs)
    assert many.next_due_s() == pytest.approx(12.12)


def test_silence_passes_time_without_sending() -> None:
    sensor = VirtualWitMotion("WT901BLE61", ramp(), stored_rate=9)
    sensor.on_subscribe(0.0, NOTIFY_UUID, enabled=True)
    before = sensor.advance(1.0)
    sensor.silent = True
    assert sensor.advance(3.0) == []
    sensor.silent = False
    after = sensor.advance(4.0)
    assert len(before) == len(after) == 100
    assert sensor.n_sent == 200


def test_an_unknown_rate_code_is_refused() -> None:
    with pytest.raises(DeviceError, match="no rate code 11"):
        VirtualWitMotion("WT901BLE61", ramp(), stored_rate=11)


# --- Polar H10 -------------------------------------------------------------------------------


def h10(track: MotionTrack | None = None, **settings: float) -> VirtualH10:
    sensor = VirtualH10("Polar H10 51A0BACK", track or ramp(), **settings)  # type: ignore[arg-type] # one float
    for uuid in (PMD_CONTROL_UUID, PMD_DATA_UUID):
        sensor.on_subscribe(0.0, uuid, enabled=True)
    return sensor


def ask(sensor: VirtualH10, command: bytes, t_s: float = 0.0) -> str:
    ((uuid, reply),) = sensor.on_write(t_s, PMD_CONTROL_UUID, command)
    assert uuid == PMD_CONTROL_UUID
    return reply.hex()


def test_the_published_exchange() -> None:
    sensor = h10()
    assert sensor.on_read(0.0, PMD_CONTROL_UUID).hex() == "0f04" + "00" * 15
    settings = "f001020000" + "0004190032006400c800" + "01011000" + "0203020004000800"
    assert ask(sensor, bytes.fromhex("0102")) == settings
    assert ask(sensor, ACC_START) == "f00202000001"
    assert ask(sensor, bytes.fromhex("0302")) == "f003020000"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("09 02", 1),
        ("01 63", 2),
        ("02 00", 3),
        ("02 02 00", 4),
        ("02 02 02010800", 5),
        ("03 02", 6),
        ("02 02 02010800 0001c800 01011800", 7),
        ("02 02 02010800 00010700 01011000", 8),
        ("02 02 02010900 0001c800 01011000", 9),
    ],
)
def test_each_wrong_command_has_its_error(command: str, error: int) -> None:
    assert ask(h10(), bytes.fromhex(command))[6:8] == f"{error:02x}"


def test_a_stream_cannot_be_started_twice_nor_without_a_listener() -> None:
    sensor = h10()
    ask(sensor, ACC_START)
    assert ask(sensor, ACC_START) == "f002020600"  # already in state
    sensor = h10()
    sensor.on_subscribe(0.0, PMD_DATA_UUID, enabled=False)
    assert ask(sensor, ACC_START) == "f002020c00"  # invalid state


def test_commands_need_indications() -> None:
    sensor = VirtualH10("Polar H10 51A0BACK", ramp())
    with pytest.raises(AttRefused, match="0xfd"):
        sensor.on_write(0.0, PMD_CONTROL_UUID, ACC_START)
    with pytest.raises(AttRefused, match="0x02"):
        sensor.on_read(0.0, HEART_RATE_UUID)


def test_a_frame_carries_the_time_of_its_last_sample() -> None:
    sensor = h10(clock_ppm=100.0)
    ask(sensor, ACC_START, t_s=1.0)
    frames = [payload for _, payload in sensor.advance(3.0)]
    assert [len(frame) for frame in frames] == [10 + 36 * 6] * 11
    stamps = [struct.unpack_from("<Q", frame, 1)[0] for frame in frames]
    np.testing.assert_allclose(np.diff(stamps), 36 * 5e6, atol=2)  # exactly 200 Hz on its own clock
    first_s = (stamps[0] - 599_616_000_000_000_000) * 1e-9
    assert first_s == pytest.approx(1.0 * 1.0001 + 36 / 200)
    assert sensor.n_sent == 11 * 36


def test_samples_are_mg_and_saturate_at_the_range() -> None:
    sensor = h10(still((-0.187, -0.028, 2.5)))
    ask(sensor, bytes.fromhex("0202 02010200 0001c800 01011000"))
    ((_, frame),) = sensor.advance(0.2)
    assert struct.unpack_from("<3h", frame, 10) == (-187, -28, 2000)


def test_a_restarted_clock_begins_in_2019() -> None:
    sensor = h10()
    sensor.restart_clock(5.0)
    assert sensor.device_ns(6.0) - 599_616_000_000_000_000 == 1_000_000_000


def test_heart_rate_once_a_second_with_every_interval() -> None:
    sensor = h10()  # a beat each 0.8 s from 0.5 s on
    sensor.on_subscribe(2.0, HEART_RATE_UUID, enabled=True)
    payloads = [payload for uuid, payload in sensor.advance(12.05) if uuid == HEART_RATE_UUID]
    assert len(payloads) == 10
    assert {payload[1] for payload in payloads} == {75}
    intervals = [rr for p in payloads for (rr,) in struct.iter_unpack("<H", p[2:])]
    beats_s = np.arange(0.5, 60.0, 0.8)
    assert len(intervals) == np.sum((beats_s > 2.0) & (beats_s <= 12.0)) == sensor.n_beats_sent
    assert set(intervals) == {round(0.8 * 1024)}


def test_without_beats_the_sensor_says_no_contact() -> None:
    sensor = h10(still((0.0, 0.0, 1.0)))
    sensor.on_subscribe(0.0, HEART_RATE_UUID, enabled=True)
    assert sensor.advance(1.5) == [(HEART_RATE_UUID, bytes([0x04, 0]))]


def test_a_lost_link_ends_the_stream() -> None:
    sensor = h10()
    ask(sensor, ACC_START)
    sensor.on_disconnect(1.0)
    assert sensor.next_due_s() is None
    sensor.on_subscribe(2.0, PMD_CONTROL_UUID, enabled=True)
    sensor.on_subscribe(2.0, PMD_DATA_UUID, enabled=True)
    assert ask(sensor, ACC_START, 2.0) == "f00202000001"


def test_battery_and_identity() -> None:
    sensor = VirtualH10("Polar H10 51A0BACK", ramp(), battery_percent=77)
    assert sensor.on_read(0.0, BATTERY_UUID) == b"\x4d"
    assert sensor.on_read(0.0, "00002a24-0000-1000-8000-00805f9b34fb") == b"H10"
    assert sensor.on_read(0.0, "00002a25-0000-1000-8000-00805f9b34fb") == b"51A0BACK"


# --- tracks ----------------------------------------------------------------------------------


def test_a_slower_track_is_interpolated_and_a_faster_one_is_not() -> None:
    track = ramp(fs_hz=20.0, seconds=2.0)
    acc, _ = values_at(track, np.array([0.025]), fs_hz=100.0)
    np.testing.assert_allclose(acc[0], track.acc_m_s2[:2].mean(axis=0))
    acc, _ = values_at(track, np.array([0.024]), fs_hz=10.0)
    np.testing.assert_array_equal(acc[0], track.acc_m_s2[0])


def holed() -> MotionTrack:
    """Rows 100 to 199 of a ramp at 100 Hz, seconds 1 to 2, are unknown."""
    track = ramp(seconds=4.0)
    track.acc_m_s2[100:200, 1] = np.nan
    return track


def test_a_sensor_without_a_clock_is_silent_where_its_track_is_unknown() -> None:
    sensor = VirtualWitMotion("WT901BLE61", holed(), stored_rate=9)
    sensor.on_subscribe(0.0, NOTIFY_UUID, enabled=True)
    assert len(sensor.advance(0.99)) == 99
    assert sensor.advance(1.99) == []
    assert len(sensor.advance(3.0)) == 101
    assert sensor.n_sent == 200


def test_a_sensor_with_a_clock_cuts_its_frames_at_a_hole() -> None:
    sensor = h10(holed())
    sensor.on_subscribe(0.0, PMD_DATA_UUID, enabled=True)
    ask(sensor, bytes.fromhex("0202 00016400 01011000 02010800"))
    frames = [payload for _, payload in sensor.advance(3.61)]
    last_s = [(struct.unpack_from("<Q", f, 1)[0] - CLOCK_START_NS) / 1e9 for f in frames]
    n = [(len(f) - 10) // 6 for f in frames]
    assert n == [36, 36, 27, 17, 36, 36, 36, 36]  # to 0.99 s, from 2.00 s
    assert last_s == pytest.approx([0.36, 0.72, 0.99, 2.16, 2.52, 2.88, 3.24, 3.60])
    assert sensor.n_sent == sum(n)


def test_a_strap_tells_no_heart_rate_where_its_track_is_unknown() -> None:
    sensor = VirtualH10("Polar H10 51A0BACK", holed())
    sensor.on_subscribe(0.0, HEART_RATE_UUID, enabled=True)
    assert len(sensor.advance(0.5)) + len(sensor.advance(1.5)) == 0  # due at 1 s, in the hole
    assert len(sensor.advance(2.5)) == 1


def test_a_track_must_have_something_to_send_and_no_infinite_values() -> None:
    nothing = ramp()
    nothing.acc_m_s2[:, 0] = np.nan
    with pytest.raises(DeviceError, match="none of the 6000 rows"):
        VirtualH10("Polar H10 51A0BACK", nothing)
    wild = ramp()
    wild.acc_m_s2[5, 1] = np.inf
    with pytest.raises(DeviceError, match="1 of its values are not finite"):
        VirtualH10("Polar H10 51A0BACK", wild)


def test_a_recording_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"\(3, 2\) for 3"):
        peripheral_for(
            MotionTrack(np.arange(3.0), np.ones((3, 2)), None, np.array([])), "witmotion"
        )


# --- with the real drivers -------------------------------------------------------------------


def hold_conversation(driver: Driver, sensor: Peripheral, fs_hz: float) -> tuple[StreamInfo, float]:
    """Carry out a driver's start conversation without any radio; returns the time it ended."""
    t_s, answer = 1.0, b""
    conversation = driver.start(StreamRequest(fs_hz=fs_hz))
    sensor.on_connect(t_s)
    step = next(conversation)
    while True:
        match step:
            case Read(characteristic):
                answer = sensor.on_read(t_s, characteristic)
            case Subscribe(characteristic):
                sensor.on_subscribe(t_s, characteristic, enabled=True)
                answer = b""
            case Write(characteristic, data):
                sensor.on_write(t_s, characteristic, data)
                answer = b""
            case Pause(seconds):
                t_s += seconds
                answer = b""
            case Ask(characteristic, data, _, reply_on, is_reply):
                replies = sensor.on_write(t_s, characteristic, data)
                answer = next(p for uuid, p in replies if uuid == reply_on and is_reply(p))
        sensor.advance(t_s)
        t_s += 0.01
        try:
            step = conversation.send(answer)
        except StopIteration as end:
            return end.value, t_s


@pytest.mark.parametrize("placement", SENSOR_NAMES)
def test_what_a_driver_decodes_is_what_the_body_felt(placement: str) -> None:
    wearer = dressed(Body(session_script(90.0)), placements={placement: SENSOR_NAMES[placement]})
    sensor = wearer.sensors[placement]
    driver = recognise(sensor.advert)
    assert driver is not None
    info, t_s = hold_conversation(driver, sensor, fs_hz=100.0)
    assert info.fs_hz == 100.0
    n_before = sensor.n_sent  # type: ignore[attr-defined] # both kinds count
    sent = sensor.advance(t_s + 20.0)
    chunks = driver.new_decoder(info).feed([Notification(0.0, u, p) for u, p in sent])
    imu = [chunk for chunk in chunks if isinstance(chunk, ImuChunk)]
    acc = np.concatenate([chunk.acc_m_s2 for chunk in imu])
    assert len(acc) == sensor.n_sent - n_before  # type: ignore[attr-defined] # both kinds count
    track = sensor._track  # type: ignore[attr-defined] # both kinds play one
    first = next(  # ten samples in a row are unlike any others, thanks to the noise
        i for i in range(6000) if np.allclose(track.acc_m_s2[i : i + 10], acc[:10], atol=0.01)
    )
    step = 16.0 * G / 32768 if placement != "chest" else G / 1000.0
    np.testing.assert_allclose(acc, track.acc_m_s2[first : first + len(acc)], atol=0.51 * step)
    if placement == "chest":
        rr_s = np.concatenate([c.rr_s for c in chunks if isinstance(c, HeartChunk)])
        true_rr_s = np.diff(track.beat_t_s)
        assert len(rr_s) >= 15
        begin = int(np.argmin(np.abs(true_rr_s[: len(true_rr_s) - len(rr_s)] - rr_s[0])))
        np.testing.assert_allclose(rr_s, true_rr_s[begin : begin + len(rr_s)], atol=0.51 / 1024)
    assert not [c for c in chunks if not isinstance(c, ImuChunk | HeartChunk | BatteryChunk)]


@pytest.mark.parametrize(("kind", "fs_hz"), [("witmotion", 50.0), ("polar_h10", 50.0)])
def test_a_recording_is_played_sample_by_sample(kind: str, fs_hz: float) -> None:
    sensor = peripheral_for(ramp(fs_hz), kind)  # type: ignore[arg-type] # the two literals above
    driver = driver_named(kind)
    assert driver.recognises(sensor.advert)
    info, t_s = hold_conversation(driver, sensor, fs_hz)
    sent = [Notification(0.0, u, p) for u, p in sensor.advance(t_s + 5.0)]
    acc = np.concatenate(
        [c.acc_m_s2 for c in driver.new_decoder(info).feed(sent) if isinstance(c, ImuChunk)]
    )
    steps = np.diff(acc[:, 0])
    expected = np.diff(ramp(fs_hz).acc_m_s2[:2, 0])[0]
    np.testing.assert_allclose(steps, expected, atol=1.01 * G / 1000)


def test_the_wearer_has_five_sensors_with_their_own_names_and_errors() -> None:
    wearer = dressed(Body(session_script(90.0)), seed=3)
    assert set(wearer.sensors) == set(SENSOR_NAMES)
    assert len({s.advert.address for s in wearer.sensors.values()}) == 5
    for placement, sensor in wearer.sensors.items():  # alone or together, a sensor is the same
        alone = dressed(
            Body(session_script(90.0)), seed=3, placements={placement: SENSOR_NAMES[placement]}
        )
        np.testing.assert_array_equal(
            sensor._track.acc_m_s2,  # type: ignore[attr-defined] # both kinds play one
            alone.sensors[placement]._track.acc_m_s2,  # type: ignore[attr-defined] # the same
        )


def test_an_unknown_kind_of_sensor_is_named() -> None:
    with pytest.raises(DeviceError, match="'toaster'"):
        peripheral_for(ramp(), "toaster")  # type: ignore[arg-type] # on purpose
