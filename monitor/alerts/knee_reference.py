"""The wearer's own comfortable knee angle, against which drift is judged.

90 degrees is a convention; teachers say "as near as comfortable".  So once the wearer has settled
in the position, the median of half a minute becomes their reference:

    bent pose ends --15 s--> collect still seconds --30 of them, spread < 4 deg--> reference

Without a marked pose (a recording that has none) collecting starts after a minute.  An angle below
45 degrees is not the position and is never taken.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from monitor.result import Reference, Side


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    """When the wearer counts as settled.  House values, not from a study."""

    settle_s: float = 15.0  # after the bent pose: feet and books are still being moved
    collect_s: float = 30.0
    spread_deg: float = 4.0  # between the 10th and 90th percentile
    unmarked_from_s: float = 60.0
    bent_from_deg: float = 45.0


class KneeReference:
    """Collects both knees' references.

    Examples
    --------
    >>> taken = KneeReference()
    >>> taken.bent_until(40.0)
    >>> angles = [taken.update("left", float(t), 87.0, usable=True) for t in range(100)]
    >>> angles.index(87.0)
    84
    """

    def __init__(self, settings: ReferenceSettings | None = None) -> None:
        self._settings = settings or ReferenceSettings()
        self._from_s = self._settings.unmarked_from_s
        self._seen: dict[Side, deque[float]] = {"left": deque(), "right": deque()}
        self._taken: dict[Side, float | None] = {"left": None, "right": None}

    @property
    def reference(self) -> Reference:
        """What is known so far."""
        return Reference(knee_left_deg=self._taken["left"], knee_right_deg=self._taken["right"])

    def bent_until(self, t_s: float) -> None:
        """The bent pose was held until `t_s`."""
        self._from_s = t_s + self._settings.settle_s
        for side in self._seen:
            self._seen[side].clear()
            self._taken[side] = None

    def update(self, side: Side, t_s: float, knee_deg: float, *, usable: bool) -> float | None:
        """Take one second of one knee; returns the side's reference as soon as it is known.

        `usable` is False while the wearer moves; NaN angles are passed over.
        """
        taken = self._taken[side]
        if taken is not None or not usable or t_s < self._from_s or math.isnan(knee_deg):
            return taken
        s = self._settings
        if knee_deg < s.bent_from_deg:
            return None
        seen = self._seen[side]
        seen.append(knee_deg)
        if len(seen) > s.collect_s:
            seen.popleft()
        if len(seen) < s.collect_s:
            return None
        low, middle, high = np.percentile(seen, (10, 50, 90))
        if high - low > s.spread_deg:
            return None
        self._taken[side] = float(middle)
        return self._taken[side]
