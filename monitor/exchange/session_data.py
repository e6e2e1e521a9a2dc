"""What goes out to, and comes in from, a file that holds a whole session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from types import ModuleType

import numpy as np

from analysis.results import FloatArray, Poses, SensorData
from monitor.errors import UserError, install_hint
from monitor.recording.raw import RawSession
from monitor.result import SessionResult

HOLE_S = 0.25
"""Samples further apart than this have a hole between them (two of a 10 Hz sensor, and some)."""


@dataclass(frozen=True, slots=True, eq=False)
class Outgoing:
    """A session on its way out: its name, what arrived, and what was made of it."""

    name: str
    raw: RawSession
    result: SessionResult

    @property
    def started_at(self) -> datetime | None:
        """Wall clock at session second 0; None for files that do not say."""
        return datetime.fromisoformat(self.result.started_at) if self.result.started_at else None


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """A session that another program's file holds, on a clock of its own from about 0.

    `source` is what the file says of where its data are from; empty when it does not.
    """

    sensors: Mapping[str, SensorData]
    poses: Poses = field(default_factory=Poses)
    started_at: datetime | None = None
    source: str = ""


def needed(package: str, extra: str) -> ModuleType:
    """A package that only some people need.

    Raises
    ------
    UserError
        When it is not installed; the hint says how it is.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise UserError(
            f"this needs the package {package.partition('.')[0]}, which is not installed ({error})",
            hint=install_hint(extra),
        ) from error


def nominal_hz(data: SensorData) -> float:
    """Samples a second between holes, as a person would name the rate.

    Examples
    --------
    >>> nominal_hz(SensorData(np.array([0.0, 0.019, 0.04, 0.06, 5.0]), np.zeros((5, 3))))
    50.0
    """
    step_s = np.diff(data.t_s)
    inside = step_s[(step_s > 0) & (step_s < HOLE_S)]
    if not len(inside):
        return 1.0
    hz = 1.0 / float(inside.mean())
    return float(round(hz)) if hz >= 10 else round(hz, 2)


def on_grid(data: SensorData, fs_hz: float, n: int) -> FloatArray:
    """Acceleration and rate at ``i / fs_hz`` by straight lines, NaN in holes and outside.

    Returns
    -------
    (n, 3) or (n, 6) array
        Six columns with a gyroscope.
    """
    parts = [data.acc_m_s2] + ([] if data.gyr_rad_s is None else [data.gyr_rad_s])
    values = np.concatenate(parts, axis=1)
    good = np.isfinite(values).all(axis=1)
    t_s, values = data.t_s[good], values[good]
    grid_s = np.arange(n) / fs_hz
    out = np.full((n, values.shape[1]), np.nan)
    if len(t_s) < 2:
        return out
    right = np.clip(np.searchsorted(t_s, grid_s), 1, len(t_s) - 1)
    to_sample_s = np.minimum(np.abs(grid_s - t_s[right - 1]), np.abs(t_s[right] - grid_s))
    inside = (grid_s >= t_s[0]) & (grid_s <= t_s[-1]) & (t_s[right] - t_s[right - 1] <= HOLE_S)
    is_left_near = np.abs(grid_s - t_s[right - 1]) < np.abs(t_s[right] - grid_s)
    nearest = np.where(is_left_near, right - 1, right)
    at_edge = ~inside & (to_sample_s <= 0.5 / fs_hz)  # the last sample before a hole is known, too
    for column in range(values.shape[1]):
        out[inside, column] = np.interp(grid_s[inside], t_s, values[:, column])
        out[at_edge, column] = values[nearest[at_edge], column]
    return out


def without_holes(t_s: FloatArray, values: FloatArray) -> SensorData:
    """Rows of a grid as a sensor's samples; what is unknown is left out and counted as lost."""
    good = np.isfinite(values[:, :3]).all(axis=1)
    known = np.flatnonzero(good)
    n_lost = int(known[-1] - known[0] + 1 - len(known)) if len(known) else 0
    gyr = values[good, 3:6] if values.shape[1] >= 6 else None
    return SensorData(t_s[good], values[good, :3], gyr, n_lost)
