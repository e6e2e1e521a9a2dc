"""The link against a scripted sensor on a radio in memory, at virtual time.

The scripted sensor counts: each data payload is a u32, so that a loss cannot hide.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from devices.chunk import Chunk
from devices.driver import (
    Advert,
    Ask,
    ClockKind,
    Driver,
    Notification,
    Pause,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, RadioUnavailable, SensorRefused, SensorSilent
from devices.link import Found, LinkEvent, LinkState, Radio, SensorLink, scan
from devices.radio import device_error
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import AirSettings, MemoryRadio
from devices.virtual.peripheral import AttRefused, GattTable, Outgoing, VirtualCharacteristic

SERVICE, COMMAND, DATA, STATUS, PULSE = (
    f"5ca1ab1e-0000-4000-8000-00000000000{i}" for i in range(5)
)
ADDRESS = "C0:FF:EE:00:00:01"
FS_HZ = 100.0
INFO = StreamInfo(fs_hz=FS_HZ, acc_range_g=4.0, has_gyro=False, clock=ClockKind.COUNTER)
START, STOP, ANSWER = b"start", b"stop", b"ok"


class CountingSensor:
    """Told to start, it answers and then sends its count 100 times a second."""

    def __init__(self, name: str = "COUNT-1", address: str = ADDRESS) -> None:
        self.advert = Advert(address=address, name=name)
        rows = [(COMMAND, "write"), (DATA, "notify"), (STATUS, "read"), (PULSE, "notify")]
        self.table = GattTable(
            {SERVICE: [VirtualCharacteristic(uuid, frozenset({p})) for uuid, p in rows]}
        )
        self.written: list[tuple[float, bytes]] = []
        self.count = 0
        self.is_deaf = False
        self.tells_pulse_only = False
        self._next_s: float | None = None

    def on_connect(self, t_s: float) -> None:
        pass

    def on_disconnect(self, t_s: float) -> None:
        self._next_s = None

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        pass

    def on_read(self, t_s: float, uuid: str) -> bytes:
        if uuid != STATUS:
            raise AttRefused(0x02)
        return b"fine"

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        self.written.append((t_s, data))
        if self.is_deaf:
            return []
        self._next_s = t_s if data == START else None
        return [(DATA, ANSWER)]

    def next_due_s(self) -> float | None:
        return self._next_s

    def advance(self, t_s: float) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        while self._next_s is not None and self._next_s <= t_s:
            if self.tells_pulse_only:
                outgoing.append((PULSE, b"beat"))
            else:
                outgoing.append((DATA, self.count.to_bytes(4, "little")))
                self.count += 1
            self._next_s += 1.0 / FS_HZ
        return outgoing


def _start(request: StreamRequest) -> Start:
    yield Read(STATUS)
    yield Subscribe(DATA)
    yield Subscribe(PULSE)
    yield Pause(0.5)
    yield Ask(COMMAND, START, True, DATA, lambda payload: payload == ANSWER, 1.0)
    return INFO


def _stop() -> Stop:
    yield Write(COMMAND, STOP, response=True)


class NoDecoder:
    def feed(self, batch: object) -> list[Chunk | DecodeError]:
        return []


COUNTING = Driver(
    name="counting",
    title="Counting sensor",
    axes="none",
    recognises=lambda advert: (advert.name or "").startswith("COUNT"),
    start=_start,
    stop=_stop,
    new_decoder=lambda info: NoDecoder(),
)


@dataclass
class Session:
    """One sensor, one link, and all that came out of it."""

    settings: AirSettings = field(default_factory=AirSettings)
    sensor: CountingSensor = field(default_factory=CountingSensor)
    notes: list[Notification] = field(default_factory=list)
    events: list[LinkEvent] = field(default_factory=list)
    driver: Driver = COUNTING
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.air = MemoryRadio([self.sensor], t_zero_s=0.0, settings=self.settings)

    async def link(self) -> SensorLink:
        radio = self.air.radio()
        (seen,) = await scan(1.0, radio, stop_when=bool)
        return SensorLink(
            Found(seen.advert, self.driver, seen.handle),
            request=StreamRequest(),
            radio=radio,
            t_zero_s=0.0,
            on_notification=lambda it: self.notes.append(Notification(*it)),
            on_event=self.events.append,
        )

    async def run(self, *script: tuple[float, Callable[[], None]], until_s: float) -> None:
        """Run the link; do each thing of the script at its time; stop at the end."""
        loop = asyncio.get_running_loop()
        link = await self.link()
        for t_s, act in script:
            loop.call_at(t_s, act)
        loop.call_at(until_s, self.stop.set)
        await link.run(self.stop)

    def states(self) -> list[str]:
        return [event.state.value for event in self.events]

    def counts(self) -> list[int]:
        return [
            int.from_bytes(n.payload, "little")
            for n in self.notes
            if n.characteristic == DATA and len(n.payload) == 4
        ]

    def times(self, data: bytes) -> list[float]:
        return [t_s for t_s, written in self.sensor.written if written == data]


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main)


# --- scanning --------------------------------------------------------------------------------


def test_scan_recognises_sorts_and_takes_its_time() -> None:
    async def main() -> None:
        near = CountingSensor("Polar H10 0001", "C0:FF:EE:00:00:02")
        far = CountingSensor("somebody's lamp", "C0:FF:EE:00:00:03")
        found = await scan(4.0, MemoryRadio([far, near]).radio())
        assert [(f.advert.name, f.driver.name if f.driver else None) for f in found] == [
            ("Polar H10 0001", "polar_h10"),
            ("somebody's lamp", None),
        ]
        assert asyncio.get_running_loop().time() == pytest.approx(4.0, abs=0.1)

    run(main())


def test_scan_ends_early_when_enough_was_found() -> None:
    async def main() -> None:
        await scan(60.0, MemoryRadio([CountingSensor()]).radio(), stop_when=lambda f: len(f) == 1)
        assert asyncio.get_running_loop().time() < 1.0

    run(main())


def test_scans_of_one_process_wait_for_each_other() -> None:
    async def main() -> None:
        radio = MemoryRadio([]).radio()
        await asyncio.gather(scan(5.0, radio), scan(5.0, radio))
        assert asyncio.get_running_loop().time() == pytest.approx(10.0, abs=0.1)

    run(main())


def test_scan_without_bluetooth_is_a_plain_error() -> None:
    off = BleakBluetoothNotAvailableError("it is off", BleakBluetoothNotAvailableReason.POWERED_OFF)

    async def main() -> None:
        radio = MemoryRadio([]).radio()
        assert radio.scanner_backend is not None

        class SwitchedOff(radio.scanner_backend):  # type: ignore[name-defined, misc]
            async def start(self) -> None:
                raise off

        with pytest.raises(RadioUnavailable) as raised:
            await scan(1.0, Radio("off", SwitchedOff))
        assert str(raised.value) == "Bluetooth is not available: it is off"
        assert raised.value.hint == "Switch Bluetooth on."

    run(main())


def test_an_unknown_sensor_makes_no_link() -> None:
    async def main() -> None:
        (found,) = await scan(1.0, MemoryRadio([CountingSensor("a lamp")]).radio())
        with pytest.raises(DeviceError, match="a lamp is not a sensor this program knows"):
            SensorLink(
                found,
                request=StreamRequest(),
                radio=MemoryRadio([]).radio(),
                t_zero_s=0.0,
                on_notification=lambda _: None,
                on_event=lambda _: None,
            )

    run(main())


# --- streaming -------------------------------------------------------------------------------


def test_everything_arrives_in_order_and_stop_is_orderly() -> None:
    async def main() -> None:
        session = Session()
        await session.run(until_s=60.0)
        assert session.states() == ["connecting", "streaming", "stopped"]
        assert session.events[1].info == INFO
        assert session.counts() == list(range(session.sensor.count))
        assert session.sensor.count > 58 * FS_HZ
        assert session.sensor.written[-1][1] == STOP
        times = [n.t_arrival_s for n in session.notes]
        assert times == sorted(times)

    run(main())


def test_what_was_read_and_answered_is_handed_on_too() -> None:
    async def main() -> None:
        session = Session()
        await session.run(until_s=3.0)
        assert [n[1:] for n in session.notes[:2]] == [(STATUS, b"fine"), (DATA, ANSWER)]

    run(main())


def test_bad_air_delays_but_loses_nothing() -> None:
    async def main() -> None:
        session = Session(AirSettings(missed=0.2, jitter_s=0.15, seed=1))
        await session.run(until_s=60.0)
        n = session.sensor.count
        assert session.counts() == list(range(len(session.counts())))
        assert len(session.counts()) >= n - 0.4 * FS_HZ  # the rest was under way at the end
        assert session.states() == ["connecting", "streaming", "stopped"]

    run(main())


def test_after_a_drop_the_configuration_is_sent_again_within_3_s_of_return() -> None:
    async def main() -> None:
        session = Session()
        away_s = [(10.0, 0.0), (20.0, 7.0), (60.0, 45.0)]
        script = [(t, lambda s=s: session.air.drop(ADDRESS, s)) for t, s in away_s]
        await session.run(*script, until_s=120.0)
        for t_s, gone_s in away_s:
            back_s = t_s + gone_s
            assert any(back_s < start_s < back_s + 3.0 for start_s in session.times(START)), back_s
        assert session.states().count("streaming") == 4
        lost = [event.detail for event in session.events if event.state == LinkState.LOST]
        assert lost[0] == (
            "the link to COUNT-1 broke. It is out of range, switched off, or its battery is empty."
        )

    run(main())


def test_refused_connections_are_tried_again_ever_more_slowly() -> None:
    async def main() -> None:
        session = Session()
        session.air.refuse_connects(ADDRESS, 4)
        await session.run(until_s=30.0)
        attempts = [e.t_s for e in session.events if e.state == LinkState.CONNECTING]
        assert [round(b - a) for a, b in itertools.pairwise(attempts)] == [
            1,
            2,
            4,
            8,
        ]
        assert session.states()[-2:] == ["streaming", "stopped"]

    run(main())


def test_a_silent_sensor_is_started_again() -> None:
    async def main() -> None:
        session = Session()
        await session.run((10.0, lambda: session.air.silence(ADDRESS, 3.1)), until_s=20.0)
        assert session.states() == ["connecting", "streaming", "silent", "streaming", "stopped"]
        silent = next(e for e in session.events if e.state == LinkState.SILENT)
        assert silent.t_s == pytest.approx(13.0, abs=0.05)
        assert len(session.times(START)) == 2

    run(main())


def test_a_driver_may_allow_a_longer_silence() -> None:
    async def main() -> None:
        session = Session(driver=replace(COUNTING, silent_after_s=5.0))
        quiet = (
            (10.0, lambda: session.air.silence(ADDRESS, 4.9)),
            (20.0, lambda: session.air.silence(ADDRESS, 5.1)),
        )
        await session.run(*quiet, until_s=30.0)
        (silent,) = (e for e in session.events if e.state == LinkState.SILENT)
        assert silent.t_s == pytest.approx(25.0, abs=0.05)
        assert silent.detail == "nothing for 5 s"

    run(main())


def test_a_sensor_that_stays_silent_is_connected_anew() -> None:
    async def main() -> None:
        session = Session()
        await session.run((10.0, lambda: session.air.silence(ADDRESS, 12.0)), until_s=40.0)
        states = session.states()
        assert states[:4] == ["connecting", "streaming", "silent", "lost"]
        assert states[-2:] == ["streaming", "stopped"]

    run(main())


def test_a_pulse_does_not_hide_that_the_motion_stopped() -> None:
    async def main() -> None:
        session = Session()
        stops = (20.0, lambda: setattr(session.sensor, "tells_pulse_only", True))
        await session.run(stops, until_s=25.0)
        (silent,) = (e for e in session.events if e.state == LinkState.SILENT)
        assert silent.t_s == pytest.approx(23.0, abs=0.05)

    run(main())


def test_a_sensor_that_answers_nothing_is_tried_until_stopped() -> None:
    async def main() -> None:
        session = Session()
        session.sensor.is_deaf = True
        await session.run(until_s=20.0)
        assert set(session.states()) == {"connecting", "lost", "stopped"}
        assert "COUNT-1 did not answer 73 74 61 72 74 in 1 s" in session.events[1].detail

    run(main())


@pytest.mark.parametrize("t_s", [0.12, 0.3, 0.8, 5.0])
def test_a_cancelled_link_leaves_in_order_at_any_moment(t_s: float) -> None:
    async def main() -> None:
        session = Session()
        link = await session.link()
        task = asyncio.create_task(link.run(session.stop))
        await asyncio.sleep(t_s)
        task.cancel()
        await asyncio.sleep(0.0)
        task.cancel()  # an impatient second Ctrl-C
        with pytest.raises(asyncio.CancelledError):
            await task
        assert session.events[-1].state == LinkState.STOPPED
        if session.times(START):
            assert session.sensor.written[-1][1] == STOP
        assert len(await scan(1.0, session.air.radio())) == 1  # free again

    run(main())


def test_stopping_takes_bounded_time_when_the_sensor_is_gone() -> None:
    async def main() -> None:
        session = Session()
        script = [(5.0, lambda: session.air.drop(ADDRESS, 1e6)), (5.0, session.stop.set)]
        await session.run(*script, until_s=50.0)
        assert asyncio.get_running_loop().time() < 10.0

    run(main())


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "message", "hint"),
    [
        (BleakGATTProtocolError(5), SensorRefused, "must be paired first", "Pair the sensor"),
        (BleakGATTProtocolError(15), SensorRefused, "must be paired first", "Pair the sensor"),
        (BleakGATTProtocolError(2), SensorRefused, "ATT error 0x02", ""),
        (BleakDeviceNotFoundError("x"), SensorSilent, "does not find it", "Switch it on"),
        (TimeoutError(), SensorSilent, "no answer", "Switch it on"),
        (PermissionError(13, "no"), RadioUnavailable, "no", "Allow this program"),
        (FileNotFoundError(2, "no bus"), RadioUnavailable, "no Bluetooth service", "bluez"),
        (BleakError("odd"), DeviceError, "testing: odd", ""),
        (AssertionError(), DeviceError, "testing: AssertionError", ""),
        *(
            (BleakDBusError(f"org.bluez.Error.{name}", []), kind, message, hint)
            for name, kind, message, hint in [
                ("NotReady", RadioUnavailable, "switched off", "Switch Bluetooth on"),
                ("InProgress", DeviceError, "in use by another program", "Close other programs"),
                ("NotPermitted", RadioUnavailable, "NotPermitted", "Allow this program"),
                ("AuthenticationFailed", SensorRefused, "Authentication", "Pair the sensor"),
                ("Failed", DeviceError, "org.bluez.Error.Failed", "off and on"),
            ]
        ),
    ],
)
def test_what_bleak_raises_is_said_plainly(
    error: Exception, kind: type[DeviceError], message: str, hint: str
) -> None:
    ours = device_error(error, "testing")
    assert type(ours) is kind
    assert message in str(ours)
    assert hint in ours.hint
