"""The index is quick, and the folders are the truth."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from monitor import home
from monitor.alerts.settings import AlertSettings
from monitor.cli import app
from monitor.errors import UserError
from monitor.history.index import INDEX_NAME, History
from monitor.history.row import HistoryRow
from monitor.history.table import table
from monitor.live.pipeline import LiveSettings
from monitor.recording.lock import hold, is_held
from monitor.recording.rebuild import rebuild_result
from monitor.recording.replay import replay
from monitor.result import Alert, LedgerEntry, SessionResult
from monitor.result_file import to_json, write_text
from monitor.session_files import write_outputs
from monitor.session_notes import Rating, SessionNotes, write_notes
from monitor.stored import result_of

if TYPE_CHECKING:
    from tests.monitor.acting import Played


@pytest.fixture
def two_sessions(own_home: Path, played: Played) -> Path:
    """One with its result, one that was killed before it had any."""
    for name, has_result in (("2026-03-01T18-30-05", True), ("2026-03-02T07-00-00", False)):
        folder = own_home / "sessions" / name
        folder.mkdir(parents=True)
        shutil.copy(played.folder / home.RECORDING_NAME, folder)
        if has_result:
            write_text(folder / home.RESULT_NAME, to_json(played.end.result))
    return own_home


def test_a_row_says_what_the_result_says(own_home: Path, played: Played) -> None:
    folder = own_home / "sessions" / "2026-03-01T18-30-05"
    folder.mkdir(parents=True)
    write_notes(folder, SessionNotes(Rating(3, 4), Rating(None, 8), ("new cushion",), "Schön."))
    with History() as index:
        index.add(folder, played.end.result)
        [row] = index.rows()
    assert row.name == "2026-03-01T18-30-05"
    assert row.minutes == pytest.approx(2.0, abs=0.01)
    assert row.early_breathing_per_min is None  # less than seven minutes: unknown, not zero
    summary = played.end.result.analysis.summary
    assert row.stillness == summary["still_share"].value
    assert row.position_min == summary["time_in_position_min"].value
    assert row.source == "simulated wearer (test)"
    assert not row.somebody_lay
    assert (row.comfort_before, row.comfort_after, row.calm_after) == (3, None, 8)
    assert (row.tags, row.note) == (("new cushion",), "Schön.")


def test_a_cue_that_was_withheld_is_an_alert_and_no_cue(own_home: Path, played: Played) -> None:
    drift = Alert(60.0, "knee_drift", "left", 80.0, 90.0, "The left knee moved by 10 degrees.")
    lost = Alert(70.0, "sensor_lost", "", None, None, "The chest sensor is not heard.")
    ledger = (
        LedgerEntry(drift, delivered_s=60.0),
        LedgerEntry(drift, withheld="a day without cues"),
        LedgerEntry(lost, delivered_s=70.0),
    )
    result = replace(played.end.result, alerts=(drift, drift, lost), ledger=ledger)
    folder = own_home / "sessions" / "s"
    folder.mkdir(parents=True)
    with History() as index:
        index.add(folder, result)
        [row] = index.rows()
    assert (row.n_alerts, row.n_cues) == (2, 1)


def test_rebuilding_from_the_folders_gives_the_same_rows(
    two_sessions: Path, played: Played
) -> None:
    with History() as index:
        assert index.rebuild().problems == ()
        rows = index.rows()
    assert [r.name for r in rows] == ["2026-03-01T18-30-05", "2026-03-02T07-00-00"]
    assert rows[0].n_alerts == rows[1].n_alerts == len(played.end.result.alerts)
    assert rows[0].breathing_per_min == pytest.approx(rows[1].breathing_per_min, abs=1e-3)


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 100])
def test_a_damaged_index_is_made_anew(two_sessions: Path, damage: bytes) -> None:
    with History() as index:
        index.rebuild()
    (two_sessions / INDEX_NAME).write_bytes(damage)
    result = CliRunner().invoke(app, ["history"])
    assert result.exit_code == 0
    assert "2026-03-01T18-30-05" in result.stdout


def test_a_full_disk_is_one_line_with_a_hint(
    two_sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: History) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(History, "_open", refuse)
    with pytest.raises(UserError, match=r"history\.sqlite: database or disk is full") as caught:
        History()
    assert "free space" in caught.value.hint


def test_a_result_that_cannot_be_stored_is_listed_all_the_same(
    two_sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _text: str) -> None:
        raise UserError(f"cannot write {path}: No space left on device", hint="")

    monkeypatch.setattr("monitor.stored.write_text", refuse)
    with History() as index:
        assert index.rebuild().problems == ()
        assert [r.name for r in index.rows()] == ["2026-03-01T18-30-05", "2026-03-02T07-00-00"]


def test_one_unreadable_folder_is_named_and_hides_no_other(two_sessions: Path) -> None:
    (two_sessions / "sessions" / "2026-03-02T07-00-00" / home.RECORDING_NAME).write_bytes(b"x")
    result = CliRunner().invoke(app, ["history", "rebuild"])
    assert result.exit_code == 0
    assert result.stdout == "1 session in the history.\n"
    assert "not readable: 2026-03-02T07-00-00" in result.stderr
    again = CliRunner().invoke(app, ["history"])  # known by now, told all the same
    assert "2026-03-01T18-30-05" in again.stdout
    assert "not readable: 2026-03-02T07-00-00" in again.stderr


def test_only_what_changed_is_read_again(
    two_sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        two_sessions / "sessions" / n for n in ("2026-03-01T18-30-05", "2026-03-02T07-00-00")
    )
    with History() as index:
        index.refresh()
        read: list[str] = []

        def remember(folder: Path) -> SessionResult:
            read.append(folder.name)
            return result_of(folder)

        monkeypatch.setattr("monitor.stored.result_of", remember)
        index.refresh()
        assert read == []
        write_notes(first, SessionNotes(tags=("evening",)))
        index.refresh()
        assert read == [first.name]
        assert index.rows()[0].tags == ("evening",)
        shutil.rmtree(second)
        index.refresh()
        assert read == [first.name]
        assert [row.name for row in index.rows()] == [first.name]


def test_notes_edited_in_place_are_read_again(two_sessions: Path) -> None:
    folder = two_sessions / "sessions" / "2026-03-01T18-30-05"
    write_notes(folder, SessionNotes(text="old"))
    with History() as index:
        index.refresh()
        notes = folder / "notes.json"
        notes.write_text(notes.read_text().replace("old", "new"))
        os.utime(notes, ns=(notes.stat().st_atime_ns, notes.stat().st_mtime_ns + 10**9))
        index.refresh()
        assert index.rows()[0].note == "new"


def test_a_running_session_is_named_left_alone_and_read_when_it_is_over(
    two_sessions: Path,
) -> None:
    folder = two_sessions / "sessions" / "2026-03-02T07-00-00"
    with (folder / home.RECORDING_NAME).open("r+b") as recording:
        hold(recording.fileno())
        assert is_held(folder / home.RECORDING_NAME)
        told = CliRunner().invoke(app, ["history"]).stdout
        assert f"running now: {folder.name}" in told
        assert not (folder / home.RESULT_NAME).exists()
    assert not is_held(folder / home.RECORDING_NAME)
    told = CliRunner().invoke(app, ["history"]).stdout
    assert "running now" not in told
    assert folder.name in told


def test_what_the_recording_alone_knows_of_how_it_ended(played: Played) -> None:
    assert played.end.result.ended_early is played.end.stopped is False
    assert rebuild_result(played.folder).ended_early is False
    header_only = replace(played.recording, entries=(), whole=False)
    assert replay(header_only).result.ended_early is None  # killed: nobody knows


def test_whether_chance_gave_cues_is_in_the_result(played: Played) -> None:
    def cues_on(**chosen: bool) -> bool | None:
        settings = LiveSettings(alerts=AlertSettings(**chosen))
        return replay(replace(played.recording, entries=()), settings).result.cues_on

    assert cues_on() is None
    assert cues_on(randomise_days=True) is True
    assert cues_on(randomise_days=True, without_cues=True) is False


def test_an_index_of_an_older_version_is_made_anew(two_sessions: Path) -> None:
    with contextlib.closing(sqlite3.connect(two_sessions / INDEX_NAME)) as old:
        old.execute("CREATE TABLE sessions (name TEXT PRIMARY KEY, started_at, minutes)")
        old.execute("INSERT INTO sessions VALUES ('2026-03-01T18-30-05', 'then', 2.0)")
        old.execute("PRAGMA user_version = 1")
        old.commit()
    told = CliRunner().invoke(app, ["history"])
    assert told.exit_code == 0
    assert told.stdout.count("2026-03-0") == 2


def test_what_is_taken_out_of_the_index_leaves_no_words_in_the_file(
    two_sessions: Path,
) -> None:
    words = "a word that must not stay"
    folder = two_sessions / "sessions" / "2026-03-01T18-30-05"
    write_notes(folder, SessionNotes(text=words))
    with History() as index:
        index.refresh()
        assert words.encode() in (two_sessions / INDEX_NAME).read_bytes()
        index.remove(folder.name)
    assert words.encode() not in (two_sessions / INDEX_NAME).read_bytes()


def test_a_tag_chooses_sessions_and_notes_stand_under_them(two_sessions: Path) -> None:
    folder = two_sessions / "sessions" / "2026-03-01T18-30-05"
    write_notes(folder, SessionNotes(tags=("evening", "cold"), text="Neck let go."))
    told = CliRunner().invoke(app, ["history", "--tag", "evening", "--notes"]).stdout
    assert "2026-03-02" not in told
    assert "    [evening] [cold] Neck let go." in told.splitlines()
    told = CliRunner().invoke(app, ["history", "--tag", "evening", "--tag", "warm"]).stdout
    assert told == "No session has the tag evening and warm.\n"


def test_no_session_yet_says_how_to_make_one(own_home: Path) -> None:
    result = CliRunner().invoke(app, ["history"])
    assert result.exit_code == 0
    assert "backrelease demo" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_the_index_is_the_owners_alone(own_home: Path) -> None:
    with History():
        pass
    assert stat.S_IMODE((own_home / INDEX_NAME).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_used_is_named(own_home: Path) -> None:
    own_home.write_text("a file")
    with pytest.raises(UserError, match=str(own_home)):
        History()


def test_the_table_fits_80_columns_and_shows_unknown_as_a_dash() -> None:
    name = "2026-03-01T18-30-05-12"
    full = HistoryRow(
        name, None, "simulated x", 121.0, 119.9, 1.0, 18.25, 100.4, knee_drift_deg=-12.34,
        settle_s=1234.5, n_cues=10, calm_before=10, calm_after=10, note="long words " * 20,
        ended_early=True,
    )  # fmt: skip
    empty = HistoryRow("2026-03-02T07-00-00", None, "session", 0.5, calm_after=7)
    lines = table([full, empty], notes=True)
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == [
        name, "119.9", "100", "%", "18.2", "100", "-12.3", "1234", "10", "10", "to", "10", "*<",
    ]  # fmt: skip
    assert lines[5].split() == [
        "2026-03-02T07-00-00", "-", "-", "-", "-", "-", "-", "0", "-", "to", "7",
    ]  # fmt: skip


def test_what_is_stored_is_said_when_the_disk_refused_the_rest(
    own_home: Path, played: Played
) -> None:
    result = played.end.result
    with pytest.raises(UserError, match=r"^the first 97 of 120 s are recorded, but its report"):
        write_outputs(own_home / "no such folder", result, stored_s=96.6)
    with pytest.raises(UserError, match=r"^the session is recorded, but its report") as caught:
        write_outputs(own_home / "no such folder", result)
    assert ". Then: backrelease report" in caught.value.hint
