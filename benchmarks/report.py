"""What a report costs, as ratios to drawing nothing with matplotlib.

    python benchmarks/report.py [SESSION_FOLDER]

Without a folder a session of twenty minutes with five sensors is played first, half a minute.

- *whole process*: `backrelease report` by python + import matplotlib + an empty figure saved.  The
  first report of a session reads its recording once for the spectrogram; the next finds it kept.
- *overview PNG*: drawing and saving the overview by the same number of empty axes of the same size,
  in one process.

Runs are paired (empty, ours, empty, ours, ...) and timed by the processor time they take, because
a busy machine changes speed while it is measured; the median of the paired ratios is what to quote.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PYTHON = sys.executable
RUNS = 11
EMPTY = (
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "plt.figure().savefig({!r})"
)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _played(place)
        out = place / "out"
        report = [PYTHON, "-m", "monitor", "report", str(folder), "--out", str(out)]
        empty = [PYTHON, "-c", EMPTY.format(str(place / "empty.png"))]
        (folder / "chest-motion.npz").unlink(missing_ok=True)
        first = _cpu_s(report)
        whole = _paired(lambda: _cpu_s(report), lambda: _cpu_s(empty))
        html_mb = (out / "report.html").stat().st_size / 1e6
        print(f"{'':44s} {'median':>8s} {'at most':>8s}")
        _row("whole process / empty figure", whole, 3.0)
        _row("  the first time, with the recording read", first / _cpu_s(empty), None)
        _row("HTML, MB", html_mb, 1.5)
        _row("overview PNG / empty axes", _overview_ratio(folder), 1.2)


def _overview_ratio(folder: Path) -> float:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    from monitor.report.figures import overview, png  # noqa: PLC0415
    from monitor.stored import result_of  # noqa: PLC0415

    result = result_of(folder)
    model = overview(result)

    def ours() -> None:
        png(overview(result))

    def empty() -> None:
        figure = Figure(figsize=model.get_size_inches())
        FigureCanvasAgg(figure)
        figure.subplots(len(model.axes), 1)
        figure.savefig(io.BytesIO(), format="png", dpi=160)

    ours(), empty()  # fonts are found once
    return _paired(lambda: _timed(ours), lambda: _timed(empty))


def _played(place: Path) -> Path:
    environment = {**os.environ, "BACKRELEASE_HOME": str(place / "home")}
    demo = [PYTHON, "-m", "monitor", "demo", "--plain", "--minutes", "20", "--radio", "memory"]
    subprocess.run(demo, check=True, env=environment, stdout=subprocess.DEVNULL)
    return next((place / "home" / "sessions").iterdir())


def _paired(ours: Callable[[], float], empty: Callable[[], float]) -> float:
    return statistics.median(1 / (empty() / ours()) for _ in range(RUNS))


def _cpu_s(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )


def _timed(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _row(name: str, value: float, limit: float | None) -> None:
    print(f"{name:44s} {value:8.2f} {limit or '':>8}")


if __name__ == "__main__":
    main()
