"""The index is quick, and the folders are the truth."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from monitor import home
from monitor.cli import app
from monitor.commands.history import history_lines
from monitor.errors import UserError
from monitor.history.index import INDEX_NAME, History, HistoryRow
from monitor.result_file import to_json, write_text
from monitor.session_files import write_outputs

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
    with History() as index:
        index.add(Path("2026-03-01T18-30-05"), played.end.result)
        [row] = index.rows()
    assert row.name == "2026-03-01T18-30-05"
    assert row.minutes == pytest.approx(2.0, abs=0.01)
    assert row.knee_right_deg is None  # no sensor there: unknown, not zero
    assert row.knee_left_deg == played.end.result.analysis.summary["knee_left_deg"].value
    assert row.source == "simulated wearer (test)"


def test_rebuilding_from_the_folders_gives_the_same_rows(
    two_sessions: Path, played: Played
) -> None:
    with History() as index:
        assert index.is_stale()
        assert index.rebuild() == []
        rows = index.rows()
        assert not index.is_stale()
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
        assert index.rebuild() == []
        assert [r.name for r in index.rows()] == ["2026-03-01T18-30-05", "2026-03-02T07-00-00"]


def test_one_unreadable_folder_is_named_and_hides_no_other(two_sessions: Path) -> None:
    (two_sessions / "sessions" / "2026-03-02T07-00-00" / home.RECORDING_NAME).write_bytes(b"x")
    result = CliRunner().invoke(app, ["history", "--rebuild"])
    assert result.exit_code == 0
    assert "2026-03-01T18-30-05" in result.stdout
    assert "not readable: 2026-03-02T07-00-00" in result.stderr


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
    row = HistoryRow(name, None, 119.9, "simulated x", 10, 1.0, 18.25, 100.0, None, None)
    lines = history_lines([row])
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == [
        name, "119.9", "100", "%", "18.2", "100/-", "10", "-", "*",
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
