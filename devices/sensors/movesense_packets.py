"""Movesense's values: motion, pulse and temperature, one at a time or a whole session's at once.

`movesense.py` has the picture of a packet, and knows what belongs together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.chunk import FloatArray
from devices.columns import Columns

RESULT, DATA, DATA_PART_2 = 1, 2, 3
_HEAD_SIZE, _STAMP_SIZE, _VECTOR_SIZE = 2, 4, 12


class Motion(NamedTuple):
    """One value of a motion resource: (n, 3) arrays of its kinds, one after the other."""

    stamp_ms: int
    kinds: tuple[FloatArray, ...]


def decode_motion(value: bytes, n_kinds: int) -> Motion | None:
    """A value with `n_kinds` vectors a sample (1 Acc, Gyro, Magn; 2 IMU6; 3 IMU9).

    None where the length is not that of whole samples.
    """
    if (n := _whole_samples(len(value), n_kinds)) == 0:
        return None
    with np.errstate(invalid="ignore"):  # a signalling NaN in hostile floats stays a NaN
        floats = np.frombuffer(value, dtype="<f4", offset=_STAMP_SIZE).astype(np.float64)
    return Motion(int.from_bytes(value[:4], "little"), tuple(floats.reshape(n_kinds, n, 3)))


def decode_heart(value: bytes) -> tuple[float, NDArray[np.uint16]] | None:
    """Beats per minute and RR intervals in ms of /Meas/HR, for firmware without the SIG service."""
    if len(value) < 4 or len(value) % 2:
        return None
    (per_min,) = np.frombuffer(value[:4], dtype="<f4").tolist()
    return per_min, np.frombuffer(value[4:], dtype="<u2")


def decode_temperature(value: bytes) -> tuple[float, int] | None:
    """Kelvin and ms since boot of /Meas/Temp: here the stamp comes last."""
    if len(value) != 8:
        return None
    (kelvin,) = np.frombuffer(value[:4], dtype="<f4").tolist()
    return kelvin, int.from_bytes(value[4:], "little")


@dataclass(frozen=True, slots=True, eq=False)
class Packets:
    """Motion values of one resource and size.

    Attributes
    ----------
    stamp_ms, t_arrival_s : (m,) arrays
        Stamp of each, and when its last part came.
    kinds : (n_kinds, m, n, 3) array
        Vectors of all samples, kind by kind.
    """

    stamp_ms: NDArray[np.uint32]
    t_arrival_s: FloatArray
    kinds: FloatArray


def decode_packets(told: Columns, kinds_of: dict[int, int]) -> Packets | None:
    """All values of a batch that is as regular as a good link makes it; None for any other.

    Each value comes in one part, or each in two; all are of one resource, one size and finite.
    `kinds_of` tells the vectors a sample of each reference.
    """
    if min(told.sizes[:2]) < _HEAD_SIZE or told.payloads[0][1] not in kinds_of:
        return None
    reference = told.payloads[0][1]
    n_kinds = kinds_of[reference]
    values = _values(told, reference, n_kinds)
    n = 0 if values is None else _whole_samples(values.shape[1], n_kinds)
    if values is None or n == 0:
        return None
    floats = values[:, _STAMP_SIZE:].view("<f4").reshape(-1, n_kinds, n, 3)
    if not np.isfinite(floats).all():
        return None
    kinds = np.empty((n_kinds, len(values), n, 3))
    kinds[:] = floats.swapaxes(0, 1)
    n_parts = len(told.payloads) // len(values)
    return Packets(
        stamp_ms=values[:, :_STAMP_SIZE].copy().view("<u4")[:, 0],
        t_arrival_s=told.t_arrival_s[n_parts - 1 :: n_parts],
        kinds=kinds,
    )


def _values(told: Columns, reference: int, n_kinds: int) -> NDArray[np.uint8] | None:
    """The bytes of all values, a row each, or None where they are not all in as many parts."""
    joined, (size, rest) = b"".join(told.payloads), (told.sizes * 2)[:2]
    if told.size is not None:
        rows = np.frombuffer(joined, np.uint8).reshape(-1, size)
        return rows[:, _HEAD_SIZE:].copy() if _begin(rows, 0, DATA, reference) else None
    if told.sizes != [size, rest] * (len(told.sizes) // 2):
        return None
    # The first part alone must not be a whole value, or the second would belong to nothing.
    if _whole_samples(size - _HEAD_SIZE, n_kinds) > 0:
        return None
    rows = np.frombuffer(joined, np.uint8).reshape(-1, size + rest)
    if not (_begin(rows, 0, DATA, reference) and _begin(rows, size, DATA_PART_2, reference)):
        return None
    return np.concatenate([rows[:, _HEAD_SIZE:size], rows[:, size + _HEAD_SIZE :]], axis=1)


def _begin(rows: NDArray[np.uint8], at: int, response: int, reference: int) -> bool:
    """Whether all rows have these two bytes there."""
    return bool((rows[:, at] == response).all() and (rows[:, at + 1] == reference).all())


def _whole_samples(size: int, n_kinds: int) -> int:
    """How many samples a value of this size has; 0 if they are not whole."""
    n, rest = divmod(size - _STAMP_SIZE, n_kinds * _VECTOR_SIZE)
    return 0 if n < 1 or rest else n
