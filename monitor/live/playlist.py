"""How long a play list lasts, so that a session can end with it.

    #EXTM3U
    #EXTINF:245,Somebody - Something     245 seconds
    something.mp3

Most players write the lengths.  Where they are missing the files themselves are asked, with the
small library tinytag when it is installed.  The music is the wearer's own player's business.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from monitor.errors import UserError, install_hint

_ENDINGS = (".m3u", ".m3u8")


def length_s(path: Path) -> float:
    r"""Seconds that all entries of an M3U play list last together.

    Raises
    ------
    UserError
        When the file is no play list, is empty, or the length of an entry cannot be found out.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "calm.m3u"
    ...     _ = path.write_text("#EXTM3U\n#EXTINF:600,One\none.ogg\n#EXTINF:301,Two\ntwo.ogg\n")
    ...     length_s(path)
    901.0
    """
    total_s = 0.0
    said_s: float | None = None
    n_entries = 0
    for line in _lines(path):
        if line.upper().startswith("#EXTINF:"):
            said_s = _seconds(line[8:])
        elif line and not line.startswith("#"):
            total_s += said_s if said_s is not None else _of_file(path, line)
            said_s = None
            n_entries += 1
    if not n_entries:
        raise UserError(f"the play list {path} is empty", hint="Choose one with music in it.")
    return total_s


def _lines(path: Path) -> list[str]:
    if path.suffix.lower() not in _ENDINGS:
        raise UserError(
            f"{path} is no play list that is known here",
            hint="Save it from your player as .m3u or .m3u8.",
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read the play list {path}: {error.strerror}", hint="Check the name."
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # what .m3u was before .m3u8; any byte is a letter in it
    return [line.strip() for line in text.splitlines()]


def _seconds(text: str) -> float | None:
    """``245,Title`` or ``245.3 attribute="x",Title``; -1 and nonsense mean unknown."""
    try:
        value = float(text.partition(",")[0].split()[0])
    except (ValueError, IndexError):
        return None
    return value if 0.0 < value < float("inf") else None


def _of_file(playlist: Path, entry: str) -> float:
    if importlib.util.find_spec("tinytag") is None:
        raise UserError(
            f"the play list {playlist} does not say how long {entry!r} lasts",
            hint="Save it with lengths (#EXTINF), give --minutes, or let the files be asked. "
            + install_hint("playlist"),
        )
    from tinytag import TinyTag, TinyTagException  # noqa: PLC0415  # an extra

    path = playlist.parent / entry
    try:
        duration_s = TinyTag.get(path).duration
    except (OSError, TinyTagException) as error:
        raise UserError(
            f"cannot find out how long {path} lasts: {error}",
            hint="Give --minutes instead of --until-end-of.",
        ) from error
    if not duration_s:
        raise UserError(
            f"{path} does not say how long it lasts",
            hint="Give --minutes instead of --until-end-of.",
        )
    return float(duration_s)
