"""`backrelease import`: a session folder from files of other programs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
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
        list[str],
        typer.Argument(
            metavar="PLACEMENT=FILE... | FILE",
            help=f"{_shared.FILES_HELP} CSV files of Polar Sensor Logger, Movesense, phyphox and "
            "Sensor Logger are read as they are. Or one file of a whole session: .edf, .mcap "
            "(a recording of ours), or a Motion-BIDS folder.",
        ),
    ],
    fs: Annotated[float | None, typer.Option(metavar="HZ", help=_shared.FS_HELP)] = None,
    straight: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.STRAIGHT_HELP)] = None,
    bent: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.BENT_HELP)] = None,
    started_at: Annotated[
        str | None,
        typer.Option(metavar="ISO", help="When it began; without it what the file says, or now."),
    ] = None,
) -> None:
    """Make a session from other files, so that report, history and export work on it."""
    straight_s, bent_s = _shared.window(straight), _shared.window(bent)
    began = _moment(started_at)
    from monitor.history.index import History  # noqa: PLC0415
    from monitor.report.terminal import summary_text  # noqa: PLC0415

    if len(files) == 1 and "=" not in files[0]:
        from monitor.exchange.whole_files import import_whole  # noqa: PLC0415  # numpy

        folder, result = import_whole(
            Path(files[0]).expanduser(), started_at=began, straight=straight_s, bent=bent_s
        )
    else:
        from monitor.exchange.session_csv import import_session  # noqa: PLC0415  # numpy

        folder, result = import_session(
            files,
            started_at=began or datetime.now().astimezone(),
            fs_hz=fs,
            straight=straight_s,
            bent=bent_s,
            progress=_shared.reading_progress(),
        )
    with History() as history:
        history.add(folder, result)
    typer.echo(summary_text(result))
    if len(folder.name) > len("2026-03-01T18-30-05"):  # a name with -2 behind it
        typer.echo(
            "Another session that began in that second is here already: if it is the same one, its "
            f"minutes now count twice. Then: backrelease forget {folder.name}",
            err=True,
        )
    typer.echo(f"imported: {folder}\nnext: backrelease report {folder.name}")


def _moment(text: str | None) -> datetime | None:
    """A date and time with its offset; local time where none is written."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(
            f"expected a date and time such as 2026-03-01T18:30, got {text!r}"
        ) from error
