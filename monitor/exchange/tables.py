"""A session as tables: what every table format writes, whatever it looks like on disk.

    samples of each placement | epochs | phases | movements | breaths | alerts | heart beats

A column is an array of numbers, NaN for unknown, or a list of words.  Names carry their units; what
each means stands in docs/data-dictionary.md, which is made from the same classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_origin, get_type_hints

import numpy as np

from analysis.results import Breath, Epochs, FloatArray, Movement, Phase, SensorData
from monitor.recording.raw import RawSession
from monitor.result import Alert, SessionResult

Column = FloatArray | list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of equal length, in order."""

    name: str
    columns: Mapping[str, Column]


def session_tables(raw: RawSession, result: SessionResult) -> list[Table]:
    """Every table of a session: samples first, then what was made of them."""
    samples = [samples_table(placement, data) for placement, data in raw.sensors.items()]
    return samples + result_tables(raw, result)


def result_tables(raw: RawSession, result: SessionResult) -> list[Table]:
    """What was made of the samples, and the beats that a heart-rate sensor sent.

    A table of results is there even when it is empty, so that a reader finds what it looks for;
    beats only when such a sensor was worn.
    """
    analysis = result.analysis
    tables = [
        Table("epochs", {f.name: getattr(analysis.epochs, f.name) for f in fields(Epochs)}),
        _records("phases", Phase, analysis.phases),
        _records("movements", Movement, analysis.movements),
        _records("breaths", Breath, analysis.breaths),
        _records("alerts", Alert, result.alerts),
    ]
    if raw.beats:
        t_s, heart_per_min, rr_s = np.array(raw.beats, dtype=float).T
        tables.append(Table("heart", {"t_s": t_s, "heart_per_min": heart_per_min, "rr_s": rr_s}))
    return tables


def samples_table(placement: str, data: SensorData) -> Table:
    """One sensor's samples, in the columns that `analyze` reads."""
    columns: dict[str, Column] = {"time_s": data.t_s}
    columns |= {f"acc_{axis}_m_s2": data.acc_m_s2[:, i] for i, axis in enumerate("xyz")}
    if data.gyr_rad_s is not None:
        columns |= {f"gyro_{axis}_rad_s": data.gyr_rad_s[:, i] for i, axis in enumerate("xyz")}
    return Table(placement, columns)


def _records(name: str, kind: type[Any], records: Iterable[object]) -> Table:
    """A row a record; what may be words is a column of words."""
    rows = list(records)
    columns: dict[str, Column] = {}
    for field, hint in get_type_hints(kind).items():
        values = [getattr(row, field) for row in rows]
        if hint is str or get_origin(hint) is Literal:
            columns[field] = ["" if v is None else str(v) for v in values]
        else:
            columns[field] = np.array([np.nan if v is None else v for v in values], float)
    return Table(name, columns)
