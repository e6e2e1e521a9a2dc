"""`backrelease scan`: which sensors are near, and what each of them is good for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from devices.driver import Driver
    from devices.link import Found
    from devices.supported import Support

NOTHING_HINTS = (
    "Nothing was found. What usually helps:",
    "  - switch the sensors on; a chest strap wakes up when it is worn, damp",
    "  - close other apps and watches that hold them: a connected sensor hides",
    "  - bring them nearer than two metres, charge them",
    "  - ask the computer itself: backrelease doctor",
)
_WIDTH = 80
_UNKNOWN = "\u2013"  # an en dash, as in the live view


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("scan", epilog="Example: backrelease scan --seconds 10 --all")(scan)


def scan(
    seconds: Annotated[float, typer.Option(min=1.0, max=120.0, help="How long to listen.")] = 8.0,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list devices that this program does not know.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """List the sensors in range, and what each is good for at the fastest rate it offers."""
    import asyncio  # noqa: PLC0415

    from devices.link import scan as listen  # noqa: PLC0415  # bleak

    typer.echo(f"Listening for {seconds:g} s ...", err=json)
    found = asyncio.run(listen(seconds))
    if json:
        import json as encoder  # noqa: PLC0415

        told = [as_plain(it) for it in found if everything or it.driver]
        sys.stdout.write(encoder.dumps(told, indent=1, ensure_ascii=False) + "\n")
        return
    for line in found_lines(found, everything=everything):
        typer.echo(line)


def as_plain(found: Found) -> dict[str, Any]:
    """One found device as JSON may hold it; null is unknown."""
    from dataclasses import asdict  # noqa: PLC0415

    from devices.supported import ABILITIES  # noqa: PLC0415

    advert, driver = found.advert, found.driver
    return {
        "name": advert.name,
        "address": advert.address,
        "rssi_dbm": advert.rssi_dbm,
        "battery_percent": advert.battery_percent,
        "driver": driver.name if driver else None,
        "title": driver.title if driver else None,
        "rates_hz": list(ABILITIES[driver.name].rates_hz) if driver else [],
        "supports": [asdict(it) for it in _supports(driver)] if driver else [],
    }


def found_lines(found: Sequence[Found], *, everything: bool) -> list[str]:
    """The list as lines of at most 80 columns."""
    known = [f for f in found if f.driver is not None]
    others = [f for f in found if f.driver is None]
    listed = [*known, *others] if everything else known
    lines = [f"{'name':<24}{'address':<21}{'signal':>8}{'battery':>10}"] if listed else []
    for it in listed:
        signal = _UNKNOWN if it.advert.rssi_dbm is None else f"{it.advert.rssi_dbm} dBm"
        percent = it.advert.battery_percent
        battery = _UNKNOWN if percent is None else f"{percent:.0f} %"
        name = it.advert.name or "(no name)"
        lines.append(f"{name:<24.23}{_address(it):<21}{signal:>8}{battery:>10}")
        lines += _ability_lines(it.driver) if it.driver else ["    not known to this program"]
    if any(it.advert.battery_percent is None for it in known):
        lines.append(f"{_UNKNOWN}: told when it is connected, as by backrelease sensors bench NAME")
    if not known:
        lines += NOTHING_HINTS
    if others and not everything:
        lines.append(f"{len(others)} other devices near; see them with --all.")
    return lines


def _ability_lines(driver: Driver) -> list[str]:
    import textwrap  # noqa: PLC0415

    lines = [f"    {driver.title}"]
    for it in _supports(driver):
        lines += textwrap.wrap(
            it.words(), _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 8
        )
    return lines


def _supports(driver: Driver) -> tuple[Support, ...]:
    from devices.supported import ABILITIES, supports  # noqa: PLC0415

    return supports(ABILITIES[driver.name])


def _address(found: Found) -> str:
    """On macOS an address is a UUID of 36 letters; its beginning tells sensors apart."""
    address = found.advert.address
    return address if len(address) < 20 else address[:17] + ".."
