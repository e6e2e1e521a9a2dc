"""What is written into a session's folder when it ends, apart from the recording.

All of it can be made again from the recording, so a crash while writing loses nothing.
"""

from __future__ import annotations

from pathlib import Path

from monitor import home
from monitor.errors import UserError
from monitor.result import SessionResult


def write_outputs(folder: Path, result: SessionResult, *, stored_s: float | None = None) -> Path:
    """Write ``result.json``, the report and the history's row.

    `stored_s` is up to where the session is recorded, None when all of it is.

    Returns
    -------
    Path
        The page of the report.

    Raises
    ------
    UserError
        When the folder cannot be written; the recording stays as it is.
    """
    from monitor.history.index import History  # noqa: PLC0415
    from monitor.report import write_report  # noqa: PLC0415  # matplotlib, after the session only
    from monitor.result_file import to_json, write_text  # noqa: PLC0415

    try:
        write_text(folder / home.RESULT_NAME, to_json(result))
        page = write_report(folder, result)
    except UserError as error:
        kept = "the session is recorded" if stored_s is None else stored_words(stored_s, result)
        raise UserError(
            f"{kept}, but its report could not be written: {error}",
            hint=f"{error.hint.rstrip('.')}. Then: backrelease report {folder.name}",
        ) from error
    with History() as history:
        history.add(folder, result)
    return page


def stored_words(stored_s: float, result: SessionResult) -> str:
    """What is recorded of a session whose disk refused the rest."""
    return f"the first {stored_s:.0f} of {result.analysis.duration_s:.0f} s are recorded"
