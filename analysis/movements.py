"""Cuts the movements out of a recording, and says how far, how fast and how smooth each was.

    gyroscope:  |rate - its rest value|  ┐
    or gravity: angle turned per second  ┘──► speed ──► from standstill or turning point to the next

Turning about the vertical is invisible to an accelerometer alone.  A movement that a gap cuts, or
the recording's end, is left out: half a movement has no smoothness.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from analysis.arrays import checked_times, checked_triaxial
from analysis.grid import cell_means
from analysis.results import FloatArray, Movement
from analysis.smoothness import ldlj, sparc


@dataclass(frozen=True, slots=True)
class MovementSettings:
    """What counts as a movement; every default with its source."""

    fs_hz: float = 50.0  # smoothness looks at nothing above 10 Hz
    gyr_cut_hz: float = 6.0  # limbs; as movement laboratories filter before they differentiate
    acc_cut_hz: float = 2.0  # the angle is differentiated: 10 mg of noise must not look like speed
    enter_deg_s: float = 12.0  # above breathing (a degree in a second) and noise
    leave_deg_s: float = 4.0  # a third of it; standstill for a human eye
    pause_s: float = 0.5  # a shorter halt is unsteadiness, not the end
    least_range_deg: float = 10.0  # below: a fidget, which stillness counts
    most_shake: float = 0.3  # 0.3 g across gravity turn its direction by 17 degrees
    least_s: float = 0.3  # nobody moves a limb faster


def movements(
    t_s: ArrayLike,
    acc_m_s2: ArrayLike,
    gyr_rad_s: ArrayLike | None,
    placement: str,
    settings: MovementSettings | None = None,
) -> tuple[Movement, ...]:
    """All whole movements of one sensor's segment.

    Parameters
    ----------
    t_s : (n,) array
        Rising session seconds.
    acc_m_s2 : (n, 3) array
        NaN rows are missing samples.
    gyr_rad_s : (n, 3) array or None
        Preferred where there is one.
    placement : str
        Copied into the result.

    Returns
    -------
    tuple of Movement
        In order of time, each one way: a movement ends at a standstill or where it turns round,
        but a halt on the way is part of it.  `kind` is "back" where a movement undoes the one
        before it, else "out".  `range_deg` is the angle about the movement's main axis.  `ldlj` is
        LDLJ-V on the rotation speed, and None without a gyroscope: on a smoothed and differentiated
        angle it would measure the filter.

    Examples
    --------
    >>> t = np.arange(0, 6, 0.02)
    >>> u = np.clip((t - 2) / 2, 0, 1)
    >>> angle = np.deg2rad(60) * (10 * u**3 - 15 * u**4 + 6 * u**5)
    >>> acc = 9.81 * np.stack([np.sin(angle), 0 * t, np.cos(angle)], axis=1)
    >>> (found,) = movements(t, acc, None, "left_thigh")
    >>> found.kind, round(found.range_deg, -1), round(found.peak_speed_deg_s, -1)
    ('out', 60.0, 60.0)
    """
    s = settings or MovementSettings()
    t = checked_times(t_s)
    acc = checked_triaxial(acc_m_s2, "acc_m_s2", len(t))
    gyr = None if gyr_rad_s is None else checked_triaxial(gyr_rad_s, "gyr_rad_s", len(t))
    if len(t) < 3:
        return ()
    fs_hz = min(s.fs_hz, 1 / float(np.median(np.diff(t))))
    both = acc if gyr is None else np.concatenate([acc, gyr], axis=1)
    first = int(np.ceil(t[0] * fs_hz))
    grid = cell_means(t, both, first, int(t[-1] * fs_hz) - first, fs_hz)
    found: list[Movement] = []
    for start, stop in _runs(np.asarray(np.isfinite(grid).all(axis=1))):
        if stop - start >= 4:
            piece = grid[start:stop]
            part = _rotation(piece, fs_hz, s) if gyr is not None else _tilting(piece, fs_hz, s)
            found += part.movements(placement, (first + start) / fs_hz, s)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """A stretch without gaps.

    Attributes
    ----------
    rate_deg_s : (n, 3) array
        Rotation; without a gyroscope the part of it that turns gravity.
    up : (n, 3) array
        Where gravity's reaction points.
    shake : (n,) array
        How far the acceleration's size is from its usual size, as a share.
    """

    fs_hz: float
    rate_deg_s: FloatArray
    up: FloatArray
    shake: FloatArray
    has_gyr: bool

    def movements(self, placement: str, from_s: float, s: MovementSettings) -> list[Movement]:
        speed = np.linalg.norm(self.rate_deg_s, axis=1)
        found: list[Movement] = []
        from_up = np.full(3, np.nan)
        for start, stop in self._cuts(speed, s):
            turned = self._turned_deg(start, stop)
            range_deg = float(np.ptp(turned))
            if range_deg < s.least_range_deg or stop - start < s.least_s * self.fs_hz:
                continue
            # thrown about, an accelerometer does not show where up is, nor how fast it turned
            sees = self.has_gyr or bool(self.shake[start:stop].max() <= s.most_shake)
            left_deg = float(_angle_deg(self.up[stop - 1 : stop], from_up[np.newaxis])[0])
            found.append(
                Movement(
                    placement=placement,
                    start_s=from_s + start / self.fs_hz,
                    end_s=from_s + stop / self.fs_hz,
                    kind="back" if left_deg < range_deg / 3 else "out",
                    sparc=sparc(speed[start:stop], self.fs_hz) if sees else None,
                    ldlj=ldlj(speed[start:stop], self.fs_hz) if self.has_gyr else None,
                    range_deg=range_deg if sees else None,
                    peak_speed_deg_s=float(speed[start:stop].max()) if sees else None,
                )
            )
            # what undoes a movement must follow it: a movement back begins anew
            from_up = self.up[start] if found[-1].kind == "out" else np.full(3, np.nan)
        return found

    def _cuts(self, speed: FloatArray, s: MovementSettings) -> list[tuple[int, int]]:
        """From standstill or turning point to the next, where the speed rose above the entry."""
        joined = speed > s.leave_deg_s
        for start, stop in _runs(~joined):
            if stop - start < s.pause_s * self.fs_hz:
                joined[start:stop] = True
        cuts = []
        for start, stop in _runs(joined):
            turns = _turning_points(self._turned_deg(start, stop), s.least_range_deg)
            edges = [start, *(start + i for i in turns), stop]
            cuts += list(pairwise(edges))
        return [
            (start, stop)
            for start, stop in cuts
            if start > 0 and stop < len(speed) and speed[start:stop].max() > s.enter_deg_s
        ]

    def _turned_deg(self, start: int, stop: int) -> FloatArray:
        """Angle turned since `start` about the main axis of the piece."""
        rate = self.rate_deg_s[start:stop]
        axis = np.linalg.eigh(rate.T @ rate)[1][:, -1]
        return np.asarray(np.cumsum(rate @ axis) / self.fs_hz)


def _turning_points(angle_deg: FloatArray, least_deg: float) -> list[int]:
    """Where the angle turns round, between turns of at least `least_deg` on both sides."""
    points: list[int] = []
    low = high = 0
    heading = 0
    for i, angle in enumerate(angle_deg):
        low = i if angle < angle_deg[low] else low
        high = i if angle > angle_deg[high] else high
        if heading <= 0 and angle - angle_deg[low] >= least_deg:
            points += [low] if heading else []
            heading, high = 1, i
        elif heading >= 0 and angle_deg[high] - angle >= least_deg:
            points += [high] if heading else []
            heading, low = -1, i
    return points


def _rotation(piece: FloatArray, fs_hz: float, s: MovementSettings) -> _Stretch:
    tilting = _tilting(piece, fs_hz, s)
    rate = np.degrees(_smooth(piece[:, 3:], fs_hz, s.gyr_cut_hz))
    # a gyroscope at rest does not read zero: its median while gravity stands still is the zero
    calm = np.linalg.norm(tilting.rate_deg_s, axis=1) < s.leave_deg_s
    if calm.sum() >= fs_hz:
        rate = rate - np.median(rate[calm], axis=0)
    return _Stretch(fs_hz, rate, tilting.up, tilting.shake, has_gyr=True)


def _tilting(piece: FloatArray, fs_hz: float, s: MovementSettings) -> _Stretch:
    smooth = _smooth(piece[:, :3], fs_hz, s.acc_cut_hz)
    size = np.linalg.norm(smooth, axis=1, keepdims=True)
    up = smooth / np.where(size > 0, size, 1.0)
    rate = np.degrees(np.cross(up, np.gradient(up, axis=0))) * fs_hz
    shake = np.abs(size[:, 0] / max(float(np.median(size)), 1e-9) - 1)
    return _Stretch(fs_hz, rate, up, shake, has_gyr=False)


def _smooth(values: FloatArray, fs_hz: float, cut_hz: float) -> FloatArray:
    """Gaussian low-pass without delay, half power at `cut_hz`; ends lean on what is there."""
    sigma = np.sqrt(np.log(2)) / (2 * np.pi * cut_hz) * fs_hz
    reach = min(int(np.ceil(4 * sigma)), (len(values) - 1) // 2)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weight = np.convolve(np.ones(len(values)), kernel, mode="same")
    columns = [np.convolve(column, kernel, mode="same") / weight for column in values.T]
    return np.stack(columns, axis=1)


def _angle_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    across = np.linalg.norm(np.cross(a, b), axis=1)
    return np.asarray(np.degrees(np.arctan2(across, (a * b).sum(axis=1))))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
