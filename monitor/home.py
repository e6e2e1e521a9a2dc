"""Where a wearer's sessions live: one private folder, one folder a session.

    <data folder>/                        0700   BACKRELEASE_HOME, or the platform's usual place
        history.sqlite                    0600   index, rebuilt from the folders at any time
        sessions/2026-03-01T18-30-05/     0700
            recording.mcap                0600   what arrived, raw: never changed, never rebuilt
            result.json  report.html ...  0600   made from the recording, may be made again

Folders are made private whatever the umask is: the modes are set again after making them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from monitor.errors import UserError

HOME_VARIABLE = "BACKRELEASE_HOME"
RECORDING_NAME = "recording.mcap"
RESULT_NAME = "result.json"
IMPORT_NAME = "import.json"  # how to read the files of an imported session
_FOLDER_MODE = 0o700  # the files are the wearer's alone
_FILE_MODE = 0o600


def data_folder() -> Path:
    """Return the data folder, which may not exist yet."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_dir  # noqa: PLC0415  # needed only without the variable

    return Path(user_data_dir("backrelease", appauthor=False))


def sessions_folder() -> Path:
    """Return the folder of all session folders, which may not exist yet."""
    return data_folder() / "sessions"


def make_private_folder(folder: Path) -> Path:
    """Make a folder, and its parents, that only its owner can enter.

    Raises
    ------
    UserError
        When it cannot be made; the message names the folder and the reason.
    """
    with readable_errors(folder):
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            path.chmod(_FOLDER_MODE)
    return folder


def new_session_folder(started_at: datetime) -> Path:
    """Make the folder of a session that starts now; a second one in the same second gets ``-2``."""
    make_private_folder(data_folder())
    parent = make_private_folder(sessions_folder())
    stem = started_at.strftime("%Y-%m-%dT%H-%M-%S")
    for n in range(1, 1000):
        folder = parent / (stem if n == 1 else f"{stem}-{n}")
        with readable_errors(folder):
            try:
                folder.mkdir(mode=_FOLDER_MODE)
            except FileExistsError:
                continue
            folder.chmod(_FOLDER_MODE)
            return folder
    raise UserError(
        f"a thousand sessions started in the second {stem}", hint="Wait a second and start again."
    )


def open_private(path: Path, flags: int = os.O_WRONLY | os.O_CREAT | os.O_TRUNC) -> int:
    """Open a file that only its owner can read, and return the descriptor."""
    with readable_errors(path):
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), _FILE_MODE)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, _FILE_MODE)
        return descriptor


def all_session_folders() -> list[Path]:
    """Every folder that holds a recording, a result or imported files, oldest first."""
    parent = sessions_folder()
    if not parent.is_dir():
        return []
    with readable_errors(parent):
        return sorted(
            (f for f in parent.iterdir() if is_session(f)), key=lambda f: _sort_key(f.name)
        )


def session_folder(name_or_last: str) -> Path:
    """Find a session by its folder's name, the beginning of it, a path, or the word ``last``.

    Raises
    ------
    UserError
        When there is no such session, or the beginning fits several.
    """
    as_path = Path(name_or_last).expanduser()
    if as_path.is_dir() and is_session(as_path):
        return as_path
    folders = all_session_folders()
    if not folders:
        raise UserError(
            f"there is no session yet in {sessions_folder()}", hint="Make one: backrelease demo"
        )
    if name_or_last == "last":
        return folders[-1]
    exact = [f for f in folders if f.name == name_or_last]
    found = exact or [f for f in folders if f.name.startswith(name_or_last)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f.name for f in found[:5])
        raise UserError(
            f"{name_or_last!r} fits {len(found)} sessions: {names}", hint="Give more of the name."
        )
    raise UserError(
        f"there is no session {name_or_last!r} in {sessions_folder()}",
        hint=f"The latest is {folders[-1].name}; see them all with: backrelease history",
    )


def is_session(folder: Path) -> bool:
    """Whether a folder holds a recording, a result or imported files."""
    return any((folder / name).is_file() for name in (RECORDING_NAME, RESULT_NAME, IMPORT_NAME))


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals at `path` into a `UserError` with the way out."""
    try:
        yield
    except OSError as error:
        is_ours = path.absolute().is_relative_to(data_folder().absolute())
        elsewhere = "Give another folder."  # one that was named on the command line
        if is_ours:
            elsewhere = f"Choose another folder with {HOME_VARIABLE}."
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise UserError(
                f"the disk is full: cannot write {path}",
                hint=f"Free some space, or {elsewhere[0].lower()}{elsewhere[1:]}",
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise UserError(
                f"no permission to use {path} ({error.strerror})",
                hint=elsewhere,
            ) from error
        raise UserError(
            f"cannot use {path}: {error.strerror or error}",
            hint=elsewhere,
        ) from error


def _sort_key(name: str) -> tuple[str, int]:
    """``…-10`` comes after ``…-2``."""
    stem, _, number = name[19:].partition("-")
    return name[:19] + stem, int(number) if number.isdecimal() else 1
