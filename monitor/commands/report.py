"""`backrelease report`: the page of a session, its figures as files, and a sheet for a teacher."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FileFormat(StrEnum):
    """What a figure can be written as; Typer reads a list of choices from an enumeration only."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("report", epilog="Example: backrelease report last --format png --teacher --open")(
        report
    )


def report(
    session: Annotated[
        str, typer.Argument(help="Name of a session (or its beginning), its folder, or last.")
    ] = "last",
    teacher: Annotated[
        bool,
        typer.Option("--teacher", help="Also one page of PDF for a teacher or therapist, on A4."),
    ] = False,
    formats: Annotated[
        list[FileFormat] | None,
        typer.Option("--format", help="Also each figure as such a file. May be said again."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write here, not into the session's folder.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Make the page of a session: what happened, how still, how the breath went, what it cued.

    The page is one file that needs nothing else: it can be kept, printed or given away.
    """
    import gc  # noqa: PLC0415

    gc.disable()  # a short process that throws nothing away: collecting costs it a tenth
    from monitor.home import make_private_folder, session_folder  # noqa: PLC0415
    from monitor.report import write_report  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415  # numpy

    folder = session_folder(session)
    result = result_of(folder)
    target = folder if out is None else make_private_folder(out)
    page = write_report(target, result, folder)
    typer.echo(page)
    if formats:
        from monitor.report.files import write_figures  # noqa: PLC0415

        for path in write_figures(target, result, [f.value for f in formats], folder):
            typer.echo(path)
    if teacher:
        from monitor.report.teacher import write_teacher_page  # noqa: PLC0415

        typer.echo(write_teacher_page(target, result, folder))
    if show:
        import webbrowser  # noqa: PLC0415

        webbrowser.open(page.resolve().as_uri())
