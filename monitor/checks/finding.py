"""One thing that was looked at, as every check returns it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `remedy` is empty when all is well; `needed` says whether a session fails without it.
    """

    ok: bool
    what: str
    remedy: str = ""
    needed: bool = True
