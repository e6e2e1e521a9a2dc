"""Pictures of agreement: a Bland-Altman page, and how the error falls as confidence rises.

`bland_altman` takes any pairs, so a knee is drawn as a breath is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.chest import Pairs, Windows

FloatArray = NDArray[np.float64]

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "validation"
_INK, _DOT, _LINE = "#333333", "#2a6f97", "#c05640"


def draw(pairs: Pairs, folder: Path = FOLDER) -> list[Path]:
    """Draw every picture that the pairs allow; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for kind, unit in (("breathing", "1/min"), ("heart", "1/min"), ("knee", "deg")):
        of_kind = {
            name.removeprefix(f"{kind}, "): pair
            for name, pair in pairs.of.items()
            if name.startswith(kind) and len(pair[0]) > 2
        }
        if of_kind:
            drawn.append(folder / f"{kind}.png")
            bland_altman(of_kind, unit, drawn[-1])
    if pairs.windows:
        drawn.append(folder / "breathing_confidence.png")
        error_against_coverage(pairs.windows, drawn[-1])
    return drawn


def bland_altman(pairs: Mapping[str, tuple[FloatArray, FloatArray]], unit: str, path: Path) -> None:
    """A panel for each name: difference against mean, with the bias and 95 % limits of agreement.

    Parameters
    ----------
    pairs : mapping of name to (ours, reference)
        Arrays without NaN.
    unit : str
    path : Path
        PNG to write.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is asked for

    n_columns = min(len(pairs), 3)
    n_rows = -(-len(pairs) // n_columns)
    figure = Figure(figsize=(3.4 * n_columns, 2.7 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
    for panel, (name, (ours, reference)) in zip(panels, pairs.items(), strict=False):
        off = ours - reference
        bias, half = float(off.mean()), 1.96 * float(off.std(ddof=1))
        panel.plot((ours + reference) / 2, off, ".", color=_DOT, ms=5, alpha=0.4, mew=0)
        for at, style in ((bias, "-"), (bias - half, "--"), (bias + half, "--")):
            panel.axhline(at, color=_LINE, ls=style, lw=1)
        limits = f"{bias:+.2f}, limits {bias - half:.2f} to {bias + half:.2f}"
        panel.set_title(f"{name} (n {len(off)})\n{limits}", fontsize=8, color=_INK)
        panel.grid(alpha=0.25)
        panel.tick_params(labelsize=7)
    for panel in panels[len(pairs) :]:
        panel.set_visible(False)
    figure.supxlabel(f"mean of ours and the reference, {unit}", fontsize=8)
    figure.supylabel(f"ours less the reference, {unit}", fontsize=8)
    figure.savefig(path, dpi=90)


def error_against_coverage(windows: list[Windows], path: Path) -> None:
    """Left: mean error of the surest share of windows.  Right: share of right answers by confidence."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is asked for

    confidence = np.concatenate([w.confidence for w in windows])
    off = np.abs(np.concatenate([w.errors() for w in windows]))
    known = np.isfinite(off)
    order = np.argsort(-confidence[known], kind="stable")
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    share = 100 * np.arange(1, known.sum() + 1) / len(off)
    mean = np.cumsum(off[known][order]) / np.arange(1, known.sum() + 1)
    settled = share > 2  # the first few windows are chance
    left.plot(share[settled], mean[settled], color=_DOT)
    left.set_xlabel("surest share of all 30 s windows, %", fontsize=8)
    left.set_ylabel("mean error, breaths a minute", fontsize=8)
    left.set_ylim(0, None)
    edges = np.quantile(confidence[known], np.linspace(0, 1, 9))
    which = np.clip(np.searchsorted(edges, confidence[known], side="right") - 1, 0, 7)
    middles = [float(confidence[known][which == i].mean()) for i in range(8)]
    for limit, style in ((1.0, "o-"), (2.0, "s--")):
        rights = [100 * float((off[known][which == i] <= limit).mean()) for i in range(8)]
        right.plot(middles, rights, style, color=_DOT, ms=4, label=f"within {limit:.0f} a minute")
    right.set_xlabel("confidence", fontsize=8)
    right.set_ylabel("right answers, %", fontsize=8)
    right.set_ylim(None, 100.5)
    right.legend(fontsize=7, frameon=False)
    for panel in (left, right):
        panel.grid(alpha=0.25)
        panel.tick_params(labelsize=7)
    figure.savefig(path, dpi=90)
