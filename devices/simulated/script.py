"""What the wearer does and when: a session as a list of smooth moves.

    0 s      legs straight, held            straight_s = 5..15
    19 s     both knees bend                bent_s     = 30..40
    44 s     settling: fidgets that get rarer
    40 %     the left foot slides away: the knee opens by 13 degrees, is held, is corrected
    70 %     an extra: one knee is drawn up and put back
    last 30 s  roll to the side, kneel, stand

A script is only a plan; `body.Body` makes a person of it.  Times are seconds of session time,
angles are degrees, and every random moment comes from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from devices.chunk import FloatArray
from devices.errors import DeviceError
from devices.simulated.smooth import Move

STRAIGHT_S = (5.0, 15.0)
BENT_S = (30.0, 40.0)
_BEND_START_S, _BEND_S = 19.5, 6.0  # leaves 4 s before and after either pose
_FIRST_FIDGET_S = 46.0
_FINISH_S = 30.0
_SHORTEST_S = 90.0  # poses, a minute of rest, the finish
_SHORTEST_WITH_EPISODES_S = 240.0  # the drift at 40 % must be over before the extra at 70 %
_DRIFT_SIDE, _DRIFT_DEG, _DRIFT_RAMP_S, _DRIFT_HELD_S, _DRIFT_BACK_S = (
    "left",
    -13.0,
    20.0,
    45.0,
    3.0,
)
_CHAIN_AT_90_DEG = 43.6  # thigh inclination in the position; kneeling takes it back (legs.py)


@dataclass(frozen=True, slots=True)
class Trend:
    """A rate that settles: `start` at 0 s, towards `end` with time constant `tau_s`."""

    start: float
    end: float
    tau_s: float

    def at(self, t_s: float) -> float:
        """The rate at one moment."""
        return float(self.end + (self.start - self.end) * np.exp(-t_s / self.tau_s))


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """From `start_s` on the wearer is in this phase (the words of the result file)."""

    name: str
    start_s: float


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that happened, as the truth to compare an analysis with.

    Attributes
    ----------
    kind : str
        `drift`, `knee_draw`, `arm_raise` or `fidget`.
    side : str
        `left`, `right` or `both`.
    start_s, end_s : float
        First and last moment at which anything moves because of it.
    held_s : tuple of float
        While the change is complete; for a short movement its middle.
    change : float
        The change of its main coordinate (degrees).
    """

    kind: str
    side: str
    start_s: float
    end_s: float
    held_s: tuple[float, float]
    change: float


@dataclass(frozen=True, slots=True)
class Script:
    """A whole session.

    Attributes
    ----------
    duration_s : float
        Length of the session.
    straight_s, bent_s : tuple of float
        When the two calibration poses are held, still, with 4 s to spare on either side.
    phases : tuple of PhaseSpan
        In order of time; the last ends with the session.
    moves : tuple of Move
        Everything the wearer does.
    episodes : tuple of Episode
        What is worth finding in it.
    breathing_per_min, heart_per_min : Trend
        Mean rates, around which the body varies.
    """

    duration_s: float
    straight_s: tuple[float, float]
    bent_s: tuple[float, float]
    phases: tuple[PhaseSpan, ...]
    moves: tuple[Move, ...]
    episodes: tuple[Episode, ...]
    breathing_per_min: Trend
    heart_per_min: Trend

    def phase_at(self, t_s: FloatArray) -> list[str]:
        """The phase at each moment."""
        starts_s = [phase.start_s for phase in self.phases]
        index = np.searchsorted(starts_s, t_s, side="right") - 1
        return [self.phases[max(int(i), 0)].name for i in index]


def session_script(
    duration_s: float = 900.0,
    *,
    seed: int = 0,
    knee_left_deg: float = 90.0,
    knee_right_deg: float = 88.0,
) -> Script:
    """Plan the default session.

    Parameters
    ----------
    duration_s
        Length in seconds, at least 90.  Sessions under 4 minutes have no drift and no extra.
    seed
        Chooses the fidgets.
    knee_left_deg, knee_right_deg
        Flexion that is comfortable for this wearer; 90 is only the guide.

    Raises
    ------
    DeviceError
        If the session is too short to hold both poses and the finish.

    Examples
    --------
    >>> script = session_script(900.0)
    >>> script.straight_s, script.bent_s
    ((5.0, 15.0), (30.0, 40.0))
    >>> [episode.kind for episode in script.episodes if episode.kind != "fidget"]
    ['drift', 'knee_draw']
    """
    if not duration_s >= _SHORTEST_S:
        raise DeviceError(
            f"a simulated session of {duration_s:g} s is too short",
            hint=f"Ask for at least {_SHORTEST_S:g} s: two held poses, some rest, the finish.",
        )
    finish_s = duration_s - _FINISH_S
    settled_s = max(60.0, 0.15 * duration_s)
    moves = [
        Move("knee_left_deg", _BEND_START_S, _BEND_S, knee_left_deg),
        Move("knee_right_deg", _BEND_START_S + 0.3, _BEND_S, knee_right_deg),
    ]
    phases = [PhaseSpan("straight", 0.0), PhaseSpan("settling", _BEND_START_S)]
    phases += [PhaseSpan("rest", settled_s)] if settled_s < finish_s else []
    episodes: list[Episode] = []
    if duration_s >= _SHORTEST_WITH_EPISODES_S:
        for episode, its_moves in (
            knee_drift(_DRIFT_SIDE, 0.40 * duration_s, _DRIFT_DEG),
            knee_draw("right", 0.70 * duration_s),
        ):
            episodes.append(episode)
            moves += its_moves
        extra = episodes[-1]
        phases += [PhaseSpan("extra", extra.start_s), PhaseSpan("rest", extra.end_s)]
    for episode, its_moves in fidgets(_FIRST_FIDGET_S, finish_s - 5.0, seed, keep_clear=episodes):
        episodes.append(episode)
        moves += its_moves
    moves += _finish(finish_s, knee_left_deg, knee_right_deg)
    phases += [
        PhaseSpan("rolling", finish_s),
        PhaseSpan("kneeling", finish_s + 12.0),
        PhaseSpan("standing", finish_s + 24.0),
    ]
    return Script(
        duration_s=duration_s,
        straight_s=STRAIGHT_S,
        bent_s=BENT_S,
        phases=tuple(phases),
        moves=tuple(moves),
        episodes=tuple(episodes),
        # Rates of healthy adults at rest, lying; both fall in the first minutes (exercise sheet).
        breathing_per_min=Trend(15.0, 11.0, 0.3 * duration_s),
        heart_per_min=Trend(68.0, 60.0, 0.3 * duration_s),
    )


def knee_drift(
    side: str, start_s: float, change_deg: float, held_s: float = _DRIFT_HELD_S
) -> tuple[Episode, list[Move]]:
    """One foot slides slowly, the knee opens or closes, and much later the wearer corrects it."""
    coordinate = f"knee_{side}_deg"
    back_s = start_s + _DRIFT_RAMP_S + held_s
    moves = [
        Move(coordinate, start_s, _DRIFT_RAMP_S, change_deg),
        Move(coordinate, back_s, _DRIFT_BACK_S, -change_deg),
    ]
    held = (start_s + _DRIFT_RAMP_S, back_s)
    return Episode("drift", side, start_s, back_s + _DRIFT_BACK_S, held, change_deg), moves


def knee_draw(side: str, start_s: float) -> tuple[Episode, list[Move]]:
    """One knee is drawn up to the chest with the hands, held for a few seconds and put back."""
    up_s, held_s, down_s = 5.0, 4.0, 5.0
    back_s = start_s + up_s + held_s
    changes = ((f"knee_{side}_deg", 35.0), (f"hip_{side}_deg", 60.0))
    moves = [Move(name, start_s, up_s, change) for name, change in changes]
    moves += [Move(name, back_s, down_s, -change) for name, change in changes]
    held = (start_s + up_s, back_s)
    return Episode("knee_draw", side, start_s, back_s + down_s, held, 35.0), moves


def arm_raise(side: str, start_s: float) -> tuple[Episode, list[Move]]:
    """One arm goes up until the shoulder blade lifts, which rolls the chest a little."""
    change_deg = -3.0 if side == "left" else 3.0  # the lifted side of the chest comes up
    moves = [
        Move("roll_deg", start_s, 3.0, change_deg),
        Move("roll_deg", start_s + 5.0, 3.0, -change_deg),
    ]
    held = (start_s + 3.0, start_s + 5.0)
    return Episode("arm_raise", side, start_s, start_s + 8.0, held, change_deg), moves


def fidgets(
    start_s: float, end_s: float, seed: int, keep_clear: Sequence[Episode] = ()
) -> list[tuple[Episode, list[Move]]]:
    """Small restless movements, four a minute at first and rarer as the wearer settles.

    Each bends a knee, swings a leg or rolls the chest by one to three degrees and back within
    about a second; none falls into an episode of `keep_clear`, whose truth would be blurred.
    """
    rng = np.random.default_rng([seed, 1])
    found: list[tuple[Episode, list[Move]]] = []
    rate_per_s = Trend(4.0 / 60.0, 0.3 / 60.0, 0.2 * end_s)
    t_s = start_s
    while True:
        t_s += float(rng.exponential(1.0 / rate_per_s.at(t_s)))
        if t_s > end_s:
            return found
        half_s = float(rng.uniform(0.3, 0.6))
        change_deg = float(rng.choice([-1.0, 1.0]) * rng.uniform(1.0, 3.0))
        side = str(rng.choice(["left", "right"]))
        coordinate = str(rng.choice([f"knee_{side}_deg", f"lean_{side}_deg", "roll_deg"]))
        finished_s = t_s + 2.0 * half_s
        if any(e.start_s - 2.0 < finished_s and t_s < e.end_s + 2.0 for e in keep_clear):
            continue
        moves = [
            Move(coordinate, t_s, half_s, change_deg),
            Move(coordinate, t_s + half_s, half_s, -change_deg),
        ]
        where = side if coordinate != "roll_deg" else "both"
        middle = (t_s + half_s, t_s + half_s)
        found.append((Episode("fidget", where, t_s, finished_s, middle, change_deg), moves))
        t_s = finished_s


def _finish(start_s: float, knee_left_deg: float, knee_right_deg: float) -> list[Move]:
    """Roll to the right side, push up to kneeling, stand: slowly, as the exercise asks."""
    moves = [
        Move("roll_deg", start_s, 6.0, -85.0),
        Move("roll_deg", start_s + 12.0, 5.0, 85.0),
        Move("pitch_deg", start_s + 12.0, 5.0, 90.0),
        Move("pelvis_z_m", start_s + 12.0, 5.0, 0.40),  # a thigh's length above the floor
        Move("pelvis_z_m", start_s + 24.0, 4.0, 0.40),
    ]
    for side, knee_deg in (("left", knee_left_deg), ("right", knee_right_deg)):
        moves += [
            Move(f"knee_{side}_deg", start_s + 12.0, 5.0, 90.0 - knee_deg),
            Move(f"hip_{side}_deg", start_s + 12.0, 5.0, -_CHAIN_AT_90_DEG),
            Move(f"knee_{side}_deg", start_s + 24.0, 4.0, -90.0),
            Move(f"hip_{side}_deg", start_s + 24.0, 4.0, _CHAIN_AT_90_DEG),
        ]
    return moves
