"""What all virtual sensors share: samples of a track, taken by the sensor's own clock.

    session time  ──●────●────●────●──   sample k is taken at start + (k + 1) / (rate x (1 + ppm))
    track         ─x─x─x─x─x─x─x─x─x──   the nearest value that the body or the recording has

Only when a track is slower than the sensor are values between two of its samples made up, on the
straight line between them; a real sensor would have measured something there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from devices.chunk import FloatArray
from devices.errors import DeviceError
from devices.virtual.peripheral import MotionTrack

_BLOCK = 4096  # samples encoded at a time: fast as arrays, small in memory
_SLOWER = 0.9  # a track this much slower than the sensor is interpolated


def check_track(track: MotionTrack) -> None:
    """A sensor can send numbers only.

    Raises
    ------
    DeviceError
        If a track is empty, has NaN or infinite values, or its time does not rise.
    """
    arrays = [track.acc_m_s2] + ([] if track.gyr_rad_s is None else [track.gyr_rad_s])
    if track.t_s.size == 0 or any(a.shape != (track.t_s.size, 3) for a in arrays):
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise DeviceError(
            f"a track needs samples of shape (n, 3) for its n times, got {shapes} for {track.t_s.size}",
            hint="Give one row of x, y, z for each time.",
        )
    n_unknown = sum(int(np.sum(~np.isfinite(a))) for a in (track.t_s, *arrays))
    if n_unknown or np.any(np.diff(track.t_s) <= 0.0):
        raise DeviceError(
            f"a track must rise in time and know every value; {n_unknown} values are not finite",
            hint="Leave out rows that are unknown or not in order before playing a recording.",
        )


def values_at(track: MotionTrack, t_s: FloatArray, fs_hz: float) -> tuple[FloatArray, FloatArray]:
    """Acceleration and angular rate (n, 3) that a sensor of rate `fs_hz` takes at `t_s`.

    Before its start and after its end a track keeps its first and last value.  Without a
    gyroscope the angular rate is 0, which is what a chip with its gyroscope off reports.
    """
    gyr_rad_s = np.zeros_like(track.acc_m_s2) if track.gyr_rad_s is None else track.gyr_rad_s
    track_hz = (track.t_s.size - 1) / max(float(np.ptp(track.t_s)), 1e-9)
    if track_hz < _SLOWER * fs_hz:
        acc, gyr = (
            np.stack([np.interp(t_s, track.t_s, axis) for axis in values.T], axis=1)
            for values in (track.acc_m_s2, gyr_rad_s)
        )
        return acc, gyr
    between_s = 0.5 * (track.t_s[1:] + track.t_s[:-1])
    nearest = np.searchsorted(between_s, t_s)
    return track.acc_m_s2[nearest], gyr_rad_s[nearest]


def counts(values: FloatArray, per_unit: float, limit: int = 32767) -> FloatArray:
    """Round to counts; what exceeds the range stays at its end, as in the real parts.

    Examples
    --------
    >>> counts(np.array([0.5, -40.0]), per_unit=2048.0).tolist()
    [1024.0, -32768.0]
    """
    rounded: FloatArray = np.clip(np.rint(values * per_unit), -limit - 1, limit)
    return rounded


def address_of(name: str) -> str:
    """A static random Bluetooth address that belongs to this name.

    Examples
    --------
    >>> address_of("Polar H10 51A0BACK")
    'C0:DE:72:01:4F:D1'
    """
    return "C0:DE:" + zlib.crc32(name.encode()).to_bytes(4, "big").hex(":").upper()


class SampleStream:
    """Samples from the moment streaming began, as the bytes they are on the wire.

    Parameters
    ----------
    encode
        Bytes of the samples taken at these times, `bytes_per_sample` each.
    bytes_per_sample
        Size of one.
    fs_hz
        Nominal rate.
    clock_ppm
        How much too fast the sensor's clock is.
    start_s
        When streaming began.
    """

    def __init__(
        self,
        encode: Callable[[FloatArray], bytes],
        bytes_per_sample: int,
        *,
        fs_hz: float,
        clock_ppm: float,
        start_s: float,
    ) -> None:
        self._encode = encode
        self._size = bytes_per_sample
        self._true_hz = fs_hz * (1.0 + clock_ppm * 1e-6)
        self._start_s = start_s
        self._block = (-1, b"")

    def n_taken(self, t_s: float) -> int:
        """How many samples the sensor has taken by then."""
        return max(0, int((t_s - self._start_s) * self._true_hz + 1e-6))

    def taken_s(self, index: int) -> float:
        """When sample `index` (from 0) is taken."""
        return self._start_s + (index + 1) / self._true_hz

    def wire(self, first: int, last: int) -> bytes:
        """The bytes of samples `first` up to, not including, `last`."""
        pieces = []
        while first < last:
            block, offset = divmod(first, _BLOCK)
            stop = min(last - block * _BLOCK, _BLOCK)
            pieces.append(self._encoded(block)[offset * self._size : stop * self._size])
            first = block * _BLOCK + stop
        return b"".join(pieces)

    def _encoded(self, block: int) -> bytes:
        if self._block[0] != block:
            index = np.arange(block * _BLOCK, (block + 1) * _BLOCK)
            self._block = (block, self._encode(self._start_s + (index + 1) / self._true_hz))
        return self._block[1]
