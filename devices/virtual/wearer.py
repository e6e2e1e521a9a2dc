"""A wearer with sensors on: chest H10, a WitMotion on each thigh and shank.

Body (truth) ── feel ──> MotionTrack ──> virtual sensor ──> memory_radio or bumble_radio
recording (arrays) ────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from devices.errors import DeviceError
from devices.simulated.body import PLACEMENTS, Body
from devices.simulated.imu import STANDARD_GRAVITY_M_S2, ImuSettings, feel
from devices.virtual.h10_peripheral import VirtualH10
from devices.virtual.movesense_peripheral import VirtualMovesense
from devices.virtual.peripheral import MotionTrack, Peripheral
from devices.virtual.witmotion_peripheral import RATE_HZ, VirtualWitMotion

SensorKind = Literal["witmotion", "polar_h10", "movesense"]

SENSOR_NAMES: Mapping[str, str] = {
    "chest": "Polar H10 51A0BACK",
    "left_thigh": "WT901BLE61",
    "left_shank": "WT901BLE62",
    "right_thigh": "WT901BLE63",
    "right_shank": "WT901BLE64",
}

WITMOTION = ImuSettings()
"""Errors of a WitMotion: the defaults of `ImuSettings`."""

H10 = ImuSettings(has_gyro=False, acc_noise_m_s2=1.4e-3 * STANDARD_GRAVITY_M_S2)
"""Errors of an H10: 0.2 mg per root hertz over 50 Hz is 1.4 mg."""

_CLOCK_SD_PPM = 30.0  # quartz crystals; the worst WitMotion on record was off by 7000


@dataclass(frozen=True, slots=True, eq=False)
class Wearer:
    """A body and the virtual sensors on it, by placement."""

    body: Body
    sensors: Mapping[str, Peripheral]


def dressed(
    body: Body | None = None,
    *,
    seed: int = 0,
    fs_hz: float = 100.0,
    frames_per_notification: int | None = 1,
    placements: Mapping[str, str] = SENSOR_NAMES,
    nominal_mounting: bool = False,
) -> Wearer:
    """Put sensors on a body.

    Parameters
    ----------
    body
        Who wears them; the default session of 15 minutes when None.
    seed
        Chooses mountings, offsets, noise and clock errors.
    fs_hz
        Rate at which the WitMotion sensors are made to feel; they send at the rate they are set to.
    frames_per_notification
        Passed to the WitMotion sensors; None for what a real connection's MTU holds.
    placements
        Placement to advertised name; `chest` wears an H10, the others a WitMotion.
    nominal_mounting
        Sensor axes equal segment axes, instead of strapped on anyhow.

    Examples
    --------
    >>> wearer = dressed(placements={"chest": "Polar H10 51A0BACK"})
    >>> wearer.sensors["chest"].advert.name
    'Polar H10 51A0BACK'
    """
    body = body or Body()
    mounting = np.eye(3) if nominal_mounting else None
    sensors: dict[str, Peripheral] = {}
    for placement, name in placements.items():
        # From the placement's own number: a sensor is the same whatever else is worn.
        number = PLACEMENTS.index(placement) if placement in PLACEMENTS else len(PLACEMENTS)
        rng = np.random.default_rng([seed, 4, number])
        clock_ppm = float(_CLOCK_SD_PPM * rng.standard_normal())
        quality = H10 if placement == "chest" else replace(WITMOTION, fs_hz=fs_hz)
        quality = replace(quality, clock_ppm=clock_ppm)
        track = feel(body, placement, quality, mounting=mounting, seed=100 * seed + number)
        if placement == "chest":
            sensors[placement] = VirtualH10(name, track, clock_ppm=clock_ppm)
        else:
            sensors[placement] = VirtualWitMotion(
                name, track, clock_ppm=clock_ppm, frames_per_notification=frames_per_notification
            )
    return Wearer(body, sensors)


def peripheral_for(track: MotionTrack, kind: SensorKind, name: str | None = None) -> Peripheral:
    """A virtual sensor that plays a recording.

    Parameters
    ----------
    track
        The recording; see `MotionTrack`.
    kind
        The driver's name of the sensor that shall play it.
    name
        Advertised name; a usual one when None.

    Raises
    ------
    DeviceError
        If no virtual sensor of that kind exists, or the track has unknown values.

    Examples
    --------
    >>> still = MotionTrack(np.arange(3.0), np.array([[0, 0, 9.81]] * 3), None, np.array([]))
    >>> peripheral_for(still, "witmotion").advert.name
    'WT901BLE60'
    """
    if kind == "witmotion":
        rate_hz = (track.t_s.size - 1) / max(float(np.ptp(track.t_s)), 1e-9)
        stored = min(RATE_HZ, key=lambda code: abs(np.log(RATE_HZ[code] / max(rate_hz, 0.1))))
        return VirtualWitMotion(name or "WT901BLE60", track, stored_rate=stored)
    if kind == "polar_h10":
        return VirtualH10(name or "Polar H10 51A0BACC", track)
    if kind == "movesense":
        return VirtualMovesense(name or "Movesense 254830000321", track)
    raise DeviceError(
        f"there is no virtual sensor of kind {kind!r}",
        hint="Choose witmotion, polar_h10 or movesense.",
    )
