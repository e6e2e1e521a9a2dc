"""Each figure of a session as a file of its own: ``figures/knees.png`` and its like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from monitor.home import make_private_folder
from monitor.report import figures
from monitor.report.layout import WIDE, Format
from monitor.report.spectrogram import chest_of
from monitor.result import SessionResult
from monitor.result_file import write_bytes

FOLDER_NAME = "figures"


def write_figures(
    folder: Path,
    result: SessionResult,
    formats: Sequence[str],
    session: Path | None = None,
) -> Iterator[Path]:
    """Write every figure that the session can have, once in each format; yields each path.

    Parameters
    ----------
    folder : Path
        Where the folder ``figures`` goes.
    result : SessionResult
    formats : sequence of {"png", "svg", "pdf"}
    session : Path, optional
        The session's own folder, with the recording, when it is another.

    Raises
    ------
    UserError
        When the folder cannot be written.
    """
    place = make_private_folder(folder / FOLDER_NAME)
    drawers: dict[str, Callable[[Format, bool], Figure]] = {
        "overview": lambda shape, titled: figures.overview(result, shape, titled=titled)
    }
    drawers |= figures.figures_of(result, chest_of(session or folder))
    for name, draw in drawers.items():
        for kind in dict.fromkeys(formats):
            path = place / f"{name}.{kind}"
            # a figure for each file: a canvas changes the one that it draws
            write_bytes(path, _AS_BYTES[kind](draw(WIDE, True)))
            yield path


_AS_BYTES: dict[str, Callable[[Figure], bytes]] = {
    "png": figures.png,
    "svg": lambda figure: figures.svg(figure).encode(),
    "pdf": figures.pdf,
}
