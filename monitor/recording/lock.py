"""Whether a recording is being written now: the writer holds a lock that dies with its process.

The system gives it back when the program ends, also by `kill -9`, so no lock is ever left over.
Where the file system knows no locks nobody seems to be writing.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 62  # a byte that no recording reaches: Windows lets nobody read what is locked

    def hold(descriptor: int) -> None:
        """Say that this process writes the file behind `descriptor`, until it is closed."""
        with suppress(OSError):
            _try(descriptor)

    def _try(descriptor: int) -> None:
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, at, os.SEEK_SET)

else:
    import fcntl

    def hold(descriptor: int) -> None:
        """Say that this process writes the file behind `descriptor`, until it is closed."""
        with suppress(OSError):
            _try(descriptor)

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether some process, this one included, writes the recording at `path` now.

    Examples
    --------
    >>> is_held(Path("no such file"))
    False
    """
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        _try(descriptor)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
