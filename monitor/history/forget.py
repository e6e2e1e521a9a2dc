"""Deleting sessions for good: whole folders in the sessions folder only, never a running one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from monitor import home
from monitor.errors import UserError
from monitor.history.index import History
from monitor.history.row import HistoryRow
from monitor.recording.lock import is_held


@dataclass(frozen=True, slots=True)
class Doomed:
    """A session that is to be deleted."""

    folder: Path
    n_files: int
    n_bytes: int

    @property
    def line(self) -> str:
        """What will go, for the question."""
        files = f"{self.n_files} file{'s' * (self.n_files != 1)}"
        return f"{self.folder.name:<23}{files:>10}{self.n_bytes / 1e6:>10.1f} MB"


def doomed(folder: Path) -> Doomed:
    """A session's folder with all that is in it.

    Raises
    ------
    UserError
        When it is not one of the sessions of this program, or still running.
    """
    if folder.is_symlink() or folder.resolve().parent != home.sessions_folder().resolve():
        raise UserError(
            f"{folder} is not in {home.sessions_folder()}, so it is not deleted",
            hint="Only sessions of this program are; delete other folders yourself.",
        )
    if is_held(folder / home.RECORDING_NAME):
        raise UserError(
            f"the session {folder.name} is running", hint="End it first: Ctrl-C where it runs."
        )
    with home.readable_errors(folder):
        files = [f for f in folder.rglob("*") if f.is_symlink() or not f.is_dir()]
        return Doomed(folder, len(files), sum(f.lstat().st_size for f in files))


def before(day: date, rows: Sequence[HistoryRow]) -> list[Path]:
    """Folders of all sessions that began before a day, oldest first.

    A session that the index does not know, because it cannot be read, goes by its folder's name.
    """
    began = {row.name: row.began.date() for row in rows if row.began is not None}
    folders = home.all_session_folders()
    return [f for f in folders if (began.get(f.name) or _day_in(f.name)) < day]


def forget(chosen: Sequence[Doomed]) -> None:
    """Delete sessions, one after the other, each from the disk and then from the index.

    Raises
    ------
    UserError
        When one cannot be deleted; those before it are gone.
    """
    with History() as index:
        for one in chosen:
            doomed(one.folder)  # the question may have stood for long
            with home.readable_errors(one.folder):
                shutil.rmtree(one.folder)
            index.remove(one.folder.name)


def _day_in(name: str) -> date:
    try:
        return date.fromisoformat(name[:10])
    except ValueError:
        return date.max  # nobody knows when it was: it is not deleted by a date
