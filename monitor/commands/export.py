"""`backrelease export`: a session as CSV tables for any other program."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("export", epilog="Example: backrelease export last --out my-session")(export)


def export(
    session: Annotated[
        str, typer.Argument(help="Name of a session (or its beginning), its folder, or last.")
    ] = "last",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to write; a folder 'export' in the session's."),
    ] = None,
) -> None:
    """Write the samples, epochs, alerts and heart beats of a session as CSV files."""
    from monitor.exchange.session_csv import analyze_arguments, export_session, raw_session  # noqa: PLC0415
    from monitor.home import make_private_folder, session_folder  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415

    folder = session_folder(session)
    raw, result = raw_session(folder), result_of(folder)
    target = make_private_folder(folder / "export" if out is None else out)
    for path in export_session(raw, result, target):
        typer.echo(str(path))
    words = analyze_arguments(raw, target)
    if words:  # to be copied: one command, however many lines
        arguments = " \\\n  ".join(shlex.quote(word) for word in words)
        typer.echo(f"\nread them back:\nbackrelease analyze {arguments}")
