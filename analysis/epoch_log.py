"""Epochs so far: grown in place, so that a second costs the same at any hour.

[ rows made | room ]     `all()` is a view; a table that is full moves to one twice as long
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from analysis.results import Epochs

_ROOM = 1024  # rows to begin with: a session of the usual length fits


class EpochLog:
    """Runs of epochs, one after the other.

    Examples
    --------
    >>> log = EpochLog()
    >>> log.append(Epochs.unknown(np.array([1.0, 2.0])))
    >>> log.all().t_s
    array([1., 2.])
    """

    def __init__(self) -> None:
        self._table = Epochs.unknown(np.full(_ROOM, np.nan))
        self._n = 0

    def append(self, epochs: Epochs) -> None:
        """Add epochs after the last."""
        n = self._n + len(epochs)
        if n > len(self._table):
            room = Epochs.unknown(np.full(max(n, 2 * len(self._table)) - self._n, np.nan))
            self._table = Epochs.joined([self.all(), room])
        for field in fields(Epochs):
            getattr(self._table, field.name)[self._n : n] = getattr(epochs, field.name)
        self._n = n

    def all(self) -> Epochs:
        """Every epoch, as views: what is written into them stays."""
        return self._table[: self._n]
