"""What stands in the way of a session on this computer, and what to do about it.

Each check looks at one thing and returns `Finding`s; none changes anything.  `needed` marks what
a session cannot do without.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from monitor.checks import doctor_radio
from monitor.checks.finding import Finding

OUR_PACKAGES = ("devices", "analysis", "monitor")

_PROGRAM = "backrelease"
_OLDEST_PYTHON = (3, 11)
_LEAST_FREE_BYTES = 200 << 20  # a session of five sensors records some 20 MB; ten of them
_NEEDED_PACKAGES = ("numpy", "scipy", "matplotlib", "bleak", "mcap", "typer", "rich", "jinja2",
                    "platformdirs")  # fmt: skip
_BLUEZ_CLASS = Path("/sys/class/bluetooth")
_SYSTEM_BUS = "unix:path=/var/run/dbus/system_bus_socket"  # D-Bus specification, well-known bus


def findings(data_folder: Path) -> Iterator[Finding]:
    """Everything, one after the other, in the order in which one would mend it."""
    yield python_version(sys.version_info[:3])
    yield from package_versions(_NEEDED_PACKAGES)
    yield from our_packages(OUR_PACKAGES)
    yield from data_folder_usable(data_folder)
    yield from bluetooth()


def can_run(found: Iterable[Finding]) -> bool:
    """Whether a session can run: nothing that it needs is amiss."""
    return all(f.ok or not f.needed for f in found)


# --- Python and packages ---------------------------------------------------------------------


def python_version(version: tuple[int, ...]) -> Finding:
    """Whether this Python is one we are tested with."""
    shown = ".".join(map(str, version))
    where = f"Python {shown} in {sys.prefix}"
    if tuple(version[:2]) >= _OLDEST_PYTHON:
        return Finding(True, where)
    return Finding(False, where, "install Python 3.11 or newer and make the environment again")


def package_versions(names: Iterable[str]) -> Iterator[Finding]:
    """One line of the versions that are there, and one for each package that is not."""
    there = {}
    for name in names:
        try:
            there[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(
                False,
                f"the package {name} is missing",
                "delete the folder .venv, then: python3 run.py doctor",
            )
    yield Finding(True, ", ".join(f"{name} {version}" for name, version in there.items()))


def our_packages(names: Iterable[str]) -> Iterator[Finding]:
    """Where our packages come from, and whether another installation claims the same names.

    Plain names such as ``analysis`` are used by others too; the one first on the path wins, and
    the other's files may lie in the same folder.
    """
    rivals = _claims(names)
    folders = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec else None
        folders[name] = Path(origin).parent.parent if origin else None
    if len(set(folders.values())) == 1 and None not in folders.values():
        yield Finding(True, f"{', '.join(folders)} are loaded from {next(iter(folders.values()))}")
    else:
        where = ", ".join(f"{name} from {folder or 'nowhere'}" for name, folder in folders.items())
        yield Finding(
            False,
            f"our packages come from different places: {where}",
            f"install {_PROGRAM} in an environment of its own, and start it from another folder",
        )
    for name, others in rivals.items():
        yield Finding(
            False,
            f"{', '.join(others)} also installs a package called {name}",
            f"install {_PROGRAM} in an environment of its own (pipx or a new venv)",
        )


def _claims(names: Iterable[str]) -> dict[str, list[str]]:
    """Other distributions that have one of our top-level names, by their lists of files."""
    wanted = tuple(names)
    claims: dict[str, list[str]] = {}
    for distribution in importlib.metadata.distributions():
        title = distribution.metadata["Name"] or "?"
        if title.lower() == _PROGRAM:
            continue
        tops = {file.parts[0] for file in distribution.files or () if file.parts}
        for name in wanted:
            if name in tops or f"{name}.py" in tops:
                claims.setdefault(name, []).append(title)
    return claims


# --- the data folder -------------------------------------------------------------------------


def data_folder_usable(folder: Path) -> Iterator[Finding]:
    """Whether sessions can be written there, by their owner alone, and for how long."""
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            False,
            f"sessions cannot be written to {folder}",
            "choose a folder of your own: set BACKRELEASE_HOME",
        )
        return
    yield Finding(True, f"sessions are kept in {folder}")
    if folder.exists() and os.name == "posix":
        mode = folder.stat().st_mode & 0o777
        if mode & 0o077:
            yield Finding(
                False,
                f"other users of this computer can look into {folder} (mode {mode:o})",
                f"chmod 700 {folder}",
                needed=False,
            )
    free = shutil.disk_usage(existing).free
    shown = f"{free / 1e9:.1f} GB free" if free >= 1e9 else f"{free / 1e6:.0f} MB free"
    enough = free >= _LEAST_FREE_BYTES
    yield Finding(enough, shown, "" if enough else "free some space, or set BACKRELEASE_HOME")


# --- Bluetooth -------------------------------------------------------------------------------


def bluetooth(system: str | None = None) -> Iterator[Finding]:
    """Whether this computer can talk to sensors, as far as that shows without switching it on."""
    system = system or platform.system()
    if system == "Linux":
        yield from linux_bluetooth(
            _BLUEZ_CLASS, os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", _SYSTEM_BUS)
        )
        yield doctor_radio.bluez_version(doctor_radio.bluetoothctl_version())
    elif system == "Darwin":
        yield doctor_radio.macos_permission(doctor_radio.macos_authorization())
    elif system == "Windows":
        yield Finding(
            True,
            "Bluetooth on Windows (10 version 1709 or newer): switch it on in Settings, "
            "Bluetooth & devices; sensors need no pairing",
        )
    else:
        yield Finding(False, f"no Bluetooth support for {system}", "use Linux, macOS or Windows")


def linux_bluetooth(bluez_class: Path, bus_address: str) -> Iterator[Finding]:
    """The three that Linux needs: an adapter, BlueZ's bus, and an adapter that is not blocked."""
    adapters = sorted(p.name for p in bluez_class.glob("hci*") if ":" not in p.name)
    if adapters:
        yield Finding(True, f"Bluetooth adapter {', '.join(adapters)}")
    else:
        inside = "; a container sees none unless it is given one" if _in_container() else ""
        yield Finding(
            False,
            f"no Bluetooth adapter in {bluez_class}{inside}",
            "plug one in or switch it on in the firmware; without one: backrelease demo",
        )
    for name in adapters:
        for blocked in sorted((bluez_class / name).glob("rfkill*/state")):
            if blocked.read_text().strip() != "1":  # 1 is unblocked: Documentation/ABI, rfkill
                yield Finding(False, f"{name} is switched off", "rfkill unblock bluetooth")
    problem = _bus_problem(bus_address)
    if problem is None:
        yield Finding(True, "the system's D-Bus answers")
        return
    why, remedy = problem
    yield Finding(False, f"the system's D-Bus cannot be reached: {why}", remedy)


def _bus_problem(address: str) -> tuple[str, str] | None:
    """Why a D-Bus address ``unix:path=...`` cannot be connected to, and the remedy."""
    start = "install and start it: sudo systemctl start dbus bluetooth"
    if _in_container():
        mount = "docker run -v /var/run/dbus:/var/run/dbus ..."
        start = f"give the container the host's bus: {mount}; on the host, {start}"
    path = next(
        (p.removeprefix("path=") for p in address.removeprefix("unix:").split(",") if "path=" in p),
        None,
    )
    if path is None or not hasattr(socket, "AF_UNIX"):
        return f"{address!r} names no socket", "unset DBUS_SYSTEM_BUS_ADDRESS, or set it right"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)  # a local socket answers at once or not at all
        try:
            connection.connect(path)
        except PermissionError as error:
            permit = (
                "let your user use Bluetooth: sudo usermod -aG bluetooth $USER, then log in anew"
            )
            return f"{path}: {error.strerror or error}", permit
        except OSError as error:
            return f"{path}: {error.strerror or error}", start
    return None


def _in_container() -> bool:
    return any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
