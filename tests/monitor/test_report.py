"""The page and its pictures: complete, self-contained, honest about what is unknown."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from typer.testing import CliRunner

from analysis.results import (
    Epochs,
    Estimate,
    Movement,
    Phase,
    SensorSummary,
    SessionAnalysis,
)
from monitor import home
from monitor.cli import app
from monitor.report import palette, words, write_report
from monitor.report.decimate import min_max
from monitor.report.figures import COLUMN, NARROW, WIDE, Format, figures_of, overview, png, svg
from monitor.report.layout import house_style
from monitor.report.page import html_page
from monitor.result import Alert, Gap, Reference, SessionResult
from monitor.result_file import to_json
from tests.monitor.full_session import chest_spectrogram, full_session


def session(n: int = 600) -> SessionResult:
    t_s = np.arange(1.0, n + 1)
    epochs = replace(
        Epochs.unknown(t_s),
        stillness=np.full(n, 0.9),
        knee_left_deg=np.where(t_s < n / 2, 91.0, 101.0),
        knee_right_deg=np.where((t_s > 100) & (t_s < 200), np.nan, 88.0),
        breathing_per_min=np.where(t_s < 40, np.nan, 12.0),
        breathing_confidence=np.linspace(0, 1, n),
    )
    sensors = {
        "chest": SensorSummary(50.0, 30_000, 0, 1.0),
        "left_thigh": SensorSummary(None, 0, 12, 0.0, ("reads 2.65 g at rest: not used",)),
    }
    analysis = SessionAnalysis(
        duration_s=float(n),
        sensors=sensors,
        phases=(Phase("settling", 0.0, 60.0), Phase("rest", 60.0, float(n))),
        epochs=epochs,
        movements=(Movement("left_thigh", 5.0, 7.0, "slide", -1.61, None, 40.0, None),),
        summary={
            "still_share": Estimate(0.91, 0.8, 1.0, 0.98, "0 to 1"),
            "knee_left_deg": Estimate(91.2, 89.8, 92.5, 0.86, "deg"),
            "heart_per_min": Estimate(None, None, None, 0.0, "1/min"),
        },
        notes=("No poses were given.",),
    )
    return SessionResult(
        analysis=analysis,
        alerts=(Alert(311.0, "knee_drift", "left", 101.0, 91.0, "The left knee is at 101."),),
        reference=Reference(knee_left_deg=91.0),
        gaps=(Gap("left_thigh", 100.0, 220.0, "out of range"),),
        started_at="2026-03-01T18:30:05+01:00",
        source="made by a test",
        sensors_worn={"chest": "h10"},
    )


def nothing() -> SessionResult:
    return SessionResult(SessionAnalysis(0.0, {}, (), Epochs.unknown(np.empty(0))))


def unknown(n: int = 60) -> SessionResult:
    sensors = {
        "chest": SensorSummary(None, 0, 0, 0.0),
        "left_shank": SensorSummary(None, 0, 0, 0.0),
    }
    epochs = Epochs.unknown(np.arange(1.0, n + 1))
    return SessionResult(SessionAnalysis(n, sensors, (Phase("unknown", 0, n),), epochs))


# --- the page --------------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(html)
    return parser.found


def test_the_page_needs_nothing_from_anywhere() -> None:
    html = html_page(session())
    for tag, attributes in tags(html):
        assert tag not in {"script", "link", "iframe", "img", "object"}
        for name in ("src", "href", "xlink:href", "data", "action"):
            assert (attributes.get(name) or "#").startswith("#")
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", html)
    assert not re.search(r"https?:|@import|url\((?!#)", without_names)


def test_ids_are_unique_and_every_reference_has_its_target() -> None:
    html = html_page(session())
    ids = [a["id"] for _, a in tags(html) if "id" in a]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', html))
    assert {a or b for a, b in used} <= set(ids)


def test_colours_are_all_variables_so_that_dark_is_dark() -> None:
    html = html_page(session())
    pictures = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert re.findall(r"#[0-9a-fA-F]{6}\b", pictures) == []
    assert len({ink.light for ink in palette.ALL}) == len(palette.ALL)
    for ink in palette.ALL:
        assert f"--{ink.name}: {ink.light};" in html
        assert f"--{ink.name}: {ink.dark};" in html


def test_what_somebody_else_wrote_stays_text() -> None:
    evil = '<script>alert(1)</script>&"'
    result = session()
    result = replace(
        result,
        source=evil,
        alerts=(Alert(1.0, evil, "", None, None, evil),),
        gaps=(Gap("left_thigh", 100.0, 580.0, evil),),
        sensors_worn={"chest": evil},
        analysis=replace(
            result.analysis, notes=(evil,), summary={evil: Estimate(1, 0, 2, 1, evil)}
        ),
    )
    html = html_page(result)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_the_page_tells_alerts_numbers_sensors_gaps_and_its_limits() -> None:
    html = html_page(session())
    for said in (
        "1 March 2026, 18:30", "made by a test", "The left knee is at 101.", "5:11", "91.2°",
        "89.8 to 92.5", "86\u00a0%", "reads 2.65 g at rest: not used", "out of range",
        "No poses were given.", "Not a medical device", 'lang="en"', "prefers-color-scheme: dark",
    ):  # fmt: skip
        assert said in html, said
    assert "Unknown: Heart rate." in html


def test_the_picture_says_its_finding_in_words() -> None:
    labels = [a["aria-label"] for _, a in tags(html_page(session())) if a.get("role") == "img"]
    assert labels[0] is not None
    assert "1 alert: the first at 5:11" in labels[0]
    assert "breathing 94\u00a0%" in labels[0]
    assert [label.split(":")[0] for label in labels[1:] if label] == [
        "Knees", "Movement", "Breathing", "Sensors",
    ]  # fmt: skip
    assert "Left knee: 91.2° (mostly 89.8 to 92.5, known for 86\u00a0%)." in (labels[1] or "")
    assert "Right knee: unknown." in (labels[1] or "")


@pytest.mark.parametrize("result", [nothing(), unknown(), unknown(1)])
def test_a_session_of_which_nothing_is_known_still_has_its_page(result: SessionResult) -> None:
    assert "what the sensors sent was not enough to say more" in html_page(result)
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", html_page(result), flags=re.DOTALL).lower()


# --- words -----------------------------------------------------------------------------------


def test_the_headline_says_what_is_known() -> None:
    assert words.headline(session()) == (
        "10 minutes recorded: still for 91\u00a0% of rest; the left knee mostly between "
        "91° and 101°, the right knee mostly near 88° while resting; breathing around 12 times a "
        "minute."
    )


def test_the_headline_does_not_speak_of_what_was_hardly_seen() -> None:
    result = session()
    barely = np.full(600, np.nan)
    barely[:150] = 12.0
    epochs = replace(result.analysis.epochs, breathing_per_min=barely, knee_left_deg=barely)
    said = words.headline(replace(result, analysis=replace(result.analysis, epochs=epochs)))
    assert "breathing" not in said
    assert "left" not in said
    assert "the right knee mostly near 88°" in said


def test_the_straight_legs_before_and_after_are_not_in_the_resting_knee() -> None:
    result = session()
    bent = np.where(result.analysis.epochs.t_s > 60.0, 89.0, 0.0)
    epochs = replace(result.analysis.epochs, knee_left_deg=bent)
    said = words.headline(replace(result, analysis=replace(result.analysis, epochs=epochs)))
    assert "; knees mostly near 89° left and 88° right while resting;" in said


def test_a_knee_that_went_far_is_not_given_one_angle() -> None:
    result = session()
    swung = np.linspace(0, 180, 600)
    epochs = replace(result.analysis.epochs, knee_left_deg=swung)
    said = words.headline(replace(result, analysis=replace(result.analysis, epochs=epochs)))
    assert (
        "the left knee mostly between 34° and 164°, the right knee mostly near 88° while resting"
    ) in said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (0.001, "under 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, said: str) -> None:
    assert words.percent(share).replace("\u00a0", " ") == said


# --- pictures --------------------------------------------------------------------------------


def test_a_line_is_never_drawn_across_the_unknown() -> None:
    figure = overview(session())
    knees = next(ax for ax in figure.axes if "Knee" in ax.get_title(loc="left"))
    right = next(line for line in knees.lines if line.get_color() == palette.RIGHT.light)
    y = np.asarray(right.get_ydata(), dtype=float)
    assert np.isnan(y[100:199]).all()


def test_panels_that_cannot_be_are_left_out_and_the_rest_is_there() -> None:
    def titles(result: SessionResult) -> list[str]:
        return [ax.get_title(loc="left").split(",")[0] for ax in overview(result).axes]

    assert titles(session()) == [
        "Phases", "Knee angle", "Cues", "Stillness", "Breaths a minute",
        "Relaxation and its parts",
    ]  # fmt: skip
    assert titles(nothing()) == ["Phases", "Stillness", "Relaxation and its parts"]
    assert list(figures_of(session())) == ["knees", "movement", "breathing", "sensors"]
    assert list(figures_of(nothing())) == []
    assert list(figures_of(full_session(), chest_spectrogram())) == [
        "knees", "movement", "getting-up", "breathing", "heart", "chest-motion", "sensors",
    ]  # fmt: skip


def drawn(shape: Format) -> dict[str, Figure]:
    """Every figure of two sessions, one with everything and one with little."""
    made = {}
    for n, (result, chest) in enumerate([(full_session(), chest_spectrogram()), (session(), None)]):
        made[f"overview {n}"] = overview(result, shape)
        made |= {f"{k} {n}": f(shape, False) for k, f in figures_of(result, chest).items()}
    return made


@pytest.mark.parametrize("shape", [WIDE, NARROW, COLUMN])
def test_no_text_leaves_the_picture_or_meets_another(shape: Format) -> None:
    for name, figure in drawn(shape).items():
        with house_style():
            FigureCanvasAgg(figure).draw()
        frame = figure.bbox
        for ax in figure.axes:
            boxes = [t.get_window_extent() for t in ax.texts if t.get_text()]
            boxes.append(ax._left_title.get_window_extent())  # type: ignore[attr-defined]
            boxes += [t.get_window_extent() for t in ax.get_yticklabels() if t.get_text()]
            for i, box in enumerate(boxes):
                assert box.x0 >= frame.x0 - 0.5, name
                assert box.x1 <= frame.x1 + 0.5, name
                assert not any(box.overlaps(other) for other in boxes[i + 1 :]), name


def test_pictures_are_the_same_each_time_and_of_a_decent_size() -> None:
    assert svg(overview(session())) == svg(overview(session()))
    day = session(20_000)
    assert len(svg(overview(day))) < 400_000
    assert png(overview(day)).startswith(b"\x89PNG")


@given(
    values=st.lists(st.one_of(st.just(np.nan), st.floats(-9, 9)), min_size=1, max_size=300),
    n_bins=st.integers(1, 40),
)
def test_thinning_keeps_the_extremes_and_the_order(values: list[float], n_bins: int) -> None:
    t, y = np.arange(len(values), dtype=float), np.array(values)
    thin_t, thin_y = min_max(t, y, n_bins)
    assert len(thin_t) <= max(2 * n_bins, len(y) if len(y) <= 2 * n_bins else 0)
    assert (np.diff(thin_t) >= 0).all()
    np.testing.assert_array_equal(thin_y, y[thin_t.astype(int)])
    if np.isfinite(y).any():
        assert np.nanmin(thin_y) == np.nanmin(y)
        assert np.nanmax(thin_y) == np.nanmax(y)


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(home.HOME_VARIABLE, str(tmp_path))
    folder = tmp_path / "sessions" / "2026-03-01T18-30-05"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(to_json(session()))
    return folder


def test_report_writes_into_the_sessions_folder(stored: Path) -> None:
    done = CliRunner().invoke(app, ["report"])
    assert done.exit_code == 0, done.output
    assert done.stdout.split() == [str(stored / "report.html")]
    assert {p.name for p in stored.iterdir()} == {"result.json", "report.html"}
    assert "made by a test" in (stored / "report.html").read_text()


def test_report_writes_elsewhere_when_told(stored: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", "2026-03", "--out", str(tmp_path / "here")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "here" / "report.html").stat().st_mode & 0o777 == 0o600
    assert not (stored / "report.html").exists()


def test_a_report_loads_neither_scipy_nor_pyplot(stored: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom monitor.report import write_report\n"
        "from monitor.stored import result_of\n"
        f"folder = Path({str(stored)!r})\nwrite_report(folder, result_of(folder))\n"
        "print([m for m in ('scipy', 'matplotlib.pyplot', 'bleak') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_write_report_returns_the_page(tmp_path: Path) -> None:
    assert write_report(tmp_path, session()) == tmp_path / "report.html"


def test_no_number_is_minus_nothing() -> None:
    assert words.number(-0.04, "deg") == "0.0°"
    assert words.interval(Estimate(0.0, -0.001, 0.001, 1.0, "1")) == "0.00 to 0.00"


def test_a_picture_that_stands_alone_says_when_and_from_what() -> None:
    result = replace(
        session(), started_at="2026-03-01T18:30:05+01:00", source="simulated wearer (demo, seed 0)"
    )
    texts = [t.get_text() for t in overview(result, titled=True).texts]
    assert texts == ["1 March 2026, 18:30  ·  Simulated wearer (demo, seed 0)"]
    assert not overview(result).texts
    assert words.title_line(replace(result, started_at=None, source="")) == "A session"


def test_a_phase_without_room_for_its_name_is_in_the_key() -> None:
    result = session()
    phases = (Phase("rest", 0.0, 595.0), Phase("rolling", 595.0, 600.0))
    result = replace(result, analysis=replace(result.analysis, phases=phases))
    [ax, *_] = overview(result).axes
    said = [t.get_text() for t in ax.texts]
    assert "resting in the position" in said
    assert {"■", "rolling to the side"} <= set(said)
