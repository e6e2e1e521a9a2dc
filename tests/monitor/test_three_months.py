"""Three months of a simulated wearer, whose truth is known, from folders to the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.results import Epochs, Phase, SessionAnalysis
from monitor import home
from monitor.alerts.nof1 import has_cues
from monitor.cli import app
from monitor.history import figures, words
from monitor.history.cues_effect import away_share, effect
from monitor.history.index import History
from monitor.history.measures import MEASURES, Finding, findings
from monitor.history.page import html_page, three_months, write_page
from monitor.history.row import HistoryRow, row_of
from monitor.history.simulated import Line, PracticeSettings, practice, write
from monitor.report.figures import svg
from monitor.report.layout import NARROW, WIDE
from monitor.result import Alert, LedgerEntry, Reference, SessionResult

SETTINGS = PracticeSettings(seed=3)
LAST = date(2026, 5, 29)


def rows_of(settings: PracticeSettings) -> list[HistoryRow]:
    return [row_of(s.name, s.result, s.notes) for s in practice(settings)]


@pytest.fixture(scope="module")
def rows() -> list[HistoryRow]:
    return rows_of(SETTINGS)


def by_title(found: Sequence[Finding]) -> dict[str, Finding]:
    return {f.measure.title: f for f in found}


def text_of(html: str) -> str:
    parts: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(data)

    Reader().feed(html)
    return re.sub(r"\s+", " ", " ".join(parts))


# --- the truth -------------------------------------------------------------------------------

_TRUTH = {  # measure, line, and what a unit of the line is in the measure's unit
    "Stillness": ("stillness", 100.0),
    "Breathing": ("breathing_per_min", 1.0),
    "Heart": ("heart_per_min", 1.0),
    "Time to settle": ("settle_s", 1.0),
    "Comfort afterwards": ("comfort", 1.0),
    "Calm afterwards": ("calm", 1.0),
}


def test_the_intervals_hold_the_truth_of_the_simulated_wearers() -> None:
    """Twelve people, six measures each: the truth is in nineteen of twenty intervals."""
    held = []
    for seed in range(12):
        found = by_title(findings(rows_of(replace(SETTINGS, seed=seed, epoch_s=5.0))))
        for title, (name, scale) in _TRUTH.items():
            line = found[title].trend
            assert line is not None
            truth = scale * SETTINGS.lines[name].per_day
            held.append(line.low_per_day <= truth <= line.high_per_day)
    assert np.mean(held) >= 0.9


def test_what_changes_is_said_to_and_what_does_not_is_not(rows: list[HistoryRow]) -> None:
    found = by_title(findings(rows))
    assert found["Stillness"].sentence.startswith("Stillness: rose from 8")
    assert found["Breathing"].trend is not None
    assert found["Breathing"].trend.went == "fell slightly"
    assert found["Heart"].sentence.startswith("Heart: no change shown (")
    assert "is noise" in found["Heart"].sentence
    said = words.summary(findings(rows))
    assert said.startswith("Stillness")
    assert re.search(r"no change is shown in [^.]*heart", said)


def test_a_wearer_who_only_lies_longer_and_longer_does_not_seem_calmer() -> None:
    """Nothing changes but the length; a median of the whole rest would call that progress."""
    still = {
        name: Line(line.start, 0.0, 0.3 * line.day_sd) for name, line in SETTINGS.lines.items()
    }
    made = list(practice(replace(SETTINGS, lines=still, short_share=0.0)))
    made.sort(key=lambda s: s.result.analysis.duration_s)
    start = made[0].started_at
    longer = [
        replace(
            row_of(s.name, s.result),
            started_at=(start + timedelta(days=n)).isoformat(),
        )
        for n, s in enumerate(made)
    ]
    for title in ("Stillness", "Breathing", "Heart"):
        line = by_title(findings(longer))[title].trend
        assert line is not None
        change, low, high = line.change
        assert low <= 0.0 <= high, (title, change)


def test_folders_give_the_rows_of_the_results(own_home: Path) -> None:
    few = replace(SETTINGS, n_days=6)
    for session in practice(few):
        write(session)
    with History() as index:
        assert index.refresh().problems == ()
        stored = index.rows()
    made = rows_of(few)
    assert [r.name for r in stored] == [r.name for r in made]
    assert [(r.tags, r.calm_after, r.n_cues) for r in stored] == [
        (r.tags, r.calm_after, r.n_cues) for r in made
    ]
    for a, b in zip(stored, made, strict=True):
        assert a.early_stillness == pytest.approx(b.early_stillness, abs=1e-3)


def test_the_same_seed_is_the_same_wearer_and_another_is_another() -> None:
    few = replace(SETTINGS, n_days=8)
    assert rows_of(few) == rows_of(few)
    assert rows_of(few) != rows_of(replace(few, seed=4))


# --- the page --------------------------------------------------------------------------------


def test_the_page_says_dose_trends_and_limits_and_needs_nothing_else(
    rows: list[HistoryRow],
) -> None:
    html = html_page(three_months(rows, until=LAST))
    text = text_of(html)
    assert "1 March to 29 May 2026 · simulated, nobody lay there" in text
    assert "In 90 days, practice on 69:" in text
    assert "no change shown" in text
    assert "not a medical device" in text.lower()
    assert "settle by themselves in anybody" in text
    assert "Most days in a row" not in text  # no streak unless asked for
    assert not re.findall(r'(?:src|href)="(?!#)', html)
    assert len(html) < 1_500_000


def test_the_pictures_have_the_finding_as_their_words(rows: list[HistoryRow]) -> None:
    html = html_page(three_months(rows, until=LAST))
    alts = re.findall(r'role="img" aria-label="([^"]+)"', html)
    assert len(alts) == 2
    assert "practice on 69" in alts[0]
    assert "Heart: no change shown" in alts[1]


def test_every_colour_is_a_variable_so_that_dark_is_dark(rows: list[HistoryRow]) -> None:
    html = html_page(three_months(rows, until=LAST))
    drawn = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert set(re.findall(r"(?:fill|stroke): ?(#[0-9a-f]{6})", drawn)) == set()


def test_the_run_is_counted_for_those_who_ask(rows: list[HistoryRow]) -> None:
    text = text_of(html_page(three_months(rows, until=LAST, count_run=True)))
    assert re.search(r"Most days in a row: \d+\.", text)


def test_what_the_wearer_wrote_is_escaped() -> None:
    row = replace(rows_of(replace(SETTINGS, n_days=1))[0], note="<b>bold</b> & kind")
    html = html_page(three_months([row], until=LAST))
    assert "<b>bold" not in html
    assert "<b>bold</b> & kind" in text_of(html)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_sessions_make_a_page_that_says_so(n: int) -> None:
    few = rows_of(replace(SETTINGS, n_days=6))[:n]
    text = text_of(html_page(three_months(few, until=date(2026, 3, 7))))
    assert ("No session in these 90 days." in text) is (n == 0)
    assert "too few sessions" in text


def test_sessions_of_which_nothing_is_known_make_a_page_too() -> None:
    start = datetime(2026, 3, 1, 18, tzinfo=UTC)
    bare = [
        HistoryRow(f"s{n}", (start + timedelta(days=2 * n)).isoformat(), "session", 10.0)
        for n in range(12)
    ]
    text = text_of(html_page(three_months([*bare, HistoryRow("x", None, "", 1.0)], until=LAST)))
    assert "Of 12 sessions the minutes in the position are unknown." in text
    assert "Unknown: stillness, breathing, heart" in text
    assert "1 session without a date is left out." in text


@pytest.mark.parametrize("shape", [WIDE, NARROW])
def test_every_known_measure_has_its_panel(rows: list[HistoryRow], shape: object) -> None:
    drawn = svg(figures.trends(findings(rows), date(2026, 3, 1), shape))  # type: ignore[arg-type]
    for measure in MEASURES:
        assert f"{measure.title}, {measure.unit}" in drawn


def test_all_files_are_written(rows: list[HistoryRow], tmp_path: Path) -> None:
    paths = write_page(tmp_path, three_months(rows, until=LAST))
    assert [p.name for p in paths] == [
        "history.html", "history-calendar.png", "history-calendar.svg",
        "history-trends.png", "history-trends.svg",
    ]  # fmt: skip
    assert all(p.stat().st_size > 5000 for p in paths)


# --- do cues help? ---------------------------------------------------------------------------


def drift(t_s: float, corrected_s: float | None, kind: str = "knee_drift") -> LedgerEntry:
    alert = Alert(t_s, kind, "left", 80.0, 90.0, "The left knee moved by 10 degrees.")
    return LedgerEntry(alert, dwell_s=10.0, corrected_s=corrected_s)


def watched(*ledger: LedgerEntry, judged: bool = True) -> SessionResult:
    """Ten minutes in the position, from second 100 to 700."""
    analysis = SessionAnalysis(
        720.0, {}, (Phase("rest", 100.0, 700.0),), Epochs.unknown(np.empty(0))
    )
    reference = Reference(90.0, None) if judged else Reference()
    return SessionResult(
        analysis, alerts=tuple(e.alert for e in ledger), reference=reference, ledger=ledger
    )


def test_time_out_of_posture_is_counted_once_and_to_the_end_where_it_was_not_corrected() -> None:
    assert away_share(watched()) == 0.0
    assert away_share(watched(drift(210.0, 230.0))) == pytest.approx(30 / 600)
    both = watched(drift(210.0, 230.0), drift(220.0, 260.0, "lean"))
    assert away_share(both) == pytest.approx(60 / 600)
    assert away_share(watched(drift(640.0, None))) == pytest.approx(70 / 600)
    assert away_share(watched(drift(300.0, 310.0, "sensor_lost"))) == 0.0


def test_where_nobody_could_tell_it_is_unknown_not_zero() -> None:
    assert away_share(watched(judged=False)) is None
    assert away_share(replace(watched(drift(210.0, 230.0)), ledger=())) is None


@pytest.mark.parametrize(
    ("with_cues", "said"), [(0.02, "Cues help you."), (0.10, "No difference is shown")]
)
def test_days_by_chance_show_whether_cues_help(with_cues: float, said: str) -> None:
    rng = np.random.default_rng(1)
    start = datetime(2026, 3, 1, 18, tzinfo=UTC)
    rows = []
    for n in range(40):
        began = start + timedelta(days=n)
        on = has_cues(7, began.date())
        away = float(np.clip((with_cues if on else 0.10) + 0.02 * rng.standard_normal(), 0.0, 1.0))
        rows.append(
            HistoryRow(f"s{n}", began.isoformat(), "session", 15.0, away_share=away, cues_on=on)
        )
    found = effect(rows)
    assert found is not None
    assert found.words.startswith(said)
    assert found.words in text_of(html_page(three_months(rows, until=date(2026, 4, 20))))


def test_without_days_by_chance_nothing_is_said_of_cues(rows: list[HistoryRow]) -> None:
    assert effect(rows) is None
    assert "Do cues help" not in html_page(three_months(rows, until=LAST))


# --- the command -----------------------------------------------------------------------------


def test_simulated_sessions_are_in_no_trend_unless_asked_for(own_home: Path) -> None:
    start = datetime.now(UTC) - timedelta(days=20)
    for session in practice(replace(SETTINGS, n_days=20, first_day=start, epoch_s=5.0)):
        write(session)
    own = CliRunner().invoke(app, ["history", "--plot"])
    assert own.exit_code == 0, own.output
    assert "No session in these 90 days." in own.stdout
    asked = CliRunner().invoke(app, ["history", "--plot", "--simulated", "--streak"])
    assert "In 90 days, practice on" in asked.stdout
    assert "Breathing: " in asked.stdout
    assert "Most days in a row: " in asked.stdout
    assert max(map(len, asked.stdout.split(str(own_home))[0].splitlines())) <= 80
    assert (own_home / "history" / "history.html").is_file()


def test_the_wearers_own_settings_count_and_the_command_line_counts_more(
    own_home: Path, tmp_path: Path
) -> None:
    own_home.mkdir()
    (own_home / "config.toml").write_text("[history]\nday_starts_at = 24\n")
    result = CliRunner().invoke(app, ["history", "--plot"])
    assert "day_starts_at is an hour from 0 to 23" in str(result.exception)
    (own_home / "config.toml").write_text("[history]\nstreak = true\n")
    result = CliRunner().invoke(app, ["history", "--plot", "--day-starts-at", "0"])
    assert result.exit_code == 0, result.output
    assert "Most days in a row: 0." in result.stdout


def test_two_sessions_are_compared_in_the_terminal_and_as_a_picture(
    own_home: Path, tmp_path: Path
) -> None:
    folders = [write(s) for s in practice(replace(SETTINGS, short_share=0.0, epoch_s=5.0))]
    words_ = ["history", "compare", folders[0].name, "last", "--plot", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, words_)
    assert result.exit_code == 0, result.output
    assert "minutes 2 to 7" in result.stdout
    assert "no change shown" in result.stdout
    stem = f"compare-{folders[0].name}-{folders[-1].name}"
    assert (tmp_path / f"{stem}.png").is_file()
    assert (tmp_path / f"{stem}.svg").is_file()
    assert len(home.all_session_folders()) == len(folders)
