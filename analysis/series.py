"""A joint's angle over a whole recording, densely, for benchmarks and notebooks.

`analyze` says one value a second, at the second's end; a movement is better compared more often:
bin by bin, at the mean time of each 0.1 s, or with gyroscopes 50 times a second.  The angles are
those of the session: same grids, same calibration, same fusion.
"""

from __future__ import annotations

import numpy as np

from analysis import quality
from analysis.arrays import cross, known_median, unit
from analysis.calibration import (
    SegmentFrame,
    flexion_sign,
    hold,
    pose_rows,
)
from analysis.errors import InputError
from analysis.fusion import ups_at
from analysis.gravity import rest_length, up_directions
from analysis.grid import BIN_HZ, bin_index, bin_means, cell_means
from analysis.hinge import hinge_axis, round_plane
from analysis.intake import FAST_HZ
from analysis.knee import leg_angles
from analysis.leg_calibration import calibrate_pair, gyro_of, still_rate
from analysis.results import FloatArray, Poses, SensorData


def knee_series(
    thigh: SensorData, shank: SensorData, poses: Poses | None = None, side: str = "left"
) -> tuple[FloatArray, FloatArray]:
    """Knee flexion in every slow bin; with two gyroscopes at the end of every 0.02 s.

    Parameters
    ----------
    thigh, shank : SensorData
    poses : Poses, optional
        Without them the nominal mounting is assumed.
    side : {"left", "right"}

    Returns
    -------
    t_s : (n,) array
        Accelerometers alone: mean time of the samples in each bin, its middle but for half a sample
        interval.  With gyroscopes: the end of each cell of 0.02 s.
    flexion_deg : (n,) array
        NaN where unknown.

    Raises
    ------
    InputError
        When a pose cannot be used; the message says which and why.

    Examples
    --------
    >>> t = np.arange(0, 2, 0.02)
    >>> thigh = SensorData(t, np.tile([-6.93, 0.0, 6.93], (len(t), 1)))
    >>> shank = SensorData(t, np.tile([6.93, 0.0, 6.93], (len(t), 1)))
    >>> t_s, knee_deg = knee_series(thigh, shank)
    >>> t_s[:2], knee_deg[:2].round(6)
    (array([0.04, 0.14]), array([90., 90.]))
    """
    bins = _binned(thigh, shank)
    frames, problems = calibrate_pair(side, bins[0], bins[1], poses or Poses())
    for frame, said in zip(frames, problems, strict=True):
        if frame is None:
            raise InputError("; ".join(said), hint="Give the seconds in which it was held.")
    offsets = [still_rate(rows, poses or Poses()) for rows in bins]
    if np.isfinite(offsets).all():
        return _fused_series((thigh, shank), offsets, side, frames)
    return _series(bins, side, frames)


def hinge_series(
    fixed: SensorData, moving: SensorData, learn_s: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Angle of a hinge with gyroscopes, its axis learned while it moves; no pose is held.

    The axis is the principal direction of the moving sensor's rate in `learn_s`, and the same
    stretch shows the accelerometer's own offsets and scales if the arc is long enough
    (`analysis.hinge.round_plane`).  A hinge has no
    anatomy to tell which sense is positive: the sense in which it first turns away from where it
    stood at the start of `learn_s` is, and where it stood is 0.

    Parameters
    ----------
    fixed, moving : SensorData
        The sensor that stands and the one that turns.
    learn_s : (start, end)
        Session seconds to learn from.

    Returns
    -------
    t_s, angle_deg : (n,) arrays
        As in `knee_series`; NaN where gravity cannot show the angle, everywhere when the axis
        stands near vertical.

    Raises
    ------
    InputError
        When nothing turned in `learn_s`.
    """
    bins = _binned(fixed, moving)
    rows = pose_rows(bins[1], learn_s)
    gyr = gyro_of(rows)
    axis = None if gyr is None else hinge_axis(gyr)
    if axis is None:
        raise InputError(
            f"nothing turned about one axis between {learn_s[0]:.1f} and {learn_s[1]:.1f} s",
            hint="Learn from a stretch in which the hinge moves.",
        )
    rows = rows[np.isfinite(rows[:, :3]).all(axis=1)]
    up = unit(rows[0, :3] - float(rows[0, :3] @ axis) * axis)
    plane = np.stack([up, cross(axis, up)], axis=1)
    along, across = (rows[:, :3] @ plane).T
    turned = np.degrees(np.arctan2(across, along))
    clear = turned[np.abs(turned) > 20.0]  # noise of one bin is below a degree
    if len(clear) and clear[0] < 0:
        axis = -axis
    fitted = round_plane(rows[:, :3] @ plane)
    if fitted is not None:
        offset, matrix = fitted
        inside = bins[1][:, :3] @ plane
        bins[1][:, :3] += ((inside - offset) @ matrix - inside) @ plane.T
    moving_frame = SegmentFrame(axis * flexion_sign("left_shank"), up, "gyroscope")
    stands = hold(pose_rows(bins[0], learn_s)[:, :3], "fixed sensor").up_m_s2
    if stands is None:
        raise InputError(
            "the fixed sensor moved while the axis was learned",
            hint="Give the sensor that stands first.",
        )
    fixed_frame = SegmentFrame(np.full(3, np.nan), unit(stands), "held")
    return _series(bins, "left", (fixed_frame, moving_frame))


def _binned(first: SensorData, second: SensorData) -> tuple[FloatArray, FloatArray]:
    """Slow bins of both sensors from session time 0; columns: acceleration, rate, time."""
    last = max(float(np.max(s.t_s)) for s in (first, second))
    n_bins = int(bin_index(np.array([last]))[0]) + 1
    out = []
    for sensor in (first, second):
        rows = np.full((n_bins, 7), np.nan)
        t = np.asarray(sensor.t_s, dtype=float)
        order = np.argsort(t, kind="stable")
        rows[:, :3], _ = bin_means(t[order], np.asarray(sensor.acc_m_s2)[order], 0, n_bins)
        rows[:, 6:], _ = bin_means(t[order], t[order][:, None], 0, n_bins)
        if sensor.gyr_rad_s is not None:
            rows[:, 3:6], _ = bin_means(t[order], np.asarray(sensor.gyr_rad_s)[order], 0, n_bins)
        out.append(rows)
    return out[0], out[1]


def _fused_series(
    sensors: tuple[SensorData, SensorData],
    offsets: list[FloatArray],
    side: str,
    frames: tuple[SegmentFrame | None, SegmentFrame | None],
) -> tuple[FloatArray, FloatArray]:
    """Both sensors' gyroscopes and accelerometers together, by `analysis.fusion`."""
    n_cells = int(min(float(np.max(s.t_s)) for s in sensors) * FAST_HZ)
    ups = []
    for sensor, offset in zip(sensors, offsets, strict=True):
        assert sensor.gyr_rad_s is not None  # noqa: S101  its offset is known
        order = np.argsort(sensor.t_s, kind="stable")
        t = np.asarray(sensor.t_s, dtype=float)[order]
        t = t - 0.5 * float(np.median(np.diff(t)))  # a sample stands for the interval before it
        both = np.concatenate([sensor.acc_m_s2, sensor.gyr_rad_s - offset], axis=1)[order]
        cells = cell_means(t, both, 0, n_cells, FAST_HZ)
        ups.append(ups_at(cells[:, :3], cells[:, 3:]))
    angles = leg_angles(ups[0], ups[1], side, frames[0], frames[1])
    return (np.arange(n_cells) + 1) / FAST_HZ, angles.flexion_deg


def _series(
    bins: tuple[FloatArray, FloatArray],
    side: str,
    frames: tuple[SegmentFrame | None, SegmentFrame | None],
) -> tuple[FloatArray, FloatArray]:
    ups = []
    for rows in bins:
        rest = float(known_median(rest_length(rows[None, :, :3])))
        trusted = bool(quality.is_trusted(np.array(rest)))
        ups.append(up_directions(rows[:, :3], rest if trusted else np.nan))
    angles = leg_angles(ups[0], ups[1], side, frames[0], frames[1])
    middles = (np.arange(len(bins[0])) + 0.5) / BIN_HZ
    # samples at 0.00 ... 0.09 s stand for 0.045 s: 5 ms are 0.2 deg at 46 deg/s
    times = 0.5 * (bins[0][:, 6] + bins[1][:, 6])
    return np.where(np.isfinite(times), times, middles), angles.flexion_deg
