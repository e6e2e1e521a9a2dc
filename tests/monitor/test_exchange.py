"""Out to CSV and in again: nothing is lost, and half an import is none."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from analysis.results import Epochs, Poses, SensorData, SensorSummary, SessionAnalysis
from monitor import home
from monitor.errors import UserError
from monitor.exchange.csv_session import analyze_session, read_session
from monitor.exchange.session_csv import (
    RawSession,
    analyze_arguments,
    export_session,
    import_session,
    raw_session,
    reanalyse_import,
)
from monitor.result import Alert, SessionResult
from monitor.result_file import from_json, to_json
from monitor.stored import result_of

STARTED = datetime(2026, 3, 1, 18, 30, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(home.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def chest(n: int = 3000, *, gyro: bool = True, nan_at: int | None = None) -> SensorData:
    """A minute of breathing at 50 Hz: the chest nods 12 times a minute."""
    t_s = np.arange(n) / 50.0
    tilt = np.deg2rad(0.8) * np.sin(2 * np.pi * 0.2 * t_s)
    rng = np.random.default_rng(3)
    acc = 9.80665 * np.column_stack([np.sin(tilt), 0 * tilt, np.cos(tilt)])
    acc += rng.normal(0, 0.01, acc.shape)
    if nan_at is not None:
        acc[nan_at] = np.nan
    return SensorData(t_s, acc, rng.normal(0, 0.01, (n, 3)) if gyro else None)


def nothing() -> SessionResult:
    sensors = {"chest": SensorSummary(50.0, 3000, 0, 1.0)}
    return SessionResult(SessionAnalysis(60.0, sensors, (), Epochs.unknown(np.arange(1.0, 61.0))))


def exported(tmp_path: Path, raw: RawSession, result: SessionResult | None = None) -> Path:
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    export_session(raw, result or nothing(), folder)
    return folder


def test_samples_come_back_to_a_part_in_a_billion(tmp_path: Path) -> None:
    sent = chest(nan_at=7)
    folder = exported(tmp_path, RawSession({"chest": sent}, Poses()))
    back = read_session([f"chest={folder / 'chest.csv'}"]).data["chest"]
    np.testing.assert_allclose(back.t_s, sent.t_s, atol=1e-9, rtol=0)
    np.testing.assert_allclose(back.acc_m_s2, sent.acc_m_s2, rtol=1e-8)
    assert back.gyr_rad_s is not None
    assert sent.gyr_rad_s is not None
    np.testing.assert_allclose(back.gyr_rad_s, sent.gyr_rad_s, rtol=1e-8)


def test_a_sensor_without_a_gyroscope_gets_no_such_columns(tmp_path: Path) -> None:
    folder = exported(tmp_path, RawSession({"chest": chest(gyro=False)}, Poses()))
    first = (folder / "chest.csv").read_text().splitlines()[0]
    assert first == "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2"


def test_results_become_tables_with_nothing_for_unknown(tmp_path: Path) -> None:
    result = nothing()
    result.analysis.epochs.stillness[1] = 0.5
    alert = Alert(12.0, "sensor_lost", "", None, None, 'Gone, "perhaps".')
    raw = RawSession({"chest": chest()}, Poses(), beats=((1.0, 60.0, 1.0), (2.0, np.nan, np.nan)))
    folder = exported(tmp_path, raw, SessionResult(result.analysis, alerts=(alert,)))
    epochs = list(csv.DictReader((folder / "epochs.csv").read_text().splitlines()))
    assert [row["stillness"] for row in epochs[:3]] == ["", "0.5000", ""]
    assert list(csv.DictReader((folder / "alerts.csv").read_text().splitlines())) == [
        {"t_s": "12.0000", "kind": "sensor_lost", "side": "", "value": "", "reference": "",
         "reason": 'Gone, "perhaps".'}
    ]  # fmt: skip
    assert (folder / "heart.csv").read_text().splitlines() == [
        "t_s,heart_per_min,rr_s", "1.0000,60.0000,1.0000", "2.0000,,"
    ]  # fmt: skip


def test_the_printed_command_reads_an_export_back(tmp_path: Path) -> None:
    raw = RawSession({"chest": chest()}, Poses(straight_s=(5.0, 10.0)))
    assert analyze_arguments(raw, tmp_path) == [
        f"chest={tmp_path / 'chest.csv'}", "--straight", "5.000:10.000"
    ]  # fmt: skip


def test_an_import_exported_and_analysed_gives_the_same_result(tmp_path: Path) -> None:
    folder = exported(tmp_path, RawSession({"chest": chest()}, Poses()))
    session, result = import_session(
        [f"chest={folder / 'chest.csv'}"], started_at=STARTED, straight=(5.0, 15.0)
    )
    assert session.name == "2026-03-01T18-30-05"
    assert sorted(p.name for p in session.iterdir()) == [
        "chest.csv.gz", "import.json", "result.json"
    ]  # fmt: skip
    again = tmp_path / "again"
    again.mkdir()
    raw = raw_session(session)
    assert raw.poses.straight_s == (5.0, 15.0)
    export_session(raw, result, again)
    read = read_session([f"chest={again / 'chest.csv'}"], straight=(5.0, 15.0))
    twice = json.loads(to_json(analyze_session(read)))
    once = json.loads(to_json(result))
    for part in ("epochs", "phases", "movements", "alerts", "summary"):
        assert twice[part] == once[part]


def test_a_lost_result_is_made_again_from_the_stored_files(tmp_path: Path) -> None:
    folder = exported(tmp_path, RawSession({"chest": chest()}, Poses()))
    session, result = import_session([f"chest={folder / 'chest.csv'}"], started_at=STARTED)
    (session / "result.json").unlink()
    made = json.loads(to_json(result_of(session)))
    first = json.loads(to_json(result))
    assert made | {"source": ""} == first | {"source": ""}
    assert from_json((session / "result.json").read_text()).started_at == STARTED.isoformat()
    (session / "result.json").write_text("half a resu")
    assert json.loads(to_json(result_of(session))) == made


def test_an_import_that_fails_leaves_nothing(tmp_path: Path, own_home: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("time_s,acc_x_g,acc_y_g,acc_z_g\n0,0,0,oops\n")
    with pytest.raises(UserError, match="line 2: 'oops'"):
        import_session([f"chest={path}"], started_at=STARTED)
    assert not list(own_home.glob("sessions/*"))


def test_a_disk_that_fills_while_importing_leaves_nothing(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = exported(tmp_path, RawSession({"chest": chest()}, Poses()))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("monitor.exchange.session_csv.shutil.copyfileobj", full)
    with pytest.raises(UserError, match="disk is full"):
        import_session([f"chest={folder / 'chest.csv'}"], started_at=STARTED)
    assert not list(own_home.glob("sessions/*"))


@pytest.mark.parametrize("text", ["{", "{}", '{"format": "x", "version": 1}', "[]"])
def test_a_damaged_import_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "import.json").write_text(text)
    with pytest.raises(UserError, match=r"import\.json does not say") as caught:
        reanalyse_import(tmp_path)
    assert "import the CSV files again" in caught.value.hint


def test_a_pose_that_nobody_held_any_more_is_not_in_the_printed_command(tmp_path: Path) -> None:
    poses = Poses(straight_s=(5.0, 15.0), bent_s=(1000.0, 1010.0))
    words = analyze_arguments(RawSession({"chest": chest()}, poses), tmp_path)
    assert words[1:] == ["--straight", "5.000:15.000"]
    assert analyze_arguments(RawSession({}, poses), tmp_path) == []


def test_an_import_without_its_result_is_still_a_session(tmp_path: Path) -> None:
    folder = exported(tmp_path, RawSession({"chest": chest()}, Poses()))
    session, _ = import_session([f"chest={folder / 'chest.csv'}"], started_at=STARTED)
    (session / "result.json").unlink()
    assert home.session_folder("last") == session


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_cannot_be_imported(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is a pipe"):
        import_session([f"chest={tmp_path / 'pipe'}"], started_at=STARTED)
