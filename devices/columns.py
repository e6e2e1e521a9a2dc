"""Notifications as columns: what a decoder's fast way needs to read a whole batch in one go.

Going through a session's notifications costs more than the arithmetic on their bytes, so each field
is taken out once, and the payloads are joined once.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from devices.chunk import FloatArray
from devices.driver import Notification

_ARRIVAL, _CHARACTERISTIC, _PAYLOAD = map(itemgetter, range(3))  # faster than by name


class Columns(NamedTuple):
    """Notifications of one characteristic.

    Attributes
    ----------
    characteristic : str
        Where they all came from.
    t_arrival_s : (n,) array
        When each came.
    payloads, sizes : list
        What each said, and in how many bytes.
    size : int or None
        The size that all have; None if they differ.
    """

    characteristic: str
    t_arrival_s: FloatArray
    payloads: list[bytes]
    sizes: list[int]
    size: int | None


def columns(batch: Sequence[Notification]) -> Columns | None:
    """The fields of a batch, or None if it is empty or has more than one characteristic.

    Examples
    --------
    >>> told = columns([Notification(0.5, "acc", b"123"), Notification(0.6, "acc", b"456")])
    >>> told.t_arrival_s.tolist(), told.payloads, told.size
    ([0.5, 0.6], [b'123', b'456'], 3)
    """
    if not batch:
        return None
    n = len(batch)
    characteristics = list(map(_CHARACTERISTIC, batch))
    if characteristics.count(characteristics[0]) < n:
        return None
    payloads = list(map(_PAYLOAD, batch))
    sizes = list(map(len, payloads))
    t_arrival_s = np.fromiter(map(_ARRIVAL, batch), np.float64, n)
    size = sizes[0] if sizes.count(sizes[0]) == n else None
    return Columns(characteristics[0], t_arrival_s, payloads, sizes, size)


def columns_of(batch: Sequence[Notification], characteristic: str) -> Columns | None:
    """Those of one characteristic, whatever else a batch holds; None if there are none."""
    told = columns(batch)
    if told is None:
        return columns([item for item in batch if item[1] == characteristic])
    return told if told.characteristic == characteristic else None
