"""What the command line says goes before what was set up once; two meanings are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor import config
from monitor.cli import app
from monitor.commands import _session_options as options
from monitor.commands.session import course_settings
from monitor.errors import UserError, WrongUsage
from monitor.live.course import CourseSettings
from monitor.session_notes import Rating, SessionNotes, read_notes, write_notes

pytestmark = pytest.mark.usefixtures("own_home")


def planned(
    *, minutes: float | None = None, until: Path | None = None,
    extras: bool | None = None, quiet: bool = False, usual: config.SessionChoices | None = None,
) -> CourseSettings:  # fmt: skip
    chosen = config.Config(session=usual or config.SessionChoices())
    return course_settings(chosen, minutes, until, extras=extras, quiet=quiet)


def playlist(folder: Path, seconds: int) -> Path:
    path = folder / "calm.m3u"
    path.write_text(f"#EXTM3U\n#EXTINF:{seconds},A\na.mp3\n")
    return path


def test_the_command_line_goes_before_the_usual() -> None:
    usual = config.SessionChoices(minutes=20.0, extras=True, bell_before_s=30.0)
    assert planned(usual=usual).minutes == 20.0
    assert planned(usual=usual).extras
    assert planned(usual=usual, minutes=5.0, extras=False) == CourseSettings(
        minutes=5.0, extras=False, bell_before_s=30.0
    )
    assert not planned(usual=usual, quiet=True).extras  # usual extras yield to a quiet session


def test_a_play_list_sets_the_length(tmp_path: Path) -> None:
    course = planned(until=playlist(tmp_path, 1200))
    assert (course.until_s, course.minutes) == (1200.0, 20.0)
    with pytest.raises(UserError, match="lasts 1 minutes, which is no session"):
        planned(until=playlist(tmp_path, 60))


def test_two_meanings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="--extras speaks"):
        planned(extras=True, quiet=True)
    with pytest.raises(WrongUsage, match="both say how long"):
        planned(minutes=5.0, until=playlist(tmp_path, 600))


def test_a_wrong_word_in_the_settings_is_named_before_anything_begins() -> None:
    config.store({"session": {"minutes": 10.0}})
    path = config.config_path()
    path.write_text(path.read_text() + "\n[alerts]\nenter_dag = 12\n")
    done = CliRunner().invoke(app, ["session"])
    assert "there is no 'enter_dag'" in str(done.exception)
    assert "enter_deg" in getattr(done.exception, "hint", "")


def test_ratings_are_asked_only_where_somebody_sits_and_kept_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert options.ask_rating("before") is None
    write_notes(tmp_path, SessionNotes(before=Rating(4, 5), text="mine"))
    options.keep_rating(tmp_path, None)
    options.keep_rating(tmp_path, Rating(7, None))
    notes = read_notes(tmp_path)
    assert notes == replace(notes, before=Rating(4, 5), after=Rating(7, None), text="mine")
