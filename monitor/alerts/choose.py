"""Alert settings by name: `--set alerts.chest.enter_deg=15`.

Names are the field names of `AlertSettings`, with `alerts.` before them, as in the configuration
file; values are written as there, without the quotes and brackets that a command line would need.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from monitor.alerts.settings import AlertSettings
from monitor.errors import UserError, WrongUsage
from monitor.fill import filled

_SECTION = "alerts"
_HINT = "For example: --set alerts.enter_deg=12"


def chosen(settings: AlertSettings, words: Sequence[str]) -> AlertSettings:
    """The settings with ``NAME=VALUE`` words applied, all together.

    Raises
    ------
    WrongUsage
        For a word without ``=``, a name that does not exist (the nearest is named), a value of
        another kind, or limits that contradict each other.

    Examples
    --------
    >>> chosen(AlertSettings(), ["alerts.enter_deg=12", "alerts.off=lean"]).off
    ('lean',)
    """
    table: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        section, _, path = name.strip().partition(".")
        if not equals or not path or section != _SECTION:
            raise WrongUsage(f"expected {_SECTION}.NAME=VALUE, got {word!r}", hint=_HINT)
        *outer, last = path.split(".")
        inner = table
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = _value(text.strip(), is_list=isinstance(getattr(settings, last, 0), tuple))
    try:
        return filled(settings, table, _SECTION)
    except UserError as error:
        raise WrongUsage(str(error), hint=error.hint) from error


def _value(text: str, *, is_list: bool) -> Any:
    """The text as the configuration file would hold it; a bare word is a string."""
    if is_list:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
