"""How quickly the history of a thousand sessions opens, and that it reads no recording.

    python benchmarks/history.py [--sessions 1000]

Sessions are simulated results, each beside a recording that nobody could read.  Pairs of runs,
because a busy machine changes speed while it is measured: the program, and a Python that imports
numpy and reads the same rows from SQLite.  The median of the paired ratios is what to quote.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor import home
from monitor.history.index import INDEX_NAME, History
from monitor.history.simulated import PracticeSettings, practice, write

PYTHON = sys.executable
BACKRELEASE = str(Path(PYTHON).with_name("backrelease"))
RUNS = 15
MOST_RATIO = 2.0

_READ = """
import sqlite3, sys, numpy
db = sqlite3.connect(sys.argv[1])
rows = db.execute("SELECT * FROM sessions ORDER BY name").fetchall()
assert len(rows) == int(sys.argv[2])
"""
_WATCHED = """
import sys
opened = set()
sys.addaudithook(lambda event, args: opened.add(str(args[0])) if event == "open" else None)
sys.argv = ["backrelease", "history"]
from monitor.__main__ import main
try:
    main()
finally:
    read = [name for name in opened if "sessions" in name and name.endswith((".mcap", ".json"))]
    sys.stderr.write(f"{len(read)}")
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    n_wanted = parser.parse_args().sessions
    with tempfile.TemporaryDirectory() as folder:
        os.environ[home.HOME_VARIABLE] = folder
        n_written, written_s = _written(n_wanted)
        started_s = time.perf_counter()
        with History() as index:
            index.rebuild()
            n_rows = len(index.rows())
        print(f"{n_written} sessions: written in {written_s:.1f} s, ", end="")
        print(f"indexed in {time.perf_counter() - started_s:.1f} s, {n_rows} rows")
        read = [PYTHON, "-c", _READ, str(Path(folder) / INDEX_NAME), str(n_rows)]
        print(f"{'command':34}{'x numpy + SQLite':>18}{'median, ms':>12}{'at most':>9}")
        for words, limit in (
            ([BACKRELEASE, "history"], MOST_RATIO),
            ([BACKRELEASE, "history", "--last", "5"], None),
        ):
            ours, theirs = zip(
                *((_seconds(words), _seconds(read)) for _ in range(RUNS)), strict=True
            )
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            ms = 1000.0 * statistics.median(ours)
            name = " ".join(["backrelease", *words[1:]])
            print(f"{name:34}{ratio:18.2f}{ms:12.0f}{limit or '':>9}")
        print(f"{'numpy + SQLite':34}{1.0:18.2f}{1000.0 * statistics.median(theirs):12.0f}")
        watched = subprocess.run(
            [PYTHON, "-c", _WATCHED], capture_output=True, text=True, check=True
        )
        print(f"results and recordings that it opened: {watched.stderr}")


def _written(n_wanted: int) -> tuple[int, float]:
    """Write the sessions, and beside each a recording that no reader would survive."""
    started_s = time.perf_counter()
    n_written = 0
    for seed in range(n_wanted):
        first_day = datetime(2020, 3, 1, 18, 30, 5, tzinfo=UTC) + timedelta(days=91 * seed)
        for session in practice(PracticeSettings(seed, first_day=first_day, epoch_s=5.0)):
            if n_written == n_wanted:
                return n_written, time.perf_counter() - started_s
            (write(session) / home.RECORDING_NAME).write_bytes(b"not to be read")
            n_written += 1
    return n_written, time.perf_counter() - started_s


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
