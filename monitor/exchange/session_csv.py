"""In and out by CSV: nobody's data is locked in, and other people's recordings are welcome.

    session folder --export--> PLACEMENT.csv ..., epochs.csv, movements.csv, alerts.csv ...
    PLACEMENT=FILE.csv ... --import--> session folder: PLACEMENT.csv.gz ..., import.json, result.json

An imported session keeps the files themselves, packed but otherwise byte for byte, and in
``import.json`` how to read them: they are its raw recording, from which everything else is made
again.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from analysis.results import SensorData
from monitor import home
from monitor.errors import UserError
from monitor.exchange.csv_session import (
    POSE_SLACK_S,
    CsvSession,
    Progress,
    Window,
    analyze_session,
    read_session,
)
from monitor.exchange.csvfile import parse_specs
from monitor.exchange.tables import Table, result_tables, samples_table
from monitor.recording.raw import RawSession
from monitor.result import SessionResult
from monitor.result_file import to_json, write_bytes, write_text

_FORMAT, _VERSION = "backrelease-import", 1
_TIME_FORMAT, _VALUE_FORMAT = "%.9f", "%.9g"  # a nanosecond; a part in a billion


# --- out -------------------------------------------------------------------------------------


def raw_session(folder: Path) -> RawSession:
    """Samples of a recorded or an imported session.

    Raises
    ------
    UserError
        When the folder holds no raw data.
    """
    if (folder / home.IMPORT_NAME).is_file():
        session, _ = _read_import(folder)
        return RawSession(session.data, session.poses)
    from monitor.recording.samples import recorded_samples  # noqa: PLC0415  # devices, decoders

    return recorded_samples(folder / home.RECORDING_NAME)


def export_session(raw: RawSession, result: SessionResult, folder: Path) -> list[Path]:
    """Write one CSV a placement in the layout that `analyze` reads, and the results as tables.

    Returns
    -------
    list of Path
        The files, samples first.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    paths = export_samples(raw.sensors, folder)
    for table in result_tables(raw, result):
        paths.append(folder / f"{table.name}.csv")
        write_bytes(paths[-1], _csv(table))
    return paths


def export_samples(sensors: Mapping[str, SensorData], folder: Path) -> list[Path]:
    """Write one ``PLACEMENT.csv`` a sensor."""
    paths = []
    for placement, data in sensors.items():
        paths.append(folder / f"{placement}.csv")
        write_bytes(paths[-1], _samples_csv(samples_table(placement, data)))
    return paths


def analyze_arguments(raw: RawSession, folder: Path) -> list[str]:
    """Arguments of `backrelease analyze` that read an export back; none when nothing can be.

    Sensors that sent hardly anything are left out, and poses that nobody held any more.
    """
    sensors = {p: data for p, data in raw.sensors.items() if np.isfinite(data.acc_m_s2).any()}
    if not sensors:
        return []
    words = [f"{p}={folder / f'{p}.csv'}" for p in sensors]
    first_s = min(float(data.t_s[0]) for data in sensors.values())
    last_s = max(float(data.t_s[-1]) for data in sensors.values())
    for name, held in (("straight", raw.poses.straight_s), ("bent", raw.poses.bent_s)):
        if held and first_s - POSE_SLACK_S <= held[0] and held[1] <= last_s + POSE_SLACK_S:
            words += [f"--{name}", f"{held[0]:.3f}:{held[1]:.3f}"]
    return words


# --- in --------------------------------------------------------------------------------------


def import_session(
    specs: Sequence[str],
    *,
    started_at: datetime,
    fs_hz: float | None = None,
    straight: Window | None = None,
    bent: Window | None = None,
    progress: Progress | None = None,
) -> tuple[Path, SessionResult]:
    """Make a session folder from CSV files; nothing is made when they cannot be analysed.

    Raises
    ------
    UserError
        For a file that cannot be used, or a data folder that cannot be written.
    """
    files = parse_specs(specs)
    for path in files.values():
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError(
                f"{path} is a pipe: its content cannot be kept with the session",
                hint="write it to a file first, and import that",
            )
    session = read_session(specs, fs_hz=fs_hz, straight=straight, bent=bent, progress=progress)
    result = analyze_session(session, started_at=started_at.isoformat())
    folder = home.new_session_folder(started_at)
    try:
        for placement, path in files.items():
            _pack(path, folder / f"{placement}.csv.gz")
        about = {
            "format": _FORMAT,
            "version": _VERSION,
            "started_at": started_at.isoformat(),
            "fs_hz": fs_hz,
            "straight_s": straight,
            "bent_s": bent,
            "files": {p: path.name for p, path in files.items()},
        }
        write_text(
            folder / home.IMPORT_NAME, json.dumps(about, indent=1, ensure_ascii=False) + "\n"
        )
        write_text(folder / home.RESULT_NAME, to_json(result))
    except BaseException:  # Ctrl-C too: half an import is none
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder, result


def reanalyse_import(folder: Path) -> SessionResult:
    """The result of an imported session from its stored files.

    Raises
    ------
    UserError
        When they are missing or damaged.
    """
    session, started_at = _read_import(folder)
    return analyze_session(session, started_at=started_at)


def _read_import(folder: Path) -> tuple[CsvSession, str | None]:
    path = folder / home.IMPORT_NAME
    try:
        about = json.loads(path.read_text("utf-8"))
        if (about["format"], about["version"]) != (_FORMAT, _VERSION):
            about = {}  # of another program or time: the keys below are then missing
        windows = {n: tuple(about[n]) if about[n] else None for n in ("straight_s", "bent_s")}
        specs = [f"{placement}={folder / f'{placement}.csv.gz'}" for placement in about["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(
            f"{path} does not say how to read its files ({type(error).__name__}: {error})",
            hint="import the CSV files again",
        ) from error
    session = read_session(
        specs, fs_hz=about["fs_hz"], straight=windows["straight_s"], bent=windows["bent_s"]
    )
    return session, about["started_at"]


def _pack(source: Path, target: Path) -> None:
    """Keep a file's content, packed; what is packed already is copied as it is."""
    with home.readable_errors(target), source.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        with open(home.open_private(target), "wb") as raw:  # noqa: PTH123  # a descriptor
            if packed:
                shutil.copyfileobj(file, raw)
                return
            # No name and no time inside: the same file always packs to the same bytes.
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packer:
                shutil.copyfileobj(file, packer)


# --- tables ----------------------------------------------------------------------------------


def _samples_csv(table: Table) -> bytes:
    """Many rows of numbers: to the nanosecond and a part in a billion, unknown as nan."""
    text = io.StringIO()
    np.savetxt(
        text,
        np.column_stack(list(table.columns.values())),
        fmt=[_TIME_FORMAT] + [_VALUE_FORMAT] * (len(table.columns) - 1),
        delimiter=",",
        header=",".join(table.columns),
        comments="",
    )
    return text.getvalue().encode()


def _csv(table: Table) -> bytes:
    """Results: four decimals, finer than any is worth; unknown as nothing."""
    columns = [[_cell(v) for v in column] for column in table.columns.values()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _cell(value: float | str) -> str:
    """A number, words as they are, or nothing for unknown."""
    if isinstance(value, str):
        return value
    return f"{value:.4f}" if math.isfinite(value) else ""
