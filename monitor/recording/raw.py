"""What a session holds before any analysis, wherever it came from: a recording or an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.results import Poses, SensorData


@dataclass(frozen=True, slots=True, eq=False)
class RawSession:
    """What a session folder holds in SI units: samples, heart beats, when the poses were held.

    `beats` are (session second, beats a minute, interval in s) rows; NaN where one is not known.
    """

    sensors: Mapping[str, SensorData]
    poses: Poses
    beats: tuple[tuple[float, float, float], ...] = ()
