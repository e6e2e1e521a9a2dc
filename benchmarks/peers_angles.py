"""Where up is, by other people's filters, for the accuracy table; a peer not installed is left out."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

G_M_S2 = 9.80665


def peers(
    acc_m_s2: FloatArray, gyr_rad_s: FloatArray, fs_hz: float
) -> Iterator[tuple[str, FloatArray]]:
    """Name and up (n, 3) in sensor axes of each peer installed, with its own default settings."""
    acc_m_s2, gyr_rad_s = (np.ascontiguousarray(v, dtype=float) for v in (acc_m_s2, gyr_rad_s))
    for name, up_of in (("vqf", _vqf), ("ahrs", _ahrs_madgwick), ("imufusion", _imufusion)):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        yield name, up_of(acc_m_s2, gyr_rad_s, fs_hz)


def up_of_quaternions(q: FloatArray) -> FloatArray:
    """Up (n, 3) in sensor axes of sensor-to-world quaternions w, x, y, z, world z up."""
    w, x, y, z = q.T
    return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)


def _vqf(acc: FloatArray, gyr: FloatArray, fs_hz: float) -> FloatArray:
    vqf = importlib.import_module("vqf")
    found = vqf.VQF(1.0 / fs_hz).updateBatch(gyr, acc)
    return up_of_quaternions(found["quat6D"])


def _ahrs_madgwick(acc: FloatArray, gyr: FloatArray, fs_hz: float) -> FloatArray:
    filters = importlib.import_module("ahrs.filters")
    q = np.asarray(filters.Madgwick(gyr=gyr, acc=acc, frequency=fs_hz).Q)
    # versions differ in which way their quaternion turns: gravity at rest decides
    ways = [up_of_quaternions(q), up_of_quaternions(q * [1.0, -1.0, -1.0, -1.0])]
    middle = acc / np.linalg.norm(acc, axis=1, keepdims=True)
    return max(ways, key=lambda up: float(np.median(np.einsum("ni,ni->n", up, middle))))


def _imufusion(acc: FloatArray, gyr: FloatArray, fs_hz: float) -> FloatArray:
    imufusion = importlib.import_module("imufusion")
    ahrs = imufusion.Ahrs()
    ahrs.set_sample_period(1.0 / fs_hz)
    up = np.empty_like(acc)
    gyr_deg_s, acc_g = np.degrees(gyr), acc / G_M_S2
    for i in range(len(acc)):
        ahrs.update_no_magnetometer(gyr_deg_s[i], acc_g[i])
        up[i] = ahrs.get_gravity()
    return up
