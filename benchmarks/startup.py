"""How long the program takes to start, as ratios to an empty Python.

    python benchmarks/startup.py

Runs are paired (empty, ours, empty, ours, ...), because a busy machine changes speed while it is
measured; the median of the paired ratios is what to quote.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

PYTHON = sys.executable
BACKRELEASE = str(Path(PYTHON).with_name("backrelease"))
RUNS = 15
HEAVY = ("numpy", "scipy", "matplotlib", "bleak")

COMMANDS = {
    "backrelease --version": ([BACKRELEASE, "--version"], 1.5),
    "backrelease --help": ([BACKRELEASE, "--help"], None),
    "backrelease session --help": ([BACKRELEASE, "session", "--help"], None),
}


def main() -> None:
    """Print the table."""
    print(f"{'command':32s} {'x python -c pass':>18s} {'at most':>8s}")
    for name, (command, limit) in COMMANDS.items():
        ratio = statistics.median(
            _seconds(command) / _seconds([PYTHON, "-c", "pass"]) for _ in range(RUNS)
        )
        print(f"{name:32s} {ratio:18.2f} {limit or '':>8}")
    loaded = subprocess.run(
        [PYTHON, "-X", "importtime", "-m", "monitor", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    modules = {line.rsplit("|", 1)[-1].strip() for line in loaded.splitlines()}
    print(f"--help loads of {', '.join(HEAVY)}: {sorted(modules & set(HEAVY)) or 'none'}")


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
