"""What the sensors felt a moment ago, so that a pose can be judged while it is held.

samples --feed--> the last quarter minute of each sensor --faults--> analysis.pose_check
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Literal

import numpy as np

from analysis.arrays import known_mean
from analysis.pose_check import check_pose
from analysis.results import FloatArray

PoseName = Literal["straight", "bent"]

_REMEMBERED_S = 20.0  # longer than a pose is held
_JUDGED_S = 2.0  # `check_pose` asks for one to two seconds
_NOTHING = np.empty((0, 3))


class PoseWatch:
    """Remembers samples for as long as a pose is held, and each pose that was.

    Examples
    --------
    >>> watch = PoseWatch()
    >>> watch.feed("left_thigh", np.arange(0.0, 3.0, 0.02), np.tile([0.0, 0.0, 9.8], (150, 1)))
    >>> watch.faults("straight", 3.0, ["left_thigh"])
    ()
    >>> watch.keep("straight", 0.0, 3.0)
    >>> watch.faults("bent", 3.0, ["left_thigh"])
    ('left leg still straight',)
    """

    def __init__(self) -> None:
        self._chunks: dict[str, deque[tuple[FloatArray, FloatArray]]] = {}
        self._kept: dict[str, dict[str, FloatArray]] = {}

    def feed(self, placement: str, t_s: FloatArray, acc_m_s2: FloatArray) -> None:
        """Take samples of one sensor, in its own axes."""
        if not len(t_s):
            return
        chunks = self._chunks.setdefault(placement, deque())
        chunks.append((t_s, acc_m_s2))
        while chunks[0][0][-1] < t_s[-1] - _REMEMBERED_S:
            chunks.popleft()

    def faults(self, name: PoseName, t_s: float, worn: Collection[str]) -> tuple[str, ...]:
        """What is wrong with the pose as it is held at `t_s`; empty when it is good."""
        windows = {p: self._felt(p, t_s - _JUDGED_S, t_s) for p in worn}
        other = self._kept.get("bent" if name == "straight" else "straight")
        return check_pose(name, windows, other)

    def keep(self, name: str, start_s: float, end_s: float) -> None:
        """The pose was held well in this stretch: the other one is judged against it."""
        felt = {p: self._felt(p, start_s, end_s) for p in self._chunks}
        self._kept[name] = {p: known_mean(acc.T) for p, acc in felt.items() if len(acc)}

    def up(self, placement: str, t_s: float) -> FloatArray | None:
        """Mean acceleration over the last moment; None when the sensor was not heard."""
        felt = self._felt(placement, t_s - _JUDGED_S, t_s)
        return known_mean(felt.T) if len(felt) else None

    def _felt(self, placement: str, after_s: float, until_s: float) -> FloatArray:
        chunks = [c for c in self._chunks.get(placement, ()) if c[0][-1] > after_s]
        if not chunks:
            return _NOTHING
        t_s = np.concatenate([t for t, _ in chunks])
        acc: FloatArray = np.concatenate([a for _, a in chunks])
        return acc[(t_s > after_s) & (t_s <= until_s)]
