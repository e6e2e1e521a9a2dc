"""Text that arrives in arbitrary pieces becomes lines, each with the arrival of its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devices.errors import DecodeError

_LONGEST = 256  # bytes of a line: several times what any of our sensors says in one
_SHOWN = 64  # bytes of an endless line that an error shows
_AROUND = b" \t\r\x00\x10>"  # what consoles put around a line: prompt, echo switch, padding


@dataclass(slots=True)
class LineCutter:
    """Cuts at line feeds and keeps the rest for later, wherever the pieces were cut.

    Examples
    --------
    >>> lines = LineCutter()
    >>> list(lines.feed(b"A,1,2,3")), list(lines.feed(b"0" + bytes([13, 10]) + b">A,"))
    ([], [b'A,1,2,30'])
    """

    pending: bytes = b""

    def feed(self, received: bytes) -> Iterator[bytes | DecodeError]:
        """Whole lines, without what consoles put around them; empty ones are left out."""
        *ended, rest = (self.pending + received).split(b"\n")
        self.pending = rest[: _LONGEST + 1]  # more is only kept in mind as too long
        for line in ended:
            if len(line) > _LONGEST:
                yield DecodeError(f"a line of more than {_LONGEST} bytes begins", line[:_SHOWN])
            elif stripped := line.strip(_AROUND):
                yield stripped


def integers(fields: list[bytes]) -> list[int] | None:
    """Plain decimal integers of at most ten digits, or None if any is not.

    Stricter than `int`, which takes "1_000" and Arabic digits: torn lines must not pass.

    Examples
    --------
    >>> integers([b"-12", b"7"]), integers([b"1_0"]), integers([b""])
    ([-12, 7], None, None)
    """
    values = []
    for field in fields:
        digits = field[1:] if field[:1] == b"-" else field
        if not 1 <= len(digits) <= 10 or not digits.isdigit():
            return None
        values.append(int(field))
    return values
