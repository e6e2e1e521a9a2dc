"""From what the pipeline knows to what a course looks at."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from analysis.results import Epochs
from monitor.live.pipeline import Update
from monitor.live.pose_watch import PoseName, PoseWatch
from monitor.live.steps import Seen
from monitor.result import Reference

_LOOK_EVERY_S = 0.5  # samples reach the pipeline on its half-second grid
_LYING_BELOW_DEG = 45.0  # trunk tilt: half way between lying and sitting, as the rules have it
_UP = ("rolling", "kneeling", "standing")
_SHOWN = ("trunk_tilt_deg", "knee_left_deg", "knee_right_deg", "lean_left_deg", "lean_right_deg")


class Eyes:
    """Keeps the newest of everything a course may ask for."""

    def __init__(self, worn: Collection[str]) -> None:
        self.watch = PoseWatch()
        self._row = dict.fromkeys(_SHOWN, math.nan)
        self._phase = "unknown"
        self._reference = Reference()
        self._worn: tuple[bool, ...] = ()
        self._faults: tuple[str, ...] = ()
        self._looked = (-math.inf, "")
        self._sides = [s for s in ("left", "right") if {f"{s}_thigh", f"{s}_shank"} <= set(worn)]

    def take(self, update: Update) -> None:
        """Remember what became known."""
        self._phase, self._reference = update.phase, update.reference
        self._worn = tuple(w for w in update.worn.values() if w is not None)
        epochs: Epochs = update.epochs
        if len(epochs):
            self._row = {n: float(getattr(epochs, n)[-1]) for n in _SHOWN}

    def seen(self, t_s: float, pose: PoseName | None, streaming: Collection[str]) -> Seen:
        """Everything at `t_s`; `pose` is the one that is asked for."""
        row = self._row
        tilt_deg = row["trunk_tilt_deg"]
        is_up = None if math.isnan(tilt_deg) else tilt_deg > _LYING_BELOW_DEG
        if self._phase in _UP:
            is_up = True
        return Seen(
            pose_faults=self._pose_faults(t_s, pose, streaming) if pose else (),
            knees_deg=(row["knee_left_deg"], row["knee_right_deg"]),
            leans_deg=(row["lean_left_deg"], row["lean_right_deg"]),
            head_deg=self._head_deg(t_s),
            is_settled=all(getattr(self._reference, f"knee_{s}_deg") for s in self._sides),
            away=self._away(is_up=is_up),
            is_up=is_up,
        )

    def _away(self, *, is_up: bool | None) -> str | None:
        """Why the wearer is not in the position; one strap that came off is no reason."""
        if self._worn and not any(self._worn):
            return "the sensors are off the body"
        if is_up is None:
            return None
        return "not lying on the back" if is_up else ""

    def _pose_faults(
        self, t_s: float, pose: PoseName, streaming: Collection[str]
    ) -> tuple[str, ...]:
        looked_s, looked_for = self._looked
        if t_s - looked_s >= _LOOK_EVERY_S or looked_for != pose:
            worn = [p for p in streaming if p != "heart"]
            self._faults = self.watch.faults(pose, t_s, worn)
            self._looked = (t_s, pose)
        return self._faults

    def _head_deg(self, t_s: float) -> float:
        """Forward bend of a head sensor worn on the forehead, x towards the crown; else unknown."""
        up = self.watch.up("head", t_s)
        return math.nan if up is None else math.degrees(float(np.arctan2(up[0], up[2])))
