"""A leg that is two lines: where up is in the nominal axes of sensors on thigh and shank."""

from __future__ import annotations

import numpy as np

G = 9.80665


def thigh_up(turn_deg, lean_deg=0.0, side="left"):
    """Up at a thigh that is raised by `turn_deg` from lying, the leg leaning out by `lean_deg`."""
    turn, lean = np.radians(turn_deg), np.radians(lean_deg)
    out = np.sin(lean) * (1.0 if side == "left" else -1.0)
    parts = (-np.sin(turn) * np.cos(lean), out + 0 * turn, np.cos(turn) * np.cos(lean))
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def shank_up(turn_deg, lean_deg=0.0, side="left"):
    """Up at a shank whose knee end is raised by `turn_deg`."""
    return thigh_up(turn_deg, lean_deg, side) * [-1.0, 1.0, 1.0]


def rotation(seed):
    """A rotation drawn evenly from all."""
    q = np.random.default_rng(seed).normal(size=4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
