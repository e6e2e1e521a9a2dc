"""The wearer's own comfortable posture, against which drift is judged.

90 degrees is a convention; teachers say "as near as comfortable".  So once the wearer has settled
in the position, the medians of half a minute of one leg become its reference, bend and lean:

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
class OwnPostureSettings:
    """When the wearer counts as settled.  House values, not from a study."""

    settle_s: float = 15.0  # after the bent pose: feet and books are still being moved
    collect_s: float = 30.0
    spread_deg: float = 4.0  # between the 10th and 90th percentile
    unmarked_from_s: float = 60.0
    bent_from_deg: float = 45.0


@dataclass(frozen=True, slots=True)
class OwnLeg:
    """One leg's own angles; `lean_deg` is NaN where the lean was not known."""

    knee_deg: float
    lean_deg: float


class OwnPosture:
    """Collects both legs' references.

    Examples
    --------
    >>> own = OwnPosture()
    >>> own.bent_until(40.0)
    >>> legs = [own.update("left", float(t), 87.0, 3.0, usable=True) for t in range(100)]
    >>> legs.index(OwnLeg(87.0, 3.0))
    84
    """

    def __init__(self, settings: OwnPostureSettings | None = None) -> None:
        self._settings = settings or OwnPostureSettings()
        self._from_s = self._settings.unmarked_from_s
        self._seen: dict[Side, deque[tuple[float, float]]] = {"left": deque(), "right": deque()}
        self._taken: dict[Side, OwnLeg | None] = {"left": None, "right": None}

    @property
    def reference(self) -> Reference:
        """What is known so far."""
        left, right = self._taken["left"], self._taken["right"]
        return Reference(
            knee_left_deg=left.knee_deg if left else None,
            knee_right_deg=right.knee_deg if right else None,
        )

    @property
    def from_s(self) -> float:
        """Session second from which the wearer counts as settling into the position."""
        return self._from_s

    def bent_until(self, t_s: float) -> None:
        """The bent pose was held until `t_s`."""
        self._from_s = t_s + self._settings.settle_s
        for side in self._seen:
            self._seen[side].clear()
            self._taken[side] = None

    def update(
        self, side: Side, t_s: float, knee_deg: float, lean_deg: float, *, usable: bool
    ) -> OwnLeg | None:
        """Take one second of one leg; returns the side's reference as soon as it is known.

        `usable` is False while the wearer moves; NaN knees are passed over.
        """
        taken = self._taken[side]
        if taken is not None or not usable or t_s < self._from_s or math.isnan(knee_deg):
            return taken
        s = self._settings
        if knee_deg < s.bent_from_deg:
            return None
        seen = self._seen[side]
        seen.append((knee_deg, lean_deg))
        if len(seen) > s.collect_s:
            seen.popleft()
        if len(seen) < s.collect_s:
            return None
        low, middle, high = np.percentile([knee for knee, _ in seen], (10, 50, 90))
        if high - low > s.spread_deg:
            return None
        leans = np.median([lean for _, lean in seen])  # NaN when one of them is
        self._taken[side] = OwnLeg(float(middle), float(leans))
        return self._taken[side]
