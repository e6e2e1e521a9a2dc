"""Rows of the accuracy table about knees: a person against cameras, hinges against encoders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.fusion import ups_at
from analysis.gravity import angle_deg
from analysis.grid import bin_means, cell_means
from analysis.intake import FAST_HZ
from analysis.knee import leg_angles
from analysis.leg_calibration import calibrate_pair
from analysis.results import Poses, SensorData
from analysis.series import hinge_series, knee_series
from analysis.whole import analyze
from benchmarks import recordings
from benchmarks.peers_angles import peers
from benchmarks.recordings import BoardRecording, KneeRecording
from benchmarks.table import Row

FloatArray = NDArray[np.float64]


def knee_rows(pairs: dict[str, tuple[FloatArray, FloatArray]] | None = None) -> Iterator[Row]:
    """Seated person against optics, hinge against encoder; `pairs` collects what pictures show."""
    pairs = {} if pairs is None else pairs
    for r in recordings.cmu():
        assert r.labels is not None  # noqa: S101 - this loader always gives them
        thigh = SensorData(r.t_s, r.thigh_acc_m_s2, r.thigh_gyr_rad_s)
        shank = SensorData(r.t_s, r.shank_acc_m_s2, r.shank_gyr_rad_s)
        stand, sit = (_span(r.t_s, r.labels == name) for name in ("stand", "sit1"))
        poses = Poses(stand, (sit[0], sit[0] + 10))
        epochs = analyze({"left_thigh": thigh, "left_shank": shank}, poses=poses).epochs
        yield from _all_rows(r, thigh, shank, poses, stand)
        # without gyroscopes from here on
        thigh, shank = SensorData(r.t_s, r.thigh_acc_m_s2), SensorData(r.t_s, r.shank_acc_m_s2)
        t_s, knee_deg = knee_series(thigh, shank, poses)
        # the baseline is a mean over half a second: so is this
        smooth_deg = np.convolve(knee_deg, np.ones(5) / 5, mode="valid")
        speed_deg_s = np.abs(np.gradient(r.reference_deg, r.t_s))
        for label, at_s, seen_deg, rests_on_s in (
            ("bins", t_s[2:-2], smooth_deg, 0.0),
            ("epochs", epochs.t_s, epochs.knee_left_deg, 0.5),  # read at the end of half a second
        ):
            truth = np.interp(at_s, r.t_s, r.reference_deg)
            rate = _greatest_before(at_s, rests_on_s, r.t_s, speed_deg_s)
            error = seen_deg - truth
            error -= np.nanmedian(error[(at_s >= stand[0]) & (at_s <= stand[1])])
            zero = seen_deg - truth - error
            slow = (rate < np.degrees(0.1)) & np.isfinite(truth)
            yield _knee_row(f"knee, seated, {label}, quasi-static RMS", error[slow], 0.92)
            if label == "epochs":
                kept = np.isfinite(error) & np.isfinite(truth)
                pairs["knee, seated person"] = (seen_deg - zero)[kept], truth[kept]
            seated = (at_s >= sit[0]) & (at_s <= sit[1]) & np.isfinite(truth)
            yield _knee_row(f"knee, seated, {label}, hold, RMS", error[seated], 0.75)
    for name, label, quoted in (
        ("raw_pitch_slow", "slow", 0.87),
        ("raw_roll_medium", "medium", 2.69),
    ):
        for r in recordings.hinge(name):
            fixed = SensorData(r.t_s, r.thigh_acc_m_s2, r.thigh_gyr_rad_s)
            moving = SensorData(r.t_s, r.shank_acc_m_s2, r.shank_gyr_rad_s)
            t_s, hinge_deg = hinge_series(fixed, moving, (0.0, 30.0))
            truth = np.interp(t_s, *_rising(r.t_s, r.reference_deg))
            error = hinge_deg - truth
            error -= np.nanmedian(error[t_s <= 30])
            yield _knee_row(f"hinge, {label}, 25 min, RMS", error, quoted)
            kept = np.flatnonzero(np.isfinite(error))[::50]
            pairs[f"knee, hinge {label}"] = (truth + error)[kept], truth[kept]
            start, end = t_s < 300, t_s > t_s[-1] - 300
            drift = float(np.nanmean(error[end]) - np.nanmean(error[start]))
            yield Row(f"hinge, {label}, drift in 25 min", len(error), "deg", abs(drift), None)
    for board in recordings.broad():
        yield from _board_rows(board)


def _all_rows(
    r: KneeRecording, thigh: SensorData, shank: SensorData, poses: Poses, stand: tuple[float, float]
) -> Iterator[Row]:
    """Every row of the recording, moving or not; the peers' up goes through our calibration."""

    def row(what: str, knee_deg: FloatArray) -> Row:
        error = knee_deg - r.reference_deg
        error -= np.nanmedian(error[(r.t_s >= stand[0]) & (r.t_s <= stand[1])])
        return _knee_row(
            f"knee, seated, all rows, {what}, RMS", error[np.isfinite(r.reference_deg)], None
        )

    t_s, knee_deg = knee_series(thigh, shank, poses)
    ours = row("six axes", np.interp(r.t_s, t_s, knee_deg))
    n_bins = int(r.t_s[-1] * 10) + 1
    bins = [
        np.concatenate(
            [bin_means(s.t_s, v, 0, n_bins)[0] for v in (s.acc_m_s2, s.gyr_rad_s) if v is not None],
            1,
        )
        for s in (thigh, shank)
    ]
    frames, _ = calibrate_pair("left", bins[0], bins[1], poses)
    fs_hz = 1.0 / float(np.median(np.diff(r.t_s)))
    pairs = zip(
        peers(r.thigh_acc_m_s2, r.thigh_gyr_rad_s, fs_hz),
        peers(r.shank_acc_m_s2, r.shank_gyr_rad_s, fs_hz),
        strict=True,
    )
    theirs = {
        name: row(name, leg_angles(up, other, "left", *frames).flexion_deg).ours
        for (name, up), (_, other) in pairs
    }
    yield from _beside(ours, theirs)


def _board_rows(board: BoardRecording) -> Iterator[Row]:
    """Inclination of a board moved by hand, while it moves."""
    n = int(board.t_s[-1] * FAST_HZ) - 1
    both = np.concatenate(
        [board.acc_m_s2, board.gyr_rad_s - board.gyr_rad_s[:2000].mean(axis=0)], 1
    )
    # a sample stands for the interval that ends with it, as VQF takes it
    cells = cell_means(board.t_s - 0.5 / board.fs_hz, both, 0, n, FAST_HZ)
    ends_s = (np.arange(n) + 1) / FAST_HZ
    truth = np.stack([np.interp(ends_s, board.t_s, c) for c in board.up.T], axis=1)
    at = np.clip(np.round(ends_s * board.fs_hz).astype(int), 0, len(board.t_s) - 1)
    error = angle_deg(ups_at(cells[:, :3], cells[:, 3:]), truth)
    label = f"board, {board.name}, moving, RMS"
    asked = board.is_moving[at] & np.isfinite(truth[:, 0])
    ours = _knee_row(label, error[asked], None)
    moving = board.is_moving & np.isfinite(board.up[:, 0])
    theirs = {
        name: _knee_row(name, angle_deg(up, board.up)[moving], None).ours
        for name, up in peers(board.acc_m_s2, board.gyr_rad_s, board.fs_hz)
    }
    yield from _beside(ours, theirs)


def _beside(ours: Row, theirs: dict[str, float | None]) -> Iterator[Row]:
    """Our row, the first peer as its baseline; a row for each other peer."""
    names = list(theirs)
    if not names:
        yield ours
        return
    for name in names:
        what = ours.what if name == names[0] else f"  beside {name}"
        yield replace(ours, what=what, baseline=theirs[name], baseline_from="now")


def _knee_row(what: str, error: FloatArray, quoted: float | None) -> Row:
    known = np.isfinite(error)
    rms = float(np.sqrt((error[known] ** 2).mean())) if known.any() else None
    return Row(what, len(error), "deg", rms, quoted, "quoted", float(known.mean()))


def _span(t_s: FloatArray, flags: NDArray[np.bool_]) -> tuple[float, float]:
    return float(t_s[flags][0]), float(t_s[flags][-1])


def _greatest_before(
    at_s: FloatArray, span_s: float, t_s: FloatArray, values: FloatArray
) -> FloatArray:
    """Greatest of the values in the `span_s` up to each time (NaN if one is)."""
    steps_s = np.linspace(-span_s, 0.0, 21 if span_s else 1)
    return np.max([np.interp(at_s + step, t_s, values) for step in steps_s], axis=0)


def _rising(t_s: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    first = np.concatenate([[True], np.diff(t_s) > 0])
    return t_s[first], values[first]
