"""From grids to epochs: every measure asked for the same run of epochs, all at once.

Each measure is a function of windows that end with the epoch, so one epoch live and a thousand
afterwards are the same call with another number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis import breathing, heart, heart_beats, quality, stillness
from analysis.beats import Beats
from analysis.breaths import Breaths
from analysis.calibration import SegmentFrame, is_lying_leg
from analysis.epoch_log import EpochLog
from analysis.gravity import up_directions
from analysis.grid import BIN_HZ
from analysis.intake import FAST_HZ, FAST_LAG_S, HEART_HZ, Intake
from analysis.legs import (
    ANGLE_BINS,
    LATCH_EPOCHS,
    SIDES,
    UNSEEN_WINDOW_S,
    Leg,
    LegEpochs,
    turned_about_up,
)
from analysis.phases import PhaseInput
from analysis.posture import mean_up, trunk_on_side, trunk_tilt_deg, turned_deg
from analysis.relaxation import relaxation
from analysis.results import Epochs, FloatArray
from analysis.trunk import NominalTrunk
from analysis.twins import Twins
from analysis.variability import Differences

_UNMASKED = heart.HeartSettings(least_confidence=0.0)


class EpochMaker:
    """Makes runs of epochs from the sensors' grids, and keeps what one run owes to the next.

    Attributes
    ----------
    knows_positions : bool
        False when the poses were not held lying: then where lying is, is not known, and no part of
        the exercise can be told.
    n_heart, n_from_beats : int
        Epochs with a known heart rate, and how many of them have it from a sensor's own beats.
    """

    def __init__(self, intakes: Mapping[str, Intake], beats: Beats) -> None:
        self._intakes = intakes
        self._beats = beats
        self._frames: Mapping[str, SegmentFrame | None] = {}
        self._legs = {
            side: Leg(side)
            for side in SIDES
            if f"{side}_thigh" in intakes and f"{side}_shank" in intakes
        }
        self._log = EpochLog()
        self._up_before = {name: np.full(3, np.nan) for name in intakes}
        self.knows_positions = True
        self.twins = Twins(intakes)
        self._trunk = NominalTrunk()
        self.breaths = Breaths(BIN_HZ)
        self._follower = heart.Follower()
        self._knock_ms: list[tuple[float, FloatArray]] = []
        self.n_heart = self.n_from_beats = 0

    def all(self) -> Epochs:
        """Every epoch made so far."""
        return self._log.all()

    def recalibrated(self, frames: Mapping[str, SegmentFrame | None], since_s: float = 0.0) -> None:
        """Use these frames from the next epoch on; their poses were over at `since_s`."""
        self._frames = frames
        self.knows_positions = all(
            is_lying_leg(frames.get(f"{side}_thigh"), frames.get(f"{side}_shank")) for side in SIDES
        )
        for side, leg in self._legs.items():
            leg.recalibrated({n: f for n, f in frames.items() if n.startswith(side)}, since_s)

    @property
    def impossible_sides(self) -> tuple[str, ...]:
        """Legs whose knee left what knees can do for as long as makes it unknown."""
        return tuple(s for s, leg in self._legs.items() if leg.n_impossible >= LATCH_EPOCHS)

    def problems(self, placement: str) -> tuple[str, ...]:
        """What went wrong with a sensor's angles; a leg's trouble is told once, at its shank."""
        side, _, segment = placement.partition("_")
        leg = self._legs.get(side)
        if leg is None:
            said = self._trunk.problem() if placement == "chest" else ""
            return (said,) * bool(said)
        slipped = leg.slip_problem(segment)
        return (slipped,) * bool(slipped) + (leg.problems() if segment == "shank" else ())

    def heart_notes(self) -> list[str]:
        """Where the heart rate is from: a sensor's own beats are preferred over chest motion."""
        if not self.n_from_beats:
            from_motion = any(len(ms) for _, ms in self._knock_ms)
            said = "Heart rate and RMSSD are from chest motion, not from an electrocardiogram."
            return [said] if from_motion else []
        n_moved = self.n_heart - self.n_from_beats
        rest = f"; for {n_moved} s without them it is from chest motion" if n_moved else ""
        return [
            f"Heart rate is from the heart-rate sensor's own beats for {self.n_from_beats} s{rest}."
        ]

    def make(self, first: int, n: int) -> Iterator[PhaseInput]:
        """Make `n` epochs from `first`, keep them, and yield what each means for the phases."""
        epochs = Epochs.unknown(np.arange(first + 1, first + n + 1, dtype=float))
        is_twin = self.twins.update(first, n)
        rests = {
            name: np.where(is_twin[name], np.nan, self._rest(name, first, n))
            for name in self._intakes
        }
        ups = {name: self._ups(name, rests[name], first, n) for name in self._intakes}
        legs = {side: self._leg(side, ups, first, n) for side in self._legs}
        for side, leg in legs.items():
            getattr(epochs, f"knee_{side}_deg")[:] = leg.flexion_deg
            getattr(epochs, f"lean_{side}_deg")[:] = leg.lean_deg
        means = {name: mean_up(up[:, -ANGLE_BINS:]) for name, up in ups.items()}
        turned = self._turned(means)
        if "chest" in ups:
            epochs.trunk_tilt_deg[:] = self._tilt(
                means["chest"], turned[list(means).index("chest")]
            )
        moved = self._move(epochs, rests, turned, first)
        if "chest" in ups:
            self._breathe(epochs, rests["chest"], moved[list(means).index("chest")], first)
        self._beat(epochs, rests, first)
        self._log.append(epochs)
        self._relax(n)
        yield from self._phase_inputs(epochs, legs, means, turned)

    def _tilt(self, up: FloatArray, turned: FloatArray) -> FloatArray:
        frame = self._frames["chest"]
        tilt = trunk_tilt_deg(up, frame)
        is_assumed = frame is not None and frame.source == "nominal"
        return self._trunk.believed(tilt, turned) if is_assumed else tilt

    def _rest(self, name: str, first: int, n: int) -> FloatArray:
        """|a| at rest of each epoch, NaN where the sensor cannot be believed."""
        intake = self._intakes[name]
        rest = quality.rest_m_s2(intake, first, n)
        good = quality.is_trusted(rest) & ~quality.is_frozen(intake, first, n)
        return np.where(good & ~quality.has_one_axis(intake, first, n), rest, np.nan)

    def _lone_axis(self, first: int, n: int) -> NDArray[np.bool_]:
        """Epochs in which the chest shows one axis: enough for rates, not for angles."""
        chest = self._intakes["chest"]
        lone = quality.has_one_axis(chest, first, n) & ~quality.is_frozen(chest, first, n)
        return np.asarray(lone & (not self.twins.of("chest")))

    def _ups(self, name: str, rest: FloatArray, first: int, n: int) -> FloatArray:
        """Up in the last bins of each epoch."""
        length = UNSEEN_WINDOW_S * BIN_HZ if self._intakes[name].has_gyro else ANGLE_BINS
        acc = self._intakes[name].bins.windows((first + 1) * BIN_HZ, n, BIN_HZ, length)
        return up_directions(acc[:, :, :3], rest[:, None])

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
            ups[thigh][:, -ANGLE_BINS:], ups[shank][:, -ANGLE_BINS:], unseen, first
        )

    def _breathe(self, epochs: Epochs, rest: FloatArray, moved: FloatArray, first: int) -> None:
        length = round(breathing.WINDOW_S * BIN_HZ)
        windows = self._intakes["chest"].bins.windows(
            (first + 1) * BIN_HZ, len(epochs), BIN_HZ, length
        )
        seen = breathing.breathing(windows[:, :, :3], BIN_HZ)
        good = np.isfinite(rest) | self._lone_axis(first, len(epochs))
        epochs.breathing_per_min[:] = np.where(good, seen.rate_per_min, np.nan)
        epochs.breathing_confidence[:] = np.where(good, seen.confidence, np.nan)
        # whether the trunk moved cannot be seen in one axis
        believed = np.where(np.isfinite(rest), seen.rate_per_min, np.nan)
        seen = replace(seen, rate_per_min=believed)
        self.breaths.update(windows[:, :, :3], first, seen, moved)

    def _turned(self, means: Mapping[str, FloatArray]) -> FloatArray:
        """Turn of each sensor within each epoch, (sensors, n)."""
        turns = [turned_deg(up, self._up_before[name]) for name, up in means.items()]
        for name, up in means.items():
            self._up_before[name] = up[-1]
        return np.array(turns)

    def _move(
        self, epochs: Epochs, rests: Mapping[str, FloatArray], turned: FloatArray, first: int
    ) -> FloatArray:
        """Stillness: the share of the sensors heard that were still; movement: the largest.

        Returns the movement of each sensor, (sensors, n).
        """
        if not self._intakes:
            return np.empty((0, len(epochs)))
        n = len(epochs)
        end = round((first + 1 - FAST_LAG_S) * FAST_HZ)
        length = round(stillness.WINDOW_S * FAST_HZ)
        windows = [
            intake.fast.windows(end, n, FAST_HZ, length)[:, :, :3]
            for intake in self._intakes.values()
        ]
        answer = stillness.stillness(np.concatenate(windows), FAST_HZ)  # one call for all sensors
        answer = stillness.with_turning(answer, turned.reshape(-1))
        good = np.isfinite(np.array(list(rests.values())))
        moved = np.where(good, answer.movement_mg.reshape(good.shape), np.nan)
        known = np.isfinite(moved)
        n_known, n_still = known.sum(axis=0), answer.is_still.reshape(good.shape) & known
        epochs.movement_mg[:] = np.fmax.reduce(moved, axis=0)
        share = n_still.sum(axis=0) / np.maximum(n_known, 1)
        epochs.stillness[:] = np.where(n_known > 0, share, np.nan)
        return moved

    def _beat(self, epochs: Epochs, rests: Mapping[str, FloatArray], first: int) -> None:
        """Beats of a heart-rate sensor where they are known, else the chest's own knock."""
        n = len(epochs)
        rates = np.full((n, 2), np.nan)
        if "chest" in self._intakes:
            rates = self._knocks(self._intakes["chest"], rests["chest"], first)
        if self._beats:
            told = np.array([self._beats.rate(t) for t in epochs.t_s])
            is_told = np.isfinite(told[:, :1])
            rates = np.where(is_told, told, rates)
            self.n_from_beats += int(is_told.sum())
        self.n_heart += int(np.isfinite(rates[:, 0]).sum())
        epochs.heart_per_min[:], epochs.heart_confidence[:] = rates.T

    def _knocks(self, chest: Intake, rest: FloatArray, first: int) -> FloatArray:
        """Rate and confidence from the chest's motion; of a single axis too, which has no gravity."""
        rates = np.full((len(rest), 2), np.nan)
        ends = np.arange(first, first + len(rest))
        n = chest.changes.all()[:, 0]
        starts = ends - round(heart.WINDOW_S)
        heard = n[ends] - np.where(starts >= 0, n[np.maximum(starts, 0)], 0.0)
        shows = np.isfinite(rest) | self._lone_axis(first, len(rest))
        can = shows & (starts >= 0) & (heard >= heart.LEAST_FS_HZ * heart.WINDOW_S)
        if chest.heart is None or not can.any():
            return rates
        end = round((first + 1 - FAST_LAG_S) * HEART_HZ)
        length = round(heart.WINDOW_S * HEART_HZ)
        windows = chest.heart.windows(end, len(rest), HEART_HZ, length)
        answer = heart.heart(windows, HEART_HZ, settings=_UNMASKED)
        epoch_s: FloatArray = ends + np.float64(1.0)
        answer = replace(answer, confidence=np.where(can, answer.confidence, np.nan))
        rates[:, 0] = self._follower.believed(answer, epoch_s)
        rates[:, 1] = answer.confidence
        fine = heard >= heart_beats.LEAST_FS_HZ * heart.WINDOW_S
        rows = np.flatnonzero(fine & np.isfinite(rates[:, 0]) & ((ends + 1) % heart.WINDOW_S == 0))
        for row, beats in zip(
            rows, heart_beats.window_beats(windows[rows], HEART_HZ, rates[rows, 0]), strict=True
        ):
            change_ms = heart_beats.successive_differences_ms(beats)
            self._knock_ms.append((float(ends[row] + 1), change_ms))
        return rates

    def beat_differences(self) -> Differences:
        """From a heart-rate sensor's own beats, else from those of the chest's motion."""
        told = self._beats.differences()
        parts = [(t, ms) for t, ms in self._knock_ms if len(ms)]
        if len(told) or not parts:
            return told
        t_s = np.concatenate([np.full(len(ms), t) for t, ms in parts])
        each_s = np.concatenate([np.full(len(ms), heart.WINDOW_S / len(ms)) for _, ms in parts])
        return Differences(t_s, np.concatenate([ms for _, ms in parts]), each_s)

    def _relax(self, n: int) -> None:
        """The index of the newest `n` epochs: it needs the wearer's opening and the last minute."""
        epochs = self.all()
        epochs.relaxation[-n:] = relaxation(epochs, newest=n)

    def _phase_inputs(
        self,
        epochs: Epochs,
        legs: Mapping[str, LegEpochs],
        means: Mapping[str, FloatArray],
        turned: FloatArray,
    ) -> Iterator[PhaseInput]:
        n = len(epochs)
        most = np.fmax.reduce(turned, axis=0) if len(turned) else np.full(n, np.nan)
        on_side = np.full(n, np.nan)
        if "chest" in means:
            on_side = trunk_on_side(means["chest"], self._frames["chest"])
        if not self.knows_positions:
            nan = float("nan")
            yield from [PhaseInput(nan, nan, (), (), (), nan)] * n
            return
        for i in range(n):
            yield PhaseInput(
                float(epochs.trunk_tilt_deg[i]),
                float(on_side[i]),
                tuple(float(leg.flexion_deg[i]) for leg in legs.values()),
                tuple(float(leg.lean_deg[i]) for leg in legs.values()),
                tuple(float(leg.thigh_deg[i]) for leg in legs.values()),
                float(most[i]),
                float(epochs.stillness[i]),
            )
