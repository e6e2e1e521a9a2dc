"""The link to one sensor: connects, starts, watches, reconnects, stops, and hands bytes on.

    connecting --start conversation--> streaming --3 s without data--> silent --started again--+
        ^                                  ^                             |                     |
        |                                  +-----------------------------|---------------------+
        +---- back-off 1, 2, 4 ... 30 s ---- lost <---- link broke, no answer, still silent
    stop, at any moment --stop conversation, unsubscribe, disconnect--> stopped

A driver may allow its sensor a longer silence than 3 s.

Nothing is decoded here; what a sensor is told and what it answers is its driver's conversation.
`radio`, `connection` and this file are the only ones that know bleak; only the virtual radios know
its inside.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bleak import BleakClient

from devices.connection import Connection
from devices.driver import Arrival, StreamInfo, StreamRequest
from devices.errors import DeviceError, SensorSilent
from devices.radio import SYSTEM_RADIO, Found, Radio, call, scan

__all__ = [
    "SYSTEM_RADIO",
    "Found",
    "LinkEvent",
    "LinkSettings",
    "LinkState",
    "Radio",
    "SensorLink",
    "scan",
]

_LOOKS_FOR_DATA = 30  # in one silence: often enough to be prompt


class LinkState(enum.StrEnum):
    """Where a link stands; the picture is at the top of this file."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    SILENT = "silent"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """A change of state.  `info` comes with `STREAMING`: what the sensor agreed to this time."""

    t_s: float
    state: LinkState
    detail: str = ""
    info: StreamInfo | None = None


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How patient a link is."""

    connect_s: float = 30.0  # bleak's own limit since 2.1.1; 10 s was too short for many adapters
    step_s: float = 30.0  # a write may wait for a person to accept pairing
    silence_s: float | None = None  # None: what its driver says, `silent_after_s`
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 30.0
    rescan_s: float = 1.5  # sensors advertise several times a second; others look as well
    between_scans_s: float = 0.5
    farewell_s: float = 4.0  # for the whole stop conversation
    goodbye_s: float = 3.0  # for each unsubscription and for the disconnection


# --- one sensor ------------------------------------------------------------------------------


class SensorLink:
    """Keeps one sensor streaming until told to stop, whatever happens to the link.

    Parameters
    ----------
    found : Found
        From `scan`; must be a sensor we know.
    request : StreamRequest
        What the measures would like.
    t_zero_s : float
        Event loop time of the session's zero; arrivals count from it.
    on_notification, on_event : callable
        Called in the event loop; must return at once.  What a driver *reads* is handed on like a
        notification, so that a recording holds everything the sensor said.

    Raises
    ------
    DeviceError
        `found` is not a sensor we know.
    """

    def __init__(
        self,
        found: Found,
        *,
        request: StreamRequest,
        radio: Radio,
        t_zero_s: float,
        on_notification: Callable[[Arrival], None],
        on_event: Callable[[LinkEvent], None],
        settings: LinkSettings | None = None,
    ) -> None:
        if found.driver is None:
            raise DeviceError(
                f"{found.advert.name or found.advert.address} is not a sensor this program knows",
                hint="`backrelease scan` marks those it knows.",
            )
        self._driver = found.driver
        self._device = found.handle
        self._name = found.advert.name or found.advert.address
        self._request = request
        self._radio = radio
        self._t_zero_s = t_zero_s
        self._on_notification = on_notification
        self._on_event = on_event
        self._settings = settings or LinkSettings()
        given_s = self._settings.silence_s
        self._silence_s = found.driver.silent_after_s if given_s is None else given_s
        self._has_streamed = False
        self._streams_on: Connection | None = None
        self._is_cueing = False

    @property
    def can_cue(self) -> bool:
        """Whether this kind of sensor can call its wearer."""
        return self._driver.cue is not None

    async def cue(self, times: int = 1) -> bool:
        """Let the sensor call its wearer by so many buzzes or flashes; whether it was told to.

        False where it cannot, does not stream now, or is at it already.  Data flows on meanwhile,
        and a sensor that knows only one kind of call gives that once.
        """
        connection = self._streams_on
        if self._driver.cue is None or connection is None or self._is_cueing:
            return False
        self._is_cueing = True
        try:
            await connection.converse(self._driver.cue(times))
        except DeviceError:
            return False
        finally:
            self._is_cueing = False
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, stream and reconnect until `stop` is set; then leave the sensor in order.

        Failures are told as events, not raised.  A cancellation leaves in order too.
        """
        backoff_s = self._settings.first_backoff_s
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._say(LinkState.CONNECTING)
                try:
                    await self._connection(stopping)
                except DeviceError as error:
                    self._say(LinkState.LOST, f"{error}. {error.hint}".strip())
                    if self._has_streamed:
                        backoff_s = self._settings.first_backoff_s
                    is_missing = isinstance(error, SensorSilent) and not self._has_streamed
                    await self._rest(backoff_s, stopping, look=is_missing)
                    backoff_s = min(2.0 * backoff_s, self._settings.longest_backoff_s)
        finally:
            stopping.cancel()
            self._say(LinkState.STOPPED)

    # One connection, from connecting to leaving.

    async def _connection(self, stopping: asyncio.Task[bool]) -> None:
        """Return when told to stop; raise `DeviceError` when the connection is over otherwise."""
        broken = asyncio.Event()
        client = BleakClient(
            self._device,
            lambda _: broken.set(),
            timeout=self._settings.connect_s,
            backend=self._radio.client_backend,
        )
        connection = Connection(
            client, self._name, self._on_notification, self._settings.step_s, self._t_zero_s
        )
        self._has_streamed = False
        serving = asyncio.create_task(self._serve(client, connection, broken))
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                await serving
        finally:
            await _to_the_end(self._leave(client, connection, serving))

    async def _serve(
        self, client: BleakClient, connection: Connection, broken: asyncio.Event
    ) -> None:
        await call(f"connecting to {self._name}", self._settings.connect_s, client.connect())
        streaming = asyncio.create_task(self._stream(connection))
        breaking = asyncio.create_task(broken.wait())
        try:
            await asyncio.wait({streaming, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if breaking.done():
                raise SensorSilent(
                    f"the link to {self._name} broke",
                    hint="It is out of range, switched off, or its battery is empty.",
                )
            await streaming
        finally:
            await _cancelled(streaming, breaking)

    async def _stream(self, connection: Connection) -> None:
        """Start, then watch over the data; raise when the sensor stays silent."""
        info = await connection.converse(self._driver.start(self._request))
        self._say(LinkState.STREAMING, info=info)
        self._has_streamed = True
        while True:
            self._streams_on = connection
            try:
                await self._silence(connection)
            finally:
                self._streams_on = None
            self._say(LinkState.SILENT, f"nothing for {self._silence_s:g} s")
            await connection.unsubscribe(self._settings.goodbye_s)
            info = await connection.converse(self._driver.start(self._request))
            connection.forget_heard()
            if not await self._hears_data(connection):
                raise SensorSilent(
                    f"{self._name} sends nothing, even when started again",
                    hint="Switch it off and on.",
                )
            self._say(LinkState.STREAMING, "started again", info)

    async def _silence(self, connection: Connection) -> None:
        """Return when there was no data for so long that the sensor is silent."""
        since_s = _now_s()
        while True:
            rest_s = (connection.last_data_s() or since_s) + self._silence_s - _now_s()
            if rest_s <= 0.0:
                return
            await asyncio.sleep(rest_s)

    async def _hears_data(self, connection: Connection) -> bool:
        for _ in range(_LOOKS_FOR_DATA):
            if connection.last_data_s() is not None:
                return True
            await asyncio.sleep(self._silence_s / _LOOKS_FOR_DATA)
        return False

    async def _leave(
        self, client: BleakClient, connection: Connection, serving: asyncio.Task[None]
    ) -> None:
        """Every part is tried, none may take long, and nothing here can fail."""
        await _cancelled(serving)
        if client.is_connected:
            with suppress(DeviceError, TimeoutError):
                async with asyncio.timeout(self._settings.farewell_s):
                    await connection.converse(self._driver.stop())
            await connection.unsubscribe(self._settings.goodbye_s)
        with suppress(DeviceError):
            await call("disconnecting", self._settings.goodbye_s, client.disconnect())

    async def _rest(self, seconds: float, stopping: asyncio.Task[bool], *, look: bool) -> None:
        """Wait before the next attempt; a sensor that was not there is looked for meanwhile."""
        resting = asyncio.create_task(self._look(seconds) if look else asyncio.sleep(seconds))
        try:
            await asyncio.wait({resting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(resting)

    async def _look(self, backoff_s: float) -> None:
        """Wait for `backoff_s`, but no longer than until the sensor is there again.

        That also brings a fresh handle: the system may have forgotten the sensor, and then the old
        one is stale.  Scans are short, because two sensors that are away look in turn.
        """

        def ours(found: Sequence[Found]) -> list[Found]:
            return [it for it in found if it.advert.address == self._device.address]

        until_s = _now_s() + backoff_s
        while (rest_s := until_s - _now_s()) > 0.0:
            with suppress(DeviceError):
                look_s = min(rest_s, self._settings.rescan_s)
                for found in ours(await scan(look_s, self._radio, lambda seen: bool(ours(seen)))):
                    self._device = found.handle
                    return
            await asyncio.sleep(self._settings.between_scans_s)

    def _say(self, state: LinkState, detail: str = "", info: StreamInfo | None = None) -> None:
        self._on_event(LinkEvent(_now_s() - self._t_zero_s, state, detail, info))


# --- asyncio ---------------------------------------------------------------------------------


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel and see the end of tasks whose result nobody wants any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _to_the_end(cleanup: Coroutine[Any, Any, None]) -> None:
    """Run `cleanup`, which limits its own time, to its end even when we are cancelled."""
    task = asyncio.create_task(cleanup)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
