"""The crude methods to beat, as the keepers of the recordings describe them.

They are given the same 10 Hz bins and the same windows as our measures, and no mercy for either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def breathing_per_min(
    gravity: FloatArray, fs_hz: float, band_hz: tuple[float, float] = (0.1, 0.7)
) -> float:
    """Highest point of the spectrum of the first principal component within a band."""
    known = gravity[np.isfinite(gravity).all(axis=1)]
    if len(known) < 10 * fs_hz:
        return float("nan")
    n = len(known)
    f_hz = np.fft.rfftfreq(n, 1 / fs_hz)
    spectrum = np.fft.rfft(known - known.mean(axis=0), axis=0)
    spectrum[(f_hz < band_hz[0]) | (f_hz > band_hz[1])] = 0
    rocking = np.fft.irfft(spectrum, n, axis=0)
    component = rocking @ np.linalg.svd(rocking, full_matrices=False)[2][0]
    return spectral_peak_per_min(component, fs_hz, band_hz)


def spectral_peak_per_min(
    signal: FloatArray, fs_hz: float, band_hz: tuple[float, float] = (0.1, 0.6)
) -> float:
    """Highest point of a Hann-tapered, zero-padded spectrum within a band."""
    known = signal[np.isfinite(signal)]
    tapered = (known - known.mean()) * np.hanning(len(known))
    n_fft = 8192
    power = np.abs(np.fft.rfft(tapered, n_fft)) ** 2
    f_hz = np.fft.rfftfreq(n_fft, 1 / fs_hz)
    power[(f_hz < band_hz[0]) | (f_hz > band_hz[1])] = 0
    return 60 * float(f_hz[int(power.argmax())])


def fidget_mg(acc_m_s2: FloatArray, fs_hz: float, band_hz: tuple[float, float]) -> float:
    """RMS of all axes within a band over a whole recording."""
    mg = acc_m_s2 / 9.80665 * 1000
    f_hz = np.fft.rfftfreq(len(mg), 1 / fs_hz)
    spectrum = np.fft.rfft(mg - mg.mean(axis=0), axis=0)
    spectrum[(f_hz < band_hz[0]) | (f_hz > band_hz[1])] = 0
    return float(np.sqrt((np.fft.irfft(spectrum, len(mg), axis=0) ** 2).sum(axis=1).mean()))
