"""The program as a person meets it: quick to answer, helpful when wrong."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from monitor import __version__
from monitor.cli import app

HEAVY = ("numpy", "scipy", "matplotlib", "bleak", "bumble", "mcap", "jinja2")
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def program(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words], capture_output=True, text=True, check=False
    )


def loaded_after(*words: str) -> set[str]:
    code = (
        "import sys\nfrom monitor.__main__ import main\n"
        f"sys.argv = ['backrelease', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(' '.join(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_version_is_printed_and_loads_not_even_typer() -> None:
    assert program("--version").stdout == f"backrelease {__version__}\n"
    assert loaded_after("--version").isdisjoint({*HEAVY, "typer", "click", "rich"})


@pytest.mark.parametrize("words", [["--help"], ["analyze", "--help"], ["report", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded_after(*words).isdisjoint(HEAVY)


def test_the_commands_are_there() -> None:
    assert {"analyze", "report", "import", "export", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_that_parses(command: str) -> None:

    one = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    assert isinstance(one, click.Command | typer.core.TyperCommand | typer.core.TyperGroup)
    assert one.help
    assert one.epilog is not None, "no example"
    assert one.epilog.startswith(f"Example: backrelease {command}")
    words = shlex.split(one.epilog.removeprefix("Example: "))[2:]
    one.make_context(command, words)  # a usage error raises here


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_prints(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Example" in done.stdout


def test_an_error_is_on_stderr_with_a_hint_and_status_1(tmp_path: Path) -> None:
    done = program("analyze", f"chest={tmp_path / 'no.csv'}")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"backrelease: there is no file {tmp_path / 'no.csv'}",
        "  hint: check the name and the folder",
    ]


@pytest.mark.parametrize(
    "words",
    [["analyze"], ["analyse"], ["report", "--nothing"], ["analyze", "--fs", "quick", "a=b"]],
)
def test_wrong_usage_is_status_2(words: list[str]) -> None:
    done = program(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr
