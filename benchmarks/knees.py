"""Rows of the accuracy table about knees: a person against cameras, hinges against encoders."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.results import Poses, SensorData
from analysis.series import hinge_series, knee_series
from analysis.session import analyze
from benchmarks import recordings
from benchmarks.table import Row

FloatArray = NDArray[np.float64]


def knee_rows() -> Iterator[Row]:
    """Seated person against optics, motorised hinge against its encoder."""
    for r in recordings.cmu():
        assert r.labels is not None  # noqa: S101 - this loader always gives them
        thigh = SensorData(r.t_s, r.thigh_acc_m_s2, r.thigh_gyr_rad_s)
        shank = SensorData(r.t_s, r.shank_acc_m_s2, r.shank_gyr_rad_s)
        stand, sit = (_span(r.t_s, r.labels == name) for name in ("stand", "sit1"))
        poses = Poses(stand, (sit[0], sit[0] + 10))
        epochs = analyze({"left_thigh": thigh, "left_shank": shank}, poses=poses).epochs
        t_s, knee_deg = knee_series(thigh, shank, poses)
        # the baseline is a mean over half a second: so is this
        smooth_deg = np.convolve(knee_deg, np.ones(5) / 5, mode="valid")
        speed_deg_s = np.abs(np.gradient(r.reference_deg, r.t_s))
        for label, at_s, angle_deg, rests_on_s in (
            ("bins", t_s[2:-2], smooth_deg, 0.0),
            ("epochs", epochs.t_s, epochs.knee_left_deg, 0.5),  # read at the end of half a second
        ):
            truth = np.interp(at_s, r.t_s, r.reference_deg)
            rate = _greatest_before(at_s, rests_on_s, r.t_s, speed_deg_s)
            error = angle_deg - truth
            error -= np.nanmedian(error[(at_s >= stand[0]) & (at_s <= stand[1])])
            slow = (rate < np.degrees(0.1)) & np.isfinite(truth)
            yield _knee_row(f"knee, seated, {label}, quasi-static RMS", error[slow], 0.92)
            seated = (at_s >= sit[0]) & (at_s <= sit[1]) & np.isfinite(truth)
            yield _knee_row(f"knee, seated, {label}, hold, RMS", error[seated], 0.75)
    for name, label, quoted in (
        ("raw_pitch_slow", "slow", 0.87),
        ("raw_roll_medium", "medium", 2.69),
    ):
        for r in recordings.hinge(name):
            fixed = SensorData(r.t_s, r.thigh_acc_m_s2, r.thigh_gyr_rad_s)
            moving = SensorData(r.t_s, r.shank_acc_m_s2, r.shank_gyr_rad_s)
            t_s, angle_deg = hinge_series(fixed, moving, (0.0, 30.0))
            truth = np.interp(t_s, *_rising(r.t_s, r.reference_deg))
            error = angle_deg - truth
            error -= np.nanmedian(error[t_s <= 30])
            yield _knee_row(f"hinge, {label}, 25 min, RMS", error, quoted)


def _knee_row(what: str, error: FloatArray, quoted: float) -> Row:
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
