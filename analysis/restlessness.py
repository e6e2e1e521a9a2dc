"""From grids to stillness: how much each sensor moved in every epoch, above its own noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analysis import activity, stillness
from analysis.grid import Rows
from analysis.intake import FAST_HZ, FAST_LAG_S, HISTORY_S, Intake
from analysis.results import FloatArray


class Restlessness(NamedTuple):
    """A run of epochs, NaN where unknown.

    Attributes
    ----------
    moved_mg : (sensors, n) array
        Movement of each sensor.
    most_mg : (n,) array
        That of the most restless.
    still_share : (n,) array
        Share of the sensors heard that were still, 0 to 1.
    """

    moved_mg: FloatArray
    most_mg: FloatArray
    still_share: FloatArray


class RestlessnessMaker:
    """Asked for runs of epochs in order; remembers each sensor's least noise of the last minute.

    Attributes
    ----------
    activity : Rows
        ENMO and MAD in mg of the most restless sensor, a row every `activity.EPOCH_S`.
    """

    def __init__(self, intakes: Mapping[str, Intake]) -> None:
        self._intakes = intakes
        self._noises = {name: np.full(HISTORY_S - 1, np.inf) for name in intakes}
        self.activity = Rows(2, 0)

    def of(self, rests: Mapping[str, FloatArray], turned: FloatArray, first: int) -> Restlessness:
        """The run from epoch `first`.

        Parameters
        ----------
        rests : mapping
            |a| at rest of each sensor, (n,), NaN where it cannot be believed.
        turned : (sensors, n) array
            Degrees turned within each epoch.
        first : int
        """
        n = turned.shape[1]
        end = round((first + 1 - FAST_LAG_S) * FAST_HZ)
        length = round(stillness.WINDOW_S * FAST_HZ)
        windows = [
            intake.fast.windows(end, n, FAST_HZ, length)[:, :, :3]
            for intake in self._intakes.values()
        ]
        noise = [self._noise(name, w) for name, w in zip(self._intakes, windows, strict=True)]
        # one call for all sensors
        answer = stillness.stillness(np.concatenate(windows), FAST_HZ, np.concatenate(noise))
        self._be_active(rests, first, n)
        answer = stillness.with_turning(answer, turned.reshape(-1))
        good = np.isfinite(np.array(list(rests.values())))
        moved = np.where(good, answer.movement_mg.reshape(good.shape), np.nan)
        known = np.isfinite(moved)
        n_known, n_still = known.sum(axis=0), answer.is_still.reshape(good.shape) & known
        share = n_still.sum(axis=0) / np.maximum(n_known, 1)
        return Restlessness(
            moved, np.fmax.reduce(moved, axis=0), np.where(n_known > 0, share, np.nan)
        )

    def _noise(self, name: str, windows: FloatArray) -> FloatArray:
        """Own noise of the sensor as known at the end of each window: the least second of a minute."""
        seconds = stillness.own_noise_m_s2(windows[:, -FAST_HZ:], FAST_HZ)
        seconds = np.where(np.isfinite(seconds), seconds, np.inf)
        seen = np.concatenate([self._noises[name], seconds])
        least = sliding_window_view(seen, HISTORY_S).min(axis=1)
        self._noises[name] = seen[-HISTORY_S + 1 :]
        return np.where(np.isfinite(least), least, 0.0)

    def _be_active(self, rests: Mapping[str, FloatArray], first: int, n: int) -> None:
        """ENMO and MAD of the most restless sensor over every five seconds that end in this run."""
        step = activity.EPOCH_S
        ends = np.arange((first // step + 1) * step, first + n + 1, step)
        if not len(ends):
            return
        found = np.full((len(self._intakes), 2, len(ends)), np.nan)
        end, length = round((ends[0] - FAST_LAG_S) * FAST_HZ), step * FAST_HZ
        for i, (name, intake) in enumerate(self._intakes.items()):
            acc = intake.fast.windows(end, len(ends), length, length)[:, :, :3]
            good = np.isfinite(rests[name][ends - 1 - first])
            found[i, 0] = np.where(good, activity.enmo_mg(acc), np.nan)
            found[i, 1] = np.where(good, activity.mad_mg(acc), np.nan)
        self.activity.append(np.fmax.reduce(found, axis=0).T)
