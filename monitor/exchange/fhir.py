"""FHIR: the summary of a session as Observations that a health record can take (HL7 FHIR R4B).

Breathing and heart rate carry their LOINC codes; what has no code of its own is named in words,
which FHIR allows.  What is unknown is left out: an Observation is something that was observed.  All
of them are preliminary, computed by a program that is no medical device, and say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.exchange.session_data import Outgoing, needed
from monitor.result_file import write_text

_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_CODES = {
    "breathing_per_min": ("9279-1", "Respiratory rate"),
    "heart_per_min": ("8867-4", "Heart rate"),
}
_UCUM_UNITS = {"1/min": "/min", "deg": "deg", "min": "min", "s": "s", "0 to 1": "1"}
_NOTE = (
    "Estimated from body-worn motion sensors by backrelease, which is not a medical device. "
    "Known for {coverage:.0%} of the resting time{interval}.{source}"
)


def write_fhir(session: Outgoing, folder: Path) -> list[Path]:
    """Write ``NAME.fhir.json``, a Bundle of Observations, checked by fhir.resources.

    Raises
    ------
    UserError
        When fhir.resources is not installed.
    """
    bundle = needed("fhir.resources.R4B.bundle", "fhir").Bundle
    entries = [{"resource": observation} for observation in _observations(session)]
    checked = bundle.model_validate(
        {"resourceType": "Bundle", "type": "collection", "entry": entries}
    )
    path = folder / f"{session.name}.fhir.json"
    write_text(path, checked.model_dump_json(indent=1) + "\n")
    return [path]


def _observations(session: Outgoing) -> Iterator[dict[str, Any]]:
    began = session.started_at
    for name, estimate in session.result.analysis.summary.items():
        unit = _UCUM_UNITS.get(estimate.unit)
        if estimate.value is None or unit is None:
            continue  # unknown; or thousandths of g, for which UCUM has no name
        code: dict[str, Any] = {"text": name.replace("_", " ")}
        if name in _CODES:
            number, display = _CODES[name]
            code = {
                "coding": [{"system": _LOINC, "code": number, "display": display}],
                "text": display,
            }
        interval = ""
        if estimate.low is not None and estimate.high is not None:
            interval = f"; mostly {estimate.low:.4g} to {estimate.high:.4g}"
        source = f" Source: {session.result.source}." if session.result.source else ""
        observation: dict[str, Any] = {
            "resourceType": "Observation",
            "status": "preliminary",
            "code": code,
            "valueQuantity": {
                "value": round(estimate.value, 4),
                "unit": estimate.unit,
                "system": _UCUM,
                "code": unit,
            },
            "note": [
                {"text": _NOTE.format(coverage=estimate.coverage, interval=interval, source=source)}
            ],
            "device": {"display": f"backrelease {__version__}"},
        }
        if began is not None and began.utcoffset() is not None:
            observation["effectiveDateTime"] = began.isoformat()
        yield observation
