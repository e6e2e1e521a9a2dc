"""From grids to epochs: every measure asked for the same run of epochs, all at once.

Each measure is a function of windows that end with the epoch, so one epoch live and a thousand
afterwards are the same call with another number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis import breathing, quality
from analysis.beats import Beats
from analysis.breaths import Breaths
from analysis.calibration import SegmentFrame, is_lying_leg
from analysis.drowsy import drowsiness
from analysis.epoch_log import EpochLog
from analysis.fusion import UpTracker
from analysis.gravity import CALM_BINS, is_shaken, up_directions
from analysis.grid import BIN_HZ, Rows
from analysis.heart_maker import HeartMaker
from analysis.intake import Intake
from analysis.legs import (
    ANGLE_BINS,
    LATCH_EPOCHS,
    SIDES,
    UNSEEN_WINDOW_S,
    Leg,
    LegEpochs,
    turned_about_up,
)
from analysis.one_sensor import LegLengths, LoneLeg
from analysis.phases import PhaseInput
from analysis.position import Mounting, session_mounting, stretches
from analysis.posture import PostureDrift, mean_up, trunk_on_side, trunk_tilt_deg, turned_deg
from analysis.relaxation import relaxation
from analysis.restlessness import RestlessnessMaker
from analysis.results import Epochs, FloatArray, Phase, PhaseName, Position
from analysis.slips import SEGMENTS
from analysis.trunk import NominalTrunk
from analysis.twins import Twins
from analysis.wear import WearWatch
from analysis.worn_right import SwapWatch, mounting_notes


class EpochMaker:
    """Makes runs of epochs from the sensors' grids, and keeps what one run owes to the next.

    Attributes
    ----------
    knows_positions : bool
        False when the poses were not held lying: then where lying is, is not known, and no part of
        the exercise can be told.
    up : mapping of placement to Rows
        Mean direction of up in each epoch, of the trunk's sensors.
    restlessness : RestlessnessMaker
        Movement and stillness, and ENMO and MAD.
    heart : HeartMaker
        Heart rate, its beats, and where they are from.
    """

    def __init__(
        self, intakes: Mapping[str, Intake], beats: Beats, lengths: LegLengths | None = None
    ) -> None:
        self._intakes = intakes
        self._frames: Mapping[str, SegmentFrame | None] = {}
        self._legs = {
            side: Leg(side)
            for side in SIDES
            if f"{side}_thigh" in intakes and f"{side}_shank" in intakes
        }
        self._lone = {
            side: LoneLeg(name, lengths or LegLengths())
            for name in intakes
            if (side := name.partition("_")[0]) in SIDES and side not in self._legs
        }
        self._log = EpochLog()
        self._up_before = {name: np.full(3, np.nan) for name in intakes}
        self._swaps = {side: SwapWatch(side) for side in self._legs}
        self.wear = {name: WearWatch(intake) for name, intake in intakes.items()}
        self._trackers = {name: UpTracker(intake) for name, intake in intakes.items()}
        self.knows_positions = True
        self.twins = Twins(intakes)
        self._trunk = NominalTrunk()
        self._drift = PostureDrift()
        self.restlessness = RestlessnessMaker(intakes)
        self.up = {name: Rows(3, 0) for name in ("chest", "head") if name in intakes}
        self.breaths = Breaths(BIN_HZ)
        self.heart = HeartMaker(intakes.get("chest"), beats)

    def all(self) -> Epochs:
        """Every epoch made so far."""
        return self._log.all()

    @property
    def frames(self) -> Mapping[str, SegmentFrame | None]:
        """The segments' frames in force."""
        return self._frames

    def mounting(self, placement: str, phases: tuple[Phase, ...]) -> Mounting | None:
        """How the sensor of chest or head sits, as far as the session has shown; None: not worn."""
        rows = self.up.get(placement)
        if rows is None or not self.knows_positions:
            return None
        return session_mounting(rows.all(), self._frames.get(placement), phases)

    def positions(self, phases: tuple[Phase, ...]) -> tuple[Position, ...]:
        """How the trunk lay through the session."""
        mounting = self.mounting("chest", phases)
        if mounting is None:
            return ()
        up = self.up["chest"].all()
        return stretches(self.all().t_s, mounting.position(up))

    def recalibrated(
        self,
        frames: Mapping[str, SegmentFrame | None],
        since_s: float = 0.0,
        still_rates: Mapping[str, FloatArray] | None = None,
    ) -> None:
        """Use these frames from the next epoch on; their poses were over at `since_s`.

        `still_rates` are what the gyroscopes read, on average, while the poses were held.
        """
        self._frames = frames
        self.knows_positions = all(
            is_lying_leg(frames.get(f"{side}_thigh"), frames.get(f"{side}_shank")) for side in SIDES
        )
        for side, leg in self._legs.items():
            leg.recalibrated({n: f for n, f in frames.items() if n.startswith(side)}, since_s)
        for lone in self._lone.values():
            found = frames.get(lone.placement)
            lone.frame = None if found is not None and found.source == "held" else found
        for name, rate in (still_rates or {}).items():
            self._trackers[name].begin(rate)

    @property
    def impossible_sides(self) -> tuple[str, ...]:
        """Legs whose knee left what knees can do for as long as makes it unknown."""
        return tuple(s for s, leg in self._legs.items() if leg.n_impossible >= LATCH_EPOCHS)

    @property
    def slips(self) -> dict[str, str]:
        """What to say of each leg with a strap that slipped."""
        said = {s: "".join(leg.slip_problem(x) for x in SEGMENTS) for s, leg in self._legs.items()}
        return {side: problem for side, problem in said.items() if problem}

    def problems(self, placement: str) -> tuple[str, ...]:
        """What went wrong with a sensor's angles; a leg's trouble is told once, at its shank."""
        side, _, segment = placement.partition("_")
        leg = self._legs.get(side)
        said = [self.wear[placement].problem(), self._trackers[placement].problem()]
        if leg is None:
            said.append(self._trunk.problem() if placement == "chest" else "")
        else:
            said.append(leg.slip_problem(segment))
            said.append(self._swaps[side].problem())
            said += leg.problems() if segment == "shank" else ()
        return tuple(s for s in said if s)

    def angle_notes(self) -> list[str]:
        """How the knee angles were made."""
        return [
            f"The {side} knee angle is from gyroscope and accelerometer together for"
            f" {leg.n_fused} s of {leg.n_known} s, from the accelerometer alone for the others."
            if leg.n_fused < leg.n_known
            else f"The {side} knee angle is from gyroscope and accelerometer together."
            for side, leg in self._legs.items()
            if leg.n_fused
        ] + [lone.note() for lone in self._lone.values()]

    def mounting_notes(self) -> list[str]:
        """Sensors that sit otherwise than documented, as far as the held poses show it."""
        return [note for side in SIDES for note in mounting_notes(side, self._frames)]

    @property
    def estimated_sides(self) -> tuple[str, ...]:
        """Legs whose knee is an estimate from one sensor."""
        return tuple(self._lone)

    def make(self, first: int, n: int) -> Iterator[PhaseInput]:
        """Make `n` epochs from `first`, keep them, and yield what each means for the phases."""
        epochs = Epochs.unknown(np.arange(first + 1, first + n + 1, dtype=float))
        is_twin = self.twins.update(first, n)
        rests = {
            name: np.where(is_twin[name], np.nan, self._rest(name, first, n))
            for name in self._intakes
        }
        ups = {name: self._ups(name, rests[name], first, n) for name in self._intakes}
        sharp = {name: t.update(first, n, rests[name]) for name, t in self._trackers.items()}
        calm = {name: self._calm(name, ups[name], rests[name], first) for name in self._intakes}
        for name, watch in self.wear.items():
            if name != "chest":  # it shows breath and beat as well, further down
                watch.update(first, n)
        legs = {side: self._leg(side, ups, calm, sharp, first) for side in self._legs} | {
            side: lone.epochs(calm[lone.placement], sharp[lone.placement])
            for side, lone in self._lone.items()
        }
        for side, leg in legs.items():
            getattr(epochs, f"knee_{side}_deg")[:] = leg.flexion_deg
            getattr(epochs, f"lean_{side}_deg")[:] = leg.lean_deg
        means = {name: mean_up(up[:, -ANGLE_BINS:]) for name, up in ups.items()}
        turned = self._turned(means)
        for name, rows in self.up.items():
            rows.append(means[name])
        if "chest" in ups:
            epochs.trunk_tilt_deg[:] = self._tilt(
                np.where(np.isfinite(sharp["chest"]), sharp["chest"], means["chest"]),
                turned[list(means).index("chest")],
            )
        for side, swap in self._swaps.items():
            leg = legs[side]
            swap.update(epochs.t_s, epochs.trunk_tilt_deg, leg.flexion_deg, leg.thigh_deg)
            legs[side] = leg.filled(
                self._legs[side].angles(means[f"{side}_thigh"], means[f"{side}_shank"])
            )
        moved = np.empty((0, n))
        if self._intakes:
            moved, most, share = self.restlessness.of(rests, turned, first)
            epochs.movement_mg[:], epochs.stillness[:] = most, share
        if "chest" in ups:
            self._breathe(epochs, rests["chest"], moved[list(means).index("chest")], first)
        self._beat(epochs, rests, first)
        if "chest" in self.wear:
            alive = np.isfinite(epochs.breathing_per_min) | np.isfinite(epochs.heart_per_min)
            self.wear["chest"].update(first, n, alive)
        self._log.append(epochs)
        self._relax(n)
        yield from self._phase_inputs(epochs, legs, means, turned)

    def posture(self, names: list[PhaseName]) -> None:
        """Fill what needs the phases of the epochs just made."""
        if "chest" in self.up:
            n = len(names)
            new = self.up["chest"].since(len(self.up["chest"]) - n)
            self.all().posture_drift_deg[-n:] = self._drift.update(new, names)

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

    def _calm(self, name: str, ups: FloatArray, rest: FloatArray, first: int) -> FloatArray:
        """Up in the bins that an angle is read from, NaN where more than gravity is felt."""
        windows = self._intakes[name].bins.windows(
            (first + 1) * BIN_HZ, len(rest), BIN_HZ, CALM_BINS
        )
        shaken = is_shaken(windows[:, :, :3], rest)
        return np.where(shaken[:, None, None], np.nan, ups[:, -ANGLE_BINS:])

    def _leg(
        self,
        side: str,
        ups: Mapping[str, FloatArray],
        calm: Mapping[str, FloatArray],
        sharp: Mapping[str, FloatArray],
        first: int,
    ) -> LegEpochs:
        thigh, shank = f"{side}_thigh", f"{side}_shank"
        n = len(ups[thigh])
        unseen = np.zeros(n, dtype=bool)
        if self._intakes[thigh].has_gyro and self._intakes[shank].has_gyro:
            end, length = (first + 1) * BIN_HZ, UNSEEN_WINDOW_S * BIN_HZ
            rates = [
                self._intakes[p].bins.windows(end, n, BIN_HZ, length)[:, :, 3:]
                for p in (thigh, shank)
            ]
            unseen = turned_about_up(ups[thigh], rates[0], ups[shank], rates[1])
        return self._legs[side].epochs(
            calm[thigh],
            calm[shank],
            unseen,
            first,
            (sharp[thigh], sharp[shank]),
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

    def _beat(self, epochs: Epochs, rests: Mapping[str, FloatArray], first: int) -> None:
        """Beats of a heart-rate sensor where they are known, else the chest's own knock."""
        shows = np.zeros(len(epochs), dtype=bool)
        if "chest" in self._intakes:
            shows = np.isfinite(rests["chest"]) | self._lone_axis(first, len(epochs))
        rates = self.heart.rates(shows, first)
        epochs.heart_per_min[:], epochs.heart_confidence[:] = rates.T

    def _relax(self, n: int) -> None:
        """The index of the newest `n` epochs: it needs the wearer's opening and the last minute."""
        epochs = self.all()
        epochs.relaxation[-n:] = relaxation(epochs, newest=n)
        epochs.drowsy[-n:] = drowsiness(epochs, newest=n).drowsy

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
        head_deg = np.full(n, np.nan)
        if "head" in means:
            head_deg = trunk_tilt_deg(means["head"], self._frames["head"])
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
                float(head_deg[i]),
            )
