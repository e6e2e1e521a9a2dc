"""Raw first, never waiting, readable when cut anywhere."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Notification
from monitor.errors import UserError
from monitor.recording.format import (
    RecordedSensor,
    SessionHeader,
    decode_batch,
    encode_batch,
    whole_microseconds,
)
from monitor.recording.reader import RecordedBatch, RecordedEvent, read_recording
from monitor.recording.writer import Recorder

HEADER = SessionHeader(
    started_at="2026-03-01T18:30:05+01:00",
    started_unix_ns=1_772_386_205_000_000_000,
    sensors={"chest": RecordedSensor("Polar H10 1", "AA:BB", "polar_h10")},
    settings={"minutes": 15},
)
DATA, CONTROL = "fb005c82", "fb005c81"


def said(t_s: float, payload: bytes = b"\x01\x02", uuid: str = DATA) -> Notification:
    return Notification(t_s, uuid, payload)


def recorded(path: Path, n: int = 5) -> Path:
    with Recorder(path, HEADER) as recorder:
        recorder.event("link", 0.0, placement="chest", state="streaming")
        for k in range(n):
            recorder.batch("chest", k + 1.0, [said(k + 0.25, bytes([k])), said(k + 0.75)])
        recorder.event("end", n + 1.0)
    return path


def test_a_message_is_laid_out_as_documented() -> None:
    data = encode_batch([said(1.5, b"\xaa"), said(1.75, b"\xbb\xcc", CONTROL)], {})
    assert data[:-4].hex(" ") == (
        "01 02 02 00"  # version, new characteristics, notifications
        " 60 e3 16 00 00 00 00 00"  # 1,500,000 us
        " 08 66 62 30 30 35 63 38 32"  # fb005c82
        " 08 66 62 30 30 35 63 38 31"  # fb005c81
        " 00 00 00 00 90 d0 03 00"  # 0 and 250,000 us later
        " 00 01 01 00 02 00"  # characteristic numbers, lengths
        " aa bb cc"
    )


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000_000_000),
            st.sampled_from(["ffe4", "2a37", "0000ffe9-0000-1000-8000-00805f9a34fb"]),
            st.binary(max_size=300),
        ),
        max_size=30,
    )
)
def test_what_goes_in_comes_out(rows: list[tuple[int, str, bytes]]) -> None:
    batch = tuple(Notification(us / 1e6, uuid, payload) for us, uuid, payload in rows)
    numbers: dict[str, int] = {}
    uuids: list[str] = []
    half = len(batch) // 2
    for part in (batch[:half], batch[half:]):
        assert decode_batch(encode_batch(part, numbers), uuids) == part


@given(st.floats(0, 1e6))
def test_a_recorded_time_is_bit_for_bit_the_time_that_was_analysed(t_s: float) -> None:
    kept = whole_microseconds(t_s)
    [again] = decode_batch(encode_batch([said(kept)], {}), [])
    assert again.t_arrival_s == kept


def test_header_events_and_notifications_come_back_in_order(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path / "r.mcap", n=2))
    assert recording.header == HEADER
    assert recording.whole
    assert recording.n_damaged == 0
    assert recording.last_t_s == 3.0
    assert recording.entries == (
        RecordedEvent("link", 0.0, {"placement": "chest", "state": "streaming"}),
        RecordedBatch("chest", 1.0, (said(0.25, b"\x00"), said(0.75))),
        RecordedBatch("chest", 2.0, (said(1.25, b"\x01"), said(1.75))),
        RecordedEvent("end", 3.0, {}),
    )
    assert [n.t_arrival_s for n in recording.notifications("chest")] == [0.25, 0.75, 1.25, 1.75]


def test_cut_off_at_every_byte_all_whole_messages_before_the_cut_are_read(tmp_path: Path) -> None:
    data = recorded(tmp_path / "r.mcap").read_bytes()
    whole = read_recording(tmp_path / "r.mcap")
    cut_path = tmp_path / "cut.mcap"
    n_read = -1  # nothing, not even the header
    for n_bytes in range(len(data)):
        cut_path.write_bytes(data[:n_bytes])
        try:
            cut = read_recording(cut_path)
        except UserError:
            assert n_read == -1, f"lost the header again at byte {n_bytes}"
            continue
        assert not cut.whole
        assert cut.n_damaged == 0
        assert cut.header == HEADER
        assert cut.entries == whole.entries[: len(cut.entries)]
        assert n_read <= len(cut.entries) <= n_read + 1
        n_read = len(cut.entries)
    assert n_read == len(whole.entries)


def test_any_flipped_byte_is_a_message_less_or_a_clear_refusal(tmp_path: Path) -> None:
    data = recorded(tmp_path / "r.mcap").read_bytes()
    whole = set(read_recording(tmp_path / "r.mcap").notifications("chest"))
    bad = tmp_path / "bad.mcap"
    for at in range(len(data)):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        try:
            notifications = read_recording(bad).notifications("chest")
        except UserError:
            continue
        assert set(notifications) <= whole, f"byte {at} invented a notification"


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "song.mcap"
    path.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(UserError, match=r"song\.mcap holds no session: 104 bytes"):
        read_recording(path)
    with pytest.raises(UserError, match="missing"):
        read_recording(tmp_path / "missing.mcap")


@pytest.mark.parametrize(
    "damage", [(b"session", b"sessioo"), (b"{", b"["), (b'"format"', b'"former"')]
)
def test_a_damaged_beginning_is_called_damaged(tmp_path: Path, damage: tuple[bytes, bytes]) -> None:
    data = recorded(tmp_path / "r.mcap").read_bytes()
    bad = tmp_path / "bad.mcap"
    bad.write_bytes(data.replace(*damage))
    with pytest.raises(UserError, match="is damaged: its first message"):
        read_recording(bad)


def test_what_was_handed_over_is_with_the_system_before_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    recorder = Recorder(path, HEADER)
    recorder.batch("chest", 1.0, [said(0.5)])
    deadline_s = time.monotonic() + 2.0
    while recorder.counters().last_written_s < 1.0 and time.monotonic() < deadline_s:
        time.sleep(0.005)
    seen = read_recording(path)  # as another process would after kill -9
    recorder.close()
    assert [n.t_arrival_s for n in seen.notifications("chest")] == [0.5]
    assert not seen.whole


def test_a_stalled_disk_delays_nobody(tmp_path: Path) -> None:
    stalls: list[float] = []

    def stalled(descriptor: int) -> None:
        stalls.append(time.monotonic())
        time.sleep(0.2)
        os.fsync(descriptor)

    recorder = Recorder(tmp_path / "r.mcap", HEADER, sync=stalled)
    longest_s = 0.0
    end_s = time.monotonic() + 1.4
    n = 0
    while time.monotonic() < end_s:
        began_s = time.monotonic()
        recorder.batch("chest", n * 0.01, [said(n * 0.01)])
        longest_s = max(longest_s, time.monotonic() - began_s)
        n += 1
        time.sleep(0.01)
    recorder.close()
    assert len(stalls) >= 3  # start, after a second, end
    assert longest_s < 0.1
    assert len(read_recording(tmp_path / "r.mcap").notifications("chest")) == n


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_the_file_is_the_owners_alone_and_never_overwrites(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.mcap")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UserError, match=r"r\.mcap"):
        Recorder(path, HEADER)
    assert len(read_recording(path).entries) == 7


def test_a_full_disk_is_said_once_and_what_was_stored_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.mcap"
    failures: list[OSError] = []
    failed = threading.Event()

    def on_failure(error: OSError) -> None:
        failures.append(error)
        failed.set()

    room = 900  # bytes that the disk still takes
    real_write = os.write

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        n = real_write(descriptor, data[:room])  # a full disk takes half a record first
        room -= n
        return n

    monkeypatch.setattr("monitor.recording.writer.os.write", write)
    recorder = Recorder(path, HEADER, on_failure=on_failure)
    for k in range(50):
        recorder.batch("chest", k + 1.0, [said(float(k), bytes(20))])
        time.sleep(0.002)
    assert failed.wait(2.0)
    recorder.close()
    monkeypatch.undo()
    assert [e.errno for e in failures] == [errno.ENOSPC]
    assert recorder.failed
    stored = read_recording(path)
    kept = stored.notifications("chest")
    assert kept == [said(float(k), bytes(20)) for k in range(len(kept))]
    assert stored.n_damaged == 0
    assert 0 < len(kept) < 50
    assert recorder.counters().n_refused + len(kept) == 50
