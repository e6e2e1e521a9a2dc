"""Whether each sensor of a leg sits where it is said to: what two held poses leave open.

    swapped                  the poses see            what tells
    thigh and shank          the same knee, lean      upright, a thigh's up turns headwards, a shank's
                             of the other sign        footwards: swapped, each does the other's
    upside down              the same angles          straps worn as documented show x to the foot
    left and right           the same angles          nothing but asking for one leg
                                                      (`analysis.pose_check.check_side`)

Calibrated poses make up for a sensor that sits upside down; it is said all the same, since without
them it would matter.  A sensor on a table is told by `analysis.wear`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.calibration import NOMINAL_LATERAL, NOMINAL_UP, SegmentFrame
from analysis.results import FloatArray
from analysis.slips import SEGMENTS

UPRIGHT_DEG = 60.0
TURNED_DEG = 60.0
CONFIRM_S = 3
"""Lying, a straight leg held up to the ceiling turns its segments as standing does with swapped
sensors; so the trunk must be upright, and stay so."""

NEAR_DEG = 20.0
"""Straps worn as documented sit within so much of it; one way in 400 of all others does."""


@dataclass(slots=True)
class SwapWatch:
    """Whether thigh and shank of one leg are swapped, told epochs in order; latches.

    Attributes
    ----------
    at_s : float or None
        When it became clear.
    """

    side: str
    at_s: float | None = None
    _n_in_a_row: int = 0

    def update(
        self, t_s: FloatArray, tilt_deg: FloatArray, flexion_deg: FloatArray, thigh_deg: FloatArray
    ) -> None:
        """Epochs that end at `t_s`: trunk tilt, knee, and turn of the thigh; NaN unknown."""
        shank_deg = flexion_deg - thigh_deg
        shank_deg = np.mod(shank_deg + 180.0, 360.0) - 180.0
        swapped = (tilt_deg > UPRIGHT_DEG) & (thigh_deg > TURNED_DEG) & (shank_deg < -TURNED_DEG)
        for at_s, is_swapped in zip(t_s.tolist(), swapped.tolist(), strict=True):
            self._n_in_a_row = self._n_in_a_row + 1 if is_swapped else 0
            if self._n_in_a_row == CONFIRM_S and self.at_s is None:
                self.at_s = at_s

    def problem(self) -> str:
        """What to say; empty when nothing tells."""
        if self.at_s is None:
            return ""
        return (
            f"the sensors of {self.side} thigh and shank are swapped: upright (at {self.at_s:.0f} s)"
            " each turned as the other should. The knee angle is the same, lean has the other sign"
        )


def mounting_notes(side: str, frames: Mapping[str, SegmentFrame | None]) -> list[str]:
    """What the calibrated frames of one leg say about straps that are worn as documented.

    Examples
    --------
    >>> right = SegmentFrame(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), "poses")
    >>> wrong = SegmentFrame(np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0]), "poses")
    >>> mounting_notes("left", {"left_thigh": right, "left_shank": right})
    []
    >>> mounting_notes("left", {"left_thigh": right, "left_shank": wrong})[0][:38]
    'The left shank sensor sits upside down'
    >>> mounting_notes("left", {"left_thigh": wrong, "left_shank": wrong})[0][:35]
    'Both sensors of the left leg bend t'
    """
    reversed_ = [s for s in SEGMENTS if _is_reversed(frames.get(f"{side}_{s}"))]
    if len(reversed_) == len(SEGMENTS):
        asked = (
            f"Both sensors of the {side} leg bend the other way than worn as documented: are thigh"
            " and shank swapped, or do both sit upside down? The knee angle is right either way;"
            " if they are swapped, falling in and falling out change places."
        )
        return [asked]
    return [
        f"The {side} {segment} sensor sits upside down (x towards the foot); the two held poses make"
        " up for it."
        for segment in reversed_
    ]


def _is_reversed(frame: SegmentFrame | None) -> bool:
    if frame is None or frame.source not in {"poses", "gyroscope"}:
        return False
    near = np.cos(np.radians(NEAR_DEG))
    return bool(-(frame.lateral @ NOMINAL_LATERAL) > near and frame.up @ NOMINAL_UP > near)
