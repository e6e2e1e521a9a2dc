"""`backrelease session`: a live session with sensors."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.commands import _session_options as options


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "session",
        epilog='Example: backrelease session --minutes 15 --sensor chest="Polar H10 51A0B234" '
        "--sensor left_thigh=WT901BLE67 --sensor left_shank=WT901BLE68",
    )(session)


def session(  # noqa: PLR0917  # a command has as many options as it has
    minutes: Annotated[
        float, typer.Option(min=1.5, max=120.0, help="Length, from the first cue to standing.")
    ] = 15.0,
    sensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACEMENT=NAME_OR_ADDRESS",
            help="Which sensor is worn where; repeat it for each. PLACEMENT heart takes any "
            "heart-rate sensor. Without it a chest strap is taken when exactly one is found.",
        ),
    ] = None,
    search: Annotated[
        float, typer.Option(min=1.0, max=120.0, help="Seconds to look for the sensors.")
    ] = 10.0,
    plain: Annotated[bool, typer.Option("--plain", help=options.PLAIN_HELP)] = False,
    every: Annotated[float, typer.Option(min=0.1, help=options.EVERY_HELP)] = 10.0,
    show: Annotated[bool, typer.Option("--open", help=options.OPEN_HELP)] = False,
) -> None:
    """Record a session, watch over it, and report. Ctrl-C ends it in order at any time."""
    import asyncio  # noqa: PLC0415

    from monitor.live.assignment import parse_sensors  # noqa: PLC0415  # bleak, numpy
    from monitor.live.run import run_session  # noqa: PLC0415

    wanted = parse_sensors(sensor or [])
    typer.echo("Looking for sensors ...")
    with options.chosen_view(plain=plain, every_s=every) as view:
        end, folder = asyncio.run(
            run_session(
                wanted, view, minutes=minutes, search_s=search, wall_clock=options.wall_clock
            )
        )
    options.finish(folder, end, show=show)
