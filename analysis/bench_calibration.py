"""Offset, scale and skew of a sensor from a few minutes on a table.

    six faces up, one after the other    ->  accelerometer        (also without the gyroscope)
    a whole turn about each axis         ->  gyroscope

    measured = scale . skew . true + offset        (the gyroscope also feels gravity a little)

The method of Ferraris, Grimaldi and Parvis (1995, Sensors and Materials 7:311) as imucal 2.6 has it,
and equal to it.  Faces need only be square to each other to a degree: that error goes into the skew.
A sensor whose offsets turn its tilt by 4 deg is right to 0.1 deg afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.arrays import G_M_S2, known_mean
from analysis.errors import InputError
from analysis.results import FloatArray

FACES = ("x_p", "x_a", "y_p", "y_a", "z_p", "z_a")
"""Which axis points up (``p``) or down (``a``)."""

TURNS = ("x_rot", "y_rot", "z_rot")

LEAST_ALONG = 0.8
"""Share of gravity along the axis that is said to point up: 37 deg off is another face."""


@dataclass(frozen=True, slots=True, eq=False)
class BenchCalibration:
    """What turns a sensor's readings into true ones.

    Attributes
    ----------
    acc_offset_m_s2 : (3,) array
    acc_scale, acc_skew : (3, 3) arrays
        Diagonal gains, and the directions of the axes.
    gyr_offset_rad_s : (3,) array or None
        None: the gyroscope was not calibrated.
    gyr_scale, gyr_skew, gyr_per_acc : (3, 3) arrays or None
        The last is rad/s a m/s2: what gravity does to the rate.
    """

    acc_offset_m_s2: FloatArray
    acc_scale: FloatArray
    acc_skew: FloatArray
    gyr_offset_rad_s: FloatArray | None = None
    gyr_scale: FloatArray | None = None
    gyr_skew: FloatArray | None = None
    gyr_per_acc: FloatArray | None = None

    def acc(self, acc_m_s2: FloatArray) -> FloatArray:
        """True acceleration (n, 3) of measured rows; NaN stays NaN.

        Examples
        --------
        >>> two = BenchCalibration(np.array([0.0, 0.0, 0.2]), np.eye(3), np.eye(3))
        >>> two.acc(np.array([[0.0, 0.0, 10.0]]))
        array([[0. , 0. , 9.8]])
        """
        inverse = np.linalg.inv(self.acc_scale @ self.acc_skew)
        return np.asarray((acc_m_s2 - self.acc_offset_m_s2) @ inverse.T)

    def gyr(self, gyr_rad_s: FloatArray, acc_m_s2: FloatArray) -> FloatArray:
        """True rate (n, 3) of measured rows and the true acceleration beside them."""
        if (
            self.gyr_offset_rad_s is None
            or self.gyr_scale is None
            or self.gyr_skew is None
            or self.gyr_per_acc is None
        ):
            return gyr_rad_s
        inverse = np.linalg.inv(self.gyr_scale @ self.gyr_skew)
        felt = acc_m_s2 @ self.gyr_per_acc.T + self.gyr_offset_rad_s
        return np.asarray((gyr_rad_s - felt) @ inverse.T)


def six_faces(acc_m_s2: Mapping[str, FloatArray]) -> BenchCalibration:
    """Calibrate an accelerometer from six still stretches.

    Parameters
    ----------
    acc_m_s2 : mapping of face to (n, 3) array
        Each of `FACES`, lying still; NaN rows allowed.

    Raises
    ------
    InputError
        When a face is missing or another one is up; the message says which.

    Examples
    --------
    >>> faces = {f: np.zeros((5, 3)) + [0.3, 0.0, 0.0] for f in FACES}
    >>> for i, axis in enumerate("xyz"):
    ...     faces[f"{axis}_p"][:, i] += 1.02 * G_M_S2
    ...     faces[f"{axis}_a"][:, i] -= 1.02 * G_M_S2
    >>> found = six_faces(faces)
    >>> found.acc_offset_m_s2.round(6), found.acc_scale.diagonal().round(6)
    (array([0.3, 0. , 0. ]), array([1.02, 1.02, 1.02]))
    """
    means = _means(acc_m_s2)
    for i, axis in enumerate("xyz"):
        for face, sense in ((f"{axis}_p", 1.0), (f"{axis}_a", -1.0)):
            along = sense * means[face][i] / np.linalg.norm(means[face])
            if not along > LEAST_ALONG:
                raise InputError(
                    f"{face}: the {axis} axis does not point {'up' if sense > 0 else 'down'}"
                    f" ({np.round(means[face], 1).tolist()} m/s2)",
                    hint="Lay the sensor on the six faces of a box in the order x, y, z, each up"
                    " then down.",
                )
    up = np.stack([means[f"{a}_p"] for a in "xyz"], axis=1)
    down = np.stack([means[f"{a}_a"] for a in "xyz"], axis=1)
    scale, skew = _scale_and_skew((up - down) / (2.0 * G_M_S2))
    return BenchCalibration(np.diagonal((up + down) / 2.0).copy(), scale, skew)


def ferraris(
    acc_m_s2: Mapping[str, FloatArray], gyr_rad_s: Mapping[str, FloatArray], fs_hz: float
) -> BenchCalibration:
    """Calibrate accelerometer and gyroscope from six faces and a whole turn about each axis.

    Parameters
    ----------
    acc_m_s2, gyr_rad_s : mapping of stretch to (n, 3) array
        Each of `FACES` and `TURNS`; a turn goes once round against its axis (clockwise, seen from
        where the axis points to), beginning and ending at rest.
    fs_hz : float
        Samples a second, by which the turns are added up.

    Raises
    ------
    InputError
        As `six_faces`; or when a turn is not a whole one.
    """
    found = six_faces(acc_m_s2)
    means = _means(gyr_rad_s)
    up = np.stack([means[f"{a}_p"] for a in "xyz"], axis=1)
    down = np.stack([means[f"{a}_a"] for a in "xyz"], axis=1)
    per_acc = (up - down) / (2.0 * G_M_S2)
    # each face is opposed by another, so gravity's part goes out of the mean of them all
    offset = known_mean(np.concatenate([gyr_rad_s[face] for face in FACES]).T)
    turned = np.empty((3, 3))
    for i, name in enumerate(TURNS):
        if name not in gyr_rad_s or name not in acc_m_s2:
            raise InputError(f"{name} is missing", hint=f"Give {', '.join(TURNS)}.")
        felt = found.acc(acc_m_s2[name]) @ per_acc.T + offset
        turned[:, i] = (gyr_rad_s[name] - felt).sum(axis=0) / fs_hz
        share = -turned[i, i] / (2.0 * np.pi)
        if not 0.8 < share < 1.2:
            raise InputError(
                f"{name}: turned by {360 * share:.0f} deg about {name[0]} instead of 360",
                hint="Turn once round, clockwise seen from where the axis points to.",
            )
    scale, skew = _scale_and_skew(-turned / (2.0 * np.pi))
    return BenchCalibration(
        found.acc_offset_m_s2, found.acc_scale, found.acc_skew, offset, scale, skew, per_acc
    )


def _scale_and_skew(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A matrix as diagonal gains times rows of length 1."""
    scale = np.diag(np.sqrt(np.diagonal(matrix @ matrix.T)))
    return scale, np.linalg.inv(scale) @ matrix


def _means(rows: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    missing = [face for face in FACES if face not in rows or not np.isfinite(rows[face]).any()]
    if missing:
        raise InputError(f"{', '.join(missing)} missing", hint=f"Give {', '.join(FACES)}.")
    return {face: known_mean(np.asarray(rows[face], dtype=float).T) for face in FACES}
