"""The machine that real BlueZ runs in, for as long as the tests need it.

this computer                              qemu
bleak ── TCP on 127.0.0.1 ───────────────> socat ── dbus-daemon ── bluetoothd ── kernel
emulated controller ── socket `hci` ─────> virtio console ──────── btattach ─────┘
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bluez import build_guest

IMAGE = Path(__file__).parents[2] / "build" / "bluez"
QEMU = "qemu-system-x86_64"

_BOOT_S = 120.0  # 10 s on an idle computer; a busy one must not make a test fail
_LONGEST_S = 1800  # were this run killed, the guest would end by itself
_MEMORY_MB = 256
# TCG, qemu's own processor: it is the same everywhere, and under KVM the guest's timers run late
# where the computer is itself virtual.  The kernel's self-test of its cryptography takes so long
# there that pairing would find none.
_KERNEL_WORDS = (
    "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr random.trust_cpu=on "
    "cryptomgr.notests=1"
)


def missing() -> str:
    """Why no guest can run here; empty where it can."""
    return "" if shutil.which(QEMU) else f"there is no {QEMU}: apt-get install qemu-system-x86"


def built_image() -> Path:
    """The folder with the guest's kernel and files, built where it is missing or out of date."""
    newest = IMAGE / build_guest.FILES
    sources = [Path(build_guest.__file__), build_guest.INIT]
    if not newest.exists() or newest.stat().st_mtime < max(s.stat().st_mtime for s in sources):
        build_guest.build(IMAGE)
    return IMAGE


class Guest:
    """A running guest; use it as a context manager, and `wait` once the controller is there."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.hci_socket = folder / "hci"
        self._console = folder / "console"
        self._port = _free_port()
        self._qemu = subprocess.Popen(
            [
                *("timeout", "--foreground", str(_LONGEST_S), QEMU),
                *("-accel", "tcg,thread=multi", "-cpu", "max", "-machine", "q35"),
                *("-m", str(_MEMORY_MB), "-nodefaults", "-no-user-config", "-no-reboot"),
                *("-display", "none", "-serial", f"file:{self._console}"),
                *("-chardev", f"socket,id=hci,path={self.hci_socket},server=on,wait=off"),
                # A virtio console: a serial port is choked by more than 100 notifications a second.
                *("-device", "virtio-serial-pci", "-device", "virtconsole,chardev=hci"),
                *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self._port}-:5555"),
                *("-device", "virtio-net-pci,netdev=net,romfile="),
                *("-kernel", str(image / build_guest.KERNEL)),
                *("-initrd", str(image / build_guest.FILES)),
                *("-append", _KERNEL_WORDS),
            ],
            stdin=subprocess.DEVNULL,
        )
        self._wait_until(self.hci_socket.exists)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._qemu.terminate()
        self._qemu.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to use the guest's Bluetooth as this computer's."""
        return {
            "DBUS_SYSTEM_BUS_ADDRESS": f"tcp:host=127.0.0.1,port={self._port}",
            "BLEAK_DBUS_AUTH_UID": "0",  # who we are in the guest: root, its only user
        }

    def wait(self) -> None:
        """Return when BlueZ has its adapter switched on."""
        self._wait_until(lambda: "\nready" in self.console().replace("\r", ""))

    def console(self) -> str:
        """What the guest said so far."""
        if not self._console.exists():
            return ""
        return self._console.read_text(encoding="utf-8", errors="replace")

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        end_s = time.monotonic() + _BOOT_S
        while not condition():
            if self._qemu.poll() is not None or time.monotonic() > end_s:
                raise RuntimeError(f"the guest does not start; its console says:\n{self.console()}")
            time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
