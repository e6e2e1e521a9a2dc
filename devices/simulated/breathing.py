"""Natural breaths: none like the last, slower as the wearer settles, a sigh now and then.

  ╭─╮              in: 40 % of the breath; out: 50 %; a pause of 10 %.  Rate and depth
╭─╯ ╰──╮           wander from breath to breath, and each breath remembers the last.
╯      ╰────
↑ onset     ↑ next onset
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.chunk import FloatArray
from devices.simulated.script import Trend
from devices.simulated.smooth import smooth_step

_IN, _OUT = 0.4, 0.5  # shares of a resting breath; the rest is the pause after breathing out


@dataclass(frozen=True, slots=True)
class BreathingSettings:
    """How breaths differ from each other.

    Attributes
    ----------
    rate_sd, rate_memory : float
        Spread of the rate as a share of its mean, and how much of a deviation the next breath
        keeps: resting adults vary by 5 to 15 % with lag-1 correlations of 0.3 to 0.6 (Wuyts
        2015 finds this structure to be what changes with relaxation).
    depth_cv : float
        Coefficient of variation of the depth.
    sigh_share : float
        Share of breaths that are sighs; 1 in 60 is one every five minutes.
    sigh_depth, sigh_length : float
        A sigh's depth (over twice the mean is Vlemincx's rule) and length, in usual breaths.
    """

    rate_sd: float = 0.06
    rate_memory: float = 0.5
    depth_cv: float = 0.15
    sigh_share: float = 1.0 / 60.0
    sigh_depth: float = 2.5
    sigh_length: float = 1.4


@dataclass(frozen=True, slots=True, eq=False)
class Breaths:
    """Every breath of a session, and a few before and after.

    Attributes
    ----------
    onset_s : (n + 1,) array
        When each breath begins; the last entry is the end of the last breath.
    depth : (n,) array
        How deep, 1 being the usual depth.
    """

    onset_s: FloatArray
    depth: FloatArray

    def volume(self, t_s: FloatArray) -> FloatArray:
        """How full the chest is: 0 after breathing out, the breath's depth when full."""
        index, length_s = self._breath_at(t_s)
        u = (t_s - self.onset_s[index]) / length_s
        shape = smooth_step(u / _IN) - smooth_step((u - _IN) / _OUT)
        volume: FloatArray = self.depth[index] * shape
        return volume

    def rate_per_min(self, t_s: FloatArray) -> FloatArray:
        """Momentary rate: 60 over the length of the breath under way."""
        _, length_s = self._breath_at(t_s)
        rate: FloatArray = 60.0 / length_s
        return rate

    def _breath_at(self, t_s: FloatArray) -> tuple[np.ndarray, FloatArray]:
        index = np.searchsorted(self.onset_s, t_s, side="right") - 1
        index = np.clip(index, 0, self.depth.size - 1)
        return index, np.diff(self.onset_s)[index]


def breathe(
    duration_s: float,
    rate_per_min: Trend,
    rng: np.random.Generator,
    settings: BreathingSettings | None = None,
) -> Breaths:
    """Draw the breaths of a session of `duration_s`.

    Examples
    --------
    >>> breaths = breathe(600.0, Trend(12.0, 12.0, 1.0), np.random.default_rng(0))
    >>> int(np.sum((breaths.onset_s >= 0.0) & (breaths.onset_s < 600.0)))
    118
    """
    settings = settings or BreathingSettings()
    onset_s, depth, deviation = [-10.0], [], 0.0
    fresh = settings.rate_sd * np.sqrt(1.0 - settings.rate_memory**2)
    while onset_s[-1] < duration_s + 20.0:
        deviation = settings.rate_memory * deviation + fresh * float(rng.standard_normal())
        length_s = 60.0 / (rate_per_min.at(max(onset_s[-1], 0.0)) * (1.0 + deviation))
        breath = float(np.clip(1.0 + settings.depth_cv * rng.standard_normal(), 0.5, 1.6))
        if rng.random() < settings.sigh_share:
            breath, length_s = settings.sigh_depth, settings.sigh_length * length_s
        depth.append(breath)
        onset_s.append(onset_s[-1] + length_s)
    return Breaths(onset_s=np.array(onset_s), depth=np.array(depth))
