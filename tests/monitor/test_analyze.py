"""`analyze`: the fixed contract, from files to JSON, on signals whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import UserError
from monitor.exchange.csv_session import analyze_session, read_session

G = 9.80665


def write_sensor(
    path: Path, t_s: np.ndarray, acc_g: np.ndarray, header: str = "time_s,acc_x_g,acc_y_g,acc_z_g"
) -> Path:
    np.savetxt(
        path, np.column_stack([t_s, acc_g]), fmt="%.6f", delimiter=",", header=header, comments=""
    )
    return path


def lying_chest(
    folder: Path, *, minutes: float = 3.0, per_min: float = 12.0, **offset: float
) -> Path:
    """A chest that lies still and nods with each breath."""
    rng = np.random.default_rng(5)
    t_s = np.arange(int(minutes * 60 * 50)) / 50.0
    tilt = np.deg2rad(0.8) * np.sin(2 * np.pi * per_min / 60.0 * t_s)
    acc_g = np.column_stack([np.sin(tilt), 0.0 * tilt, np.cos(tilt)])
    acc_g += rng.normal(0, 0.002, acc_g.shape)
    return write_sensor(folder / "chest.csv", t_s + offset.get("clock_s", 0.0), acc_g)


def leg(folder: Path, name: str, inclinations_deg: list[tuple[float, float]]) -> Path:
    """A leg sensor in the nominal mounting, held at each inclination for some seconds."""
    rng = np.random.default_rng(list(name.encode()))  # two sensors never share their noise
    held = [np.full(int(seconds * 50), deg) for seconds, deg in inclinations_deg]
    angle = np.deg2rad(np.concatenate(held))
    # Straight: z up.  Raising the far end (x towards the head): x takes up the gravity.
    acc_g = np.column_stack([np.sin(angle), 0.0 * angle, np.cos(angle)])
    acc_g += rng.normal(0, 0.002, acc_g.shape)
    return write_sensor(folder / f"{name}.csv", np.arange(len(angle)) / 50.0, acc_g)


def run(*words: object) -> Any:
    return CliRunner().invoke(app, ["analyze", *map(str, words)])


def document(*words: object) -> dict[str, Any]:
    done = run(*words, "--json", "-")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_a_breath_of_known_rate_is_found(tmp_path: Path) -> None:
    got = document(f"chest={lying_chest(tmp_path)}")
    known = [v for v in got["epochs"]["breathing_per_min"] if v is not None]
    assert len(known) > 90
    assert np.median(known) == pytest.approx(12.0, abs=0.5)
    assert got["summary"]["breathing_per_min"]["value"] == pytest.approx(12.0, abs=0.5)


def test_epochs_cover_the_recording_and_legs_are_unknown_without_leg_sensors(
    tmp_path: Path,
) -> None:
    got = document(f"chest={lying_chest(tmp_path)}")
    t_s = got["epochs"]["t_s"]
    assert got["duration_s"] == pytest.approx(180.0, abs=0.1)
    assert t_s[0] <= 5.0
    assert 175.0 <= t_s[-1] <= 185.0
    assert max(np.diff(t_s)) <= 5.0
    assert set(got["epochs"]["knee_left_deg"]) == {None}
    assert {len(column) for column in got["epochs"].values()} == {len(t_s)}


def test_a_bent_knee_is_found_from_two_poses(tmp_path: Path) -> None:
    thigh = leg(tmp_path, "left_thigh", [(20, 0), (20, -45), (60, -45)])
    shank = leg(tmp_path, "left_shank", [(20, 0), (20, 45), (60, 45)])
    got = document(
        f"left_thigh={thigh}", f"left_shank={shank}", "--straight", "5:15", "--bent", "25:35"
    )
    t_s = np.array(got["epochs"]["t_s"])
    knee = np.array(got["epochs"]["knee_left_deg"], dtype=float)
    assert np.nanmedian(knee[t_s > 50]) == pytest.approx(90.0, abs=1.5)
    assert np.nanmedian(knee[(t_s > 6) & (t_s < 14)]) == pytest.approx(0.0, abs=1.5)
    assert set(got["epochs"]["knee_right_deg"]) == {None}


def test_a_knee_that_drifts_is_an_alert_by_the_live_rules(tmp_path: Path) -> None:
    away = 12.0
    course = [
        (20.0, 0.0),
        (20.0, -45.0),
        (100.0, -45.0),
        (60.0, -45.0 - away / 2),
    ]  # the foot slides
    thigh = leg(tmp_path, "left_thigh", course)
    shank = leg(tmp_path, "left_shank", [(t, -deg) for t, deg in course])
    got = document(
        f"left_thigh={thigh}", f"left_shank={shank}", "--straight", "5:15", "--bent", "25:35"
    )
    assert [(a["kind"], a["side"]) for a in got["alerts"]] == [("knee_drift", "left")]
    alert = got["alerts"][0]
    # away from 140 s on; 12 degrees are told after 5 s of them at the earliest
    assert 145.0 <= alert["t_s"] <= 155.0
    assert alert["value"] - alert["reference"] == pytest.approx(away, abs=1.0)
    assert got["reference"]["knee_left_deg"] == pytest.approx(90.0, abs=1.5)


def test_what_the_file_had_wrong_is_a_problem_of_its_sensor(tmp_path: Path) -> None:
    path = lying_chest(tmp_path)
    lines = path.read_text().splitlines()
    lines[100] = lines[100].split(",")[0] + ",,,"
    path.write_text("\n".join(lines))
    sensor = document(f"chest={path}")["sensors"]["chest"]
    [said] = [p for p in sensor["problems"] if "not numbers" in p]  # once, not in two words
    assert said.startswith("1 ")
    assert sensor["n_lost"] >= 1


def test_without_poses_the_result_says_what_was_assumed(tmp_path: Path) -> None:
    assert any("nominal" in note for note in document(f"chest={lying_chest(tmp_path)}")["notes"])


def test_two_rows_are_nulls_and_a_problem_not_a_number(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("time_s,acc_x_g,acc_y_g,acc_z_g\n0,0,0,1\n0.01,0,0,1\n")
    got = document(f"chest={path}")
    assert any("too short" in p for p in got["sensors"]["chest"]["problems"])
    for name, column in got["epochs"].items():
        assert name == "t_s" or set(column) <= {None}
    assert all(e["value"] is None for e in got["summary"].values())


@pytest.mark.parametrize("at_rest_g", [0.71, 1.31, 2.65])
def test_a_sensor_that_cannot_be_right_gives_nulls_and_says_so(
    tmp_path: Path, at_rest_g: float
) -> None:
    t_s = np.arange(3000) / 50.0
    acc_g = np.column_stack([0 * t_s, 0 * t_s, np.full(3000, at_rest_g)])
    got = document(f"chest={write_sensor(tmp_path / 'a.csv', t_s, acc_g)}")
    assert got["sensors"]["chest"]["problems"]
    assert set(got["epochs"]["trunk_tilt_deg"]) == {None}
    assert set(got["epochs"]["breathing_per_min"]) == {None}


def test_a_clock_of_the_day_starts_at_zero_and_poses_move_with_it(tmp_path: Path) -> None:
    path = lying_chest(tmp_path, clock_s=1_700_000_000.0)
    session = read_session([f"chest={path}"], straight=(1_700_000_005.0, 1_700_000_015.0))
    assert session.data["chest"].t_s[0] == 0.0
    assert session.poses.straight_s == (5.0, 15.0)
    assert "second 0 here is time_s 1700000000.000 in the files" in session.notes
    moved = analyze_session(session).analysis.epochs
    plain = analyze_session(
        read_session([f"chest={lying_chest(tmp_path)}"], straight=(5.0, 15.0))
    ).analysis.epochs
    np.testing.assert_allclose(moved.trunk_tilt_deg, plain.trunk_tilt_deg, atol=0.01)


def test_files_on_different_clocks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    one = lying_chest(tmp_path)
    other = lying_chest(tmp_path / "b", clock_s=1e6)
    with pytest.raises(UserError, match="not on one clock: chest goes from 0 to 180 s, head"):
        read_session([f"chest={one}", f"head={other}"])


def test_a_pose_outside_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--bent 200:210 lies outside .* from 0\.0 to 180\.0 s"):
        read_session([f"chest={lying_chest(tmp_path)}"], bent=(200.0, 210.0))


def test_the_summary_fits_eighty_columns_and_says_unknown(tmp_path: Path) -> None:
    done = run(f"chest={lying_chest(tmp_path)}", "--json", tmp_path / "out.json")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert any(line.startswith("Unknown: Left knee; Right knee") for line in lines)
    assert json.loads((tmp_path / "out.json").read_text())["version"] == 1


@pytest.mark.parametrize("words", [["--straight", "5"], ["--bent", "9:3"], ["--bent", "a:b"]])
def test_a_window_that_is_none_is_a_usage_error(tmp_path: Path, words: list[str]) -> None:
    done = run(f"chest={lying_chest(tmp_path)}", *words)
    assert done.exit_code == 2
    assert "for example 5:15" in done.stderr
