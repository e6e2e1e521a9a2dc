"""Kill a running session at random moments, and see what is left of it.

    python benchmarks/crash.py [--times 20] [--seed 1]

Each time a simulated session runs in real time in a process of its own, with a fresh data folder.
After a random number of seconds it gets SIGKILL.  Then the recording is read, and `report` makes
the session's page from it.

`lost` is the newest session second that the program had printed before it died, less the newest
that the recording holds: what a wearer would miss.  It is negative when the recording knows more
than was printed, because lines come twice a second.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import UserError
from monitor.recording.reader import read_recording

_PRINTED = re.compile(r"recorded [\d.]+ of ([\d.]+) s")
_LINES_EVERY_S = "0.5"


@dataclass(frozen=True, slots=True)
class Crash:
    """One killed session; `n_seconds` is what the recording holds, None when it did not open."""

    killed_after_s: float
    printed_s: float
    n_seconds: float | None
    n_damaged: int
    reported: bool

    @property
    def lost_s(self) -> float | None:
        """Session seconds that were live and are not in the recording."""
        return None if self.n_seconds is None else self.printed_s - self.n_seconds


def crash_once(folder: Path, after_s: float, *, speed: str = "1") -> Crash:
    """Run a demo in `folder`, kill it `after_s` seconds after its first line, and look."""
    environment = {**os.environ, "BACKRELEASE_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    program = [sys.executable, "-m", "monitor"]
    options = ["--minutes", "2", "--speed", speed, "--radio", "memory"]
    lines = folder / "lines.txt"
    with lines.open("w") as out:
        running = subprocess.Popen(
            [*program, "demo", *options, "--plain", "--every", _LINES_EVERY_S],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(lines, running)
            time.sleep(after_s)
        finally:
            running.kill()
            running.wait()
    printed = _PRINTED.findall(lines.read_text())
    n_seconds, n_damaged, reported = None, 0, False
    try:
        [path] = folder.glob("sessions/*/recording.mcap")
        recording = read_recording(path)
        n_seconds, n_damaged = recording.last_t_s, recording.n_damaged
    except (UserError, ValueError):
        return Crash(after_s, float(printed[-1]), None, 0, reported=False)
    report = subprocess.run(
        [*program, "report", "last"], env=environment, capture_output=True, text=True, check=False
    )
    reported = report.returncode == 0 and (path.parent / "report.html").is_file()
    return Crash(after_s, float(printed[-1]), n_seconds, n_damaged, reported)


def _wait_for(lines: Path, running: subprocess.Popen[bytes], limit_s: float = 60.0) -> None:
    """Wait until the session has printed its first state."""
    give_up_s = time.monotonic() + limit_s
    while not _PRINTED.search(lines.read_text()):
        if running.poll() is not None or time.monotonic() > give_up_s:
            raise RuntimeError(f"the session did not start:\n{lines.read_text()}")
        time.sleep(0.02)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=10.0, help="latest moment of a kill, s")
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)  # noqa: S311  # not a secret
    crashes = []
    print(f"{'killed after':>13}{'printed':>10}{'stored':>10}{'lost':>8}{'damaged':>9}  report")
    for _ in range(arguments.times):
        with tempfile.TemporaryDirectory() as folder:
            crash = crash_once(Path(folder), moments.uniform(0.2, arguments.longest))
        crashes.append(crash)
        stored = "unreadable" if crash.n_seconds is None else f"{crash.n_seconds:.2f} s"
        lost = "-" if crash.lost_s is None else f"{crash.lost_s:.2f} s"
        print(
            f"{crash.killed_after_s:>11.2f} s{crash.printed_s:>8.2f} s{stored:>10}{lost:>8}"
            f"{crash.n_damaged:>9}  {'made' if crash.reported else 'FAILED'}",
            flush=True,
        )
    opened = [c for c in crashes if c.lost_s is not None]
    worst_s = max((c.lost_s for c in opened if c.lost_s is not None), default=float("nan"))
    print(
        f"\n{len(opened)}/{len(crashes)} opened, at most {worst_s:.2f} s lost, "
        f"{sum(c.reported for c in crashes)}/{len(crashes)} reports made"
    )


if __name__ == "__main__":
    main()
