"""No sample lost and none invented; `benchmarks/lossless.py` counts an hour."""

from __future__ import annotations

import pytest

from benchmarks import lossless
from devices.driver import Notification
from monitor.live.collector import Collector

RATES_HZ = {"chest": 100.0, "left_thigh": 100.0, "left_shank": 100.0, "right_thigh": 100.0}
"""Of the mixed set where it is not 104 Hz: the nearest to it that H10 and WitMotion offer."""


def check(seconds: float, *, mixed: bool) -> None:
    counted = lossless.run(seconds, mixed=mixed)
    assert len(counted) == 5
    for placement, counts in counted.items():
        assert counts.agree, (placement, counts)
        assert counts.fs_hz == (RATES_HZ.get(placement, 104.0) if mixed else 104.0)
        assert counts.analysed > 95 * (seconds - 3.0), "three seconds go into setting it up"


@pytest.mark.parametrize("mixed", [False, True], ids=["five Movesenses", "three kinds"])
def test_sender_recording_and_analysis_count_alike(mixed: bool) -> None:
    check(30.0, mixed=mixed)


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True], ids=["five Movesenses", "three kinds"])
def test_sender_recording_and_analysis_count_alike_for_a_quarter_of_an_hour(mixed: bool) -> None:
    check(900.0, mixed=mixed)


def test_a_notification_that_goes_astray_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Collector._empty
    cut = []

    def leaky(self: Collector, placement: str, t_s: float) -> None:
        buffer: list[Notification] = self._buffers[placement]
        if placement == "left_shank" and t_s > 10.0 and buffer and not cut:
            cut.append(buffer.pop())
        empty(self, placement, t_s)

    monkeypatch.setattr(Collector, "_empty", leaky)
    counted = lossless.run(15.0, mixed=True)
    assert [p for p, counts in counted.items() if not counts.agree] == ["left_shank"]
    assert counted["left_shank"].sent - counted["left_shank"].stored == 12
