"""Which sensor an advertisement is."""

from __future__ import annotations

import pytest

from devices.driver import Advert
from devices.errors import DeviceError
from devices.registry import DRIVERS, driver_named, recognise

VENDOR_SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
LOOK_ALIKE_SERVICE = "0000ffe5-0000-1000-8000-00805f9b34fb"


@pytest.mark.parametrize(
    ("name", "services", "driver"),
    [
        ("WT901BLE68", (), "witmotion"),
        ("WTSDCL-0042", (), "witmotion"),
        ("WT901BLE67", (LOOK_ALIKE_SERVICE,), "witmotion"),  # a clone on the Bluetooth base
        ("my left leg", (VENDOR_SERVICE,), "witmotion"),  # renamed by its owner
        (None, (VENDOR_SERVICE,), "witmotion"),
        ("WTVB01-BT50", (VENDOR_SERVICE,), None),  # vibration meter: same service, other frames
        ("HM-10", (LOOK_ALIKE_SERVICE,), None),  # a serial module
        ("Polar H10 1234ABCD", (), "polar_h10"),
        ("Polar Sense 1234ABCD", (), "polar_verity_sense"),
        ("Polar OH1 1234ABCD", (), "polar_verity_sense"),
        ("Movesense 175130000123", (), "movesense"),
        (None, ("0000fdf3-0000-1000-8000-00805f9b34fb",), "movesense"),
        ("Movella DOT", (), "movella_dot"),
        ("Xsens DOT", (), "movella_dot"),
        ("MetaWear", (), "metamotion"),
        ("leg", ("326a9000-85cb-9195-d9dd-464cfbbae75a",), "metamotion"),
        ("Polar H9 1234ABCD", (), None),
        (None, (), None),
        ("", (), None),
    ],
)
def test_recognise(name: str | None, services: tuple[str, ...], driver: str | None) -> None:
    found = recognise(Advert(address="", name=name, service_uuids=frozenset(services)))
    assert (found.name if found else None) == driver


def test_names_are_unique_and_found_again() -> None:
    assert len({driver.name for driver in DRIVERS}) == len(DRIVERS)
    for driver in DRIVERS:
        assert driver_named(driver.name) is driver


def test_an_unknown_name_says_what_is_known() -> None:
    with pytest.raises(DeviceError, match="'acme'") as error:
        driver_named("acme")
    assert "witmotion, polar_h10" in error.value.hint
