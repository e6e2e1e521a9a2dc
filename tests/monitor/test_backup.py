"""A backup is whole, also in the middle of a session."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import stat
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from devices.driver import Notification
from monitor import home
from monitor.cli import app
from monitor.errors import UserError
from monitor.history import backup as backing_up
from monitor.history.backup import backup
from monitor.history.index import INDEX_NAME, History
from monitor.recording.format import SessionHeader
from monitor.recording.reader import RecordedBatch, read_recording
from monitor.recording.whole import whole_length
from monitor.recording.writer import Recorder
from monitor.result_file import to_json, write_text
from monitor.session_notes import SessionNotes, write_notes

if TYPE_CHECKING:
    from tests.monitor.acting import Played

HEADER = SessionHeader("2026-03-02T07:00:00+01:00", 0, {})
FINISHED, RUNNING = "2026-03-01T18-30-05", "2026-03-02T07-00-00"


@pytest.fixture
def finished(own_home: Path, played: Played) -> Path:
    """A data folder with one finished session."""
    folder = own_home / "sessions" / FINISHED
    folder.mkdir(parents=True)
    shutil.copy(played.folder / home.RECORDING_NAME, folder)
    write_text(folder / home.RESULT_NAME, to_json(played.end.result))
    write_notes(folder, SessionNotes(text="kept"))
    with History() as index:
        index.refresh()
    return folder


def recorder(own_home: Path) -> Recorder:
    folder = own_home / "sessions" / RUNNING
    folder.mkdir(parents=True)
    return Recorder(folder / home.RECORDING_NAME, HEADER)


def record(running: Recorder, t_s: float) -> None:
    """One batch, waited for until the system has it."""
    running.batch("chest", t_s, [Notification(t_s, "ffe4", bytes(20))])
    while running.counters().last_written_s < t_s:
        time.sleep(0.001)


def test_everything_is_there_and_can_be_used_as_a_data_folder(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = backup(tmp_path / "stick")
    assert done.folder == tmp_path / "stick" / "backrelease"
    assert (done.n_written, done.n_same, done.running) == (4, 0, ())
    for path in finished.iterdir():
        assert (done.folder / "sessions" / FINISHED / path.name).read_bytes() == path.read_bytes()
    with closing(sqlite3.connect(done.folder / INDEX_NAME)) as index:
        assert index.execute("SELECT name, note FROM sessions").fetchall() == [(FINISHED, "kept")]
    monkeypatch.setenv(home.HOME_VARIABLE, str(done.folder))
    assert FINISHED in CliRunner().invoke(app, ["history"]).stdout


def test_the_second_time_only_what_is_new_is_written(finished: Path, tmp_path: Path) -> None:
    backup(tmp_path)
    write_notes(finished, SessionNotes(text="kept, and more"))
    done = backup(tmp_path)
    assert (done.n_written, done.n_same) == (2, 2)  # the notes, and the index
    copy = done.folder / "sessions" / FINISHED / "notes.json"
    assert "kept, and more" in copy.read_text()


def test_a_running_session_is_copied_to_its_last_whole_record(
    finished: Path, own_home: Path, tmp_path: Path
) -> None:
    with recorder(own_home) as running:
        for t_s in (0.1, 0.2, 0.3):
            record(running, t_s)
        done = backup(tmp_path)
        copy = done.folder / "sessions" / RUNNING / home.RECORDING_NAME
        assert done.running == (RUNNING,)
        seen = read_recording(copy)
        assert [e.t_s for e in seen.entries] == [0.1, 0.2, 0.3]
        assert (seen.whole, seen.n_damaged) == (False, 0)
        record(running, 0.4)
    done = backup(tmp_path)  # it is over: now the whole of it
    assert done.running == ()
    assert read_recording(copy).whole
    assert copy.read_bytes() == (own_home / "sessions" / RUNNING / copy.name).read_bytes()


def test_half_a_record_is_not_copied(played: Played, tmp_path: Path) -> None:
    """Cut a recording at any byte: what is called whole is what the reader can read."""
    data = (played.folder / home.RECORDING_NAME).read_bytes()
    path = tmp_path / home.RECORDING_NAME
    path.write_bytes(data)
    assert whole_length(path) == len(data)
    for cut in (0, 5, 8, 9, 17, 400, 5000, len(data) // 2, len(data) - 9, len(data) - 1):
        path.write_bytes(data[:cut])
        length = whole_length(path)
        assert length <= cut
        if cut < 5000:  # before the first message there is nothing to read
            continue
        all_of_it = read_recording(path).entries
        path.write_bytes(data[:length])
        assert len(read_recording(path).entries) == len(all_of_it)
        path.write_bytes(data[: length - 1])
        assert len(read_recording(path).entries) <= len(all_of_it)


def test_recorded_batches_survive_the_cut_bit_for_bit(own_home: Path, tmp_path: Path) -> None:
    with recorder(own_home) as running:
        record(running, 0.1)
        copy = backup(tmp_path).folder / "sessions" / RUNNING / home.RECORDING_NAME
    [entry] = read_recording(copy).entries
    assert isinstance(entry, RecordedBatch)
    assert entry.notifications == (Notification(0.1, "ffe4", bytes(20)),)


def test_a_full_disk_is_one_line_and_leaves_whole_files_only(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, n_synced = backing_up.os.fsync, [0]

    def full(descriptor: int) -> None:
        n_synced[0] += 1
        if n_synced[0] > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(backing_up.os, "fsync", full)
    with pytest.raises(UserError, match="the disk is full"):
        backup(tmp_path)
    left = [p for p in (tmp_path / "backrelease").rglob("*") if p.is_file()]
    assert len(left) == 2
    for path in left:
        original = finished / path.name
        assert path.read_bytes() == original.read_bytes()
    monkeypatch.setattr(backing_up.os, "fsync", real)
    assert backup(tmp_path).n_same == 2  # and it goes on where it stopped


def test_a_disk_that_does_not_keep_what_it_is_given_is_found_out(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(descriptor: int) -> None:
        backing_up.os.pwrite(descriptor, b"?", 0)

    monkeypatch.setattr(backing_up.os, "fsync", spoiled)
    with pytest.raises(UserError, match="is not what was written"):
        backup(tmp_path)
    assert not [p for p in (tmp_path / "backrelease").rglob("*") if p.is_file()]


def test_a_session_that_was_forgotten_here_is_named_and_not_deleted_there(
    finished: Path, tmp_path: Path
) -> None:
    backup(tmp_path)
    shutil.rmtree(finished)
    told = CliRunner().invoke(app, ["backup", str(tmp_path)])
    assert told.exit_code == 0
    assert f"Only there: 1 session that this computer has no more ({FINISHED})" in told.stdout
    assert (tmp_path / "backrelease" / "sessions" / FINISHED / home.RECORDING_NAME).is_file()


def test_a_backup_into_the_data_folder_is_refused(finished: Path, own_home: Path) -> None:
    for target in (own_home, own_home / "sessions"):
        with pytest.raises(UserError, match="lies inside"):
            backup(target)


def test_what_the_wearer_chose_is_kept_though_it_lies_elsewhere(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "settings" / "config.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text("[history]\nday_starts_at = 5\n")
    monkeypatch.setattr(backing_up, "config_path", lambda: elsewhere)
    folder = backup(tmp_path / "stick").folder
    assert (folder / "config.toml").read_text() == elsewhere.read_text()


def test_nothing_to_back_up_is_said(own_home: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to back up"):
        backup(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_backup_is_the_owners_alone(finished: Path, tmp_path: Path) -> None:
    folder = backup(tmp_path).folder
    modes = {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
