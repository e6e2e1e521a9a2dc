"""`backrelease history`: all sessions, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.history.index import HistoryRow

_HEADING = (
    f"{'session':<23}{'min':>5}{'still':>7}{'breath':>8}{'knees':>9}{'alerts':>8}{'heard':>7}"
)
_MARKS = {  # how the source of a session that nobody lay through begins, and what is said of it
    "*": ("simulated", "simulated, nobody lay there"),
    "+": ("recording played", "played from a file by virtual sensors"),
}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("history", epilog="Example: backrelease history --last 10")(history)


def history(
    last: Annotated[int, typer.Option(min=1, help="How many, the newest at the bottom.")] = 20,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the index again from the session folders.")
    ] = False,
) -> None:
    """List the sessions on this computer."""
    from monitor.history.index import History  # noqa: PLC0415

    with History() as index:
        problems = index.rebuild() if rebuild or index.is_stale() else []
        rows = index.rows()
    if not rows and not problems:
        typer.echo("There is no session yet. Make one: backrelease demo")
        return
    for line in history_lines(rows[-last:]):
        typer.echo(line)
    if len(rows) > last:
        typer.echo(f"{len(rows) - last} older sessions: --last {len(rows)}")
    for problem in problems:
        typer.echo(f"not readable: {problem}", err=True)


def history_lines(rows: list[HistoryRow]) -> list[str]:
    """The table, at most 80 columns; what is unknown is a dash."""
    lines = [_HEADING] if rows else []
    for row in rows:
        knees = f"{_number(row.knee_left_deg)}/{_number(row.knee_right_deg)}"
        mark = next(
            (f" {m}" for m, (start, _) in _MARKS.items() if row.source.startswith(start)), ""
        )
        lines.append(
            f"{row.name:<23.22}{row.minutes:>5.1f}{_percent(row.stillness):>7}"
            f"{_number(row.breathing_per_min, '.1f'):>8}{knees:>9}{row.n_alerts:>8}"
            f"{_percent(row.coverage):>7}{mark}"
        )
    for mark, (start, footnote) in _MARKS.items():
        if any(row.source.startswith(start) for row in rows):
            lines.append(f"{mark} {footnote}")
    return lines


def _number(value: float | None, form: str = ".0f") -> str:
    return "-" if value is None else f"{value:z{form}}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100.0:.0f} %"
