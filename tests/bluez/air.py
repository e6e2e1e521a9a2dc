"""Our virtual sensors in the air around the guest's adapter, in a thread of their own.

    guest's kernel ── H4 ── _Adapter ── Link ── Host ── VirtualWitMotion, VirtualH10

A thread, because a test's own event loop comes and goes, and the guest's adapter must not.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bumble import hci
from bumble.transport.common import Transport
from bumble.transport.unix import open_unix_client_transport

from devices.virtual import bumble_air, bumble_host
from devices.virtual.peripheral import Peripheral

_T = TypeVar("_T")

_ADDRESS = hci.Address("00:AA:01:00:00:42", hci.AddressType.PUBLIC_DEVICE)


class _Adapter(bumble_air._Controller):
    """The guest's emulated adapter, which goes by its public address whatever it is told.

    BlueZ scans with a random address and connects with the public one, and our link stamps what
    an adapter sends with its `random_address`.
    """

    def __init__(self, link: bumble_air.Link) -> None:
        super().__init__("guest", link)
        self.public_address = self.random_address = _ADDRESS

    def on_hci_le_set_random_address_command(
        self, command: hci.HCI_LE_Set_Random_Address_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Say yes."""
        del command
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


class Air:
    """The air around one guest.  Every method may be called from any thread."""

    def __init__(self, hci_socket: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="air", daemon=True)
        self._thread.start()
        self._transport = self._wait(self._attach(str(hci_socket)))

    def close(self) -> None:
        """Take the adapter away."""
        self._wait(self._transport.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def sensors(self, *peripherals: Peripheral) -> Iterator[None]:
        """Let these be in the air for a while; session time begins now."""
        self._wait(self._enter(peripherals))
        try:
            yield
        finally:
            self._wait(self._leave(peripherals))

    def drop(self, peripheral: Peripheral) -> None:
        """Let a sensor end its link, as when it is switched off and on at once."""
        self._wait(self._hosts[peripheral.advert.address].drop())

    def leave_range(self, peripheral: Peripheral) -> None:
        """Carry a sensor away: nothing gets through, and both sides notice after a while."""
        self._wait(self._link.leave_range(peripheral.advert.address, supervision_s=0.5))

    def return_to_range(self, peripheral: Peripheral) -> None:
        """Bring it back; it advertises."""
        self.do(lambda: self._link.away.discard(peripheral.advert.address))

    def is_connected(self, peripheral: Peripheral) -> bool:
        """Whether the guest holds a link to a sensor."""
        return self.do(lambda: self._hosts[peripheral.advert.address]._connection is not None)

    def do(self, function: Callable[[], _T]) -> _T:
        """Call a function between two packets, so that it sees the sensors in a settled state."""

        async def call() -> _T:
            return function()

        return self._wait(call())

    async def _attach(self, hci_socket: str) -> Transport:
        self._link = bumble_air.Link(bumble_air.Air())
        self._hosts: dict[str, bumble_host.Host] = {}
        adapter = _Adapter(self._link)
        transport = await open_unix_client_transport(hci_socket)
        transport.source.set_packet_sink(adapter)
        adapter.host = transport.sink
        return transport

    async def _enter(self, peripherals: Iterable[Peripheral]) -> None:
        for peripheral in peripherals:
            host = bumble_host.Host(peripheral, self._link, asyncio.get_running_loop().time())
            self._hosts[peripheral.advert.address] = host
            await host.start()

    async def _leave(self, peripherals: Iterable[Peripheral]) -> None:
        for peripheral in peripherals:
            host = self._hosts.pop(peripheral.advert.address)
            await host.drop()
            await host.stop()
            controller = next(
                c
                for c in self._link.controllers
                if bumble_air.text_of(c.random_address) == peripheral.advert.address
            )
            self._link.remove_controller(controller)

    def _wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60.0)
