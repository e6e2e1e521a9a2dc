"""`backrelease report`: one page and one picture of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("report", epilog="Example: backrelease report last --open")(report)


def report(
    session: Annotated[
        str, typer.Argument(help="Name of a session (or its beginning), its folder, or last.")
    ] = "last",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write here, not into the session's folder.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Make the page and the picture of a session again."""
    from monitor.home import session_folder  # noqa: PLC0415
    from monitor.report import write_report  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415  # numpy

    folder = session_folder(session)
    result = result_of(folder)
    target = folder if out is None else out
    target.mkdir(parents=True, exist_ok=True)
    page = write_report(target, result, folder)
    typer.echo(page)
    if show:
        import webbrowser  # noqa: PLC0415

        webbrowser.open(page.resolve().as_uri())
