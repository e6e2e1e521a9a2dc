"""A whole recording at once; a sensor that sits upside down is turned round where that is plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.results import FloatArray, Poses, SensorData, SessionAnalysis
from analysis.session import AnalysisSettings, SessionAnalyzer

_SAME_KNEE_DEG = 5.0
"""Two ways to turn sensors round tell the same knee: a few degrees of a segment that lay flat."""


def analyze(
    sensors: Mapping[str, SensorData],
    *,
    poses: Poses | None = None,
    settings: AnalysisSettings | None = None,
) -> SessionAnalysis:
    """Analyse a whole recording: feed everything, finish.

    Parameters
    ----------
    sensors : mapping of placement to SensorData
        Times in seconds from the session's start.
    poses : Poses, optional
        When the calibration poses were held; without them the nominal mounting is assumed and the
        notes say so.
    settings : AnalysisSettings, optional

    Returns
    -------
    SessionAnalysis

    Notes
    -----
    Without poses a knee that would bend the wrong way shows that a sensor sits upside down; the
    recording is then analysed with that sensor turned round, and the notes say so.

    Examples
    --------
    Thigh and shank of a bent knee, sensors mounted as documented:

    >>> t = np.arange(0, 4, 0.02)
    >>> thigh = SensorData(t, np.tile([-6.93, 0.0, 6.93], (len(t), 1)))
    >>> shank = SensorData(t, np.tile([6.93, 0.0, 6.93], (len(t), 1)))
    >>> analyze({"left_thigh": thigh, "left_shank": shank}).epochs.knee_left_deg.round(6)
    array([90., 90., 90., 90.])
    """
    result, impossible = _at_once(sensors, poses, settings)
    for side in impossible if poses in {None, Poses()} else ():
        turned = _right_way_up(sensors, side, settings)
        if turned is not None:
            again, _ = _at_once(turned, poses, settings)
            names = " and ".join(p.replace("_", " ") for p in turned if turned[p] != sensors[p])
            note = (
                f"Taken to sit upside down (x towards the foot): {names}. The nominal way the knee"
                " would bend as no knee does."
            )
            sensors, result = turned, replace(again, notes=(*result.notes, note))
    return result


def _right_way_up(
    sensors: Mapping[str, SensorData], side: str, settings: AnalysisSettings | None
) -> Mapping[str, SensorData] | None:
    """The sensors with those of one leg turned round that make its knee a knee's; None if unclear.

    Turning the shank, the thigh or both may each do it, with different knees: then nobody knows.
    """
    shank, thigh = f"{side}_shank", f"{side}_thigh"
    found: list[tuple[Mapping[str, SensorData], FloatArray]] = []
    for placements in ((shank,), (thigh,), (thigh, shank)):
        turned = {**sensors, **{p: _upside_down(sensors[p]) for p in placements}}
        result, impossible = _at_once(turned, None, settings)
        if side not in impossible:
            found.append((turned, getattr(result.epochs, f"knee_{side}_deg")))
    knees = np.array([knee for _, knee in found])
    if not found or not np.isfinite(knees).any():
        return None
    differ_deg = np.fmax.reduce(knees) - np.fmin.reduce(knees)
    return found[0][0] if np.nanmax(differ_deg) < _SAME_KNEE_DEG else None


def _at_once(
    sensors: Mapping[str, SensorData], poses: Poses | None, settings: AnalysisSettings | None
) -> tuple[SessionAnalysis, tuple[str, ...]]:
    """The analysis, and the sides whose knee left what knees can do."""
    analyzer = SessionAnalyzer(sensors, settings, poses=poses)
    for placement, data in sensors.items():
        analyzer.feed(placement, data.t_s, data.acc_m_s2, data.gyr_rad_s, data.n_lost)
    return analyzer.finish(), analyzer.impossible_sides


def _upside_down(data: SensorData) -> SensorData:
    """The same sensor turned by half a turn about the axis that points away from the bone."""
    turn = np.array([-1.0, -1.0, 1.0])
    gyr = None if data.gyr_rad_s is None else data.gyr_rad_s * turn
    return replace(data, acc_m_s2=data.acc_m_s2 * turn, gyr_rad_s=gyr)
