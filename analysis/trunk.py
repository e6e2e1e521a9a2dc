"""May the chest's nominal mounting be believed?  Only while it mostly shows somebody lying.

The exercise is done lying, so a chest that was quiet for most of the time so far and reads upright
or face down does not sit as assumed, and its tilt is a number about the strap.  Causal: what is
known of a second depends on the seconds before it alone, so a wearer who sat down first has a tilt
once more time was spent lying than sitting, and one who stands up at the end keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.phases import PhaseSettings
from analysis.results import FloatArray

MOSTLY = 0.5


@dataclass(slots=True)
class NominalTrunk:
    """Counts quiet seconds, and those that may be lying, one run of epochs after the other.

    Attributes
    ----------
    n_unknown : int
        Epochs whose tilt was not believed.
    """

    n_unknown: int = 0
    _n_quiet: int = 0
    _n_lying: int = 0

    def believed(self, tilt_deg: FloatArray, turned_deg: FloatArray) -> FloatArray:
        """The tilts that may be believed, NaN instead of the others.

        Parameters
        ----------
        tilt_deg, turned_deg : (k,) arrays
            Of each epoch: tilt with the nominal mounting, and turn within it.

        Examples
        --------
        >>> NominalTrunk().believed(np.array([4.0, 4.0, 90.0]), np.zeros(3))
        array([ 4.,  4., 90.])
        >>> NominalTrunk().believed(np.array([110.0, 111.0]), np.zeros(2))
        array([nan, nan])
        """
        s = PhaseSettings()
        may_lie = tilt_deg < s.lying_below_deg
        quiet = (turned_deg <= s.quiet_below_deg) & np.isfinite(tilt_deg)
        n_quiet = self._n_quiet + np.cumsum(quiet)
        n_lying = self._n_lying + np.cumsum(quiet & may_lie)
        good = np.where(n_quiet > 0, n_lying >= MOSTLY * n_quiet, may_lie)
        self._n_quiet, self._n_lying = int(n_quiet[-1]), int(n_lying[-1])
        self.n_unknown += int((~good & np.isfinite(tilt_deg)).sum())
        return np.where(good, tilt_deg, np.nan)

    def problem(self) -> str:
        """What to say of the epochs that were not believed; empty when there were none."""
        if not self.n_unknown:
            return ""
        limit = PhaseSettings().lying_below_deg
        return (
            f"for {self.n_unknown} s it had been tilted by more than {limit:.0f} deg for most of the"
            " quiet time, so the nominal mounting (x towards the head, z to the front) is not"
            " confirmed: trunk tilt is unknown there. A pose held lying would tell"
        )
