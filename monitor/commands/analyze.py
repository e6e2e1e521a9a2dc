"""`backrelease analyze`: CSV files in, a readable summary and the JSON contract out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands import _shared


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "analyze",
        epilog="Example: backrelease analyze chest=chest.csv left_thigh=thigh.csv.gz "
        "left_shank=shank.csv --straight 5:15 --bent 25:35 --json result.json",
    )(analyze)


def analyze(  # noqa: PLR0917  # a command has as many options as it has
    files: Annotated[
        list[str], typer.Argument(metavar="PLACEMENT=FILE...", help=_shared.FILES_HELP)
    ],
    fs: Annotated[float | None, typer.Option(metavar="HZ", help=_shared.FS_HELP)] = None,
    straight: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.STRAIGHT_HELP)] = None,
    bent: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.BENT_HELP)] = None,
    slide: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.SLIDE_HELP)] = None,
    json: Annotated[
        str | None, typer.Option(metavar="OUT", help="Write the result here as JSON; - is stdout.")
    ] = None,
) -> None:
    """Analyse recordings of any motion sensors from CSV files."""
    straight_s, bent_s = _shared.window(straight), _shared.window(bent)
    from monitor.exchange.csv_session import analyze_session, read_session  # noqa: PLC0415  # numpy
    from monitor.report.terminal import summary_text  # noqa: PLC0415
    from monitor.result_file import to_json, write_text  # noqa: PLC0415

    session = read_session(
        files,
        fs_hz=fs,
        straight=straight_s,
        bent=bent_s,
        slide=_shared.window(slide),
        progress=_shared.reading_progress(),
    )
    result = analyze_session(session)
    if json in {"-", "/dev/stdout"}:  # then nothing else may stand on stdout
        sys.stdout.flush()
        sys.stdout.buffer.write(to_json(result).encode())  # UTF-8, whatever the terminal speaks
        sys.stdout.buffer.flush()
        return
    if json is not None:
        write_text(Path(json), to_json(result), mode=0o600)
    sys.stdout.write(summary_text(result))
    if json is not None:
        sys.stdout.write(f"\nwritten: {json}\n")
