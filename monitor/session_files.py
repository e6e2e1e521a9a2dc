"""What is written into a session's folder when it ends, apart from the recording.

All of it can be made again from the recording, so a crash while writing loses nothing.
"""

from __future__ import annotations

from pathlib import Path

from monitor import home
from monitor.errors import UserError
from monitor.result import SessionResult


def write_outputs(folder: Path, result: SessionResult) -> Path:
    """Write ``result.json``, the report and the history's row.

    Returns
    -------
    Path
        The page of the report.

    Raises
    ------
    UserError
        When the folder cannot be written; the recording is then still whole.
    """
    from monitor.history import History  # noqa: PLC0415
    from monitor.report import write_report  # noqa: PLC0415  # matplotlib, after the session only
    from monitor.result_file import to_json, write_text  # noqa: PLC0415

    try:
        write_text(folder / home.RESULT_NAME, to_json(result))
        page = write_report(folder, result)
    except UserError as error:
        raise UserError(
            f"the session is recorded, but its report could not be written: {error}",
            hint=f"{error.hint} Then: backrelease report {folder.name}",
        ) from error
    with History() as history:
        history.add(folder, result)
    return page
