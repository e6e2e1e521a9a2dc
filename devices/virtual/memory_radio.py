"""A radio without Bluetooth: virtual sensors behind bleak's public layer, on the running loop's time.

    SensorLink --> BleakClient --> _Client --+                 +--> Peripheral.advance(t_s)
                                             +-- _Seat (air) --+
    scan ------> BleakScanner --> _Scanner --+                 +--> Peripheral.on_write ...

Data leaves at connection events, as on a real link: what a sensor has to say waits for the next
event, and a missed event delays it but loses nothing.  On a `VirtualTimeLoop` an hour of five
sensors passes in well under a minute.
"""

from __future__ import annotations

# ruff: noqa: ARG002 - bleak's signatures
import asyncio
import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
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

from devices.link import Radio
from devices.virtual.peripheral import AttRefused, Outgoing, Peripheral

_ADVERTISING_INTERVAL_S = 0.1  # common for sensors
_CONNECTING_S = 0.05
_MTU = 247  # what most adapters agree to
_MEDIUM_RSSI_DBM = -60


@dataclass(frozen=True, slots=True)
class AirSettings:
    """How good the link is."""

    interval_s: float = 0.03  # connection interval; desktop systems ask for 15 to 50 ms
    missed: float = 0.0  # share of connection events that fail: data waits for the next
    jitter_s: float = 0.0  # longest delay inside the receiving computer; order is kept
    seed: int = 0


class MemoryRadio:
    """What is in the air: virtual sensors, and the faults a test wants.

    Parameters
    ----------
    peripherals : iterable of Peripheral
        Each with an `advert.address` of its own.
    t_zero_s : float, optional
        Event loop time of the session's zero; by default the moment of the first use.

    Examples
    --------
    >>> from devices.link import scan
    >>> from devices.virtual.loop import VirtualTimeLoop
    >>> with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
    ...     runner.run(scan(5.0, MemoryRadio([]).radio()))
    []
    """

    def __init__(
        self,
        peripherals: Iterable[Peripheral],
        t_zero_s: float | None = None,
        settings: AirSettings | None = None,
    ) -> None:
        self._t_zero_s = t_zero_s
        settings = settings or AirSettings()
        self.seats = {
            peripheral.advert.address: _Seat(self, peripheral, settings, settings.seed + index)
            for index, peripheral in enumerate(peripherals)
        }

    def radio(self) -> Radio:
        """What `scan` and `SensorLink` take."""
        # bleak makes the backends itself, so the air travels with the types.
        scanner = type("MemoryScanner", (_Scanner,), {"air": self})
        client = type("MemoryClient", (_Client,), {"air": self})
        return Radio(
            "sensors in memory, without Bluetooth",
            cast("type[_Scanner]", scanner),
            cast("type[_Client]", client),
        )

    # Faults.

    def drop(self, address: str, away_s: float = 0.0) -> None:
        """Break the link; the sensor is out of range for `away_s`."""
        self.seat(address).drop(away_s)

    def refuse_connects(self, address: str, n: int) -> None:
        """Let the next `n` attempts to connect fail at once."""
        self.seat(address).n_refusals = n

    def silence(self, address: str, seconds: float) -> None:
        """Swallow everything the sensor sends for so long, while the link stays up."""
        self.seat(address).silent_until_s = self.now_s() + seconds

    # For the backends.

    def now_s(self) -> float:
        """Session time."""
        loop_s = asyncio.get_running_loop().time()
        if self._t_zero_s is None:
            self._t_zero_s = loop_s
        return loop_s - self._t_zero_s

    def seat(self, address: str) -> _Seat:
        """The sensor of that address."""
        try:
            return self.seats[address]
        except KeyError:
            raise BleakDeviceNotFoundError(address, f"no sensor {address} in memory") from None


class _Seat:
    """One sensor in the air: its link, its faults, and the connection events that carry its data."""

    def __init__(
        self, air: MemoryRadio, peripheral: Peripheral, settings: AirSettings, seed: int
    ) -> None:
        self.peripheral = peripheral
        self.client: _Client | None = None
        self.n_refusals = 0
        self.silent_until_s = -float("inf")
        self._away_until_s = -float("inf")
        self._air = air
        self._settings = settings
        self._random = random.Random(seed)  # noqa: S311 - a reproducible fault, no secret
        self._event: asyncio.TimerHandle | None = None
        self._under_way: deque[Sequence[Outgoing]] = deque()

    @property
    def interval_s(self) -> float:
        """Time of one exchange."""
        return self._settings.interval_s

    @property
    def is_in_range(self) -> bool:
        """Whether it advertises."""
        return self.client is None and self._air.now_s() >= self._away_until_s

    def connect(self, client: _Client) -> None:
        """Take the link; connection events begin with the first data."""
        self.client = client
        self._under_way.clear()
        self.peripheral.on_connect(self._air.now_s())
        self.schedule()

    def disconnect(self) -> None:
        """Free the link, from either side."""
        client, self.client = self.client, None
        if self._event is not None:
            self._event.cancel()
            self._event = None
        if client is not None:
            self.peripheral.on_disconnect(self._air.now_s())
            client.lost()

    def drop(self, away_s: float) -> None:
        """Break the link and be away."""
        self._away_until_s = self._air.now_s() + away_s
        self.disconnect()

    def schedule(self) -> None:
        """Plan the connection event that carries what the sensor has next; call after any change."""
        if self._event is not None:
            self._event.cancel()
            self._event = None
        due_s = self.peripheral.next_due_s()
        if self.client is None or due_s is None:
            return
        now_s, interval_s = self._air.now_s(), self._settings.interval_s
        # Events stand on a grid; the next one that is not before the data is due.
        n = max(-(-due_s // interval_s), now_s // interval_s + 1.0)
        while self._random.random() < self._settings.missed:
            n += 1.0
        loop = asyncio.get_running_loop()
        self._event = loop.call_at(loop.time() + (n * interval_s - now_s), self._connection_event)

    def _connection_event(self) -> None:
        self._event = None
        self.send(self.peripheral.advance(self._air.now_s()))
        self.schedule()

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Hand data to the receiving computer, in order, perhaps late."""
        client = self.client
        if client is None or not outgoing or self._air.now_s() < self.silent_until_s:
            return
        loop = asyncio.get_running_loop()
        if self._settings.jitter_s == 0.0:
            client.hear(outgoing)
            return
        late_s = self._random.uniform(0.0, self._settings.jitter_s)
        self._under_way.append(outgoing)
        loop.call_later(late_s, self._deliver, client)

    def _deliver(self, client: _Client) -> None:
        """A late packet holds those behind it back: whichever is due, the oldest goes first."""
        if client is self.client and self._under_way:
            client.hear(self._under_way.popleft())


class _Scanner(BaseBleakScanner):
    air: MemoryRadio

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        *_: Any,
        **__: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._advertising: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.seen_devices = {}
        self._advertising = asyncio.create_task(self._advertise())

    async def stop(self) -> None:
        if self._advertising is not None:
            self._advertising.cancel()
            await asyncio.wait({self._advertising})

    async def _advertise(self) -> None:
        while True:
            for seat in self.air.seats.values():
                if seat.is_in_range:
                    self._hear(seat)
            await asyncio.sleep(_ADVERTISING_INTERVAL_S)

    def _hear(self, seat: _Seat) -> None:
        advert = seat.peripheral.advert
        services = sorted(advert.service_uuids)
        if not self.is_allowed_uuid(services):
            return
        data = AdvertisementData(
            local_name=advert.name,
            manufacturer_data=dict(advert.manufacturer_data),
            service_data={},
            service_uuids=services,
            tx_power=None,
            rssi=_MEDIUM_RSSI_DBM if advert.rssi_dbm is None else advert.rssi_dbm,
            platform_data=(),
        )
        device = self.create_or_update_device(
            advert.address, advert.address, advert.name, None, data
        )
        self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    air: MemoryRadio

    def __init__(self, address_or_ble_device: BLEDevice | str, **options: Any) -> None:
        super().__init__(address_or_ble_device, **options)
        self._seat: _Seat | None = None
        self._callbacks: dict[str, NotifyCallback] = {}

    @property
    def name(self) -> str:
        return self.air.seat(self.address).peripheral.advert.name or self.address

    @property
    def mtu_size(self) -> int:
        return _MTU

    @property
    def is_connected(self) -> bool:
        return self._seat is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        seat = self.air.seat(self.address)
        async with asyncio.timeout(self._timeout):
            await asyncio.sleep(_CONNECTING_S)
            if seat.n_refusals > 0:
                seat.n_refusals -= 1
                raise BleakError("connection refused, as a test wished")
            while not seat.is_in_range:  # noqa: ASYNC110 - a radio is polled too
                await asyncio.sleep(_ADVERTISING_INTERVAL_S)
        self._seat = seat
        self.services = _services(seat.peripheral)
        seat.connect(self)

    async def disconnect(self) -> None:
        if self._seat is not None:
            self._seat.disconnect()

    def lost(self) -> None:
        """The link is gone, whoever ended it."""
        self._seat = None
        self.services = None
        self._callbacks.clear()
        if self._disconnected_callback is not None:
            asyncio.get_running_loop().call_soon(self._disconnected_callback)

    def hear(self, outgoing: Sequence[Outgoing]) -> None:
        """Pass on what this central subscribed to."""
        for uuid, payload in outgoing:
            if (callback := self._callbacks.get(uuid)) is not None:
                callback(bytearray(payload))

    async def pair(self, *_: Any, **__: Any) -> None:
        """Nothing to pair."""

    async def unpair(self) -> None:
        """Nothing to unpair."""

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        seat = await self._one_exchange()
        try:
            return bytearray(seat.peripheral.on_read(self.air.now_s(), characteristic.uuid))
        except AttRefused as refused:
            raise BleakGATTProtocolError(refused.code) from refused

    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,
    ) -> None:
        seat = await self._one_exchange()
        now_s = self.air.now_s()
        try:
            replies = seat.peripheral.on_write(now_s, characteristic.uuid, bytes(data))
        except AttRefused as refused:
            if response:
                raise BleakGATTProtocolError(refused.code) from refused
            return  # a write without response is refused in silence
        seat.send(replies)
        seat.schedule()

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any
    ) -> None:
        seat = await self._one_exchange()
        if characteristic.uuid in self._callbacks:
            raise BleakError("notifications are already on")
        self._callbacks[characteristic.uuid] = callback
        seat.peripheral.on_subscribe(self.air.now_s(), characteristic.uuid, enabled=True)
        seat.schedule()

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        seat = await self._one_exchange()
        if self._callbacks.pop(characteristic.uuid, None) is None:
            raise BleakError("notifications are off already")
        seat.peripheral.on_subscribe(self.air.now_s(), characteristic.uuid, enabled=False)
        seat.schedule()

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        raise BleakGATTProtocolError(0x02)

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        raise BleakGATTProtocolError(0x03)

    async def _one_exchange(self) -> _Seat:
        """Request and response take one connection interval; the link may break meanwhile."""
        if self._seat is not None:
            await asyncio.sleep(self._seat.interval_s)
        if self._seat is None:
            raise BleakError("Not connected")
        return self._seat


def _services(peripheral: Peripheral) -> BleakGATTServiceCollection:
    collection, handle = BleakGATTServiceCollection(), 0
    for service_uuid, characteristics in peripheral.table.services.items():
        handle += 1
        service = BleakGATTService(None, handle, service_uuid)
        collection.add_service(service)
        for row in characteristics:
            handle += 2  # declaration and value
            properties = cast("list[CharacteristicPropertyName]", sorted(row.properties))
            collection.add_characteristic(
                BleakGATTCharacteristic(
                    None, handle, row.uuid, properties, lambda: _MTU - 3, service
                )
            )
    return collection
