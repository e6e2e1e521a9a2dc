"""`backrelease sensors bench`: what one sensor is worth, from a minute in which it lies still."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from monitor.checks.bench import Bench
    from monitor.checks.bench_run import BenchReport

_UNKNOWN = "unknown"
_WIDTH = 80


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    sensors = typer.Typer(no_args_is_help=True, help="Look at one sensor closely.")

    @sensors.callback()
    def _group() -> None:
        """Look at one sensor closely."""

    sensors.command(
        "bench",
        epilog='Example: backrelease sensors bench "Polar H10 51A0B234"   Or, without any sensor: '
        "backrelease sensors bench --simulate",
    )(bench)
    app.add_typer(sensors, name="sensors", epilog="Example: backrelease sensors bench --simulate")


def bench(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Its name, a part of it, or its address.")
    ] = "",
    seconds: Annotated[
        float, typer.Option(min=10.0, max=3600.0, help="How long to listen.")
    ] = 60.0,
    search: Annotated[
        float, typer.Option(min=1.0, max=120.0, help="Seconds to look for the sensor.")
    ] = 10.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Listen to a virtual sensor, as fast as possible.")
    ] = False,
) -> None:
    """Listen to a sensor that lies still: rate, noise, loss, clock, and what it is good for."""
    if not name and not simulate:
        raise typer.BadParameter("name a sensor (backrelease scan shows them), or use --simulate")
    import asyncio  # noqa: PLC0415

    from devices.link import SYSTEM_RADIO  # noqa: PLC0415  # bleak, numpy
    from devices.virtual.loop import VirtualTimeLoop  # noqa: PLC0415
    from monitor.checks.bench_run import SIMULATED_NAMES, run_bench, simulated_radio  # noqa: PLC0415
    from monitor.live.interrupt import stop_on_signals  # noqa: PLC0415

    async def listen() -> BenchReport:
        stop = asyncio.Event()
        radio = simulated_radio(seconds) if simulate else SYSTEM_RADIO
        with stop_on_signals(stop):
            return await run_bench(
                name or SIMULATED_NAMES[0],
                radio,
                stop,
                seconds=seconds,
                search_s=search,
                tell=lambda done_s: _progress(done_s, seconds),
            )

    if simulate:
        sys.stderr.write(f"Simulated: {', '.join(SIMULATED_NAMES)} lie on a table.\n")
    else:
        sys.stderr.write(f"Lay the sensor on a table and leave it alone for {seconds:g} s.\n")
    with asyncio.Runner(loop_factory=VirtualTimeLoop if simulate else None) as runner:
        report = runner.run(listen())
    _progress(seconds, seconds)
    if json:
        import json as encoder  # noqa: PLC0415

        text = encoder.dumps(as_plain(report), indent=1, allow_nan=False, ensure_ascii=False)
        sys.stdout.write(text + "\n")
        return
    for line in bench_lines(report):
        typer.echo(line)


def as_plain(report: BenchReport) -> dict[str, Any]:
    """The report as JSON may hold it; null is unknown."""
    from dataclasses import asdict  # noqa: PLC0415

    return {
        "format": "backrelease-bench",
        "version": 1,
        "name": report.name,
        "address": report.address,
        "driver": report.driver.name,
        "title": report.driver.title,
        "rssi_dbm": report.rssi_dbm,
        "note": report.info.note,
        **asdict(report.bench),
    }


def bench_lines(report: BenchReport) -> list[str]:
    """The report as lines of at most 80 columns."""
    it = report.bench
    rows = [("sensor", f"{report.name}, {report.driver.title}")]
    rows += [("heard", f"{it.n_samples} samples in {it.seconds:.0f} s")] if it.n_samples else []
    rows += _motion_rows(it) if it.n_samples else []
    if it.n_heart:
        rate = _number(it.heart_per_min, ".0f", " /min, median")
        if it.heart_per_min is None:
            rate = "none: it has no contact with the skin"
        rows.append(("heart rate", f"{rate}; {it.n_heart} messages"))
    rows.append(("battery", _number(it.battery_percent, ".0f", " %")))
    rows.append(("signal", _number(report.rssi_dbm, ".0f", " dBm")))
    notes = [*it.remarks, report.info.note[:1].upper() + report.info.note[1:]]
    lines = [line for title, text in rows for line in _wrapped(f"{title:<12}{text}", 12)]
    lines += ["", "Good for"]
    lines += [line for s in it.supports for line in _wrapped("  " + s.words(), 4)]
    lines += [line for note in notes if note for line in ("", *_wrapped(note, 0))]
    return lines


def _motion_rows(it: Bench) -> list[tuple[str, str]]:
    nominal = f"{it.fs_nominal_hz:g} Hz agreed"
    rate = f"{_number(it.fs_hz, '.2f', ' Hz')} ({nominal})"
    noise = (
        f"{_number(it.noise_sample_mg, '.2f', ' mg')} rms a sample and axis; "
        f"{_number(it.noise_movement_mg, '.2f', ' mg')} in 0.7 to 4 Hz, "
        f"{_number(it.noise_pulse_mg, '.2f', ' mg')} in 8 to 25 Hz, all axes"
    )
    late = it.lateness
    arrival = (
        _UNKNOWN
        if late is None
        else f"{late.median_ms:.0f} ms late in the middle, 95 % below {late.p95_ms:.0f} ms, "
        f"at most {late.longest_ms:.0f} ms"
    )
    error = _number(it.drift_error_ppm, ".0f", " ppm")
    drift = (
        "not known: it sends no time"
        if it.drift_ppm is None
        else f"{it.drift_ppm:+.0f} ppm against this computer, give or take {error}"
    )
    return [
        ("rate", rate),
        ("noise", noise),
        ("offset", f"{_number(it.offset_mg, '+.1f', ' mg')} from 1 g at rest"),
        ("loss", f"{it.n_lost} samples, {it.loss_by}"),
        ("arrival", arrival),
        ("clock drift", drift),
    ]


def _number(value: float | None, form: str, unit: str) -> str:
    return _UNKNOWN if value is None else f"{value:{form}}{unit}"


def _wrapped(text: str, indent: int) -> list[str]:
    import textwrap  # noqa: PLC0415

    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text, _WIDTH, initial_indent=lead, subsequent_indent=" " * indent, drop_whitespace=True
    )


def _progress(done_s: float, seconds: float) -> None:
    """One line on a terminal that follows the listening, and goes when it is over."""
    if not sys.stderr.isatty():
        return
    text = f"listening, {done_s:.0f} of {seconds:.0f} s" if done_s < seconds else " " * 40
    sys.stderr.write(f"\r{text}" + ("" if done_s < seconds else "\r"))
    sys.stderr.flush()
