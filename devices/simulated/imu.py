"""From a moving body to what a sensor strapped to it feels.

    pose(t - h), pose(t), pose(t + h)
        │  second difference        │  turn from first to last
        ▼                           ▼
    specific force = R'(a + g)   angular rate          in segment axes
        └──────────── mounting ─────┘                  in sensor axes
        scale error, offset, white noise               what the chip reports

Rounding to counts and saturation belong to the protocol and are left to the virtual sensor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.chunk import FloatArray
from devices.simulated.body import Body
from devices.virtual.peripheral import MotionTrack

STANDARD_GRAVITY_M_S2 = 9.80665
_MG_M_S2 = STANDARD_GRAVITY_M_S2 * 1e-3
_HALF_STEP_S = 0.005
"""Differences over 10 ms: good to 0.1 % for movements of a quarter second and longer."""


@dataclass(frozen=True, slots=True)
class ImuSettings:
    """A commodity inertial sensor.

    Attributes
    ----------
    fs_hz : float
        Nominal rate.
    clock_ppm : float
        How much too fast the sensor's clock runs; its samples come that much more often.
    has_gyro : bool
        Whether it measures angular rate.
    acc_noise_m_s2, gyr_noise_rad_s : float
        White noise, standard deviation of one sample.  3 mg and 0.05 deg/s are what the cheap
        parts inside small Bluetooth sensors show at 100 Hz.
    acc_bias_m_s2, gyr_bias_rad_s : float
        Largest offset of an axis; 20 mg and 0.5 deg/s are usual without calibration.
    scale_error : float
        Largest relative error of an axis's gain.
    """

    fs_hz: float = 100.0
    clock_ppm: float = 0.0
    has_gyro: bool = True
    acc_noise_m_s2: float = 3.0 * _MG_M_S2
    gyr_noise_rad_s: float = float(np.deg2rad(0.05))
    acc_bias_m_s2: float = 20.0 * _MG_M_S2
    gyr_bias_rad_s: float = float(np.deg2rad(0.5))
    scale_error: float = 0.005


PERFECT = ImuSettings(
    acc_noise_m_s2=0.0, gyr_noise_rad_s=0.0, acc_bias_m_s2=0.0, gyr_bias_rad_s=0.0, scale_error=0.0
)
"""A sensor without errors, for tests and for teaching."""


def feel(
    body: Body,
    placement: str,
    settings: ImuSettings | None = None,
    *,
    mounting: FloatArray | None = None,
    seed: int = 0,
    duration_s: float | None = None,
) -> MotionTrack:
    """What a sensor at `placement` measures during the whole session.

    Parameters
    ----------
    body
        Who wears it.
    placement
        One of `body.PLACEMENTS`.
    settings
        The sensor's quality and rate.
    mounting
        Rotation (3, 3) from segment to sensor axes.  None: strapped on anyhow, by the seed.
    seed
        Chooses mounting, offsets and noise; give every sensor its own.
    duration_s
        How long; the script's length when None.

    Returns
    -------
    MotionTrack
        At the sensor's own rate, in the sensor's own axes, with the body's heart beats.

    Raises
    ------
    DeviceError
        If the body has no such placement.

    Examples
    --------
    >>> track = feel(Body(), "chest", PERFECT, duration_s=1.0)
    >>> track.acc_m_s2.shape, float(np.linalg.norm(track.acc_m_s2, axis=1).mean().round(1))
    ((100, 3), 9.8)
    """
    settings = settings or ImuSettings()
    rng = np.random.default_rng([seed, 3])
    turn = random_rotation(rng) if mounting is None else np.asarray(mounting, dtype=np.float64)
    duration_s = body.script.duration_s if duration_s is None else duration_s
    fs_hz = settings.fs_hz * (1.0 + settings.clock_ppm * 1e-6)
    t_s = np.arange(int(duration_s * fs_hz)) / fs_hz
    force_m_s2, rate_rad_s = kinematics(body, placement, t_s)
    acc_m_s2 = _spoil(
        force_m_s2 @ turn.T, settings.acc_bias_m_s2, settings.acc_noise_m_s2, settings, rng
    )
    gyr_rad_s = _spoil(
        rate_rad_s @ turn.T, settings.gyr_bias_rad_s, settings.gyr_noise_rad_s, settings, rng
    )
    return MotionTrack(
        t_s=t_s,
        acc_m_s2=acc_m_s2,
        gyr_rad_s=gyr_rad_s if settings.has_gyro else None,
        beat_t_s=body.beat_s[(body.beat_s >= 0.0) & (body.beat_s <= duration_s)],
    )


def kinematics(body: Body, placement: str, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Specific force in m/s2 and angular rate in rad/s, (n, 3) each, in segment axes, no errors."""
    before = body.pose(placement, t_s - _HALF_STEP_S)
    now = body.pose(placement, t_s)
    after = body.pose(placement, t_s + _HALF_STEP_S)
    world_m_s2 = after.position_m - 2.0 * now.position_m + before.position_m
    world_m_s2 /= _HALF_STEP_S**2
    world_m_s2[:, 2] += STANDARD_GRAVITY_M_S2
    force_m_s2 = np.einsum("nji,nj->ni", now.rotation, world_m_s2)
    force_m_s2 += body.shake_m_s2(placement, t_s)
    # The turn from first to last, seen from the segment: its antisymmetric part is sin(angle) x axis.
    turn = np.einsum("nji,njk->nik", before.rotation, after.rotation)
    sine_axis = 0.5 * np.stack(
        [
            turn[:, 2, 1] - turn[:, 1, 2],
            turn[:, 0, 2] - turn[:, 2, 0],
            turn[:, 1, 0] - turn[:, 0, 1],
        ],
        axis=1,
    )
    rate_rad_s: FloatArray = sine_axis / (2.0 * _HALF_STEP_S)
    return force_m_s2, rate_rad_s


def random_rotation(rng: np.random.Generator) -> FloatArray:
    """A rotation matrix, all orientations equally likely (a normalised Gaussian quaternion)."""
    w, x, y, z = rng.standard_normal(4)
    matrix = np.array(
        [
            [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
    unit: FloatArray = matrix / (w * w + x * x + y * y + z * z)
    return unit


def _spoil(
    true: FloatArray,
    bias: float,
    noise: float,
    settings: ImuSettings,
    rng: np.random.Generator,
) -> FloatArray:
    """Add what a real chip adds; each axis has its own offset and gain, uniform within limits."""
    gain = 1.0 + settings.scale_error * rng.uniform(-1.0, 1.0, 3)
    offset = bias * rng.uniform(-1.0, 1.0, 3)
    spoiled: FloatArray = gain * true + offset + noise * rng.standard_normal(true.shape)
    return spoiled
