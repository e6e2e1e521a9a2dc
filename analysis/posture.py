"""How the trunk lies, how far it has drifted, and how fast any segment is turning: slow measures."""

from __future__ import annotations

import numpy as np

from analysis.arrays import known_mean, unit
from analysis.calibration import SegmentFrame
from analysis.gravity import angle_deg
from analysis.grid import Rows
from analysis.phases import PhaseSettings
from analysis.results import FloatArray, PhaseName

DRIFT_S = 10
"""Drift is what moves below 0.1 Hz: up is taken over so long."""

IN_POSITION = frozenset({"settling", "rest", "extra"})


def mean_up(up_windows: FloatArray) -> FloatArray:
    """Mean direction of up over windows of bins (k, n, 3) -> (k, 3); NaN where nothing is known.

    Examples
    --------
    >>> mean_up(np.array([[[0.0, 0.0, 1.0], [np.nan] * 3]]))
    array([[0., 0., 1.]])
    """
    return unit(known_mean(np.swapaxes(up_windows, 1, 2)))


def trunk_tilt_deg(up: FloatArray, frame: SegmentFrame | None) -> FloatArray:
    """Angle of the chest from where it lay while calibrating: 0 lying, about 90 upright or on a side.

    Parameters
    ----------
    up : (k, 3) array
        Unit vectors in the chest sensor's axes.
    frame : SegmentFrame or None
        None: unknown.

    Examples
    --------
    >>> from analysis.calibration import NOMINAL_FRAME
    >>> trunk_tilt_deg(np.array([[1.0, 0.0, 0.0]]), NOMINAL_FRAME)
    array([90.])
    """
    if frame is None:
        return np.full(len(up), np.nan)
    return angle_deg(up, np.broadcast_to(frame.up, up.shape))


def trunk_on_side(up: FloatArray, frame: SegmentFrame | None) -> FloatArray:
    """Part of up along the trunk's lateral axis, 0 to 1: near 1 on a side, near 0 upright.

    Lying on the back does not show which way the trunk is long, so this is known only with the
    nominal mounting; a calibrated strap may sit any way round.
    """
    if frame is None or frame.source != "nominal":
        return np.full(len(up), np.nan)
    return np.asarray(np.abs(up @ frame.lateral))


def turned_deg(up: FloatArray, up_before: FloatArray) -> FloatArray:
    """Angle between up at each epoch and at the one before; the first needs `up_before` (3,)."""
    return angle_deg(up, np.concatenate([up_before[None], up[:-1]]))


class PostureDrift:
    """How far the trunk has turned from where it lay when rest began.

    Rest is recognised once it has lasted a minute, so the reference is the mean of that minute, and
    the drift is known from its end on, as long as the wearer stays in the position.  Beginning to
    rest anew, after getting up or settling again, begins anew.

    Examples
    --------
    >>> drift = PostureDrift()
    >>> lying = np.tile([0.0, 0.0, 1.0], (61, 1))
    >>> slipped = np.tile([0.0, np.sin(0.1), np.cos(0.1)], (20, 1))
    >>> names = ["settling"] * 60 + ["rest"] * 21
    >>> drift.update(np.concatenate([lying, slipped]), names)[[59, 60, 80]].round(2)
    array([ nan, 0.  , 5.73])
    """

    def __init__(self) -> None:
        self._up = Rows(3, round(PhaseSettings().settle_s))
        self._reference = np.full(3, np.nan)
        self._before: PhaseName = "unknown"

    def update(self, up: FloatArray, names: list[PhaseName]) -> FloatArray:
        """Drift in degrees at the next epochs: up (k, 3) in the sensor's axes, and their phases."""
        first, settle = len(self._up), round(PhaseSettings().settle_s)
        self._up.append(up)
        references = np.empty((len(names), 3))
        for i, name in enumerate(names):
            if name == "rest" and self._before not in {"rest", "extra"}:
                minute = self._up.windows(first + i + 1, 1, 1, settle)
                self._reference = mean_up(minute)[0]
            elif name not in IN_POSITION:
                self._reference = np.full(3, np.nan)
            references[i] = self._reference
            self._before = name
        now = mean_up(self._up.windows(first + 1, len(names), 1, DRIFT_S)) if names else up
        self._up.forget_before(len(self._up) - settle)
        return angle_deg(now, references)
