"""Smooth steps: the one way in which anything in the simulated body moves.

    target ─────────────╭────────      a coordinate (a knee, a lean, the roll of the trunk) is
                      /                its starting value plus one smooth step for each move
    start  ─────────╯                  that has begun
                    ↑ start_s ↑ start_s + duration_s

The step is the minimum-jerk curve of Flash and Hogan (1985, J Neurosci 5:1688), by which slow
human reaching is usually described: its speed and acceleration are zero at both ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from devices.chunk import FloatArray


@dataclass(frozen=True, slots=True)
class Move:
    """One coordinate changes smoothly by `change` and stays there.

    Attributes
    ----------
    coordinate : str
        Which one, by name; its unit is in the name (`knee_left_deg`).
    start_s, duration_s : float
        When it begins and how long it takes, in seconds.
    change : float
        How far, in the coordinate's unit.
    """

    coordinate: str
    start_s: float
    duration_s: float
    change: float


def smooth_step(fraction: FloatArray) -> FloatArray:
    """0 before 0, 1 after 1, the minimum-jerk curve between.

    Examples
    --------
    >>> smooth_step(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    u = np.clip(fraction, 0.0, 1.0)
    curve: FloatArray = u * u * u * (10.0 + u * (6.0 * u - 15.0))
    return curve


def follow(moves: Sequence[Move], start: float, t_s: FloatArray) -> FloatArray:
    """The value of one coordinate at each time.

    Parameters
    ----------
    moves
        Its moves, in any order; they may overlap and then add.
    start
        Its value before the first move.
    t_s : (n,) array
        Seconds, not falling.

    Returns
    -------
    (n,) array
        In the unit of `start`.

    Examples
    --------
    >>> bend = Move("knee_left_deg", start_s=1.0, duration_s=2.0, change=90.0)
    >>> follow([bend], 0.0, np.array([0.0, 2.0, 9.0])).tolist()
    [0.0, 45.0, 90.0]
    """
    value = np.full(t_s.shape, start)
    if not moves:
        return value
    # Finished moves are one lookup for all samples; only those under way need the curve.
    by_end = sorted(moves, key=lambda move: move.start_s + move.duration_s)
    ends_s = np.array([move.start_s + move.duration_s for move in by_end])
    finished = np.concatenate([[0.0], np.cumsum([move.change for move in by_end])])
    value += finished[np.searchsorted(ends_s, t_s, side="right")]
    for move, end_s in zip(by_end, ends_s, strict=True):
        first, last = np.searchsorted(t_s, [move.start_s, end_s])
        fraction = (t_s[first:last] - move.start_s) / move.duration_s
        value[first:last] += move.change * smooth_step(fraction)
    return value
