"""`backrelease setup`: once, before the first session."""

from __future__ import annotations

import contextlib
import enum
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from devices.link import Found, Radio
    from monitor.config import Config
    from monitor.live.tap_setup import Answer

_KEYS = {"n": "next", "b": "back"}


class Step(enum.StrEnum):
    """What is set up, in this order."""

    SENSORS = "sensors"
    HEIGHT = "height"
    CUES = "cues"
    MINUTES = "minutes"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "setup",
        epilog='Example: backrelease setup --sensor chest="Polar H10 51A0B234" --height 1.75',
    )(setup)


def setup(  # a command has as many options as it has
    steps: Annotated[
        list[Step] | None, typer.Argument(help="Only these; without any, all in order.")
    ] = None,
    sensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACEMENT=NAME_OR_ADDRESS",
            help="Worn where, instead of tapping; repeat it for each.",
        ),
    ] = None,
    height: Annotated[
        float | None, typer.Option(help="Your height in metres (or centimetres), for leg lengths.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=1.5, max=120.0, help="Usual time in the position.")
    ] = None,
    search: Annotated[
        float, typer.Option(min=1.0, max=120.0, help="Seconds to look for the sensors.")
    ] = 10.0,
) -> None:
    """Find your sensors by tapping each twice, and store your height and choices.

    You are asked for one place after the other: strap the sensor on, tap it twice, done. Enter
    keeps what a question shows. Each answer is stored at once, so Ctrl-C loses nothing. Any step
    can be done again alone, as in: backrelease setup cues. The file is yours to edit.
    """
    from monitor import config  # noqa: PLC0415
    from monitor.errors import WrongUsage  # noqa: PLC0415

    is_told = any(v is not None for v in (sensor, height, minutes))
    chosen = config.load()
    wanted = set(steps or ([] if is_told else Step))
    asks = _asks()
    unasked = wanted - {Step.SENSORS}
    if unasked and not asks:
        raise WrongUsage(
            f"nobody can be asked for {' and '.join(sorted(unasked))}: this is no terminal",
            hint="Give --sensor, --height or --minutes instead.",
        )
    if sensor or Step.SENSORS in wanted:
        _sensors(chosen, sensor or [], search)
    if height is not None or (Step.HEIGHT in wanted and asks):
        _height(chosen, height)
    if Step.CUES in wanted and asks:
        _cues(chosen)
    if minutes is not None or (Step.MINUTES in wanted and asks):
        _minutes(chosen, minutes)
    typer.echo(f"\nstored   {config.config_path()}")
    typer.echo("Next: backrelease session")


def _asks() -> bool:
    return sys.stdin.isatty()


# --- sensors -----------------------------------------------------------------------------------


def _sensors(chosen: Config, named: Sequence[str], search_s: float) -> None:
    import asyncio  # noqa: PLC0415

    from devices.link import SYSTEM_RADIO  # noqa: PLC0415  # bleak
    from monitor.live.keys import keyboard  # noqa: PLC0415

    typer.echo("Switch all sensors on. Looking for them ...")
    with keyboard() as keys, _voice(chosen) as tell:

        def answers() -> list[Answer]:
            return [_KEYS[letter] for letter in keys.typed() if letter in _KEYS]  # type: ignore[misc]  # both are answers

        assigned = asyncio.run(find_sensors(named, search_s, tell, answers, SYSTEM_RADIO))
    for placement, found in assigned.items():
        typer.echo(f"  {placement.replace('_', ' '):<12} {found.advert.name or '(no name)'}")


async def find_sensors(
    named: Sequence[str],
    search_s: float,
    tell: Callable[[str], None],
    answers: Callable[[], Sequence[Answer]],
    radio: Radio,
) -> Mapping[str, Found]:
    """Scan, assign by name or by taps, and store who is worn where.

    Raises
    ------
    UserError
        When there is nothing to assign, and when no sensor was tapped; nothing is stored then.
    """
    from devices.link import scan  # noqa: PLC0415
    from devices.supported import ABILITIES  # noqa: PLC0415
    from monitor import config  # noqa: PLC0415
    from monitor.errors import UserError  # noqa: PLC0415
    from monitor.live.assignment import all_found, assign, label, parse_sensors  # noqa: PLC0415
    from monitor.live.heart_worn import HEART, WORN_AT  # noqa: PLC0415
    from monitor.live.tap_assignment import STRAPS  # noqa: PLC0415
    from monitor.live.tap_setup import assign_by_taps, tappable  # noqa: PLC0415

    wanted = parse_sensors(named)
    found = await scan(search_s, radio, lambda seen: all_found(wanted, seen))
    if wanted:
        assigned = assign(wanted, found)
    else:
        able = tappable(found)
        if not able:
            raise UserError(
                "no sensor was found that could be tapped",
                hint="Switch sensors on (a chest strap when it is worn, damp) and close other apps "
                "that hold them. What is near: backrelease scan --all",
            )
        typer.echo(f"{len(able)} found: {', '.join(label(f) for f in able)}.")
        typer.echo(wrapped(STRAPS))
        typer.echo("Keys: n nothing is worn there   b back to the one before   Ctrl-C stop\n")
        assigned = await assign_by_taps(able, radio, tell, answers)
        belts = [f for f in found if f.driver and ABILITIES[f.driver.name].clock is None]
        if len(belts) == 1:  # a heart-rate belt feels no taps, and one cannot be mistaken
            assigned[HEART] = belts[0]
        if not assigned:
            raise UserError(
                "no sensor was tapped, so nothing was stored",
                hint="Try again, or name them: backrelease setup --sensor chest=NAME",
            )
    stored: dict[str, Any] = dict.fromkeys(WORN_AT)
    for placement, one in assigned.items():
        stored[placement] = {
            "name": one.advert.name or "",
            "address": one.advert.address,
            "driver": one.driver.name if one.driver else "",
        }
    config.store({"sensors": stored})
    return assigned


@contextlib.contextmanager
def _voice(chosen: Config) -> Iterator[Callable[[str], None]]:
    """Print what is told, and speak it where the wearer's cues can."""
    from monitor.cues.choices import CueChoices  # noqa: PLC0415
    from monitor.cues.message import Message  # noqa: PLC0415
    from monitor.cues.player import Cues  # noqa: PLC0415
    from monitor.cues.speech import Speech  # noqa: PLC0415
    from monitor.fill import filled  # noqa: PLC0415

    choices = filled(CueChoices(), chosen.cues, "cues")
    speaks = "speech" in choices.guidance and Speech().ability().can
    with Cues(choices) if speaks else contextlib.nullcontext() as cues:

        def tell(words: str) -> None:
            if words:
                typer.echo(wrapped(words))
            if words and cues is not None:
                cues.give(Message(words))

        yield tell


# --- the wearer --------------------------------------------------------------------------------


def _height(chosen: Config, given: float | None) -> None:
    from monitor import config  # noqa: PLC0415
    from monitor.errors import WrongUsage  # noqa: PLC0415

    was = chosen.wearer.height_m

    def stored(value: float) -> None:
        metres = value / 100.0 if value > 3.0 else value  # nobody is 3 m tall, nor 3 cm
        try:
            config.WearerSettings(metres)
        except ValueError as error:
            raise WrongUsage(str(error), hint="Give metres or centimetres, as 1.75.") from error
        config.store({"wearer": {"height_m": round(metres, 3)}})

    if given is not None:
        stored(given)
        return
    _asked_number("Your height in metres", was, stored)


def _minutes(chosen: Config, given: float | None) -> None:
    from monitor import config  # noqa: PLC0415

    def stored(value: float) -> None:
        config.store({"session": {"minutes": value}})

    if given is not None:
        stored(given)
        return
    typer.echo(wrapped("Fifteen minutes a day is the usual dose; shorter ones count as well."))
    _asked_number("Minutes in the position", chosen.session.minutes, stored)


def _asked_number(question: str, was: float | None, stored: Callable[[float], None]) -> None:
    """Ask until it can be stored; Enter keeps what was."""
    from monitor.errors import UserError  # noqa: PLC0415

    while True:
        said = typer.prompt(question, default="" if was is None else f"{was:g}").strip()
        if not said or (was is not None and said == f"{was:g}"):
            return
        try:
            stored(float(said.replace(",", ".")))
        except ValueError:
            typer.echo(f"{said!r} is no number.")
        except UserError as error:
            typer.echo(f"{error}. {error.hint}")
        else:
            return


def _cues(chosen: Config) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    from monitor import config  # noqa: PLC0415
    from monitor.cues.choices import CueChoices, channels  # noqa: PLC0415
    from monitor.errors import UserError  # noqa: PLC0415
    from monitor.fill import filled  # noqa: PLC0415

    was = filled(CueChoices(), chosen.cues, "cues")
    typer.echo("How cues can reach you on this computer:")
    for channel_name, channel in channels().items():
        ability = channel.ability()
        typer.echo(wrapped(f"yes, by {ability.by}" if ability.can else f"no. {ability.hint}",
                           lead=f"  {channel_name:<9} "))  # fmt: skip
    questions = (
        ("alerts", "Alerts, the first that works"),
        ("guidance", "What to do next, the first that works"),
    )
    for name, question in questions:
        before = " ".join(getattr(was, name))
        while True:
            said = str(typer.prompt(question, default=before)).replace(",", " ").split()
            if said == before.split():
                break
            try:
                filled(CueChoices(), {**asdict(was), name: said}, "cues")
            except UserError as error:
                typer.echo(f"{error}. {error.hint}")
                continue
            config.store({"cues": {name: said}})
            break
    typer.echo("Hear them: backrelease cues try")
