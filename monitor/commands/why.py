"""`backrelease why`: what each alert of a session was about, and what was done."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.wrapped import wrapped


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("why", epilog="Example: backrelease why last 2")(why)


def why(
    session: Annotated[
        str, typer.Argument(metavar="SESSION", help="A session's name, its beginning, or last.")
    ] = "last",
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="One alert only, counted from 1.")
    ] = None,
) -> None:
    """Explain each alert: what was seen, by which rule, what was done, and what followed.

    An alert that was withheld (too soon after another, snoozed, a day without cues) is explained,
    too. To see what other settings would have done: backrelease replay --help
    """
    from monitor import home  # noqa: PLC0415
    from monitor.alerts.explain import clock, explained  # noqa: PLC0415
    from monitor.errors import UserError  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415  # numpy

    if session.isdecimal() and number is None and len(session) < 4:
        session, number = "last", int(session)  # `why 2` is about the last session
    folder = home.session_folder(session)
    ledger = result_of(folder).ledger
    if number is not None and not 1 <= number <= len(ledger):
        n = len(ledger)
        raise UserError(
            f"session {folder.name} has {n} alert{'s' * (n != 1)}, none is number {number}",
            hint=f"See them all: backrelease why {folder.name}",
        )
    if not ledger:
        typer.echo(f"In session {folder.name} there was nothing to alert to.")
        return
    for k, entry in enumerate(ledger, start=1):
        if number in {None, k}:
            typer.echo(wrapped(explained(entry), lead=f"{k:2d}  {clock(entry.alert.t_s)}  "))
            if entry.rule and entry.rule not in entry.alert.reason:
                typer.echo(wrapped(f"The rule: {entry.rule}.", lead=" " * 11))
