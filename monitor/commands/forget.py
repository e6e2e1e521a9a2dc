"""`backrelease forget`: sessions deleted for good."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer

from monitor.wrapped import wrapped


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("forget", epilog="Example: backrelease forget --before 2026-03-01")(forget)


def forget(
    session: Annotated[
        str | None, typer.Argument(help="Name of a session (or its beginning), or last.")
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE", formats=["%Y-%m-%d"], help="All sessions that began before this day."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete sessions for good: recordings, results, reports, notes and their place in the history."""
    from monitor import home  # noqa: PLC0415
    from monitor.errors import UserError, WrongUsage  # noqa: PLC0415
    from monitor.history import forget as forgetting  # noqa: PLC0415
    from monitor.history.index import History  # noqa: PLC0415

    if (session is None) == (before is None):
        raise WrongUsage(
            "say which session, or before which day",
            hint="backrelease forget SESSION, or backrelease forget --before 2026-03-01",
        )
    if before is not None:
        with History() as index:
            index.refresh()
            folders = forgetting.before(before.date(), index.rows())
    else:
        folders = [home.session_folder(session or "")]
    if not folders:
        raise UserError("there is no session before that day", hint="See: backrelease history")
    chosen = [forgetting.doomed(folder) for folder in folders]
    for one in chosen:
        typer.echo(one.line)
    total = f"{len(chosen)} session{'s' * (len(chosen) != 1)}, "
    total += f"{sum(one.n_bytes for one in chosen) / 1e6:.1f} MB"
    if not yes:
        if not sys.stdin.isatty():
            raise WrongUsage(
                f"nobody is there to be asked; {total} would go", hint="To delete them: add --yes"
            )
        if not typer.confirm(f"Delete {total} for good?"):
            typer.echo("Nothing was deleted.")
            return
    forgetting.forget(chosen)
    typer.echo(f"Deleted: {total}.")
    typer.echo(wrapped("Copies that you made yourself (backup, export) are still there."))
