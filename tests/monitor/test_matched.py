"""The same minutes of every session; two sessions held against each other over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from analysis.results import Epochs, Phase, PhaseName, SessionAnalysis
from monitor.history.compare import Comparison, compare
from monitor.history.compared_figure import comparison
from monitor.history.compared_table import comparison_lines
from monitor.history.matched import minute_by_minute, windows
from monitor.history.row import HistoryRow, row_of
from monitor.report.figures import svg
from monitor.report.layout import NARROW, WIDE
from monitor.result import SessionResult


def lying(minutes: float, *, straight_s: float = 30.0, breathing: float = 15.0) -> SessionResult:
    """A session in which breathing slows from `breathing` by 0.1 each minute in the position."""
    end_s = straight_s + 60.0 * minutes
    t_s = np.arange(1.0, end_s + 20.5)
    epochs = Epochs.unknown(t_s)
    epochs.breathing_per_min[:] = breathing - 0.1 * (t_s - straight_s) / 60.0
    epochs.stillness[:] = 0.8
    spans: list[tuple[PhaseName, float, float]] = [
        ("straight", 0.0, straight_s),
        ("settling", straight_s, straight_s + 40.0),
        ("rest", straight_s + 40.0, end_s),
        ("rolling", end_s, end_s + 20.0),
    ]
    phases = tuple(Phase(*span) for span in spans)
    analysis = SessionAnalysis(duration_s=end_s + 20.0, sensors={}, phases=phases, epochs=epochs)
    return SessionResult(analysis, started_at="2026-03-01T18:30:00+01:00", source="session")


def test_a_window_begins_two_minutes_after_the_position_wherever_that_is() -> None:
    # minutes 2 to 7: the middle is 4.5 minutes in, when 0.45 of 15 are gone
    for straight_s in (0.0, 30.0, 95.0):
        found = windows(lying(8.0, straight_s=straight_s).analysis, "breathing_per_min")
        assert found == [pytest.approx(14.55, abs=0.01)]


@pytest.mark.parametrize(("minutes", "n"), [(6.9, 0), (7.1, 1), (11.9, 1), (12.1, 2), (20.0, 3)])
def test_only_whole_windows_count(minutes: float, n: int) -> None:
    assert len(windows(lying(minutes).analysis, "stillness")) == n


def test_a_longer_session_is_no_calmer_in_its_window() -> None:
    """The trap it is for: over the whole rest the longer session would breathe slower."""
    short, long = lying(8.0).analysis, lying(20.0).analysis
    assert np.median(long.epochs.breathing_per_min) < np.median(short.epochs.breathing_per_min)
    assert windows(long, "breathing_per_min")[0] == windows(short, "breathing_per_min")[0]


def test_a_window_that_is_mostly_unknown_is_unknown() -> None:
    result = lying(8.0)
    result.analysis.epochs.breathing_per_min[150:320] = np.nan
    assert windows(result.analysis, "breathing_per_min") == [None]
    assert windows(result.analysis, "heart_per_min") == [None]


def test_without_a_position_there_is_no_window() -> None:
    analysis = replace(lying(8.0).analysis, phases=(Phase("unknown", 0.0, 500.0),))
    assert windows(analysis, "stillness") == []
    assert len(minute_by_minute(analysis, "stillness")) == 0


def test_every_whole_minute_has_its_value() -> None:
    result = lying(3.5)
    result.analysis.epochs.breathing_per_min[90:150] = np.nan  # the second minute
    found = minute_by_minute(result.analysis, "breathing_per_min")
    assert found == pytest.approx([14.95, np.nan, 14.75], abs=0.01, nan_ok=True)


# --- two sessions ----------------------------------------------------------------------------


def own_sessions(sd: float) -> list[HistoryRow]:
    """Thirty days of somebody whose breathing differs by `sd` from day to day."""
    rng = np.random.default_rng(3)
    start = datetime.fromisoformat("2026-02-01T18:00:00")
    return [
        HistoryRow(
            f"s{n}",
            (start + timedelta(days=n)).isoformat(),
            "session",
            15.0,
            early_breathing_per_min=15.0 + sd * float(rng.standard_normal()),
        )
        for n in range(30)
    ]


def compared(a: SessionResult, b: SessionResult, rows: list[HistoryRow]) -> Comparison:
    return compare((row_of("A", a), a), (row_of("B", b), b), rows)


def test_only_minutes_that_both_have_are_compared() -> None:
    found = compared(lying(8.0), lying(20.0), own_sessions(0.3))
    assert found.shared_min == (2.0, 7.0)
    breathing = {c.measure.title: c for c in found.measures}["Breathing"]
    assert breathing.difference == pytest.approx(0.0, abs=1e-9)
    assert breathing.verdict == "no change shown"
    assert compared(lying(13.0), lying(20.0), []).shared_min == (2.0, 12.0)


@pytest.mark.parametrize(
    ("sd", "verdict"), [(0.3, "a difference"), (1.5, "no change shown")], ids=["steady", "noisy"]
)
def test_two_breaths_fewer_are_a_difference_only_to_a_steady_breather(
    sd: float, verdict: str
) -> None:
    found = compared(lying(10.0), lying(10.0, breathing=13.0), own_sessions(sd))
    breathing = {c.measure.title: c for c in found.measures}["Breathing"]
    assert breathing.difference == pytest.approx(-2.0)
    assert breathing.verdict == verdict


def test_without_a_history_the_noise_is_unknown_and_nothing_is_claimed() -> None:
    found = compared(lying(10.0), lying(10.0, breathing=10.0), own_sessions(0.3)[:5])
    assert {c.verdict for c in found.measures} == {"unknown"}
    text = "\n".join(comparison_lines(found))
    assert "noise unknown" in text
    assert "a difference" not in text


def test_the_table_fits_80_columns_and_shows_unknown_as_a_dash() -> None:
    lines = comparison_lines(compared(lying(10.0), lying(5.0), own_sessions(0.3)))
    assert max(map(len, lines)) <= 80
    [heart] = [line for line in lines if line.startswith("Heart")]
    assert heart.split()[-4:] == ["-", "-", "-", "-"]
    assert any("less than 7 minutes" in line for line in lines)


@pytest.mark.parametrize("shape", [WIDE, NARROW])
def test_the_picture_names_both_sessions_and_leaves_out_what_neither_knows(shape: object) -> None:
    a, b = lying(10.0), lying(15.0)
    drawn = svg(comparison(a, b, compared(a, b, own_sessions(0.3)), shape))  # type: ignore[arg-type]
    assert ">A<" in drawn
    assert ">B<" in drawn
    assert "Breathing, breaths a minute" in drawn
    assert "Heart" not in drawn


def test_a_picture_of_two_empty_sessions_is_empty_and_no_error() -> None:
    nothing = replace(lying(8.0).analysis, phases=())
    empty = SessionResult(nothing)
    assert "<svg" in svg(comparison(empty, empty, compared(empty, empty, [])))


def test_the_row_says_when_it_began_by_the_wearers_own_clock() -> None:
    row = row_of("x", lying(8.0))
    assert row.began == datetime.fromisoformat("2026-03-01T18:30:00")
    assert row.early_stillness == pytest.approx(0.8)
