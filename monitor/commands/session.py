"""`backrelease session`: a live session with sensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands import _session_options as options

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.config import Config
    from monitor.live.bridge import Bridge
    from monitor.live.course import CourseSettings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "session",
        epilog="Example: backrelease session --minutes 20 --extras",
    )(session)


def session(  # noqa: PLR0917  # a command has as many options as it has
    minutes: Annotated[
        float | None,
        typer.Option(
            min=1.5,
            max=120.0,
            help="Time in the position; arriving and getting up come on top. 15 unless set up "
            "otherwise.",
        ),
    ] = None,
    until_end_of: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAYLIST.m3u",
            help="End with a play list that you start together with the session.",
        ),
    ] = None,
    extras: Annotated[
        bool | None,
        typer.Option("--extras/--no-extras", help="Offer the optional movements one by one."),
    ] = None,
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet/--no-quiet", help="Say nothing during the rest, all afterwards."),
    ] = None,
    sensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACEMENT=NAME_OR_ADDRESS",
            help="Which sensor is worn where; repeat it for each. PLACEMENT heart takes any "
            "heart-rate sensor. Without it: those of `backrelease setup`, else a chest strap when "
            "exactly one is found.",
        ),
    ] = None,
    search: Annotated[
        float, typer.Option(min=1.0, max=120.0, help="Seconds to look for the sensors.")
    ] = 10.0,
    lsl: Annotated[
        bool,
        typer.Option(
            "--lsl",
            help="Send samples, angles and alerts to other programs of this network as Lab "
            "Streaming Layer streams while the session runs (needs pylsl).",
        ),
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help=options.PLAIN_HELP)] = False,
    every: Annotated[float, typer.Option(min=0.1, help=options.EVERY_HELP)] = 10.0,
    show: Annotated[bool, typer.Option("--open", help=options.OPEN_HELP)] = False,
) -> None:
    """Guide through a session, watch over it, record it, and report.

    First the legs are straight for a moment, then the knees bent; then you rest until a bell, and
    are led back up. Keys: space pauses, + adds five minutes, f finishes now, n leaves a step out,
    m marks a moment. Ctrl-C ends it in order at any time, and minutes are minutes.
    """
    import asyncio  # noqa: PLC0415
    from dataclasses import replace  # noqa: PLC0415

    from monitor import config  # noqa: PLC0415
    from monitor.alerts.settings import AlertSettings  # noqa: PLC0415
    from monitor.cues.choices import CueChoices  # noqa: PLC0415
    from monitor.cues.player import Cues  # noqa: PLC0415
    from monitor.fill import filled  # noqa: PLC0415
    from monitor.live.assignment import parse_sensors  # noqa: PLC0415  # bleak, numpy
    from monitor.live.pipeline import LiveSettings  # noqa: PLC0415
    from monitor.live.run import run_session  # noqa: PLC0415

    chosen = config.load()
    is_quiet = chosen.session.quiet if quiet is None else quiet
    course = course_settings(chosen, minutes, until_end_of, extras=extras, quiet=is_quiet)
    alerts = filled(AlertSettings(), chosen.alerts, f"{config.config_path()}: alerts")
    settings = LiveSettings(alerts=replace(alerts, quiet=is_quiet), height_m=chosen.wearer.height_m)
    choices = filled(CueChoices(), chosen.cues, f"{config.config_path()}: cues")
    wanted = parse_sensors(sensor or [])
    open_bridge = _lsl_bridge() if lsl else None
    before = options.ask_rating("before") if chosen.session.ask_rating else None
    typer.echo("Looking for sensors ...")
    with (
        options.chosen_view(plain=plain, every_s=every) as view,
        Cues(choices, on_trouble=view.note) as cues,
    ):
        end, folder = asyncio.run(
            run_session(
                wanted or chosen.sensors.worn(), view, course=course, search_s=search,
                wall_clock=options.wall_clock, settings=settings, before=before, cues=cues,
                open_bridge=open_bridge,
            )
        )  # fmt: skip
    after = options.ask_rating("after") if chosen.session.ask_rating else None
    options.keep_rating(folder, after)
    options.finish(folder, end, show=show)


def _lsl_bridge() -> Callable[[], Bridge]:
    """Opens the streams; a missing package is told before anybody lies down."""
    from functools import partial  # noqa: PLC0415

    from monitor.exchange.lsl import LslBridge  # noqa: PLC0415
    from monitor.exchange.session_data import needed  # noqa: PLC0415

    needed("pylsl", "lsl")
    return partial(LslBridge, options.wall_clock().strftime("%Y-%m-%dT%H-%M-%S"))


def course_settings(
    chosen: Config,
    minutes: float | None,
    until_end_of: Path | None,
    *,
    extras: bool | None,
    quiet: bool,
) -> CourseSettings:
    """What was chosen once, and what this command line says instead.

    Raises
    ------
    WrongUsage
        For two lengths, or for extras in a quiet session.
    UserError
        For a play list that cannot be read, or is too short or long for a session.
    """
    from monitor.errors import UserError, WrongUsage  # noqa: PLC0415
    from monitor.live.course import CourseSettings  # noqa: PLC0415
    from monitor.live.playlist import length_s  # noqa: PLC0415

    usual = chosen.session
    if extras and quiet:
        raise WrongUsage(
            "--extras speaks during the rest, --quiet does not", hint="Choose one of them."
        )
    if minutes is not None and until_end_of is not None:
        raise WrongUsage(
            "--minutes and --until-end-of both say how long it takes", hint="Choose one of them."
        )
    until_s = None
    long_minutes = minutes or usual.minutes
    if until_end_of is not None:
        until_s = length_s(until_end_of)
        if not 180.0 <= until_s <= 7200.0:  # arriving and getting up take one and a half minutes
            raise UserError(
                f"{until_end_of} lasts {until_s / 60.0:.0f} minutes, which is no session",
                hint="Choose a play list of 3 to 120 minutes.",
            )
        long_minutes = until_s / 60.0
        typer.echo(
            f"{until_end_of.name} lasts {until_s / 60.0:.0f} minutes: start it when you are asked to lie down."
        )
    return CourseSettings(
        minutes=long_minutes,
        until_s=until_s,
        extras=usual.extras and not quiet if extras is None else extras,
        bell_before_s=usual.bell_before_s,
        knee_guide_deg=usual.knee_guide_deg,
    )
