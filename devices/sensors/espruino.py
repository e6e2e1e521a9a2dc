"""Bangle.js 1 and 2, and Puck.js v2: a small program of ours is sent, and prints its samples.

Documents: Espruino, "Bangle.js Data Streaming", "BLE UART", and the app "accelrec" for the rates.

    6E400002  write    what would be typed at the console; at most 20 bytes a write
    6E400003  notify   what the console prints: lines, cut anywhere

    S,n,t,x,y,z,c   ours: counter mod 65536, ms since the program began, acceleration in
                    1/16384 g, and the sum of the five mod 256, because torn lines can look whole
    P,percent       ours: battery
    I,board         ours: which board it is
    E               ours: it has ended
    A,x,y,z         of the maker's tutorial: acceleration in 1/100 g
    H,bpm,conf      of the maker's tutorial: heart rate
    anything else   the console's own words; passed by

A watch whose app "Bluetooth Advert" is running offers the micro:bit's accelerometer service; that
is used as it is, and nothing is replaced.  Otherwise our program takes the place of what ran.

- A Bangle.js that has not moved for two minutes falls to 1.25 Hz, which is just how our wearers
  lie: its power save is switched off.  Should it slow down all the same, the time stamps tell, and
  what is missing counts as lost.
- 0x03 clears a line that an earlier session left half written; 0x10 stops the echo of a line.
- The program ends itself when the link ends.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from devices.chunk import BatteryChunk, Chunk, HeartChunk, ImuChunk
from devices.driver import (
    Advert,
    Ask,
    ClockKind,
    Cue,
    Driver,
    Notification,
    Pause,
    Start,
    Step,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent
from devices.sensors import microbit
from devices.sensors.microbit import DATA_UUID as ADVERT_APP_UUID
from devices.sensors.textlines import LineCutter, integers

WRITE_UUID = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
PRINT_UUID = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

CLEAR_AND_RESET = b"\x03\x10reset();\n"
WHICH_BOARD = b"\x03\x10Bluetooth.println('I,'+process.env.BOARD)\n"
STAY_AWAKE = b"\x03\x10Bangle.setOptions({powerSave:false})\n"
# `bye` is ours; where it is unknown another program runs, and is left in peace.
END = b"\x03\x10Bluetooth.println('E');if(global.bye){bye();reset()}\n"
# A Bangle.js buzzes; a Puck.js, which has no motor, blinks.
CALL = b"\x10global.Bangle?Bangle.buzz(300):digitalPulse(LED1,1,500)\n"

_WRITE_SIZE = 20
_RESET_S = 1.5
_ANSWER_S = 5.0
_END_S = 2.0
_CALL_S = 0.6  # one buzz or blink, and a rest before the next

_M_S2_PER_LSB = 9.80665 / 16384
_M_S2_PER_HUNDREDTH = 9.80665 / 100
_N_COUNTS = 1 << 16
_BEGAN_AGAIN_MS = 5000  # no line is overtaken by so much: the program began again
_SLOW_PERIODS = 3.0  # a step this long is a rate drop, not the console's jitter

_PROGRAM = (
    "if(1){let n=0,t=getTime(),f=Math.round,k=16384,s=(x,y,z)=>{n=n+1&65535;"
    "let v=[n,f((getTime()-t)*1e3),f(x),f(y),f(z)];"
    "Bluetooth.println('S,'+v+','+(v[0]+v[1]+v[2]+v[3]+v[4]&255))},"
    "p=()=>Bluetooth.println('P,'+E.getBattery());"
    "BEGIN;global.bye=()=>{BYE};NRF.on('disconnect',()=>{bye();reset()});setInterval(p,6e4);p()}"
)


@dataclass(frozen=True, slots=True)
class _Board:
    """What a board offers, and how its samples are got.

    `rates` are in Hz, each with what takes the places of RATE in `begin`.
    """

    rates: dict[float, str]
    range_g: float
    begin: str
    bye: str

    def program(self, fs_hz: float) -> bytes:
        """One line for the console."""
        begin = self.begin.replace("RATE", self.rates[fs_hz])
        text = _PROGRAM.replace("BEGIN", begin).replace("BYE", self.bye)
        return b"\x03\x10" + text.encode() + b"\n"


# At 50 Hz lines are 1800 bytes a second of the 2500 that the console can print.
_BANGLE = _Board(
    rates={12.5: "80,0", 25.0: "40,65", 50.0: "20,66"},  # poll interval ms, the chip's rate code
    range_g=4.0,
    begin="let b=Bangle,h=(o,p,c)=>{b.setOptions({powerSave:o});"
    "b.accelWr(24,108);b.accelWr(27,c);b.accelWr(24,236);b.setPollInterval(p)};"
    "h(false,RATE);b.on('accel',a=>s(a.x*k,a.y*k,a.z*k))",
    bye="h(true,80,0)",
)
_PUCK = _Board(
    rates={12.5: "12.5", 26.0: "26", 52.0: "52"},
    range_g=2.0,  # 1 g is 16384 counts of 16 bits
    begin="Puck.accelOn(RATE);Puck.on('accel',a=>s(a.acc.x,a.acc.y,a.acc.z))",
    bye="Puck.accelOff()",
)
_BOARDS = {b"BANGLEJS": _BANGLE, b"BANGLEJS2": _BANGLE, b"PUCKJS": _PUCK}


# --- lines to samples ------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """Samples that follow each other without loss."""

    n_lost: int = 0
    t_device_s: list[float] = field(default_factory=list)
    t_arrival_s: list[float] = field(default_factory=list)
    acc_lsb: list[list[int]] = field(default_factory=list)

    def chunk(self, m_s2_per_lsb: float) -> ImuChunk:
        return ImuChunk(
            t_device_s=np.array(self.t_device_s),
            t_arrival_s=np.array(self.t_arrival_s),
            acc_m_s2=np.array(self.acc_lsb, dtype=np.float64) * m_s2_per_lsb,
            gyr_rad_s=None,
            n_lost=self.n_lost,
        )


class EspruinoDecoder:
    """Believes the board's own times and counter; counts only the tutorial's lines, and the app's.

    A step in time of several periods is loss, whatever the counter says: a board that slows down
    tells of less than was agreed.
    """

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._lines = LineCutter()
        self._app = microbit.DRIVER.new_decoder(info)
        self._last: tuple[int, int] | None = None  # counter and ms of the sample before
        self._n_tutorial = 0

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """Samples that follow each other in one chunk; the rest where it came."""
        told: list[Chunk | DecodeError] = self._app.feed(batch)
        run, tutorial = _Run(), _Run()
        for t_arrival_s, characteristic, payload in batch:
            if characteristic != PRINT_UUID:
                continue
            for line in self._lines.feed(payload):
                if isinstance(line, DecodeError):
                    told.append(line)
                elif line.startswith(b"S,"):
                    run = self._sample(line, t_arrival_s, run, told)
                elif line.startswith(b"A,"):
                    self._tutorial_sample(line, t_arrival_s, tutorial, told)
                elif line[:2] in {b"H,", b"P,"}:
                    told.append(_aside(line, t_arrival_s))
        if run.acc_lsb:
            told.append(run.chunk(_M_S2_PER_LSB))
        if tutorial.acc_lsb:
            told.append(tutorial.chunk(_M_S2_PER_HUNDREDTH))
        return told

    def _sample(
        self, line: bytes, t_arrival_s: float, run: _Run, told: list[Chunk | DecodeError]
    ) -> _Run:
        """Put a sample to the run, or end the run and begin another; the run to go on with."""
        values = integers(line[2:].split(b","))
        if values is None or len(values) != 6 or sum(values[:5]) & 0xFF != values[5]:
            told.append(DecodeError("a sample's line is torn", line))
            return run
        n, ms, *acc_lsb, _ = values
        n_lost = self._step(n, ms)
        if n_lost is None:
            return run  # redelivered or overtaken: its time has been told already
        if n_lost or (run.t_device_s and ms / 1000 <= run.t_device_s[-1]):
            if run.acc_lsb:
                told.append(run.chunk(_M_S2_PER_LSB))
            run = _Run(n_lost)
        self._last = (n, ms)
        run.t_device_s.append(ms / 1000)
        run.t_arrival_s.append(t_arrival_s)
        run.acc_lsb.append(acc_lsb)
        return run

    def _step(self, n: int, ms: int) -> int | None:
        """Samples missing since the one before; None for one that is not newer."""
        if self._last is None:
            return 0
        since_ms = ms - self._last[1]
        if since_ms < -_BEGAN_AGAIN_MS:
            return 0
        by_counter = (n - self._last[0]) % _N_COUNTS
        if since_ms <= 0 or not 0 < by_counter < _N_COUNTS // 2:
            return None
        periods = since_ms * self._fs_hz / 1000
        by_time = round(periods) - 1 if periods > _SLOW_PERIODS else 0
        return max(by_counter - 1, by_time)

    def _tutorial_sample(
        self, line: bytes, t_arrival_s: float, run: _Run, told: list[Chunk | DecodeError]
    ) -> None:
        values = integers(line[2:].split(b","))
        if values is None or len(values) != 3:
            told.append(DecodeError("expected A,x,y,z", line))
            return
        run.t_device_s.append(self._n_tutorial / self._fs_hz)
        run.t_arrival_s.append(t_arrival_s)
        run.acc_lsb.append(values)
        self._n_tutorial += 1


def _aside(line: bytes, t_arrival_s: float) -> Chunk | DecodeError:
    """Battery or heart rate."""
    values = integers(line[2:].split(b","))
    if values is not None and line.startswith(b"P,") and len(values) == 1:
        if 0 <= values[0] <= 100:
            return BatteryChunk(t_arrival_s, float(values[0]))
    elif values is not None and line.startswith(b"H,") and len(values) == 2:
        per_min = float(values[0]) if values[0] > 0 and values[1] > 0 else float("nan")
        return HeartChunk(t_arrival_s, per_min, np.empty(0))
    return DecodeError("expected P,percent or H,bpm,confidence", line)


# --- conversations ---------------------------------------------------------------------------


def _start(request: StreamRequest) -> Start:
    try:
        yield Subscribe(ADVERT_APP_UUID)
    except SensorRefused:
        return (yield from _start_our_program(request))
    with suppress(DeviceError):  # the console may be switched off
        yield Subscribe(PRINT_UUID)
        yield from _typed(STAY_AWAKE)
    return StreamInfo(
        fs_hz=12.5,
        acc_range_g=_BANGLE.range_g,
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note="through the watch's app Bluetooth Advert, at its fixed rate",
    )


def _start_our_program(request: StreamRequest) -> Start:
    try:
        yield Subscribe(PRINT_UUID)
    except SensorRefused as refused:
        raise SensorRefused(
            f"the watch does not let itself be programmed: {refused}",
            hint="Switch on Settings, Bluetooth, Programmable, or start its app Bluetooth Advert.",
        ) from refused
    yield Write(WRITE_UUID, CLEAR_AND_RESET, response=True)
    yield Pause(_RESET_S)
    name = (yield from _ask(WHICH_BOARD, b"I,"))[2:]
    board = _BOARDS.get(name)
    if board is None:
        raise SensorRefused(
            f"the Espruino board {name[:20]!r} has no accelerometer that we know",
            hint="Bangle.js 1 and 2 and Puck.js v2 have one.",
        )
    fs_hz = min(board.rates, key=lambda hz: abs(hz - request.fs_hz))
    try:
        yield from _ask(board.program(fs_hz), b"P,")
    except SensorSilent as silent:
        raise SensorSilent(
            f"our program does not start: {silent}",
            hint="Update the board's firmware; a Puck.js of version 1 has no accelerometer.",
        ) from silent
    return StreamInfo(
        fs_hz=fs_hz,
        acc_range_g=board.range_g,
        has_gyro=False,
        clock=ClockKind.DEVICE,
        note="the program that ran on it was ended; its button brings it back",
    )


def _pieces(text: bytes) -> list[bytes]:
    return [text[i : i + _WRITE_SIZE] for i in range(0, len(text), _WRITE_SIZE)]


def _typed(*texts: bytes) -> Generator[Write, bytes, None]:
    """Writes that fit every link; answered ones, so that the console's buffer keeps up."""
    for text in texts:
        for piece in _pieces(text):
            yield Write(WRITE_UUID, piece, response=True)


def _ask(text: bytes, begins: bytes, timeout_s: float = _ANSWER_S) -> Generator[Step, bytes, bytes]:
    """Type `text` and wait for the printed line that begins so."""
    lines, found = LineCutter(), list[bytes]()

    def is_reply(payload: bytes) -> bool:
        found.extend(
            line
            for line in lines.feed(payload)
            if isinstance(line, bytes) and line.startswith(begins)
        )
        return bool(found)

    *first, last = _pieces(text)
    yield from _typed(*first)
    yield Ask(WRITE_UUID, last, True, PRINT_UUID, is_reply, timeout_s)
    return found[0]


def _stop() -> Stop:
    """Our program ends, and the chip gets its defaults back; any other program goes on."""
    with suppress(DeviceError):  # it ends with the link as well
        yield from _ask(END, b"E", _END_S)


def _cue(times: int) -> Cue:
    for _ in range(times):
        yield from _typed(CALL)
        yield Pause(_CALL_S)


def _recognises(advert: Advert) -> bool:
    return (advert.name or "").startswith(("Bangle.js", "Puck.js"))


DRIVER = Driver(
    name="espruino",
    title="Bangle.js, Puck.js",
    axes="Bangle.js: y to 6 o'clock, z into the case, as its apps take it; Puck.js: the chip's own",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=EspruinoDecoder,
    cue=_cue,
)
