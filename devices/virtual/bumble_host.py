"""A virtual sensor on a bumble host stack: advertises, answers, streams.

    Peripheral ── reads, writes, subscriptions ── GATT server, ATT, L2CAP, HCI ── Link

Part of `bumble_radio`.
"""

from __future__ import annotations

import asyncio

from bumble import att, core, hci
from bumble.core import AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from devices.errors import DeviceError
from devices.virtual.bumble_air import Link, new_device
from devices.virtual.peripheral import AttRefused, Outgoing, Peripheral

_ADVERTISING_MS = 100.0
_ADVERTISEMENT_BYTES = 31  # the room in a legacy advertisement
_BLUETOOTH_BASE = "-0000-1000-8000-00805f9b34fb"
_SOON_S = 1e-4  # a timer is never set for now: time has to pass between two looks


class Host:
    """One virtual sensor on a host stack of its own: advertises, answers, streams."""

    def __init__(self, peripheral: Peripheral, link: Link, t_zero_s: float) -> None:
        advert = peripheral.advert
        self._peripheral = peripheral
        self._link = link
        self._t_zero_s = t_zero_s
        self._address = hci.Address(advert.address, hci.AddressType.RANDOM_DEVICE)
        self._device = new_device(advert.name or advert.address, self._address, link)
        self._device.advertising_data = advertisement(peripheral)
        self._characteristics: dict[str, Characteristic[bytes]] = {}
        self._replies: list[Outgoing] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._streaming: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._on_air = False
        for uuid, rows in peripheral.table.services.items():
            mine = [self._characteristic(row.uuid, row.properties) for row in rows]
            self._device.add_service(Service(core.UUID(uuid), mine))
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    async def start(self) -> None:
        """Power on and advertise."""
        self._on_air = True
        await self._device.power_on()
        await self._advertise()

    async def stop(self) -> None:
        """Fall silent for good."""
        self._on_air = False
        self._device.remove_listener(Device.EVENT_CONNECTION, self._on_connection)
        if self._streaming is not None:
            self._streaming.cancel()
        # A command to advertise is waited for: cancelled, its answer would come to nobody.
        tasks = self._tasks | ({self._streaming} if self._streaming else set())
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        if self._device.is_advertising:
            await self._device.stop_advertising()
        await self._device.power_off()
        for error in ended:
            if isinstance(error, Exception):  # a fault of the virtual sensor itself: never hide it
                raise error

    async def drop(self) -> None:
        """End the link from the sensor's side; it advertises again."""
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
        if not self._on_air:
            return
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


def advertisement(peripheral: Peripheral) -> bytes:
    """Everything in one packet: bumble's scan response only repeats the advertisement."""
    advert = peripheral.advert
    parts: list[tuple[int, bytes]] = [
        (AdvertisingData.FLAGS, b"\x06")  # general discovery, no classic Bluetooth
    ]
    for uuid in sorted(advert.service_uuids):
        raw = core.UUID(uuid).to_bytes()
        if uuid.startswith("0000") and uuid.endswith(_BLUETOOTH_BASE):
            raw = raw[-4:-2]  # the short form, as sensors send it
        parts.append((UUID_LISTS[len(raw)], raw))
    for company, data in advert.manufacturer_data.items():
        kind = AdvertisingData.MANUFACTURER_SPECIFIC_DATA
        parts.append((kind, company.to_bytes(2, "little") + data))
    if advert.name is not None:
        parts.append((AdvertisingData.COMPLETE_LOCAL_NAME, advert.name.encode()))
    packet = b"".join(bytes([len(data) + 1, kind]) + data for kind, data in parts)
    if len(packet) > _ADVERTISEMENT_BYTES:
        raise DeviceError(
            f"the advertisement of {advert.name} has {len(packet)} bytes, room is for 31",
            hint="Give the virtual sensor a shorter name.",
        )
    return packet


UUID_LISTS: dict[int, int] = {
    2: AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    4: AdvertisingData.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS,
    16: AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
}
