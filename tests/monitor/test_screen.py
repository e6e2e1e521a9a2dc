"""What is drawn: legs at their real angles, a clock for two metres, any size, with and without braille."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.live.keys import KEYS, KEYS_WORDS
from monitor.live.pipeline import LivePipeline
from monitor.result import Reference
from monitor.screen.breath_trace import BreathTrace
from monitor.screen.canvas import Canvas
from monitor.screen.digits import big
from monitor.screen.layout import Picture, compose
from monitor.screen.legs import draw_leg

SENSORS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank", "head")
FULL = Picture(
    t_s=384.0,
    phase="rest",
    left_s=516.0,
    values={"stillness": 0.96, "breathing_per_min": 11.4, "breathing_confidence": 0.92,
            "heart_per_min": 62.0, "knee_left_deg": 77.0, "knee_right_deg": 88.0,
            "lean_left_deg": 12.0, "lean_right_deg": math.nan},
    reference=Reference(90.0, None),
    health=LivePipeline(SENSORS).advance(0.0).health,
    heart_source="chest",
    curve=np.sin(np.arange(300) / 5.0),
    words=("06:24  Bring your left foot a little closer. " * 3,),
    keys=KEYS_WORDS,
)  # fmt: skip


def dots(lines: list[str]) -> list[tuple[int, int]]:
    """Where the braille dots are, from the top left."""
    bits = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
    return [
        (2 * column + x, 4 * row + y)
        for row, line in enumerate(lines)
        for column, letter in enumerate(line)
        for y in range(4)
        for x in range(2)
        if letter != " " and (ord(letter) - 0x2800) & bits[y][x]
    ]


def knee_top(knee_deg: float | None, own_deg: float | None = None) -> float:
    """How far the highest dot of the legs is above the floor."""
    drawn = dots(draw_leg(knee_deg, own_deg, 60, 20))
    floor = max(y for _, y in drawn)
    return floor - min(y for x, y in drawn if x > 56)  # right of the trunk and the head


def test_a_knee_rises_as_it_bends_as_its_triangle_says() -> None:
    heights = [knee_top(d) for d in (0.0, 45.0, 90.0, 120.0)]
    assert heights == sorted(heights)
    scale = (2 * 60 - 1) / (2 * 0.11 + 0.5 + 0.43 + 0.41 + 0.2)
    theta = math.atan2(0.41, 0.43)  # at 90 degrees thigh and shank are the short sides
    assert heights[2] == pytest.approx((0.09 + 0.43 * math.sin(theta)) * scale, abs=2.0)


def test_the_reference_is_dotted_and_unknown_legs_are_not_drawn() -> None:
    nothing = dots(draw_leg(None, math.nan, 60, 20))
    reference = set(dots(draw_leg(None, 90.0, 60, 20))) - set(nothing)
    leg = set(dots(draw_leg(90.0, None, 60, 20))) - set(nothing)
    assert 0 < len(reference) < len(leg) / 4
    assert max(y for _, y in nothing) == 79  # the floor is always there
    together = set(dots(draw_leg(70.0, 90.0, 60, 20)))
    assert reference <= together


@given(
    st.integers(20, 200), st.integers(8, 70), st.booleans(),
    st.floats(-20, 160) | st.just(math.nan), st.booleans(),
)  # fmt: skip
def test_any_size_is_filled_exactly_and_nothing_is_wider(
    width: int, height: int, ascii_only: bool, knee: float, empty: bool
) -> None:
    values = {**FULL.values, "knee_left_deg": knee}
    picture = Picture() if empty else replace(FULL, values=values)
    lines = compose(picture, width, height, ascii_only=ascii_only)
    assert len(lines) == height
    assert all(len(line.text) <= width for line in lines)
    if ascii_only:
        assert all(line.text.replace("\u2013", "-").isascii() for line in lines)


def test_at_80_by_24_everything_is_there() -> None:
    text = "\n".join(line.text for line in compose(FULL, 80, 24))
    for words in ("REST", "06:24 since", "96 %", "11.4 /min", "sure 92 %", "62 /min  by the chest",
                  "left knee 77 deg (own 90)  leans 12 out", "right knee 88 deg (own \u2013)",
                  "left", "right shank", "head", "a little closer", "space pause", "Ctrl-C"):  # fmt: skip
        assert words in text, words
    for row in big("08:36"):
        assert row.rstrip() in text


def test_the_clock_says_why_it_waits() -> None:
    picture = replace(FULL, waits="not lying on the back")
    assert "clock waits: not lying on the back" in compose(picture, 80, 24)[0].text


def test_every_key_that_is_shown_does_something() -> None:
    shown = {part.split()[0] for part in KEYS_WORDS.split("   ")} - {"Ctrl-C"}
    assert shown - {"space"} <= set(KEYS)
    assert {KEYS["p"], KEYS[" "]} == {"pause"}


def test_a_line_is_whole_and_a_dot_outside_is_no_error() -> None:
    canvas = Canvas(10, 3)
    canvas.line(-5.0, 5.0, 40.0, 5.0)
    assert canvas.lines()[1] == chr(0x2800 + 0x12) * 10
    assert canvas.lines()[0].strip() == canvas.lines()[2].strip() == ""


# --- the trace -----------------------------------------------------------------------------------


def breathing(per_min: float, seconds: float = 70.0) -> tuple[np.ndarray, np.ndarray]:
    t_s = np.arange(0.0, seconds, 0.02)
    rocking = 0.03 * np.sin(2.0 * np.pi * per_min / 60.0 * t_s)
    return t_s, np.stack([0.6 * rocking, 0.8 * rocking, 9.8 + 0.0 * t_s], axis=1)


def test_the_trace_shows_as_many_breaths_as_there_were() -> None:
    trace = BreathTrace()
    t_s, acc = breathing(12.0)
    trace.feed("chest", t_s, acc)
    curve = trace.curve()[10:-10]
    assert int((np.diff(np.sign(curve)) > 0).sum()) in {11, 12}


def test_the_trace_is_the_same_in_any_chunks_and_ignores_other_sensors() -> None:
    whole, parts = BreathTrace(), BreathTrace()
    t_s, acc = breathing(10.0)
    whole.feed("chest", t_s, acc)
    for k in range(0, len(t_s), 7):
        parts.feed("chest", t_s[k : k + 7], acc[k : k + 7])
        parts.feed("left_thigh", t_s[k : k + 7], 5.0 * acc[k : k + 7])
    assert np.allclose(whole.curve(), parts.curve(), equal_nan=True)


def test_what_did_not_come_is_a_hole_and_too_little_is_nothing() -> None:
    trace = BreathTrace()
    t_s, acc = breathing(12.0)
    heard = (t_s < 30.0) | (t_s > 40.0)
    trace.feed("chest", t_s[heard], acc[heard])
    unknown = np.isnan(trace.curve())
    assert unknown.sum() == pytest.approx(50, abs=2)
    assert np.isnan(BreathTrace().curve()).all()
