"""Real BlueZ, booted once for all tests, and only when asked for: `pytest -m bluez`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bluez.air import Air
from tests.bluez.guest import Guest, built_image, missing

_HOW = "real BlueZ runs when asked for: pytest -m bluez (tests/bluez/README.md)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, saying how to run them: that stays in sight, where deselected tests would not."""
    if "bluez" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("bluez"):
                item.add_marker(pytest.mark.skip(reason=_HOW))


@pytest.fixture(scope="session")
def guest() -> Iterator[tuple[Guest, Air]]:
    """The guest and its air.  Whoever asks for these tests and cannot have them gets an error."""
    if why := missing():
        pytest.fail(why)
    with (
        # Not pytest's own folder: the name of a socket must be short.
        tempfile.TemporaryDirectory(prefix="bluez-") as folder,
        Guest(built_image(), Path(folder)) as machine,
    ):
        around = Air(machine.hci_socket)
        try:
            machine.wait()
            yield machine, around
        finally:
            around.close()


@pytest.fixture
def air(guest: tuple[Guest, Air], monkeypatch: pytest.MonkeyPatch) -> Air:
    """The air around the guest, whose Bluetooth is this computer's for the time of a test."""
    machine, around = guest
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    return around
