"""What all virtual sensors share: samples of a track, taken by the sensor's own clock.

    session time  ──●────●────●────●──   sample k is taken at start + (k + 1) / (rate x (1 + ppm))
    track         ─x─x─x─x─x─x─x─x─x──   the nearest value that the body or the recording has

Only when a track is slower than the sensor are values between two of its samples made up, on the
straight line between them; a real sensor would have measured something there.  Where a track is
unknown (NaN) nothing is sent.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from devices.chunk import FloatArray
from devices.errors import DeviceError
from devices.virtual.peripheral import MotionTrack

_BLOCK = 4096  # samples encoded at a time: fast as arrays, small in memory
_SLOWER = 0.9  # a track this much slower than the sensor is interpolated


def check_track(track: MotionTrack) -> None:
    """A sensor needs a time for every row, and something to send.

    Raises
    ------
    DeviceError
        If a track is empty or unknown throughout, has infinite values, or its time does not rise.
    """
    arrays = [track.acc_m_s2] + ([] if track.gyr_rad_s is None else [track.gyr_rad_s])
    if track.t_s.size == 0 or any(a.shape != (track.t_s.size, 3) for a in arrays):
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise DeviceError(
            f"a track needs samples of shape (n, 3) for its n times, got {shapes} for {track.t_s.size}",
            hint="Give one row of x, y, z for each time.",
        )
    n_wild = int(np.sum(~np.isfinite(track.t_s))) + sum(int(np.sum(np.isinf(a))) for a in arrays)
    if n_wild or np.any(np.diff(track.t_s) <= 0.0):
        raise DeviceError(
            f"a track must rise in time; {n_wild} of its values are not finite",
            hint="Leave out rows that are not in order; mark rows that are not to be sent as NaN.",
        )
    if not _is_known(*arrays).any():
        raise DeviceError(
            f"none of the {track.t_s.size} rows of the track is known",
            hint="Give at least one row of numbers; rows with NaN are not sent.",
        )


def values_at(track: MotionTrack, t_s: FloatArray, fs_hz: float) -> tuple[FloatArray, FloatArray]:
    """Acceleration and angular rate (n, 3) that a sensor of rate `fs_hz` takes at `t_s`.

    Before its start and after its end a track keeps its first and last value.  Without a
    gyroscope the angular rate is 0, which is what a chip with its gyroscope off reports.  NaN where
    the track is unknown: nothing is sent there.
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


def known_at(track: MotionTrack, t_s: FloatArray, fs_hz: float) -> NDArray[np.bool_]:
    """Whether the track has anything to send at these times."""
    return _is_known(*values_at(track, t_s, fs_hz))


def has_holes(track: MotionTrack) -> bool:
    """Whether some rows are not to be sent; most tracks have none, and need not be asked again."""
    return bool(np.isnan(track.acc_m_s2).any()) or (
        track.gyr_rad_s is not None and bool(np.isnan(track.gyr_rad_s).any())
    )


def counts(values: FloatArray, per_unit: float, limit: int = 32767) -> FloatArray:
    """Round to counts; what exceeds the range stays at its end, as in the real parts.

    What is unknown becomes 0 here, and is never sent.

    Examples
    --------
    >>> counts(np.array([0.5, -40.0]), per_unit=2048.0).tolist()
    [1024.0, -32768.0]
    """
    rounded: FloatArray = np.clip(np.rint(np.nan_to_num(values) * per_unit), -limit - 1, limit)
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
    is_known
        Which of these times have a sample; None when all have.
    """

    def __init__(
        self,
        encode: Callable[[FloatArray], bytes],
        bytes_per_sample: int,
        *,
        fs_hz: float,
        clock_ppm: float,
        start_s: float,
        is_known: Callable[[FloatArray], NDArray[np.bool_]] | None = None,
    ) -> None:
        self._encode = encode
        self._is_known = is_known
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

    def runs(self, first: int, last: int) -> list[tuple[int, int]]:
        """Stretches of `first` up to, not including, `last` in which there is a sample to send."""
        if self._is_known is None:
            return [(first, last)]
        known = self._is_known(self._start_s + np.arange(first + 1, last + 1) / self._true_hz)
        edges = np.flatnonzero(np.diff(known, prepend=False, append=False)) + first
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

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


def _is_known(*arrays: FloatArray) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.all([np.isfinite(a).all(axis=1) for a in arrays], axis=0)
    return known
