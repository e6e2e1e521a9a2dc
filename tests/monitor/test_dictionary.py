"""The data dictionary is what the classes say, and says something of every column."""

from __future__ import annotations

from pathlib import Path

from monitor.exchange.dictionary import document

DOCUMENT = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), (
        "run: python -m monitor.exchange.dictionary > docs/data-dictionary.md"
    )


def test_a_unit_is_read_from_the_name() -> None:
    row = "| `knee_left_deg` | degrees | Knee flexion, 0 straight, about 90 in the position. |"
    assert row in document()
