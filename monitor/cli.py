"""The command line: one Typer app; each command is one file in `monitor.commands`.

Command files import only Typer at their top.  What a command needs it imports when it runs, so
`--help` never waits for numpy, scipy, matplotlib or bleak.
"""

from __future__ import annotations

import sys

import typer

from monitor import __version__
from monitor.commands import (
    analyze,
    backup,
    cues,
    demo,
    doctor,
    export,
    forget,
    history,
    import_,
    note,
    replay,
    report,
    scan,
    sensors,
    session,
    setup,
    why,
)

app = typer.Typer(
    name="backrelease",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Listens to motion sensors while you lie in the Passive Back Release position, and "
    "shows how you relaxed. Start with: backrelease demo",
    epilog="Not a medical device. Everything stays on this computer.",
)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Show the version and leave."),
) -> None:
    if version:
        typer.echo(f"backrelease {__version__}")
        raise typer.Exit


for _command in (
    *(demo, scan, setup, session, sensors, analyze, report, why, history, note, cues),
    *(replay, import_, export, forget, backup, doctor),
):
    _command.register(app)


def run() -> None:
    """Run the program; errors that carry a hint end with one clear message and status 1 or 2."""
    try:
        if sys.argv[1:] == ["history"]:
            history.history_at_once()
        else:
            app()
    except Exception as error:
        hint = getattr(error, "hint", None)
        if hint is None:
            raise
        sys.stderr.write(f"backrelease: {error}\n")
        if hint:
            sys.stderr.write(f"  hint: {hint}\n")
        sys.exit(getattr(error, "status", 1))
