"""Build the machine that real BlueZ runs in: a kernel and a file system in memory, both Debian's.

    apt-get download --> dpkg-deb --extract --> kernel       (as it is)
                                            --> initrd.gz    busybox, bluetoothd, btattach,
                                                             dbus-daemon, socat, their libraries,
                                                             the kernel's Bluetooth, guest_init.sh

Needs no rights and changes nothing on this computer: `python3 tests/bluez/build_guest.py FOLDER`.
Only the standard library, so that any Python will do.
"""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

KERNEL, FILES = "kernel", "initrd.gz"
INIT = Path(__file__).with_name("guest_init.sh")
MACHINE = "x86_64"

_KERNEL_PACKAGE = "linux-image-amd64"  # depends on the newest; the cloud variant has no Bluetooth
_PACKAGES = ("bluez", "dbus-bin", "dbus-daemon", "socat")
_BUSYBOX_PACKAGE = "busybox-static"
_PROGRAMS = (
    "usr/bin/btattach",
    "usr/bin/dbus-daemon",
    "usr/bin/dbus-send",
    "usr/bin/socat",
    "usr/libexec/bluetooth/bluetoothd",
)
_LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
_LOADER = "lib64/ld-linux-x86-64.so.2"

# Where a kernel has one of these built in, there is no file to load.
_MODULES = (
    *("virtio_pci", "virtio_net", "virtio_console"),
    *("bluetooth", "hci_uart"),
    # What bluetoothd and the kernel's pairing take from the kernel's cryptography.
    *("drbg", "ctr", "hmac", "sha256_generic", "sha512_generic"),
    *("ecdh_generic", "ecc", "cmac", "ecb", "ccm", "algif_hash", "algif_skcipher"),
    "uhid",
)

_DOWNLOAD_S = 180.0  # for 80 MB

_FOLDERS = ("bin", "dev", "etc", "lib", "lib64", "modules", "proc", "run", "sys", "tmp", "var")
_BUS_CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/dbus-1/system.conf": _BUS_CONFIG,
    "etc/bluetooth/main.conf": "[Policy]\nAutoEnable=true\n",
}


class CannotDownload(Exception):
    """The packages are out of reach: no network, no package lists, or not Debian."""


def build(folder: Path) -> None:
    """Make `folder`/kernel and `folder`/initrd.gz.

    Raises
    ------
    CannotDownload
        When Debian's packages cannot be had here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bluez-guest-") as scratch:
        root = Path(scratch, "root")
        _unpack(Path(scratch), root)
        files = dict(_files(root))
        (kernel,) = root.glob("boot/vmlinuz-*")
        shutil.copyfile(kernel, folder / KERNEL)
        # Under its own name only when complete: a build cut short leaves nothing that looks built.
        with gzip.open(folder / "unfinished", "wb", compresslevel=6) as archive:
            archive.write(archive_of(files))
        (folder / "unfinished").replace(folder / FILES)


def archive_of(files: dict[str, bytes]) -> bytes:
    """A cpio archive ("newc"), which the kernel unpacks into memory; everything may be executed.

    Examples
    --------
    >>> b"init\\0\\0hello\\0\\0\\0" in archive_of({"init": b"hello"})
    True
    """
    entries = [(folder, stat.S_IFDIR | 0o755, b"") for folder in _FOLDERS]
    known = set(_FOLDERS)
    for name, content in sorted(files.items()):
        for parent in reversed(Path(name).parents[:-1]):
            if str(parent) not in known:
                known.add(str(parent))
                entries.append((str(parent), stat.S_IFDIR | 0o755, b""))
        entries.append((name, stat.S_IFREG | 0o755, content))
    entries.append(("TRAILER!!!", 0, b""))
    return b"".join(_entry(i, *entry) for i, entry in enumerate(entries, start=1))


# --- packages --------------------------------------------------------------------------------


def _unpack(scratch: Path, root: Path) -> None:
    kernel = next((it for it in _depends([_KERNEL_PACKAGE]) if it.startswith("linux-image-")), None)
    if kernel is None:
        raise CannotDownload(f"{_KERNEL_PACKAGE} names no kernel: is this Debian?")
    packages = sorted({kernel, _BUSYBOX_PACKAGE, *_PACKAGES, *_libraries_of(_PACKAGES)})
    _apt(["apt-get", "download", "-q", *packages], scratch)
    for package in sorted(scratch.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", package, root], check=True)  # noqa: S607


def _libraries_of(packages: Sequence[str]) -> set[str]:
    """The library packages that these need, and those that they need in turn."""
    libraries: set[str] = set()
    new = set(packages)
    while new:
        needed = {name for name in _depends(sorted(new)) if name.startswith("lib")}
        new = needed - libraries
        libraries |= new
    return libraries


def _depends(packages: Sequence[str]) -> list[str]:
    only = "--no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances"
    told = _apt(["apt-cache", "depends", *only.split(), *packages])
    return re.findall(r"^ +\|?(?:Pre)?Depends: ([a-z0-9.+-]+)$", told, re.MULTILINE)


def _apt(command: Sequence[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=_DOWNLOAD_S
        )
    except FileNotFoundError as error:
        raise CannotDownload(f"there is no {command[0]} here: is this Debian?") from error
    except subprocess.TimeoutExpired as error:
        raise CannotDownload(f"{command[0]} {command[1]}: nothing in {_DOWNLOAD_S:g} s") from error
    except subprocess.CalledProcessError as error:
        raise CannotDownload(f"{command[0]} {command[1]}: {error.stderr.strip()}") from error
    return done.stdout


# --- what goes into memory -------------------------------------------------------------------


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file of the guest."""
    yield "init", INIT.read_bytes()
    yield "bin/busybox", (root / "bin/busybox").read_bytes()
    for name, text in _TEXTS.items():
        yield name, text.encode()
    yield _LOADER, (root / _LOADER).read_bytes()
    for program in _PROGRAMS:
        yield "bin/" + Path(program).name, (root / program).read_bytes()
    for library in _shared_objects(root):
        yield f"{_LIBRARIES[0]}/{library.name}", library.read_bytes()
    modules = _modules(root)
    for name, content in modules.items():
        yield f"modules/{name}.ko", content
    yield "modules/order", "\n".join(modules).encode() + b"\n"


def _shared_objects(root: Path) -> list[Path]:
    """What the guest's own loader would load for its programs."""
    where = ":".join(str(root / folder) for folder in _LIBRARIES)
    found: set[str] = set()
    for program in _PROGRAMS:
        lists = [str(root / _LOADER), "--library-path", where, "--list", str(root / program)]
        told = subprocess.run(lists, capture_output=True, text=True, check=True).stdout
        if "not found" in told:
            raise FileNotFoundError(f"{program} misses a library:\n{told}")
        found.update(re.findall(r"=> (\S+) \(", told))
    return sorted(Path(name) for name in found)


def _modules(root: Path) -> dict[str, bytes]:
    """Kernel modules in an order in which each finds what it depends on."""
    files = {_module_name(path): path for path in root.glob("lib/modules/**/*.ko*")}
    files |= {_module_name(path): path for path in root.glob("usr/lib/modules/**/*.ko*")}
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in ordered or name not in files:
            return
        content = files[name].read_bytes()
        if files[name].suffix == ".xz":  # from Debian 13 on
            content = lzma.decompress(content)
        told = re.search(rb"\0depends=([^\0]*)\0", content)
        for other in told[1].decode().split(",") if told else ():
            add(other.replace("-", "_"))
        ordered[name] = content

    for wanted in _MODULES:
        add(wanted)
    return ordered


def _module_name(path: Path) -> str:
    return path.name.split(".")[0].replace("-", "_")


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    """One cpio entry: 13 numbers in hexadecimal, the name, the content, each to a multiple of 4."""
    links, size, name_size = 1, len(content), len(name) + 1
    numbers = (number, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0)
    head = b"070701" + b"".join(b"%08X" % each for each in numbers) + name.encode() + b"\0"
    return b"".join(part + b"\0" * (-len(part) % 4) for part in (head, content))


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]))
    except CannotDownload as reason:
        sys.stderr.write(f"build_guest.py: {reason}\n")
        sys.exit(3)  # apart from 1, which is a fault of ours
