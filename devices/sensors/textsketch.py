"""Boards that print samples as lines of text over the Nordic UART: our layout, or anybody's.

Documents: Nordic UART service; the line `S` is that of `espruino.py`, where it is explained.

    6E400002  write    "?" and a line feed: who are you?
    6E400003  notify   lines, cut anywhere

    R,hz,range_g             answer to "?": the sketch keeps our layout and prints from now on
    S,n,t,x,y,z,c            ours: counter mod 65536, ms, acceleration in 1/16384 g, sum mod 256
    P,percent                ours: battery

    0.01, -0.02, 0.99 ...    anybody's: the first three of 3 to 9 numbers
    {"x": 1, "y": 2, "z": 3} anybody's: also ax, ay, az
    anything else            passed by

Of anybody's lines neither unit nor rate is known.  The rate is counted before the start; the unit
is that in which the first line that can be at rest is near 1 g: g, milli-g or m/s2.  A gyroscope's
unit cannot be told at rest, so it is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from devices.chunk import Chunk, ImuChunk
from devices.driver import (
    Ask,
    ClockKind,
    Driver,
    Notification,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
)
from devices.errors import DecodeError, SensorSilent
from devices.sensors.espruino import PRINT_UUID, WRITE_UUID, EspruinoDecoder
from devices.sensors.textlines import LineCutter, integers

SERVICE_UUID = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
WHO_ARE_YOU = b"?\n"

_LISTEN_S = 4.0  # counts a rate of 25 Hz to one in a hundred
_STANDARD_GRAVITY_M_S2 = 9.80665
_UNITS_M_S2 = (_STANDARD_GRAVITY_M_S2, _STANDARD_GRAVITY_M_S2 / 1000.0, 1.0)  # g, milli-g, m/s2
_NEAR_1_G = (0.5, 1.5)  # of the units no two can both be in it
_MOST_NUMBERS = 9
_NUMBER_BYTES = frozenset(b"0123456789+-.eE ,")
_FASTEST_HZ, _MOST_RANGE_G = 1000, 64


class AnybodyDecoder:
    """Counts samples, and finds their unit once."""

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._lines = LineCutter()
        self._unit_m_s2: float | None = None
        self._n_samples = 0

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk with all samples of the batch, then the errors."""
        rows: list[list[float]] = []
        arrivals: list[float] = []
        errors: list[Chunk | DecodeError] = []
        for t_arrival_s, characteristic, payload in batch:
            if characteristic != PRINT_UUID:
                continue
            for line in self._lines.feed(payload):
                if isinstance(line, DecodeError):
                    errors.append(line)
                elif (xyz := acceleration(line)) is not None:
                    if self._unit_m_s2 is None:
                        self._unit_m_s2 = unit_m_s2(xyz)
                    if self._unit_m_s2 is None:
                        errors.append(DecodeError("no unit makes this near 1 g", line))
                        continue
                    rows.append([value * self._unit_m_s2 for value in xyz])
                    arrivals.append(t_arrival_s)
        if not rows:
            return errors
        index = np.arange(self._n_samples, self._n_samples + len(rows))
        self._n_samples += len(rows)
        return [
            ImuChunk(index / self._fs_hz, np.array(arrivals), np.array(rows), None),
            *errors,
        ]


def acceleration(line: bytes) -> list[float] | None:
    """The three numbers of a line of anybody's layout, in its own unit.

    Examples
    --------
    >>> acceleration(b"0.01, -0.5, 1e0"), acceleration(b'{"ax": 1, "ay": 2, "az": 3, "t": 9}')
    ([0.01, -0.5, 1.0], [1.0, 2.0, 3.0])
    >>> acceleration(b"hello") is None
    True
    """
    values = _of_json(line) if line.startswith(b"{") else _of_columns(line)
    if values is None or not all(math.isfinite(value) and abs(value) < 1e6 for value in values):
        return None
    return values


def unit_m_s2(xyz: Sequence[float]) -> float | None:
    """The unit in which this is near 1 g, in m/s2; None if there is none.

    Examples
    --------
    >>> unit_m_s2([0.0, 0.1, 9.7]), unit_m_s2([0.0, 0.0, 3.0])
    (1.0, None)
    """
    low, high = _NEAR_1_G
    size = math.hypot(*xyz)
    near = (unit for unit in _UNITS_M_S2 if low < size * unit / _STANDARD_GRAVITY_M_S2 < high)
    return next(near, None)


def _of_columns(line: bytes) -> list[float] | None:
    columns = line.split(b",")
    if not 3 <= len(columns) <= _MOST_NUMBERS or not _NUMBER_BYTES.issuperset(line):
        return None
    try:
        return [float(column) for column in columns][:3]
    except ValueError:
        return None


def _of_json(line: bytes) -> list[float] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    for names in (("x", "y", "z"), ("ax", "ay", "az")):
        values = [record.get(name) for name in names]
        if all(type(value) in {int, float} for value in values):
            try:
                return [float(value) for value in values]
            except OverflowError:
                return None
    return None


# --- conversations ---------------------------------------------------------------------------


def _start(_request: StreamRequest) -> Start:
    yield Subscribe(PRINT_UUID)
    heard = _Listener()
    with suppress(SensorSilent):  # then it is anybody's sketch, and was counted meanwhile
        yield Ask(WRITE_UUID, WHO_ARE_YOU, False, PRINT_UUID, heard.is_answer, _LISTEN_S)
    if heard.answer is not None:
        fs_hz, range_g = heard.answer
        return StreamInfo(float(fs_hz), float(range_g), has_gyro=False, clock=ClockKind.DEVICE)
    if heard.n_samples < 2:
        raise SensorSilent(
            f"the board prints no samples: {heard.n_samples} in {_LISTEN_S:g} s",
            hint="Let it print three numbers in each line, or load our sketch from docs/sketches.",
        )
    return StreamInfo(
        fs_hz=heard.n_samples / _LISTEN_S,
        acc_range_g=2.0,  # the least of any chip; nobody tells
        has_gyro=False,
        clock=ClockKind.COUNTED,
        note="a sketch of unknown layout: its rate was counted, its unit is found at rest",
    )


class _Listener:
    """Hears our layout's answer, and counts anybody's lines until then."""

    def __init__(self) -> None:
        self.answer: tuple[int, int] | None = None
        self.n_samples = 0
        self._lines = LineCutter()

    def is_answer(self, payload: bytes) -> bool:
        for line in self._lines.feed(payload):
            if isinstance(line, DecodeError):
                continue
            values = integers(line[2:].split(b",")) if line.startswith(b"R,") else None
            if values is not None and len(values) == 2:
                if 1 <= values[0] <= _FASTEST_HZ and 1 <= values[1] <= _MOST_RANGE_G:
                    self.answer = values[0], values[1]
            elif acceleration(line) is not None:
                self.n_samples += 1
        return self.answer is not None


def _stop() -> Stop:
    """Nothing to say: nobody knows what such a sketch understands."""
    yield from ()


def _new_decoder(info: StreamInfo) -> EspruinoDecoder | AnybodyDecoder:
    return EspruinoDecoder(info) if info.clock is ClockKind.DEVICE else AnybodyDecoder(info)


DRIVER = Driver(
    name="textsketch",
    title="Board that prints text (Nordic UART)",
    axes="whatever its program prints",
    recognises=lambda advert: SERVICE_UUID in advert.service_uuids,
    start=_start,
    stop=_stop,
    new_decoder=_new_decoder,
)
