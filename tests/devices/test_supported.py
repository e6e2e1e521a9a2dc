"""SUPPORTED.md says what the registry says, and what the drivers agree to."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.driver import StreamRequest
from devices.registry import DRIVERS, driver_named
from devices.supported import ABILITIES, markdown, measures
from tests.devices.driver_play import talk

DOCUMENT = Path(__file__).parents[2] / "SUPPORTED.md"


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), (
        "run: python -m devices.supported > SUPPORTED.md"
    )


def test_every_driver_has_a_line_and_no_other_has() -> None:
    assert {driver.name for driver in DRIVERS} <= set(ABILITIES)
    for driver in DRIVERS:
        assert markdown().count(f"(`{driver.name}`)") == 1


@pytest.mark.parametrize("name", ["blesense", "heart_rate", "pinetime"])
def test_what_the_line_says_is_what_the_driver_agrees_to(name: str) -> None:
    info, _ = talk(driver_named(name).start(StreamRequest(1000.0)), lambda _: b"")
    line = ABILITIES[name]
    assert info.has_gyro == line.has_gyro
    assert line.clock in {info.clock, None}
    if line.rates_hz:
        assert min(line.rates_hz) <= info.fs_hz <= max(line.rates_hz)
        assert line.range_g == f"{info.acc_range_g:g}"
    else:
        assert info.fs_hz == 0.0


def test_what_a_slow_sensor_cannot_tell_is_not_promised() -> None:
    assert "heart rate from chest motion" not in measures(ABILITIES["pinetime"])
    assert "heart rate from chest motion" not in measures(ABILITIES["microbit"])
    assert "heart rate from chest motion" in measures(ABILITIES["witmotion"])
    assert "heart rate" in measures(ABILITIES["polar_h10"])
