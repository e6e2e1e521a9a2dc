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
from analysis.calibration import SegmentFrame
from analysis.grid import BIN_HZ
from analysis.knee import LegAngles, at_window_end, leg_angles
from analysis.results import FloatArray

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
    """One leg, one row an epoch; NaN is unknown."""

    flexion_deg: FloatArray
    lean_deg: FloatArray
    thigh_deg: FloatArray


@dataclass(slots=True)
class Leg:
    """One leg's way through the session: its frames, and what has been unseen so far."""

    side: str
    frames: Mapping[str, SegmentFrame | None] = field(default_factory=dict)
    n_unseen: int = 0
    n_impossible: int = 0
    _n_turned: int = 0

    def recalibrated(self, frames: Mapping[str, SegmentFrame | None]) -> None:
        """Take new frames; what could not be seen before counts no more."""
        self.frames = frames
        self._n_turned = 0

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
    ) -> LegEpochs:
        """Angles at the end of each epoch.

        Parameters
        ----------
        thigh_up, shank_up : (k, ANGLE_BINS, 3) arrays
            The last bins of each epoch.
        turned_unseen : (k,) array
            From `turned_about_up`.
        """
        angles = self.angles(thigh_up, shank_up)
        flexion = at_window_end(angles.flexion_deg)
        vertical = 2 * angles.is_unseen.sum(axis=1) > ANGLE_BINS
        lost = turned_unseen | vertical
        impossible = (flexion < POSSIBLE_DEG[0]) | (flexion > POSSIBLE_DEG[1])
        so_far = self.n_impossible + np.cumsum(impossible)
        self.n_impossible = int(so_far[-1])
        if not self._is_calibrated():
            turned = self._n_turned + np.cumsum(turned_unseen)
            lost = lost | (turned >= LATCH_EPOCHS)
            self._n_turned = int(turned[-1])
            impossible = impossible | (so_far >= LATCH_EPOCHS)
        self.n_unseen += int(lost.sum())
        return LegEpochs(
            np.where(lost | impossible, np.nan, flexion),
            at_window_end(angles.lean_deg),
            at_window_end(angles.thigh_deg),
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
                    "from then on. Are thigh and shank swapped, or is a sensor not mounted as"
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
