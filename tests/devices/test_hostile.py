"""Hostile notifications in their thousands; `benchmarks/hostile.py` sends ten million."""

from __future__ import annotations

import pytest

from benchmarks import hostile
from devices.driver import Driver, Notification
from devices.registry import DRIVERS

COUNT = 3000


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_whatever_comes_is_a_chunk_or_an_error(driver: Driver) -> None:
    tally = hostile.attack(driver, COUNT, seed=7)
    assert tally.n_notifications == COUNT
    assert tally.n_errors > 100, "hostile enough to be refused"
    assert tally.n_samples + tally.n_others > 100, "and sly enough to be believed"


def test_a_driver_that_raises_is_told_with_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = next(d for d in DRIVERS if d.name == "witmotion")

    def feed(_decoder: object, batch: list[Notification]) -> list[object]:
        raise IndexError(f"{len(batch)} notifications")

    monkeypatch.setattr("devices.sensors.witmotion.WitMotionDecoder.feed", feed)
    with pytest.raises(hostile.LawBroken, match=r"witmotion, seed 3: IndexError.* at \[Notific"):
        hostile.attack(driver, 10, seed=3)
