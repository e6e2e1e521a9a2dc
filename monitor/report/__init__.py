"""What a session looks like afterwards: figures as functions of results, and one page."""

from __future__ import annotations

from pathlib import Path

from monitor.result import SessionResult


def write_report(folder: Path, result: SessionResult, session: Path | None = None) -> Path:
    """Write ``report.html`` into a folder; returns the page.

    `session` is the session's own folder when the page goes elsewhere.

    Raises
    ------
    UserError
        When the folder cannot be written, or the wearer's notes cannot be read.
    """
    from monitor.report import page  # noqa: PLC0415  # matplotlib: half a second, only when drawn

    return page.write_report(folder, result, session)
