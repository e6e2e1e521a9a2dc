"""What a scan shows: known sensors first, unknown signal as unknown, and help when alone."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from devices.driver import Advert
from devices.errors import RadioUnavailable
from devices.link import Found, scan
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


def test_each_sensor_is_a_line_with_name_address_signal_and_kind() -> None:
    lines = found_lines(found(), everything=False)
    assert lines[0].split() == ["name", "address", "signal", "what", "it", "is"]
    [strap] = [line for line in lines if "51A0BACK" in line]
    assert "dBm" in strap
    assert strap.endswith("Polar H10")
    assert sum("WitMotion" in line for line in lines) == 2
    assert max(map(len, lines)) <= 80


def test_what_is_not_known_is_counted_and_listed_on_request() -> None:
    everybody = [*found(), a_television()]
    assert found_lines(everybody, everything=False)[-1] == (
        "1 other devices near; see them with --all."
    )
    [line] = [x for x in found_lines(everybody, everything=True) if "11:22:33" in x]
    assert line.split()[:2] == ["(no", "name)"]
    assert "unknown" in line
    assert "not known to this program" in line


def test_nothing_found_says_what_helps() -> None:
    assert found_lines([], everything=True) == list(NOTHING_HINTS)


def test_without_bluetooth_the_command_fails_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_radio(_seconds: float) -> list[Found]:
        raise RadioUnavailable("this computer has no Bluetooth adapter", hint="Plug one in.")

    monkeypatch.setattr("devices.link.scan", no_radio)
    result = CliRunner().invoke(app, ["scan"])
    assert isinstance(result.exception, RadioUnavailable)
    assert result.exit_code == 1
