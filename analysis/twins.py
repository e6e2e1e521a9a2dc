"""The same samples at two placements: one file given twice, one sensor taken for two.

    chest      .31 .29 .33 .30 ...
    left thigh .31 .29 .33 .30 ...   equal to the last digit, and not because both are silent

Two sensors differ in their noise within a fraction of a second.  Whichever of the two placements is
the true one, nobody can tell, so nothing is derived from either from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.grid import BIN_HZ
from analysis.intake import Intake
from analysis.results import FloatArray

LEAST_CHANGES = 5
"""Of the 9 steps between the bins of a second: a simulation without noise, or a coarse sensor that
repeats one value, may equal another by chance; 5 equal changes in a second do not come by chance."""


class Twins:
    """Which placements have sent the very same samples; latches."""

    def __init__(self, intakes: Mapping[str, Intake]) -> None:
        self._intakes = intakes
        self._found: set[tuple[str, str]] = set()

    def of(self, placement: str) -> tuple[str, ...]:
        """The other placements that have sent the samples of this one."""
        return tuple(o for o in self._intakes if self._is_pair(o, placement))

    def problems(self, placement: str) -> tuple[str, ...]:
        """What to say of them; empty when there are none."""
        return tuple(
            f"sent the very same samples as the {other.replace('_', ' ')}: the same file or sensor"
            " twice? Nothing is derived from either"
            for other in self.of(placement)
        )

    def update(self, first: int, n: int) -> dict[str, NDArray[np.bool_]]:
        """Look at `n` epochs from `first`; True at every placement from the epoch that shows it on."""
        is_twin = {name: np.full(n, bool(self.of(name))) for name in self._intakes}
        seconds = {
            name: intake.bins.windows((first + 1) * BIN_HZ, n, BIN_HZ, BIN_HZ)[:, :, :3]
            for name, intake in self._intakes.items()
        }
        for pair in combinations(self._intakes, 2):
            if pair in self._found:
                continue
            same = _same(*(seconds[name] for name in pair))
            if same.any():
                self._found.add(pair)
                for name in pair:
                    is_twin[name][int(np.argmax(same)) :] = True
        return is_twin

    def _is_pair(self, a: str, b: str) -> bool:
        return (a, b) in self._found or (b, a) in self._found


def _same(a: FloatArray, b: FloatArray) -> NDArray[np.bool_]:
    """Whether two runs of seconds, (n, BIN_HZ, 3) each, are equal and have something to show."""
    equal = (a == b).all(axis=(1, 2))  # NaN equals nothing
    changes = (np.diff(a, axis=1) != 0).any(axis=2).sum(axis=1)
    return np.asarray(equal & (changes >= LEAST_CHANGES))
