"""`backrelease cues`: hear beforehand what a session may say, and see what can work here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from monitor.cues.channel import Channel
    from monitor.cues.choices import CueChoices

cues = typer.Typer(
    no_args_is_help=True,
    help="Bells, speech and other ways of reaching you: what works here, and how it sounds.",
    epilog="Example: backrelease cues try bell",
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(cues, name="cues")


@cues.command("list", epilog="Example: backrelease cues list")
def list_() -> None:
    """Say which channels can work on this computer, and what to install for the others."""
    from monitor.cues.choices import channels  # noqa: PLC0415

    choices = _choices()
    for name, channel in channels(choices.volume).items():
        ability = channel.ability()
        used = [w for w in ("alerts", "guidance") if name in getattr(choices, w)]
        what = f"works, by {ability.by}" if ability.can else f"not here. {ability.hint}"
        used_for = f" (used for {' and '.join(used)})" if used else ""
        typer.echo(wrapped(f"{what}{used_for}", lead=f"{name:<9} "))
    typer.echo("Hear them: backrelease cues try   Choose: [cues] in the configuration file.")


@cues.command("try", epilog="Example: backrelease cues try speech")
def try_(
    channel: Annotated[
        str | None, typer.Argument(metavar="[CHANNEL]", help="One channel only; see: cues list")
    ] = None,
    volume: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Instead of the one you have chosen.")
    ] = None,
    wav: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Write the bells there as WAV files.")
    ] = None,
) -> None:
    """Give one cue of each kind through each channel, and say what each is for."""
    from monitor.cues.choices import channels  # noqa: PLC0415
    from monitor.errors import UserError, WrongUsage  # noqa: PLC0415

    choices = _choices()
    loudness = choices.volume if volume is None else volume
    known = channels(loudness)
    if wav is not None:
        _write_bells(wav, loudness)
        return
    wanted = {name: c for name, c in known.items() if channel in {None, name}}
    if not wanted:
        raise WrongUsage(f"there is no channel {channel!r}", hint=f"There is {', '.join(known)}.")
    n_worked = sum(_try(c) for c in wanted.values())
    if not n_worked:
        raise UserError("nothing could be given", hint="See what to install: backrelease cues list")


def _try(channel: Channel) -> bool:
    from monitor.cues.channel import CueFailed  # noqa: PLC0415
    from monitor.cues.message import EXAMPLES  # noqa: PLC0415

    ability = channel.ability()
    if not ability.can:
        typer.echo(wrapped(f"not here. {ability.hint}", lead=f"{channel.name:<9} "))
        return False
    for words, message in EXAMPLES:
        if channel.needs_words and not message.text:
            continue
        typer.echo(f"{channel.name:<9} {words}")
        try:
            channel.give(message)
        except CueFailed as error:
            typer.echo(wrapped(f"failed: {error}. {error.hint}", lead=" " * 10))
            return False
    return True


def _write_bells(folder: str, volume: float) -> None:
    from pathlib import Path  # noqa: PLC0415

    from monitor.cues.bell import bell, wav  # noqa: PLC0415
    from monitor.cues.message import EXAMPLES  # noqa: PLC0415
    from monitor.home import readable_errors  # noqa: PLC0415
    from monitor.result_file import write_bytes  # noqa: PLC0415

    place = Path(folder).expanduser()
    with readable_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    for _words, message in EXAMPLES:
        path = place / f"{message.kind}-{message.level}.wav"
        write_bytes(path, wav(bell(message.kind, message.level, volume=volume)))
        typer.echo(f"{path}")


def _choices() -> CueChoices:
    from monitor import config  # noqa: PLC0415
    from monitor.cues.choices import CueChoices  # noqa: PLC0415
    from monitor.fill import filled  # noqa: PLC0415

    return filled(CueChoices(), config.load().cues, "cues")
