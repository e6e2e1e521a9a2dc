"""Virtual sensors over two whole Bluetooth host stacks and the air between them, all in memory.

    bleak ─ Scanner, Client              one Host for each virtual sensor ─ Peripheral
              │                                     │
        bumble host (GATT client)             bumble host (GATT server)
        ATT, L2CAP, HCI                       ATT, L2CAP, HCI
              │                                     │
        controller (emulated) ─────  Link  ───── controller (emulated)

Only bleak's per-system backend and the radio waves are not real here.  Time is the event loop's,
so a `VirtualTimeLoop` carries a quarter of an hour as fast as the computer can.  A sensor waits
for room on the link before it sends on, so that no speed makes it lose data.

`bumble_air` is the link between the controllers, `bumble_host` the sensors' side, `bumble_client`
the computer's side with bleak's backends.  These four files alone know bumble.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self

from devices.radio import Radio
from devices.virtual.bumble_air import Air, Link
from devices.virtual.bumble_client import Central
from devices.virtual.bumble_host import Host
from devices.virtual.peripheral import Peripheral

__all__ = ["Air", "BumbleRadio"]


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
    >>> from devices.radio import scan
    >>> from devices.virtual.loop import VirtualTimeLoop
    >>> from devices.virtual.wearer import dressed
    >>> async def names() -> list[str | None]:
    ...     sensors = dressed(placements={"chest": "Polar H10 51A0BACK"}).sensors
    ...     async with BumbleRadio(sensors.values()) as place:
    ...         return [found.advert.name for found in await scan(1.0, place.radio())]
    >>> with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
    ...     runner.run(names())
    ['Polar H10 51A0BACK']

    Use it as an asynchronous context manager: it takes the sensors off the air at the end.
    """

    def __init__(
        self,
        peripherals: Iterable[Peripheral],
        t_zero_s: float | None = None,
        *,
        air: Air | None = None,
    ) -> None:
        self._peripherals = tuple(peripherals)
        self._t_zero_s = t_zero_s
        self._air = air or Air()
        self._hosts: dict[str, Host] = {}

    async def start(self) -> None:
        """Power everything on; the sensors begin to advertise."""
        loop = asyncio.get_running_loop()
        t_zero_s = loop.time() if self._t_zero_s is None else self._t_zero_s
        self._link = Link(self._air)
        self._central = Central(self._link)
        await self._central.device.power_on()
        for peripheral in self._peripherals:
            host = Host(peripheral, self._link, t_zero_s)
            self._hosts[peripheral.advert.address] = host
            await host.start()

    async def stop(self) -> None:
        """End all links and advertising."""
        await self._central.stop()
        for host in self._hosts.values():
            await host.stop()
        self._link.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def radio(self) -> Radio:
        """The computer's side, for `scan` and `SensorLink`."""
        scanner, client = self._central.backends()
        return Radio("virtual sensors over bumble", scanner_backend=scanner, client_backend=client)

    async def drop(self, address: str) -> None:
        """Let a sensor end its link, as when it is switched off and on at once."""
        await self._hosts[address].drop()

    async def leave_range(self, address: str, supervision_s: float = 0.5) -> None:
        """Carry a sensor away: nothing gets through, and both sides notice after a while."""
        await self._link.leave_range(address, supervision_s)

    def return_to_range(self, address: str) -> None:
        """Bring it back; it advertises."""
        self._link.away.discard(address)
