"""What a course is told of what the pipeline knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.results import Epochs
from monitor.live.pipeline import LivePipeline, Update
from monitor.live.seen import Eyes
from monitor.live.steps import Seen
from monitor.result import Reference

NOTHING = LivePipeline(("chest",)).advance(0.0)


def seen(eyes: Eyes, update: Update) -> Seen:
    eyes.take(update)
    return eyes.seen(1.0, None, ())


def tilted(tilt_deg: float) -> Update:
    epochs = replace(Epochs.unknown(np.array([1.0])), trunk_tilt_deg=np.array([tilt_deg]))
    return replace(NOTHING, epochs=epochs)


def test_nothing_known_is_neither_lying_nor_away() -> None:
    said = seen(Eyes(("chest",)), NOTHING)
    assert (said.away, said.is_up, said.is_settled) == (None, None, True)
    assert np.isnan(said.head_deg)


@pytest.mark.parametrize(
    ("tilt_deg", "away", "is_up"), [(3.0, "", False), (80.0, "not lying on the back", True)]
)
def test_the_trunk_tells_lying_from_up(tilt_deg: float, away: str, is_up: bool) -> None:
    said = seen(Eyes(("chest",)), tilted(tilt_deg))
    assert (said.away, said.is_up) == (away, is_up)


def test_a_recognised_finish_is_up_whatever_the_trunk_says() -> None:
    assert seen(Eyes(("chest",)), replace(tilted(3.0), phase="kneeling")).is_up


def test_sensors_off_the_body_are_away_but_one_strap_is_not() -> None:
    eyes = Eyes(("chest", "left_thigh"))
    off = replace(tilted(3.0), worn={"chest": False, "left_thigh": None})
    assert seen(eyes, off).away == "the sensors are off the body"
    assert seen(eyes, replace(off, worn={"chest": True, "left_thigh": False})).away == ""
    assert seen(eyes, replace(off, worn={"chest": None})).away == ""


def test_it_is_settled_when_every_knee_that_can_be_known_has_its_reference() -> None:
    eyes = Eyes(("left_thigh", "left_shank", "right_thigh"))
    assert not seen(eyes, NOTHING).is_settled
    assert seen(eyes, replace(NOTHING, reference=Reference(90.0, None))).is_settled


def test_a_head_is_bent_forward_or_tilted_back() -> None:
    eyes = Eyes(("head",))
    t_s = np.arange(0.0, 2.0, 0.02)
    for k, (x, expected_deg) in enumerate(((9.8, 45.0), (-9.8, -45.0))):
        eyes.watch.feed("head", t_s + 5.0 * k, np.tile([x, 0.0, 9.8], (len(t_s), 1)))
        assert eyes.seen(5.0 * k + 2.0, None, ()).head_deg == pytest.approx(expected_deg)
