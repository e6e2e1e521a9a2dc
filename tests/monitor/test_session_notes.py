"""What the wearer said is kept as it was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import UserError
from monitor.session_notes import NOTES_NAME, Rating, SessionNotes, read_notes, write_notes


def test_what_was_said_is_read_back(tmp_path: Path) -> None:
    notes = SessionNotes(
        Rating(3, 4), Rating(7, None), ("new cushion",), "Shoulders let go: schön."
    )
    write_notes(tmp_path, notes)
    assert read_notes(tmp_path) == notes


def test_nothing_said_is_no_rating_of_zero(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == SessionNotes(Rating(None, None), Rating(None, None), (), "")


def test_a_rating_beyond_ten_is_refused_with_its_value() -> None:
    with pytest.raises(UserError, match="calm cannot be 11"):
        Rating(5, 11)


def test_a_damaged_file_is_the_wearers_and_is_not_taken_for_empty(tmp_path: Path) -> None:
    (tmp_path / NOTES_NAME).write_text("[")
    with pytest.raises(UserError, match=r"notes\.json cannot be read"):
        read_notes(tmp_path)
