"""What leaves a decoder: samples in SI units, with the device's own time.

A chunk holds what one or more notifications said.  Nothing here is interpreted: no gravity, no
filter, no session time.  `NaN` is unknown; zero means zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ImuChunk:
    """Consecutive samples of one inertial sensor, in the sensor's own axes.

    Attributes
    ----------
    t_device_s : (n,) array
        Time of each sample on the device's clock, unwrapped and strictly rising, in seconds.
        Its zero is the device's own.  Where the device has no clock, the count of received
        samples divided by the nominal rate (`ClockKind.COUNTED`).
    t_arrival_s : (n,) array
        When the notification that carried the sample reached this computer, in seconds on the
        event loop's monotonic clock.
    acc_m_s2 : (n, 3) array
        Specific force in m/s2: a sensor at rest reads +g along the axis that points up.
    gyr_rad_s : (n, 3) array or None
        Angular rate in rad/s, or None when the sensor has (or sends) none.
    n_lost : int
        Samples that the device took just before this chunk and that never came, by its own
        counter or clock.  0 where it has neither: then the clock map estimates the loss.
    """

    t_device_s: FloatArray
    t_arrival_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray | None
    n_lost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class HeartChunk:
    """What a heart-rate notification said.

    Attributes
    ----------
    t_arrival_s : float
        Arrival of the notification, in seconds on the event loop's clock.
    heart_per_min : float
        Heart rate the sensor reports, NaN when it says that it has no contact.
    rr_s : (k,) array
        Intervals between successive beats, oldest first, in seconds; often empty.
    """

    t_arrival_s: float
    heart_per_min: float
    rr_s: FloatArray


@dataclass(frozen=True, slots=True)
class BatteryChunk:
    """State of charge in percent, 0 to 100, as the sensor or its voltage table gives it."""

    t_arrival_s: float
    percent: float


Chunk: TypeAlias = ImuChunk | HeartChunk | BatteryChunk
