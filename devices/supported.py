"""The table of sensors that SUPPORTED.md shows: `python -m devices.supported > SUPPORTED.md`.

Sensors, titles and axes come from the registry; what a sensor can do is its driver's business and
is told here once, because it is agreed with the sensor only when it starts.  What that is good for
follows from the fastest rate by the rules of `supports`; a scan and a bench say it by them, too.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from devices.driver import ClockKind, Driver
from devices.registry import DRIVERS

_TILT_HZ = 5.0  # the analysis shows nothing from fewer samples a second
_STILLNESS_HZ = 8.0  # twice the highest frequency that stillness looks at
_CHEST_PULSE_HZ = 50.0  # the heart's knock on the chest is shorter than slower rates can see
_SLOW_CLOCK = 0.98  # a sensor that is this much slower than its nominal rate is as good

_CLOCKS = {
    ClockKind.DEVICE: "its own",
    ClockKind.COUNTER: "none, but a counter",
    ClockKind.COUNTED: "none: samples are counted, losses estimated",
}


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one driver can get from its sensor.

    Attributes
    ----------
    rates_hz : tuple of float
        What it chooses from, the slowest first; empty for a sensor without acceleration.
    range_g : str
        Range or ranges of acceleration; empty without.
    has_gyro, has_heart, has_battery : bool
        Whether the driver gets angular rate, heart rate, state of charge.
    clock : ClockKind or None
        Where sample times come from; None without samples.
    is_span : bool
        Whether `rates_hz` are the two ends of a span, any rate between them included.
    is_coarse : bool
        Whether its steps may be too coarse for the heart's knock on the chest, a few milli-g.
    cue : str
        How the sensor can call its wearer; empty if the driver knows no way.
    note : str
        What a person should know before buying or wearing it.
    """

    rates_hz: tuple[float, ...]
    range_g: str
    has_gyro: bool
    clock: ClockKind | None
    has_heart: bool = False
    has_battery: bool = False
    is_span: bool = False
    is_coarse: bool = False
    cue: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Support:
    """Whether a sensor is good for one measure, and why; `is_supported` None is perhaps."""

    measure: str
    is_supported: bool | None
    why: str

    def words(self) -> str:
        """One line.

        Examples
        --------
        >>> Support("stillness and movements", False, "5 Hz, needs 8 Hz").words()
        'stillness and movements: no, 5 Hz, needs 8 Hz'
        """
        answer = {True: "yes", False: "no", None: "perhaps"}[self.is_supported]
        return f"{self.measure}: {answer}, {self.why}"


TILT = "tilt, knee and breathing"
STILLNESS = "stillness and movements"
HEART = "heart rate"
CHEST_PULSE = "heart rate from chest motion"

_COLUMNS = (
    "Sensor",
    "Rates, Hz",
    "Range, g",
    "Gyroscope",
    "Clock",
    "Battery",
    "Good for",
    "Cue",
    "Axes",
    "Notes",
)

_DEVICE, _COUNTED = ClockKind.DEVICE, ClockKind.COUNTED

ABILITIES = {
    "witmotion": Abilities((10, 20, 50, 100), "16", True, _COUNTED, has_battery=True),
    "polar_h10": Abilities(
        (25, 50, 100, 200), "2, 4, 8", False, _DEVICE, has_heart=True, has_battery=True
    ),
    "polar_verity_sense": Abilities(
        (50, 52),
        "8",
        False,
        _DEVICE,
        has_heart=True,
        has_battery=True,
        note="no intervals between beats; OH1 50 Hz, Verity Sense 52 Hz",
    ),
    "movesense": Abilities(
        (13, 26, 52, 104),
        "8 (assumed)",
        True,
        _DEVICE,
        has_heart=True,
        has_battery=True,
        note="firmware with the GATT SensorData Protocol",
    ),
    "movella_dot": Abilities(
        (1, 4, 10, 12, 15, 20, 30, 60), "16", True, _DEVICE, has_battery=True, cue="blink"
    ),
    "metamotion": Abilities(
        (12.5, 25, 50, 100, 200),
        "2, 4, 8, 16",
        False,
        _COUNTED,
        has_battery=True,
        cue="blink",
        note="above 100 Hz only where the board packs three samples",
    ),
    "microbit": Abilities(
        (1.5625, 6.25, 12.5, 50),
        "2",
        False,
        _COUNTED,
        is_coarse=True,
        note="its program must offer the accelerometer service; version 1 has steps of 16 mg; "
        "some boards choose other periods",
    ),
    "espruino": Abilities(
        (12.5, 25, 26, 50, 52),
        "4 (Bangle.js), 2 (Puck.js v2)",
        False,
        _DEVICE,
        has_battery=True,
        cue="buzz (Bangle.js), blink (Puck.js)",
        note="our program replaces the running one until the link ends; Bangle.js 12.5, 25, 50 Hz, "
        "Puck.js 12.5, 26, 52 Hz",
    ),
    "thingy52": Abilities(
        (5, 100),
        "2",
        True,
        _COUNTED,
        has_battery=True,
        is_span=True,
        cue="light",
        note="the sensor keeps the rate when it is switched off",
    ),
    "pinetime": Abilities(
        (10,),
        "2",
        False,
        _COUNTED,
        has_heart=True,
        has_battery=True,
        cue="buzz",
        note="sends only changes: up to 1 s of silence is read as none",
    ),
    "sketch": Abilities(
        (10, 100),
        "8",
        True,
        _DEVICE,
        is_span=True,
        cue="blink",
        note="load docs/sketches/backrelease_imu onto the board; a board that measures its battery can tell it",
    ),
    "blesense": Abilities(
        (55, 130),
        "4",
        False,
        _COUNTED,
        is_span=True,
        note="its rate is what the board and the link allow",
    ),
    "adafruit": Abilities(
        (1, 50),
        "at least 2",
        False,
        _COUNTED,
        is_span=True,
        note="Bluefruit Playground firmware",
    ),
    "textsketch": Abilities(
        (),
        "as printed",
        False,
        _COUNTED,
        has_battery=True,
        note="rate as printed; lines of our layout bring a clock, a counter and the battery",
    ),
    "heart_rate": Abilities((), "", False, None, has_heart=True, has_battery=True),
}


def measures(abilities: Abilities) -> list[str]:
    """What a session can tell with this sensor, at its fastest.

    Examples
    --------
    >>> measures(ABILITIES["heart_rate"])
    ['heart rate']
    >>> measures(ABILITIES["pinetime"])
    ['tilt, knee and breathing', 'stillness and movements', 'heart rate']
    """
    told = [it for it in supports(abilities) if it.is_supported]
    names = [it.measure for it in told if it.measure != HEART]
    if abilities.has_heart:
        names = [*(name for name in names if name != CHEST_PULSE), HEART]
    if abilities.clock is not None and not abilities.rates_hz:
        names.append("what its rate allows")
    return names


def supports(abilities: Abilities, fs_hz: float | None = None) -> tuple[Support, ...]:
    """Every measure of a session, and whether this sensor is good for it.

    Parameters
    ----------
    abilities : Abilities
        What its driver can get from it.
    fs_hz : float, optional
        Its rate as it was measured; by default the fastest that it offers.

    Examples
    --------
    >>> for it in supports(ABILITIES["pinetime"], fs_hz=7.0):
    ...     print(it.words())
    tilt, knee and breathing: yes, 7 Hz
    stillness and movements: no, 7 Hz, needs 8 Hz
    heart rate from chest motion: no, 7 Hz, needs 50 Hz
    heart rate: yes, told by the sensor itself
    """
    by_rate = ((TILT, _TILT_HZ), (STILLNESS, _STILLNESS_HZ), (CHEST_PULSE, _CHEST_PULSE_HZ))
    told = [_by_rate(name, needs_hz, abilities, fs_hz) for name, needs_hz in by_rate]
    heart_why = "told by the sensor itself" if abilities.has_heart else "the sensor tells none"
    return (*told, Support(HEART, abilities.has_heart, heart_why))


def _by_rate(name: str, needs_hz: float, abilities: Abilities, fs_hz: float | None) -> Support:
    if abilities.clock is None:
        return Support(name, False, "no acceleration")
    fastest_hz = fs_hz if fs_hz is not None else max(abilities.rates_hz, default=None)
    if fastest_hz is None:
        return Support(name, None, f"its rate is not known beforehand, {needs_hz:g} Hz are needed")
    if fastest_hz < _SLOW_CLOCK * needs_hz:
        return Support(name, False, f"{fastest_hz:.4g} Hz, needs {needs_hz:g} Hz")
    if name == CHEST_PULSE and abilities.is_coarse:
        return Support(name, False, f"{fastest_hz:.4g} Hz, but its steps are too coarse")
    return Support(name, True, f"{fastest_hz:.4g} Hz")


def markdown() -> str:
    """The whole document.

    Raises
    ------
    KeyError
        A driver of the registry has no line in `ABILITIES`.
    """
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(driver) for driver in DRIVERS)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return (
        "# Supported sensors\n\n"
        "Made by `python -m devices.supported > SUPPORTED.md`; do not edit.\n"
        "The drivers follow the makers' documents. They are tested against bytes that were published\n"
        "or follow from those documents, not against the sensors themselves.\n\n"
        f"{table}\n"
    )


def _row(driver: Driver) -> tuple[str, ...]:
    it = ABILITIES[driver.name]
    return (
        f"{driver.title} (`{driver.name}`)",
        (" to " if it.is_span else ", ").join(f"{hz:g}" for hz in it.rates_hz) or "-",
        it.range_g or "-",
        "yes" if it.has_gyro else "no",
        _CLOCKS[it.clock] if it.clock is not None else "-",
        "yes" if it.has_battery else "no",
        "; ".join(measures(it)),
        it.cue or "-",
        driver.axes,
        it.note or "-",
    )


if __name__ == "__main__":
    sys.stdout.write(markdown())
