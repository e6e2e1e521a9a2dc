"""The air between emulated Bluetooth controllers: connection events, range, and no overflow.

    sensor's _Controller ── Air ──> queue ── every `interval_s`, unless missed ──> central's

Part of `bumble_radio`.  bumble 0.0.236 needs care; each place says why.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from bleak.uuids import normalize_uuid_str
from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host
from bumble.link import LocalLink

_LINK_PACKET = 251  # the longest a link layer carries in one piece
_IN_FLIGHT = 8  # packets of one sensor on the link; more would only grow a queue
_SUPERVISION_TIMEOUT = 0x08  # HCI error: the other side was not heard for too long


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


class Link(LocalLink):
    """Carries packets at connection events, knows who is away and how much is under way."""

    def __init__(self, air: Air) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # the one untyped function of bumble's link
        self.away: set[str] = set()
        self._air = air
        self._random = random.Random(air.seed)  # noqa: S311 - a simulation, not a secret
        self._under_way: Counter[str] = Counter()
        self._queues: defaultdict[tuple[str, str], deque[Callable[[], None]]] = defaultdict(deque)
        self._landed = asyncio.Event()
        self._next_event: asyncio.TimerHandle | None = None

    async def room(self, source: hci.Address) -> None:
        """Wait until a sender has few packets under way."""
        while self._under_way[text_of(source)] >= _IN_FLIGHT:
            self._landed.clear()
            await self._landed.wait()

    def stop(self) -> None:
        """Carry nothing any more."""
        if self._next_event is not None:
            self._next_event.cancel()

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Take one packet; it arrives at once or at a connection event."""
        source, target = text_of(sender_controller.random_address), text_of(destination_address)
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
        """Let everyone in range hear an advertisement."""
        if text_of(sender_controller.random_address) not in self.away:
            super().send_advertising_pdu(sender_controller, packet)

    async def leave_range(self, address: str, supervision_s: float) -> None:
        """Nothing gets through any more; after `supervision_s` both sides give the link up."""
        self.away.add(address)
        await asyncio.sleep(supervision_s)
        for controller in list(self.controllers):
            itself = text_of(controller.random_address) == address
            for connection in list(controller.le_connections.values()):
                if itself or text_of(connection.peer_address) == address:
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
    """bumble's emulated controller, as a Bluetooth 4.2 part, with its faults mended.

    bumble writes every packet out in colours for its debug log, read or not, which is a third of the
    time of a session.  Here and in `_Host` packets go the same way without that.
    """

    def __init__(self, name: str, link: LocalLink) -> None:
        super().__init__(name, link=link)
        # 27 by default, which would cut a full notification into ten.
        self.le_acl_data_packet_length = _LINK_PACKET
        # Extended reports come twice for each advertisement, and privacy is not emulated.
        self.le_features &= ~(
            hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LL_PRIVACY
        )

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the host."""
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        else:
            super().on_hci_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the host."""
        if self.host is not None:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

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


class _Host(Host):
    """bumble's host, without the log line of each packet."""

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the controller."""
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        elif isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)
        else:
            super().on_hci_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the controller."""
        if self.hci_sink is not None:
            self.hci_sink.on_packet(bytes(packet))


def new_device(name: str, address: hci.Address, link: LocalLink) -> Device:
    """A host stack on a controller of its own."""
    controller = _Controller(name, link)
    config = DeviceConfiguration(name=name, address=address)
    return Device(config=config, host=_Host(controller, controller))


def text_of(address: hci.Address) -> str:
    """An address as people write it."""
    return address.to_string(with_type_qualifier=False)


def uuid_of(uuid: core.UUID) -> str:
    """A UUID as bleak writes it."""
    return normalize_uuid_str(uuid.to_hex_str("-"))
