"""What a wearer has chosen, kept between sessions: `config.toml`, theirs to edit.

    [sensors]   chest = {name = "Polar H10 51A0B234", address = "...", driver = "polar_h10"}
    [wearer]    height_m = 1.75
    [session]   minutes = 15.0
    [cues]      how cues are heard and felt     (monitor.cues)
    [alerts]    limits of the rules             (monitor.alerts)
    [history]   when a day begins

`backrelease setup` writes it, keeping comments; everything in it may be left out.  It lies in the
platform's folder for settings, or in BACKRELEASE_HOME, and only its owner can read it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor import home
from monitor.errors import UserError
from monitor.fill import filled

CONFIG_NAME = "config.toml"
SHORTEST_MINUTES = 1.5
LONGEST_MINUTES = 120.0  # the exercise takes 10 to 20; a typo should not fill the disk

_HEAD = """\
# What `backrelease setup` stored. Change what you like; what you take out goes back to normal.

"""


@dataclass(frozen=True, slots=True)
class SensorEntry:
    """One sensor of the wearer's own: what it calls itself, where it is reached, what decodes it."""

    name: str = ""
    address: str = ""
    driver: str = ""


@dataclass(frozen=True, slots=True)
class SensorEntries:
    """Placement to sensor; empty entries are worn by nobody."""

    chest: SensorEntry = SensorEntry()
    left_thigh: SensorEntry = SensorEntry()
    left_shank: SensorEntry = SensorEntry()
    right_thigh: SensorEntry = SensorEntry()
    right_shank: SensorEntry = SensorEntry()
    head: SensorEntry = SensorEntry()
    heart: SensorEntry = SensorEntry()

    def worn(self) -> dict[str, SensorEntry]:
        """The placements that have a sensor."""
        entries = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: entry for name, entry in entries.items() if entry.address or entry.name}


@dataclass(frozen=True, slots=True)
class WearerSettings:
    """The wearer; `height_m` gives the lengths of the legs, None an average adult's."""

    height_m: float | None = None

    def __post_init__(self) -> None:
        if self.height_m is not None and not 0.9 <= self.height_m <= 2.4:
            raise ValueError(f"nobody is {self.height_m:g} m tall: height_m is in metres, as 1.75")


@dataclass(frozen=True, slots=True)
class SessionChoices:
    """How a session goes when the command line does not say otherwise.

    Attributes
    ----------
    minutes : float
        Time in the position.
    extras, quiet : bool
        As the options of `backrelease session`.
    bell_before_s : float
        The bell is struck so long before the finish; 0 for none.
    ask_rating : bool
        Whether comfort and calm are asked before and after.
    knee_guide_deg : float
        What the set-up aims at; drift is judged from the wearer's own reference.
    """

    minutes: float = 15.0  # the exercise sheet's dose
    extras: bool = False
    quiet: bool = False
    bell_before_s: float = 60.0
    ask_rating: bool = True
    knee_guide_deg: float = 90.0

    def __post_init__(self) -> None:
        if not SHORTEST_MINUTES <= self.minutes <= LONGEST_MINUTES:
            raise ValueError(
                f"{self.minutes:g} minutes: give {SHORTEST_MINUTES:g} to {LONGEST_MINUTES:g}"
            )


@dataclass(frozen=True, slots=True)
class HistoryChoices:
    """How days are counted: a session at one in the night belongs to the day before."""

    day_starts_at: int = 4
    streak: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.day_starts_at <= 23:
            raise ValueError(f"day_starts_at is an hour from 0 to 23, not {self.day_starts_at}")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in the file.

    `cues` and `alerts` stay tables until `as_settings` makes settings of them: they belong to
    `monitor.cues` and `monitor.alerts`, which a command may never need.
    """

    sensors: SensorEntries = SensorEntries()
    wearer: WearerSettings = WearerSettings()
    session: SessionChoices = SessionChoices()
    history: HistoryChoices = HistoryChoices()
    cues: Mapping[str, Any] = field(default_factory=dict)
    alerts: Mapping[str, Any] = field(default_factory=dict)


def config_path() -> Path:
    """Where the file is, or would be."""
    if os.environ.get(home.HOME_VARIABLE):
        return home.data_folder() / CONFIG_NAME
    from platformdirs import user_config_dir  # noqa: PLC0415  # needed only without the variable

    return Path(user_config_dir("backrelease", appauthor=False)) / CONFIG_NAME


def load() -> Config:
    """What the wearer has chosen; all defaults where there is no file.

    Raises
    ------
    UserError
        For a file that is no TOML, and for a name or value in it that means nothing: the message
        has the file and the section, the hint the nearest name.
    """
    path = config_path()
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError) as error:
        raise UserError(
            f"cannot read {path}: {error}", hint="Mend it with an editor, or move it away."
        ) from error
    return parsed(text, path)


def parsed(text: str, path: Path) -> Config:
    """The text of a configuration file as settings; `path` is for messages."""
    try:
        values = tomllib.loads(text)
        tables = {n: values.pop(n) for n in ("cues", "alerts") if isinstance(values.get(n), dict)}
        return filled(Config(**tables), values)
    except tomllib.TOMLDecodeError as error:
        raise UserError(
            f"{path} is not as TOML files are written: {error}",
            hint="Mend the line with an editor, or move the file away: backrelease setup",
        ) from error
    except UserError as error:
        raise UserError(f"{path}: {error}", hint=error.hint) from error


def store(changes: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write settings into the file, section by section, and leave the rest as it stands.

    Parameters
    ----------
    changes
        Section to names and values; None takes a name out, a mapping is written on one line.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UserError
        When the result would not be read again, or cannot be written; the old file then stays.

    Examples
    --------
    >>> import os, tempfile
    >>> from unittest.mock import patch
    >>> with (
    ...     tempfile.TemporaryDirectory() as folder,
    ...     patch.dict(os.environ, {"BACKRELEASE_HOME": folder}),
    ... ):
    ...     _ = store({"wearer": {"height_m": 1.8}, "session": {"minutes": 20.0}})
    ...     load().wearer.height_m, load().session.minutes
    (1.8, 20.0)
    """
    import tomlkit  # noqa: PLC0415  # only who writes pays for it

    from monitor.result_file import write_text  # noqa: PLC0415  # the same

    path = config_path()
    load()  # a file that cannot be read is the wearer's to mend, not ours to replace
    document = tomlkit.parse(path.read_text("utf-8") if path.is_file() else _HEAD)
    for section, values in changes.items():
        table = document.setdefault(section, tomlkit.table())
        for name, value in values.items():
            if value is None:
                table.pop(name, None)
            elif isinstance(value, Mapping):
                line = tomlkit.inline_table()
                line.update(value)
                table[name] = line
            else:
                table[name] = value
    text = tomlkit.dumps(document)
    parsed(text, path)
    home.make_private_folder(path.parent)
    write_text(path, text)
    return path
