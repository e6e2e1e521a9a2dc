"""A whole session: samples of any sensors in, epochs out, live and afterwards the same.

    feed(placement, samples)  ->  Intake: slow bins, fast grid        (per sensor)
    advance(t)                ->  epochs that are final: one second each, on a grid from 0
    finish()                  ->  phases, movements, summary, what was heard of each sensor

An epoch is final `HOLD_BACK_S` after its end.  It looks only at samples before its end, so neither
the cutting of the stream nor the rhythm of `advance` can change it; samples that come later are
counted as late and change nothing.  While poses are awaited (their end lies ahead) epochs wait too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis import quality
from analysis.arrays import checked_times, checked_triaxial
from analysis.beats import Beats
from analysis.calibration import NOMINAL_LATERAL, SegmentFrame, calibrate_leg, calibrate_trunk
from analysis.epochs import EpochMaker
from analysis.errors import InputError
from analysis.extras import named
from analysis.finish import finish_of, span_s
from analysis.hinge import mounting_problem
from analysis.intake import Intake
from analysis.leg_calibration import calibrate_pair, gyro_of, still_rate
from analysis.legs import SIDES
from analysis.movements import Cut, MovementCutter
from analysis.one_sensor import LegLengths, widened
from analysis.phases import PhaseRecogniser
from analysis.results import (
    PLACEMENTS,
    Breath,
    Epochs,
    Finish,
    FloatArray,
    Movement,
    Phase,
    PhaseName,
    Poses,
    SensorSummary,
    SessionAnalysis,
)
from analysis.summary import summarise

HOLD_BACK_S = 0.5
"""Bluetooth delivers a sample up to a few connection intervals late (30 to 100 ms each)."""

LONGEST_S = 24 * 3600.0
"""Beyond a day, times are in other units or one of them is broken."""

_BATCH_EPOCHS = 900
"""Epochs made at once: windows of a minute of bins for so many fit into tens of megabytes."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """How a session is analysed.

    Attributes
    ----------
    assume_nominal : bool
        Whether sensors without calibration poses are taken to sit as printed in the documentation
        (x towards the head, z anterior).  When False their angles are unknown until `set_poses`,
        those of the legs until both poses are known.
    height_m : float or None
        How tall the wearer is, for the knee of a leg with one sensor; None: an average adult.
    """

    assume_nominal: bool = True
    height_m: float | None = None


class SessionAnalyzer:
    """Feed samples as they come, take epochs as they become final.

    Parameters
    ----------
    placements : iterable of str
        The sensors worn, names from `analysis.results.PLACEMENTS`.
    settings : AnalysisSettings, optional
    poses : Poses, optional
        When the calibration poses are held.  Epochs wait until their data is in.

    Raises
    ------
    InputError
        For a placement that does not exist.

    Examples
    --------
    >>> analyzer = SessionAnalyzer(["chest"])
    >>> t = np.arange(0, 3, 0.02)
    >>> analyzer.feed("chest", t, np.tile([0.0, 0.0, 9.81], (len(t), 1)))
    >>> analyzer.advance(2.6).t_s
    array([1., 2.])
    >>> analyzer.finish().epochs.trunk_tilt_deg
    array([0., 0., 0.])
    """

    def __init__(
        self,
        placements: Iterable[str],
        settings: AnalysisSettings | None = None,
        *,
        poses: Poses | None = None,
    ) -> None:
        self._settings = settings or AnalysisSettings()
        self._intakes: dict[str, Intake] = {}
        for name in placements:
            if name not in PLACEMENTS:
                raise InputError(
                    f"no placement is called {name!r}", hint=f"Use one of {', '.join(PLACEMENTS)}."
                )
            self._intakes[name] = Intake(has_heart_grid=name == "chest")
        self._beats = Beats()
        self._poses = poses
        self._must_calibrate = True
        self._frame_problems: dict[str, tuple[str, ...]] = {}
        lengths = LegLengths.of_height(self._settings.height_m)
        self._maker = EpochMaker(self._intakes, self._beats, lengths)
        self._phases = PhaseRecogniser()
        self._cutters = {name: MovementCutter(name) for name in self._intakes}
        self._cuts: dict[str, list[Cut]] = {name: [] for name in self._intakes}
        self._n_closed = 0
        self._now_s = 0.0

    @property
    def phase(self) -> PhaseName:
        """Part of the exercise as known after the newest final epoch."""
        return self._phases.current

    @property
    def worn(self) -> dict[str, bool | None]:
        """Whether each sensor is worn, as known after the newest final epoch; None: not known."""
        return {name: watch.worn for name, watch in self._maker.wear.items()}

    def worn_epochs(self, placement: str) -> FloatArray:
        """State of every final epoch, as in `epochs`: 1 worn, 0 off the body, NaN unknown."""
        return self._maker.wear[placement].all()

    @property
    def impossible_sides(self) -> tuple[str, ...]:
        """Legs whose knee left what knees can do, so that their mounting is not as assumed."""
        return self._maker.impossible_sides

    @property
    def slips(self) -> dict[str, str]:
        """What to say of the straps that have slipped, by side: ``left``, ``right``."""
        return self._maker.slips

    @property
    def epochs(self) -> Epochs:
        """All final epochs so far."""
        return self._maker.all()

    @property
    def breaths(self) -> tuple[Breath, ...]:
        """All breaths that are final so far: those of up to a quarter of a minute ago."""
        return self._maker.breaths.all()

    def feed(
        self,
        placement: str,
        t_s: ArrayLike,
        acc_m_s2: ArrayLike,
        gyr_rad_s: ArrayLike | None = None,
        n_lost: int = 0,
    ) -> None:
        """Take samples of one sensor, in its own axes; NaN rows are samples known to be bad.

        Raises
        ------
        InputError
            For a placement that is not worn, or arrays of the wrong shape.
        """
        intake = self._intakes.get(placement)
        if intake is None:
            raise InputError(
                f"no sensor is worn at {placement!r}", hint=f"Worn: {', '.join(self._intakes)}."
            )
        t = checked_times(t_s)
        acc = checked_triaxial(acc_m_s2, "acc_m_s2", len(t), lone_axis=True)
        gyr = None if gyr_rad_s is None else checked_triaxial(gyr_rad_s, "gyr_rad_s", len(t))
        if len(t) and t.max() > LONGEST_S:
            raise InputError(
                f"{placement}: a sample at {t.max():.0f} s, beyond a day ({LONGEST_S:.0f} s)",
                hint="Session times are seconds from its start; are these milliseconds or dates?",
            )
        intake.feed(t, acc, gyr, n_lost, float(self._n_closed))

    def feed_beats(self, t_s: float, heart_per_min: float, rr_s: FloatArray) -> None:
        """Take what a heart-rate sensor sent: its rate and the intervals between beats."""
        self._beats.feed(t_s, heart_per_min, rr_s)

    def set_poses(self, poses: Poses) -> None:
        """Calibrate with these poses; it counts for every epoch that is not yet final."""
        self._poses = poses
        self._must_calibrate = True

    def advance(self, t_s: float) -> Epochs:
        """Session time is now `t_s`: return the epochs that have become final."""
        self._now_s = max(self._now_s, t_s)
        return self._close(int(np.floor(t_s - HOLD_BACK_S + 1e-9)), is_over=False)

    def finish(self) -> SessionAnalysis:
        """Close what is left and sum up; the session ends with its last sample or `advance`."""
        last = [i.last_t_s for i in self._intakes.values() if i.n_samples]
        duration_s = max([self._now_s, *last])
        # whatever was heard lies in an epoch, be it of one sample, or all before the session began
        self._close(max(int(np.ceil(duration_s - 1e-9)), min(len(last), 1)), is_over=True)
        epochs = self._maker.all()
        self._maker.breaths.finish()
        breaths = self._maker.breaths.all()
        phases = self._phases.phases(float(self._n_closed))
        return SessionAnalysis(
            duration_s=duration_s,
            sensors=self.sensors(duration_s),
            phases=phases,
            epochs=epochs,
            movements=self._movements(phases),
            summary=widened(
                summarise(
                    epochs,
                    phases,
                    breaths,
                    self._maker.restlessness.activity.all(),
                    self._maker.heart.differences(),
                ),
                self._maker.estimated_sides,
            ),
            notes=self._notes(),
            positions=self._maker.positions(phases),
            finish=self._finish(phases),
            breaths=breaths,
        )

    def sensors(self, duration_s: float | None = None) -> dict[str, SensorSummary]:
        """How well each sensor has been heard so far, and everything found wrong with it."""
        so_far = self._n_closed if duration_s is None else duration_s
        return {
            name: quality.summary(
                intake,
                so_far,
                self._maker.twins.problems(name)
                + self._frame_problems.get(name, ())
                + self._maker.problems(name)
                + self._mounting_problems(name, intake),
            )
            for name, intake in self._intakes.items()
        }

    def _close(self, end_epoch: int, *, is_over: bool) -> Epochs:
        if self._awaits_poses(end_epoch) and not is_over:
            return Epochs.unknown(np.empty(0))
        first = self._n_closed
        if end_epoch <= first:
            return Epochs.unknown(np.empty(0))
        for name, intake in self._intakes.items():
            n_rows = len(intake.fast)
            intake.close(first, end_epoch)
            self._cuts[name] += self._cutters[name].feed(intake.fast.since(n_rows))
        if self._must_calibrate:
            poses = self._poses or Poses()
            windows = (poses.straight_s, poses.bent_s, poses.slide_s)
            since_s = max((window[1] for window in windows if window), default=0.0)
            self._maker.recalibrated(self._calibrate(), since_s, self._still_rates())
            self._must_calibrate = False
        for start in range(first, end_epoch, _BATCH_EPOCHS):
            n_epochs = min(_BATCH_EPOCHS, end_epoch - start)
            names: list[PhaseName] = []
            for epoch, seen in enumerate(self._maker.make(start, n_epochs), start):
                self._phases.update(float(epoch), seen)
                names.append(self._phases.current)
            self._maker.posture(names)
        self._n_closed = end_epoch
        for intake in self._intakes.values():
            intake.forget(end_epoch)
        return self._maker.all()[first:]

    def _awaits_poses(self, end_epoch: int) -> bool:
        if not self._must_calibrate or self._poses is None:
            return False
        windows = (self._poses.straight_s, self._poses.bent_s, self._poses.slide_s)
        return any(window is not None and window[1] > end_epoch for window in windows)

    def _calibrate(self) -> dict[str, SegmentFrame | None]:
        poses = self._poses or Poses()
        frames: dict[str, SegmentFrame | None] = dict.fromkeys(self._intakes)
        self._frame_problems = {}
        is_whole = poses.straight_s is not None and poses.bent_s is not None
        for window in (poses.straight_s, poses.bent_s, poses.slide_s):
            if window is not None:
                for intake in self._intakes.values():
                    intake.keep(*window)
        bins = {name: intake.remembered() for name, intake in self._intakes.items()}
        for name, rows in bins.items():
            is_trunk = name in {"chest", "head"}
            # without the nominal mounting a trunk needs one pose, a leg both
            if not (self._settings.assume_nominal or is_whole or (is_trunk and poses != Poses())):
                continue
            if is_trunk:
                found = calibrate_trunk(name, rows[:, :3], poses)
            else:
                found = calibrate_leg(name, rows[:, :3], gyro_of(rows), poses)
            frames[name], self._frame_problems[name] = found
        for side in SIDES:
            pair = f"{side}_thigh", f"{side}_shank"
            if all(name in self._frame_problems for name in pair):
                both, said = calibrate_pair(side, bins[pair[0]], bins[pair[1]], poses)
                frames.update(zip(pair, both, strict=True))
                self._frame_problems.update(zip(pair, said, strict=True))
        return frames

    def _still_rates(self) -> dict[str, FloatArray]:
        poses = self._poses or Poses()
        return {name: still_rate(i.remembered(), poses) for name, i in self._intakes.items()}

    def _mounting_problems(self, name: str, intake: Intake) -> tuple[str, ...]:
        """A leg's gyroscope can contradict the nominal mounting that was assumed."""
        is_assumed = self._poses in {None, Poses()} and self._settings.assume_nominal
        if not is_assumed or name in {"chest", "head"} or not intake.has_gyro:
            return ()
        said = mounting_problem(intake.recent()[:, 3:], NOMINAL_LATERAL)
        return (said,) if said else ()

    def _movements(self, phases: tuple[Phase, ...]) -> tuple[Movement, ...]:
        """The movements of every sensor that shows gravity, in order of time, named."""
        cuts: dict[str, list[Cut]] = {}
        for name, intake in self._intakes.items():
            self._cuts[name] += self._cutters[name].finish()
            if quality.is_usable(intake) and not self._maker.twins.of(name):
                cuts[name] = self._cuts[name]
        return named(cuts, phases, self._maker.frames, self._maker.mounting("head", phases))

    def _finish(self, phases: tuple[Phase, ...]) -> Finish | None:
        """How the wearer got up, by its parts and by the trunk's turns on the way."""
        span = span_s(phases)
        turns = [
            cut.movement
            for cut in self._cuts.get("chest", ())
            if span and cut.movement.end_s > span[0] - 5.0 and cut.movement.start_s < span[1] + 5.0
        ]
        speeds = [m.peak_speed_deg_s for m in turns if m.peak_speed_deg_s is not None]
        began_s = min((m.start_s for m in turns), default=None)
        return finish_of(phases, max(speeds, default=None), began_s=began_s)

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self._poses in {None, Poses()} and self._intakes:
            notes.append(
                "No calibration poses were given: every sensor is taken to sit in the nominal way"
                " (x towards the head, z to the front), and angles are only as good as that."
                if self._settings.assume_nominal
                else "No calibration poses were given: angles are unknown."
            )
        if not self._maker.knows_positions:
            notes.append(
                "Between the two poses the thigh turned much further than the shank, as from"
                " standing to sitting: trunk tilt is from the straight pose, which was not lying,"
                " and the parts of the exercise are unknown."
            )
        notes += self._maker.mounting_notes()
        notes += self._maker.angle_notes()
        notes += self._maker.heart.notes()
        if not any(p.name == "rest" for p in self._phases.phases(float(self._n_closed))):
            notes.append("No rest was recognised: the summary is over the whole recording.")
        return tuple(notes)
