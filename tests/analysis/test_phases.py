"""The exercise told second by second; the recogniser must tell it back."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.phases import PhaseInput, PhaseRecogniser, in_phase

NAN = float("nan")


def second(tilt=2.0, side=0.0, knee=90.0, lean=0.0, thigh=45.0, turned=0.2, still=1.0):
    return PhaseInput(tilt, side, (knee, knee), (lean, lean), (thigh, thigh), turned, still)


def names(*story):
    recogniser = PhaseRecogniser()
    t = 0
    for seconds, seen in story:
        for _ in range(seconds):
            recogniser.update(float(t), seen)
            t += 1
    return [(p.name, p.start_s) for p in recogniser.phases(float(t))]


STRAIGHT = second(knee=3.0, thigh=2.0)
FIDGETING = second(turned=6.0, still=0.6)
REST = second()


def test_the_whole_exercise():
    told = names(
        (20, STRAIGHT),
        (4, second(knee=60.0, turned=15.0)),
        (10, FIDGETING),
        (120, REST),
        (6, second(knee=130.0, thigh=100.0, turned=20.0)),  # a knee drawn up to the chest
        (60, REST),
        (8, second(tilt=80.0, side=0.95, lean=70.0, knee=NAN, turned=15.0)),
        (8, second(tilt=85.0, side=0.1, knee=90.0, thigh=-80.0)),
        (8, second(tilt=88.0, side=0.1, knee=4.0, thigh=-88.0)),
    )
    assert told == [
        ("straight", 0.0),
        ("settling", 20.0),
        ("rest", 34.0),
        ("extra", 154.0),
        ("rest", 160.0),
        ("rolling", 220.0),
        ("kneeling", 228.0),
        ("standing", 236.0),
    ]


def test_a_twitch_of_one_second_is_no_part_of_its_own():
    assert names((60, REST), (1, second(knee=120.0, turned=30.0)), (60, REST)) == [("rest", 0.0)]


def test_a_slow_drift_stays_rest():
    recogniser = PhaseRecogniser()
    for t in range(600):
        recogniser.update(float(t), second(knee=90.0 + 12.0 * t / 600))
    assert [p.name for p in recogniser.phases(600.0)] == ["rest"]


def test_without_a_chest_the_thighs_tell_lying_from_standing():
    told = names(
        (10, second(tilt=NAN, side=NAN, knee=3.0, thigh=2.0)),
        (70, second(tilt=NAN, side=NAN)),
        (5, second(tilt=NAN, side=NAN, knee=NAN, lean=75.0, turned=20.0)),
        (9, second(tilt=NAN, side=NAN, knee=2.0, thigh=-88.0)),
    )
    assert [n for n, _ in told] == ["straight", "rest", "rolling", "standing"]


def test_without_legs_a_lying_trunk_is_the_position_and_upright_is_unknown():
    lying = PhaseInput(3.0, 0.0, (), (), (), 0.3)
    upright = PhaseInput(85.0, 0.0, (), (), (), 0.3)
    assert [n for n, _ in names((80, lying), (10, upright))] == ["rest", "unknown"]


def test_a_chair_is_not_kneeling():
    seated = second(tilt=85.0, knee=90.0, thigh=0.0)
    assert names((60, seated)) == [("unknown", 0.0)]


def test_nothing_known_is_unknown():
    nothing = PhaseInput(NAN, NAN, (NAN,), (NAN,), (NAN,), NAN)
    assert names((70, REST), (20, nothing), (70, REST)) == [
        ("rest", 0.0),
        ("unknown", 70.0),
        ("rest", 90.0),
    ]


def test_rest_begins_when_fidgets_have_become_rare():
    minute = [FIDGETING] * 10 + [REST] * 50
    calm = [FIDGETING] * 3 + [REST] * 57
    recogniser = PhaseRecogniser()
    for t, seen in enumerate(minute * 3 + calm * 3):
        recogniser.update(float(t), seen)
    assert [(p.name, p.start_s) for p in recogniser.phases(360.0)] == [
        ("settling", 0.0),
        ("rest", 130.0),
    ]


@pytest.mark.parametrize("cut", [5, 21, 40, 100, 150])
def test_the_past_is_final_after_the_settling_time(cut):
    story = [STRAIGHT] * 20 + [FIDGETING] * 10 + [REST] * 150
    whole, early = PhaseRecogniser(), PhaseRecogniser()
    for t, seen in enumerate(story):
        whole.update(float(t), seen)
        if t < cut:
            early.update(float(t), seen)
    final = np.arange(1.0, cut - whole.settings.settle_s + 1)
    for name in ("straight", "settling", "rest"):
        assert (
            in_phase(final, early.phases(float(cut)), name)
            == in_phase(final, whole.phases(float(len(story))), name)
        ).all()


def test_no_epochs_no_phases():
    assert PhaseRecogniser().phases(0.0) == ()
