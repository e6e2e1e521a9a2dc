"""Sensors that have no clock and no counter and send one sample of fixed size a notification.

notifications --RowReader--> one array, a row each; arrivals; and what had another size
rows --RowDecoder, with the layout's `samples`--> a chunk in SI units
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from devices.chunk import Chunk, FloatArray, ImuChunk
from devices.columns import columns
from devices.driver import Notification, StreamInfo
from devices.errors import DecodeError

Aside: TypeAlias = Callable[[float, bytes], Chunk | DecodeError]
"""Decodes what is no sample, a battery for one, from its arrival and bytes."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """How a sensor's samples stand on the wire, and what they mean.

    Attributes
    ----------
    characteristic : str
        Where the samples come.
    dtype : str
        Of one field, in numpy's words, e.g. "<i2".
    n_fields : int
        Fields of one sample.
    samples : callable
        From rows, shape (n, n_fields), to acceleration in m/s2 and, or None, angular rate in rad/s.
    asides : mapping
        What else is decoded, by characteristic; everything more is passed by.
    """

    characteristic: str
    dtype: str
    n_fields: int
    samples: Callable[[FloatArray], tuple[FloatArray, FloatArray | None]]
    asides: Mapping[str, Aside] = field(default_factory=dict)


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


class RowReader:
    """Counts samples, because the sensor does not, and reads a whole batch in one go.

    Examples
    --------
    >>> layout = RowLayout("acc", "<i2", 3, lambda values: (values, None))
    >>> batch = [Notification(0.1 * i, "acc", bytes.fromhex("0100 0200 ffff")) for i in range(2)]
    >>> rows, errors = RowReader(layout, fs_hz=50.0).feed(batch)
    >>> rows.values.tolist(), rows.t_device_s.tolist(), errors
    ([[1.0, 2.0, -1.0], [1.0, 2.0, -1.0]], [0.0, 0.02], [])
    """

    def __init__(self, layout: RowLayout, fs_hz: float) -> None:
        self._layout = layout
        self._dtype = np.dtype(layout.dtype)
        self._size = self._dtype.itemsize * layout.n_fields
        self._expected = (layout.characteristic, self._size)
        self._fs_hz = fs_hz
        self._n_samples = 0

    def feed(self, batch: Sequence[Notification]) -> tuple[Rows | None, list[Chunk | DecodeError]]:
        """All samples of the batch, None if there are none; and what is no sample, in its order."""
        others: list[Chunk | DecodeError] = []
        told = columns(batch)
        if told is None or (told.characteristic, told.size) != self._expected:
            told = columns(self._samples_of(batch, others))
        if told is None:
            return None, others
        fields = np.frombuffer(b"".join(told.payloads), self._dtype)
        with np.errstate(invalid="ignore"):  # a signalling NaN in hostile floats stays a NaN
            values = fields.astype(np.float64).reshape(-1, self._layout.n_fields)
        index = np.arange(self._n_samples, self._n_samples + len(values), dtype=np.float64)
        self._n_samples += len(values)
        return Rows(values, index / self._fs_hz, told.t_arrival_s), others

    def _samples_of(
        self, batch: Sequence[Notification], others: list[Chunk | DecodeError]
    ) -> list[Notification]:
        """The samples of a mixed batch; everything else goes to `others`."""
        samples: list[Notification] = []
        for item in batch:
            t_arrival_s, characteristic, payload = item
            if characteristic != self._layout.characteristic:
                if (decode := self._layout.asides.get(characteristic)) is not None:
                    others.append(decode(t_arrival_s, payload))
            elif len(payload) == self._size:
                samples.append(item)
            else:
                error = f"expected {self._size} bytes, got {len(payload)}"
                others.append(DecodeError(error, payload))
        return samples


class RowDecoder:
    """One chunk with all samples of a batch, then everything else as it came.

    A sample with a number that is none is unknown as a whole.

    Examples
    --------
    >>> from devices.driver import ClockKind
    >>> layout = RowLayout("acc", "<f4", 3, lambda values: (values * 9.80665, None))
    >>> info = StreamInfo(50.0, 4.0, has_gyro=False, clock=ClockKind.COUNTED)
    >>> up = Notification(0.1, "acc", bytes.fromhex("00000000 00000000 0000803f"))
    >>> RowDecoder(layout, info).feed([up])[0].acc_m_s2.tolist()
    [[0.0, 0.0, 9.80665]]
    """

    def __init__(self, layout: RowLayout, info: StreamInfo) -> None:
        self._samples = layout.samples
        self._rows = RowReader(layout, info.fs_hz)

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """Decode a batch, oldest first."""
        rows, others = self._rows.feed(batch)
        if rows is None:
            return others
        acc_m_s2, gyr_rad_s = self._samples(rows.values)
        acc_m_s2[~np.isfinite(acc_m_s2).all(axis=1)] = np.nan
        return [ImuChunk(rows.t_device_s, rows.t_arrival_s, acc_m_s2, gyr_rad_s), *others]
