"""Sensors that a killed run left connected do not advertise; a scan finds them all the same.

That BlueZ really leaves and tells them so is shown on real BlueZ: tests/bluez.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bleak.backends.device import BLEDevice

from devices import radio

HEART_RATE = "0000180D-0000-1000-8000-00805F9B34FB"


class SilentScanner:
    """Nothing advertises."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass


@pytest.mark.parametrize(
    ("name", "details", "driver"),
    [
        ("WT901BLE67", None, "witmotion"),
        (
            "TICKR 5E2C",
            {"path": "/org/bluez/hci0/dev", "props": {"UUIDs": [HEART_RATE]}},
            "heart_rate",
        ),
        ("TICKR 5E2C", {"path": "/org/bluez/hci0/dev", "props": {}}, None),
        ("TICKR 5E2C", ("peripheral", "delegate"), None),  # macOS tells no services
        (None, None, None),
    ],
)
def test_a_connected_sensor_is_known_by_name_or_services(
    monkeypatch: pytest.MonkeyPatch, name: str | None, details: object, driver: str | None
) -> None:
    async def left() -> list[BLEDevice]:
        return [BLEDevice("C0:DE:00:00:00:01", name, details)]

    monkeypatch.setattr(radio, "BleakScanner", SilentScanner)
    monkeypatch.setattr(radio, "_left_connected", left)
    found = asyncio.run(radio.scan(0.01))
    assert [it.driver and it.driver.name for it in found] == ([driver] if driver else [])
    assert all(it.advert.rssi_dbm is None for it in found)
