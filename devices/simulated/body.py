"""A person in the position, as physics, with the truth available.

World axes while the wearer lies: x towards the head, y to the wearer's right, z up.  A segment's
axes are the same when the wearer lies straight (x long axis, y lateral, z anterior), so every
orientation is a rotation away from lying flat:

    trunk  = tip the head end up (pitch), then roll about the long axis (positive: to the left)
    chest  = trunk, and a few thousandths of a radian with each breath
    thigh  = trunk, leg lean about the hip-ankle line, thigh inclination
    shank  = the same lean, shank inclination = knee flexion minus thigh inclination
    head   = trunk, and what the hands lift it by

Everything is a deterministic function of script, settings and seed, and of time alone: asking
twice, or at other times, never changes an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from devices.chunk import FloatArray
from devices.errors import DeviceError
from devices.simulated.breathing import BreathingSettings, breathe
from devices.simulated.heart import HeartSettings, beat, shake_m_s2
from devices.simulated.legs import LegGeometry, thigh_inclination_deg, turn_x, turn_y
from devices.simulated.script import Script, session_script
from devices.simulated.smooth import Move, follow

PLACEMENTS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank", "head")
_SIDES = {"left": 1.0, "right": -1.0}  # leaning out turns the left leg about +x, the right about -x
_START = {
    "lean_left_deg": 3.0,  # at rest most legs fall out a little
    "lean_right_deg": 2.0,
    "pelvis_z_m": 0.09,  # centre of the hip above the floor, lying
}


@dataclass(frozen=True, slots=True)
class BodySettings:
    """One person.

    Attributes
    ----------
    legs : LegGeometry
        Lengths of thigh and shank.
    breathing : BreathingSettings
        How breaths vary.
    heart : HeartSettings
        How beats vary and shake the chest.
    chest_slope_deg : float
        The breastbone of a person lying slopes down towards the head by 10 to 20 degrees.
    breath_tilt_deg : float
        How far a usual breath tips the chest: 0.17 degrees is 3 mg, between the 1 and 5 mg that
        relaxed breaths show at a chest sensor.
    breath_lift_m : float
        How far a usual breath lifts it.
    sway_deg : float
        Slow wander of knees and leans, standard deviation; muscles let go little by little.
    chest_above_hip_m, thigh_below_hip_m, shank_below_knee_m : float
        Where on its segment each sensor sits.
    """

    legs: LegGeometry = field(default_factory=LegGeometry)
    breathing: BreathingSettings = field(default_factory=BreathingSettings)
    heart: HeartSettings = field(default_factory=HeartSettings)
    chest_slope_deg: float = 12.0
    breath_tilt_deg: float = 0.17
    breath_lift_m: float = 0.004
    sway_deg: float = 0.4
    chest_above_hip_m: float = 0.45
    thigh_below_hip_m: float = 0.25
    shank_below_knee_m: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What the body really did, at the times asked for.

    Attributes
    ----------
    t_s : (n,) array
        Session time.
    phase : tuple of str
        Phase of the exercise at each time.
    knee_left_deg, knee_right_deg : (n,) array
        Knee flexion.
    lean_left_deg, lean_right_deg : (n,) array
        Rotation of the leg about the line from hip to ankle, positive out, from the vertical
        plane.  (An analysis sees it from the plane in which the leg was calibrated.)
    trunk_pitch_deg, trunk_roll_deg : (n,) array
        0 while lying on the back; pitch 90 upright; roll -85 on the right side.
    breathing_per_min : (n,) array
        60 over the length of the breath under way.
    heart_per_min : (n,) array
        60 over the interval under way.
    breath_onset_s, beat_s : arrays
        Every breath and beat between the first and the last of `t_s`.
    """

    t_s: FloatArray
    phase: tuple[str, ...]
    knee_left_deg: FloatArray
    knee_right_deg: FloatArray
    lean_left_deg: FloatArray
    lean_right_deg: FloatArray
    trunk_pitch_deg: FloatArray
    trunk_roll_deg: FloatArray
    breathing_per_min: FloatArray
    heart_per_min: FloatArray
    breath_onset_s: FloatArray
    beat_s: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where a sensor's place on a segment is: rotation (n, 3, 3) segment to world, position in m."""

    rotation: FloatArray
    position_m: FloatArray


class Body:
    """A wearer who carries out a script.

    Parameters
    ----------
    script
        What the wearer does; the default session of 15 minutes when None.
    settings
        Who the wearer is.
    seed
        Chooses breaths, beats and sway.

    Examples
    --------
    >>> truth = Body().truth(np.array([10.0, 35.0]))
    >>> truth.phase, truth.knee_left_deg.round(0).tolist()
    (('straight', 'settling'), [0.0, 90.0])
    """

    def __init__(
        self, script: Script | None = None, settings: BodySettings | None = None, *, seed: int = 0
    ) -> None:
        self.script = script or session_script()
        self.settings = settings or BodySettings()
        rng = np.random.default_rng([seed, 2])
        duration_s = self.script.duration_s
        self._breaths = breathe(
            duration_s, self.script.breathing_per_min, rng, self.settings.breathing
        )
        self.beat_s = beat(
            duration_s, self.script.heart_per_min, self._breaths, rng, self.settings.heart
        )
        self._moves: dict[str, list[Move]] = {}
        for move in self.script.moves:
            self._moves.setdefault(move.coordinate, []).append(move)
        self._sway = {
            name: _new_sway(rng, self.settings.sway_deg)
            for name in ("knee_left_deg", "knee_right_deg", "lean_left_deg", "lean_right_deg")
        }

    def truth(self, t_s: FloatArray) -> Truth:
        """What is really so at each of the (rising) times."""
        beats = np.clip(np.searchsorted(self.beat_s, t_s, side="right"), 1, self.beat_s.size - 1)
        onsets = self._breaths.onset_s
        first, last = (float(t_s[0]), float(t_s[-1])) if t_s.size else (0.0, -1.0)
        return Truth(
            t_s=t_s,
            phase=tuple(self.script.phase_at(t_s)),
            knee_left_deg=self._knee_deg("left", t_s),
            knee_right_deg=self._knee_deg("right", t_s),
            lean_left_deg=self._lean_deg("left", t_s),
            lean_right_deg=self._lean_deg("right", t_s),
            trunk_pitch_deg=self._coordinate("pitch_deg", t_s),
            trunk_roll_deg=self._coordinate("roll_deg", t_s),
            breathing_per_min=self._breaths.rate_per_min(t_s),
            heart_per_min=60.0 / np.diff(self.beat_s)[beats - 1],
            breath_onset_s=onsets[(onsets >= first) & (onsets <= last)],
            beat_s=self.beat_s[(self.beat_s >= first) & (self.beat_s <= last)],
        )

    def pose(self, placement: str, t_s: FloatArray) -> Pose:
        """Orientation and position of the sensor's place on its segment, at rising times.

        Raises
        ------
        DeviceError
            If the body has no such placement.
        """
        if placement not in PLACEMENTS:
            raise DeviceError(
                f"the simulated body has no placement {placement!r}",
                hint=f"It wears sensors at {', '.join(PLACEMENTS)}.",
            )
        trunk = turn_y(-self._coordinate("pitch_deg", t_s)) @ turn_x(
            self._coordinate("roll_deg", t_s)
        )
        hip_m = np.zeros((t_s.size, 3))
        hip_m[:, 2] = self._coordinate("pelvis_z_m", t_s)
        if placement == "chest":
            return self._chest(trunk, hip_m, t_s)
        if placement == "head":
            return self._head(trunk, hip_m, t_s)
        side, _, segment = placement.partition("_")
        return self._leg(side, segment, trunk, hip_m, t_s)

    def shake_m_s2(self, placement: str, t_s: FloatArray) -> FloatArray:
        """Acceleration (n, 3) in segment axes that heart beats add; only the chest feels it."""
        shake = np.zeros((t_s.size, 3))
        if placement == "chest":
            outwards = shake_m_s2(self.beat_s, t_s, self.settings.heart)
            shake[:, 2] = outwards
            shake[:, 0] = 0.5 * outwards  # the breastbone also moves along the body
        return shake

    def _chest(self, trunk: FloatArray, hip_m: FloatArray, t_s: FloatArray) -> Pose:
        volume = self._breaths.volume(t_s)
        tilt_deg = self.settings.chest_slope_deg - self.settings.breath_tilt_deg * volume
        place_m = np.zeros((t_s.size, 3))
        place_m[:, 0] = self.settings.chest_above_hip_m
        place_m[:, 2] = 0.1 + self.settings.breath_lift_m * volume  # half the chest's depth
        return Pose(trunk @ turn_y(tilt_deg), hip_m + _times(trunk, place_m))

    def _head(self, trunk: FloatArray, hip_m: FloatArray, t_s: FloatArray) -> Pose:
        """Lifted with the hands, the head turns about the neck; the sensor sits on the brow."""
        head = trunk @ turn_y(-self._coordinate("head_deg", t_s))
        neck_m = hip_m + _times(trunk, np.tile([0.55, 0.0, 0.03], (t_s.size, 1)))
        return Pose(head, neck_m + _times(head, np.tile([0.15, 0.0, 0.10], (t_s.size, 1))))

    def _leg(
        self, side: str, segment: str, trunk: FloatArray, hip_m: FloatArray, t_s: FloatArray
    ) -> Pose:
        knee_deg = self._knee_deg(side, t_s)
        # `hip` is what the wearer adds to the thigh when the foot has left the floor.
        thigh_deg = thigh_inclination_deg(knee_deg, self.settings.legs)
        thigh_deg += self._coordinate(f"hip_{side}_deg", t_s)
        leg = trunk @ turn_x(_SIDES[side] * self._lean_deg(side, t_s))
        thigh = leg @ turn_y(thigh_deg)
        if segment == "thigh":
            return Pose(thigh, hip_m - self.settings.thigh_below_hip_m * thigh[:, :, 0])
        shank = leg @ turn_y(thigh_deg - knee_deg)
        knee_m = hip_m - self.settings.legs.thigh_m * thigh[:, :, 0]
        return Pose(shank, knee_m - self.settings.shank_below_knee_m * shank[:, :, 0])

    def _knee_deg(self, side: str, t_s: FloatArray) -> FloatArray:
        # A straight knee rests against its stop: sway is felt in proportion to the bend.
        knee_deg = self._coordinate(f"knee_{side}_deg", t_s)
        sway_deg = self._sway[f"knee_{side}_deg"](t_s)
        flexion_deg: FloatArray = knee_deg + sway_deg * np.clip(knee_deg / 90.0, 0.0, 1.0)
        return flexion_deg

    def _lean_deg(self, side: str, t_s: FloatArray) -> FloatArray:
        name = f"lean_{side}_deg"
        lean_deg: FloatArray = self._coordinate(name, t_s) + self._sway[name](t_s)
        return lean_deg

    def _coordinate(self, name: str, t_s: FloatArray) -> FloatArray:
        return follow(self._moves.get(name, []), _START.get(name, 0.0), t_s)


def _new_sway(rng: np.random.Generator, sd_deg: float) -> Callable[[FloatArray], FloatArray]:
    """A slow wander: four sines with periods of one to four minutes."""
    period_s = rng.uniform(60.0, 240.0, 4)
    phase = rng.uniform(0.0, 2.0 * np.pi, 4)

    def sway(t_s: FloatArray) -> FloatArray:
        total = np.zeros(t_s.shape)
        for period, start in zip(period_s, phase, strict=True):
            total += sd_deg * np.sqrt(0.5) * np.sin(2.0 * np.pi * t_s / period + start)
        return total

    return sway


def _times(rotation: FloatArray, vector: FloatArray) -> FloatArray:
    product: FloatArray = np.einsum("nij,nj->ni", rotation, vector)
    return product
