"""Every format that a session can leave in, in one literal.

A new format is a line here, and its name in `monitor.commands.export`, which does not wait for numpy.

session folder --Outgoing--> writer --> files
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.exchange.edf import write_edf
from monitor.exchange.fhir import write_fhir
from monitor.exchange.motion_bids import write_bids
from monitor.exchange.parquet import write_parquet
from monitor.exchange.session_csv import export_session, raw_session
from monitor.exchange.session_data import Outgoing
from monitor.home import RESULT_NAME
from monitor.result_file import to_json, write_text
from monitor.stored import result_of


def _write_csv(session: Outgoing, folder: Path) -> list[Path]:
    return export_session(session.raw, session.result, folder)


def _write_json(session: Outgoing, folder: Path) -> list[Path]:
    write_text(folder / RESULT_NAME, to_json(session.result))
    return [folder / RESULT_NAME]


@dataclass(frozen=True, slots=True)
class Format:
    """One way out: what is in it, and who writes it."""

    what: str
    write: Callable[[Outgoing, Path], list[Path]]


FORMATS = {
    "csv": Format("samples, epochs, movements, breaths, alerts: one table a file", _write_csv),
    "json": Format("all results in one document", _write_json),
    "parquet": Format("the tables of csv for data frames", write_parquet),
    "edf": Format("EDF+ for signal viewers, with annotations", write_edf),
    "bids": Format("a Motion-BIDS dataset for researchers", write_bids),
    "fhir": Format("the summary as FHIR Observations for a health record", write_fhir),
}


def outgoing(folder: Path) -> Outgoing:
    """A session's folder, read and ready to leave.

    Raises
    ------
    UserError
        When it can be read neither as a result nor as raw data.
    """
    return Outgoing(folder.name, raw_session(folder), result_of(folder))
