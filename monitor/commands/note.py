"""`backrelease note`: what the wearer says of a session."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.session_notes import Rating, SessionNotes

_RATING_HELP = (
    "how you felt {}: comfort (10 no discomfort) and calm (10 entirely calm), 0 to 10; - skips."
)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "note", epilog='Example: backrelease note last --after 7 8 --tag evening "neck let go"'
    )(note)


def note(  # noqa: PLR0917  # a command has as many options as it has
    session: Annotated[
        str, typer.Argument(help="Name of a session (or its beginning), its folder, or last.")
    ] = "last",
    text: Annotated[str | None, typer.Argument(help="What you want to remember.")] = None,
    before: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="COMFORT CALM", help=_RATING_HELP.format("before").capitalize()),
    ] = None,
    after: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="COMFORT CALM", help=_RATING_HELP.format("after").capitalize()),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A word to find it by; repeat it for more.")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Forget first what was said of it before.")
    ] = False,
) -> None:
    """Keep how a session felt. Without any option it asks, and Enter skips a question."""
    from monitor.home import session_folder  # noqa: PLC0415
    from monitor.session_notes import SessionNotes, read_notes, write_notes  # noqa: PLC0415

    folder = session_folder(session)
    notes = SessionNotes() if clear else read_notes(folder)
    said = SessionNotes(_rating(before), _rating(after), tuple(tag or ()), text or "")
    if said == SessionNotes() and not clear and sys.stdin.isatty():
        said = _asked(folder)
    notes = together(notes, said)
    if said != SessionNotes() or clear:
        write_notes(folder, notes)
    for line in notes_lines(folder, notes):
        typer.echo(line)


def together(was: SessionNotes, said: SessionNotes) -> SessionNotes:
    """What was said before, and what is said now: numbers are replaced, words are added."""
    from monitor.session_notes import Rating, SessionNotes  # noqa: PLC0415

    def newer(a: Rating, b: Rating) -> Rating:
        return Rating(
            a.comfort if b.comfort is None else b.comfort, a.calm if b.calm is None else b.calm
        )

    return SessionNotes(
        newer(was.before, said.before),
        newer(was.after, said.after),
        tuple(dict.fromkeys((*was.tags, *said.tags))),
        "\n".join(part for part in (was.text, said.text) if part),
    )


def notes_lines(folder: Path, notes: SessionNotes) -> list[str]:
    """The notes as they are now."""
    lines = [f"session  {folder.name}"]
    for name, rating in (("before", notes.before), ("after", notes.after)):
        if (rating.comfort, rating.calm) != (None, None):
            comfort, calm = ("-" if v is None else str(v) for v in (rating.comfort, rating.calm))
            lines.append(f"{name:<9}comfort {comfort}, calm {calm}")
    if notes.tags:
        lines.append(f"tags     {', '.join(notes.tags)}")
    lines += [f"note     {line}" for line in notes.text.splitlines()]
    return lines if len(lines) > 1 else [*lines, "nothing noted yet"]


def _rating(words: tuple[str, str] | None) -> Rating:
    from monitor.session_notes import Rating  # noqa: PLC0415

    return Rating() if words is None else Rating(*(_number(word) for word in words))


def _number(word: str) -> int | None:
    from monitor.errors import WrongUsage  # noqa: PLC0415
    from monitor.session_notes import HIGHEST, LOWEST  # noqa: PLC0415

    if word.strip() in {"", "-"}:
        return None
    if not word.strip().isdecimal() or not LOWEST <= int(word) <= HIGHEST:
        raise WrongUsage(
            f"{word!r} is no rating",
            hint=f"Give whole numbers from {LOWEST} to {HIGHEST}, or - for one you skip.",
        )
    return int(word)


def _asked(folder: Path) -> SessionNotes:
    """Ask for everything; Enter skips."""
    from monitor.session_notes import Rating, SessionNotes  # noqa: PLC0415

    typer.echo(f"{folder.name}: whole numbers from 0 to 10; Enter skips.")
    questions = (
        "Comfort before (10: no discomfort)",
        "Calm before (10: entirely calm)",
        "Comfort after",
        "Calm after",
    )
    numbers = [number_asked(question) for question in questions]
    tags = typer.prompt("Tags, with a space between", default="", show_default=False)
    text = typer.prompt("Anything to remember", default="", show_default=False)
    return SessionNotes(Rating(*numbers[:2]), Rating(*numbers[2:]), tuple(tags.split()), text)


def number_asked(question: str) -> int | None:
    """Ask for a rating until it is one; Enter skips, which is None."""
    from monitor.errors import WrongUsage  # noqa: PLC0415

    while True:
        try:
            return _number(typer.prompt(question, default="", show_default=False))
        except WrongUsage as error:
            typer.echo(f"{error}. {error.hint}")
