"""`backrelease import`: a session folder from CSV files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from monitor.commands import _shared


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "import",
        epilog="Example: backrelease import chest=chest.csv left_thigh=thigh.csv "
        "left_shank=shank.csv --straight 5:15 --bent 25:35 --started-at 2026-03-01T18:30",
    )(import_files)


def import_files(
    files: Annotated[
        list[str], typer.Argument(metavar="PLACEMENT=FILE...", help=_shared.FILES_HELP)
    ],
    fs: Annotated[float | None, typer.Option(metavar="HZ", help=_shared.FS_HELP)] = None,
    straight: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.STRAIGHT_HELP)] = None,
    bent: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.BENT_HELP)] = None,
    started_at: Annotated[
        str | None,
        typer.Option(metavar="ISO", help="When it began; without it, the moment of importing."),
    ] = None,
) -> None:
    """Make a session from CSV files, so that report, history and export work on it."""
    straight_s, bent_s = _shared.window(straight), _shared.window(bent)
    began = _moment(started_at)
    from monitor.exchange.session_csv import import_session  # noqa: PLC0415  # numpy
    from monitor.history.index import History  # noqa: PLC0415
    from monitor.report.terminal import summary_text  # noqa: PLC0415

    folder, result = import_session(
        files,
        started_at=began,
        fs_hz=fs,
        straight=straight_s,
        bent=bent_s,
        progress=_shared.reading_progress(),
    )
    with History() as history:
        history.add(folder, result)
    typer.echo(summary_text(result))
    typer.echo(f"imported: {folder}\nnext: backrelease report {folder.name}")


def _moment(text: str | None) -> datetime:
    """A date and time with its offset; local time where none is written."""
    if text is None:
        return datetime.now().astimezone()
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(
            f"expected a date and time such as 2026-03-01T18:30, got {text!r}"
        ) from error
