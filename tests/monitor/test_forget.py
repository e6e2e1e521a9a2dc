"""What is forgotten is gone; what was not meant stays."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor import home
from monitor.cli import app
from monitor.errors import UserError, WrongUsage
from monitor.history.forget import doomed
from monitor.history.index import INDEX_NAME, History
from monitor.history.simulated import PracticeSettings, practice, write
from monitor.recording.lock import hold
from monitor.session_notes import SessionNotes, write_notes


@pytest.fixture
def sessions(own_home: Path) -> list[Path]:
    """Ten days of simulated results."""
    made = [write(s) for s in practice(PracticeSettings(n_days=10, rest_share=0.0, epoch_s=5.0))]
    with History() as index:
        index.refresh()
    return made


def names() -> list[str]:
    with History() as index:
        return [row.name for row in index.rows()]


def test_a_session_is_gone_from_the_disk_and_from_the_history(
    sessions: list[Path], own_home: Path
) -> None:
    gone = sessions[3]
    write_notes(gone, SessionNotes(text="not to be found again"))
    (gone / "export").mkdir()
    (gone / "export" / "chest.csv").write_text("time_s\n")
    CliRunner().invoke(app, ["history"])
    result = CliRunner().invoke(app, ["forget", gone.name, "--yes"])
    assert result.exit_code == 0
    assert f"{gone.name}       3 files" in result.stdout
    assert "Deleted: 1 session" in result.stdout
    assert not gone.exists()
    assert names() == [f.name for f in sessions if f != gone]
    assert b"not to be found again" not in (own_home / INDEX_NAME).read_bytes()


def test_before_a_day_is_before_it_not_on_it(sessions: list[Path]) -> None:
    result = CliRunner().invoke(app, ["forget", "--before", "2026-03-04", "--yes"])
    assert result.exit_code == 0
    assert "Deleted: 3 sessions" in result.stdout
    assert names()[0].startswith("2026-03-04")
    assert len(home.all_session_folders()) == 7


def test_a_session_that_cannot_be_read_goes_by_the_date_in_its_name(
    sessions: list[Path],
) -> None:
    (sessions[0] / home.RESULT_NAME).write_text("damaged")
    result = CliRunner().invoke(app, ["forget", "--before", "2026-03-02", "--yes"])
    assert result.exit_code == 0, result.output
    assert not sessions[0].exists()
    assert sessions[1].exists()


def test_nobody_to_ask_means_nothing_is_deleted(sessions: list[Path]) -> None:
    result = CliRunner().invoke(app, ["forget", "last"])
    assert isinstance(result.exception, WrongUsage)
    assert "1 session" in str(result.exception)
    assert all(f.exists() for f in sessions)


@pytest.mark.parametrize(("answer", "left"), [("n\n", 10), ("\n", 10), ("y\n", 9)])
def test_it_asks_and_only_yes_is_yes(
    sessions: list[Path], monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    runner = CliRunner()
    with runner.isolation(input=answer):
        monkeypatch.setattr(type(sys.stdin), "isatty", lambda _: True, raising=False)
    result = runner.invoke(app, ["forget", "last"], input=answer)
    assert result.exit_code == 0, result.output
    assert "for good? [y/N]" in result.stdout
    assert len(home.all_session_folders()) == left


def test_a_running_session_is_refused(sessions: list[Path]) -> None:
    path = sessions[-1] / home.RECORDING_NAME
    with path.open("wb") as recording:
        hold(recording.fileno())
        result = CliRunner().invoke(app, ["forget", "last", "--yes"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception) == f"the session {sessions[-1].name} is running"
    assert path.exists()


def test_a_folder_elsewhere_is_never_deleted(sessions: list[Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / home.RESULT_NAME).write_text("{}")
    link = sessions[0].parent / "2026-01-01T00-00-00"
    link.symlink_to(elsewhere, target_is_directory=True)
    for folder in (elsewhere, link, sessions[0].parent / ".." / "sessions" / ".." / "x"):
        with pytest.raises(UserError, match="so it is not deleted"):
            doomed(folder)
    result = CliRunner().invoke(app, ["forget", str(elsewhere), "--yes"])
    assert isinstance(result.exception, UserError)
    assert (elsewhere / home.RESULT_NAME).exists()


@pytest.mark.parametrize("words", [[], ["last", "--before", "2026-03-04"]])
def test_neither_or_both_is_wrong_usage(sessions: list[Path], words: list[str]) -> None:
    result = CliRunner().invoke(app, ["forget", *words])
    assert isinstance(result.exception, WrongUsage)
    assert len(home.all_session_folders()) == 10


def test_nothing_before_a_day_is_said(sessions: list[Path]) -> None:
    result = CliRunner().invoke(app, ["forget", "--before", "2020-01-01", "--yes"])
    assert isinstance(result.exception, UserError)
    assert "no session before that day" in str(result.exception)
