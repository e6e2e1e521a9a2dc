"""A table of plain values becomes a frozen dataclass of settings; what does not fit is named.

    {"enter_deg": 12}  --filled(KneeDriftSettings())-->  KneeDriftSettings(enter_deg=12.0)

Used for the configuration file and for `--set`.  An unknown name brings the nearest known one; a
value of the wrong kind says what came and what was expected.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from monitor.errors import UserError

T = TypeVar("T")
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}


def filled(default: T, values: Mapping[str, Any], where: str = "") -> T:
    """`default` with the values that are given.

    Parameters
    ----------
    default
        A frozen dataclass; its fields may be dataclasses of the same kind.
    values
        Names of fields to values, nested as the dataclass is.
    where
        What the values are part of, for messages.

    Raises
    ------
    UserError
        For a name that is no field, with the nearest one that is, and for a value of another kind.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Bell:
    ...     loudness: float = 0.3
    ...     kind: str = "bowl"
    >>> filled(Bell(), {"loudness": 1})
    Bell(loudness=1.0, kind='bowl')
    """
    hints = get_type_hints(type(default))
    names = [f.name for f in fields(default)]  # type: ignore[arg-type]  # a dataclass, by contract
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in names:
            raise UserError(f"{_in(where)}there is no {name!r}", hint=_nearest(name, names))
        inside = f"{where}.{name}" if where else name
        changed[name] = _fitting(getattr(default, name), value, hints[name], inside)
    try:
        return replace(default, **changed)  # type: ignore[type-var]  # the same
    except ValueError as error:
        raise UserError(f"{_in(where)}{error}", hint="Give a value that is allowed.") from error


def _nearest(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(names)}."


def _in(where: str) -> str:
    return f"{where}: " if where else ""


def _fitting(before: Any, value: Any, hint: Any, where: str) -> Any:
    """The value as the type that a field has."""
    if is_dataclass(before) and not isinstance(before, type):
        if not isinstance(value, Mapping):
            raise _unfit(value, "a table of settings", where)
        return filled(before, value, where)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise _unfit(value, "one of " + ", ".join(map(str, arguments)), where)
        return value
    if origin in {Union, types.UnionType}:
        [kind] = [a for a in arguments if a is not type(None)]
        return None if value is None else _fitting(None, value, kind, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _unfit(value, "a list in [brackets]", where)
        return tuple(_fitting(None, v, arguments[0], where) for v in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        allowed = [member.value for member in hint]
        if value not in allowed:
            raise _unfit(value, "one of " + ", ".join(map(str, allowed)), where)
        return hint(value)
    return _plain(value, hint, where)


def _plain(value: Any, kind: Any, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # bool is an int to Python; to a person it is not
    if kind in _WORDS and (type(value) is not kind or value != value):  # noqa: PLR0124  # NaN
        raise _unfit(value, _WORDS[kind], where)
    return value


def _unfit(value: Any, expected: str, where: str) -> UserError:
    return UserError(f"{_in(where)}{value!r} is not {expected}", hint=f"Give {expected}.")
