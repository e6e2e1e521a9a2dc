"""Every sensor this program knows, in one literal.  A new sensor is one line here."""

from __future__ import annotations

from devices.driver import Advert, Driver
from devices.errors import DeviceError
from devices.sensors import (
    adafruit,
    blesense,
    espruino,
    heart_rate,
    metamotion,
    microbit,
    movella_dot,
    movesense,
    pinetime,
    polar_h10,
    polar_verity_sense,
    sketch,
    textsketch,
    thingy52,
    witmotion,
)

DRIVERS: tuple[Driver, ...] = (
    witmotion.DRIVER,
    polar_h10.DRIVER,
    polar_verity_sense.DRIVER,
    movesense.DRIVER,
    movella_dot.DRIVER,
    metamotion.DRIVER,
    microbit.DRIVER,
    espruino.DRIVER,
    thingy52.DRIVER,
    pinetime.DRIVER,
    sketch.DRIVER,
    blesense.DRIVER,
    adafruit.DRIVER,
    textsketch.DRIVER,
    heart_rate.DRIVER,  # the last word: other sensors speak this service too
)


def recognise(advert: Advert) -> Driver | None:
    """The driver of the sensor that sent `advert`, or None.

    Examples
    --------
    >>> recognise(Advert(address="", name="Polar H10 1234ABCD")).name
    'polar_h10'
    """
    return next((driver for driver in DRIVERS if driver.recognises(advert)), None)


def driver_named(name: str) -> Driver:
    """The driver that a recording or a setting names.

    Raises
    ------
    DeviceError
        There is none of that name.
    """
    for driver in DRIVERS:
        if driver.name == name:
            return driver
    known = ", ".join(driver.name for driver in DRIVERS)
    raise DeviceError(
        f"no sensor driver is called {name!r}",
        hint=f"This version knows {known}; a recording may need a newer one.",
    )
