r"""The CSV door: a file somebody else wrote becomes samples in SI units, or a clear refusal.

    PLACEMENT=FILE.csv[.gz] --csvblocks--> numbers --mend times--> SensorData + what was mended
                                   \--> UserError: what came, what was expected, the way out

Memory stays bounded whatever the file: it is read in blocks, and refused as soon as its first
block, or the rows so far, show that it is longer than `CsvLimits` allows.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analysis.arrays import known_rows, norm
from analysis.results import PLACEMENTS, FloatArray, SensorData
from monitor.errors import UserError, WrongUsage
from monitor.exchange.csvblocks import Block, Progress, blocks_of, numbers_in
from monitor.exchange.csvheader import STANDARD_GRAVITY_M_S2, Layout, layout_of
from monitor.exchange.csvtimes import TimeCounts, mended_times, missing_samples

FASTEST_HZ = 10_000.0  # no sensor for motion is faster: the number was meant as something else
_BYTES_PER_ROW = 500  # peak of reading and analysing a million rows: 480 without, 496 with a gyro
_UNIT_TOLERANCE = 0.15  # a cheap sensor reads within 12 % of g (ADXL345 seen at 0.88 g)
_UNITS = {"g": "g", "m_s2": "m/s2", "mg": "mg"}  # as a person writes them
_ONE_G = {  # what 1 g reads when the numbers are in another unit than the header says
    "mg": {"m/s2": 9.80665, "g": 1.0},
    "g": {"m/s2": 9.80665, "g divided by 9.8": 1 / 9.80665, "mg": 1000.0},
    "m_s2": {"g": 1.0, "m/s2 times 9.8": 9.80665**2, "mg": 1000.0},
}
_WITHOUT_GRAVITY = 0.05  # at rest: nothing is worn that lightly, but phones subtract gravity
_RENAME = {"m/s2": "acc_x_m_s2 acc_y_m_s2 acc_z_m_s2", "g": "acc_x_g acc_y_g acc_z_g"}
_BEYOND = 1e6  # in any unit beyond any sensor; its square is a number still
_MANY_FALLING = 0.1  # rows out of order: so many are no stray stamps: the clock was set back
_SLOWEST_S = 2.0  # breathing is 0.1 to 0.5 Hz: nothing of it is left at 0.5 samples a second
_TOO_SHORT_S = 10.0  # two or three breaths: below this nothing slower than a twitch can be seen


@dataclass(frozen=True, slots=True)
class CsvLimits:
    """Beyond these a file is refused before it is read to its end."""

    max_duration_s: float = 24 * 3600.0  # a session takes minutes; a day is a mistake or a study
    max_rows: int = 20_000_000  # a day at 230 Hz


@dataclass(frozen=True, slots=True, eq=False)
class CsvSensor:
    """One file as read: its samples, and everything that had to be done to them.

    `problems` are for the sensors table of a result; `notes` are about the file only.
    """

    placement: str
    path: Path
    data: SensorData
    n_rows: int
    n_bad: int = 0
    n_without_time: int = 0
    n_duplicated: int = 0
    n_falling: int = 0
    n_missing: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parse_specs(specs: Sequence[str]) -> dict[str, Path]:
    """``PLACEMENT=FILE`` words to a mapping; refuses unknown and repeated placements.

    Examples
    --------
    >>> parse_specs(["chest=a.csv"])["chest"].name
    'a.csv'
    """
    files: dict[str, Path] = {}
    for spec in specs:
        written, equals, file = spec.partition("=")
        placement = written.strip().lower().replace("-", "_")
        if not equals or not file:
            raise WrongUsage(
                f"expected PLACEMENT=FILE.csv, got {spec!r}", hint="for example chest=breathing.csv"
            )
        if placement not in PLACEMENTS:
            near = difflib.get_close_matches(placement, PLACEMENTS, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise WrongUsage(
                f"unknown placement {written!r}", hint=f"{meant}One of: {', '.join(PLACEMENTS)}"
            )
        if placement in files:
            raise WrongUsage(
                f"{placement} is given twice: {files[placement]} and {file}",
                hint="one file for each placement",
            )
        files[placement] = Path(file)
    return files


def read_csv(
    placement: str,
    path: Path,
    *,
    fs_hz: float | None = None,
    limits: CsvLimits | None = None,
    progress: Progress | None = None,
) -> CsvSensor:
    """Read one sensor's file.

    Parameters
    ----------
    placement, path
        Where the sensor was worn, and its file; gzip is recognised by content.
    fs_hz
        Rate from which times are made when the file has no ``time_s`` column.
    limits
        What is too long; also bounded by the memory that is free now.
    progress
        Told after each block how far the reading is.

    Returns
    -------
    CsvSensor
        Samples in m/s2 and rad/s on the file's own clock, never falling.  A row with an unknown
        acceleration is a row of NaN; a row without a time, or with one before its predecessor's,
        is left out; equal times are spread over the step to the next.  All are counted.

    Raises
    ------
    UserError
        For anything that cannot be read as what its header says it is.
    """
    if fs_hz is not None and not 0.0 < fs_hz <= FASTEST_HZ:
        raise WrongUsage(
            f"--fs must be a rate above 0 and at most {FASTEST_HZ:g} Hz, got {fs_hz:g}",
            hint="e.g. --fs 100",
        )
    limits = _within_memory(limits or CsvLimits())
    layout: Layout | None = None
    parts: list[FloatArray] = []
    n_rows, cut_off = 0, False
    for block in blocks_of(path, progress=progress):
        cut_off |= block.cut_off
        body = block
        if layout is None:
            header, body = _split_header(block)
            if header is None:
                continue
            layout = layout_of(header, path, fs_hz=fs_hz)
            _refuse_by_size(body, path, limits)
        numbers = numbers_in(body, layout, path)
        if len(numbers):
            if layout.has_time:
                numbers[:, 0] *= layout.time_unit_s
            parts.append(numbers)
            n_rows += len(numbers)
            _refuse_by_rows(n_rows, parts, layout, path, limits)
    if layout is None:
        raise UserError(f"{path} is empty", hint="a header line, then one line per sample")
    if not parts:
        raise UserError(f"{path} has a header but no rows", hint="one line per sample is expected")
    rows = np.concatenate(parts)
    parts.clear()  # the blocks are as large as the whole
    return _sensor(placement, path, rows, layout, fs_hz, cut_off=cut_off)


# --- what is too long ------------------------------------------------------------------------


def _split_header(block: Block) -> tuple[str | None, Block]:
    """The first line that says something, and the block below it."""
    for i, line in enumerate(block.lines):
        if line.strip() and not line.lstrip().startswith("#"):
            below = block.lines[i + 1 :]
            return line, replace(block, lines=below, first_line=block.first_line + i + 1)
    return None, block


def _within_memory(limits: CsvLimits) -> CsvLimits:
    try:
        free_bytes = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not told on macOS and Windows
        return limits
    return replace(limits, max_rows=min(limits.max_rows, free_bytes // _BYTES_PER_ROW))


def _refuse_by_size(block: Block, path: Path, limits: CsvLimits) -> None:
    """Refuse from the first block: what is on disk, at the bytes that a row took so far.

    For a compressed file `read_bytes` counts compressed bytes, so the estimate holds for it too.
    """
    if block.read_bytes >= block.file_bytes:
        return
    n_rows = len(block.lines) * block.file_bytes / block.read_bytes
    if n_rows > limits.max_rows:
        raise UserError(
            f"{path} has about {n_rows:.3g} rows; at most {limits.max_rows} can be analysed at once",
            hint="cut the session out of it; a session at 100 Hz has 120000 rows in 20 minutes",
        )


def _refuse_by_rows(
    n_rows: int, parts: list[FloatArray], layout: Layout, path: Path, limits: CsvLimits
) -> None:
    if n_rows > limits.max_rows:
        raise UserError(
            f"{path} has more than {limits.max_rows} rows",
            hint="cut the session out of it; a session at 100 Hz has 120000 rows in 20 minutes",
        )
    if not layout.has_time:
        return
    known = parts[-1][np.isfinite(parts[-1][:, 0]), 0]
    start = parts[0][np.isfinite(parts[0][:, 0]), 0]
    if len(known) and len(start) and known[-1] - start[0] > limits.max_duration_s:
        raise UserError(
            f"{path} lasts more than {limits.max_duration_s / 3600:g} h: time_s goes from "
            f"{start[0]:.0f} to {known[-1]:.0f} s",
            hint="cut the session out of it; if time_s is in milliseconds, divide it by 1000",
        )


# --- from numbers to samples -----------------------------------------------------------------


def _sensor(
    placement: str,
    path: Path,
    rows: FloatArray,
    layout: Layout,
    fs_hz: float | None,
    *,
    cut_off: bool,
) -> CsvSensor:
    n_needed = 3 + layout.has_time  # the gyroscope may be empty
    for column, name in enumerate(layout.names[:n_needed]):
        if not np.isfinite(rows[:, column]).any():
            raise UserError(
                f"{path}: column {name} holds no number in {len(rows)} rows",
                hint="leave out time_s and give --fs HZ"
                if layout.has_time and column == 0
                else "all three axes are needed: check the export",
            )
    n_rows = len(rows)
    if layout.has_time:
        rows, counts = mended_times(rows, path)
        t_s, values = rows[:, 0].copy(), rows[:, 1:]  # a view would keep all columns in memory
    else:
        counts = TimeCounts()
        t_s, values = np.arange(n_rows) / (fs_hz or 1.0), rows
    _refuse_slow(t_s, path)
    # hardly ever is one beyond, and NaN compares as False
    if not (len(values) and max(float(values.max()), -float(values.min())) < _BEYOND):
        values = np.where(np.abs(values) < _BEYOND, values, np.nan)
    acc = values[:, :3] * layout.acc_factor
    bad = ~known_rows(acc)
    acc[bad] = np.nan
    _refuse_wrong_unit(acc, layout, path)
    gyr = values[:, 3:6] * layout.gyro_factor if layout.gyro_unit else None
    # Unknown accelerations go on as NaN: the analysis counts them, and says so.
    problems = _problems(counts, n_rows)
    if gyr is not None and not np.isfinite(gyr).any():
        gyr = None
        problems.append("the gyroscope columns are empty: not used")
    if cut_off:
        problems.append(f"the compressed file is cut off: {n_rows} rows could be read")
    if t_s[-1] - t_s[0] < _TOO_SHORT_S:
        problems.append(f"only {t_s[-1] - t_s[0]:.3g} s long: too short to say much")
    n_missing = missing_samples(t_s)
    # A row that was left out leaves a hole in the times: each is lost once.
    n_lost = int(bad.sum()) + max(counts.without_time + counts.falling, n_missing)
    return CsvSensor(
        placement=placement,
        path=path,
        data=SensorData(t_s=t_s, acc_m_s2=acc, gyr_rad_s=gyr, n_lost=n_lost),
        n_rows=n_rows,
        n_bad=int(bad.sum()),
        n_without_time=counts.without_time,
        n_duplicated=counts.duplicated,
        n_falling=counts.falling,
        n_missing=n_missing,
        problems=tuple(problems),
        notes=layout.notes,
    )


def _problems(counts: TimeCounts, n_rows: int) -> list[str]:
    said = (
        (counts.without_time, "without a time: left out"),
        (counts.falling, "with a time before the row above: left out"),
        (counts.duplicated, "with the time of the row above: spread to the next time"),
    )
    problems = [f"{n} of {n_rows} rows {what}" for n, what in said if n]
    if counts.falling > _MANY_FALLING * n_rows:
        restart = "A LARGE PART IS MISSING: the clock restarts within the file; cut it there"
        problems.insert(0, f"{restart}, and analyse each part by itself")
    return problems


def _refuse_wrong_unit(acc_m_s2: FloatArray, layout: Layout, path: Path) -> None:
    """A sensor at rest reads 1 g; off by the factor between two units, the header is wrong.

    Other readings at rest (7, 13, 26 m/s2 occur) are the sensor's own fault and are left to the
    analysis, which then says that what follows from them is unknown.
    """
    declared, expected = _UNITS[layout.acc_unit], STANDARD_GRAVITY_M_S2 / layout.acc_factor
    norms = norm(acc_m_s2[known_rows(acc_m_s2)]) / layout.acc_factor  # in the file's own unit
    at_rest = float(np.median(norms)) if len(norms) else math.nan
    for looks_like, one_g in _ONE_G[layout.acc_unit].items():
        if abs(at_rest / one_g - 1.0) < _UNIT_TOLERANCE:
            column = _RENAME.get(looks_like)
            raise UserError(
                f"{path} says {declared}, but at rest it reads {at_rest:.3g} where "
                f"{round(expected, 1):g} is expected: the numbers look like {looks_like}",
                hint=f"rename the columns to {column}" if column else "convert them first",
            )
    if 0.0 < at_rest < _WITHOUT_GRAVITY * expected:
        raise UserError(
            f"{path} reads {at_rest:.3g} {declared} at rest where {round(expected, 1):g} is expected:"
            " gravity has been taken out of it",
            hint="export the acceleration with gravity (phyphox: 'with g'; Sensor Logger: "
            "TotalAcceleration.csv)",
        )


def _refuse_slow(t_s: FloatArray, path: Path) -> None:
    """Refuse times that make a motion sensor of a few samples a minute: they are in another unit."""
    typical_s = float(np.median(np.diff(t_s))) if len(t_s) >= 10 else 0.0
    if typical_s > _SLOWEST_S:
        raise UserError(
            f"{path} has one sample every {typical_s:.3g} s by its time_s",
            hint="if time_s is in milliseconds, divide it by 1000",
        )
