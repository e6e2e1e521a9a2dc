"""The computer's Bluetooth, or a virtual one: what is in range, and what its errors mean.

`link` holds the link to one sensor over what this file gives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakGATTProtocolError,
)

from devices import sig
from devices.driver import Advert, Driver
from devices.errors import DeviceError, RadioUnavailable, SensorRefused, SensorSilent
from devices.registry import recognise

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Radio:
    """Which Bluetooth to use: the computer's (no backends given) or a virtual one."""

    name: str
    scanner_backend: type[BaseBleakScanner] | None = None
    client_backend: type[BaseBleakClient] | None = None


SYSTEM_RADIO = Radio("this computer's Bluetooth")


@dataclass(frozen=True, slots=True)
class Found:
    """A sensor in range: what it said, its driver if we know it, and the system's handle to it."""

    advert: Advert
    driver: Driver | None
    handle: BLEDevice


# --- scanning --------------------------------------------------------------------------------

_scan_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Linux refuses a second scan in one process, so scans wait for each other."""


async def scan(
    seconds: float,
    radio: Radio = SYSTEM_RADIO,
    stop_when: Callable[[Sequence[Found]], bool] | None = None,
) -> list[Found]:
    """Listen for sensors, strongest first; sensors we know come before the rest.

    The scan is active, because many sensors tell their name only when asked, and what one sensor
    tells in several packets is put together.  `stop_when` sees all found so far and may end early.

    Raises
    ------
    RadioUnavailable
        Bluetooth is absent, switched off, or not permitted.
    DeviceError
        Another failure of the computer's Bluetooth.
    """
    seen: dict[str, Found] = {}
    enough = asyncio.Event()

    def on_advert(device: BLEDevice, data: AdvertisementData) -> None:
        before = seen.get(device.address)
        advert = _merged(before.advert if before else None, device, data)
        seen[device.address] = Found(advert, recognise(advert), device)
        if stop_when is not None and stop_when(list(seen.values())):
            enough.set()

    async with _scan_locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        scanner = BleakScanner(on_advert, scanning_mode="active", backend=radio.scanner_backend)
        await call("scanning", 10.0, scanner.start())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), seconds)
        finally:
            await call("ending the scan", 10.0, scanner.stop())
    if radio == SYSTEM_RADIO and not enough.is_set():
        for device in await _left_connected():
            advert = Advert(device.address, device.name, _services_of(device))
            if device.address not in seen and (driver := recognise(advert)) is not None:
                seen[device.address] = Found(advert, driver, device)
    return sorted(seen.values(), key=lambda it: (it.driver is None, -(it.advert.rssi_dbm or -127)))


def _merged(before: Advert | None, device: BLEDevice, data: AdvertisementData) -> Advert:
    before = before or Advert(address=device.address, name=None)
    battery = sig.advertised_battery(data.service_data)
    return Advert(
        address=device.address,
        name=data.local_name or device.name or before.name,
        service_uuids=before.service_uuids | {uuid.lower() for uuid in data.service_uuids},
        manufacturer_data={**before.manufacturer_data, **data.manufacturer_data},
        rssi_dbm=data.rssi,
        battery_percent=before.battery_percent if battery is None else battery,
    )


async def _left_connected() -> list[BLEDevice]:
    """Sensors still connected to this computer, as after a killed run: they do not advertise."""
    try:
        from bleak import BleakAdapter  # noqa: PLC0415 - new in bleak 3.1, and we allow 3.0
    except ImportError:
        return []
    with suppress(Exception):  # a help where the system offers it, never a reason to fail
        adapter = await BleakAdapter.get()
        # Every sensor has Generic Access, 1800; bleak's default is 1801, which some lack.
        return await adapter.get_connected_devices(["1800", "1801"])
    return []


def _services_of(device: BLEDevice) -> frozenset[str]:
    """What a connected device offers, where the system tells (Linux): some names say nothing."""
    details = device.details if isinstance(device.details, dict) else {}
    uuids: Iterable[str] = details.get("props", {}).get("UUIDs", ())
    return frozenset(uuid.lower() for uuid in uuids)


# --- errors ----------------------------------------------------------------------------------


async def call(doing: str, limit_s: float, bleak_call: Awaitable[_T]) -> _T:
    """Await bleak with a time limit; whatever goes wrong there becomes a `DeviceError`."""
    try:
        async with asyncio.timeout(limit_s):
            return await bleak_call
    except Exception as error:  # bleak documents "backend-specific exceptions" everywhere
        raise device_error(error, doing) from error


_NO_RADIO_HINTS = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "Plug in a Bluetooth adapter.",
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "Use an adapter with Bluetooth 4.0 or newer.",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Switch Bluetooth on.",
}
_PERMIT = (
    "Allow this program, or the terminal it runs in, to use Bluetooth in the system's settings."
)
_NOT_THERE = "Switch it on, bring it nearer, and close apps and phones that hold it."
_PAIR = "Pair the sensor in the system's Bluetooth settings, then try again."
_INSUFFICIENT_AUTHENTICATION, _INSUFFICIENT_ENCRYPTION = 0x05, 0x0F  # ATT error codes


def device_error(error: Exception, doing: str) -> DeviceError:  # noqa: PLR0911 - a return a kind
    """What bleak or the system raised while `doing` something, in our words and with a way out."""
    match error:
        case DeviceError():
            return error
        case BleakBluetoothNotAvailableError():
            hint = _NO_RADIO_HINTS.get(error.reason, _PERMIT)
            return RadioUnavailable(f"Bluetooth is not available: {error.args[0]}", hint=hint)
        case BleakGATTProtocolError() if int(error.code) in {
            _INSUFFICIENT_AUTHENTICATION,
            _INSUFFICIENT_ENCRYPTION,
        }:
            return SensorRefused(f"{doing}: the sensor must be paired first", hint=_PAIR)
        case BleakGATTProtocolError():
            return SensorRefused(f"{doing}: the sensor refused (ATT error 0x{int(error.code):02x})")
        case BleakDeviceNotFoundError():
            return SensorSilent(f"{doing}: the system does not find it", hint=_NOT_THERE)
        case BleakDBusError():
            return _linux_error(error, doing)
        case TimeoutError():
            return SensorSilent(f"{doing}: no answer", hint=_NOT_THERE)
        case PermissionError():
            return RadioUnavailable(f"{doing}: {error}", hint=_PERMIT)
        case FileNotFoundError() | ConnectionRefusedError():
            return RadioUnavailable(
                "this computer runs no Bluetooth service",
                hint="On Linux: install and start bluez (`systemctl start bluetooth`).",
            )
        case _:
            return DeviceError(f"{doing}: {str(error) or type(error).__name__}")


def _linux_error(error: BleakDBusError, doing: str) -> DeviceError:
    name = error.dbus_error.rsplit(".", 1)[-1]
    if name == "NotReady":
        return RadioUnavailable("Bluetooth is switched off", hint="Switch Bluetooth on.")
    if name == "ServiceUnknown":
        return RadioUnavailable(
            "this computer runs no Bluetooth service",
            hint="Install and start bluez (`systemctl start bluetooth`).",
        )
    if name in {"AccessDenied", "NotPermitted"}:
        return RadioUnavailable(f"{doing}: {error}", hint=_PERMIT)
    if name in {"NotAuthorized", "AuthenticationFailed"}:
        return SensorRefused(f"{doing}: {error}", hint=_PAIR)
    if name == "InProgress":
        return DeviceError(
            f"{doing}: Bluetooth is in use by another program",
            hint="Close other programs that scan or use the sensor, then try again.",
        )
    return DeviceError(f"{doing}: {error}", hint="If it stays so, switch Bluetooth off and on.")
