"""How the trunk lies: supine, on a side, prone, or upright, from a chest sensor strapped on anyhow.

    up in the sensor's axes ──► the nearest of the directions that are known to mean a position

A `Mounting` holds those directions.  Lying on the back alone tells two of them, supine and prone;
being upright as well tells the head's direction, and with it which side is left: all five.  What is
near none of the known directions is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from analysis.arrays import cross, unit
from analysis.calibration import SegmentFrame
from analysis.gravity import angle_deg
from analysis.results import FloatArray, Phase, PhaseName, Position, PositionName

NAMES: tuple[PositionName, ...] = ("supine", "left", "right", "prone", "upright")


MOSTLY = 0.5
"""Share of the known time that must have been spent in one direction for it to be the lying one."""

TURNING_S = 3.0
"""A part of the exercise is named while the trunk is still on its way; and the least that is learned
from."""


@dataclass(frozen=True, slots=True)
class PositionSettings:
    """Limits, from the geometry of five directions a right angle apart.

    Attributes
    ----------
    within_deg : float
        With all five known a direction is at most 55 deg from the nearest, unless the head hangs
        down; sloping backs, books and slack straps add a little.
    within_partly_deg : float
        With some unknown only what is nearer than half a right angle is surely not one of those.
    least_apart_deg : float
        Upright must differ so much from lying: a strap low on a round belly shows as little as 35.
    confirm_s : float
        A position held for less is on the way to another.
    """

    within_deg: float = 60.0
    within_partly_deg: float = 45.0
    least_apart_deg: float = 30.0
    confirm_s: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Mounting:
    """Where up is in the sensor's axes in each position that is known.

    Examples
    --------
    >>> strapped = Mounting.from_axes(anterior=[0, 0, 1.0], head=[1.0, 0, 0])
    >>> strapped.position(np.array([[0.1, 0, 1], [0, 1, 0.1], [-1, 0, 0]]))
    ['supine', 'left', 'unknown']
    """

    directions: Mapping[PositionName, FloatArray]
    settings: PositionSettings = field(default_factory=PositionSettings)

    @classmethod
    def from_axes(cls, anterior: ArrayLike, head: ArrayLike | None = None) -> Mounting:
        """From where up was while lying on the back and, if known, while upright.

        The two need not be square to each other: a chest slopes, and upright people lean.
        """
        supine = unit(np.asarray(anterior, dtype=float))
        directions: dict[PositionName, FloatArray] = {"supine": supine, "prone": -supine}
        upright = None if head is None else unit(np.asarray(head, dtype=float))
        least_deg = PositionSettings().least_apart_deg
        if upright is not None and least_deg < float(angle_deg(supine, upright)) < 180 - least_deg:
            right_side_up = unit(cross(supine, upright))
            directions |= {"upright": upright, "left": right_side_up, "right": -right_side_up}
        return cls(directions)

    @classmethod
    def learned(cls, up: FloatArray, names: Sequence[str]) -> Mounting:
        """From examples of each position, (n, 3) and n names: of each the direction in the middle.

        The middle is that which makes the sum of the angles least, so an example that is wrongly
        named hardly moves it.
        """
        which = np.array(names)
        found = {name: _middle(up[which == name]) for name in NAMES if (which == name).any()}
        return cls(found)

    @property
    def is_complete(self) -> bool:
        """Whether all five positions are known."""
        return len(self.directions) == len(NAMES)

    def position(self, up: FloatArray) -> list[PositionName]:
        """Name of the position for each direction of up, (n, 3); NaN is unknown."""
        s = self.settings
        known = tuple(self.directions)
        if not known:
            return ["unknown"] * len(up)
        within = np.cos(np.radians(s.within_deg if self.is_complete else s.within_partly_deg))
        cosines = (
            unit(np.asarray(up, dtype=float)) @ np.stack([self.directions[n] for n in known]).T
        )
        cosines = np.nan_to_num(cosines, nan=-2.0)
        nearest, best = cosines.argmax(axis=1).tolist(), cosines.max(axis=1).tolist()
        return [known[i] if c >= within else "unknown" for i, c in zip(nearest, best, strict=True)]


def session_mounting(
    up: FloatArray, frame: SegmentFrame | None, phases: tuple[Phase, ...]
) -> Mounting:
    """What one session shows of how the sensor of chest or head sits.

    Parameters
    ----------
    up : (n, 3) array
        Mean up of each epoch in the sensor's axes; epoch i ends at i + 1 s.
    frame : SegmentFrame or None
        From the poses, or the nominal one where it is assumed.
    phases : tuple of Phase
        Kneeling and standing, which the legs tell, show the head's direction.

    Notes
    -----
    The nominal mounting is believed where the wearer mostly lay by it.  Otherwise, and without any
    frame, lying and being upright are both learned from the parts of the exercise that the legs
    told.  With no legs either, nothing is known: a person who sits still looks the same.
    """
    upright = _middle_in(up, phases, ("kneeling", "standing"))
    if frame is not None and frame.source == "nominal" and _mostly_at(up, frame.up):
        return Mounting.from_axes(frame.up, cross(frame.lateral, frame.up))
    if frame is None or frame.source == "nominal":
        lying = _middle_in(up, phases, ("straight", "settling", "rest"))
        return Mounting({}) if lying is None else Mounting.from_axes(lying, upright)
    return Mounting.from_axes(frame.up, upright)


def _middle_in(
    up: FloatArray, phases: tuple[Phase, ...], names: tuple[PhaseName, ...]
) -> FloatArray | None:
    """Where up was in these parts of the exercise, but for their first seconds; None if nowhere."""
    end_s = np.arange(1.0, len(up) + 1.0)
    inside = np.isfinite(up).all(axis=1)
    inside &= np.logical_or.reduce(
        [(end_s > p.start_s + TURNING_S) & (end_s <= p.end_s) for p in phases if p.name in names]
        or [np.zeros(len(up), dtype=bool)]
    )
    return _middle(up[inside]) if inside.sum() >= TURNING_S else None


def _mostly_at(up: FloatArray, direction: FloatArray) -> bool:
    """Whether up was near a direction for most of the known time."""
    known = up[np.isfinite(up).all(axis=1)]
    within = np.cos(np.radians(PositionSettings().within_partly_deg))
    return bool(len(known)) and float((known @ direction >= within).mean()) >= MOSTLY


def stretches(
    t_s: FloatArray, names: Sequence[PositionName], confirm_s: float = PositionSettings().confirm_s
) -> tuple[Position, ...]:
    """Runs of the same position; one shorter than `confirm_s` belongs to the run before it.

    Parameters
    ----------
    t_s : (n,) array
        Ends of the epochs, a second each.
    names : sequence of n names

    Examples
    --------
    >>> stretches(np.arange(1.0, 9.0), ["supine"] * 3 + ["left"] + ["upright"] * 4)
    (Position(name='supine', start_s=0.0, end_s=4.0), Position(name='upright', start_s=4.0, end_s=8.0))
    """
    runs: list[Position] = []
    for end_s, name in zip(t_s.tolist(), names, strict=True):
        if runs and runs[-1].name == name:
            runs[-1] = Position(name, runs[-1].start_s, end_s)
        else:
            runs.append(Position(name, runs[-1].end_s if runs else end_s - 1.0, end_s))
    kept: list[Position] = []
    for run in runs:
        goes_on = kept and (run.name == kept[-1].name or run.end_s - run.start_s < confirm_s)
        if goes_on:
            kept[-1] = Position(kept[-1].name, kept[-1].start_s, run.end_s)
        else:
            kept.append(run)
    return tuple(kept)


def _middle(up: FloatArray, n_steps: int = 20) -> FloatArray:
    """Geometric median on the sphere (Weiszfeld's steps, brought back to length 1)."""
    directions = unit(up)
    middle = unit(directions.mean(axis=0))
    for _ in range(n_steps):
        away = np.maximum(np.linalg.norm(directions - middle, axis=1), 1e-3)
        middle = unit((directions / away[:, np.newaxis]).sum(axis=0))
    return middle
