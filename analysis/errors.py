"""The one error of the analysis: an input that cannot be what its name says."""

from __future__ import annotations


class InputError(ValueError):
    """An array or setting that cannot be used; says what came and what was expected.

    `hint` is the way out in one sentence.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
