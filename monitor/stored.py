"""The result of a session folder: read if it is there, made again from the raw data if not."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from monitor import home
from monitor.errors import UserError
from monitor.result import SessionResult
from monitor.result_file import from_json, to_json, write_text


def result_of(folder: Path) -> SessionResult:
    """Read ``result.json``; when it is missing or damaged, rebuild it, and store it if that works.

    Raises
    ------
    UserError
        When there is neither a readable result nor anything to rebuild it from.
    """
    path = folder / home.RESULT_NAME
    if path.is_file():
        try:
            return from_json(path.read_text("utf-8"))
        except (UserError, UnicodeDecodeError):
            if not _can_rebuild(folder):
                raise
    result = _rebuilt(folder)
    with suppress(UserError):  # a full disk: the result is right, and can be made again
        write_text(path, to_json(result))
    return result


def _can_rebuild(folder: Path) -> bool:
    return (folder / home.RECORDING_NAME).is_file() or _has_csv(folder)


def _has_csv(folder: Path) -> bool:
    return (folder / home.IMPORT_NAME).is_file()


def _rebuilt(folder: Path) -> SessionResult:
    if not (folder / home.RECORDING_NAME).is_file() and _has_csv(folder):
        from monitor.exchange.session_csv import reanalyse_import  # noqa: PLC0415

        return reanalyse_import(folder)
    from monitor.recording.rebuild import rebuild_result  # noqa: PLC0415  # devices, decoders

    return rebuild_result(folder)
