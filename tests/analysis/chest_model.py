"""A lying chest that breathes, with the truth beside it: for the tests of breathing and breaths.

Each breath is a rise (0.4 of it) and a fall along raised cosines, then a pause if one is asked for;
lengths vary from breath to breath; the heart knocks at 65 per minute; the strap sits any way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from analysis.results import FloatArray, SensorData

G_M_S2 = 9.80665


class Chest(NamedTuple):
    """What the sensor saw and when each breath began, in seconds."""

    data: SensorData
    onsets_s: FloatArray


def breathing_chest(
    per_min: float,
    *,
    depth_mg: float = 3.0,
    fs_hz: float = 50.0,
    duration_s: float = 180.0,
    noise_mg: float = 1.0,
    step_mg: float = 0.0,
    jitter: float = 0.05,
    heart_mg: float = 2.0,
    pauses_s: Mapping[int, float] | None = None,
    sighs: Mapping[int, float] | None = None,
    seed: int = 0,
) -> Chest:
    """A chest; `pauses_s` and `sighs` (times the depth) are by the number of the breath."""
    rng = np.random.default_rng(seed)
    pauses_s, sighs = pauses_s or {}, sighs or {}
    n = int((duration_s + 60) * per_min / 60) + 2
    active_s = 60 / per_min * (1 + jitter * np.clip(rng.standard_normal(n), -2.5, 2.5))
    rested_s = np.array([pauses_s.get(i, 0.0) for i in range(n)])
    onsets_s = np.concatenate([[0.0], np.cumsum(active_s + rested_s)]) - rng.uniform(
        0, 60 / per_min
    )
    t_s = np.arange(0, duration_s, 1 / fs_hz)
    which = np.clip(np.searchsorted(onsets_s, t_s, side="right") - 1, 0, n - 1)
    turn = np.clip((t_s - onsets_s[which]) / active_s[which], 0, 1)
    turn = np.where(turn < 0.4, turn / 0.4, 1 + (turn - 0.4) / 0.6)
    size = np.array([sighs.get(i, 1.0) for i in range(n)])[which]
    breath_mg = depth_mg * size * 0.5 * (1 - np.cos(np.pi * turn))
    since_s = t_s % (60 / 65) - 0.1
    knock_mg = heart_mg * np.exp(-((since_s / 0.05) ** 2)) * np.sin(2 * np.pi * 9 * since_s)
    mg = np.stack([0.95 * breath_mg, 0.3 * breath_mg, 1000 + knock_mg], axis=1)
    mg = mg @ np.linalg.qr(rng.normal(size=(3, 3)))[0].T + rng.normal(0, noise_mg, (len(t_s), 3))
    if step_mg:
        mg = np.round(mg / step_mg) * step_mg
    inside = (onsets_s > 0) & (onsets_s < duration_s)
    return Chest(SensorData(t_s, mg * G_M_S2 / 1000), onsets_s[inside])
