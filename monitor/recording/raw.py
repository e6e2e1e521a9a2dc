"""What a session holds before any analysis, wherever it came from: a recording or an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from analysis.results import Poses, SensorData

POSE_NAMES = tuple(f.name.removesuffix("_s") for f in fields(Poses))
"""What a wearer may be asked to hold, or to do, so that the straps are known."""


def held_poses(poses: Poses) -> list[tuple[str, float, float]]:
    """Name, start and end in session seconds of every pose that was held.

    Examples
    --------
    >>> held_poses(Poses(straight_s=(5.0, 15.0)))
    [('straight', 5.0, 15.0)]
    """
    found = [(name, getattr(poses, f"{name}_s")) for name in POSE_NAMES]
    return [(name, *held) for name, held in found if held is not None]


def with_pose(poses: Poses, name: str, held_s: tuple[float, float]) -> Poses:
    """The poses with one more; as they are where no pose is called so."""
    return replace(poses, **{f"{name}_s": held_s}) if name in POSE_NAMES else poses


@dataclass(frozen=True, slots=True, eq=False)
class RawSession:
    """What a session folder holds in SI units: samples, heart beats, when the poses were held.

    `beats` are (session second, beats a minute, interval in s) rows; NaN where one is not known.
    """

    sensors: Mapping[str, SensorData]
    poses: Poses
    beats: tuple[tuple[float, float, float], ...] = ()
