"""What a session looks like afterwards: figures as functions of results, and one page."""

from __future__ import annotations

from pathlib import Path

from monitor.result import SessionResult


def write_report(folder: Path, result: SessionResult) -> Path:
    """Write ``report.html`` and ``report.png`` into a folder; returns the page.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    from monitor.report import page  # noqa: PLC0415  # matplotlib: half a second, only when drawn

    return page.write_report(folder, result)
