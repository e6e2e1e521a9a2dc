"""The history: an SQLite index over the session folders.

The folders are the truth.  The index only makes listing quick, and `rebuild` makes it again from
them: delete it, copy folders in from another computer, it comes right.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType

from monitor import home
from monitor.errors import UserError
from monitor.result import SessionResult

INDEX_NAME = "history.sqlite"
_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One session in the list; None is unknown."""

    name: str
    started_at: str | None
    minutes: float
    source: str
    n_alerts: int
    stillness: float | None
    breathing_per_min: float | None
    knee_left_deg: float | None
    knee_right_deg: float | None
    coverage: float | None


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
        """Put a session into the index, or replace it."""
        with self._changing():
            self._insert(row_of(folder.name, result))

    def rebuild(self) -> list[str]:
        """Make the index again from the folders.

        Returns
        -------
        list of str
            A sentence for each folder that could not be read.
        """
        from monitor.stored import result_of  # noqa: PLC0415  # it may have to decode

        problems: list[str] = []
        with self._changing():
            self._db.execute("DELETE FROM sessions")
            for folder in home.all_session_folders():
                try:
                    self._insert(row_of(folder.name, result_of(folder)))
                except UserError as error:
                    problems.append(f"{folder.name}: {error}")
        return problems

    def rows(self) -> list[HistoryRow]:
        """All sessions, oldest first."""
        names = ", ".join(f.name for f in fields(HistoryRow))
        found = self._db.execute(f"SELECT {names} FROM sessions ORDER BY name")  # noqa: S608
        return [HistoryRow(*row) for row in found]

    def is_stale(self) -> bool:
        """Whether folders came or went since the index was made."""
        indexed = {name for (name,) in self._db.execute("SELECT name FROM sessions")}
        return indexed != {f.name for f in home.all_session_folders()}

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
                columns = ", ".join(f.name for f in fields(HistoryRow) if f.name != "name")
                db.execute("DROP TABLE IF EXISTS sessions")
                db.execute(f"CREATE TABLE sessions (name TEXT PRIMARY KEY, {columns})")
                db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _insert(self, row: HistoryRow) -> None:
        marks = ", ".join("?" * len(fields(HistoryRow)))
        self._db.execute(f"INSERT OR REPLACE INTO sessions VALUES ({marks})", astuple(row))  # noqa: S608

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One transaction; what the disk refuses is said in words."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: sqlite3.OperationalError) -> UserError:
        return UserError(
            f"cannot write the history {self._path}: {error}",
            hint="Sessions are safe in their folders; free space, then: backrelease history",
        )


def row_of(name: str, result: SessionResult) -> HistoryRow:
    """The row of one session."""
    analysis = result.analysis

    def value(key: str) -> float | None:
        estimate = analysis.summary.get(key)
        return None if estimate is None else estimate.value

    coverages = [s.coverage for s in analysis.sensors.values()]
    return HistoryRow(
        name=name,
        started_at=result.started_at,
        minutes=analysis.duration_s / 60.0,
        source=result.source,
        n_alerts=len(result.alerts),
        stillness=value("still_share"),
        breathing_per_min=value("breathing_per_min"),
        knee_left_deg=value("knee_left_deg"),
        knee_right_deg=value("knee_right_deg"),
        coverage=min(coverages) if coverages else None,
    )
