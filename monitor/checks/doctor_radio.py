"""Whether Bluetooth really works: its service's age, the system's permission, a short listen.

    bluez_version, macos_permission   asked without switching anything on
    radio                             three seconds of listening, as a session begins

Each takes what it looks at as an argument, so that a test can play any computer.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from monitor.checks.finding import Finding

if TYPE_CHECKING:
    from devices.link import Found

OLDEST_BLUEZ = (5, 55)  # bleak's own requirement
_LISTEN_S = 3.0
_DENIED = {1: "restricted by this computer's administrator", 2: "denied"}
_NOT_ASKED, _ALLOWED = 0, 3  # CBManagerAuthorization of Core Bluetooth
_MACOS_PATH = "System Settings, Privacy & Security, Bluetooth"


def bluez_version(text: str | None) -> Finding:
    """Whether BlueZ is new enough; `text` is what ``bluetoothctl --version`` printed.

    Examples
    --------
    >>> bluez_version("bluetoothctl: 5.66").what
    'BlueZ 5.66'
    """
    match = re.search(r"(\d+)\.(\d+)", text or "")
    if match is None:
        return Finding(True, "BlueZ's version is not known (there is no bluetoothctl to ask)")
    version = (int(match[1]), int(match[2]))
    shown = f"{version[0]}.{version[1]}"
    if version >= OLDEST_BLUEZ:
        return Finding(True, f"BlueZ {shown}")
    oldest = f"{OLDEST_BLUEZ[0]}.{OLDEST_BLUEZ[1]}"
    return Finding(
        False,
        f"BlueZ {shown} is too old, {oldest} is needed",
        "update it with the system: Debian 11, Ubuntu 22.04, Fedora 33 and later bring it",
    )


def bluetoothctl_version() -> str | None:
    """What ``bluetoothctl --version`` prints, None where it cannot be asked."""
    program = shutil.which("bluetoothctl")
    if program is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603  # the system's own program, without input of ours
            [program, "--version"], capture_output=True, text=True, timeout=2.0, check=False
        )
        return done.stdout
    return None


def macos_permission(authorization: int | None) -> Finding:
    """Whether macOS lets this terminal use Bluetooth; None when it does not say."""
    if authorization in _DENIED:
        return Finding(
            False,
            f"macOS does not let this terminal use Bluetooth: {_DENIED[authorization]}",
            f"switch your terminal on in {_MACOS_PATH}, then start it again",
        )
    if authorization == _ALLOWED:
        return Finding(True, "macOS lets this terminal use Bluetooth")
    if authorization == _NOT_ASKED:
        return Finding(
            True,
            "macOS will ask whether this terminal may use Bluetooth when it first scans: say yes;"
            f" a terminal that cannot ask is ended, and is to be added in {_MACOS_PATH}",
        )
    return Finding(
        True,
        f"Bluetooth on macOS: allow your terminal in {_MACOS_PATH}; without that, macOS ends the"
        " program when it scans",
    )


def macos_authorization() -> int | None:
    """What Core Bluetooth says without asking the person; None where it cannot be asked."""
    with suppress(Exception):  # whatever an old or odd system answers is no answer
        from CoreBluetooth import CBManager  # type: ignore[import-not-found]  # noqa: PLC0415

        return int(CBManager.authorization())
    return None


def radio(listen: Callable[[], Sequence[Found]] | None = None) -> Iterator[Finding]:
    """Listen as a session would; what fails comes with the link's own words and remedy."""
    try:
        from devices.errors import DeviceError  # noqa: PLC0415
        from monitor.live.assignment import label  # noqa: PLC0415  # bleak, numpy

        found = (listen or _listen)()
    except ImportError:
        return  # the missing package was found before
    except DeviceError as error:
        yield Finding(False, str(error), error.hint)
        return
    known = [it for it in found if it.driver is not None]
    n, others = len(known), len(found) - len(known)
    yield Finding(True, f"Bluetooth hears {n} sensors that this program knows, {others} others")
    for it in known:
        if it.advert.rssi_dbm is None:  # it does not advertise: the system holds a connection
            yield Finding(
                False,
                f"{label(it)} is held by another program on this computer, or by a session that"
                " was killed",
                "close that program; after a killed session just start again: it is taken over",
                needed=False,
            )


def _listen() -> Sequence[Found]:
    import asyncio  # noqa: PLC0415

    from devices.link import scan  # noqa: PLC0415

    return asyncio.run(scan(_LISTEN_S))
