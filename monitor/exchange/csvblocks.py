r"""A text file of numbers in blocks of a few megabytes, whatever its size.

bytes --inflate--> whole lines --numpy's parser--> (n, k) array
                               \\--(a cell is empty or odd)--> cell by cell, naming the line
"""

from __future__ import annotations

import csv
import gzip
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO

import numpy as np

from analysis.results import FloatArray
from monitor.errors import UserError
from monitor.exchange.csvheader import Layout

BLOCK_BYTES = 1 << 22  # 4 MiB: some 60,000 rows, large against the cost of a call
_GZIP_MAGIC = b"\x1f\x8b"
_BOMS_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UNKNOWN_CELLS = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})

Progress = Callable[[int, int], None]
"""Told (bytes read, bytes in the file) after each block."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file.

    `first_line` counts from 1; `read_bytes` is how much of the file on disk has been taken, and
    `cut_off` says that a compressed file ended before its end.
    """

    lines: list[str]
    first_line: int
    read_bytes: int
    file_bytes: int
    cut_off: bool = False


def blocks_of(path: Path, *, progress: Progress | None = None) -> Iterator[Block]:
    """Yield a file's lines, at most some 4 MiB at a time; gzip is recognised by its content.

    Raises
    ------
    UserError
        For what is no readable text file.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder", hint="name a CSV file in it")
    try:
        with path.open("rb") as raw:
            yield from _blocks(raw, path, progress)
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}", hint="check the name and the folder") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError(
            f"{path} is damaged: {error}", hint="copy it again from where it came"
        ) from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}", hint="") from error


def numbers_in(block: Block, layout: Layout, path: Path) -> FloatArray:
    """The wanted columns of a block; an empty or unknown cell is NaN, blank lines are no rows.

    Raises
    ------
    UserError
        For a cell that is no number, with its line.
    """
    lines = block.lines
    if layout.delimiter != ",":  # then a comma can only be the decimal comma of a local Excel
        lines = [line.replace(",", ".") for line in lines]
    if not any(line.strip() for line in lines):
        return np.empty((0, len(layout.columns)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns of a block of comments
            fast: FloatArray = np.loadtxt(
                lines,
                delimiter=layout.delimiter,
                usecols=layout.columns,
                comments="#",
                quotechar='"',
                ndmin=2,
            )
    except (ValueError, UserWarning, IndexError):
        return _cell_by_cell(lines, block.first_line, layout, path)
    fast[~np.isfinite(fast)] = np.nan
    return fast


def _blocks(raw: BufferedReader, path: Path, progress: Progress | None) -> Iterator[Block]:
    file_bytes = path.stat().st_size
    packed = raw.peek(2)[:2] == _GZIP_MAGIC  # not read: a pipe cannot go back
    file: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if packed else raw
    newline, rest, line, cut_off = b"\n", b"", 1, False
    while not cut_off:
        data, cut_off = _read(file)
        if line == 1 and not rest:
            data = data.removeprefix(b"\xef\xbb\xbf")
            _refuse_binary(data, path)
            if b"\n" not in data and b"\r" in data:
                newline = b"\r"
        data, more = rest + data, bool(data) and not cut_off
        end = data.rfind(newline) + 1 if more or cut_off else len(data)
        whole, rest = data[:end], data[end:]
        if len(rest) > BLOCK_BYTES:
            raise UserError(
                f"{path} has more than {BLOCK_BYTES >> 20} MB without a line end at line {line}",
                hint="this is not a table of numbers with one line per sample",
            )
        if whole:
            text = whole.decode("utf-8", "replace").replace("\r\n", "\n")
            lines = text.removesuffix(newline.decode()).split(newline.decode())
            yield Block(lines, line, _position(raw), file_bytes, cut_off)
            line += len(lines)
            if progress is not None:
                progress(_position(raw), file_bytes)
        if not more:
            return


def _position(raw: BufferedReader) -> int:
    """Bytes read so far; 0 of a pipe, whose size is 0 as well."""
    return raw.tell() if raw.seekable() else 0


def _read(file: IO[bytes] | gzip.GzipFile) -> tuple[bytes, bool]:
    """Up to a block of bytes, and whether a compressed file broke off (what came before is good)."""
    if not isinstance(file, gzip.GzipFile):
        return file.read(BLOCK_BYTES), False
    pieces: list[bytes] = []
    n_bytes = 0
    try:
        while n_bytes < BLOCK_BYTES and (piece := file.read1(BLOCK_BYTES - n_bytes)):
            pieces.append(piece)
            n_bytes += len(piece)
    except EOFError:
        return b"".join(pieces), True
    return b"".join(pieces), False


def _refuse_binary(data: bytes, path: Path) -> None:
    if data[:2] in _BOMS_UTF16:
        raise UserError(
            f"{path} is UTF-16 text", hint="save it as CSV in UTF-8 (Excel: 'CSV UTF-8')"
        )
    if b"\0" in data[:4096]:
        raise UserError(
            f"{path} is not a text file: it starts with {data[:8].hex(' ')}",
            hint="export the recording as CSV first",
        )


def _cell_by_cell(lines: list[str], first_line: int, layout: Layout, path: Path) -> FloatArray:
    """Slow and patient: what numpy refused, with the line for the message."""
    rows: list[list[float]] = []
    for n, line in enumerate(lines, start=first_line):
        text = line.partition("#")[0]
        if not text.strip():
            continue
        cells = (
            next(csv.reader([text], delimiter=layout.delimiter))
            if '"' in text
            else text.split(layout.delimiter)
        )
        row = []
        for column, name in zip(layout.columns, layout.names, strict=True):
            cell = cells[column].strip() if column < len(cells) else ""
            try:
                row.append(float(cell))
            except ValueError:
                if cell.lower() not in _UNKNOWN_CELLS:
                    raise UserError(
                        f"{path}, line {n}: {cell[:40]!r} in column {name} is not a number",
                        hint="leave the cell empty if the value is unknown",
                    ) from None
                row.append(np.nan)
        rows.append(row)
    numbers = np.array(rows, dtype=float).reshape(-1, len(layout.columns))
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers
