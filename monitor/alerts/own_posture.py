"""The wearer's own comfortable posture, against which drift is judged.

90 degrees is a convention; teachers say "as near as comfortable".  So once the wearer has settled
in the position, the medians of half a minute of one leg become its reference, bend and lean:

    bent pose ends --15 s--> collect still seconds --30 of them, spread < 4 deg--> reference
                                                   --180 of them--> refined, by at most 4 deg

Half a minute of somebody who sways slowly is off by as much as they sway, and every later angle is
held against it; so the median is taken over three minutes as they come, but near the first.  After
that it stands: a posture that slides for long is not learned as one's own.

Without a marked pose (a recording that has none) collecting starts after a minute.  An angle below
45 degrees is not the position and is never taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.result import Reference, Side


@dataclass(frozen=True, slots=True)
class OwnPostureSettings:
    """When the wearer counts as settled.  House values, not from a study."""

    settle_s: float = 15.0  # after the bent pose: feet and books are still being moved
    collect_s: float = 30.0
    spread_deg: float = 4.0  # between the 10th and 90th percentile
    refine_s: float = 180.0
    refine_deg: float = 4.0  # half of the knee's limit: a drift in these minutes is still one
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
        self._seen: dict[Side, list[tuple[float, float]]] = {"left": [], "right": []}
        self._first: dict[Side, OwnLeg | None] = {"left": None, "right": None}
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
            self._first[side] = self._taken[side] = None

    def update(
        self, side: Side, t_s: float, knee_deg: float, lean_deg: float, *, usable: bool
    ) -> OwnLeg | None:
        """Take one second of one leg; returns the side's reference as far as it is known.

        `usable` is False while the wearer moves; NaN knees are passed over.
        """
        s, seen, first = self._settings, self._seen[side], self._first[side]
        if not usable or t_s < self._from_s or math.isnan(knee_deg) or len(seen) >= s.refine_s:
            return self._taken[side]
        if knee_deg < s.bent_from_deg:
            return self._taken[side]
        seen.append((knee_deg, lean_deg))
        if first is None:
            self._first[side] = self._taken[side] = self._settled(seen)
        else:
            now = _median(seen)
            self._taken[side] = OwnLeg(
                _near(first.knee_deg, now.knee_deg, s.refine_deg),
                _near(first.lean_deg, now.lean_deg, s.refine_deg),
            )
        return self._taken[side]

    def _settled(self, seen: list[tuple[float, float]]) -> OwnLeg | None:
        """The first reference, once the last half minute was quiet."""
        s = self._settings
        if len(seen) > s.collect_s:
            seen.pop(0)
        if len(seen) < s.collect_s:
            return None
        low, high = np.percentile([knee for knee, _ in seen], (10, 90))
        return _median(seen) if high - low <= s.spread_deg else None


def _median(seen: list[tuple[float, float]]) -> OwnLeg:
    knee_deg, lean_deg = np.median(seen, axis=0)  # a lean is NaN when one of them is
    return OwnLeg(float(knee_deg), float(lean_deg))


def _near(first_deg: float, now_deg: float, most_deg: float) -> float:
    return min(max(now_deg, first_deg - most_deg), first_deg + most_deg)
