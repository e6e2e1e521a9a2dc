"""The screen: 80 x 24, at most four redraws a second, unknown as a dash."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from analysis.results import Epochs
from monitor.live.pipeline import LivePipeline
from monitor.live.session import Status
from monitor.result import Alert
from monitor.screen.layout import UNKNOWN
from monitor.screen.view import PlainView, ScreenView

if TYPE_CHECKING:
    from tests.monitor.acting import Played

SENSORS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank", "head")
LONG = Alert(
    384.0, "knee_drift", "left", 77.0, 90.0,
    "The left knee is at 77 degrees, 13 straighter than your own 90, and stayed more than 8 away "
    "for 10 s.",
)  # fmt: skip


def nothing_known(t_s: float = 3.0) -> Status:
    update = LivePipeline(SENSORS).advance(0.0)
    return Status(t_s, "rest", 754.0, 0.0, "", update, SENSORS, 0.0, recording_failed=True)


def panel(view: ScreenView, width: int = 80, height: int = 24) -> str:
    console = Console(file=io.StringIO(), width=width, height=height)
    view._console = console
    console.print(view.render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_screen_fits_with_six_sensors_three_long_alerts_and_a_failed_disk() -> None:
    view = ScreenView(Console(file=io.StringIO()))
    assert "GET READY" in panel(view)
    view.show(nothing_known())
    for _ in range(5):
        view.alert(LONG)
    lines = panel(view).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert any("NOT RECORDING" in line for line in lines)
    assert any(line.count(UNKNOWN) == 4 and "left knee" in line for line in lines)


def test_the_screen_shows_what_is_known(played: Played) -> None:
    view = ScreenView(Console(file=io.StringIO()))
    for status in played.view.statuses[:900]:  # 90 s: rest, and the reference is taken
        view.show(status)
    text = panel(view)
    truth_deg = float(played.wearer.body.truth(np.array([88.0])).knee_left_deg[0])
    assert abs(int(text.split("left knee")[1].split()[0]) - truth_deg) < 2.0
    assert "(own 8" in text or "(own 9" in text
    assert "100 Hz" in text
    assert "01:29 since the start" in text


def test_plain_lines_come_every_ten_seconds_and_with_each_event() -> None:
    lines: list[str] = []
    view = PlainView(lines.append)
    for tick in range(300):
        view.show(nothing_known(tick / 10))
        if tick == 155:
            view.say(15.5, "Bend.")
            view.alert(LONG)
    assert [line[:5] for line in lines] == ["00:00", "00:10", "00:15", "06:24", "00:20"]
    assert f"knees {UNKNOWN}/{UNKNOWN} deg" in lines[0]
    assert lines[3] == f"06:24  ALERT  {LONG.reason}"


def test_a_value_that_became_unknown_is_not_shown_as_before() -> None:
    lines: list[str] = []
    view = PlainView(lines.append, every_s=1.0)
    status = nothing_known(0.0)
    known = replace(Epochs.unknown(np.array([1.0])), heart_per_min=np.array([61.0]))
    for t_s, epochs in ((0.0, known), (1.0, Epochs.unknown(np.array([2.0])))):
        view.show(replace(status, t_s=t_s, update=replace(status.update, epochs=epochs)))
    assert "heart 61/min" in lines[0]
    assert f"heart {UNKNOWN}/min" in lines[1]
