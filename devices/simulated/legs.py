r"""A leg as a hinge chain: hip, knee, ankle, floor.

                 knee
                 /\            thigh inclination  θ, from the floor, rising towards the knee
         thigh /    \ shank    shank inclination  φ, rising towards the knee
             / θ    φ \        knee flexion       k = θ + φ
        hip ●───────────● ankle        (head to the left, foot flat on the floor)

With the foot on the floor the chain is closed, so one number, the flexion, fixes both
inclinations:  L_thigh sin θ - L_shank sin(k - θ) = h,  where h is how much higher the ankle is
than the hip.  Written as one sine this is solved exactly.

A leg that falls out or in turns as a whole about the line from hip to ankle: the flexion stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devices.chunk import FloatArray


@dataclass(frozen=True, slots=True)
class LegGeometry:
    """Lengths of an average adult leg.

    Attributes
    ----------
    thigh_m, shank_m : float
        Joint to joint: 0.245 and 0.246 of a stature of 1.75 m for the thigh, less the foot for
        the shank (Winter, Biomechanics and Motor Control of Human Movement, fig. 4.1).
    ankle_above_hip_m : float
        Both joints are 8 to 10 cm above the floor; the hip lies a little higher.
    """

    thigh_m: float = 0.43
    shank_m: float = 0.41
    ankle_above_hip_m: float = -0.01


def thigh_inclination_deg(knee_deg: FloatArray, geometry: LegGeometry) -> FloatArray:
    """Inclination of the thigh when the foot is on the floor and the knee is flexed so far.

    The shank's inclination is `knee_deg` minus this.

    Examples
    --------
    With thigh and shank of equal length and level joints, each takes half:

    >>> level = LegGeometry(thigh_m=0.4, shank_m=0.4, ankle_above_hip_m=0.0)
    >>> thigh_inclination_deg(np.array([0.0, 90.0]), level).round(6).tolist()
    [0.0, 45.0]
    """
    knee = np.deg2rad(knee_deg)
    thigh_m, shank_m = geometry.thigh_m, geometry.shank_m
    along_m = thigh_m + shank_m * np.cos(knee)
    across_m = shank_m * np.sin(knee)
    height = geometry.ankle_above_hip_m / np.hypot(along_m, across_m)
    inclination: FloatArray = np.rad2deg(np.arctan2(across_m, along_m) + np.arcsin(height))
    return inclination


def turn_x(angle_deg: FloatArray) -> FloatArray:
    """Rotation matrices (n, 3, 3) about the long axis: positive turns lateral to anterior."""
    return _turn(angle_deg, 1, 2)


def turn_y(angle_deg: FloatArray) -> FloatArray:
    """Rotation matrices (n, 3, 3) about the lateral axis: positive tips the head end down."""
    return _turn(angle_deg, 2, 0)


def _turn(angle_deg: FloatArray, first: int, second: int) -> FloatArray:
    """Turn axis `first` towards axis `second`."""
    angle = np.deg2rad(angle_deg)
    matrices: FloatArray = np.zeros((*angle.shape, 3, 3))
    fixed = 3 - first - second
    matrices[..., fixed, fixed] = 1.0
    matrices[..., first, first] = matrices[..., second, second] = np.cos(angle)
    matrices[..., second, first] = np.sin(angle)
    matrices[..., first, second] = -np.sin(angle)
    return matrices
