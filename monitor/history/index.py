"""The history: an SQLite index over the session folders.

The folders are the truth.  The index only makes listing quick: `refresh` reads again those folders
that changed since, `rebuild` all of them.  Delete it, copy folders in from another computer, it
comes right.

A folder has changed when its own time or that of its notes is not the one that the index knows.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from monitor import home
from monitor.errors import UserError
from monitor.history.row import HistoryRow, row_of
from monitor.session_notes import NOTES_NAME, read_notes

if TYPE_CHECKING:
    from monitor.result import SessionResult

INDEX_NAME = "history.sqlite"
_SCHEMA_VERSION = 3
_COLUMNS = tuple(f.name for f in fields(HistoryRow))
_FLAGS = ("ended_early", "cues_on")  # SQLite knows no truth values

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh found: a sentence for each folder that cannot be read, and what still runs."""

    problems: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a folder, and when it had last changed before."""

    name: str
    stamp: int
    row: HistoryRow | None = None
    problem: str = ""


class History:
    """The index, opened for one command.

    Raises
    ------
    UserError
        When the data folder cannot be used.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folder = home.make_private_folder(folder or home.data_folder())
        self._path = folder / INDEX_NAME
        if not self._path.exists():
            with home.readable_errors(self._path):
                os.close(home.open_private(self._path))
        try:
            self._db = self._open()
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error
        except sqlite3.DatabaseError:  # a damaged index is no loss: the folders are the truth
            with home.readable_errors(self._path):
                self._path.unlink()
                os.close(home.open_private(self._path))
            self._db = self._open()

    def __enter__(self) -> History:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Close the index."""
        self._db.close()

    def add(self, folder: Path, result: SessionResult) -> None:
        """Put a session into the index, or replace it; the last thing done with its folder."""
        row = row_of(folder.name, result, read_notes(folder))
        with self._changing():
            self._put(_Read(folder.name, folder_stamp(folder), row))

    def remove(self, name: str) -> None:
        """Take a session out; what the index knew of it is overwritten, not only unlinked."""
        with self._changing():
            self._forget(name)

    def refresh(self, tell: Progress | None = None) -> Refreshed:
        """Read the folders that came or changed, drop those that went.

        Cheap when nothing did: two looks at every folder's times.

        Parameters
        ----------
        tell : callable, optional
            Is told how many of the changed folders are read.
        """
        known = dict(self._db.execute("SELECT name, stamp FROM stamps"))
        found = folder_stamps(home.sessions_folder())
        changed = sorted(name for name, stamp in found.items() if known.get(name) != stamp)
        read, running = _read_again(changed, tell)
        out = (known.keys() - found.keys()) | (set(changed) - {r.name for r in read})
        out &= known.keys()
        if out or read:
            with self._changing():
                for name in out:
                    self._forget(name)
                for one in read:
                    self._put(one)
        problems = self._db.execute("SELECT problem FROM stamps WHERE problem != '' ORDER BY name")
        return Refreshed(tuple(p for (p,) in problems), running)

    def rebuild(self, tell: Progress | None = None) -> Refreshed:
        """Make the index again from all folders."""
        with self._changing():
            self._db.execute("DELETE FROM sessions")
            self._db.execute("DELETE FROM stamps")
        return self.refresh(tell)

    def rows(self) -> list[HistoryRow]:
        """All sessions, oldest first."""
        found = self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM sessions ORDER BY name")  # noqa: S608
        return [_row(values) for values in found]

    def save_copy(self, path: Path) -> None:
        """Write a consistent copy of the index, also while another command changes it."""
        with contextlib.closing(sqlite3.connect(path)) as copy:
            self._db.backup(copy)
            [(verdict,)] = copy.execute("PRAGMA integrity_check")
        if verdict != "ok":
            raise UserError(
                f"the copy {path} of the history is damaged: {verdict}",
                hint="It can be made again from the folders: backrelease history rebuild",
            )

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete = ON")  # what is forgotten leaves no text behind
            if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
                columns = ", ".join(name for name in _COLUMNS if name != "name")
                for table in ("sessions", "stamps"):
                    db.execute(f"DROP TABLE IF EXISTS {table}")
                db.execute(f"CREATE TABLE sessions (name TEXT PRIMARY KEY, {columns})")
                db.execute("CREATE TABLE stamps (name TEXT PRIMARY KEY, stamp, problem)")
                db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _put(self, read: _Read) -> None:
        self._forget(read.name)
        if read.row is not None:
            values = [getattr(read.row, name) for name in _COLUMNS]
            values[_COLUMNS.index("tags")] = json.dumps(read.row.tags, ensure_ascii=False)
            marks = ", ".join("?" * len(values))
            self._db.execute(f"INSERT INTO sessions VALUES ({marks})", values)  # noqa: S608
        stamp = (read.name, read.stamp, read.problem)
        self._db.execute("INSERT INTO stamps VALUES (?, ?, ?)", stamp)

    def _forget(self, name: str) -> None:
        for table in ("sessions", "stamps"):
            self._db.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One transaction; what the disk refuses is said in words."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: sqlite3.OperationalError) -> UserError:
        return UserError(
            f"cannot write the history {self._path}: {error}",
            hint="Sessions are safe in their folders; free space, then: backrelease history",
        )


def folder_stamps(parent: Path) -> dict[str, int]:
    """Every folder in `parent` with the time it last changed, in nanoseconds."""
    if not parent.is_dir():
        return {}
    with home.readable_errors(parent):
        return {f.name: folder_stamp(Path(f.path)) for f in os.scandir(parent) if f.is_dir()}


def folder_stamp(folder: Path) -> int:
    """When something came into a folder or went, or its notes were edited."""
    try:
        notes_ns = os.stat(os.path.join(folder, NOTES_NAME)).st_mtime_ns  # noqa: PTH116, PTH118  # quick
    except OSError:
        notes_ns = 0
    return max(folder.stat().st_mtime_ns, notes_ns)


def _read_again(names: list[str], tell: Progress | None) -> tuple[list[_Read], tuple[str, ...]]:
    """What the folders hold, and which of them are sessions that still run."""
    folders = [home.sessions_folder() / name for name in names]
    folders = [f for f in folders if home.is_session(f)]
    if not folders:
        return [], ()
    from monitor.recording.lock import is_held  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415  # numpy; it may have to decode

    read: list[_Read] = []
    running: list[str] = []
    for n_done, folder in enumerate(folders):
        if tell is not None:
            tell(n_done, len(folders))
        if is_held(folder / home.RECORDING_NAME):
            running.append(folder.name)  # it is read when it is over
            continue
        stamp, had_result = folder_stamp(folder), (folder / home.RESULT_NAME).is_file()
        try:
            row = row_of(folder.name, result_of(folder), read_notes(folder))
        except UserError as error:
            read.append(_Read(folder.name, stamp, problem=f"{folder.name}: {error}"))
            continue
        if not had_result:  # it has one now, by our own doing
            stamp = folder_stamp(folder)
        read.append(_Read(folder.name, stamp, row))
    if tell is not None:
        tell(len(folders), len(folders))
    return read, tuple(running)


def _row(values: tuple[Any, ...]) -> HistoryRow:
    known = dict(zip(_COLUMNS, values, strict=True))
    known["tags"] = tuple(json.loads(known["tags"]))
    for flag in _FLAGS:
        known[flag] = None if known[flag] is None else bool(known[flag])
    return HistoryRow(**known)
