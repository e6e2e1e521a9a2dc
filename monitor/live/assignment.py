"""Which sensor found by a scan is worn where.

--sensor left_thigh=WT901BLE67   by name (also part of it) or address
--sensor heart="TICKR 1A2B"      a heart-rate sensor, worn anywhere
nothing said                     a chest strap, when exactly one is there

A strap that is named for the chest and for the heart is one sensor: it brings its beats anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devices.link import Found
from devices.supported import ABILITIES
from monitor.errors import UserError, WrongUsage
from monitor.live.heart_worn import HEART, WORN_AT

_CHEST_DRIVERS = ("polar_h10",)  # straps that are made for the chest and nowhere else


def parse_sensors(words: Sequence[str]) -> dict[str, str]:
    """``PLACEMENT=NAME_OR_ADDRESS`` words as a mapping.

    Raises
    ------
    UserError
        For a word without ``=``, an unknown placement, or a placement or sensor named twice.

    Examples
    --------
    >>> parse_sensors(["chest=Polar H10 51A0", "left_thigh=AA:BB:CC:DD:EE:01"])
    {'chest': 'Polar H10 51A0', 'left_thigh': 'AA:BB:CC:DD:EE:01'}
    """
    wanted: dict[str, str] = {}
    for word in words:
        placement, equals, sensor = (part.strip() for part in word.partition("="))
        if not equals or not sensor:
            raise WrongUsage(
                f"--sensor {word!r} does not say which sensor is worn where",
                hint='Write PLACEMENT=NAME_OR_ADDRESS, for example chest="Polar H10 51A0B234".',
            )
        if placement not in WORN_AT:
            raise WrongUsage(
                f"there is no placement {placement!r}", hint=f"Use one of {', '.join(WORN_AT)}."
            )
        if placement in wanted:
            raise WrongUsage(
                f"two sensors for {placement}: {wanted[placement]!r} and {sensor!r}",
                hint="Give each placement one sensor.",
            )
        if sensor in (s for p, s in wanted.items() if HEART not in {p, placement}):
            raise WrongUsage(
                f"{sensor!r} cannot be worn in two places", hint="Give each placement its own."
            )
        wanted[placement] = sensor
    return wanted


def all_found(wanted: Mapping[str, str], found: Sequence[Found]) -> bool:
    """Whether a scan may stop: every sensor that was named is there."""
    return bool(wanted) and all(matching(sensor, found) for sensor in wanted.values())


def assign(wanted: Mapping[str, str], found: Sequence[Found]) -> dict[str, Found]:
    """Placement to sensor, in the order of placements.

    Raises
    ------
    UserError
        When a named sensor is missing, unknown to this program or one of several of that name,
        cannot tell what its placement is for, and when nothing was named and the choice is not
        plain.
    """
    if not wanted:
        return {"chest": _only_strap(found)}
    chosen = {p: find_one(wanted[p], found, placement=p) for p in WORN_AT if p in wanted}
    for placement, sensor in chosen.items():
        _check_able(placement, sensor)
    worn_elsewhere = {f.advert.address for p, f in chosen.items() if p != HEART}
    if HEART in chosen and chosen[HEART].advert.address in worn_elsewhere:
        del chosen[HEART]
    addresses = [f.advert.address for f in chosen.values()]
    if len(set(addresses)) < len(addresses):
        raise UserError(
            "two placements name the same sensor", hint="Name sensors by address: backrelease scan"
        )
    return chosen


def label(found: Found) -> str:
    """What a person calls a found sensor."""
    return found.advert.name or found.advert.address


def matching(sensor: str, found: Sequence[Found]) -> list[Found]:
    """By address or whole name, else by part of the name."""
    low = sensor.lower()
    exact = [f for f in found if low in {f.advert.address.lower(), (f.advert.name or "").lower()}]
    return exact or [f for f in found if low in (f.advert.name or "").lower()]


def find_one(sensor: str, found: Sequence[Found], *, placement: str = "") -> Found:
    """The sensor of that name or address.

    Raises
    ------
    UserError
        When it is missing, unknown to this program, or one of several of that name.
    """
    those = matching(sensor, found)
    if not those:
        near = ", ".join(label(f) for f in found if f.driver) or "none that this program knows"
        what = f"the sensor {sensor!r} for {placement}" if placement else f"the sensor {sensor!r}"
        raise UserError(
            f"{what} was not found (near: {near})",
            hint="Switch it on, bring it nearer, close other apps that hold it; backrelease scan",
        )
    if len(those) > 1:
        addresses = ", ".join(f.advert.address for f in those)
        option = f"--sensor {placement}=" if placement else ""
        raise UserError(
            f"{len(those)} sensors are called {sensor!r}: {addresses}",
            hint=f"Name it by address: {option}{those[0].advert.address}",
        )
    if those[0].driver is None:
        raise UserError(
            f"{label(those[0])} is not a kind of sensor this program knows",
            hint="backrelease scan marks those it knows.",
        )
    return those[0]


def _check_able(placement: str, found: Found) -> None:
    """A heart needs beats, every other placement acceleration."""
    abilities = ABILITIES[found.driver.name] if found.driver else None
    if abilities is None:
        return
    if placement == HEART and not abilities.has_heart:
        raise UserError(
            f"{label(found)} tells no heart rate",
            hint="Wear it on the chest, whose motion shows the pulse: --sensor chest=...",
        )
    if placement != HEART and abilities.clock is None:
        raise UserError(
            f"{label(found)} tells heart rate only, nothing about the {placement.replace('_', ' ')}",
            hint=f"Wear it as --sensor {HEART}={label(found)!r}.",
        )


def _only_strap(found: Sequence[Found]) -> Found:
    straps = [f for f in found if f.driver and f.driver.name in _CHEST_DRIVERS]
    if len(straps) == 1:
        return straps[0]
    known = [f for f in found if f.driver]
    if not known:
        raise UserError(
            "no sensor was found",
            hint="Switch sensors on, wear the chest strap (damp), then: backrelease scan. "
            "To see the program without sensors: backrelease demo",
        )
    near = ", ".join(label(f) for f in known)
    first = known[0]
    is_belt = first.driver is not None and ABILITIES[first.driver.name].clock is None
    raise UserError(
        f"it is not plain which sensor is worn where (near: {near})",
        hint=f"Say so: --sensor {HEART if is_belt else 'chest'}={label(first)!r}, "
        "and so on for each.",
    )
