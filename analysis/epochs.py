"""From grids to epochs: every measure asked for the same run of epochs, all at once.

Each measure is a function of windows that end with the epoch, so one epoch live and a thousand
afterwards are the same call with another number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from analysis import breathing, quality, stillness
from analysis.beats import Beats
from analysis.calibration import SegmentFrame
from analysis.gravity import up_directions
from analysis.grid import BIN_HZ
from analysis.intake import FAST_HZ, FAST_LAG_S, Intake
from analysis.legs import (
    ANGLE_BINS,
    SIDES,
    UNSEEN_WINDOW_S,
    Leg,
    LegEpochs,
    turned_about_up,
)
from analysis.phases import PhaseInput
from analysis.posture import mean_up, trunk_on_side, trunk_tilt_deg, turned_deg
from analysis.relaxation import RelaxationSettings, relaxation
from analysis.results import Epochs, FloatArray


class EpochMaker:
    """Makes runs of epochs from the sensors' grids, and keeps what one run owes to the next."""

    def __init__(self, intakes: Mapping[str, Intake], beats: Beats) -> None:
        self._intakes = intakes
        self._beats = beats
        self._frames: Mapping[str, SegmentFrame | None] = {}
        self._legs = {
            side: Leg(side)
            for side in SIDES
            if f"{side}_thigh" in intakes and f"{side}_shank" in intakes
        }
        self._parts: list[Epochs] = []
        self._up_before = {name: np.full(3, np.nan) for name in intakes}
        self._opening_end: int | None = None

    def all(self) -> Epochs:
        """Every epoch made so far."""
        if len(self._parts) > 1:
            self._parts = [Epochs.joined(self._parts)]
        return self._parts[0] if self._parts else Epochs.unknown(np.empty(0))

    def recalibrated(self, frames: Mapping[str, SegmentFrame | None]) -> None:
        """Use these frames from the next epoch on."""
        self._frames = frames
        for side, leg in self._legs.items():
            leg.recalibrated({n: f for n, f in frames.items() if n.startswith(side)})

    def problems(self, placement: str) -> tuple[str, ...]:
        """What went wrong with a sensor's angles; a leg's trouble is told once, at its shank."""
        side, _, segment = placement.partition("_")
        leg = self._legs.get(side)
        said = leg.problem() if leg and segment == "shank" else ""
        return (said,) if said else ()

    def make(self, first: int, n: int) -> Iterator[PhaseInput]:
        """Make `n` epochs from `first`, keep them, and yield what each means for the phases."""
        epochs = Epochs.unknown(np.arange(first + 1, first + n + 1, dtype=float))
        ups = {name: self._ups(name, first, n) for name in self._intakes}
        legs = {side: self._leg(side, ups, first, n) for side in self._legs}
        for side, leg in legs.items():
            getattr(epochs, f"knee_{side}_deg")[:] = leg.flexion_deg
            getattr(epochs, f"lean_{side}_deg")[:] = leg.lean_deg
        means = {name: mean_up(up[:, -ANGLE_BINS:]) for name, up in ups.items()}
        if "chest" in ups:
            epochs.trunk_tilt_deg[:] = trunk_tilt_deg(means["chest"], self._frames["chest"])
            self._breathe(epochs, first, n)
        self._move(epochs, first, n)
        self._beat(epochs)
        self._parts.append(epochs)
        self._relax(n)
        yield from self._phase_inputs(epochs, legs, means)

    def _ups(self, name: str, first: int, n: int) -> FloatArray:
        """Up in the last bins of each epoch, NaN where the sensor cannot be believed."""
        intake = self._intakes[name]
        acc = intake.bins.windows((first + 1) * BIN_HZ, n, BIN_HZ, UNSEEN_WINDOW_S * BIN_HZ)
        rest = quality.rest_m_s2(intake, first, n)
        rest = np.where(self._is_good(name, rest, first, n), rest, np.nan)
        return up_directions(acc[:, :, :3], rest[:, None])

    def _is_good(self, name: str, rest: FloatArray, first: int, n: int) -> NDArray[np.bool_]:
        return quality.is_trusted(rest) & ~quality.is_frozen(self._intakes[name], first, n)

    def _leg(self, side: str, ups: Mapping[str, FloatArray], first: int, n: int) -> LegEpochs:
        thigh, shank = f"{side}_thigh", f"{side}_shank"
        unseen = np.zeros(n, dtype=bool)
        if self._intakes[thigh].has_gyro and self._intakes[shank].has_gyro:
            end, length = (first + 1) * BIN_HZ, UNSEEN_WINDOW_S * BIN_HZ
            rates = [
                self._intakes[p].bins.windows(end, n, BIN_HZ, length)[:, :, 3:]
                for p in (thigh, shank)
            ]
            unseen = turned_about_up(ups[thigh], rates[0], ups[shank], rates[1])
        return self._legs[side].epochs(
            ups[thigh][:, -ANGLE_BINS:], ups[shank][:, -ANGLE_BINS:], unseen
        )

    def _breathe(self, epochs: Epochs, first: int, n: int) -> None:
        chest = self._intakes["chest"]
        length = round(breathing.WINDOW_S * BIN_HZ)
        windows = chest.bins.windows((first + 1) * BIN_HZ, n, BIN_HZ, length)[:, :, :3]
        breath = breathing.breathing(windows, BIN_HZ)
        good = self._is_good("chest", quality.rest_m_s2(chest, first, n), first, n)
        epochs.breathing_per_min[:] = np.where(good, breath.rate_per_min, np.nan)
        epochs.breathing_confidence[:] = np.where(good, breath.confidence, np.nan)

    def _move(self, epochs: Epochs, first: int, n: int) -> None:
        """Stillness: the share of the sensors heard that were still; movement: the largest."""
        if not self._intakes:
            return
        moved = np.full((len(self._intakes), n), np.nan)
        still = np.full((len(self._intakes), n), np.nan)
        end = round((first + 1 - FAST_LAG_S) * FAST_HZ)
        length = round(stillness.WINDOW_S * FAST_HZ)
        for row, (name, intake) in enumerate(self._intakes.items()):
            windows = intake.fast.windows(end, n, FAST_HZ, length)[:, :, :3]
            good = self._is_good(name, quality.rest_m_s2(intake, first, n), first, n)
            answer = stillness.stillness(windows, FAST_HZ)
            moved[row] = np.where(good, answer.movement_mg, np.nan)
            still[row] = np.where(np.isfinite(moved[row]), answer.is_still, np.nan)
        epochs.movement_mg[:] = np.fmax.reduce(moved, axis=0)
        n_known = np.isfinite(still).sum(axis=0)
        n_still = np.nansum(still, axis=0)
        epochs.stillness[:] = np.where(n_known > 0, n_still / np.maximum(n_known, 1), np.nan)

    def _beat(self, epochs: Epochs) -> None:
        if self._beats:
            rates = np.array([self._beats.rate(t) for t in epochs.t_s])
            epochs.heart_per_min[:], epochs.heart_confidence[:] = rates.T

    def _relax(self, n: int) -> None:
        """The index of the newest `n` epochs: it needs the wearer's opening and the last minute."""
        s = RelaxationSettings()
        epochs = self.all()
        if self._opening_end is None:
            tilt = np.nan_to_num(epochs.trunk_tilt_deg)
            resting = (np.nan_to_num(epochs.stillness) >= 0.5) & (tilt < s.lying_below_deg)
            done = np.flatnonzero(np.cumsum(resting) >= s.opening_s)
            self._opening_end = int(done[0]) + 1 if len(done) else None
        recent = max(len(epochs) - n - round(s.recent_s), 0)
        needed = epochs
        if self._opening_end is not None and recent > self._opening_end:
            # what lies between the opening and the last minute changes nothing, and is not paid for
            needed = Epochs.joined([epochs[: self._opening_end], epochs[recent:]])
        epochs.relaxation[-n:] = relaxation(needed)[-n:]

    def _phase_inputs(
        self, epochs: Epochs, legs: Mapping[str, LegEpochs], means: Mapping[str, FloatArray]
    ) -> Iterator[PhaseInput]:
        n = len(epochs)
        turns = [turned_deg(up, self._up_before[name]) for name, up in means.items()]
        turned = np.fmax.reduce(np.array(turns), axis=0) if turns else np.full(n, np.nan)
        on_side = np.full(n, np.nan)
        if "chest" in means:
            on_side = trunk_on_side(means["chest"], self._frames["chest"])
        for name, up in means.items():
            self._up_before[name] = up[-1]
        for i in range(n):
            yield PhaseInput(
                float(epochs.trunk_tilt_deg[i]),
                float(on_side[i]),
                tuple(float(leg.flexion_deg[i]) for leg in legs.values()),
                tuple(float(leg.lean_deg[i]) for leg in legs.values()),
                tuple(float(leg.thigh_deg[i]) for leg in legs.values()),
                float(turned[i]),
            )
