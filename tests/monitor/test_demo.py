"""The demo is a whole session, held against the truth."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from devices.errors import DeviceError
from devices.simulated.script import Episode
from monitor.commands.demo import score_lines
from monitor.live import virtual_run
from monitor.live.demo_run import Delivery, DemoScore, ErrorFigure, score
from monitor.result import Alert

if TYPE_CHECKING:
    from tests.monitor.acting import Played


def demo(home: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "demo", "--plain", *options],
        env={**os.environ, "BACKRELEASE_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_short_demo_ends_in_a_report_and_says_how_true_it_was(tmp_path: Path) -> None:
    running = demo(tmp_path, "--minutes", "2", "--radio", "memory")
    out, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (0, "")
    assert "without a Bluetooth stack" in " ".join(out.split())  # wherever the line is wrapped
    assert re.search(r"left knee, error +\d\.\d\d deg +\d\.\d\d deg +\d+ %", out)
    assert re.search(r"  left shank +(\d+) +\1 +0\n", out)
    assert max(len(line) for line in out.splitlines() if line.startswith("  ")) <= 100
    [folder] = (tmp_path / "sessions").iterdir()
    assert {p.name for p in folder.iterdir()} == {
        "recording.mcap", "result.json", "report.html", "chest-motion.npz",
    }  # fmt: skip
    result = json.loads((folder / "result.json").read_text())
    assert result["source"].startswith("simulated wearer")
    assert "2.0 of them in the position" in out
    assert 120.0 < result["duration_s"] < 190.0  # arriving and getting up come on top


def test_a_demo_over_whole_bluetooth_stacks_ends_without_a_complaint(tmp_path: Path) -> None:
    running = demo(tmp_path, "--minutes", "1.5", "--radio", "bumble")
    _, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to one process")
def test_ctrl_c_in_the_middle_ends_with_status_0_and_a_report(tmp_path: Path) -> None:
    running = demo(
        tmp_path, "--minutes", "10", "--radio", "memory", "--speed", "10", "--every", "1"
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "recorded" in line and " 0.00 of" not in line:
            break
    running.send_signal(signal.SIGINT)
    began_s = time.monotonic()
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert "Ended early, in order, after" in out
    assert "report.html" in out
    assert time.monotonic() - began_s < 30.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--speed", "fast"), "expected max or a factor from 0.01 to 10000, got 'fast'"),
        (("--minutes", "1"), "1.5"),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    running = demo(tmp_path, *options)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 2
    assert words in re.sub(r"[\s│]+", " ", err)
    assert not (tmp_path / "sessions").exists()


def test_bumble_is_taken_when_it_is_there_and_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert virtual_run.radio_kind("auto") == virtual_run.radio_kind("memory") == "memory"
    with pytest.raises(DeviceError, match="bumble is not installed"):
        virtual_run.radio_kind("bumble")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert virtual_run.radio_kind("auto") == "bumble"


def test_a_short_session_is_near_the_truth_and_nothing_is_missing(played: Played) -> None:
    scored = score(played.end.result, played.wearer, played.recording)
    assert scored.errors["knee_left_deg"].median < 1.5  # the target for a held knee
    assert scored.errors["knee_left_deg"].coverage == 1.0
    assert scored.errors["knee_right_deg"].coverage == 0.0  # no sensor: unknown, not perfect
    assert scored.false_alerts == ()
    for count in scored.delivery.values():
        assert count.n_sent == count.n_stored > 5000


def test_a_session_stopped_before_its_first_second_has_unknown_scores(played: Played) -> None:
    analysis = played.end.result.analysis
    nothing = replace(analysis, duration_s=0.4, epochs=analysis.epochs[:0])
    scored = score(replace(played.end.result, analysis=nothing), played.wearer, played.recording)
    assert len(scored.errors) == 4
    for line in score_lines(scored)[1:5]:
        assert line.split()[-4:] == ["unknown", "unknown", "0", "%"]


def test_a_missing_sample_would_show(played: Played) -> None:
    played.wearer.sensors["chest"].n_sent += 36  # type: ignore[attr-defined]
    try:
        scored = score(played.end.result, played.wearer, played.recording)
    finally:
        played.wearer.sensors["chest"].n_sent -= 36  # type: ignore[attr-defined]
    count = scored.delivery["chest"]
    assert count.n_sent - count.n_stored == 36


def test_the_score_names_drifts_told_and_missed() -> None:
    drift = Episode("drift", "left", 360.0, 428.0, (380.0, 425.0), -13.0)
    alert = Alert(384.0, "knee_drift", "left", 77.0, 90.0, "")
    scored = DemoScore(
        errors={"knee_left_deg": ErrorFigure(np.nan, np.nan, 0.0)},
        told=((drift, alert), (drift, None)),
        false_alerts=(alert,),
        delivery={"chest": Delivery(100, 99)},
    )
    lines = score_lines(scored)
    assert lines[1].split() == ["left", "knee,", "error", "unknown", "unknown", "0", "%"]
    assert lines[2] == "The left knee drifted by -13 deg from 360 s: was told at 384 s."
    assert lines[3] == "The left knee drifted by -13 deg from 360 s: was not told."
    assert lines[4] == "Knee alerts without a true drift: 1."
    assert lines[6].split() == ["chest", "100", "99", "1"]
