"""Computers that are ill in one way each: it is found, said, and a remedy given."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
)
from typer.testing import CliRunner

from devices.driver import Advert
from devices.link import Found, Radio, scan
from devices.radio import device_error
from devices.registry import driver_named
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from monitor.checks import doctor, doctor_radio
from monitor.cli import app
from tests.monitor.acting import small_wearer

AIR = MemoryRadio(small_wearer().sensors.values(), t_zero_s=0.0)


def amiss(found: Sequence[doctor.Finding]) -> list[tuple[str, str]]:
    return [(f.what, f.remedy) for f in found if not f.ok]


def listening(error: Exception | None = None) -> Callable[[], Sequence[Found]]:
    """A scan whose system radio raises `error` when it is started."""

    def listen() -> Sequence[Found]:
        radio = AIR.radio()
        assert radio.scanner_backend is not None

        class Scanner(radio.scanner_backend):  # type: ignore[name-defined, misc]
            async def start(self) -> None:
                if error is not None:
                    raise error
                await super().start()

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(scan(2.0, Radio("test", Scanner)))

    return listen


# --- listening -------------------------------------------------------------------------------


def test_a_radio_that_hears_is_well() -> None:
    [finding] = doctor_radio.radio(listening())
    assert finding.ok
    assert finding.what == "Bluetooth hears 3 sensors that this program knows, 0 others"


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (
            BleakBluetoothNotAvailableError(
                "No adapters", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            ),
            "Bluetooth is not available: No adapters",
            "Plug in a Bluetooth adapter.",
        ),
        (
            BleakBluetoothNotAvailableError(
                "it is off", BleakBluetoothNotAvailableReason.POWERED_OFF
            ),
            "Bluetooth is not available: it is off",
            "Switch Bluetooth on.",
        ),
        (
            BleakBluetoothNotAvailableError(
                "denied", BleakBluetoothNotAvailableReason.DENIED_BY_USER
            ),
            "Bluetooth is not available: denied",
            "Allow this program",
        ),
        (BleakDBusError("org.bluez.Error.NotReady", []), "switched off", "Switch Bluetooth on."),
        (BleakDBusError("org.bluez.Error.NotPermitted", []), "NotPermitted", "Allow this program"),
        (
            BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []),
            "AccessDenied",
            "Allow this program",
        ),
        (
            BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", []),
            "runs no Bluetooth service",
            "start bluez",
        ),
        (
            BleakDBusError("org.bluez.Error.InProgress", []),
            "in use by another program",
            "Close other programs that scan or use the sensor",
        ),
        (FileNotFoundError(errno.ENOENT, "no bus"), "no Bluetooth service", "bluez"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_fails_while_listening_is_said_with_its_remedy(
    error: Exception, what: str, remedy: str
) -> None:
    [(said, prescribed)] = amiss(list(doctor_radio.radio(listening(error))))
    assert what in said
    assert remedy in prescribed


@pytest.mark.parametrize("error", [BleakDeviceNotFoundError("AA:BB"), TimeoutError()])
def test_a_link_that_finds_nobody_says_who_may_hold_the_sensor(error: Exception) -> None:
    said = device_error(error, "connecting to Polar H10 1234")
    assert "close apps and phones that hold it" in said.hint


def test_a_sensor_held_by_another_program_is_named_and_stops_nothing() -> None:
    handle = listening()()[0].handle
    held = Found(Advert("AA:BB", "Polar H10 1234"), driver_named("polar_h10"), handle)
    found = list(doctor_radio.radio(lambda: [held]))
    [(what, remedy)] = amiss(found)
    assert what.startswith("Polar H10 1234 is held by another program")
    assert "close that program" in remedy
    assert doctor.can_run(found)


# --- Linux -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_ok"),
    [("bluetoothctl: 5.66\n", True), ("5.55", True), ("bluetoothctl: 5.50", False), ("5.9", False)],
)
def test_bluez_is_compared_by_number_not_by_letter(text: str, is_ok: bool) -> None:
    finding = doctor_radio.bluez_version(text)
    assert finding.ok is is_ok
    if not is_ok:
        assert "is too old, 5.55 is needed" in finding.what
        assert "update" in finding.remedy


@pytest.mark.parametrize("text", [None, "", "command not found"])
def test_a_version_that_is_not_known_is_no_fault(text: str | None) -> None:
    assert doctor_radio.bluez_version(text).ok


def test_bluetoothctl_is_asked_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor_radio.bluetoothctl_version() is None
    program = tmp_path / "bluetoothctl"
    program.write_text("#!/bin/sh\necho 'bluetoothctl: 5.48'\n")
    program.chmod(0o755)
    assert doctor_radio.bluetoothctl_version() == "bluetoothctl: 5.48\n"
    found = list(doctor.bluetooth("Linux"))
    assert ("BlueZ 5.48 is too old, 5.55 is needed") in [f.what for f in found]


def test_a_container_without_the_bus_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_in_container", lambda: True)
    said = amiss(list(doctor.linux_bluetooth(tmp_path, f"unix:path={tmp_path}/no-bus")))
    assert "a container sees none" in said[0][0]
    assert "-v /var/run/dbus" in said[1][1]


def test_a_bus_that_is_not_permitted_is_no_bus_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: socket.socket, _path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    said = amiss(list(doctor.linux_bluetooth(tmp_path, f"unix:path={tmp_path}/bus")))
    assert "Permission denied" in said[1][0]
    assert "usermod -aG bluetooth" in said[1][1]


# --- macOS -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "is_ok", "words"),
    [
        (None, True, "allow your terminal"),
        (0, True, "macOS will ask"),
        (1, False, "restricted"),
        (2, False, "does not let this terminal use Bluetooth: denied"),
        (3, True, "lets this terminal"),
    ],
)
def test_what_macos_allows(authorization: int | None, is_ok: bool, words: str) -> None:
    finding = doctor_radio.macos_permission(authorization)
    assert finding.ok is is_ok
    assert words in finding.what
    assert is_ok or "System Settings" in finding.remedy


def test_core_bluetooth_is_asked_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "CoreBluetooth", None)
    assert doctor_radio.macos_authorization() is None
    manager = SimpleNamespace(authorization=lambda: 2)
    monkeypatch.setitem(sys.modules, "CoreBluetooth", SimpleNamespace(CBManager=manager))
    [finding] = doctor.bluetooth("Darwin")
    assert not finding.ok


# --- the command -----------------------------------------------------------------------------


def test_the_command_listens_only_when_all_else_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    listened: list[bool] = []

    def listen() -> Sequence[Found]:
        listened.append(True)
        return []

    monkeypatch.setattr(doctor_radio, "_listen", listen)
    ill = doctor.Finding(False, "no Bluetooth adapter", "plug one in")
    for found, words, status in (
        ([doctor.Finding(True, "all is well")], ["--quick"], 0),
        ([ill], [], 1),
        ([doctor.Finding(True, "all is well")], [], 0),
    ):
        monkeypatch.setattr(doctor, "findings", lambda _folder, found=found: iter(found))
        done = CliRunner().invoke(app, ["doctor", *words])
        assert done.exit_code == status, done.output
    assert listened == [True]
    assert "Bluetooth hears 0 sensors" in done.output
