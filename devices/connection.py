"""One connection: carries a driver's conversation to the sensor, and everything heard back.

The callback that bleak calls only stamps and hands on, so that no slow reader can cost a packet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic

from devices.driver import Arrival, Ask, Pause, Read, Step, Subscribe, Write
from devices.errors import DeviceError, SensorRefused, SensorSilent
from devices.radio import call

_T = TypeVar("_T")


class Connection:
    """A connected `BleakClient` with what is subscribed, awaited and heard on it.

    Parameters
    ----------
    client : BleakClient
        Connected.
    name : str
        What messages call the sensor.
    on_notification : callable
        Told everything that arrives, reads included, stamped in session seconds.
    t_zero_s : float
        Event loop time of the session's zero.
    step_s : float
        Longest time for one read, write or subscription.
    """

    def __init__(
        self,
        client: BleakClient,
        name: str,
        on_notification: Callable[[Arrival], None],
        step_s: float,
        t_zero_s: float = 0.0,
    ) -> None:
        self._client = client
        self._name = name
        self._on_notification = on_notification
        self._step_s = step_s
        self._t_zero_s = t_zero_s
        self._subscribed: list[str] = []
        self._heard: dict[str, _Heard] = {}
        self._waiting: _Waiting | None = None

    async def converse(self, conversation: Generator[Step, bytes, _T]) -> _T:
        """Carry a conversation to its end; a step that fails is told to the driver.

        Raises
        ------
        DeviceError
            What the driver does not catch.
        """
        try:
            step = next(conversation)
            while True:
                try:
                    answer = await self._do(step)
                except DeviceError as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            result: _T = end.value
            return result
        finally:
            conversation.close()

    async def unsubscribe(self, each_s: float) -> None:
        """Turn everything off that is on; what fails is off as well when the link ends."""
        while self._subscribed:
            with suppress(DeviceError):
                characteristic = self._characteristic(self._subscribed.pop())
                await call("unsubscribing", each_s, self._client.stop_notify(characteristic))

    def forget_heard(self) -> None:
        """From here on `last_data_s` speaks of what comes now."""
        for heard in self._heard.values():
            heard.n, heard.last = 0, None

    def last_data_s(self) -> float | None:
        """When the busiest characteristic was heard last, in loop time; None before the first.

        The busiest, because a strap may go on telling the pulse when its acceleration stopped.
        """
        last = max(self._heard.values(), key=_Heard.n_bytes, default=_Heard()).last
        return None if last is None else last[0] + self._t_zero_s

    def ear(self, uuid: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        """What bleak calls for each notification of a characteristic.

        A plain function, or order would be lost; and what it needs at hand, because it is called
        hundreds of times a second.
        """
        loop = asyncio.get_running_loop()
        # What the usual loop calls itself, without the way there; other loops have their own time.
        has_own_time = type(loop).time is not asyncio.BaseEventLoop.time
        now_s = loop.time if has_own_time else time.monotonic
        t_zero_s, on_notification = self._t_zero_s, self._on_notification
        heard = self._heard.setdefault(uuid, _Heard())

        def hear(_characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
            heard.last = arrival = (now_s() - t_zero_s, uuid, bytes(data))
            heard.n += 1
            on_notification(arrival)
            if self._waiting is not None:
                self._waiting.hear(arrival)

        return hear

    async def _do(self, step: Step) -> bytes:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return b""
        service = step.service if isinstance(step, Read | Write) else ""
        characteristic = self._characteristic(step.characteristic, service)
        match step:
            case Read():
                return await self._read(characteristic)
            case Subscribe():
                await self._subscribe(characteristic)
            case Write():
                await self._write(characteristic, step)
            case Ask():
                return await self._ask(characteristic, step)
        return b""

    async def _read(self, characteristic: BleakGATTCharacteristic) -> bytes:
        reading = self._client.read_gatt_char(characteristic)
        value = bytes(await call(f"reading from {self._name}", self._step_s, reading))
        t_s = _now_s() - self._t_zero_s
        self._on_notification((t_s, characteristic.uuid, value))
        return value

    async def _subscribe(self, characteristic: BleakGATTCharacteristic) -> None:
        subscribing = self._client.start_notify(characteristic, self.ear(characteristic.uuid))
        await call(f"subscribing to {self._name}", self._step_s, subscribing)
        self._subscribed.append(characteristic.uuid)

    async def _write(self, characteristic: BleakGATTCharacteristic, step: Write | Ask) -> None:
        writing = self._client.write_gatt_char(characteristic, step.data, response=step.response)
        await call(f"writing to {self._name}", self._step_s, writing)

    async def _ask(self, characteristic: BleakGATTCharacteristic, step: Ask) -> bytes:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # Before the write, because the answer may overtake the write's own confirmation.
        self._waiting = _Waiting(step, answer)
        try:
            await self._write(characteristic, step)
            return await asyncio.wait_for(answer, step.timeout_s)
        except TimeoutError:
            raise SensorSilent(
                f"{self._name} did not answer {step.data.hex(' ')} in {step.timeout_s:g} s",
                hint="Switch it off and on, and bring it nearer.",
            ) from None
        finally:
            self._waiting = None

    def _characteristic(self, uuid: str, of_service: str = "") -> BleakGATTCharacteristic:
        """By walking the services: bleak refuses to look up a UUID that occurs twice."""
        if not self._client.is_connected:
            raise SensorSilent(
                f"{self._name} is not connected any more", hint="Bring it nearer and switch it on."
            )
        for service in self._client.services:
            if of_service not in {"", service.uuid}:
                continue
            for characteristic in service.characteristics:
                if characteristic.uuid == uuid:
                    return characteristic
        raise SensorRefused(
            f"{self._name} has no characteristic {uuid}",
            hint="Update its firmware, or make the system forget the sensor and find it again.",
        )


@dataclass(slots=True)
class _Heard:
    """How often one characteristic was heard, and what last."""

    n: int = 0
    last: Arrival | None = None

    def n_bytes(self) -> int:
        """About how much: a sensor's notifications on one characteristic are of one size."""
        return 0 if self.last is None else self.n * len(self.last[2])


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A question on its way, and the place for its answer."""

    question: Ask
    answer: asyncio.Future[bytes]

    def hear(self, arrival: Arrival) -> None:
        question, (_, uuid, payload) = self.question, arrival
        if not self.answer.done() and uuid == question.reply_on and question.is_reply(payload):
            self.answer.set_result(payload)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
