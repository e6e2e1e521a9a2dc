"""A WitMotion BLE 5.0 sensor that exists in memory: the vendor's bytes, a track's motion.

Protocol: WitMotion "WT901BLECL" datasheet v23-0420 and "WIT standard communication protocol".

    ffe4 notify   55 61 · acceleration · rate · angles (9 x int16 LE)     data, 20 bytes
                  55 71 · first register · 8 x int16 LE                   answer to a register read
    ffe9 write    FF AA register low high                                  write a register
                  FF AA 27 register 00                                     read registers
                  FF AA 69 88 B5                                           unlock writing for 10 s

Data flows at the stored rate as soon as notifications are on.  There is no counter and no time
stamp: what is lost on the way can only be estimated, which is why `n_sent` counts here.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from devices.chunk import FloatArray
from devices.driver import Advert
from devices.errors import DeviceError
from devices.virtual.peripheral import (
    AttRefused,
    GattTable,
    MotionTrack,
    Outgoing,
    VirtualCharacteristic,
)
from devices.virtual.playback import (
    SampleStream,
    address_of,
    check_track,
    counts,
    has_holes,
    known_at,
    values_at,
)

# The vendor's own base ends in 9a34fb, not in the 9b34fb of Bluetooth's.
SERVICE_UUID = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY_UUID = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE_UUID = "0000ffe9-0000-1000-8000-00805f9a34fb"
FRAME_BYTES = 20
ACC_COUNTS_PER_M_S2 = 32768 / (16.0 * 9.80665)
GYR_COUNTS_PER_RAD_S = 32768 / np.deg2rad(2000.0)
_ANGLE_COUNTS_PER_RAD = 32768 / np.pi

RATE_HZ: Mapping[int, float] = {1: 0.2, 2: 0.5, 3: 1, 4: 2, 5: 5, 6: 10, 7: 20, 8: 50, 9: 100}
"""Code in register 0x03 to rate; 200 Hz is left out, its code differs between firmwares."""

_SAVE, _RATE, _AXIS_MODE, _READ, _BATTERY, _KEY = 0x00, 0x03, 0x24, 0x27, 0x64, 0x69
_UNLOCK, _FACTORY, _RESTART = 0xB588, 0x0001, 0x00FF
_UNLOCKED_S = 10.0
_FACTORY_REGISTERS: Mapping[int, int] = {
    _RATE: 6,
    0x1F: 4,
    _AXIS_MODE: 0,
}  # 10 Hz, 20 Hz band, 9-axis
_MTU_PAYLOAD = 247 - 3  # of the MTU seen negotiated with a real one; 12 frames fit
_NOT_PERMITTED_TO_READ = 0x02


class VirtualWitMotion:
    """One virtual WitMotion sensor.

    Parameters
    ----------
    name
        Advertised name; the vendor's begin with `WT`.
    track
        What the sensor feels.
    address
        Bluetooth address; made from the name when None.
    clock_ppm
        How much too fast its clock is (7000 has been measured on a real one).
    frames_per_notification
        Samples that travel together; None for as many as the MTU of a real connection holds.
    stored_rate
        Code of the rate kept in flash, 6 (10 Hz) from the factory.
    battery_v
        Voltage of its cell.

    Attributes
    ----------
    n_sent : int
        Data frames handed to the radio since it was made.
    silent : bool
        A fault for tests: while True nothing is sent, and what is measured is gone.

    Examples
    --------
    >>> still = MotionTrack(np.arange(3.0), np.array([[0, 0, 9.80665]] * 3), None, np.array([]))
    >>> sensor = VirtualWitMotion("WT901BLE61", still)
    >>> sensor.on_subscribe(0.0, NOTIFY_UUID, enabled=True)
    >>> sensor.advance(0.1)[0][1].hex()
    '5561000000000008000000000000000000000000'
    """

    def __init__(
        self,
        name: str,
        track: MotionTrack,
        *,
        address: str | None = None,
        clock_ppm: float = 0.0,
        frames_per_notification: int | None = 1,
        stored_rate: int = 6,
        battery_v: float = 3.93,
    ) -> None:
        check_track(track)
        if stored_rate not in RATE_HZ:
            raise DeviceError(
                f"{name} knows no rate code {stored_rate}",
                hint=f"Use one of {sorted(RATE_HZ)}; 9 is 100 Hz.",
            )
        self.advert = Advert(address=address or address_of(name), name=name, rssi_dbm=-55)
        self.table = GattTable(
            services={
                SERVICE_UUID: (
                    VirtualCharacteristic(NOTIFY_UUID, frozenset({"notify"})),
                    VirtualCharacteristic(
                        WRITE_UUID, frozenset({"write", "write-without-response"})
                    ),
                )
            }
        )
        self.n_sent = 0
        self.silent = False
        self._track = track
        self._has_holes = has_holes(track)
        self._clock_ppm = clock_ppm
        self._group = frames_per_notification or _MTU_PAYLOAD // FRAME_BYTES
        self._flash = {
            **_FACTORY_REGISTERS,
            _RATE: stored_rate,
            _BATTERY: round(battery_v * 100.0),
        }
        self._registers = dict(self._flash)
        self._unlocked_until_s = -np.inf
        self._stream: SampleStream | None = None
        self._n_passed = 0  # samples of this stream that were sent, or missed while silent

    @property
    def fs_hz(self) -> float:
        """Nominal rate at which it streams now."""
        return RATE_HZ[self._registers[_RATE]]

    def restart(self) -> None:
        """Switch off and on: what was not saved to flash is forgotten.  Drop the link as well."""
        self._registers = dict(self._flash)
        self._unlocked_until_s = -np.inf
        self._stream = None

    def on_connect(self, t_s: float) -> None:
        """Nothing happens until notifications are on."""

    def on_disconnect(self, t_s: float) -> None:  # noqa: ARG002 - the protocol's signature
        """The subscription is forgotten; unsaved settings live until power-off."""
        self._stream = None

    def on_subscribe(self, t_s: float, uuid: str, *, enabled: bool) -> None:
        """Data starts with the subscription and ends with it."""
        if uuid == NOTIFY_UUID:
            self._stream = self._new_stream(t_s) if enabled else None

    def on_read(self, t_s: float, uuid: str) -> bytes:  # noqa: ARG002 - the protocol's signature
        """Neither characteristic can be read."""
        raise AttRefused(_NOT_PERMITTED_TO_READ)

    def on_write(self, t_s: float, uuid: str, data: bytes) -> list[Outgoing]:
        """Carry out a command.  Anything that is not one is ignored, as the real sensor does."""
        if uuid != WRITE_UUID or len(data) != 5 or data[:2] != b"\xff\xaa":
            return []
        register, value = data[2], int.from_bytes(data[3:], "little")
        if register == _READ:
            return [(NOTIFY_UUID, self._answer(value & 0xFF))]
        if (register, value) == (_KEY, _UNLOCK):
            self._unlocked_until_s = t_s + _UNLOCKED_S
        elif t_s <= self._unlocked_until_s:
            self._write_register(t_s, register, value)
        return []

    def next_due_s(self) -> float | None:
        """When the next full notification is measured."""
        if self._stream is None:
            return None
        return self._stream.taken_s(self._n_passed + self._group - 1)

    def advance(self, t_s: float) -> list[Outgoing]:
        """Every full notification measured by `t_s`."""
        if self._stream is None:
            return []
        outgoing: list[Outgoing] = []
        n_taken = self._stream.n_taken(t_s)
        while n_taken - self._n_passed >= self._group:
            first, self._n_passed = self._n_passed, self._n_passed + self._group
            runs = self._stream.runs(first, self._n_passed)
            payload = b"".join(self._stream.wire(*run) for run in runs)
            if payload and not self.silent:
                outgoing.append((NOTIFY_UUID, payload))
                self.n_sent += len(payload) // FRAME_BYTES
        return outgoing

    def _new_stream(self, start_s: float) -> SampleStream:
        self._n_passed = 0
        return SampleStream(
            self._frames,
            FRAME_BYTES,
            fs_hz=self.fs_hz,
            clock_ppm=self._clock_ppm,
            start_s=start_s,
            is_known=self._is_known if self._has_holes else None,
        )

    def _is_known(self, t_s: FloatArray) -> NDArray[np.bool_]:
        return known_at(self._track, t_s, self.fs_hz)

    def _write_register(self, t_s: float, register: int, value: int) -> None:
        if register == _SAVE and value == _FACTORY:
            self._registers = {**self._registers, **_FACTORY_REGISTERS}
        elif register == _SAVE and value == _RESTART:
            self.restart()
        elif register == _SAVE:
            self._flash = dict(self._registers)
        elif register != _RATE or value in RATE_HZ:
            self._registers[register] = value
        if register == _RATE and self._stream is not None:
            self._stream = self._new_stream(t_s)

    def _answer(self, first: int) -> bytes:
        values = (self._registers.get(first + i, 0) for i in range(8))
        return struct.pack("<2BH8H", 0x55, 0x71, first, *values)

    def _frames(self, t_s: FloatArray) -> bytes:
        acc_m_s2, gyr_rad_s = values_at(self._track, t_s, self.fs_hz)
        x, y, z = acc_m_s2.T
        # Roll and pitch as they follow from gravity; heading is not simulated.
        angles = np.stack([np.arctan2(y, z), np.arctan2(-x, np.hypot(y, z)), 0.0 * x], axis=1)
        frames = np.empty((t_s.size, FRAME_BYTES // 2), dtype="<i2")
        frames[:, 0] = 0x6155  # the bytes 55 61
        frames[:, 1:4] = counts(acc_m_s2, ACC_COUNTS_PER_M_S2)
        frames[:, 4:7] = counts(gyr_rad_s, GYR_COUNTS_PER_RAD_S)
        frames[:, 7:10] = counts(angles, _ANGLE_COUNTS_PER_RAD)
        return frames.tobytes()
