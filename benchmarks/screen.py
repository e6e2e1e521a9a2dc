"""What a redraw of the session's screen costs: `python benchmarks/screen.py`.

The screen of five sensors is drawn 400 times with values that change each time, through rich into
a terminal that swallows everything; the share is of one core, at the rate the session redraws.
"""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import replace

import numpy as np
from rich.console import Console

from analysis.results import Epochs
from monitor.live.pipeline import LivePipeline
from monitor.live.session import Status
from monitor.result import Reference
from monitor.screen.breath_trace import BreathTrace
from monitor.screen.view import _REDRAWS_PER_S, ScreenView

SENSORS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")
LIMIT = 0.02


def share_of_a_core(width: int, height: int, n: int = 400) -> tuple[float, float]:
    """Milliseconds a redraw, and the share of a core that the session spends on drawing."""
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    view = ScreenView(console)
    trace = BreathTrace()
    t_s = np.arange(0.0, 70.0, 0.01)
    acc = np.stack([0.03 * np.sin(t_s), 0.0 * t_s, 9.8 + 0.0 * t_s], axis=1)
    trace.feed("chest", t_s, acc)
    update = replace(
        LivePipeline(SENSORS).advance(0.0), reference=Reference(90.0, 88.0), heart_source="chest"
    )
    view.say(1.0, "Let your arms rest by your sides. Make yourself comfortable.")
    began_s = time.process_time()
    for k in range(n):
        epochs = replace(
            Epochs.unknown(np.array([float(k)])),
            knee_left_deg=np.array([70.0 + k % 40]),
            knee_right_deg=np.array([95.0 - k % 20]),
            stillness=np.array([0.9]),
            breathing_per_min=np.array([11.0]),
        )
        view.show(
            Status(float(k), "rest", 900.0 - k, float(k), "", replace(update, epochs=epochs), (),
                   float(k), recording_failed=False, breath=trace)
        )  # fmt: skip
        console.print(view.render())
    ms = 1e3 * (time.process_time() - began_s) / n
    return ms, ms / 1e3 * _REDRAWS_PER_S


def main() -> None:
    """Print a row for each size, and say whether the limit is kept."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    worst = 0.0
    print(f"{'size':>10}{'a redraw':>12}{'of a core':>12}")
    for width, height in ((80, 24), (140, 45), (200, 60)):
        ms, share = share_of_a_core(width, height)
        worst = max(worst, share)
        print(f"{f'{width}x{height}':>10}{ms:>9.2f} ms{share:>11.2%}")
    print(f"at most {LIMIT:.0%}: {'kept' if worst <= LIMIT else 'NOT kept'}")


if __name__ == "__main__":
    main()
