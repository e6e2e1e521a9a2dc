"""What a CSV header says: which column is which, in which unit, and what is missing.

    time_s, acc_x_g acc_y_g acc_z_g | acc_x_m_s2 ...   [gyro_x_dps ... | gyro_x_rad_s ...]

Columns come in any order; others are passed over and named.  Comma, semicolon and tab separate.
Columns as other programs name them are in `monitor.exchange.csvdialects`.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import UserError
from monitor.exchange.csvdialects import Dialect, dialect_of

STANDARD_GRAVITY_M_S2 = 9.80665  # CGPM 1901

_TIME = "time_s"
_OWN_UNITS = ("m_s2", "g")  # best first, should a file have both
_ACC_UNITS = {"m_s2": 1.0, "g": STANDARD_GRAVITY_M_S2, "mg": STANDARD_GRAVITY_M_S2 / 1000}
_GYRO_UNITS = {"rad_s": 1.0, "dps": math.pi / 180.0}
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the wanted columns are.

    `columns` are their indices in the order time (if any), acceleration x y z, rate x y z (if
    any); `names` is what the file calls them.  The file's time times `time_unit_s` is seconds.
    """

    delimiter: str
    columns: tuple[int, ...]
    names: tuple[str, ...]
    has_time: bool
    acc_unit: str
    gyro_unit: str
    time_unit_s: float = 1.0
    notes: tuple[str, ...] = ()

    @property
    def acc_factor(self) -> float:
        """The file's acceleration times this is m/s2."""
        return _ACC_UNITS[self.acc_unit]

    @property
    def gyro_factor(self) -> float:
        """The file's angular rate times this is rad/s; the unit "" is no gyroscope."""
        return _GYRO_UNITS.get(self.gyro_unit, 1.0)


def layout_of(header: str, path: Path, *, fs_hz: float | None) -> Layout:
    """Read a header line.

    Raises
    ------
    UserError
        For a line of numbers, a column that is missing or there twice, and no times without a rate.

    Examples
    --------
    >>> layout_of("time_s; acc_z_g; acc_y_g; acc_x_g", Path("a.csv"), fs_hz=None).columns
    (0, 3, 2, 1)
    """
    delimiter = max(_DELIMITERS, key=header.count)
    cells = next(csv.reader([header], delimiter=delimiter), [])
    names = [cell.strip().strip('"').strip().lower() for cell in cells]
    if names and all(_is_number(name) for name in names if name):
        raise UserError(
            f"{path} has no header: its first line is {header.strip()[:60]!r}",
            hint="put a first line such as: time_s,acc_x_g,acc_y_g,acc_z_g",
        )
    notes: list[str] = []
    dialect = dialect_of(names)
    if dialect is not None:
        return _foreign(names, dialect, delimiter, path)
    acc_unit, acc = _acceleration(names, path)
    gyro_unit, gyro = _gyroscope(names, notes)
    time = _time(names, path, fs_hz, notes)
    wanted = (*time, *acc, *gyro)
    _refuse_doubled(names, wanted, path)
    others = [name for i, name in enumerate(names) if i not in wanted and name]
    if others:
        shown = ", ".join(others[:8]) + (", …" if len(others) > 8 else "")
        notes.append(f"columns not used: {shown}")
    return Layout(
        delimiter=delimiter,
        columns=tuple(wanted),
        names=tuple(names[i] for i in wanted),
        has_time=bool(time),
        acc_unit=acc_unit,
        gyro_unit=gyro_unit,
        notes=tuple(notes),
    )


def _foreign(names: list[str], dialect: Dialect, delimiter: str, path: Path) -> Layout:
    """The columns of another program."""
    gyro = dialect.gyro if set(dialect.gyro) <= set(names) else ()
    wanted = [names.index(name) for name in (dialect.time, *dialect.acc, *gyro)]
    _refuse_doubled(names, wanted, path)
    return Layout(
        delimiter=delimiter,
        columns=tuple(wanted),
        names=tuple(names[i] for i in wanted),
        has_time=True,
        acc_unit=dialect.acc_unit,
        gyro_unit=dialect.gyro_unit if gyro else "",
        time_unit_s=dialect.time_unit_s,
        notes=(f"read as a file of {dialect.program}",),
    )


def _refuse_doubled(names: list[str], wanted: Sequence[int], path: Path) -> None:
    for name in {names[i] for i in wanted}:
        if names.count(name) > 1:
            raise UserError(
                f"{path} has the column {name} {names.count(name)} times",
                hint="keep one of them, or rename the others",
            )


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return text not in {"nan", "inf"}


def _columns(names: list[str], kind: str, unit: str) -> list[int]:
    wanted = [f"{kind}_{axis}_{unit}" for axis in "xyz"]
    return [names.index(name) for name in wanted if name in names]


def _acceleration(names: list[str], path: Path) -> tuple[str, list[int]]:
    found = {unit: _columns(names, "acc", unit) for unit in _OWN_UNITS}
    for unit, columns in found.items():
        if len(columns) == 3:
            return unit, columns
    unit = max(found, key=lambda u: len(found[u]))
    if not found[unit]:  # nothing is named right: expect the unit whose names come nearest
        unit = "m_s2" if any("m" in n and "s2" in n for n in names) else "g"
    missing = [f"acc_{axis}_{unit}" for axis in "xyz" if f"acc_{axis}_{unit}" not in names]
    free = [n for n in names if n and n != _TIME]
    renames = []
    for name in missing:
        near = _nearest(name, free)
        if near:
            renames.append(f"{near} to {name}")
            free.remove(near)
    raise UserError(
        f"{path} has no column {', '.join(missing)}; found {', '.join(n for n in names if n)}",
        hint=(f"rename {', '.join(renames)} (if that is what they are)" if renames else "")
        or "acceleration is acc_x_g, acc_y_g, acc_z_g, or acc_x_m_s2, acc_y_m_s2, acc_z_m_s2",
    )


def _nearest(name: str, candidates: list[str]) -> str | None:
    """The candidate most like `name` that names the same axis."""
    axis = name[len("acc_")]
    same_axis = [c for c in candidates if axis in c.replace("axis", "").replace("max", "")]
    near = difflib.get_close_matches(name, same_axis, n=1, cutoff=0.3)
    return near[0] if near else None


def _gyroscope(names: list[str], notes: list[str]) -> tuple[str, list[int]]:
    for unit in _GYRO_UNITS:
        columns = _columns(names, "gyro", unit)
        if len(columns) == 3:
            return unit, columns
        if columns:
            notes.append(f"the gyroscope is not used: not all of gyro_x_{unit} … gyro_z_{unit}")
    return "", []


def _time(names: list[str], path: Path, fs_hz: float | None, notes: list[str]) -> list[int]:
    if _TIME in names:
        if fs_hz is not None:
            notes.append("--fs was not needed: the file has times")
        return [names.index(_TIME)]
    if fs_hz is None:
        near = difflib.get_close_matches(_TIME, names, n=1, cutoff=0.3)
        rename = f"rename {near[0]} to time_s (in seconds), or " if near else ""
        raise UserError(
            f"{path} has no column time_s",
            hint=f"{rename}state the rate, for example --fs 100, if the samples are even",
        )
    notes.append(f"times were made from --fs {fs_hz:g}")
    return []
