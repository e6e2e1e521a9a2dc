"""Stamps of a sensor: unwrapped for ever, told once, and begun anew when the clock is another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.stamps import Moment, StampClock


def advance(clock: StampClock, ticks: int, t_arrival_s: float) -> Moment | None:
    moment = clock.read(ticks, t_arrival_s)
    if moment is not None:
        clock.keep(moment)
    return moment


@given(
    bits=st.sampled_from([16, 32, 64]),
    zero=st.integers(0, 2**64 - 1),
    steps=st.lists(st.integers(1, 9_000), max_size=30),
)
def test_time_goes_on_over_any_number_of_wraps(bits: int, zero: int, steps: list[int]) -> None:
    clock, elapsed = StampClock(bits, tick_s=1e-3), 0
    advance(clock, zero % 2**bits, 0.0)
    for step in steps:
        elapsed += step
        moment = advance(clock, (zero + elapsed) % 2**bits, elapsed / 1000)
        assert moment is not None
        assert moment.elapsed_ticks == elapsed
        assert moment.since_s == pytest.approx(step / 1000)


def test_reading_remembers_nothing() -> None:
    clock = StampClock(32, tick_s=1e-3)
    advance(clock, 100, 0.0)
    assert clock.read(200, 0.1) == clock.read(200, 0.1)


@pytest.mark.parametrize(
    ("ticks", "t_arrival_s", "elapsed"),
    [
        (50_000, 5.0, None),  # came before
        (40_001, 5.0, None),  # 9.999 s ago: held back somewhere
        (39_999, 5.0, 0),  # no link holds that long: the sensor restarted
        (64_999, 5.0, 14_999),  # a burst after a stall
        (65_001, 5.0, 0),  # 15 s by the sensor in 5 s: its clock was set
        (110_000, 60.0, 60_000),  # a minute without a word
    ],
)
def test_what_a_stamp_says(ticks: int, t_arrival_s: float, elapsed: int | None) -> None:
    clock = StampClock(32, tick_s=1e-3)
    advance(clock, 50_000, 0.0)
    moment = clock.read(ticks, t_arrival_s)
    assert (None if moment is None else moment.elapsed_ticks) == elapsed
    if elapsed == 0:
        assert moment is not None
        assert moment.since_s is None
