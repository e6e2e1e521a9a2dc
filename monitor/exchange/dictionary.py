"""The data dictionary: what every exported column and key means, made from the classes themselves.

python -m monitor.exchange.dictionary > docs/data-dictionary.md
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from analysis.results import (
    Breath,
    Epochs,
    Estimate,
    Finish,
    Movement,
    Phase,
    Position,
    SensorData,
    SensorSummary,
)
from monitor.result import Alert, Gap, LedgerEntry, Reference
from monitor.session_notes import Rating, SessionNotes

_PARTS: tuple[tuple[str, type[Any], str], ...] = (
    ("Samples", SensorData, "`PLACEMENT.csv`, `.parquet`; `time_s` stands for `t_s`"),
    ("Epochs", Epochs, "`epochs.csv`, `epochs` of the JSON: one row a second"),
    ("Phases", Phase, "`phases.csv`, `phases` of the JSON"),
    ("Positions", Position, "`positions` of the JSON"),
    ("Movements", Movement, "`movements.csv`, `movements` of the JSON"),
    ("Breaths", Breath, "`breaths.csv`, `breaths` of the JSON"),
    ("The finish", Finish, "`finish` of the JSON"),
    ("Alerts", Alert, "`alerts.csv`, `alerts` of the JSON"),
    ("What became of each alert", LedgerEntry, "`ledger` of the JSON"),
    ("Summary numbers", Estimate, "`summary` of the JSON, by name"),
    ("Sensors", SensorSummary, "`sensors` of the JSON, by placement"),
    ("The wearer's own angles", Reference, "`reference` of the JSON"),
    ("Gaps", Gap, "`gaps` of the JSON"),
    ("Notes", SessionNotes, "`notes.json`"),
    ("Ratings", Rating, "`before` and `after` of `notes.json`"),
)
_UNITS = {  # endings of names, longest first
    "_per_min": "per minute",
    "_m_s2": "m/s²",
    "_rad_s": "rad/s",
    "_deg_s": "degrees per second",
    "_deg": "degrees",
    "_mg": "thousandths of g",
    "_hz": "Hz",
    "_ms": "ms",
    "_s": "s",
}
_HEAD = """# Data dictionary

Made by `python -m monitor.exchange.dictionary > docs/data-dictionary.md`; do not edit.

In CSV an unknown is an empty cell, in JSON and Parquet null, in Motion-BIDS n/a, in EDF+ the lowest
value of a signal; it is never zero. Times are seconds from the session's start; an epoch's `t_s` is
its end. Axes and signs are in ARCHITECTURE.md.
"""


def document() -> str:
    """The whole dictionary as Markdown."""
    return _HEAD + "".join(_section(title, kind, where) for title, kind, where in _PARTS)


def _section(title: str, kind: type[Any], where: str) -> str:
    doc = inspect.getdoc(kind) or ""
    told = dict(_attributes(doc))
    prose = _unwrapped(doc.partition("Attributes\n")[0])
    rows = "".join(
        f"| `{f.name}` | {_unit(f.name)} | {told.get(f.name, '')} |\n" for f in fields(kind)
    )
    return f"\n## {title}\n{where}\n\n{prose}\n\n| name | unit | meaning |\n|---|---|---|\n{rows}"


def _attributes(doc: str) -> Iterator[tuple[str, str]]:
    """Names and meanings of a numpydoc ``Attributes`` section."""
    _, _, body = doc.partition("Attributes\n----------\n")
    names: list[str] = []
    meaning: list[str] = []
    for line in [*body.splitlines(), "end"]:
        if line and not line.startswith(" "):
            for name in names:
                yield name, _unwrapped("\n".join(meaning))
            names, meaning = re.split(r"\s*,\s*", line.partition(" : ")[0]), []
        else:
            meaning.append(line.strip())


def _unwrapped(text: str) -> str:
    """Paragraphs as one line each, the lines between them as a space."""
    return " ".join(text.split()).replace("``", "`")


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


if __name__ == "__main__":
    sys.stdout.write(document())
