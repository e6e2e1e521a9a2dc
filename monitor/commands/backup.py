"""`backrelease backup`: a verified copy of all sessions, also while one runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from monitor.history.backup import BackedUp, Progress


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("backup", epilog="Example: backrelease backup /media/usb-stick")(backup)


def backup(
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to; a folder backrelease is made in it.")
    ],
) -> None:
    """Copy all your sessions; what is there already is not copied again, nothing is deleted there."""
    from monitor.history.backup import backup as copy_all  # noqa: PLC0415

    for line in backup_lines(copy_all(target, _progress())):
        typer.echo(line)


def backup_lines(done: BackedUp) -> list[str]:
    """What a backup did, in lines of at most 80 columns."""
    files = f"{done.n_written} file{'s' * (done.n_written != 1)}"
    lines = [
        str(done.folder),
        f"{files} written and read back, {done.n_bytes / 1e6:.1f} MB; {done.n_same} were there.",
    ]
    lines += [f"running: {name}, copied up to now; run it again later." for name in done.running]
    if done.only_there:
        n = len(done.only_there)
        lines.append(
            wrapped(
                f"Only there: {n} session{'s' * (n != 1)} that this computer has no more "
                f"({', '.join(done.only_there[:3])}{' …' if n > 3 else ''}). Delete "
                f"{'them' if n != 1 else 'it'} there by hand if nothing should be left."
            )
        )
    lines.append(wrapped(f"To look into it: BACKRELEASE_HOME={done.folder} backrelease history"))
    return lines


def _progress() -> Progress | None:
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        words = f"\r{done} of {total} files" if done < total else "\r" + " " * 30 + "\r"
        sys.stderr.write(words)
        sys.stderr.flush()

    return tell
