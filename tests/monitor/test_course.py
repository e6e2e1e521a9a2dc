"""The course asks for one thing after the other, waits for the wearer, and counts what was lain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.live import words
from monitor.live.arrival import ArrivalSettings
from monitor.live.course import CourseSettings, GuidedCourse
from monitor.live.fixed_course import FixedCourse
from monitor.live.steps import Action, Mark, Say, Seen, Step

LEGS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")
GOOD = Seen(knees_deg=(90.0, 88.0), leans_deg=(3.0, 2.0), is_settled=True, away="", is_up=False)
STEP_S = 0.5

Log = list[tuple[float, Step]]


class Play:
    """A course whose wearer does, moment by moment, what `wearer` says."""

    def __init__(
        self, settings: CourseSettings | None = None, worn: tuple[str, ...] = LEGS
    ) -> None:
        self.course = GuidedCourse(settings or CourseSettings(minutes=5.0), worn)
        self.log: Log = [(0.0, s) for s in self.course.begin(0.0)]
        self.t_s = 0.0

    def until(self, t_s: float, wearer: Callable[[float], Seen] | Seen = GOOD) -> Play:
        while self.t_s < t_s and not self.course.is_over:
            self.t_s += STEP_S
            seen = wearer if isinstance(wearer, Seen) else wearer(self.t_s)
            self.log += [(self.t_s, s) for s in self.course.update(self.t_s, seen)]
        return self

    def press(self, action: Action) -> Play:
        self.log += [(self.t_s, s) for s in self.course.press(action, self.t_s)]
        return self

    def said(self) -> list[str]:
        return [s.text for _, s in self.log if isinstance(s, Say)]

    def when(self, text: str) -> float:
        [t_s] = [t for t, s in self.log if isinstance(s, Say) and s.text == text]
        return t_s

    def marks(self, *names: str) -> list[Mark]:
        return [s for _, s in self.log if isinstance(s, Mark) and s.name in names]


def test_a_wearer_who_follows_hears_each_thing_once_in_order() -> None:
    play = Play().until(1e4)
    assert play.said() == [
        words.STRAIGHT, words.BEND, words.HOLD, words.SETTLE, words.REST,
        "The time of rest is nearly over.", *words.FINISH,
    ]  # fmt: skip
    assert [m.name for m in play.marks("arrival", "straight", "bent", "arrived")] == [
        "arrival", "straight", "bent", "arrived",
    ]  # fmt: skip
    assert play.when(words.FINISH[0]) == play.when(words.BEND) + 300.0  # five minutes
    assert play.when("The time of rest is nearly over.") == play.when(words.FINISH[0]) - 60.0
    assert (play.course.phase, play.course.position_s) == ("over", 300.0)
    assert not play.course.ended_early


def test_a_pose_is_marked_where_it_was_good() -> None:
    def wearer(t_s: float) -> Seen:
        return GOOD if t_s > 7.0 else replace(GOOD, pose_faults=("left leg still moving",))

    play = Play().until(20.0, wearer)
    assert play.marks("straight") == [Mark("straight", 7.5, 15.5)]
    assert play.said()[:2] == [words.STRAIGHT, words.BEND]  # a moment of moving is not corrected


def test_a_bent_leg_is_told_gently_again_and_then_left_out() -> None:
    bent = replace(GOOD, pose_faults=("left leg still bent",))
    play = Play().until(70.0, bent)
    hint = "Your left leg is still bent."
    told = [t for t, s in play.log if s == Say(hint)]
    assert told == [20.0, 35.0, 50.0]
    assert play.when(words.POSE_LEFT_OUT) == 65.0
    assert play.marks("straight") == []
    assert play.course.phase == "knees bent"


def test_a_pose_that_becomes_right_after_a_hint_is_taken() -> None:
    def wearer(t_s: float) -> Seen:
        return GOOD if t_s > 24.0 else replace(GOOD, pose_faults=("left leg still bent",))

    play = Play().until(34.0, wearer)
    assert play.marks("straight") == [Mark("straight", 24.5, 32.5)]


def test_a_sensor_that_says_nothing_does_not_take_the_pose_from_the_others() -> None:
    silent = replace(GOOD, pose_faults=("nothing heard from the left shank",))
    play = Play().until(66.0, silent)
    assert play.marks("straight") == [Mark("straight", 57.0, 65.0)]


def test_a_pose_can_be_left_out_by_a_key() -> None:
    play = Play().until(2.0).press("skip")
    assert play.said() == [words.STRAIGHT, words.POSE_LEFT_OUT, words.BEND]
    play.press("skip").until(3.0)
    assert [m.name for m in play.marks("arrived")] == ["arrived"]
    assert play.course.phase == "position"


def test_a_chest_alone_is_asked_for_one_pose_and_nothing_at_all_for_none() -> None:
    chest = Play(worn=("chest",)).until(30.0)
    assert chest.said() == [words.POSITION, words.HOLD, words.SETTLE, words.REST]
    assert [m.name for m in chest.marks("straight", "bent")] == ["bent"]
    heart = Play(worn=("heart",)).until(30.0)
    assert heart.said() == [words.SETTLE, words.REST]
    assert heart.marks("arrival") == []


def test_the_way_into_the_position_is_words_each_at_most_twice_never_two_at_once() -> None:
    off = replace(GOOD, knees_deg=(65.0, 70.0), leans_deg=(-20.0, 2.0), head_deg=40.0)
    play = Play().until(120.0, off)
    arrived = [s for s in play.said() if s not in {words.STRAIGHT, words.BEND, words.HOLD}]
    assert arrived[:4] == [
        words.HEAD_TOO_HIGH,
        words.HEAD_TOO_HIGH,
        "Bring your feet a little closer to you.",
        "Bring your feet a little closer to you.",
    ]
    times = [t for t, s in play.log if isinstance(s, Say)]
    assert len(times) == len(set(times))
    assert words.SETTLE in arrived  # it does not insist
    assert not any(any(c.isdigit() for c in s) for s in play.said())


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Seen(head_deg=-40.0), words.HEAD_TOO_LOW),
        (Seen(knees_deg=(120.0, 90.0)), "Let your left foot slide a little further away."),
        (Seen(leans_deg=(20.0, 20.0)), "Your knees fall outwards: let your knees stand above your feet."),
        (Seen(leans_deg=(2.0, -20.0)), "Your right knee falls towards the middle: let your knees stand above your feet."),
    ],
)  # fmt: skip
def test_what_is_off_is_said_and_when_it_is_right_nothing_more(seen: Seen, said: str) -> None:
    play = Play().until(22.0)
    heard = len(play.said())
    off = replace(GOOD, **{n: getattr(seen, n) for n in ("knees_deg", "leans_deg", "head_deg")})
    play.until(28.0, off)
    assert play.course.phase == "position"
    play.until(60.0)
    assert play.said()[heard:] == [said, words.SETTLE, words.REST]


def test_without_knees_that_tell_the_position_passes_in_silence() -> None:
    play = Play().until(40.0, Seen())
    assert words.SETTLE in play.said()
    assert not [s for s in play.said() if "foot" in s and s != words.BEND]


def test_settling_waits_for_the_reference_but_not_for_ever() -> None:
    quick = Play().until(300.0)
    slow = Play().until(300.0, replace(GOOD, is_settled=False))
    assert quick.when(words.REST) - quick.when(words.SETTLE) == 15.0
    assert slow.when(words.REST) - slow.when(words.SETTLE) == 60.0


# --- the clock ---------------------------------------------------------------------------------


def test_the_clock_stands_while_the_wearer_is_up_and_says_why() -> None:
    play = Play().until(100.0)
    before_s = play.course.position_s
    play.until(160.0, replace(GOOD, away="not lying on the back", is_up=True))
    assert play.course.position_s == before_s
    assert play.course.waits == "not lying on the back"
    play.until(170.0)
    assert (play.course.position_s, play.course.waits) == (before_s + 10.0, "")


def test_unknown_is_not_away() -> None:
    play = Play().until(100.0, replace(GOOD, away=None))
    assert play.course.position_s == 100.0 - play.when(words.BEND)


def test_whoever_stays_away_has_ended_and_the_minutes_count() -> None:
    play = Play().until(100.0)
    play.until(1e4, replace(GOOD, away="not lying on the back"))
    assert play.t_s == 400.0
    assert (play.course.is_over, play.course.ended_early) == (True, True)
    assert play.course.position_s == 100.0 - play.when(words.BEND)


def test_pause_and_go_on() -> None:
    play = Play().until(100.0).press("pause")
    left_s = play.course.left_s
    assert (play.course.phase, play.course.waits) == ("pause", "pause")
    play.until(400.0).press("pause")
    assert play.course.left_s == left_s
    play.until(410.0)
    assert play.course.left_s == left_s - 10.0
    assert [(m.name, m.start_s) for m in play.marks("pause", "resume")] == [
        ("pause", 100.0), ("resume", 400.0),
    ]  # fmt: skip


def test_a_pause_in_a_pose_asks_for_it_again() -> None:
    play = Play().until(5.0).press("pause").until(50.0).press("pause").until(65.0)
    assert play.said().count(words.STRAIGHT) == 2
    assert play.marks("straight") == [Mark("straight", 53.0, 61.0)]


def test_five_minutes_more_and_the_bell_comes_anew() -> None:
    play = Play().until(280.0).press("extend").until(1e4)
    assert play.said().count("The time of rest is nearly over.") == 2
    assert play.course.position_s == 600.0
    assert play.when(words.EXTENDED) == 280.0


def test_finishing_early_still_leads_up_and_a_second_time_ends_at_once() -> None:
    play = Play().until(100.0).press("finish")
    assert play.course.phase == "roll to the side"
    play.until(1e4)
    assert play.said()[-4:] == list(words.FINISH)
    assert play.course.ended_early
    twice = Play().until(100.0).press("finish").press("finish")
    assert twice.course.is_over


def test_the_finish_waits_for_one_who_still_lies_and_not_for_one_who_got_up() -> None:
    lying = Play().until(100.0).press("finish").until(1e4)
    rising = Play().until(100.0).press("finish").until(1e4, replace(GOOD, is_up=True))
    unknown = Play().until(100.0).press("finish").until(1e4, Seen())
    asked = words.FINISH[1]
    assert (lying.when(asked), rising.when(asked), unknown.when(asked)) == (140.0, 114.0, 114.0)


def test_a_session_ends_with_its_play_list() -> None:
    play = Play(CourseSettings(minutes=10.0, until_s=600.0)).until(300.0)
    play.until(400.0, replace(GOOD, away="not lying on the back"))  # the music goes on
    play.until(1e4, replace(GOOD, is_up=True))
    assert play.t_s == 600.0


# --- extras ------------------------------------------------------------------------------------


def test_extras_are_offered_one_by_one_with_rest_between_and_none_after_the_bell() -> None:
    play = Play(CourseSettings(minutes=15.0, extras=True)).until(1e4)
    asked = [(e.begin, e.end) for e in words.EXTRAS]
    said = [s for s in play.said() if s in {text for pair in asked for text in pair}]
    assert said == [text for pair in asked for text in pair]
    marks = play.marks("extra")
    assert all(b.start_s - a.end_s >= 25.0 for a, b in pairwise(marks))
    assert marks[-1].end_s < play.when("The time of rest is nearly over.")
    assert words.EXTRAS_DONE in play.said()


def test_a_short_session_offers_as_many_extras_as_fit() -> None:
    play = Play(CourseSettings(minutes=5.0, extras=True)).until(1e4)
    assert len(play.marks("extra")) == 2


# --- laws --------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(0.1, 200.0), st.sampled_from(["pause", "extend", "finish", "skip"])),
             max_size=8),
    st.booleans(),
)  # fmt: skip
def test_whatever_is_pressed_the_course_ends_and_nothing_is_counted_twice(
    presses: list[tuple[float, Action]], extras: bool
) -> None:
    play = Play(CourseSettings(minutes=3.0, extras=extras))
    for wait_s, action in presses:
        play.until(play.t_s + wait_s).press(action)
    if play.course.is_paused:
        play.press("pause")
    play.until(1e5)
    assert play.course.is_over
    assert play.course.position_s <= play.t_s
    assert play.course.left_s == 0.0
    assert len(play.marks("straight")) <= 1
    assert len(play.marks("bent")) <= 1


def test_nothing_is_said_about_how_to_breathe() -> None:
    texts = [v for v in vars(words).values() if isinstance(v, str)] + list(words.FINISH)
    texts += [t for e in words.EXTRAS for t in (e.begin, e.end)]
    said = [t for t in texts if t not in {words.__doc__, words.__name__, words.__file__}]
    assert not [t for t in said if "breath" in t.lower() or "inhale" in t.lower()]


def test_a_fixed_course_tells_its_poses_and_ends() -> None:
    course = FixedCourse(30.0, (Mark("bent", 1.0, 2.0),))
    assert course.begin(0.0) == [Mark("bent", 1.0, 2.0)]
    assert course.press("finish", 3.0) == course.update(29.9, Seen()) == []
    assert not course.is_over
    course.update(30.0, Seen())
    assert course.is_over


def test_the_settings_of_arriving_leave_time_before_the_first_hint() -> None:
    s = ArrivalSettings()
    assert s.grace_s + s.hold_s < s.patience_s
