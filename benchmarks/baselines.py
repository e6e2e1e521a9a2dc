"""The crude methods to beat, as the keepers of the recordings describe them, and the peers.

They are given the same 10 Hz bins and the same windows as our measures, and no mercy for either.
Peers take one curve, so they get what a competent user would make of three axes: the first
principal component of the whole recording between 0.05 and 0.8 Hz.
"""

from __future__ import annotations

import importlib
import warnings

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
    return spectral_peak_per_min(component(known, fs_hz, band_hz), fs_hz, band_hz)


def component(
    gravity: FloatArray, fs_hz: float, band_hz: tuple[float, float] = (0.05, 0.8)
) -> FloatArray:
    """First principal component within a band of what has no holes."""
    n = len(gravity)
    f_hz = np.fft.rfftfreq(n, 1 / fs_hz)
    spectrum = np.fft.rfft(gravity - gravity.mean(axis=0), axis=0)
    spectrum[(f_hz < band_hz[0]) | (f_hz > band_hz[1])] = 0
    rocking = np.fft.irfft(spectrum, n, axis=0)
    return np.asarray(rocking @ np.linalg.svd(rocking, full_matrices=False)[2][0])


def neurokit2_per_min(gravity: FloatArray, fs_hz: float) -> FloatArray:
    """Rate at every bin by neurokit2's default: khodadad2018, from trough to trough."""
    nk = importlib.import_module("neurokit2")
    clean = nk.rsp_clean(component(gravity, fs_hz), sampling_rate=fs_hz)
    _, found = nk.rsp_peaks(clean, sampling_rate=fs_hz)
    return np.asarray(nk.rsp_rate(clean, troughs=found["RSP_Troughs"], sampling_rate=fs_hz))


def biosppy_per_min(gravity: FloatArray, fs_hz: float) -> FloatArray:
    """Rate at every bin by biosppy's `resp`: 0.1 to 0.35 Hz, zero crossings, smoothed."""
    resp = importlib.import_module("biosppy.signals.resp")
    out = resp.resp(component(gravity, fs_hz), fs_hz, show=False)
    if not len(out["resp_rate"]):
        return np.full(len(gravity), np.nan)
    t_s, told_s = np.arange(len(gravity)) / fs_hz, out["resp_rate_ts"]
    inside = (t_s >= told_s[0]) & (t_s <= told_s[-1])
    return np.where(inside, np.interp(t_s, told_s, 60 * out["resp_rate"]), np.nan)


PEERS = {"neurokit2": neurokit2_per_min, "biosppy": biosppy_per_min}


def peer_per_min(peer: str, gravity: FloatArray, fs_hz: float) -> FloatArray:
    """What a peer says at every bin; NaN where it fails, or is not installed."""
    known = np.isfinite(gravity).all(axis=1)
    out = np.full(len(gravity), np.nan)
    if known.sum() < 20 * fs_hz:
        return out
    whole = np.stack(
        [
            np.interp(np.arange(len(known)), np.flatnonzero(known), axis[known])
            for axis in gravity.T
        ],
        axis=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, about few cycles and old arguments
        try:
            return np.asarray(PEERS[peer](whole, fs_hz), dtype=float)
        except (ImportError, ValueError, IndexError, KeyError):
            return out


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
