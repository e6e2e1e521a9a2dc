"""Make the program's environment, then run it.  Needs only Python 3.11 or newer.

    python3 run.py demo        a session with simulated sensors, ending in a report
    python3 run.py tests       the whole gate: style, types, import rules, tests
    python3 run.py ANYTHING    the same as `backrelease ANYTHING`

The environment lies in `.venv` beside this file, belongs to this project only, and is made anew
when pyproject.toml changes.  To remove every trace of it, delete that folder.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
OLDEST = (3, 11)


def main(arguments: list[str]) -> int:
    """Run what was asked for and return its exit status."""
    if sys.version_info < OLDEST:
        return _stop(
            f"this Python is {sys.version.split()[0]}; backrelease needs 3.11 or newer",
            "start run.py with a newer Python, for example: python3.12 run.py demo",
        )
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(f"{__doc__}\n")
        return 0
    tests = arguments[0] == "tests"
    if not _ready("test" if tests else "demo"):
        return 1
    if tests:
        return _tests(arguments[1:])
    return subprocess.call([PYTHON, "-m", "monitor", *arguments])


def _tests(pytest_arguments: list[str]) -> int:
    """Every check a change must pass, cheapest first; the first that fails ends the run."""
    gate = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["lint-imports"],
        ["mypy"],
        ["pytest", *pytest_arguments],
    ]
    for tool, *options in gate:
        sys.stdout.write(f"--- {tool} {' '.join(options)}\n")
        sys.stdout.flush()
        status = subprocess.call([BIN / tool, *options], cwd=HERE)
        if status:
            return status
    return 0


def _ready(extra: str) -> bool:
    """Whether `.venv` holds the project with `extra`, after making it so where it does not."""
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes() + sys.version.encode())
    stamp = VENV / f"ready-{extra}-{wanted.hexdigest()[:16]}"
    # The test environment holds everything that the demo needs.
    if stamp.exists() or Path(str(stamp).replace("ready-demo", "ready-test")).exists():
        return True
    sys.stdout.write(f"Making the environment in {VENV} (once; a minute or two) ...\n")
    sys.stdout.flush()
    # An environment of another Python, or one cut short, is not worth mending.
    if VENV.exists() and not any(VENV.glob(f"ready-*-{wanted.hexdigest()[:16]}")):
        shutil.rmtree(VENV)
    if subprocess.call([sys.executable, "-m", "venv", VENV]):
        _stop(
            "this Python cannot make an environment",
            "on Debian and Ubuntu: sudo apt install python3-venv",
        )
        return False
    install = ["install", "--quiet", "--disable-pip-version-check", "--editable", f".[{extra}]"]
    if subprocess.call([PYTHON, "-m", "pip", *install], cwd=HERE):
        _stop("the packages could not be installed", "is this computer online? Then try again.")
        return False
    stamp.touch()
    return True


def _stop(message: str, hint: str) -> int:
    sys.stderr.write(f"run.py: {message}\n  hint: {hint}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
