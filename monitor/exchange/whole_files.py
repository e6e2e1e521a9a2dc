"""Files that hold a whole session become a session folder.

    .edf, Motion-BIDS folder --Incoming--> our CSV layout --> as every import of CSV files
    .mcap                    --copied----> recording.mcap --> analysed again

A recording of ours keeps its raw bytes; what other formats hold are numbers already, and those are
kept in the one layout that the program reads again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from monitor import home
from monitor.errors import UserError, WrongUsage
from monitor.exchange.csv_session import Window
from monitor.exchange.edf import read_edf
from monitor.exchange.motion_bids import read_bids
from monitor.exchange.session_csv import export_samples, import_session
from monitor.exchange.session_data import Incoming
from monitor.recording.reader import read_recording
from monitor.recording.rebuild import rebuild_result
from monitor.result import SessionResult
from monitor.result_file import to_json, write_text

_READERS = {".edf": read_edf, ".bdf": read_edf}


def import_whole(
    path: Path,
    *,
    started_at: datetime | None = None,
    straight: Window | None = None,
    bent: Window | None = None,
) -> tuple[Path, SessionResult]:
    """Make a session of one file or dataset; poses and the start are its own unless given.

    Raises
    ------
    UserError
        When it cannot be read, or the data folder cannot be written.
    """
    if not path.exists():
        raise UserError(f"there is no {path}", hint="Check the name.")
    if path.suffix.lower() == ".mcap":
        return _import_recording(path)
    if path.is_dir():
        coming = read_bids(path)
    elif path.suffix.lower() in _READERS:
        coming = _READERS[path.suffix.lower()](path)
    else:
        raise WrongUsage(
            f"{path} is no file of a whole session",
            hint="Give CSV files as PLACEMENT=FILE, or an .edf, an .mcap, or a Motion-BIDS folder.",
        )
    poses = replace(
        coming.poses,
        straight_s=straight or coming.poses.straight_s,
        bent_s=bent or coming.poses.bent_s,
    )
    began = started_at or coming.started_at or datetime.now().astimezone()
    return _import_numbers(replace(coming, poses=poses), began, source=path.name)


def _import_numbers(
    coming: Incoming, began: datetime, *, source: str
) -> tuple[Path, SessionResult]:
    with tempfile.TemporaryDirectory() as name:
        paths = export_samples(coming.sensors, Path(name))
        folder, result = import_session(
            _specs(paths),
            started_at=began,
            straight=coming.poses.straight_s,
            bent=coming.poses.bent_s,
        )
    # what it was stays in front: a simulation that comes back is no practice
    said = (
        f"{coming.source}, imported from {source}" if coming.source else f"imported from {source}"
    )
    result = replace(result, source=said)
    write_text(folder / home.RESULT_NAME, to_json(result))
    return folder, result


def _specs(paths: Sequence[Path]) -> list[str]:
    return [f"{path.stem}={path}" for path in paths]


def _import_recording(path: Path) -> tuple[Path, SessionResult]:
    recording = read_recording(path)  # refused before a folder is made
    folder = home.new_session_folder(datetime.fromisoformat(recording.header.started_at))
    try:
        with home.readable_errors(folder):
            shutil.copyfile(path, folder / home.RECORDING_NAME)
            (folder / home.RECORDING_NAME).chmod(0o600)
        result = rebuild_result(folder)
        write_text(folder / home.RESULT_NAME, to_json(result))
    except BaseException:  # Ctrl-C too: half an import is none
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder, result
