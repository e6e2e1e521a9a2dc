"""`backrelease replay`: the same raw bytes through the same program again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands import _session_options as options
from monitor.commands import _shared
from monitor.commands.demo import RadioChoice
from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from monitor.recording.replay import Replay
    from monitor.result import SessionResult


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "replay",
        epilog="Example: backrelease replay last --set alerts.enter_deg=6   Or, with CSV files: "
        "backrelease replay chest=chest.csv --through-radio",
    )(replay)


def replay(  # noqa: PLR0917  # a command has as many options as it has
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="SESSION|FILE|PLACEMENT=FILE.csv...",
            help="A session's name, last, a recording.mcap, or CSV files with --through-radio.",
        ),
    ],
    json: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the result here as JSON.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Try another setting, as often as you like: alerts.enter_deg=12, "
            "alerts.budget_min=10, alerts.chest.enter_deg=15, alerts.off=lean.",
        ),
    ] = None,
    through_radio: Annotated[
        bool,
        typer.Option("--through-radio", help="Let virtual sensors play CSV files to a session."),
    ] = False,
    straight: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.STRAIGHT_HELP)] = None,
    bent: Annotated[str | None, typer.Option(metavar="A:B", help=_shared.BENT_HELP)] = None,
    fs: Annotated[float | None, typer.Option(metavar="HZ", help=_shared.FS_HELP)] = None,
    radio: Annotated[
        RadioChoice, typer.Option(help="bumble: whole Bluetooth stacks; memory: none.")
    ] = RadioChoice.AUTO,
) -> None:
    """Send a recording through the program again, with the same settings or others.

    With the same settings it gives the same alerts at the same seconds; with others (--set) it
    shows what would have been found and told.
    """
    poses = {"straight": _shared.window(straight), "bent": _shared.window(bent)}
    from monitor.errors import WrongUsage  # noqa: PLC0415

    is_csv = all("=" in word for word in what)
    if is_csv != through_radio or (not is_csv and len(what) > 1):
        raise WrongUsage(
            f"cannot replay {' '.join(what)!r} like this",
            hint="Give one session or recording, or CSV files as PLACEMENT=FILE with "
            "--through-radio. Without the radio, CSV files are for: backrelease analyze",
        )
    if is_csv:
        _through_radio(what, json, radio, fs_hz=fs, **poses)
        return
    from monitor.recording.reader import read_recording  # noqa: PLC0415  # numpy, decoders
    from monitor.recording.replay import recorded_settings  # noqa: PLC0415
    from monitor.recording.replay import replay as run  # noqa: PLC0415

    recording = read_recording(_recording_path(what[0]))
    from monitor.alerts.choose import chosen  # noqa: PLC0415

    recorded, tried = recorded_settings(recording), set_ or []
    settings = dataclasses.replace(recorded, alerts=chosen(recorded.alerts, tried))
    replayed = run(recording, settings)
    _write_json(json, replayed.result)
    for line in replay_lines(replayed, tried):
        typer.echo(line)


def replay_lines(replayed: Replay, tried: Sequence[str]) -> list[str]:
    """What was found then, and what is found and told now."""
    from monitor.alerts.explain import clock, short  # noqa: PLC0415

    result = replayed.result
    lines = [f"{result.source}, {result.analysis.duration_s / 60.0:.1f} minutes"]
    if not replayed.whole:
        lines.append("The recording has no end: the program was stopped. All before is here.")
    then = set(replayed.said)
    said = [(alert, "only then") for alert in then - set(result.alerts)]
    for entry in result.ledger:
        when = "then and now" if entry.alert in then else "only now"
        said.append((entry.alert, f"{when}, {short(entry)}"))
    for alert, words in sorted(said, key=lambda pair: (pair[0].t_s, pair[0].kind, pair[0].side)):
        lines.append(wrapped(f"{words}: {alert.reason}", lead=f"{clock(alert.t_s)}  "))
    n, n_told = len(then), sum(1 + len(e.told_again_s) for e in result.ledger if e.delivered_s)
    how = f"with {' and '.join(tried)}" if tried else "with the settings of the session"
    lines.append(
        wrapped(
            f"{n} alert{'s' * (n != 1)} then, {len(result.alerts)} {how}, "
            f"and {n_told} cue{'s' * (n_told != 1)} for them."
        )
    )
    return lines


def _recording_path(what: str) -> Path:
    from monitor.errors import UserError  # noqa: PLC0415
    from monitor.home import RECORDING_NAME, session_folder  # noqa: PLC0415

    path = Path(what).expanduser()
    if not path.is_file():
        path = session_folder(what) / RECORDING_NAME
    if not path.is_file():
        raise UserError(
            f"{path.parent} holds no recording: it was imported",
            hint="Look at it with: backrelease report",
        )
    return path


def _write_json(path: Path | None, result: SessionResult) -> None:
    if path is not None:
        from monitor.result_file import to_json, write_text  # noqa: PLC0415

        write_text(path, to_json(result))


def _through_radio(
    files: list[str],
    json: Path | None,
    radio: RadioChoice,
    *,
    fs_hz: float | None,
    straight: _shared.Window | None,
    bent: _shared.Window | None,
) -> None:
    """CSV files become virtual sensors, and those a session like any other."""
    from monitor.exchange.csv_replay import LEAD_S, as_sensors, play_csv  # noqa: PLC0415
    from monitor.exchange.csv_session import read_session  # noqa: PLC0415
    from monitor.live.virtual_run import RADIO_WORDS, radio_kind  # noqa: PLC0415

    session = read_session(files, fs_hz=fs_hz, straight=straight, bent=bent)
    played = as_sensors(session.data)
    kind = radio_kind(radio.value)
    typer.echo(wrapped(f"{RADIO_WORDS[kind]}.", lead="radio    "))
    moved_s = LEAD_S - session.shift_s
    typer.echo(f"Second 0 of the files is second {moved_s:g} of the session.")
    for placement, n in played.n_left_out.items():
        if n:
            typer.echo(
                f"{placement}: {n} rows cannot be sent; where they are unknown it is silent."
            )
    with options.chosen_view(plain=True, every_s=60.0) as view:
        end, folder = play_csv(
            played, session.poses, view, options.wall_clock,
            source=f"recording played by virtual sensors: {', '.join(files)}", radio=kind,
        )  # fmt: skip
    options.finish(folder, end, show=False)
    _write_json(json, end.result)
