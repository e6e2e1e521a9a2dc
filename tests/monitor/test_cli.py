"""The program as a person meets it: quick to answer, helpful when wrong."""

from __future__ import annotations

import os
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
    [
        ["analyze"],
        ["analyse"],
        ["report", "--nothing"],
        ["analyze", "--fs", "quick", "a=b"],
        ["analyze", "chest=a.csv", "--fs", "nan"],
        ["analyze", "chest=a.csv", "--fs", "1e9"],
        ["analyze", "chest=a.csv", "--straight", "15:5"],
        ["analyze", "breast=a.csv"],
        ["analyze", "chest=a.csv", "chest=b.csv"],
        ["session", "--sensor", "left_thigh"],
        ["replay", "last", "chest=a.csv"],
    ],
)
def test_wrong_usage_is_status_2(words: list[str]) -> None:
    done = program(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["history"]])
def test_output_that_cannot_be_written_is_one_line(tmp_path: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "monitor", *words],
            env={**os.environ, "BACKRELEASE_HOME": str(tmp_path)},
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "backrelease: [Errno 28] No space left on device",
        "  hint: is the disk full, or the device gone?",
    ]


def test_a_reader_that_had_enough_hears_no_complaint(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "history"],
        env={**os.environ, "BACKRELEASE_HOME": str(tmp_path)},
        stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_output_without_our_letters_gets_plain_ones(tmp_path: Path) -> None:
    rows = "\n".join(f"{i / 50:.2f},0,0,1" for i in range(1500))
    (tmp_path / "a.csv").write_text(f"time_s,acc_x_g,acc_y_g,acc_z_g\n{rows}\n")
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "analyze", f"chest={tmp_path / 'a.csv'}"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "still for 100 % of the time" in done.stdout
