"""The table of sensors that SUPPORTED.md shows: `python -m devices.supported > SUPPORTED.md`.

Sensors, titles and axes come from the registry; what a sensor can do is its driver's business and
is told here once, because it is agreed with the sensor only when it starts.  What that is good for
follows from the fastest rate by the rules of `measures`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from devices.driver import ClockKind, Driver
from devices.registry import DRIVERS

_TILT_HZ = 5.0  # the analysis shows nothing from fewer samples a second
_STILLNESS_HZ = 8.0  # twice the highest frequency that stillness looks at
_CHEST_PULSE_HZ = 49.0  # the heart's knock on the chest is shorter than slower rates can see

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
        note="the sensor keeps the rate when it is switched off",
    ),
    "pinetime": Abilities(
        (10,),
        "2",
        False,
        _COUNTED,
        has_heart=True,
        has_battery=True,
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
    fastest_hz = max(abilities.rates_hz, default=0.0)
    told = []
    if fastest_hz >= _TILT_HZ:
        told.append("tilt, knee and breathing")
    if fastest_hz >= _STILLNESS_HZ:
        told.append("stillness and movements")
    if abilities.has_heart:
        told.append("heart rate")
    elif fastest_hz >= _CHEST_PULSE_HZ and not abilities.is_coarse:
        told.append("heart rate from chest motion")
    if abilities.clock is not None and not abilities.rates_hz:
        told.append("what its rate allows")
    return told


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
