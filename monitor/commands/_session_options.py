"""What `session` and `demo` have in common: the view, the start and the end of a session."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import typer

from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from monitor.live.session import SessionEnd, View
    from monitor.session_notes import Rating

PLAIN_HELP = "Print lines instead of a panel; also when the output is no terminal."
EVERY_HELP = "Seconds of session time between the lines of --plain."
OPEN_HELP = "Open the report in the browser afterwards."


def wall_clock() -> datetime:
    """Now, with the offset of this place."""
    from datetime import datetime  # noqa: PLC0415

    return datetime.now().astimezone()


def ask_rating(when: Literal["before", "after"]) -> Rating | None:
    """Comfort and calm from 0 to 10, each skipped with Enter; nothing is asked where nobody sits."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    from monitor.commands.note import number_asked  # noqa: PLC0415
    from monitor.session_notes import Rating  # noqa: PLC0415

    typer.echo(f"How are you {when} the session? Whole numbers from 0 to 10; Enter skips.")
    comfort = number_asked("Comfort (10: no discomfort)")
    calm = number_asked("Calm (10: entirely calm)")
    return None if comfort is calm is None else Rating(comfort, calm)


def keep_rating(folder: Path, after: Rating | None) -> None:
    """Put how it felt afterwards beside what was said before."""
    if after is None:
        return
    from dataclasses import replace  # noqa: PLC0415

    from monitor.session_notes import read_notes, write_notes  # noqa: PLC0415

    write_notes(folder, replace(read_notes(folder), after=after))


@contextlib.contextmanager
def chosen_view(*, plain: bool, every_s: float) -> Iterator[View]:
    """A drawn screen on a terminal, lines elsewhere; keys wherever somebody can type."""
    from monitor.live.keys import keyboard  # noqa: PLC0415
    from monitor.screen.view import PlainView, ScreenView  # noqa: PLC0415

    with keyboard() as keys:
        if plain or not sys.stdout.isatty():
            yield PlainView(_line, every_s=every_s, keys=keys)
            return
        from rich.console import Console  # noqa: PLC0415

        with ScreenView(Console(), keys) as view:
            yield view


def finish(folder: Path, end: SessionEnd, *, show: bool) -> None:
    """Write result, report and history, and say in a few lines what came of it."""
    from monitor.report.words import headline  # noqa: PLC0415
    from monitor.session_files import stored_words, write_outputs  # noqa: PLC0415

    result = end.result
    page = write_outputs(folder, result, stored_s=end.stored_s)
    how = "Ended early, in order," if end.stopped else "Finished"
    lain = f", {end.position_s / 60.0:.1f} of them in the position" if end.position_s else ""
    typer.echo(f"\n{how} after {end.t_end_s / 60.0:.1f} minutes{lain}.")
    if end.stored_s is not None:
        typer.echo(
            wrapped(f"Only {stored_words(end.stored_s, result)}: the disk refused the rest.")
        )
    typer.echo(wrapped(headline(result)))
    for alert in result.alerts:
        minutes, seconds = divmod(int(alert.t_s), 60)
        typer.echo(wrapped(alert.reason, lead=f"  {minutes:02d}:{seconds:02d}  "))
    typer.echo(f"session  {folder}")
    typer.echo(f"report   {page}")
    if show:
        import webbrowser  # noqa: PLC0415

        webbrowser.open(page.resolve().as_uri())


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
