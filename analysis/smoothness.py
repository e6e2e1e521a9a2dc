"""How smooth was one movement?  Spectral arc length and log dimensionless jerk.

Both take one movement, cut from start to end; on rest or on rhythm they mean nothing.  Both are
negative, and nearer to zero when smoother: a single bell-shaped movement has about -1.4 and -5.3.

    SPARC    length of the spectrum's outline: blind to duration and size, hardly disturbed by noise
    LDLJ-V   log of the squared jerk over duration and size: sees more, also the noise

S. Balasubramanian, A. Melendez-Calderon, E. Burdet: doi:10.1109/TBME.2011.2179545 (SPARC),
doi:10.1186/s12984-015-0090-9 (LDLJ); A. Melendez-Calderon et al. doi:10.3389/fbioe.2020.558771
(what holds for inertial sensors: SPARC on the gyroscope's rate does; speed integrated from an
accelerometer does not).
"""

from __future__ import annotations

import numpy as np

from analysis.errors import InputError
from analysis.results import FloatArray

LEAST_SIGNAL_TO_GRAVITY = 1.01
"""RMS of the acceleration over gravity, below which LDLJ-A is withheld: a scale error of 1 % (a
good cheap sensor; the poor ones have 12 %) would be as large as the movement."""

_FEWEST_SAMPLES = 4  # a second difference and one more


def sparc(
    speed: FloatArray,
    fs_hz: float,
    *,
    pad_level: int = 4,
    cut_hz: float = 10.0,
    least_amplitude: float = 0.05,
) -> float | None:
    """Spectral arc length of a speed profile; None for a profile that is too short or all zero.

    Parameters
    ----------
    speed : (n,) array
        Speed over one movement, any unit; the size does not matter.
    fs_hz : float
        Sampling rate.
    pad_level, cut_hz, least_amplitude
        The authors' values: 16 times zero padding, nothing above 10 Hz, and up to the last
        frequency that has 5 % of the greatest amplitude.  Frequencies end at half the rate (the
        authors' program would go on into the mirror image).

    Raises
    ------
    InputError
        If the speed is not a plain array of known numbers.

    Examples
    --------
    >>> t = np.arange(-1, 1, 0.01)
    >>> print(f"{sparc(np.exp(-5 * t**2), 100.0):.5f}")
    -1.41403
    """
    v = _checked(speed, fs_hz)
    if len(v) < _FEWEST_SAMPLES or not v.any():
        return None
    n_fft = int(2 ** (np.ceil(np.log2(len(v))) + pad_level))
    amplitude = np.abs(np.fft.rfft(v, n_fft))
    f_hz = np.arange(n_fft // 2 + 1) * (fs_hz / n_fft)
    amplitude = (amplitude / amplitude.max())[f_hz <= cut_hz]
    f_hz = f_hz[f_hz <= cut_hz]
    loud = np.flatnonzero(amplitude >= least_amplitude)
    if len(loud) == 0 or loud[-1] == loud[0]:
        return None  # all of it lies above the cut: shaking, not a movement
    chosen = slice(loud[0], loud[-1] + 1)
    steps_hz = np.diff(f_hz[chosen]) / (f_hz[loud[-1]] - f_hz[loud[0]])
    return -float(np.hypot(steps_hz, np.diff(amplitude[chosen])).sum())


def dimensionless_jerk(speed: FloatArray, fs_hz: float) -> float | None:
    """Squared jerk of a speed profile, freed of duration and peak speed; negative.

    None for a profile that is too short or all zero.

    Examples
    --------
    >>> t = np.arange(-1, 1, 0.01)
    >>> print(f"{dimensionless_jerk(np.exp(-5 * t**2), 100.0):.5f}")
    -335.74684
    """
    v = _checked(speed, fs_hz)
    if len(v) < _FEWEST_SAMPLES or not v.any():
        return None
    jerk = np.diff(v, 2) * fs_hz**2
    duration_s = len(v) / fs_hz
    return -float((jerk**2).sum() / fs_hz * duration_s**3 / np.abs(v).max() ** 2)


def ldlj(speed: FloatArray, fs_hz: float) -> float | None:
    """Log dimensionless jerk of a speed profile (the authors' LDLJ-V, peak speed as its size).

    None for a profile that is too short, all zero, or without any jerk.

    Examples
    --------
    >>> t = np.arange(-1, 1, 0.01)
    >>> print(f"{ldlj(np.exp(-5 * t**2), 100.0):.5f}")
    -5.81636
    """
    jerk = dimensionless_jerk(speed, fs_hz)
    return None if jerk is None or jerk == 0 else -float(np.log(-jerk))


def ldlj_a_imu(
    acc_m_s2: FloatArray,
    gyr_rad_s: FloatArray,
    fs_hz: float,
    *,
    gravity_m_s2: float = 9.80665,
    least_signal_to_gravity: float = LEAST_SIGNAL_TO_GRAVITY,
) -> float | None:
    """Log dimensionless jerk of an accelerometer with a gyroscope beside it ("LDLJ-A, IMU, 2020").

    -ln T + ln A - ln J with A the mean square acceleration less gravity's, and J the squared jerk
    without what gravity's turning adds: da/dt - a x w.  None where the acceleration hardly exceeds
    gravity: the difference A is then the sensor's scale error.  Slow limb movements are of that
    kind, so here it is mostly withheld, on purpose.

    Raises
    ------
    InputError
        If the arrays are not (n, 3) of known numbers and equally long.
    """
    acc, gyr = _checked_axes(acc_m_s2, fs_hz), _checked_axes(gyr_rad_s, fs_hz)
    if acc.shape != gyr.shape:
        raise InputError(f"acc_m_s2 {acc.shape} and gyr_rad_s {gyr.shape} must be equally long")
    if len(acc) < _FEWEST_SAMPLES:
        return None
    mean_square = float((acc**2).sum()) / len(acc)
    if mean_square < (least_signal_to_gravity * gravity_m_s2) ** 2:
        return None
    change = np.vstack([np.zeros((1, 3)), np.diff(acc, axis=0) * fs_hz])  # as the authors pad it
    jerk = change - np.cross(acc, gyr)
    return _log_ratio(mean_square - gravity_m_s2**2, jerk, len(acc) / fs_hz, fs_hz)


def ldlj_a_accelerometer_only(acc_m_s2: FloatArray, fs_hz: float) -> float | None:
    """Log dimensionless jerk of an accelerometer alone ("LDLJ-A, peak, mean removed, 2020").

    -ln T + ln A - ln J with A the square of the greatest deviation from the movement's mean
    acceleration.  Gravity that turns with the limb counts as acceleration: compare only movements
    of the same kind, and never with `ldlj` or `ldlj_a_imu`.
    """
    acc = _checked_axes(acc_m_s2, fs_hz)
    if len(acc) < _FEWEST_SAMPLES:
        return None
    deviation = acc - acc.mean(axis=0)
    size = float((deviation**2).sum(axis=1).max())
    return _log_ratio(size, np.diff(acc, axis=0) * fs_hz, len(acc) / fs_hz, fs_hz)


def _log_ratio(size: float, jerk: FloatArray, duration_s: float, fs_hz: float) -> float | None:
    total = float((jerk**2).sum()) / fs_hz
    if size <= 0 or total <= 0:
        return None
    return float(-np.log(duration_s) + np.log(size) - np.log(total))


def _checked(speed: FloatArray, fs_hz: float) -> FloatArray:
    v = np.asarray(speed, dtype=np.float64)
    if v.ndim != 1:
        raise InputError(f"speed must have shape (n,), got {v.shape}")
    return _known(v, fs_hz, "speed")


def _checked_axes(values: FloatArray, fs_hz: float) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise InputError(f"three axes must have shape (n, 3), got {array.shape}")
    return _known(array, fs_hz, "the movement")


def _known(values: FloatArray, fs_hz: float, name: str) -> FloatArray:
    if not (np.isfinite(fs_hz) and fs_hz > 0):
        raise InputError(f"fs_hz must be a positive rate in Hz, got {fs_hz}")
    n_bad = int(np.count_nonzero(~np.isfinite(values)))
    if n_bad:
        raise InputError(
            f"{name} has {n_bad} unknown values of {values.size}",
            hint="Cut movements where nothing is missing; a gap has no smoothness.",
        )
    return values
