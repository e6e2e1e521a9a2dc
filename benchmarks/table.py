"""One line of the accuracy table, and how it is printed: 80 columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HEAD = f"{'what':<40}{'n':>6} {'unit':<5}{'ours':>9}{'baseline':>10} {'coverage':>8}"

LEGEND = """* quoted from the keeper of the recordings; the rest computed now.
A row that begins with a peer's name has its figure under "baseline" and its own coverage."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `baseline_from` says whether it was computed now or is quoted."""

    what: str
    n: int
    unit: str
    ours: float | None
    baseline: float | None
    baseline_from: str = ""
    coverage: float | None = None


def line(row: Row) -> str:
    """The row as it is printed; a star says that the baseline is quoted."""
    star = "*" if row.baseline_from == "quoted" and row.baseline is not None else " "
    coverage = "" if row.coverage is None else f"{100 * row.coverage:.0f} %"
    return (
        f"{row.what:<40}{row.n:>6} {row.unit:<5}{number(row.ours):>9}"
        f"{number(row.baseline):>10}{star}{coverage:>8}"
    )


def number(value: float | None) -> str:
    """Two decimals, a dash for the unknown, an exponent for the very small."""
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.1e}" if 0 < abs(value) < 5e-4 else f"{value:.2f}"
