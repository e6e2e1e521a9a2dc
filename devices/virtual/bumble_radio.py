"""Virtual sensors over two whole Bluetooth host stacks and the air between them, all in memory.

    bleak ─ _Scanner, _Client            one _Host per virtual sensor ─ Peripheral
              │                                     │
        bumble host (GATT client)             bumble host (GATT server)
        ATT, L2CAP, HCI                       ATT, L2CAP, HCI
              │                                     │
        _Controller (emulated) ────  _Link  ──── _Controller (emulated)

Only bleak's per-system backend and the radio waves are not real here.  Time is the event loop's,
so a `VirtualTimeLoop` carries a quarter of an hour as fast as the computer can.  A sensor waits
for room on the link before it sends on, so that no speed makes it lose data.

bumble 0.0.236 needs care; each place says why.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar, cast

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
from bleak.uuids import normalize_uuid_str
from bumble import att, core, hci, ll
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.gatt_client import CharacteristicProxy
from bumble.link import LocalLink

from devices.radio import Radio
from devices.virtual.peripheral import AttRefused, Outgoing, Peripheral

_T = TypeVar("_T")

_MTU = 247  # what real sensors have been seen to negotiate; fits one link-layer packet of 251
_LINK_PACKET = 251
_ADVERTISING_MS = 100.0
_ADVERTISEMENT_BYTES = 31  # the room in a legacy advertisement
_IN_FLIGHT = 8  # packets of one sensor on the link; more would only grow a queue
_SUPERVISION_TIMEOUT = 0x08  # HCI error: the other side was not heard for too long
_BLUETOOTH_BASE = "-0000-1000-8000-00805f9b34fb"
_SOON_S = 1e-4  # a timer is never set for now: time has to pass between two looks


@dataclass(frozen=True, slots=True)
class Air:
    """What lies between the two radios.

    Attributes
    ----------
    interval_s : float
        Time between connection events, at which packets travel; 0 carries each at once.  Real
        computers choose 0.0075 to 0.05.
    missed : float
        Share of connection events that nothing gets through.  The link layer sends again, so
        packets come late and in bursts, but all come.
    per_event : int
        Packets that one connection event carries in each direction; 6 is common.
    seed : int
        Chooses the missed events.
    """

    interval_s: float = 0.0
    missed: float = 0.0
    per_event: int = 6
    seed: int = 0


class BumbleRadio:
    """A place with virtual sensors and a computer whose Bluetooth can reach them.

    Parameters
    ----------
    peripherals
        The sensors in range.
    t_zero_s
        The event loop's time at which the session began; when the radio starts if None.
    air
        What lies between.

    Examples
    --------
    >>> async def names() -> list[str | None]:
    ...     async with BumbleRadio(dressed().sensors.values()) as place:
    ...         return [found.advert.name for found in await scan(1.0, place.radio())]

    Use it as an asynchronous context manager: it takes the sensors off the air at the end.
    """

    def __init__(
        self,
        peripherals: Sequence[Peripheral],
        t_zero_s: float | None = None,
        *,
        air: Air | None = None,
    ) -> None:
        self._peripherals = tuple(peripherals)
        self._t_zero_s = t_zero_s
        self._air = air or Air()
        self._hosts: dict[str, _Host] = {}

    async def start(self) -> None:
        """Power everything on; the sensors begin to advertise."""
        loop = asyncio.get_running_loop()
        t_zero_s = loop.time() if self._t_zero_s is None else self._t_zero_s
        self._link = _Link(self._air)
        self.central = _new_device("central", hci.Address.generate_static_address(), self._link)
        self.connecting = asyncio.Lock()  # HCI allows one connection attempt at a time
        self.n_scanners = 0
        await self.central.power_on()
        for peripheral in self._peripherals:
            host = _Host(peripheral, self._link, t_zero_s)
            self._hosts[peripheral.advert.address] = host
            await host.start()

    async def stop(self) -> None:
        """End all links and advertising."""
        for connection in list(self.central.connections.values()):
            with suppress(core.BaseError, asyncio.CancelledError):
                await connection.disconnect()
        for host in self._hosts.values():
            await host.stop()
        await self.central.power_off()
        self._link.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def radio(self) -> Radio:
        """The computer's side, for `scan` and `SensorLink`."""
        place = {"place": self}
        return Radio(
            "virtual sensors over bumble",
            scanner_backend=cast("type[BaseBleakScanner]", type("Scanner", (_Scanner,), place)),
            client_backend=cast("type[BaseBleakClient]", type("Client", (_Client,), place)),
        )

    async def drop(self, address: str) -> None:
        """Let a sensor end its link, as when it is switched off and on at once."""
        await self._hosts[address].drop()

    async def leave_range(self, address: str, supervision_s: float = 0.5) -> None:
        """Carry a sensor away: nothing gets through, and both sides notice after a while."""
        await self._link.leave_range(address, supervision_s)

    def return_to_range(self, address: str) -> None:
        """Bring it back; it advertises."""
        self._link.away.discard(address)


# --- the air ---------------------------------------------------------------------------------


class _Link(LocalLink):
    """Carries packets at connection events, knows who is away and how much is under way."""

    def __init__(self, air: Air) -> None:
        super().__init__()
        self.away: set[str] = set()
        self._air = air
        self._random = random.Random(air.seed)  # noqa: S311 - a simulation, not a secret
        self._under_way: Counter[str] = Counter()
        self._queues: defaultdict[tuple[str, str], deque[Callable[[], None]]] = defaultdict(deque)
        self._landed = asyncio.Event()
        self._next_event: asyncio.TimerHandle | None = None

    async def room(self, source: hci.Address) -> None:
        """Wait until a sender has few packets under way."""
        while self._under_way[_text(source)] >= _IN_FLIGHT:
            self._landed.clear()
            await self._landed.wait()

    def stop(self) -> None:
        if self._next_event is not None:
            self._next_event.cancel()

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        source, target = _text(sender_controller.random_address), _text(destination_address)
        if self.away & {source, target}:
            return
        # The address is the sender's static random one: a link that stamped another one would
        # leave the other side's host waiting for ever.
        receiver = self.find_le_controller(destination_address)
        sender_address = sender_controller.random_address

        def land() -> None:
            self._under_way[source] -= 1
            self._landed.set()
            if receiver is not None and not self.away & {source, target}:
                receiver.on_link_acl_data(sender_address, transport, data)

        self._under_way[source] += 1
        loop = asyncio.get_running_loop()
        if not self._air.interval_s:
            loop.call_soon(land)
            return
        self._queues[source, target].append(land)
        if self._next_event is None:
            self._next_event = loop.call_later(self._air.interval_s, self._connection_event)

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        if _text(sender_controller.random_address) not in self.away:
            super().send_advertising_pdu(sender_controller, packet)

    async def leave_range(self, address: str, supervision_s: float) -> None:
        self.away.add(address)
        await asyncio.sleep(supervision_s)
        for controller in list(self.controllers):
            itself = _text(controller.random_address) == address
            for connection in list(controller.le_connections.values()):
                if itself or _text(connection.peer_address) == address:
                    controller.on_le_disconnected(connection, _SUPERVISION_TIMEOUT)

    def _connection_event(self) -> None:
        for queue in self._queues.values():
            if queue and self._random.random() >= self._air.missed:
                for _ in range(min(self._air.per_event, len(queue))):
                    queue.popleft()()
        waiting = any(self._queues.values())
        loop = asyncio.get_running_loop()
        self._next_event = (
            loop.call_later(self._air.interval_s, self._connection_event) if waiting else None
        )


class _Controller(Controller):
    """bumble's emulated controller, as a Bluetooth 4.2 part, with its faults mended."""

    def __init__(self, name: str, link: LocalLink) -> None:
        super().__init__(name, link=link)
        # 27 by default, which would cut a full notification into ten.
        self.le_acl_data_packet_length = _LINK_PACKET
        # Extended reports come twice for each advertisement, and privacy is not emulated.
        self.le_features &= ~(
            hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LL_PRIVACY
        )

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Give up a connection attempt; bumble says yes and does nothing, blocking all later ones."""
        del command
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


def _new_device(name: str, address: hci.Address, link: LocalLink) -> Device:
    controller = _Controller(name, link)
    config = DeviceConfiguration(name=name, address=address)
    return Device.from_config_with_hci(config, controller, controller)


def _text(address: hci.Address) -> str:
    return address.to_string(with_type_qualifier=False)


def _uuid(uuid: core.UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))


# --- the sensors' side -----------------------------------------------------------------------


class _Host:
    """One virtual sensor on a host stack of its own: advertises, answers, streams."""

    def __init__(self, peripheral: Peripheral, link: _Link, t_zero_s: float) -> None:
        advert = peripheral.advert
        self._peripheral = peripheral
        self._link = link
        self._t_zero_s = t_zero_s
        self._address = hci.Address(advert.address, hci.AddressType.RANDOM_DEVICE)
        self._device = _new_device(advert.name or advert.address, self._address, link)
        self._device.advertising_data = _advertisement(peripheral)
        self._characteristics: dict[str, Characteristic[bytes]] = {}
        self._replies: list[Outgoing] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._streaming: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        for uuid, rows in peripheral.table.services.items():
            mine = [self._characteristic(row.uuid, row.properties) for row in rows]
            self._device.add_service(Service(core.UUID(uuid), mine))
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    async def start(self) -> None:
        await self._device.power_on()
        await self._advertise()

    async def stop(self) -> None:
        self._device.remove_listener(Device.EVENT_CONNECTION, self._on_connection)
        tasks = self._tasks | ({self._streaming} if self._streaming else set())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._device.is_advertising:
            await self._device.stop_advertising()
        await self._device.power_off()

    async def drop(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def _advertise(self) -> None:
        await self._device.start_advertising(
            auto_restart=False,
            advertising_interval_min=_ADVERTISING_MS,
            advertising_interval_max=_ADVERTISING_MS,
        )

    def _characteristic(self, uuid: str, properties: frozenset[str]) -> Characteristic[bytes]:
        words = ",".join(sorted(properties)).upper().replace("-", "_")
        characteristic: Characteristic[bytes] = Characteristic(
            core.UUID(uuid),
            Characteristic.Properties.from_string(words),
            Characteristic.READABLE | Characteristic.WRITEABLE,
            # Without a read function bumble's server fails inside and the client waits in vain:
            # the peripheral refuses instead, with an ATT error.
            CharacteristicValue(
                read=lambda _: self._on_read(uuid),
                write=lambda _, value: self._on_write(uuid, value),
            ),
        )

        def on_subscription(_: Connection, notify: bool, indicate: bool) -> None:
            self._peripheral.on_subscribe(self._now_s(), uuid, enabled=notify or indicate)
            self._wake.set()

        characteristic.on(Characteristic.EVENT_SUBSCRIPTION, on_subscription)
        self._characteristics[uuid] = characteristic
        return characteristic

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time() - self._t_zero_s

    def _on_read(self, uuid: str) -> bytes:
        try:
            return self._peripheral.on_read(self._now_s(), uuid)
        except AttRefused as refusal:
            raise att.ATT_Error(refusal.code) from refusal

    def _on_write(self, uuid: str, value: bytes) -> None:
        try:
            self._replies += self._peripheral.on_write(self._now_s(), uuid, bytes(value))
        except AttRefused as refusal:
            raise att.ATT_Error(refusal.code) from refusal
        self._wake.set()

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self._replies = []
        self._peripheral.on_connect(self._now_s())
        connection.once(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._streaming = asyncio.get_running_loop().create_task(self._stream(connection))

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._peripheral.on_disconnect(self._now_s())
        if self._streaming is not None:
            self._streaming.cancel()
        task = asyncio.get_running_loop().create_task(self._advertise())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stream(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            outgoing = self._replies + self._peripheral.advance(self._now_s())
            self._replies = []
            for uuid, payload in outgoing:
                await self._send(connection, self._characteristics[uuid], payload)
            due_s = self._peripheral.next_due_s()
            timer = None
            if due_s is not None:
                when_s = max(self._t_zero_s + due_s, loop.time() + _SOON_S)
                timer = loop.call_at(when_s, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    async def _send(
        self, connection: Connection, characteristic: Characteristic[bytes], payload: bytes
    ) -> None:
        await self._link.room(self._address)
        if characteristic.properties & Characteristic.Properties.INDICATE:
            await self._device.indicate_subscriber(connection, characteristic, payload)
        else:
            await self._device.notify_subscriber(connection, characteristic, payload)


def _advertisement(peripheral: Peripheral) -> bytes:
    """Everything in one packet: bumble's scan response only repeats the advertisement."""
    advert = peripheral.advert
    parts: list[tuple[int, bytes]] = [
        (AdvertisingData.FLAGS, b"\x06")  # general discovery, no classic Bluetooth
    ]
    for uuid in sorted(advert.service_uuids):
        raw = core.UUID(uuid).to_bytes()
        if uuid.startswith("0000") and uuid.endswith(_BLUETOOTH_BASE):
            raw = raw[-4:-2]  # the short form, as sensors send it
        parts.append((_UUID_LISTS[len(raw)], raw))
    for company, data in advert.manufacturer_data.items():
        kind = AdvertisingData.MANUFACTURER_SPECIFIC_DATA
        parts.append((kind, company.to_bytes(2, "little") + data))
    if advert.name is not None:
        parts.append((AdvertisingData.COMPLETE_LOCAL_NAME, advert.name.encode()))
    packet = b"".join(bytes([len(data) + 1, kind]) + data for kind, data in parts)
    if len(packet) > _ADVERTISEMENT_BYTES:
        message = f"the advertisement of {advert.name} has {len(packet)} bytes, room is for 31"
        raise ValueError(message)
    return packet


_UUID_LISTS: dict[int, int] = {
    2: AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    4: AdvertisingData.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS,
    16: AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
}


# --- the computer's side ---------------------------------------------------------------------


class _Scanner(BaseBleakScanner):
    """bleak's scanner on the central's host stack."""

    place: ClassVar[BumbleRadio]

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
        central = self.place.central
        central.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        self.place.n_scanners += 1
        if not central.is_scanning:
            await central.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        central = self.place.central
        central.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        self.place.n_scanners -= 1
        if self.place.n_scanners == 0 and central.is_scanning:
            await central.stop_scanning()

    def _on_advertisement(self, seen: Advertisement) -> None:
        name: str | None = None
        uuids: list[str] = []
        manufacturer: dict[int, bytes] = {}
        for kind, value in seen.data.ad_structures:
            if kind == AdvertisingData.COMPLETE_LOCAL_NAME:
                name = value.decode("utf-8", "replace")
            elif kind == AdvertisingData.MANUFACTURER_SPECIFIC_DATA:
                manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
            for size, its_kind in _UUID_LISTS.items():
                if kind == its_kind:
                    uuids += [
                        _uuid(core.UUID.from_bytes(value[i : i + size]))
                        for i in range(0, len(value), size)
                    ]
        data = AdvertisementData(name, manufacturer, {}, uuids, None, seen.rssi, (seen,))
        if self.is_allowed_uuid(uuids):
            key = _text(seen.address)
            device = self.create_or_update_device(key, key, name, seen.address, data)
            self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    """bleak's client on the central's host stack."""

    place: ClassVar[BumbleRadio]

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
        async with asyncio.timeout(self._timeout):
            if self._peer_address is None:
                self._peer_address = await self._find()
            async with self.place.connecting:
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
        scanner = self.place.radio().scanner_backend
        found = await bleak.BleakScanner.find_device_by_address(
            self.address, timeout=self._timeout, backend=scanner
        )
        if found is None:
            raise BleakDeviceNotFoundError(self.address, f"no device with address {self.address}")
        return cast("hci.Address", found.details)

    async def _connect(self, address: hci.Address) -> Connection:
        central = self.place.central
        try:
            return await central.connect(address, timeout=None)
        except core.ConnectionError as error:
            raise BleakError(f"failed to connect: {error}") from error
        except asyncio.CancelledError:  # our time-out or the caller's: tell the controller
            await central.send_sync_command_raw(hci.HCI_LE_Create_Connection_Cancel_Command())
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
            ours = BleakGATTService(service, service.handle, _uuid(service.uuid))
            collection.add_service(ours)
            for proxy in await service.discover_characteristics():
                words = list(gatt_char_props_to_strs(int(proxy.properties)))
                characteristic = BleakGATTCharacteristic(
                    proxy, proxy.handle, _uuid(proxy.uuid), words, self._room, ours
                )
                collection.add_characteristic(characteristic)
                for descriptor in await proxy.discover_descriptors():
                    kind = _uuid(descriptor.type)
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
        await self._att(self._proxy(characteristic).unsubscribe(force=True))
