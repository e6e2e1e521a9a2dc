"""How far a recording is whole, without decoding it: what may be copied while it is written.

An MCAP file is eight magic bytes, then records: one byte of kind, eight bytes of length (little
endian), and so many bytes of content.
"""

from __future__ import annotations

import struct
from pathlib import Path

_MAGIC_LENGTH = 8
_RECORD_HEAD = struct.Struct("<BQ")


def whole_length(path: Path) -> int:
    """Bytes of `path` up to the end of its last whole record; 0 when there is none.

    Reads only the head of each record, so that an hour's recording takes a fraction of a second.
    The magic bytes at the end of a finished file count as its last record.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        at = _MAGIC_LENGTH
        if size < at:
            return 0
        file.seek(0)
        magic = file.read(_MAGIC_LENGTH)
        while True:
            file.seek(at)
            head = file.read(_RECORD_HEAD.size)
            if head == magic:
                return at + _MAGIC_LENGTH
            if len(head) < _RECORD_HEAD.size:
                return at
            _, length = _RECORD_HEAD.unpack(head)
            if at + _RECORD_HEAD.size + length > size:
                return at
            at += _RECORD_HEAD.size + length
