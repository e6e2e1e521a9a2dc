"""What a scan shows: known sensors first, unknown signal as unknown, and help when alone."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner

from devices.driver import Advert
from devices.errors import RadioUnavailable
from devices.link import Found, scan
from devices.registry import DRIVERS, driver_named
from devices.virtual.loop import VirtualTimeLoop
from devices.virtual.memory_radio import MemoryRadio
from monitor.cli import app
from monitor.commands.scan import NOTHING_HINTS, found_lines
from tests.monitor.acting import small_wearer


def found() -> list[Found]:
    air = MemoryRadio(small_wearer().sensors.values())
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scan(2.0, air.radio()))


def a_television(rssi_dbm: int | None = None) -> Found:
    advert = Advert(address="11:22:33:44:55:66", name=None, rssi_dbm=rssi_dbm)
    return Found(advert, None, found()[0].handle)


def known(driver: str, name: str, battery_percent: float | None = None) -> Found:
    advert = Advert("11:22:33:44:55:67", name, battery_percent=battery_percent)
    return Found(advert, driver_named(driver), found()[0].handle)


def test_each_sensor_is_told_with_address_signal_battery_and_kind() -> None:
    lines = found_lines(found(), everything=False)
    assert lines[0].split() == ["name", "address", "signal", "battery"]
    [strap] = [i for i, line in enumerate(lines) if "51A0BACK" in line]
    assert "dBm" in lines[strap]
    assert lines[strap].endswith("\u2013")
    assert lines[strap + 1].strip() == "Polar H10"
    assert sum("WitMotion" in line for line in lines) == 2
    assert max(map(len, lines)) <= 80


def test_what_a_sensor_is_good_for_is_said_in_words() -> None:
    lines = [line.strip() for line in found_lines(found(), everything=False)]
    assert "heart rate: yes, told by the sensor itself" in lines
    assert lines.count("heart rate from chest motion: yes, 100 Hz") == 2
    watch = known("pinetime", "InfiniTime")
    [line] = [x for x in found_lines([watch], everything=False) if "chest motion" in x]
    assert line.strip() == "heart rate from chest motion: no, 10 Hz, needs 50 Hz"


def test_no_sensor_of_the_registry_breaks_the_lines() -> None:
    everyone = [known(driver.name, "A sensor with a very long name indeed") for driver in DRIVERS]
    assert max(map(len, found_lines(everyone, everything=True))) <= 80


def test_a_battery_that_is_advertised_is_shown() -> None:
    line = found_lines([known("espruino", "Puck.js 1a2b", battery_percent=0.0)], everything=False)[
        1
    ]
    assert line.endswith("0 %")


def test_json_is_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    near = [*found(), a_television()]

    async def heard(_seconds: float) -> list[Found]:
        return near

    monkeypatch.setattr("devices.link.scan", heard)
    told = json.loads(CliRunner().invoke(app, ["scan", "--json"]).stdout)
    assert [it["driver"] for it in told] == ["witmotion", "witmotion", "polar_h10"]
    assert told[0]["rates_hz"] == [10, 20, 50, 100]
    assert told[0]["battery_percent"] is None
    assert {"measure": "heart rate", "is_supported": False, "why": "the sensor tells none"} in told[
        0
    ]["supports"]
    whole = json.loads(CliRunner().invoke(app, ["scan", "--json", "--all"]).stdout)
    assert (whole[-1]["driver"], whole[-1]["supports"]) == (None, [])


def test_what_is_not_known_is_counted_and_listed_on_request() -> None:
    everybody = [*found(), a_television()]
    assert found_lines(everybody, everything=False)[-1] == (
        "1 other devices near; see them with --all."
    )
    lines = found_lines(everybody, everything=True)
    [at] = [i for i, line in enumerate(lines) if "11:22:33" in line]
    assert lines[at].split() == ["(no", "name)", "11:22:33:44:55:66", "\u2013", "\u2013"]
    assert lines[at + 1].strip() == "not known to this program"


def test_nothing_found_says_what_helps() -> None:
    assert found_lines([], everything=True) == list(NOTHING_HINTS)


def test_without_bluetooth_the_command_fails_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_radio(_seconds: float) -> list[Found]:
        raise RadioUnavailable("this computer has no Bluetooth adapter", hint="Plug one in.")

    monkeypatch.setattr("devices.link.scan", no_radio)
    result = CliRunner().invoke(app, ["scan"])
    assert isinstance(result.exception, RadioUnavailable)
    assert result.exit_code == 1
