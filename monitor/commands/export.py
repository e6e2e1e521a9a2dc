"""`backrelease export`: a session as files for any other program."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

# The names of monitor.exchange.formats, which --help does not wait for.
FORMAT_NAMES = ("csv", "json", "parquet", "edf", "bids", "fhir")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "export",
        epilog="Example: backrelease export last --format csv --format edf --out my-session",
    )(export)


def export(
    session: Annotated[
        str, typer.Argument(help="Name of a session (or its beginning), its folder, or last.")
    ] = "last",
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help=f"{', '.join(FORMAT_NAMES)}; repeat it for several. Without it csv: samples, "
            "epochs, movements, breaths and alerts as tables. bids is a Motion-BIDS dataset, fhir "
            "the summary as Observations.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to write; a folder 'export' in the session's."),
    ] = None,
) -> None:
    """Write a session in open formats: yours to keep, and for any other program."""
    wanted = format_ or ["csv"]
    unknown = [name for name in wanted if name not in FORMAT_NAMES]
    if unknown:
        raise typer.BadParameter(
            f"there is no format {unknown[0]!r}; choose from {', '.join(FORMAT_NAMES)}",
            param_hint="--format",
        )
    from monitor.exchange.formats import FORMATS, outgoing  # noqa: PLC0415  # numpy, decoders
    from monitor.exchange.session_csv import analyze_arguments  # noqa: PLC0415
    from monitor.home import make_private_folder, session_folder  # noqa: PLC0415

    folder = session_folder(session)
    leaving = outgoing(folder)
    target = make_private_folder(folder / "export" if out is None else out)
    for name in dict.fromkeys(wanted):
        for path in FORMATS[name].write(leaving, target):
            typer.echo(str(path))
    words = analyze_arguments(leaving.raw, target) if "csv" in wanted else []
    if words:  # to be copied: one command, however many lines
        arguments = " \\\n  ".join(shlex.quote(word) for word in words)
        typer.echo(f"\nread them back:\nbackrelease analyze {arguments}")
