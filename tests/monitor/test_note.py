"""What the wearer says is kept, added to, and never lost by saying more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import WrongUsage
from monitor.history.simulated import PracticeSettings, practice, write
from monitor.session_notes import NOTES_NAME, Rating, SessionNotes, read_notes


@pytest.fixture
def folder(own_home: Path) -> Path:
    made = write(next(practice(PracticeSettings(epoch_s=5.0))))
    (made / NOTES_NAME).unlink(missing_ok=True)
    return made


def said(*words: str) -> str:
    result = CliRunner().invoke(app, ["note", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_ratings_tags_and_words_are_kept(folder: Path) -> None:
    told = said(
        "last", "--before", "3", "4", "--after", "7", "-", "--tag", "evening", "Neck let go."
    )
    assert read_notes(folder) == SessionNotes(
        Rating(3, 4), Rating(7, None), ("evening",), "Neck let go."
    )
    assert told.splitlines() == [
        f"session  {folder.name}",
        "before   comfort 3, calm 4",
        "after    comfort 7, calm -",
        "tags     evening",
        "note     Neck let go.",
    ]


def test_saying_more_replaces_numbers_and_adds_words(folder: Path) -> None:
    said("last", "--before", "3", "4", "--tag", "evening", "First.")
    said("last", "--before", "-", "6", "--tag", "evening", "--tag", "cold", "Second.")
    assert read_notes(folder) == SessionNotes(
        Rating(3, 6), Rating(), ("evening", "cold"), "First.\nSecond."
    )
    said("last", "--clear", "Only this.")
    assert read_notes(folder) == SessionNotes(text="Only this.")


def test_saying_nothing_shows_what_is_noted_and_writes_nothing(folder: Path) -> None:
    assert "nothing noted yet" in said()
    assert not (folder / NOTES_NAME).exists()


@pytest.mark.parametrize("word", ["11", "-1", "x", "3.5"])
def test_a_rating_that_is_none_is_refused_with_what_was_said(folder: Path, word: str) -> None:
    result = CliRunner().invoke(app, ["note", "last", "--before", word, "3"])
    assert isinstance(result.exception, WrongUsage)
    assert repr(word) in str(result.exception)
    assert not (folder / NOTES_NAME).exists()


def test_it_asks_where_nothing_was_said_and_enter_skips(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = CliRunner()
    with runner.isolation(input=""):
        monkeypatch.setattr(type(sys.stdin), "isatty", lambda _: True, raising=False)
    result = runner.invoke(app, ["note"], input="3\n\nten\n10\n\nevening cold\n\n")
    assert result.exit_code == 0, result.output
    assert "'ten' is no rating" in result.stdout
    assert read_notes(folder) == SessionNotes(
        Rating(3, None), Rating(10, None), ("evening", "cold"), ""
    )


def test_the_history_shows_it(folder: Path) -> None:
    CliRunner().invoke(app, ["history"])
    said("last", "--before", "5", "2", "--after", "6", "8")
    assert "2 to 8" in CliRunner().invoke(app, ["history"]).stdout
