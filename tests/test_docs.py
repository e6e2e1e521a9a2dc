"""Documents are executed: what they name exists, what the program offers is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from monitor.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:devices|analysis|monitor|tests|benchmarks|docs)/[\w./]+)`", text))
    named |= set(re.findall(r"\]\((?!https?:)([\w./-]+)\)", text))
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:backrelease|run\.py) ([a-z]+)", readme))
    assert set(commands) - named == set()


def test_every_command_the_readme_names_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"backrelease ([a-z]+)", readme))
    assert named - set(commands) == set()


def test_every_dependency_has_its_reason() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = pyproject.split("dependencies = [", 1)[1].split("]", 1)[0]
    packages = re.findall(r'"([a-z0-9]+)>=', block)
    reasons = (
        (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## What we depend on")[1]
    )
    assert packages
    assert [p for p in packages if not re.search(rf"^\| [^|]*\b{p}\b", reasons, re.MULTILINE)] == []
