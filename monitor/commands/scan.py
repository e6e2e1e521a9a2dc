"""`backrelease scan`: which sensors are near, and which of them this program knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from devices.link import Found

NOTHING_HINTS = (
    "Nothing was found. What usually helps:",
    "  - switch the sensors on; a chest strap wakes up when it is worn, damp",
    "  - close other apps and watches that hold them: a connected sensor hides",
    "  - bring them nearer than two metres, charge them",
    "  - ask the computer itself: backrelease doctor",
)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("scan", epilog="Example: backrelease scan --seconds 10 --all")(scan)


def scan(
    seconds: Annotated[float, typer.Option(min=1.0, max=120.0, help="How long to listen.")] = 8.0,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list devices that this program does not know.")
    ] = False,
) -> None:
    """List the sensors in range."""
    import asyncio  # noqa: PLC0415

    from devices.link import scan as listen  # noqa: PLC0415  # bleak

    typer.echo(f"Listening for {seconds:g} s ...")
    for line in found_lines(asyncio.run(listen(seconds)), everything=everything):
        typer.echo(line)


def found_lines(found: Sequence[Found], *, everything: bool) -> list[str]:
    """The list as lines of at most 80 columns."""
    known = [f for f in found if f.driver is not None]
    others = [f for f in found if f.driver is None]
    listed = [*known, *others] if everything else known
    lines = [f"{'name':<24}{'address':<20}{'signal':>8}  what it is"] if listed else []
    for it in listed:
        signal = "unknown" if it.advert.rssi_dbm is None else f"{it.advert.rssi_dbm} dBm"
        kind = it.driver.title if it.driver else "not known to this program"
        lines.append(f"{it.advert.name or '(no name)':<24.23}{_address(it):<20}{signal:>8}  {kind}")
    if not known:
        lines += NOTHING_HINTS
    if others and not everything:
        lines.append(f"{len(others)} other devices near; see them with --all.")
    return lines


def _address(found: Found) -> str:
    """On macOS an address is a UUID of 36 letters; its beginning tells sensors apart."""
    address = found.advert.address
    return address if len(address) < 20 else address[:17] + ".."
