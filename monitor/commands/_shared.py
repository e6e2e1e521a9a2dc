"""Options that several commands have in common.  Imports nothing heavy."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import typer

Window = tuple[float, float]

_SLOW_BYTES = 1 << 24  # 16 MB: below this the reading takes less than a second


def window(text: str | None) -> Window | None:
    """``A:B`` in seconds; anything else is a usage error (status 2)."""
    if text is None:
        return None
    start, _, end = text.partition(":")
    try:
        a, b = float(start), float(end)
    except ValueError:
        a, b = 0.0, 0.0
    if not 0.0 <= b - a < float("inf") or a == b:
        raise typer.BadParameter(
            f"expected A:B in seconds with A before B, for example 5:15, got {text!r}"
        )
    return a, b


def reading_progress() -> Callable[[str, int, int], None] | None:
    """One line on a terminal's stderr that follows the reading of long files."""
    if not sys.stderr.isatty():
        return None
    last = [0.0]

    def tell(placement: str, done: int, total: int) -> None:
        if total < _SLOW_BYTES:
            return
        now = time.monotonic()
        if done >= total:
            sys.stderr.write("\r" + " " * 60 + "\r")
        elif now - last[0] > 0.2:  # five times a second is smooth enough to read
            last[0] = now
            sys.stderr.write(f"\rreading {placement}: {done / total:4.0%} of {total >> 20} MB")
        sys.stderr.flush()

    return tell


STRAIGHT_HELP = "Seconds in which the legs lay straight on the floor, as A:B."
BENT_HELP = "Seconds in which the knees were held bent, as A:B."
SLIDE_HELP = (
    "Seconds of a slow slide of the heels, there and back at least once: it shows the bending axis of "
    "a leg that leaned in the poses."
)
FS_HELP = "Samples a second, for files without a time_s column."
FILES_HELP = (
    "PLACEMENT=FILE.csv[.gz] with a header: time_s, acc_x_g acc_y_g acc_z_g (or acc_x_m_s2 …), "
    "optionally gyro_x_dps … (or gyro_x_rad_s …). Placements: chest, left_thigh, left_shank, "
    "right_thigh, right_shank, head."
)
