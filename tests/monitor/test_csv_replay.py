"""A CSV played by virtual sensors is analysed as if it had been worn."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.results import SensorData
from monitor.cli import app
from monitor.errors import UserError, WrongUsage
from monitor.exchange.csv_replay import LEAD_S, as_sensors
from monitor.result_file import from_json

if TYPE_CHECKING:
    from tests.monitor.acting import Played

G_M_S2 = 9.80665


def leg_csv(path: Path, degrees: float, seconds: float = 30.0, fs_hz: float = 50.0) -> None:
    """A segment tipped head end up by `degrees`, at rest."""
    t_s = np.arange(0.0, seconds, 1.0 / fs_hz)
    x, z = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    rows = "\n".join(f"{t:.3f},{x:.6f},0.0,{z:.6f}" for t in t_s)
    path.write_text(f"time_s,acc_x_g,acc_y_g,acc_z_g\n{rows}\n")


def test_a_bent_knee_from_files_is_a_bent_knee_through_the_radio(
    tmp_path: Path, own_home: Path
) -> None:
    leg_csv(tmp_path / "thigh.csv", -43.6)  # hip end down
    leg_csv(tmp_path / "shank.csv", 46.4)
    words = [f"left_thigh={tmp_path / 'thigh.csv'}", f"left_shank={tmp_path / 'shank.csv'}"]
    out = tmp_path / "out.json"
    result = CliRunner().invoke(
        app, ["replay", *words, "--through-radio", "--radio", "memory", "--json", str(out)]
    )
    assert result.exit_code == 0, result.output
    assert "Second 0 of the files is second 5 of the session." in result.stdout
    epochs = from_json(out.read_text()).analysis.epochs
    assert len(epochs) in {35, 36}
    assert np.isnan(epochs.knee_left_deg[:4]).all()  # nothing was sent before the recording
    settled = epochs.knee_left_deg[10:34]
    assert np.abs(settled - 90.0).max() < 0.2  # half a count of the sensor is 0.03 degrees
    [folder] = (own_home / "sessions").iterdir()
    assert (folder / "report.html").is_file()
    told = CliRunner().invoke(app, ["history"]).stdout.splitlines()
    assert told[1].endswith(" +")
    assert told[2] == "+ played from a file by virtual sensors"


def test_rows_that_no_sensor_can_send_are_left_out_and_counted() -> None:
    t_s = np.array([0.0, 0.1, 0.1, 0.05, 0.2, 0.3, 0.4])
    acc_m_s2 = np.tile([0.0, 0.0, G_M_S2], (7, 1))
    acc_m_s2[5, 1] = np.nan
    played = as_sensors({"chest": SensorData(t_s, acc_m_s2)})
    assert played.n_left_out == {"chest": 3}  # twice the same time, one back, one unknown
    assert played.duration_s == pytest.approx(0.4 + LEAD_S)


def test_where_the_files_have_nothing_nothing_is_made_up(tmp_path: Path, own_home: Path) -> None:
    for name, degrees in (("chest", 0.0), ("thigh", -43.6)):
        leg_csv(tmp_path / f"{name}.csv", degrees, seconds=50.0)
        lines = (tmp_path / f"{name}.csv").read_text().splitlines()
        cut = [row for row in lines[1:] if not 15.0 <= float(row.split(",")[0]) < 25.0]
        cut[1500:1550] = [row.split(",")[0] + ",,," for row in cut[1500:1550]]  # 40 to 41 s
        (tmp_path / f"{name}.csv").write_text("\n".join([lines[0], *cut]) + "\n")
    words = [f"chest={tmp_path / 'chest.csv'}", f"left_thigh={tmp_path / 'thigh.csv'}"]
    out = tmp_path / "out.json"
    options = ["--through-radio", "--radio", "memory", "--json", str(out)]
    result = CliRunner().invoke(app, ["replay", *words, *options])
    assert result.exit_code == 0, result.output
    assert "chest: 50 rows cannot be sent; where they are unknown it is silent." in result.stdout
    seen = from_json(out.read_text())
    assert np.isnan(seen.analysis.epochs.stillness[:5]).all()  # before the recording
    assert np.isnan(seen.analysis.epochs.stillness[21:30]).all()  # its gap
    assert {g.placement for g in seen.gaps if g.start_s > 19.0} == {"chest", "left_thigh"}
    for summary in seen.analysis.sensors.values():
        assert summary.n_lost >= 450  # of the gap
        assert summary.coverage < 0.85
    assert seen.analysis.sensors["chest"].n_lost >= 540  # its clock shows the short hole as well


def test_two_rows_are_no_session_of_stillness(tmp_path: Path, own_home: Path) -> None:
    (tmp_path / "two.csv").write_text("time_s,acc_x_g,acc_y_g,acc_z_g\n0,0,0,1\n1,0,0,1\n")
    words = [f"left_thigh={tmp_path / 'two.csv'}", "--through-radio", "--radio", "memory"]
    result = CliRunner().invoke(app, ["replay", *words])
    assert result.exit_code == 0, result.output
    assert "not enough to say more" in result.stdout
    assert "still for" not in result.stdout


def test_nothing_to_play_is_said_with_the_counts() -> None:
    nothing = SensorData(np.arange(3.0), np.full((3, 3), np.nan))
    with pytest.raises(UserError, match="chest: 0 of 3 rows can be played"):
        as_sensors({"chest": nothing})


# --- the command on recordings ---------------------------------------------------------------


def test_replaying_a_session_by_file_repeats_what_was_said(played: Played, own_home: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(played.folder / "recording.mcap")])
    assert result.exit_code == 0, result.output
    assert "simulated wearer (test), 2.0 minutes" in result.stdout
    n = len(played.end.result.alerts)
    words = f"{n} alert{'s' * (n != 1)} then, {n} with the settings of the session, and"
    assert words in result.stdout


def test_other_settings_show_what_would_have_been_said(played: Played, own_home: Path) -> None:
    tried = ("alerts.enter_deg=0.05", "alerts.leave_deg=0.01", "alerts.exposure_deg_s=0.1")
    options = [word for setting in tried for word in ("--set", setting)]
    path = str(played.folder / "recording.mcap")
    result = CliRunner().invoke(app, ["replay", path, *options])
    said = " ".join(result.stdout.split())
    assert re.search(r"only now, told: The left knee is at \d+ degrees", said)
    assert "with alerts.enter_deg=0.05 and alerts.leave_deg=0.01 and alerts.exposure" in said


def test_a_setting_that_does_not_exist_names_the_nearest(played: Played, own_home: Path) -> None:
    path = str(played.folder / "recording.mcap")
    result = CliRunner().invoke(app, ["replay", path, "--set", "alerts.enter=9"])
    assert isinstance(result.exception, WrongUsage)
    assert str(result.exception) == "alerts: there is no 'enter'"
    assert result.exception.hint == "Did you mean 'enter_deg'?"


@pytest.mark.parametrize("setting", ["alerts.leave_deg=9", "alerts.enter_deg=3"])
def test_a_knee_that_is_back_before_it_drifted_is_wrong_usage(
    played: Played, own_home: Path, setting: str
) -> None:
    path = str(played.folder / "recording.mcap")
    result = CliRunner().invoke(app, ["replay", path, "--set", setting])
    assert isinstance(result.exception, WrongUsage)
    assert "it cannot be back at" in str(result.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chest=a.csv"], "cannot replay 'chest=a.csv' like this"),
        (["last", "last"], "cannot replay 'last last' like this"),
        (["last", "--through-radio"], "cannot replay 'last' like this"),
        (["last"], "there is no session yet"),
        (["nowhere.mcap"], "there is no session yet"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_words(
    own_home: Path, words: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, ["replay", *words])
    assert isinstance(result.exception, UserError)
    assert message in str(result.exception)
    assert result.exception.hint
