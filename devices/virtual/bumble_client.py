"""bleak's scanner and client on a bumble host stack, in place of an operating system's.

    BleakScanner, BleakClient ── Scanner, Client ── Central: GATT client, ATT, L2CAP, HCI ── Link

Part of `bumble_radio`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar, cast

import bleak
from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, hci
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
from bumble.gatt_client import CharacteristicProxy

from devices.virtual.bumble_air import Link, new_device, text_of, uuid_of
from devices.virtual.bumble_host import UUID_LISTS

_T = TypeVar("_T")

_MTU = 247  # what real sensors have been seen to negotiate; fits one link-layer packet


class Central:
    """The computer's Bluetooth: one host stack that all scanners and clients share."""

    def __init__(self, link: Link) -> None:
        self.device = new_device("central", hci.Address.generate_static_address(), link)
        self.connecting = asyncio.Lock()  # HCI allows one connection attempt at a time
        self.n_scanners = 0

    async def stop(self) -> None:
        """End all links and switch off."""
        for connection in list(self.device.connections.values()):
            with suppress(core.BaseError, asyncio.CancelledError):
                await connection.disconnect()
        await self.device.power_off()

    def backends(self) -> tuple[type[BaseBleakScanner], type[BaseBleakClient]]:
        """Types for bleak's `backend=`, bound to this Bluetooth."""

        class Scanner(_Scanner):
            central = self

        class Client(_Client):
            central = self

        return Scanner, Client


class _Scanner(BaseBleakScanner):
    """bleak's scanner on the central's host stack."""

    central: ClassVar[Central]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None = None,
        service_uuids: list[str] | None = None,
        scanning_mode: str = "active",
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        self.seen_devices.clear()
        device = self.central.device
        device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        self.central.n_scanners += 1
        if not device.is_scanning:
            await device.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        device = self.central.device
        device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        self.central.n_scanners -= 1
        if self.central.n_scanners == 0 and device.is_scanning:
            await device.stop_scanning()

    def _on_advertisement(self, seen: Advertisement) -> None:
        name: str | None = None
        uuids: list[str] = []
        manufacturer: dict[int, bytes] = {}
        for kind, value in seen.data.ad_structures:
            if kind == AdvertisingData.COMPLETE_LOCAL_NAME:
                name = value.decode("utf-8", "replace")
            elif kind == AdvertisingData.MANUFACTURER_SPECIFIC_DATA:
                manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
            for size, its_kind in UUID_LISTS.items():
                if kind == its_kind:
                    parts = (value[i : i + size] for i in range(0, len(value), size))
                    uuids += [uuid_of(core.UUID.from_bytes(part)) for part in parts]
        uuids = list(dict.fromkeys(uuids))  # bumble's scan response repeats the advertisement
        data = AdvertisementData(name, manufacturer, {}, uuids, None, seen.rssi, (seen,))
        if self.is_allowed_uuid(uuids):
            key = text_of(seen.address)
            device = self.create_or_update_device(key, key, name, seen.address, data)
            self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    """bleak's client on the central's host stack."""

    central: ClassVar[Central]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._known_as = (device and device.name) or self.address
        self._peer_address: hci.Address | None = device.details if device else None
        self._connection: Connection | None = None
        self._gone = asyncio.Event()

    @property
    def name(self) -> str:
        return self._known_as

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool = False, **_: Any) -> None:
        if self._connection is not None:
            raise BleakError("already connected")
        del pair  # no virtual sensor asks for it
        if self._peer_address is None:
            self._peer_address = await self._find()
        async with asyncio.timeout(self._timeout), self.central.connecting:
            connection = await self._connect(self._peer_address)
        self._gone = asyncio.Event()
        self._connection = connection
        connection.once(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        try:
            peer = Peer(connection)
            await self._att(peer.request_mtu(_MTU))
            self.services = await self._att(self._discover(peer))
        except BaseException:
            await self.disconnect()
            raise

    async def _find(self) -> hci.Address:
        scanner, _ = self.central.backends()
        found = await bleak.BleakScanner.find_device_by_address(
            self.address, timeout=self._timeout, backend=scanner
        )
        if found is None:
            raise BleakDeviceNotFoundError(self.address, f"no device with address {self.address}")
        return cast("hci.Address", found.details)

    async def _connect(self, address: hci.Address) -> Connection:
        device = self.central.device
        try:
            return await device.connect(address, timeout=None)
        except core.ConnectionError as error:
            raise BleakError(f"failed to connect: {error}") from error
        except asyncio.CancelledError:  # our time-out or the caller's: tell the controller
            await device.send_sync_command_raw(hci.HCI_LE_Create_Connection_Cancel_Command())
            raise

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self.services = None
        self._gone.set()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection is not None:
            with suppress(core.BaseError):  # it may be gone already
                await self._connection.disconnect()
            await self._gone.wait()

    async def pair(self, *_: Any, **__: Any) -> None:
        """No virtual sensor asks for it."""

    async def unpair(self) -> None:
        """No virtual sensor asks for it."""

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        await peer.discover_services()
        for service in peer.services:
            ours = BleakGATTService(service, service.handle, uuid_of(service.uuid))
            collection.add_service(ours)
            for proxy in await service.discover_characteristics():
                words = list(gatt_char_props_to_strs(int(proxy.properties)))
                characteristic = BleakGATTCharacteristic(
                    proxy, proxy.handle, uuid_of(proxy.uuid), words, self._room, ours
                )
                collection.add_characteristic(characteristic)
                for descriptor in await proxy.discover_descriptors():
                    kind = uuid_of(descriptor.type)
                    handle = descriptor.handle
                    collection.add_descriptor(
                        BleakGATTDescriptor(descriptor, handle, kind, characteristic)
                    )
        return collection

    def _room(self) -> int:
        return self.mtu_size - 3

    async def _att(self, request: Awaitable[_T]) -> _T:
        """Await a request to the sensor; what goes wrong becomes bleak's errors."""
        try:
            return await request
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._connection is None and task is not None and not task.cancelling():
                # bumble cancels a request when its link is lost.
                raise BleakError("disconnected") from None
            raise

    def _proxy(self, characteristic: BleakGATTCharacteristic) -> CharacteristicProxy[bytes]:
        if self._connection is None:
            raise BleakError("not connected")
        return cast("CharacteristicProxy[bytes]", characteristic.obj)

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,
        **_: Any,
    ) -> bytearray:
        del use_cached
        return bytearray(await self._att(self._proxy(characteristic).read_value()))

    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,
    ) -> None:
        if not response and len(data) > self._room():
            raise BleakError(f"{len(data)} bytes are too many to write without response")
        proxy = self._proxy(characteristic)
        await self._att(proxy.write_value(bytes(data), with_response=response))

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,
        **_: Any,
    ) -> bytearray:
        raise NotImplementedError("no virtual sensor has a descriptor worth reading")

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        raise NotImplementedError("bleak subscribes with start_notify")

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: NotifyCallback,
        **_: Any,
    ) -> None:
        def hear(value: bytes) -> None:
            callback(bytearray(value))

        await self._att(self._proxy(characteristic).subscribe(hear, prefer_notify=True))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        proxy = self._proxy(characteristic)
        # bumble stops listening before it tells the sensor: what is under way would be lost.
        switch = proxy.get_descriptor(GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR)
        if switch is not None:
            await self._att(switch.write_value(b"\x00\x00", with_response=True))
        await self._att(proxy.unsubscribe(force=True))
