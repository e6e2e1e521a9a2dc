"""A whole session result as one strict JSON document, there and back.

    SessionResult --to_json--> text (UTF-8, null for unknown, numbers rounded) --from_json--> SessionResult

The keys up to `summary` are a fixed contract that other programs read; `started_at`, `source`,
`sensors_worn`, `loss_by`, `reference`, `gaps`, `notes`, `positions`, `breaths`, `finish` and `ledger`
are ours.  Readers ignore keys that they do not
know, so adding one needs no new version; changing the meaning of one does.
"""

from __future__ import annotations

import json
import math
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn, cast, get_args

import numpy as np

from analysis.results import (
    Breath,
    Epochs,
    Estimate,
    Finish,
    FloatArray,
    Movement,
    Phase,
    PhaseName,
    Position,
    SensorSummary,
    SessionAnalysis,
)
from monitor.errors import UserError
from monitor.result import Alert, Gap, LedgerEntry, Reference, SessionResult

FORMAT = "backrelease-analysis"
VERSION = 1

_DECIMALS = {  # of each epoch column: one digit finer than the measure can resolve
    "t_s": 3,
    "stillness": 3,
    "movement_mg": 3,
    "breathing_per_min": 3,
    "breathing_confidence": 3,
    "heart_per_min": 2,
    "heart_confidence": 3,
    "relaxation": 4,
}
_ANGLE_DECIMALS = 3
_TIME_DECIMALS = 3
_VALUE_DECIMALS = 4


def to_json(result: SessionResult) -> str:
    """The result as text: one line a column, a sensor, a phase, so that a person can read it too.

    Unknown (`None`, NaN) and anything not finite becomes ``null``.  Numbers are rounded: times,
    angles and most columns to 3 decimals, heart rate to 2, relaxation, alerts and the summary
    to 4.  Writing what was read gives the same text again.
    """
    analysis = result.analysis
    epochs = {
        f.name: _column(getattr(analysis.epochs, f.name), _DECIMALS.get(f.name, _ANGLE_DECIMALS))
        for f in fields(Epochs)
    }
    top: dict[str, str] = {
        "format": _dump(FORMAT),
        "version": _dump(VERSION),
        "started_at": _dump(result.started_at),
        "source": _dump(result.source),
        "duration_s": _dump(_number(analysis.duration_s, _TIME_DECIMALS)),
        "sensors": _lines({p: _rounded(asdict(s)) for p, s in analysis.sensors.items()}),
        "sensors_worn": _dump(dict(result.sensors_worn)),
        "loss_by": _dump(dict(result.loss_by)),
        "phases": _lines(_rounded(asdict(p)) for p in analysis.phases),
        "epochs": _lines(epochs),
        "movements": _lines(_rounded(asdict(m)) for m in analysis.movements),
        "alerts": _lines(_rounded(asdict(a)) for a in result.alerts),
        "reference": _dump(_rounded(asdict(result.reference))),
        "gaps": _lines(_rounded(asdict(g)) for g in result.gaps),
        "summary": _lines({n: _rounded(asdict(e)) for n, e in analysis.summary.items()}),
        "notes": _dump(list(analysis.notes)),
        "positions": _lines(_rounded(asdict(p)) for p in analysis.positions),
        "breaths": _lines(_rounded(asdict(b)) for b in analysis.breaths),
        "finish": _dump(_rounded(asdict(analysis.finish)) if analysis.finish else None),
        "ledger": _lines(_rounded(asdict(e)) for e in result.ledger),
        "cues_on": _dump(result.cues_on),
        "ended_early": _dump(result.ended_early),
    }
    return "{\n" + ",\n".join(f"{_dump(k)}: {v}" for k, v in top.items()) + "\n}\n"


def from_json(text: str) -> SessionResult:
    """The result that `to_json` wrote; ``null`` comes back as NaN in arrays and None elsewhere.

    Raises
    ------
    UserError
        For text that is no such document, or one of another version.
    """
    document = _document(text)
    try:
        return _result(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"the result is damaged: {type(error).__name__} at {error}",
            hint="make it again from its recording: backrelease report SESSION",
        ) from error


def write_text(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all: to a neighbour first, then renamed over the old one.

    A link stays a link: what it points to is replaced.  What is no file (a device, a pipe) is
    written to and stays what it is.

    Raises
    ------
    UserError
        When the place cannot be written or the disk is full; the old file is then untouched.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"), mode=mode)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """As `write_text`, for bytes."""
    try:
        if _is_file_or_nothing(path):
            _replace(path.resolve(), data, mode)
        else:
            path.write_bytes(data)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise UserError(
            f"cannot write {path}: {getattr(error, 'strerror', None) or error}",
            hint="choose a folder that exists, that you may write to, and whose disk has room",
        ) from error


def _is_file_or_nothing(path: Path) -> bool:
    """Whether a new file may be renamed to `path`; /dev and /proc are not for files."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return True
    return (
        stat.S_ISREG(kind) and not path.is_relative_to("/dev") and not path.is_relative_to("/proc")
    )


def _replace(path: Path, data: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


# --- writing ---------------------------------------------------------------------------------


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))


def _lines(items: Mapping[str, object] | Iterable[object]) -> str:
    """A mapping or a list with one entry a line."""
    if isinstance(items, Mapping):
        rows, left, right = [f"{_dump(k)}: {_dump(v)}" for k, v in items.items()], "{", "}"
    else:
        rows, left, right = [_dump(v) for v in items], "[", "]"
    return left + "\n  " + ",\n  ".join(rows) + "\n" + right if rows else left + right


def _number(value: float | None, decimals: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), decimals) + 0.0  # + 0.0: no "-0.0" for a reader to wonder about


def _column(values: FloatArray, decimals: int) -> list[float | None]:
    return [_number(v, decimals) for v in np.asarray(values, dtype=float).tolist()]


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    """A record as JSON may hold it: floats rounded, what is not finite null."""
    return {key: _rounded_value(key, v) for key, v in record.items()}


def _rounded_value(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _rounded(value)
    if isinstance(value, float | np.floating):
        return _number(float(value), _TIME_DECIMALS if key.endswith("_s") else _VALUE_DECIMALS)
    return value


# --- reading ---------------------------------------------------------------------------------


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # RecursionError: brackets within brackets
        raise UserError(
            f"this is not a result of backrelease: {error}",
            hint="a result is the JSON that `backrelease analyze --json OUT` writes",
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        came = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise UserError(
            f"this is not a result of backrelease: expected format {FORMAT!r}, got {came!r}",
            hint="a result is the JSON that `backrelease analyze --json OUT` writes",
        )
    if document.get("version") != VERSION:
        raise UserError(
            f"this result has version {document.get('version')!r}; this program reads {VERSION}",
            hint="a newer backrelease wrote it: update this one, or make the result again "
            "from the recording with `backrelease report SESSION`",
        )
    return cast("dict[str, Any]", document)


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is not JSON; unknown must be null")


def _result(document: dict[str, Any]) -> SessionResult:
    given = document["epochs"]
    # a column that an older version did not know is unknown throughout
    unknown = [None] * len(given["t_s"])
    columns = {f.name: _array(given.get(f.name, unknown)) for f in fields(Epochs)}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"epoch columns of different lengths {lengths}")
    analysis = SessionAnalysis(
        duration_s=_float(document["duration_s"]),
        sensors={p: _sensor(s) for p, s in document["sensors"].items()},
        phases=tuple(
            Phase(_phase_name(p["name"]), _float(p["start_s"]), _float(p["end_s"]))
            for p in document["phases"]
        ),
        epochs=Epochs(**columns),
        movements=tuple(Movement(**_known(Movement, m)) for m in document["movements"]),
        summary={n: Estimate(**_known(Estimate, e)) for n, e in document["summary"].items()},
        notes=tuple(document.get("notes", ())),
        positions=tuple(Position(**_known(Position, p)) for p in document.get("positions", ())),
        breaths=tuple(Breath(**_known(Breath, b)) for b in document.get("breaths", ())),
        finish=Finish(**_known(Finish, document["finish"])) if document.get("finish") else None,
    )
    return SessionResult(
        analysis=analysis,
        alerts=tuple(Alert(**_known(Alert, a)) for a in document["alerts"]),
        reference=Reference(**_known(Reference, document.get("reference", {}))),
        gaps=tuple(Gap(**_known(Gap, g)) for g in document.get("gaps", ())),
        started_at=document.get("started_at"),
        source=document.get("source", ""),
        sensors_worn=dict(document.get("sensors_worn", {})),
        loss_by=dict(document.get("loss_by", {})),
        ledger=tuple(_entry(e) for e in document.get("ledger", ())),
        cues_on=document.get("cues_on"),
        ended_early=document.get("ended_early"),
    )


def _entry(record: dict[str, Any]) -> LedgerEntry:
    known = _known(LedgerEntry, record)
    known["told_again_s"] = tuple(record.get("told_again_s", ()))
    return LedgerEntry(**{**known, "alert": Alert(**_known(Alert, record["alert"]))})


def _sensor(record: dict[str, Any]) -> SensorSummary:
    return SensorSummary(
        fs_hz=record["fs_hz"],
        n_samples=int(record["n_samples"]),
        n_lost=int(record["n_lost"]),
        coverage=_float(record["coverage"]),
        problems=tuple(record["problems"]),
    )


def _phase_name(name: str) -> PhaseName:
    return cast("PhaseName", name if name in get_args(PhaseName) else "unknown")


def _known(kind: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    """The entries of a record that its type has; what this version does not know is left out."""
    return {f.name: record[f.name] for f in fields(kind) if f.name in record}


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _array(values: list[float | None]) -> FloatArray:
    return np.array(values, dtype=float)  # None becomes NaN
