"""`backrelease doctor`: what stands in the way of a session, and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from monitor.checks.finding import Finding


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("doctor", epilog="Example: backrelease doctor")(doctor)


def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not listen for sensors, which takes 3 s.")
    ] = False,
) -> None:
    """Check this computer and say what to do; status 0 when a session can run."""
    from monitor.checks.doctor import can_run, findings  # noqa: PLC0415
    from monitor.checks.doctor_radio import radio  # noqa: PLC0415
    from monitor.home import data_folder  # noqa: PLC0415

    found = []
    for finding in findings(data_folder()):
        found.append(finding)
        _show(finding)
    if can_run(found) and not quick:  # before that a listen could only fail, or end us on macOS
        for finding in radio():
            found.append(finding)
            _show(finding)
    if not can_run(found):
        typer.echo("\nA session cannot run yet; `backrelease demo` needs no Bluetooth.")
        raise typer.Exit(1)
    typer.echo("\nA session can run.")


def _show(finding: Finding) -> None:
    typer.echo(wrapped(finding.what, lead=f"{'ok' if finding.ok else 'LOOK HERE':<10} "))
    if finding.remedy and not finding.ok:
        typer.echo(wrapped(finding.remedy, lead=f"{'':<10} -> "))
