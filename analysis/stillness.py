"""How still does a body segment lie?  Three bands, of which two count.

    below 0.1 Hz     posture drift, an angle in degrees (`analysis.posture`)
    0.1 to 0.7 Hz    breathing and its overtones: not restlessness, left out
    0.7 to 4 Hz      fidgets, talking, the heart's knock: RMS in mg above the sensor's own noise

A slow turn, a knee drawn up or the body rolling over, has nothing in the third band: a segment that
turns by more than `turn_above_deg` within a second moves, however smoothly (`with_turning`).

A heart alone moves a chest by 3 to 5 mg in the third band; talking makes it 6 to 10, coughing and
shifting tens to hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.results import FloatArray
from analysis.spectrum import BoolArray, bridged, by_axis, check_windows, detrended, frequencies

WINDOW_S = 3.0
"""Length of the windows to pass: the epoch that ends them and the two seconds before it."""

_STANDARD_GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True, slots=True)
class StillnessSettings:
    """The fidget band and the limit of stillness; every default with its source."""

    low_hz: float = 0.7  # above breathing at 35 per minute
    high_hz: float = 4.0  # limbs and trunks of people at rest have little above
    still_below_mg: float = 10.0  # twice a quiet chest with its heart beat; below any shift
    known_share: float = 0.8  # of the window
    bridge_s: float = 0.1  # a lost packet; a quarter of the shortest fidget
    turn_above_deg: float = (
        4.0  # in a second; deep breaths turn a chest by 2, a knee is drawn at 10
    )
    merge_s: float = 2.0  # two twitches nearer than this are one movement


@dataclass(frozen=True, slots=True, eq=False)
class Stillness:
    """One row a window; movement is NaN where not known, and the unknown is not still."""

    movement_mg: FloatArray
    is_still: NDArray[np.bool_]


def stillness(
    acc_windows_m_s2: FloatArray,
    fs_hz: float,
    noise_m_s2: FloatArray | float = 0.0,
    settings: StillnessSettings | None = None,
) -> Stillness:
    """Movement in the fidget band over the window that ends at each epoch.

    Parameters
    ----------
    acc_windows_m_s2 : (k, n, 3) array
        The last `WINDOW_S` seconds on a uniform grid; NaN where unknown.
    fs_hz : float
        Rate of the grid.  Below twice the band's upper edge the answer is unknown.
    noise_m_s2 : float or (k,) array
        RMS of the resting sensor's own noise in the band, all axes together (`own_noise_m_s2`); it
        is taken off as power.

    Raises
    ------
    InputError
        If the windows have another shape.

    Notes
    -----
    A cubic is taken out of each window before the Hann-tapered spectrum, so that breathing does
    not leak into the band.  The axes are added: turning the sensor changes nothing.

    Examples
    --------
    >>> t = np.arange(150) / 50
    >>> shake = 0.2 * np.sqrt(2) * np.sin(2 * np.pi * 2 * t)
    >>> window = np.stack([shake, 0 * t, 9.81 + 0 * t], axis=1)[np.newaxis]
    >>> answer = stillness(window, 50.0)
    >>> print(round(answer.movement_mg[0], 1), answer.is_still[0])
    20.4 False
    """
    windows = check_windows(acc_windows_m_s2, fs_hz, name="acc_windows_m_s2")
    s = settings or StillnessSettings()
    k, n, _ = windows.shape
    if fs_hz < 2 * s.high_hz or n < 4:
        return Stillness(np.full(k, np.nan), np.zeros(k, dtype=np.bool_))
    taper = np.hanning(n + 2)[1:-1]
    f_hz = frequencies(n, fs_hz)[: n // 2 + 1]
    band = (f_hz >= s.low_hz) & (f_hz <= s.high_hz)
    known = np.ones(k, dtype=np.bool_)
    # one product does it all where nothing is missing: trend out, taper, spectrum, the band alone
    whole = by_axis(windows).reshape(3 * k, n)
    parts = whole @ _to_band(n, tuple(np.flatnonzero(band).tolist()))
    square = 2 / n * np.einsum("ij,ij->i", parts, parts).reshape(k, 3).sum(axis=1)
    square /= float(taper @ taper)
    (holed,) = np.nonzero(~np.isfinite(square))
    if len(holed):
        values, usable = bridged(by_axis(windows[holed]), round(s.bridge_s * fs_hz))
        # the weight of what is known under the taper: a hole is left out, not taken for stillness
        weight = usable @ (taper**2)
        spectrum = np.fft.rfft(detrended(values, usable, order=3) * taper, axis=2)
        in_band = 2 * (np.abs(spectrum[:, :, band]) ** 2).sum(axis=(1, 2)) / n
        square[holed] = in_band / np.maximum(weight, 1e-9)
        known[holed] = usable.mean(axis=1) >= s.known_share
    square = square - np.asarray(noise_m_s2) ** 2
    movement_mg = 1000 / _STANDARD_GRAVITY_M_S2 * np.sqrt(np.maximum(square, 0.0))
    movement_mg = np.where(known, movement_mg, np.nan)
    return Stillness(movement_mg, known & (movement_mg < s.still_below_mg))


def with_turning(
    seen: Stillness, turned_deg: FloatArray, settings: StillnessSettings | None = None
) -> Stillness:
    """Count slow turns as movement: by as many mg as gravity changed within the second.

    Parameters
    ----------
    seen : Stillness
        What the fidget band says.
    turned_deg : (k,) array
        Turn of gravity's direction within each epoch; NaN, unknown, changes nothing.

    Examples
    --------
    >>> quiet = Stillness(np.array([2.0, 2.0]), np.array([True, True]))
    >>> with_turning(quiet, np.array([1.0, 30.0])).movement_mg.round(1).tolist()
    [2.0, 517.6]
    """
    s = settings or StillnessSettings()
    turns = np.nan_to_num(turned_deg) > s.turn_above_deg
    chord_mg = 2000.0 * np.sin(np.radians(np.nan_to_num(turned_deg)) / 2)
    movement_mg = np.where(turns, np.fmax(seen.movement_mg, chord_mg), seen.movement_mg)
    return Stillness(movement_mg, seen.is_still & ~turns)


def own_noise_m_s2(
    acc_windows_m_s2: FloatArray, fs_hz: float, settings: StillnessSettings | None = None
) -> FloatArray:
    """Noise that a sensor shows in the fidget band, as seen in each window; (k,), NaN where unknown.

    White noise makes neighbouring samples differ; what a body does within 4 Hz hardly bends the
    line through three of them.  So the second differences tell the noise, and the band has its
    share of it.  A window with a shiver or a knock reads high: take the least of many.

    Parameters
    ----------
    acc_windows_m_s2 : (k, n, 3) array
        On a uniform grid, which must not be much finer than the sensor's own rate (interpolation
        hides noise, and too little would be taken off).
    fs_hz : float
        Rate of the grid.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.03, (1, 5000, 3))
    >>> print(own_noise_m_s2(noise, 50.0).round(4), round(0.03 * np.sqrt(3 * 3.3 / 25), 4))
    [0.0189] 0.0189
    """
    s = settings or StillnessSettings()
    w = acc_windows_m_s2
    bend = w[:, 2:] - 2 * w[:, 1:-1] + w[:, :-2]
    # the variance of a + c - 2 b is six times that of each
    square = np.einsum("kij,kij->k", bend, bend) / (6 * max(bend.shape[1], 1))
    share = min(1.0, (s.high_hz - s.low_hz) / (fs_hz / 2))
    return np.asarray(np.sqrt(square * share))


def still_share(movement_mg: FloatArray, settings: StillnessSettings | None = None) -> float | None:
    """Share of the known epochs that were still; None when none is known."""
    still, known = _still(movement_mg, settings)
    return float(still[known].mean()) if known.any() else None


def movements_per_min(
    t_s: FloatArray, movement_mg: FloatArray, settings: StillnessSettings | None = None
) -> float | None:
    """Movements a minute of known time; bursts nearer than 2 s count once.

    Examples
    --------
    >>> t = np.arange(1.0, 61.0)
    >>> mg = np.full(60, 3.0)
    >>> mg[[10, 12, 40]] = 50.0
    >>> movements_per_min(t, mg)
    2.0
    """
    s = settings or StillnessSettings()
    still, known = _still(movement_mg, s)
    if not known.any():
        return None
    moving_t_s = np.asarray(t_s)[known & ~still]
    n = 0 if len(moving_t_s) == 0 else 1 + int((np.diff(moving_t_s) > s.merge_s).sum())
    return 60.0 * n / (float(known.sum()) * _epoch_s(t_s))


def longest_still_s(
    t_s: FloatArray, movement_mg: FloatArray, settings: StillnessSettings | None = None
) -> float | None:
    """Longest unbroken run of still epochs in seconds; an unknown epoch breaks it.

    Examples
    --------
    >>> longest_still_s(np.arange(1.0, 7.0), np.array([1.0, 1.0, 50.0, 1.0, 1.0, 1.0]))
    3.0
    """
    still, known = _still(movement_mg, settings)
    if not known.any():
        return None
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return float(runs.max(initial=0)) * _epoch_s(t_s)


def settled_after_s(
    t_s: FloatArray,
    movement_mg: FloatArray,
    settings: StillnessSettings | None = None,
    *,
    hold_s: float = 60.0,
    share: float = 0.9,
) -> float | None:
    """When stillness began: start of the first `hold_s` of which `share` was still; None if never.

    Examples
    --------
    >>> settled_after_s(np.arange(1.0, 121.0), np.r_[np.full(30, 80.0), np.full(90, 2.0)])
    30.0
    """
    still, _ = _still(movement_mg, settings)
    n = round(hold_s / _epoch_s(t_s))
    if len(still) < n:
        return None
    counts = np.convolve(still, np.ones(n), mode="valid")
    begins = np.flatnonzero((counts >= share * n - 1e-9) & still[: len(counts)])
    return float(t_s[begins[0]]) - _epoch_s(t_s) if len(begins) else None


def _still(
    movement_mg: FloatArray, settings: StillnessSettings | None
) -> tuple[BoolArray, BoolArray]:
    limit = (settings or StillnessSettings()).still_below_mg
    movement = np.asarray(movement_mg, dtype=float)
    return movement < limit, np.isfinite(movement)


def _epoch_s(t_s: FloatArray) -> float:
    return float(np.median(np.diff(t_s))) if len(t_s) > 1 else 1.0


@cache
def _to_band(n: int, bins: tuple[int, ...]) -> FloatArray:
    """Matrix (n, 2 bins) from samples to the tapered spectrum's bins, a cubic taken out before."""
    x = np.linspace(-1.0, 1.0, n)
    cubic, _ = np.linalg.qr(np.stack([x**p for p in range(4)], axis=1))
    angle = 2 * np.pi * np.outer(np.arange(n), bins) / n
    waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    waves *= np.hanning(n + 2)[1:-1, np.newaxis]
    return np.asarray(waves - cubic @ (cubic.T @ waves))
