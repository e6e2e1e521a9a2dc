"""Where in frequency the chest moved, from the raw recording.

    samples --grid--> windows of 40 s every 10 s --numpy's FFT--> power of the three axes --> bands

The sum over the axes does not depend on how the sensor sits.  Bands are even on a logarithmic
scale, since breath (0.1 to 0.5 Hz), heart beats (1 Hz) and their tremor (5 to 20 Hz) lie a hundredfold
apart.  A window is unknown when more than a twentieth of it was not heard; what is missing from
the others weighs nothing, it is not filled in.

Reading a recording takes longer than all the rest of a report, so the bands are kept beside it in
a small file that may be thrown away: ``chest-motion.npz``.
"""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.results import FloatArray, SensorData
from monitor import __version__, home
from monitor.errors import UserError

CACHE_NAME = "chest-motion.npz"

_WINDOW_S = 40.0  # four slow breaths: lines 0.025 Hz apart
_STEP_S = 10.0
_FS_HZ = 50.0  # the heart's tremor ends at 20 Hz
_LOWEST_HZ = 0.05  # two periods in a window
_BANDS_A_DECADE = 26
_LEAST_HEARD = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Power by time and frequency.

    Attributes
    ----------
    t_s : (n,) array
        Middle of each window, session seconds.
    edges_hz : (k + 1,) array
        Edges of the bands.
    power_db : (n, k) array
        Power density, 10 log10 of (m/s²)²/Hz; NaN where unknown.
    """

    t_s: FloatArray
    edges_hz: FloatArray
    power_db: FloatArray
    step_s: float = _STEP_S

    def limits_db(self) -> tuple[float, float]:
        """What is drawn as nothing and as full colour: the middle 2 to 99.5 % of what is known."""
        known = self.power_db[np.isfinite(self.power_db)]
        if not len(known):
            return 0.0, 1.0
        low, high = (float(v) for v in np.percentile(known, [2.0, 99.5]))
        return low, max(high, low + 1.0)


def spectrogram(data: SensorData) -> Spectrogram | None:
    """The spectrogram of one sensor's acceleration; None when it was heard for less than a window.

    Examples
    --------
    >>> t_s = np.arange(0, 120, 0.02)
    >>> acc = np.stack([np.sin(2 * np.pi * 1.5 * t_s), 0 * t_s, 9.81 + 0 * t_s], axis=1)
    >>> found = spectrogram(SensorData(t_s, acc))
    >>> loudest = int(found.power_db[4].argmax())
    >>> bool(found.edges_hz[loudest] <= 1.5 < found.edges_hz[loudest + 1])
    True
    """
    from analysis.grid import cell_means  # noqa: PLC0415  # only when there is something to draw

    t_s = data.t_s
    if len(t_s) < 2 or t_s[-1] - t_s[0] < _WINDOW_S:
        return None
    fs_hz = min(_FS_HZ, 1.0 / float(np.median(np.diff(t_s))))
    n_cells = int(t_s[-1] * fs_hz)
    acc = cell_means(t_s, data.acc_m_s2, 0, n_cells, fs_hz)
    width, step = round(_WINDOW_S * fs_hz), round(_STEP_S * fs_hz)
    starts = np.arange(0, n_cells - width + 1, step)
    edges_hz: FloatArray = _edges(fs_hz)
    window = np.hanning(width)
    line_hz: FloatArray = np.arange(width // 2 + 1, dtype=np.float64) * (fs_hz / width)
    band = np.digitize(line_hz, edges_hz) - 1
    power_db: FloatArray = np.full((len(starts), len(edges_hz) - 1), np.nan)
    for row, start in enumerate(starts):
        piece = acc[start : start + width]
        heard = np.isfinite(piece).all(axis=1)
        if heard.mean() >= _LEAST_HEARD:
            weight = window * heard
            density = _density(piece, weight, fs_hz)
            power_db[row] = 10.0 * np.log10(_by_band(line_hz, density, band, edges_hz))
    # the first report shows what is kept for the next: to a few hundredths of a decibel
    kept_db: FloatArray = power_db.astype(np.float16).astype(np.float64)
    middle_s = np.asarray((starts + width / 2) / fs_hz, dtype=np.float64)
    return Spectrogram(middle_s, edges_hz, kept_db, step / fs_hz)


def chest_of(folder: Path) -> Spectrogram | None:
    """The chest's spectrogram of a session folder; None without a recording or a chest sensor.

    Read from the small file when it fits the recording, else made from the raw data and kept.
    """
    source = folder / home.RECORDING_NAME
    if not source.is_file():
        source = folder / home.IMPORT_NAME
    if not source.is_file():
        return None
    key = f"{__version__} {source.name} {source.stat().st_size} {source.stat().st_mtime_ns}"
    path = folder / CACHE_NAME
    with suppress(OSError, ValueError, KeyError, EOFError), np.load(path) as kept:
        if str(kept["key"]) == key:
            return _kept(kept["t_s"], kept["edges_hz"], kept["power_db"])
    found = _from_raw(folder)
    bands = found or Spectrogram(np.empty(0), np.empty(0), np.empty((0, 0)))
    data = io.BytesIO()
    np.savez_compressed(
        data, key=np.array(key), t_s=bands.t_s, edges_hz=bands.edges_hz,
        power_db=bands.power_db.astype(np.float16),
    )  # fmt: skip
    from monitor.result_file import write_bytes  # noqa: PLC0415

    with suppress(UserError):  # a full disk: it can be made again
        write_bytes(path, data.getvalue())
    return found


def _from_raw(folder: Path) -> Spectrogram | None:
    from monitor.exchange.session_csv import raw_session  # noqa: PLC0415  # devices, decoders

    try:
        chest = raw_session(folder).sensors.get("chest")
    except UserError:  # a page without its spectrogram is better than none
        return None
    return spectrogram(chest) if chest is not None else None


def _kept(t_s: FloatArray, edges_hz: FloatArray, power_db: FloatArray) -> Spectrogram | None:
    if not len(t_s):
        return None
    return Spectrogram(
        t_s, edges_hz, power_db.astype(float), float(t_s[1] - t_s[0]) if len(t_s) > 1 else _STEP_S
    )


def _edges(fs_hz: float) -> FloatArray:
    highest_hz = 0.4 * fs_hz  # above, the grid's own averaging has taken the rest
    n = round(_BANDS_A_DECADE * np.log10(highest_hz / _LOWEST_HZ))
    return np.geomspace(_LOWEST_HZ, highest_hz, n + 1)


def _density(piece: FloatArray, weight: FloatArray, fs_hz: float) -> FloatArray:
    """Power density summed over the axes; what has no weight adds nothing."""
    known = np.nan_to_num(piece)
    mean = (weight[:, None] * known).sum(axis=0) / weight.sum()
    spectrum = np.fft.rfft(weight[:, None] * (known - mean), axis=0)
    return np.asarray(
        2.0 * (np.abs(spectrum) ** 2).sum(axis=1) / (fs_hz * (weight**2).sum()), dtype=float
    )


def _by_band(
    line_hz: FloatArray, density: FloatArray, band: np.ndarray, edges_hz: FloatArray
) -> FloatArray:
    """Mean of the lines in each band; between two lines where a low band holds none."""
    n = len(edges_hz) - 1
    inside = (band >= 0) & (band < n)
    count = np.bincount(band[inside], minlength=n)
    total = np.bincount(band[inside], weights=density[inside], minlength=n)
    middle_hz = np.sqrt(edges_hz[:-1] * edges_hz[1:])
    between = np.interp(middle_hz, line_hz, density)
    return np.where(count > 0, total / np.maximum(count, 1), between) + 1e-12
