"""The whole exercise with its extras and any finish, drawn by the seed: for testing recognition.

    straight, bent, fidgets, rest │ knee draws, head lifts, arm raises, in any order │ a finish

`script.session_script` is the session that everybody sees in the demo; here no two seeds are alike:
sides, order, speeds and pauses are drawn, and a finish may be hurried.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from devices.simulated.script import (
    BENT_S,
    STRAIGHT_S,
    Episode,
    PhaseSpan,
    Script,
    Trend,
    fidgets,
)
from devices.simulated.smooth import Move

EXTRAS = ("knee_draw_left", "knee_draw_right", "head_lift", "arm_raise_left", "arm_raise_right")
_BEND_START_S, _BEND_S = 19.5, 6.0
_CHAIN_AT_90_DEG = 43.6  # thigh inclination in the position; kneeling takes it back (legs.py)
_FIRST_EXTRA_AFTER_S, _BETWEEN_S, _FINISH_S = 90.0, 40.0, 75.0


def exercise_script(
    duration_s: float = 600.0,
    *,
    seed: int = 0,
    extras: Sequence[str] | None = None,
    hurried: bool = False,
    drowsy: bool = False,
) -> Script:
    """Plan an exercise.

    Parameters
    ----------
    duration_s
        Length; as many extras as fit are done.
    seed
        Draws sides, order, speeds, pauses and fidgets.
    extras
        From `EXTRAS`, in this order; a drawn order of all of them when None.
    hurried
        Whether the wearer gets up fast.
    drowsy
        Whether the wearer nods off halfway: no fidgets from there, breath and heart slow further.

    Examples
    --------
    >>> script = exercise_script(seed=3)
    >>> [span.name for span in script.phases][-3:], sorted({e.kind for e in script.episodes})
    (['rolling', 'kneeling', 'standing'], ['arm_raise', 'fidget', 'head_lift', 'knee_draw'])
    """
    rng = np.random.default_rng([seed, 7])
    knees_deg = {side: float(rng.uniform(80.0, 100.0)) for side in ("left", "right")}
    settled_s = float(rng.uniform(60.0, 110.0))
    finish_s = duration_s - _FINISH_S
    moves = [
        Move(f"knee_{side}_deg", _BEND_START_S + 0.3 * (side == "right"), _BEND_S, deg)
        for side, deg in knees_deg.items()
    ]
    phases = [
        PhaseSpan("straight", 0.0),
        PhaseSpan("settling", _BEND_START_S),
        PhaseSpan("rest", settled_s),
    ]
    episodes: list[Episode] = []
    wanted = list(extras) if extras is not None else [str(e) for e in rng.permutation(EXTRAS)]
    t_s = settled_s + _FIRST_EXTRA_AFTER_S
    for name in wanted:
        episode, its_moves = _extra(name, t_s, rng)
        if episode.end_s > finish_s - 20.0:
            break
        episodes.append(episode)
        moves += its_moves
        if episode.kind != "arm_raise":  # seen by no sensor worn, it is rest
            phases += [PhaseSpan("extra", episode.start_s), PhaseSpan("rest", episode.end_s)]
        t_s = episode.end_s + float(rng.uniform(_BETWEEN_S, 1.5 * _BETWEEN_S))
    rarely_until_s = 0.5 * duration_s if drowsy else finish_s - 5.0
    for episode, its_moves in [
        *_restless(42.0, settled_s, rng),
        *fidgets(settled_s + 60.0, rarely_until_s, seed, keep_clear=episodes),
    ]:
        episodes.append(episode)
        moves += its_moves
    rising, its_moves = _finish(finish_s, knees_deg, rng, hurried=hurried)
    return Script(
        duration_s=duration_s,
        straight_s=STRAIGHT_S,
        bent_s=BENT_S,
        phases=(*phases, *rising),
        moves=(*moves, *its_moves),
        episodes=tuple(episodes),
        breathing_per_min=Trend(15.0, 8.5 if drowsy else 12.0, 0.3 * duration_s),
        heart_per_min=Trend(68.0, 54.0 if drowsy else 62.0, 0.3 * duration_s),
    )


def _extra(name: str, start_s: float, rng: np.random.Generator) -> tuple[Episode, list[Move]]:
    kind, _, side = name.rpartition("_") if name != "head_lift" else (name, "", "both")
    there_s, held_s, back_s = (float(v) for v in rng.uniform([3, 2, 3], [7, 6, 7]))
    changes: dict[str, float]
    if kind == "knee_draw":
        changes = {
            f"knee_{side}_deg": float(rng.uniform(25.0, 40.0)),
            f"hip_{side}_deg": float(rng.uniform(45.0, 65.0)),
        }
    elif kind == "head_lift":
        changes = {"head_deg": float(rng.uniform(20.0, 40.0))}
    else:  # the lifted side of the chest comes up
        changes = {"roll_deg": float(rng.uniform(2.0, 4.0)) * (-1.0 if side == "left" else 1.0)}
    back_from_s = start_s + there_s + held_s
    moves = [Move(c, start_s, there_s, deg) for c, deg in changes.items()]
    moves += [Move(c, back_from_s, back_s, -deg) for c, deg in changes.items()]
    held = (start_s + there_s, back_from_s)
    change = next(iter(changes.values()))
    return Episode(kind, side, start_s, back_from_s + back_s, held, change), moves


def _restless(
    start_s: float, end_s: float, rng: np.random.Generator
) -> list[tuple[Episode, list[Move]]]:
    """Until the wearer has settled: a shift every few seconds, until the very end."""
    found = []
    t_s = start_s
    while t_s < end_s - 1.0:
        half_s = float(rng.uniform(0.3, 0.5))
        change_deg = float(rng.choice([-1.0, 1.0]) * rng.uniform(3.0, 6.0))
        side = str(rng.choice(["left", "right"]))
        coordinate = str(rng.choice([f"knee_{side}_deg", f"lean_{side}_deg", "roll_deg"]))
        moves = [
            Move(coordinate, t_s, half_s, change_deg),
            Move(coordinate, t_s + half_s, half_s, -change_deg),
        ]
        middle = (t_s + half_s, t_s + half_s)
        found.append((Episode("fidget", side, t_s, t_s + 2 * half_s, middle, change_deg), moves))
        t_s = t_s + 2 * half_s + float(rng.uniform(2.0, 5.0))
    return found


def _finish(
    start_s: float, knees_deg: dict[str, float], rng: np.random.Generator, *, hurried: bool
) -> tuple[list[PhaseSpan], list[Move]]:
    """Roll to a side, push up to kneeling, stand."""
    slow = [(4.0, 7.0), (5.0, 12.0), (4.0, 6.0), (4.0, 10.0), (3.0, 5.0)]
    fast = [(0.8, 1.4), (0.3, 0.8), (0.9, 1.5), (0.3, 0.8), (0.8, 1.4)]
    roll_s, lie_s, kneel_s, pause_s, stand_s = (
        float(rng.uniform(*span)) for span in (fast if hurried else slow)
    )
    side_deg = float(rng.choice([-1.0, 1.0]) * rng.uniform(80.0, 95.0))
    kneel_at_s = start_s + roll_s + lie_s
    stand_at_s = kneel_at_s + kneel_s + pause_s
    moves = [
        Move("roll_deg", start_s, roll_s, side_deg),
        Move("roll_deg", kneel_at_s, kneel_s, -side_deg),
        Move("pitch_deg", kneel_at_s, kneel_s, 90.0),
        Move("pelvis_z_m", kneel_at_s, kneel_s, 0.40),  # a thigh's length above the floor
        Move("pelvis_z_m", stand_at_s, stand_s, 0.40),
    ]
    for side, deg in knees_deg.items():
        moves += [
            Move(f"knee_{side}_deg", kneel_at_s, kneel_s, 90.0 - deg),
            Move(f"hip_{side}_deg", kneel_at_s, kneel_s, -_CHAIN_AT_90_DEG),
            Move(f"knee_{side}_deg", stand_at_s, stand_s, -90.0),
            Move(f"hip_{side}_deg", stand_at_s, stand_s, _CHAIN_AT_90_DEG),
        ]
    spans = [
        PhaseSpan("rolling", start_s),
        PhaseSpan("kneeling", kneel_at_s),
        PhaseSpan("standing", stand_at_s),
    ]
    return spans, moves
