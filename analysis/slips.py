"""Has a strap slipped?  Then the calibration has expired, and the leg's angles with it.

    jump       one segment turns by 6 deg within 2 s,   .--- and stays so for 10 s
               the other lies still                  ---'
    residual   thigh and shank of a hinge lean alike: lean(thigh) - lean(shank) stays what it was
               while calibrating, near 0; beyond 8 deg for 10 s one of them sits elsewhere

Lying with the knee bent, hip and foot rest on the floor, and thigh and shank are two sides of a
triangle: neither can turn alone.  So a jump of one is the strap's, whether or not a gyroscope felt
it (it does feel a real slip).  While a jump waits for its 10 s the leg is unknown already; if the
other segment follows, or the first moves on or comes back, it was a movement and the leg is known again.

What cannot be seen: a slip about the direction of up itself (gravity stays where it was in the
sensor, and so do the angles, until the leg moves), a slip of less than 6 deg, and a slow creep about
the hinge axis, which looks like a knee that drifts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.gravity import angle_deg
from analysis.results import FloatArray

SEGMENTS = ("thigh", "shank")


@dataclass(frozen=True, slots=True)
class SlipSettings:
    """When a strap has slipped.

    A simulated session keeps the residual below 1.5 deg while bent, a person who sits below 3;
    fidgets turn both segments by 1 to 3 deg.
    """

    jump_deg: float = 6.0
    jump_s: int = 2  # a strap slips within a second, which may begin in any part of an epoch
    still_deg: float = 1.5  # within a second before, and the other segment within the jump
    stays_deg: float = 5.0  # after it; the sway of a leg that lies
    other_follows: float = 0.5  # of the jump; less is the sway of a leg that lies
    residual_deg: float = 8.0
    confirm_s: int = 10  # nobody holds a foot in the air so long
    bent_above_deg: float = 20.0  # turn of thigh and of shank: the triangle stands


@dataclass(frozen=True, slots=True)
class Slip:
    """When, which segment (empty: one of the two), and by how much as far as gravity shows."""

    at_s: float
    segment: str
    turned_deg: float


@dataclass(slots=True, eq=False)
class _Jump:
    at_s: float
    moved: int  # index of SEGMENTS
    before: FloatArray  # up at both, (2, 3)
    after: FloatArray | None = None  # up at the one that moved, once it should have come to rest


@dataclass(slots=True)
class SlipWatch:
    """Told one epoch after the other; latches with the first slip.

    Attributes
    ----------
    since_s : float
        End of the poses: what happened before is in the calibration.
    slip : Slip or None
    """

    since_s: float = 0.0
    settings: SlipSettings = field(default_factory=SlipSettings)
    slip: Slip | None = None
    _recent: deque[tuple[FloatArray, bool]] = field(default_factory=deque)
    _jump: _Jump | None = None
    _n_apart: int = 0

    @property
    def is_doubted(self) -> bool:
        """Whether a strap has slipped, or seems to have."""
        return self.slip is not None or self._jump is not None

    def update(
        self,
        t_s: float,
        ups: FloatArray,
        turns_deg: FloatArray,
        leans_deg: FloatArray,
        *,
        may_jump: bool = True,
    ) -> bool:
        """Whether the leg's angles must not be believed at the end of this epoch.

        Parameters
        ----------
        t_s : float
            End of the epoch.
        ups : (2, 3) array
            Up at thigh and shank, NaN where unknown.
        turns_deg, leans_deg : (2,) arrays
            As in `analysis.knee.segment_turn`.
        may_jump : bool
            False where neither segment turned by `jump_deg` within `jump_s`: saves looking.
        """
        if self.slip is not None:
            return True
        if t_s <= self.since_s:
            return False
        bent_deg = self.settings.bent_above_deg
        is_bent = bool(turns_deg[0] > bent_deg and turns_deg[1] > bent_deg)
        if may_jump or self._jump is not None:
            self._watch_jump(t_s, ups)
        self._watch_residual(t_s, float(leans_deg[0] - leans_deg[1]), is_bent=is_bent)
        self._recent.append((ups, is_bent))
        if len(self._recent) > self.settings.jump_s + 1:
            self._recent.popleft()
        return self.is_doubted

    def _watch_residual(self, t_s: float, apart_deg: float, *, is_bent: bool) -> None:
        if np.isnan(apart_deg):
            return
        s = self.settings
        self._n_apart = self._n_apart + 1 if is_bent and abs(apart_deg) > s.residual_deg else 0
        if self._n_apart >= s.confirm_s and self._jump is None:  # a jump tells which segment
            self.slip = self.slip or Slip(t_s - s.confirm_s, "", abs(apart_deg))

    def _watch_jump(self, t_s: float, ups: FloatArray) -> None:
        if self._jump is not None:
            self._judge(self._jump, t_s, ups)
            return
        s = self.settings
        if len(self._recent) <= s.jump_s:
            return
        (earlier, _), (before, was_bent) = self._recent[0], self._recent[1]
        turned = angle_deg(ups, before)
        moved = int(turned[1] > turned[0])
        was_still = bool((angle_deg(before, earlier) < s.still_deg).all())
        alone = turned[moved] > s.jump_deg and turned[1 - moved] < s.still_deg
        if was_still and was_bent and alone:
            self._jump = _Jump(t_s, moved, before)

    def _judge(self, jump: _Jump, t_s: float, ups: FloatArray) -> None:
        """A strap jumps once, and nothing follows; a leg moves on, or comes back."""
        if not np.isfinite(ups).all():
            return
        s = self.settings
        if jump.after is None and t_s - jump.at_s >= s.jump_s:
            jump.after = ups[jump.moved]
        turned = angle_deg(ups, jump.before)
        is_back = turned[jump.moved] < 0.5 * s.jump_deg
        follows = turned[1 - jump.moved] > s.other_follows * turned[jump.moved]
        moves_on = jump.after is not None and not (
            angle_deg(ups[jump.moved], jump.after) <= s.stays_deg
        )
        if is_back or follows or moves_on:
            self._jump = None
            self._recent.clear()  # where it was held is not where it was before
        elif t_s - jump.at_s >= s.confirm_s:
            self.slip = Slip(jump.at_s, SEGMENTS[jump.moved], float(turned[jump.moved]))


def watched(
    watch: SlipWatch, first: int, ups: FloatArray, turns_deg: FloatArray, leans_deg: FloatArray
) -> NDArray[np.bool_]:
    """`SlipWatch.update` over a run of epochs from `first`: arrays (k, 2, 3), (k, 2), (k, 2)."""
    may_jump = np.ones(len(ups), dtype=bool)
    ago = watch.settings.jump_s  # of the first epochs what was before is not at hand: look
    turned_deg = angle_deg(ups[ago:], ups[:-ago])
    may_jump[ago:] = (turned_deg > watch.settings.jump_deg).any(axis=1)
    told = zip(ups, turns_deg, leans_deg, may_jump.tolist(), strict=True)
    return np.array(
        [
            watch.update(t_s, up, turns, leans, may_jump=may)
            for t_s, (up, turns, leans, may) in enumerate(told, first + 1)
        ],
        dtype=bool,
    )
