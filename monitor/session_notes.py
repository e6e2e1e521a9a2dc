"""What the wearer says of a session: how it felt before and after, tags, a note.

It lies in the session's folder as ``notes.json``, apart from what was measured: it cannot be made
again from the recording, and making the result again must not touch it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monitor.errors import UserError

NOTES_NAME = "notes.json"
LOWEST, HIGHEST = 0, 10


@dataclass(frozen=True, slots=True)
class Rating:
    """How the wearer feels, 0 to 10 each; None where they did not say.

    Attributes
    ----------
    comfort : int or None
        0 much discomfort, 10 none at all.
    calm : int or None
        0 tense, 10 entirely calm.
    """

    comfort: int | None = None
    calm: int | None = None

    def __post_init__(self) -> None:
        for name in ("comfort", "calm"):
            value = getattr(self, name)
            if value is not None and not LOWEST <= value <= HIGHEST:
                raise UserError(
                    f"{name} cannot be {value}", hint=f"Give a number from {LOWEST} to {HIGHEST}."
                )


@dataclass(frozen=True, slots=True)
class SessionNotes:
    """What the wearer said of one session."""

    before: Rating = Rating()
    after: Rating = Rating()
    tags: tuple[str, ...] = ()
    text: str = ""


def read_notes(folder: Path) -> SessionNotes:
    """The notes of a session's folder; empty ones where nothing was said.

    Raises
    ------
    UserError
        When the file is there and cannot be read: it is the wearer's, and is not overwritten.
    """
    path = folder / NOTES_NAME
    try:
        said = json.loads(path.read_text("utf-8"))
        return SessionNotes(
            before=_rating(said.get("before", {})),
            after=_rating(said.get("after", {})),
            tags=tuple(str(t) for t in said.get("tags", ())),
            text=str(said.get("text", "")),
        )
    except FileNotFoundError:
        return SessionNotes()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UserError(
            f"the notes {path} cannot be read: {error}",
            hint="Mend the file with an editor, or move it away.",
        ) from error


def write_notes(folder: Path, notes: SessionNotes) -> None:
    """Write the notes into a session's folder, whole or not at all."""
    from monitor.result_file import write_text  # noqa: PLC0415  # numpy; reading notes needs none

    text = json.dumps(asdict(notes), ensure_ascii=False, indent=2)
    write_text(folder / NOTES_NAME, text + "\n")


def _rating(said: Mapping[str, Any]) -> Rating:
    return Rating(said.get("comfort"), said.get("calm"))
