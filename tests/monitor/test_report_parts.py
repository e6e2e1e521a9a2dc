"""The parts of a report that have an answer of their own: cues, spectrogram, files, the sheet."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from typer.testing import CliRunner

from analysis.results import Epochs, Estimate, SensorData, SessionAnalysis
from monitor import home
from monitor.cli import app
from monitor.report import findings, palette, spectrogram, words
from monitor.report.cues import cues, summary
from monitor.report.figures import figures_of, getting_up, knees, overview, pdf, svg
from monitor.report.layout import COLUMN, house_style
from monitor.report.page import html_page
from monitor.report.spectrogram import CACHE_NAME, Spectrogram, chest_of
from monitor.report.teacher import teacher_page
from monitor.result import Alert, LedgerEntry, SessionResult
from monitor.result_file import to_json
from monitor.session_notes import SessionNotes, write_notes
from tests.monitor.full_session import SAID, chest_spectrogram, full_session

ALERT = Alert(100.0, "knee_drift", "left", 101.0, 90.0, "The left knee is at 101.")


def told(*entries: LedgerEntry, alerts: tuple[Alert, ...] = ()) -> SessionResult:
    analysis = SessionAnalysis(600.0, {}, (), Epochs.unknown(np.arange(1.0, 601.0)))
    return SessionResult(analysis, alerts=alerts, ledger=entries)


# --- cues ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "t_s", "fate", "outcome"),
    [
        (LedgerEntry(ALERT, delivered_s=102.0, corrected_s=143.0), 102.0, "given",
         "Cue given; right again after 41 seconds."),
        (LedgerEntry(ALERT, level=2, delivered_s=102.0), 102.0, "given",
         "Cue given at level 2; not right again before the session ended."),
        (LedgerEntry(ALERT, withheld="the budget was spent"), 100.0, "withheld",
         "No cue: the budget was spent."),
        (LedgerEntry(ALERT, withheld="snoozed", corrected_s=130.0), 100.0, "withheld",
         "No cue: snoozed; right again at 2:10."),
        (LedgerEntry(ALERT), 100.0, "unknown", "Whether a cue was given is unknown."),
    ],
)  # fmt: skip
def test_the_ledger_says_what_followed(
    entry: LedgerEntry, t_s: float, fate: str, outcome: str
) -> None:
    [cue] = cues(told(entry, alerts=(ALERT,)))
    assert (cue.t_s, cue.fate, cue.outcome) == (t_s, fate, outcome)


def test_of_an_alert_without_a_ledger_nobody_claims_to_know_more() -> None:
    [cue] = cues(told(alerts=(ALERT,)))
    assert (cue.fate, cue.right_again_s) == ("unknown", None)
    assert cue.outcome == "What followed was not recorded."
    assert "cue" not in words.headline(told(alerts=(ALERT,)))


def test_a_cue_is_full_when_given_hollow_when_withheld_and_its_bar_ends_when_right() -> None:
    ax = next(
        ax for ax in overview(full_session()).axes if ax.get_title(loc="left").startswith("Cues")
    )
    marks = {
        round(60 * float(np.asarray(line.get_xdata())[0])): line.get_markerfacecolor()
        for line in ax.lines
        if line.get_marker() == "v"
    }
    assert marks == {
        641: palette.ALERT.light, 760: palette.PAGE.light, 982: palette.ALERT.light,
    }  # fmt: skip
    ends = [60 * float(np.asarray(li.get_xdata())[0]) for li in ax.lines if li.get_marker() == "|"]
    assert ends == pytest.approx([688.0, 815.0])
    assert summary(cues(full_session())) == (
        "2 cues, 1 of them put right afterwards and 1 cue withheld"
    )


# --- the sentence ----------------------------------------------------------------------------


@given(known=st.sets(st.sampled_from(["still", "left", "right", "breath", "cue", "finish"])))
def test_the_sentence_is_silent_about_what_is_unknown(known: set[str]) -> None:
    result = full_session()
    analysis, epochs = result.analysis, result.analysis.epochs
    nan = np.full(len(epochs), np.nan)
    unknown = Estimate(None, None, None, 0.0, "")
    gone = {"still": "still_share", "breath": "breathing_per_min"}
    analysis = replace(
        analysis,
        epochs=replace(
            epochs,
            knee_left_deg=epochs.knee_left_deg if "left" in known else nan,
            knee_right_deg=epochs.knee_right_deg if "right" in known else nan,
        ),
        summary=dict(analysis.summary) | {gone[k]: unknown for k in gone if k not in known},
        finish=analysis.finish if "finish" in known else None,
    )
    said = words.headline(
        replace(result, analysis=analysis, ledger=result.ledger if "cue" in known else ())
    )
    words_of = {
        "still": "still for", "left": "left", "right": "right knee", "breath": "breathing",
        "cue": "cues", "finish": "getting up",
    }  # fmt: skip
    assert {k for k, word in words_of.items() if word in said} == known
    assert ("not enough to say more" in said) == (not known)


def test_a_still_rest_of_which_little_was_seen_says_of_how_much() -> None:
    result = full_session()
    part = dict(result.analysis.summary) | {"still_share": Estimate(0.9, 0.8, 1.0, 0.6, "0 to 1")}
    said = words.headline(replace(result, analysis=replace(result.analysis, summary=part)))
    assert "still for 90\u00a0% of the 60\u00a0% of rest that could be judged" in said


# --- the page --------------------------------------------------------------------------------


def test_the_page_of_a_full_session_tells_all_of_it() -> None:
    html = html_page(full_session(), SAID, chest_spectrogram())
    for said in (
        "My lower back let go", "evening, after work", "knee drawn up to the chest",
        "Cue given; right again after 47 seconds.", "No cue: snoozed until 13:00",
        "on the left side", "Getting up took 62 s, the trunk turning", "single breaths were seen",
        "nearer to sleep than to waking", "out of range", 'href="data:image/png;base64,',
    ):  # fmt: skip
        assert said in html, said
    assert len(html.encode()) < 1_500_000
    assert not re.search(r'(?:src|href)="(?!#|data:image/png)', html)


def test_what_the_wearer_wrote_stays_text() -> None:
    evil = SessionNotes(text="<script>alert(1)</script>", tags=("<b>",))
    html = html_page(full_session(), evil)
    assert "<script" not in html
    assert "<b>" not in html


def test_a_session_without_a_word_of_the_wearer_has_no_room_for_it() -> None:
    assert "In your own words" not in html_page(full_session())
    assert "In your own words" in html_page(full_session(), SessionNotes(text="Well."))


def test_what_breathing_was_like_is_said_as_the_analysis_counted_it() -> None:
    said = findings.finding("breathing", full_session())
    assert f"{len(full_session().analysis.breaths)} single breaths were seen." in said
    assert re.search(
        r"Breath length, variation \(CV\): 0\.\d\d \(mostly 0\.\d\d to 0\.\d\d, ", said
    )
    assert "Sighs: 3 (mostly 3 to 4, known for 9" in said


def test_numbers_in_a_caption_carry_interval_and_coverage() -> None:
    said = findings.finding("heart", full_session())
    assert re.fullmatch(
        r"Heart rate: \d\d\.\d a minute \(mostly \d\d\.\d to \d\d\.\d, known for 100\u00a0%\)\. .*",
        said,
    )


# --- pictures --------------------------------------------------------------------------------


def test_the_users_own_matplotlib_settings_change_nothing() -> None:
    plain = svg(overview(full_session()))
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "axes.grid": False}):
        assert svg(overview(full_session())) == plain
        assert mpl.rcParams["font.size"] == 30


def test_what_somebody_wrote_is_no_formula_and_needs_no_typeface() -> None:
    result = replace(full_session(), source="costs $x^2$ \U0001f9d8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "Costs $x^2$ \U0001f9d8" in svg(overview(result, titled=True))


def test_a_day_is_drawn_with_as_few_points_as_an_hour() -> None:
    result = full_session()
    many = Epochs.joined([result.analysis.epochs] * 20)
    many = replace(many, t_s=np.arange(1.0, len(many) + 1))
    long = replace(result, analysis=replace(result.analysis, epochs=many, duration_s=len(many)))
    line = next(
        li for li in knees(long, COLUMN).axes[0].lines if len(np.asarray(li.get_xdata())) > 9
    )
    assert len(np.asarray(line.get_xdata())) <= 2 * 60 * 4


def test_getting_up_is_told_part_by_part_and_what_was_not_seen() -> None:
    finish = full_session().analysis.finish
    assert finish is not None
    assert findings.getting_up_words(finish) == (
        "Rolling from 18:30, kneeling from 18:50, standing from 19:20. "
        "Getting up took 62 s, the trunk turning at up to 64 deg/s: unhurried."
    )
    unseen = replace(finish, kneeling_s=None, peak_speed_deg_s=None, hurried=None, reason="")
    assert findings.getting_up_words(unseen) == (
        "Rolling from 18:30, kneeling not seen, standing from 19:20; fastest turn of the trunk "
        "unknown. Whether it was hurried is unknown."
    )


def test_getting_up_shows_its_own_minute() -> None:
    result = full_session()
    assert result.analysis.finish is not None
    [ax] = getting_up(result, result.analysis.finish).axes
    assert ax.get_xlim() == pytest.approx(((1110 - 15) / 60, (1172 + 15) / 60))
    assert [t.get_text().strip() for t in ax.texts] == ["rolling", "kneeling", "standing"]


# --- spectrogram -----------------------------------------------------------------------------


def tone(hz: float, *, fs_hz: float = 50.0, length_s: float = 200.0) -> SensorData:
    t_s = np.arange(0, length_s, 1 / fs_hz)
    acc = np.stack([0.1 * np.sin(2 * np.pi * hz * t_s), 0 * t_s, 9.81 + 0 * t_s], axis=1)
    return SensorData(t_s, acc)


def made(data: SensorData) -> Spectrogram:
    found = spectrogram.spectrogram(data)
    assert found is not None
    return found


@given(hz=st.floats(0.1, 15.0))
def test_a_tone_is_loudest_in_its_own_band(hz: float) -> None:
    found = made(tone(hz))
    loudest = found.power_db.argmax(axis=1)
    middle = np.sqrt(found.edges_hz[loudest] * found.edges_hz[loudest + 1])
    assert np.all(np.abs(np.log(middle / hz)) < np.log(1.2) + 0.025 / hz)


def test_the_power_of_a_tone_is_its_power() -> None:
    found = made(tone(1.5))
    width_hz = np.diff(found.edges_hz)
    power = (10 ** (found.power_db / 10) * width_hz).sum(axis=1)
    assert power == pytest.approx(0.1**2 / 2, rel=0.25)  # bands hold whole lines, no fewer


def test_how_the_sensor_sits_changes_nothing() -> None:
    data, turn = tone(1.5), np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turned = made(SensorData(data.t_s, data.acc_m_s2 @ turn))
    loud = made(data).power_db > -60
    assert turned.power_db[loud] == pytest.approx(made(data).power_db[loud], abs=0.1)


def test_a_hole_is_unknown_and_nothing_else_is() -> None:
    data = tone(1.5, length_s=300.0)
    heard = (data.t_s < 100) | (data.t_s > 130)
    found = made(SensorData(data.t_s[heard], data.acc_m_s2[heard]))
    unknown = np.isnan(found.power_db).all(axis=1)
    assert unknown.tolist() == [bool(80 < t < 150) for t in found.t_s]
    assert np.isfinite(found.power_db[~unknown]).all()


def test_too_little_for_a_window_is_no_spectrogram() -> None:
    assert spectrogram.spectrogram(tone(1.5, length_s=30.0)) is None


def test_the_bands_are_kept_until_the_recording_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def from_raw(folder: Path) -> Spectrogram | None:
        read.append(folder)
        return spectrogram.spectrogram(tone(1.5))

    monkeypatch.setattr(spectrogram, "_from_raw", from_raw)
    assert chest_of(tmp_path) is None
    (tmp_path / home.RECORDING_NAME).write_bytes(b"12345")
    first, second = chest_of(tmp_path), chest_of(tmp_path)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.power_db, second.power_db)
    assert len(read) == 1
    (tmp_path / CACHE_NAME).write_bytes(b"rubbish")
    chest_of(tmp_path)
    os.utime(tmp_path / home.RECORDING_NAME, (1, 1))
    chest_of(tmp_path)
    assert len(read) == 3


def test_a_recording_without_a_chest_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    monkeypatch.setattr(spectrogram, "_from_raw", read.append)
    (tmp_path / home.RECORDING_NAME).write_bytes(b"12345")
    assert (chest_of(tmp_path), chest_of(tmp_path)) == (None, None)
    assert len(read) == 1


def test_a_recording_that_cannot_be_read_costs_only_its_spectrogram(tmp_path: Path) -> None:
    (tmp_path / home.RECORDING_NAME).write_bytes(b"no recording")
    assert chest_of(tmp_path) is None


# --- the teacher's sheet ---------------------------------------------------------------------


def wordy() -> tuple[SessionResult, SessionNotes]:
    result = full_session()
    nearly = {n: replace(e, coverage=0.999) for n, e in result.analysis.summary.items()}
    return (
        replace(
            result, ledger=result.ledger * 9, analysis=replace(result.analysis, summary=nearly)
        ),
        replace(SAID, text="It was long and I have much to say of it. " * 60, tags=("tag",) * 80),
    )


@pytest.mark.parametrize("case", ["full", "wordy", "nothing"])
def test_the_sheet_is_one_page_on_which_no_text_meets_another(case: str) -> None:
    nothing = SessionResult(SessionAnalysis(0.0, {}, (), Epochs.unknown(np.empty(0))))
    result, said = {
        "full": (full_session(), SAID), "wordy": wordy(), "nothing": (nothing, SessionNotes()),
    }[case]  # fmt: skip
    figure = teacher_page(result, said)
    with house_style():
        FigureCanvasAgg(figure).draw()
        texts = [*figure.texts, *(t for ax in figure.axes for t in ax.texts)]
        texts += [ax._left_title for ax in figure.axes]  # type: ignore[attr-defined]
        boxes = [t.get_window_extent() for t in texts if t.get_text()]
    for i, box in enumerate(boxes):
        assert figure.bbox.x0 < box.x0 < box.x1 < figure.bbox.x1
        assert figure.bbox.y0 < box.y0 < box.y1 < figure.bbox.y1
        assert not any(
            min(box.x1, o.x1) - max(box.x0, o.x0) > 1 and min(box.y1, o.y1) - max(box.y0, o.y0) > 2
            for o in boxes[i + 1 :]
        )
    assert len(re.findall(rb"/Type /Page\b", pdf(figure))) == 1
    said_on_it = " ".join(t.get_text() for t in figure.texts)
    assert ("more is in the report" in said_on_it) == (case == "wordy")


def test_the_sheet_says_what_it_cannot_say() -> None:
    figure = teacher_page(full_session(), SAID)
    texts = " ".join(t.get_text() for t in figure.texts)
    assert "Head and neck were not measured." in texts
    assert "“My lower back let go about half way. The left knee wanted to fall out.”" in texts
    assert "Not a medical device" in texts


# --- the command -----------------------------------------------------------------------------


def test_report_writes_each_figure_in_each_format_and_the_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(home.HOME_VARIABLE, str(tmp_path))
    folder = tmp_path / "sessions" / "2026-03-01T18-30-05"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(to_json(full_session()))
    write_notes(folder, SAID)
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["report", "--format", "svg", "--format", "pdf", "--teacher", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert "My lower back let go" in (out / "report.html").read_text()
    names = ["overview", *figures_of(full_session())]
    expected = [out / "figures" / f"{n}.{kind}" for n in names for kind in ("svg", "pdf")]
    assert done.stdout.split() == [
        str(p) for p in (out / "report.html", *expected, out / "teacher.pdf")
    ]
    for path in (*expected, out / "teacher.pdf"):
        start = path.read_bytes()[:5]
        assert start == (b"%PDF-" if path.suffix == ".pdf" else b"<?xml")
        assert path.stat().st_mode & 0o777 == 0o600
    done = CliRunner().invoke(app, ["report", "--format", "bmp"])
    assert done.exit_code == 2
