"""Knee and lean of each epoch, for both legs, with what gravity cannot show taken out.

A hinge that stands upright (two sensors turning against each other about the vertical) is invisible
to an accelerometer.  With calibrated axes that shows in gravity itself; with the nominal mounting
only a gyroscope can tell: the rate about up is the same number in any frame, so the difference of
the two sensors' is the turn that gravity misses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import known_mean
from analysis.calibration import SegmentFrame, is_lying_leg
from analysis.grid import BIN_HZ
from analysis.knee import LegAngles, at_window_end, leg_angles, segment_turn
from analysis.posture import mean_up
from analysis.results import FloatArray
from analysis.slips import SEGMENTS, SlipWatch, watched

SIDES = ("left", "right")

ANGLE_BINS = 5
"""Half a second, read at its end: the epoch's own second half, whatever its first half did."""

UNSEEN_WINDOW_S = 10
UNSEEN_RATE_RAD_S = np.radians(25.0)
"""RMS over `UNSEEN_WINDOW_S` of the difference of both sensors' rates about up.  Offsets of cheap
gyroscopes differ by up to 10 deg/s (4.5 measured on an MPU6050); a leg that is drawn up slowly
turns about up by less."""

LATCH_EPOCHS = 3
"""So many such epochs and, without calibrated axes, where the joint now stands is not known."""

POSSIBLE_DEG = (-30.0, 190.0)
"""Knees go from -10 to 160; 20 to 30 deg more for a sensor's error.  Beyond, the sensors do not sit
as assumed, and what the angle would be is anybody's guess."""


@dataclass(frozen=True, slots=True, eq=False)
class LegEpochs:
    """One leg, one row an epoch; NaN is unknown.

    `is_misplaced` tells where no angle may be had of this leg, not even a rough one.
    """

    flexion_deg: FloatArray
    lean_deg: FloatArray
    thigh_deg: FloatArray
    is_misplaced: NDArray[np.bool_]

    def filled(self, rough: LegAngles) -> LegEpochs:
        """With rough angles where the leg was shaken: which part of the exercise it is, they tell."""

        def fill(sure: FloatArray, guess: FloatArray) -> FloatArray:
            return np.where(np.isnan(sure) & ~self.is_misplaced, guess, sure)

        return LegEpochs(
            fill(self.flexion_deg, rough.flexion_deg),
            fill(self.lean_deg, rough.lean_deg),
            fill(self.thigh_deg, rough.thigh_deg),
            self.is_misplaced,
        )


@dataclass(slots=True)
class Leg:
    """One leg's way through the session: its frames, and what has been unseen so far."""

    side: str
    frames: Mapping[str, SegmentFrame | None] = field(default_factory=dict)
    n_unseen: int = 0
    n_impossible: int = 0
    n_known: int = 0
    n_fused: int = 0
    _n_turned: int = 0
    _slips: SlipWatch | None = None

    def recalibrated(self, frames: Mapping[str, SegmentFrame | None], since_s: float = 0.0) -> None:
        """Take new frames, of poses that ended at `since_s`; what was before counts no more."""
        self.frames = frames
        self._n_turned = 0
        ordered = [frames.get(f"{self.side}_{segment}") for segment in SEGMENTS]
        # seated, a foot moves under a thigh that lies still
        can_tell = self._is_calibrated() and is_lying_leg(*ordered)
        self._slips = SlipWatch(since_s) if can_tell else None

    def angles(self, thigh_up: FloatArray, shank_up: FloatArray) -> LegAngles:
        """Angles of every direction given, with this leg's frames."""
        return leg_angles(
            thigh_up,
            shank_up,
            self.side,
            self.frames.get(f"{self.side}_thigh"),
            self.frames.get(f"{self.side}_shank"),
        )

    def epochs(
        self,
        thigh_up: FloatArray,
        shank_up: FloatArray,
        turned_unseen: NDArray[np.bool_],
        first: int = 0,
        fused: tuple[FloatArray, FloatArray] | None = None,
    ) -> LegEpochs:
        """Angles at the end of each epoch.

        Parameters
        ----------
        thigh_up, shank_up : (k, ANGLE_BINS, 3) arrays
            The last bins of each epoch.
        turned_unseen : (k,) array
            From `turned_about_up`.
        first : int
            Number of the first of these epochs.
        fused : pair of (k, 3) arrays, optional
            Up at thigh and shank at the end of each epoch from `analysis.fusion`; NaN where the
            accelerometer alone must do.
        """
        angles = self.angles(thigh_up, shank_up)
        vertical = 2 * angles.is_unseen.sum(axis=1) > ANGLE_BINS
        flexion, lean, thigh = (
            at_window_end(a) for a in (angles.flexion_deg, angles.lean_deg, angles.thigh_deg)
        )
        is_fused = np.zeros(len(flexion), dtype=bool)
        if fused is not None:
            sharp = self.angles(*fused)
            is_fused = np.isfinite(fused[0][:, 0]) & np.isfinite(fused[1][:, 0])
            vertical = np.where(is_fused, sharp.is_unseen, vertical)
            flexion = np.where(is_fused, sharp.flexion_deg, flexion)
            lean = np.where(is_fused, sharp.lean_deg, lean)
            thigh = np.where(is_fused, sharp.thigh_deg, thigh)
        # calibrated axes show in gravity itself where they stand too near the vertical
        lost = vertical if self._is_calibrated() else turned_unseen | vertical
        impossible = (flexion < POSSIBLE_DEG[0]) | (flexion > POSSIBLE_DEG[1])
        so_far = self.n_impossible + np.cumsum(impossible)
        self.n_impossible = int(so_far[-1])
        if not self._is_calibrated():
            turned = self._n_turned + np.cumsum(turned_unseen)
            lost = lost | (turned >= LATCH_EPOCHS)
            self._n_turned = int(turned[-1])
            misplaced = so_far >= LATCH_EPOCHS
        else:
            misplaced = self._slipped(first, mean_up(thigh_up), mean_up(shank_up))
        self.n_unseen += int(lost.sum())
        lost = lost | impossible | misplaced
        flexion = np.where(lost, np.nan, flexion)
        self.n_known += int(np.isfinite(flexion).sum())
        self.n_fused += int((is_fused & np.isfinite(flexion)).sum())
        return LegEpochs(
            flexion,
            np.where(misplaced, np.nan, lean),
            np.where(misplaced, np.nan, thigh),
            misplaced,
        )

    def _slipped(self, first: int, thigh_up: FloatArray, shank_up: FloatArray) -> NDArray[np.bool_]:
        if self._slips is None:
            return np.zeros(len(thigh_up), dtype=bool)
        ups = np.stack([thigh_up, shank_up], axis=1)
        seen = [
            segment_turn(up, name, self.frames.get(name))
            for up, name in zip(
                (thigh_up, shank_up), (f"{self.side}_{s}" for s in SEGMENTS), strict=True
            )
        ]
        turns = np.stack([turn for turn, _, _ in seen], axis=1)
        leans = np.stack([lean for _, lean, _ in seen], axis=1)
        return watched(self._slips, first, ups, turns, leans)

    def slip_problem(self, segment: str) -> str:
        """What to say of a strap that slipped; empty where none did.  One of the two: the shank's."""
        slip = None if self._slips is None else self._slips.slip
        if slip is None or (slip.segment or "shank") != segment:
            return ""
        what = (
            f"the {self.side} {slip.segment} turned by {slip.turned_deg:.0f} deg while the other"
            " segment lay still"
            if slip.segment
            else f"{self.side} thigh and shank lean {slip.turned_deg:.0f} deg apart, which a knee"
            " does not"
        )
        return (
            f"{what} (at {slip.at_s:.0f} s): the strap has slipped, and the angles of this leg are"
            " unknown from then on. Tighten it and hold both poses again"
        )

    def problems(self) -> tuple[str, ...]:
        """What to say of the epochs whose angle is not known; empty when there were none."""
        said = []
        nominal = not self._is_calibrated()
        if self.n_unseen:
            said.append(
                f"{self.side} knee: for {self.n_unseen} s it turned about an axis near vertical,"
                " which gravity cannot show: unknown there"
                + (" (with the nominal mounting; held poses would tell)" if nominal else "")
            )
        if self.n_impossible:
            low, high = POSSIBLE_DEG
            said.append(
                f"{self.side} knee: for {self.n_impossible} s it would have been below {low:.0f} or"
                f" above {high:.0f} degrees, which no knee is: unknown "
                + (
                    "from then on, and its lean. Are thigh and shank swapped, or is a sensor not mounted as"
                    " assumed? Two held poses would tell"
                    if nominal
                    else "there"
                )
            )
        return tuple(said)

    def _is_calibrated(self) -> bool:
        return all(
            frame is not None and frame.source in {"poses", "gyroscope"}
            for frame in self.frames.values()
        )


def turned_about_up(
    thigh_up: FloatArray, thigh_gyr: FloatArray, shank_up: FloatArray, shank_gyr: FloatArray
) -> NDArray[np.bool_]:
    """Whether thigh and shank turned against each other about up; False where not known.

    Parameters
    ----------
    thigh_up, shank_up, thigh_gyr, shank_gyr : (k, n, 3) arrays
        Windows of `UNSEEN_WINDOW_S` of bins.

    Examples
    --------
    >>> up = np.tile([0.0, 0.0, 1.0], (1, 100, 1))
    >>> bool(turned_about_up(up, 0 * up, up, 0.8 * up)[0])
    True
    >>> bool(turned_about_up(up, 0.8 * up, up, 0.8 * up)[0])
    False
    """
    against = np.einsum("kni,kni->kn", thigh_up, thigh_gyr) - np.einsum(
        "kni,kni->kn", shank_up, shank_gyr
    )
    energy = known_mean(against**2)
    return np.asarray(energy > UNSEEN_RATE_RAD_S**2)


assert UNSEEN_WINDOW_S * BIN_HZ >= ANGLE_BINS  # noqa: S101  windows of up serve both
