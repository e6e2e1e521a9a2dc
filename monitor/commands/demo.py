"""`backrelease demo`: a whole simulated session, held against the truth."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands import _session_options as options
from monitor.wrapped import wrapped

if TYPE_CHECKING:
    from monitor.live.demo_run import DemoScore, ErrorFigure


class RadioChoice(enum.StrEnum):
    """Which virtual radio carries the sensors."""

    AUTO = "auto"
    BUMBLE = "bumble"
    MEMORY = "memory"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("demo", epilog="Example: backrelease demo --minutes 15 --open")(demo)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.01 <= value <= 1e4:
        raise typer.BadParameter(f"expected max or a factor from 0.01 to 10000, got {text!r}")
    return value


def demo(  # noqa: PLR0917  # a command has as many options as it has
    minutes: Annotated[float, typer.Option(min=1.5, max=120.0, help="Length of session.")] = 15.0,
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="Times real time; max is as fast as possible.")
    ] = "max",
    seed: Annotated[int, typer.Option(min=0, help="Chooses the person and their day.")] = 0,
    radio: Annotated[
        RadioChoice, typer.Option(help="bumble: whole Bluetooth stacks; memory: none.")
    ] = RadioChoice.AUTO,
    plain: Annotated[bool, typer.Option("--plain", help=options.PLAIN_HELP)] = False,
    every: Annotated[float, typer.Option(min=0.1, help=options.EVERY_HELP)] = 60.0,
    show: Annotated[bool, typer.Option("--open", help=options.OPEN_HELP)] = False,
) -> None:
    """Run a session without any sensor: a simulated wearer, and everything else real."""
    factor = _speed(speed)
    from monitor.home import RECORDING_NAME  # noqa: PLC0415
    from monitor.live import demo_run, virtual_run  # noqa: PLC0415  # numpy, bleak
    from monitor.recording.reader import read_recording  # noqa: PLC0415

    kind = virtual_run.radio_kind(radio.value)
    settings = demo_run.DemoSettings(minutes, seed, factor, kind)
    typer.echo(f"A simulated person lies down for {minutes:g} minutes, wearing five sensors.")
    typer.echo(wrapped(f"{virtual_run.RADIO_WORDS[kind]}.", lead="radio    ") + "\n")
    wearer = demo_run.simulated_wearer(settings)
    with options.chosen_view(plain=plain, every_s=every) as view:
        end, folder = demo_run.run_demo(settings, wearer, view, options.wall_clock)
    options.finish(folder, end, show=show)
    scored = demo_run.score(end.result, wearer, read_recording(folder / RECORDING_NAME))
    typer.echo("\n" + "\n".join(score_lines(scored)))


def score_lines(score: DemoScore) -> list[str]:
    """The score as lines of at most 80 columns."""
    rows = [f"{'Against the truth, while resting':<34}{'median':>10}{'95 %':>10}{'known':>10}"]
    titles = {
        "knee_left_deg": ("left knee, error", "deg"),
        "knee_right_deg": ("right knee, error", "deg"),
        "breathing_per_min": ("breathing, error", "/min"),
        "heart_per_min": ("heart rate, error", "/min"),
    }
    rows += [_row(*titles[name], figure) for name, figure in score.errors.items()]
    for drift, alert in score.told:
        what = f"{drift.side} knee drifted by {drift.change:+.0f} deg from {drift.start_s:.0f} s"
        when = "was not told" if alert is None else f"was told at {alert.t_s:.0f} s"
        rows.append(f"The {what}: {when}.")
    rows.append(f"Knee alerts without a true drift: {len(score.false_alerts)}.")
    rows += [f"{'Samples':<20}{'sent':>12}{'stored':>12}{'missing':>12}"]
    for placement, count in score.delivery.items():
        missing = count.n_sent - count.n_stored
        name = placement.replace("_", " ")
        rows.append(f"  {name:<18}{count.n_sent:>12}{count.n_stored:>12}{missing:>12}")
    return rows


def _row(title: str, unit: str, figure: ErrorFigure) -> str:
    if figure.coverage == 0.0:
        return f"  {title:<32}{'unknown':>10}{'unknown':>10}{'0 %':>10}"
    median, p95 = f"{figure.median:.2f} {unit}", f"{figure.p95:.2f} {unit}"
    return f"  {title:<32}{median:>10}{p95:>10}{figure.coverage * 100:>8.0f} %"
