"""`backrelease history`: all sessions, three months in pictures, two sessions side by side."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from monitor.history.index import Progress, Refreshed
    from monitor.history.row import HistoryRow

_LAST = 20
_LAST_HELP = "How many, the newest at the bottom."
_PLOT_HELP = "Make the page and the pictures of the last --days days."
_OUT_HELP = "Where --plot writes; without it, a folder history beside your sessions."
_DAYS_HELP = "Days in the calendar and in the trends."
_DAY_STARTS_HELP = (
    "Hour at which a day begins, so that a late session counts to its evening; by default "
    "what the section history of config.toml says, or 4."
)
_SIMULATED_HELP = "Plot the sessions that nobody lay through (demo, replays), and only those."
_SESSION_HELP = "Name of a session (or its beginning), its folder, or last."


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    group = typer.Typer(
        invoke_without_command=True, epilog="Example: backrelease history --plot --open"
    )
    group.callback()(history)
    group.command("compare", epilog="Example: backrelease history compare 2026-03-01 last")(compare)
    group.command("calendar", epilog="Example: backrelease history calendar --at 18:00")(calendar)
    group.command("rebuild", epilog="Example: backrelease history rebuild")(rebuild)
    app.add_typer(group, name="history")


def history(  # noqa: PLR0917  # a command has as many options as it has
    context: typer.Context,
    last: Annotated[int, typer.Option(min=1, help=_LAST_HELP)] = _LAST,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only sessions with this tag; repeat it for more.")
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="Under each session, what you noted of it.")
    ] = False,
    plot: Annotated[bool, typer.Option("--plot", help=_PLOT_HELP)] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=_OUT_HELP)] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    days: Annotated[int, typer.Option(min=14, max=3660, help=_DAYS_HELP)] = 90,
    day_starts_at: Annotated[int | None, typer.Option(min=0, max=23, help=_DAY_STARTS_HELP)] = None,
    streak: Annotated[
        bool, typer.Option("--streak", help="Count days in a row, too. Rest days are fine.")
    ] = False,
    simulated: Annotated[bool, typer.Option("--simulated", help=_SIMULATED_HELP)] = False,
) -> None:
    """List the sessions on this computer, or see three months of them with --plot."""
    if context.invoked_subcommand is not None:
        return
    rows, refreshed = _rows(tag)
    if plot or show:
        chosen = [row for row in rows if row.somebody_lay is not simulated]
        if rows and not chosen and not simulated:
            typer.echo("Nobody lay through these sessions. To see them: add --simulated")
        _plot(chosen, out, days=days, day_starts_at=day_starts_at, streak=streak, show=show)
        return
    _list(rows, last, tag, refreshed, notes=notes)


def history_at_once() -> None:
    """The bare command: the list, without the tenth of a second that reading options costs."""
    try:
        rows, refreshed = _rows(None)
        _list(rows, _LAST, None, refreshed, notes=False)
    except KeyboardInterrupt:
        sys.exit(130)  # as Typer does


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help=_SESSION_HELP)],
    second: Annotated[str, typer.Argument(metavar="B", help=_SESSION_HELP)] = "last",
    plot: Annotated[bool, typer.Option("--plot", help="Make a picture, too.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=_OUT_HELP)] = None,
) -> None:
    """Hold session B against session A over the same minutes in the position."""
    from monitor.errors import UserError  # noqa: PLC0415
    from monitor.history.compare import compare as held_against  # noqa: PLC0415  # numpy
    from monitor.history.compared_table import comparison_lines  # noqa: PLC0415
    from monitor.history.index import History  # noqa: PLC0415
    from monitor.history.row import row_of  # noqa: PLC0415
    from monitor.home import RECORDING_NAME, session_folder  # noqa: PLC0415
    from monitor.recording.lock import is_held  # noqa: PLC0415
    from monitor.session_notes import read_notes  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415

    folder_a, folder_b = session_folder(first), session_folder(second)
    for folder in (folder_a, folder_b):
        if is_held(folder / RECORDING_NAME):
            raise UserError(f"the session {folder.name} is running", hint="Wait until it is over.")
    result_a, result_b = result_of(folder_a), result_of(folder_b)
    row_a = row_of(folder_a.name, result_a, read_notes(folder_a))
    row_b = row_of(folder_b.name, result_b, read_notes(folder_b))
    with History() as index:
        index.refresh(_progress())
        rows = [row for row in index.rows() if row.somebody_lay is row_b.somebody_lay]
    compared = held_against((row_a, result_a), (row_b, result_b), rows)
    for line in comparison_lines(compared):
        typer.echo(line)
    if plot:
        from monitor.history.compared_figure import comparison  # noqa: PLC0415  # matplotlib
        from monitor.report.figures import png, svg  # noqa: PLC0415
        from monitor.result_file import write_bytes, write_text  # noqa: PLC0415

        stem = f"compare-{folder_a.name}-{folder_b.name}"
        pictures = [_folder(out) / f"{stem}.{kind}" for kind in ("png", "svg")]
        figure = comparison(result_a, result_b, compared)
        write_bytes(pictures[0], png(figure))
        write_text(pictures[1], svg(figure))
        typer.echo("\n" + "\n".join(map(str, pictures)))


def calendar(
    out: Annotated[
        Path, typer.Option(metavar="FILE.ics", help="The calendar file to write.")
    ] = Path("backrelease-plan.ics"),
    at: Annotated[str, typer.Option(metavar="HH:MM", help="When you want to lie down.")] = "18:00",
    days: Annotated[int, typer.Option(min=1, max=3660, help="For how many days.")] = 90,
    minutes: Annotated[int, typer.Option(min=1, max=120, help="How long each time.")] = 15,
    start: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="First day; today without it."),
    ] = None,
) -> None:
    """Write your practice plan as a file for any calendar program."""
    from monitor.exchange.ical import PracticePlan, clock_time, plan_as_ical  # noqa: PLC0415
    from monitor.result_file import write_bytes  # noqa: PLC0415

    now = datetime.now().astimezone()
    first = now.date() if start is None else start.date()
    plan = PracticePlan(first, clock_time(at), days, minutes)
    write_bytes(out, plan_as_ical(plan, made_at=now))
    typer.echo(f"{out}\n{days} days from {first} at {at}: open it with your calendar program.")


def rebuild() -> None:
    """Make the index of all sessions again from their folders."""
    from monitor.history.index import History  # noqa: PLC0415

    with History() as index:
        refreshed = index.rebuild(_progress())
        n = len(index.rows())
    typer.echo(f"{n} session{'s' * (n != 1)} in the history.")
    _tell(refreshed)


def _rows(tag: list[str] | None) -> tuple[list[HistoryRow], Refreshed]:
    from monitor.history.index import History  # noqa: PLC0415

    with History() as index:
        refreshed = index.refresh(_progress())
        return [row for row in index.rows() if set(tag or ()) <= set(row.tags)], refreshed


def _list(
    rows: list[HistoryRow], last: int, tag: list[str] | None, refreshed: Refreshed, *, notes: bool
) -> None:
    from monitor.history.table import LEGEND, table  # noqa: PLC0415

    if not rows and not refreshed.problems:
        if tag:
            typer.echo(f"No session has the tag {' and '.join(tag)}.")
        elif not refreshed.running:
            typer.echo("There is no session yet. Make one: backrelease demo")
    for line in table(rows[-last:], notes=notes):
        typer.echo(line)
    if rows:
        typer.echo(wrapped(LEGEND))
    if len(rows) > last:
        typer.echo(f"{len(rows) - last} older sessions: --last {len(rows)}")
    _tell(refreshed)


def _plot(
    rows: list[HistoryRow],
    out: Path | None,
    *,
    days: int,
    day_starts_at: int | None,
    streak: bool,
    show: bool,
) -> None:
    from monitor.config import load  # noqa: PLC0415
    from monitor.history.days import practice_day  # noqa: PLC0415
    from monitor.history.page import three_months, write_page  # noqa: PLC0415  # matplotlib
    from monitor.history.words import dose, summary  # noqa: PLC0415

    chosen = load().history
    hour = chosen.day_starts_at if day_starts_at is None else day_starts_at
    today: date = practice_day(datetime.now(), hour)  # noqa: DTZ005  # the wearer's clock
    months = three_months(
        rows, until=today, n_days=days, day_starts_at=hour, count_run=streak or chosen.streak
    )
    paths = write_page(_folder(out), months)
    typer.echo(wrapped(dose(months.days)))
    typer.echo(wrapped(summary(months.findings)))
    for finding in months.findings:
        if finding.n_known:
            typer.echo(wrapped(finding.sentence, lead="  ", hang="    "))
    if months.cues is not None:
        typer.echo(wrapped(months.cues.words))
    if months.run is not None:
        typer.echo(f"Most days in a row: {months.run}.")
    typer.echo("\n".join(map(str, paths)))
    if show:
        import webbrowser  # noqa: PLC0415

        webbrowser.open(paths[0].resolve().as_uri())


def _folder(out: Path | None) -> Path:
    from monitor import home  # noqa: PLC0415

    return home.make_private_folder(home.data_folder() / "history" if out is None else out)


def _tell(refreshed: Refreshed) -> None:
    for name in refreshed.running:
        typer.echo(f"running now: {name}")
    for problem in refreshed.problems:
        typer.echo(f"not readable: {problem}", err=True)


def _progress() -> Progress | None:
    """One line on a terminal's stderr while many folders are read."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        if total >= 10:
            line = f"reading sessions: {done} of {total}" if done < total else " " * 40
            sys.stderr.write(f"\r{line}\r" if done == total else f"\r{line}")
            sys.stderr.flush()

    return tell
