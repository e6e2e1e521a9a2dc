"""Heart beats: their times, and the small shake that each gives the chest.

Breathing in quickens the heart (respiratory sinus arrhythmia).  Each beat shakes the breastbone
twice: when the aortic valve opens, and more weakly when it closes about 0.3 s later.  Both are
short bursts at 10 to 25 Hz, the band of seismocardiography.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.chunk import FloatArray
from devices.simulated.breathing import Breaths
from devices.simulated.script import Trend

_MG_M_S2 = 9.80665e-3


@dataclass(frozen=True, slots=True)
class HeartSettings:
    """The heart of a resting adult.

    Attributes
    ----------
    arrhythmia : float
        By what share breathing in fully shortens an interval: about 50 ms of 1 s.
    jitter : float
        Spread of intervals for all other reasons, as a share.
    burst_m_s2, burst_hz, burst_s : float
        Size, frequency and decay of the first burst: seismocardiograms of people lying show
        5 to 30 mg with most energy between 10 and 25 Hz.
    second_burst, second_after_s : float
        Size relative to the first, and delay, of the burst when the valve closes.
    electric_delay_s : float
        From the beat (R peak) to the first burst: the pre-ejection time.
    """

    arrhythmia: float = 0.05
    jitter: float = 0.01
    burst_m_s2: float = 10.0 * _MG_M_S2
    burst_hz: float = 18.0
    burst_s: float = 0.04
    second_burst: float = 0.5
    second_after_s: float = 0.30
    electric_delay_s: float = 0.06


def beat(
    duration_s: float,
    rate_per_min: Trend,
    breaths: Breaths,
    rng: np.random.Generator,
    settings: HeartSettings | None = None,
) -> FloatArray:
    """Draw the times of all beats, from just before the session to just after it."""
    settings = settings or HeartSettings()
    # Breathing is looked up on a 0.1 s grid: intervals are drawn one after the other.
    fullness = breaths.volume(np.arange(-5.0, duration_s + 20.0, 0.1))
    beats_s = [-2.0]
    while beats_s[-1] < duration_s + 10.0:
        t_s = beats_s[-1]
        share = 1.0 - settings.arrhythmia * float(fullness[int((t_s + 5.0) / 0.1)])
        share += settings.jitter * float(rng.standard_normal())
        beats_s.append(t_s + 60.0 / rate_per_min.at(max(t_s, 0.0)) * share)
    return np.array(beats_s)


def shake_m_s2(
    beats_s: FloatArray, t_s: FloatArray, settings: HeartSettings | None = None
) -> FloatArray:
    """Acceleration of the breastbone, outwards, because of the beats.

    Examples
    --------
    Nothing before the valve opens, a burst just after it:

    >>> shake = shake_m_s2(np.array([0.0]), np.array([0.05, 0.074, 0.30]))
    >>> (np.abs(shake) > 0.01).tolist()
    [False, True, False]
    """
    settings = settings or HeartSettings()
    opening = _bursts(beats_s + settings.electric_delay_s, t_s, settings)
    closing_s = beats_s + settings.electric_delay_s + settings.second_after_s
    return settings.burst_m_s2 * (
        opening + settings.second_burst * _bursts(closing_s, t_s, settings)
    )


def _bursts(starts_s: FloatArray, t_s: FloatArray, settings: HeartSettings) -> FloatArray:
    index = np.searchsorted(starts_s, t_s, side="right") - 1
    since_s = np.where(index >= 0, t_s - starts_s[np.maximum(index, 0)], np.inf)
    since_s = np.minimum(since_s, 1.0)  # long over: the decay makes it nothing
    burst: FloatArray = np.exp(-since_s / settings.burst_s) * np.sin(
        2.0 * np.pi * settings.burst_hz * since_s
    )
    return burst
