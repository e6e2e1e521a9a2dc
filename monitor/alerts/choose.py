"""Alert settings by name: `--set alerts.chest.enter_deg=15`.

Names are the field names of `AlertSettings`, with `alerts.` before them, as in the settings file.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Sequence
from typing import Any, get_args

from monitor.alerts.excursion import Evidence, ExcursionLimits
from monitor.alerts.finding import ALL_KINDS
from monitor.alerts.settings import AlertSettings
from monitor.errors import WrongUsage

_PREFIX = "alerts"
_CHOICES = {"evidence": get_args(Evidence), "off": ALL_KINDS}


def names(settings: AlertSettings | None = None) -> dict[str, Any]:
    """Every name that can be set, with its value.

    Examples
    --------
    >>> names()["alerts.enter_deg"], names()["alerts.lean.enter_deg"]
    (8.0, 10.0)
    """
    return _flat(_PREFIX, settings or AlertSettings())


def chosen(settings: AlertSettings, words: Sequence[str]) -> AlertSettings:
    """The settings with ``NAME=VALUE`` words applied, one after the other.

    Raises
    ------
    WrongUsage
        For a word without ``=``, a name that does not exist (the nearest is named), a value of
        another kind, or a knee that would be back before it was away.

    Examples
    --------
    >>> chosen(AlertSettings(), ["alerts.enter_deg=12", "alerts.off=lean"]).off
    ('lean',)
    """
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        known = names(settings)
        if not equals:
            raise WrongUsage(
                f"expected NAME=VALUE, got {word!r}", hint="For example: --set alerts.enter_deg=12"
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            raise WrongUsage(
                f"there is no setting {name!r}",
                hint=f"Is it {near[0]}?" if near else f"There are: {', '.join(known)}",
            )
        value = _value(name, known[name], text.strip())
        settings = _replaced(settings, name.split(".")[1:], value)
    check(settings)
    return settings


def check(settings: AlertSettings) -> None:
    """Refuse limits that contradict each other.

    Raises
    ------
    WrongUsage
        When something would be back before it was away.
    """
    for name in ("", "lean", "difference", "chest"):
        limits: ExcursionLimits = getattr(settings, name) if name else settings
        if limits.leave_deg >= limits.enter_deg:
            where = f"{_PREFIX}.{name}." if name else f"{_PREFIX}."
            raise WrongUsage(
                f"it cannot be back at {limits.leave_deg:g} degrees when it is away from "
                f"{limits.enter_deg:g} on",
                hint=f"Give {where}leave_deg a smaller number than {where}enter_deg.",
            )


def _flat(prefix: str, settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for f in dataclasses.fields(settings):
        name, value = f"{prefix}.{f.name}", getattr(settings, f.name)
        found |= _flat(name, value) if dataclasses.is_dataclass(value) else {name: value}
    return found


def _replaced(settings: Any, path: list[str], value: Any) -> Any:
    first, *rest = path
    inner = _replaced(getattr(settings, first), rest, value) if rest else value
    return dataclasses.replace(settings, **{first: inner})


def _value(name: str, before: Any, text: str) -> Any:
    """The text as a value of the same kind as the one before."""
    last = name.rpartition(".")[2]
    if isinstance(before, bool):
        if text.lower() not in {"true", "false", "yes", "no"}:
            raise WrongUsage(f"{name} is true or false, not {text!r}", hint=f"{name}=true")
        return text.lower() in {"true", "yes"}
    if isinstance(before, int | float):
        try:
            value = type(before)(text)
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise WrongUsage(
                f"{name} is a number of at least 0, not {text!r}", hint=f"Now: {name}={before:g}"
            )
        return value
    parts = tuple(p.strip() for p in text.split(",") if p.strip())
    wrong = [p for p in parts if p not in _CHOICES[last]]
    if wrong or (isinstance(before, str) and len(parts) != 1):
        raise WrongUsage(
            f"{name} cannot be {text!r}", hint=f"It can be: {', '.join(_CHOICES[last])}"
        )
    return parts[0] if isinstance(before, str) else parts
