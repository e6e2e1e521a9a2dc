"""A copy of everything, also while a session runs: consistent, verified, and only what is new.

    <data folder>/                        DIR/backrelease/
        sessions/<finished>/*                 the same
        sessions/<running>/recording.mcap     up to its last whole record
        history.sqlite                        by SQLite's own backup
        everything else                       the same; and config.toml, wherever it lies

Each file is written beside its place, read back, held against what was read, and only then put
there: a backup that is interrupted has whole files, and the next one goes on where it stopped.
A file is new when its size or its time differs.  Nothing is ever deleted in a backup.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from monitor import home
from monitor.config import CONFIG_NAME, config_path
from monitor.errors import UserError
from monitor.history.index import INDEX_NAME, History
from monitor.recording.lock import is_held
from monitor.recording.whole import whole_length

FOLDER_NAME = "backrelease"
_PART_SUFFIX = ".part"  # of a file that is being written
_CHUNK = 1 << 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup did.

    Attributes
    ----------
    folder : Path
        Where it lies: usable as a data folder.
    n_written, n_bytes : int
        Files that were new, each read back.
    n_same : int
        Files that were there already.
    running : tuple of str
        Sessions that still run, copied up to their last whole record.
    only_there : tuple of str
        Sessions that the backup has and this computer has no more.
    """

    folder: Path
    n_written: int
    n_bytes: int
    n_same: int
    running: tuple[str, ...] = ()
    only_there: tuple[str, ...] = field(default=())


def backup(target: Path, tell: Progress | None = None) -> BackedUp:
    """Copy the whole data folder into ``target/backrelease``.

    Parameters
    ----------
    target : Path
        A folder on another disk, say; made if it is missing.
    tell : callable, optional
        Is told how many of the files are looked at.

    Raises
    ------
    UserError
        When there is nothing to copy, the target lies in the data folder, its disk is full, or
        what was read back is not what was written.
    """
    source = home.data_folder()
    if not source.is_dir():
        raise UserError(f"there is nothing to back up in {source}", hint="Make a session first.")
    folder = target / FOLDER_NAME
    if folder.resolve().is_relative_to(source.resolve()):
        raise UserError(
            f"{folder} lies inside {source}", hint="Choose a folder elsewhere, on another disk."
        )
    home.make_private_folder(folder)
    running = tuple(f.name for f in home.all_session_folders() if is_held(f / home.RECORDING_NAME))
    files = [(path, folder / path.relative_to(source)) for path in _files(source)]
    if config_path().is_file() and not config_path().is_relative_to(source):
        files.append((config_path(), folder / CONFIG_NAME))  # there, too, it is found
    n_written = n_bytes = n_same = 0
    with home.readable_errors(folder):
        for n_done, (path, copy) in enumerate(files):
            if tell is not None:
                tell(n_done, len(files))
            home.make_private_folder(copy.parent)
            is_running = path.name == home.RECORDING_NAME and path.parent.name in running
            size = _copied(path, copy, cut=is_running)
            if size is None:
                n_same += 1
            else:
                n_written, n_bytes = n_written + 1, n_bytes + size
        n_bytes += _index_copied(folder)
    if tell is not None:
        tell(len(files), len(files))
    here = {f.name for f in home.all_session_folders()}
    there = {f.name for f in (folder / "sessions").glob("*") if home.is_session(f)}
    return BackedUp(folder, n_written + 1, n_bytes, n_same, running, tuple(sorted(there - here)))


def _files(source: Path) -> Iterator[Path]:
    """Every file but the index and those that are just being written."""
    for path in sorted(source.rglob("*")):
        passing = path.name.startswith(".") or path.name.startswith(INDEX_NAME)
        if path.is_file() and not path.is_symlink() and not passing:
            yield path


def _copied(path: Path, copy: Path, *, cut: bool) -> int | None:
    """Copy one file; how many bytes were written, None when the copy has it already.

    A file that went in the meantime (a result that is made anew) is not there to be copied.
    """
    try:
        with path.open("rb") as file:
            times = os.fstat(file.fileno())
            if not cut and _is_same(times, copy):
                return None
            n_bytes = whole_length(path) if cut else times.st_size
            _write(file, n_bytes, copy)
    except FileNotFoundError:
        if path.exists():  # then it is the target that went
            raise
        return None
    if not cut:  # a cut copy keeps a time of its own, so that the next backup takes it again
        os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    return n_bytes


def _is_same(times: os.stat_result, copy: Path) -> bool:
    try:
        there = copy.stat()
    except FileNotFoundError:
        return False
    return (there.st_size, there.st_mtime_ns) == (times.st_size, times.st_mtime_ns)


def _write(file: BinaryIO, n_bytes: int, copy: Path) -> None:
    """Write the first `n_bytes` beside the copy's place, read them back, and put them there."""
    part = copy.with_name(copy.name + _PART_SUFFIX)
    digest = hashlib.sha256()
    try:
        with os.fdopen(home.open_private(part), "wb") as out:
            for piece in _pieces(file, n_bytes):
                digest.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        _verify(part, digest.digest())
        part.replace(copy)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _verify(part: Path, digest: bytes) -> None:
    with part.open("rb") as written:
        if hashlib.file_digest(written, "sha256").digest() != digest:
            raise UserError(
                f"{part} is not what was written: the disk does not keep what it is given",
                hint="Use another disk for the backup; nothing here was changed.",
            )


def _pieces(file: BinaryIO, n_bytes: int) -> Iterator[bytes]:
    left = n_bytes
    while left and (piece := file.read(min(left, _CHUNK))):
        left -= len(piece)
        yield piece


def _index_copied(folder: Path) -> int:
    """The index by SQLite's own backup, which waits for whoever writes it."""
    copy = folder / INDEX_NAME
    part = copy.with_name(copy.name + _PART_SUFFIX)
    try:
        os.close(home.open_private(part))
        with History() as index:
            index.save_copy(part)
        part.replace(copy)
    finally:
        part.unlink(missing_ok=True)
    return copy.stat().st_size
