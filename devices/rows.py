"""Sensors that have no clock and no counter and send one sample of fixed size a notification.

notifications --> one array, a row each; arrivals; and what had another size
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from devices.chunk import Chunk, FloatArray
from devices.driver import Notification
from devices.errors import DecodeError

Aside: TypeAlias = Callable[[float, bytes], Chunk | DecodeError]
"""Decodes what is no sample, a battery for one, from its arrival and bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Samples of one batch, oldest first.

    Attributes
    ----------
    values : (n, k) array
        Fields of each notification as numbers, not yet scaled.
    t_device_s : (n,) array
        Samples received so far divided by the rate.
    t_arrival_s : (n,) array
        When each notification came.
    """

    values: FloatArray
    t_device_s: FloatArray
    t_arrival_s: FloatArray


class RowDecoder:
    """Counts samples, because the sensor does not, and reads a whole batch in one go.

    Parameters
    ----------
    characteristics : frozenset of str
        Where the samples come; everything else in a batch is passed by.
    dtype : str
        Of one field, in numpy's words, e.g. "<i2".
    n_fields : int
        Fields of one sample.
    fs_hz : float
        What the sensor agreed to.

    Examples
    --------
    >>> decoder = RowDecoder(frozenset({"acc"}), "<i2", 3, fs_hz=50.0)
    >>> batch = [Notification(0.1 * i, "acc", bytes.fromhex("0100 0200 ffff")) for i in range(2)]
    >>> rows, errors = decoder.feed(batch)
    >>> rows.values.tolist(), rows.t_device_s.tolist(), errors
    ([[1.0, 2.0, -1.0], [1.0, 2.0, -1.0]], [0.0, 0.02], [])
    """

    def __init__(
        self, characteristics: frozenset[str], dtype: str, n_fields: int, *, fs_hz: float
    ) -> None:
        self._characteristics = characteristics
        self._dtype = np.dtype(dtype)
        self._n_fields = n_fields
        self._fs_hz = fs_hz
        self._n_samples = 0

    def feed(
        self, batch: Sequence[Notification], asides: Mapping[str, Aside] = MappingProxyType({})
    ) -> tuple[Rows | None, list[Chunk | DecodeError]]:
        """All samples of the batch, None if there are none; and what is no sample, in its order.

        `asides` decode other characteristics.
        """
        size = self._dtype.itemsize * self._n_fields
        others: list[Chunk | DecodeError] = []
        if not batch:
            return None, others
        arrivals, characteristics, payloads = zip(*batch, strict=True)
        if set(map(len, payloads)) != {size} or not self._characteristics.issuperset(
            characteristics
        ):
            good: list[Notification] = []
            for item in batch:
                came_s, characteristic, payload = item
                if characteristic not in self._characteristics:
                    if (decode := asides.get(characteristic)) is not None:
                        others.append(decode(came_s, payload))
                elif len(payload) == size:
                    good.append(item)
                else:
                    error = f"expected {size} bytes, got {len(payload)}"
                    others.append(DecodeError(error, payload))
            if not good:
                return None, others
            arrivals, _, payloads = zip(*good, strict=True)
        fields = np.frombuffer(b"".join(payloads), self._dtype)
        with np.errstate(invalid="ignore"):  # a signalling NaN in hostile floats stays a NaN
            values = fields.astype(np.float64).reshape(-1, self._n_fields)
        index = np.arange(self._n_samples, self._n_samples + len(values))
        self._n_samples += len(values)
        t_arrival_s = np.array(arrivals, dtype=np.float64)
        return Rows(values, index / self._fs_hz, t_arrival_s), others
