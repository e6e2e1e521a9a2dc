"""A replay is the session again, bit for bit; with other settings it shows what would change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor import home
from monitor.alerts.settings import AlertSettings
from monitor.live.pipeline import LiveSettings
from monitor.recording.reader import read_recording
from monitor.recording.rebuild import rebuild_result
from monitor.recording.replay import recorded_settings, replay
from tests.monitor.acting import same

if TYPE_CHECKING:
    from tests.monitor.acting import Played


def test_a_replay_gives_the_sessions_epochs_and_alerts_exactly(played: Played) -> None:
    replayed = replay(played.recording)
    live = played.end.result
    assert same(replayed.result.analysis.epochs, live.analysis.epochs)
    assert replayed.result.alerts == live.alerts
    assert replayed.result.ledger == live.ledger
    assert replayed.result.reference == live.reference
    assert replayed.result.gaps == live.gaps
    assert replayed.result.analysis.sensors == live.analysis.sensors
    assert replayed.result.started_at == live.started_at
    assert replayed.said == live.alerts


def test_what_was_shown_live_is_what_the_report_says(played: Played) -> None:
    shown, reported = played.end.live_epochs, played.end.result.analysis.epochs
    assert len(reported) - 2 <= len(shown) <= len(reported)
    assert same(shown, reported[: len(shown)])


def test_the_settings_come_back_from_the_recording(played: Played) -> None:
    assert recorded_settings(played.recording) == LiveSettings()
    other = LiveSettings(alerts=AlertSettings(enter_deg=9.0, off=("lean",)))
    header = replace(
        played.recording.header,
        settings={"alerts": {"enter_deg": 9.0, "off": ["lean"], "from_the_future": 1}},
    )
    assert recorded_settings(replace(played.recording, header=header)) == other


def test_with_a_finer_limit_more_is_said(played: Played) -> None:
    fine = AlertSettings(enter_deg=0.05, leave_deg=0.01, exposure_deg_s=0.1, refractory_s=1.0)
    finer = replay(played.recording, LiveSettings(alerts=fine))
    assert len(finer.result.alerts) > len(played.end.result.alerts)
    assert finer.said == played.end.result.alerts


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_recording_cut_short_gives_the_same_seconds_until_the_cut(
    played: Played, tmp_path: Path, share: float
) -> None:
    data = (played.folder / home.RECORDING_NAME).read_bytes()
    (tmp_path / home.RECORDING_NAME).write_bytes(data[: int(share * len(data))])
    cut_s = read_recording(tmp_path / home.RECORDING_NAME).last_t_s
    result = rebuild_result(tmp_path)
    assert abs(cut_s - share * 120.0) < 5.0
    # What was stored last lay in its buffer for a tick, and in the sensor for a notification.
    assert result.analysis.duration_s == pytest.approx(cut_s, abs=0.1 + 0.12)
    assert "cut short" in result.source
    until = int(cut_s) - 2
    assert same(result.analysis.epochs[:until], played.end.result.analysis.epochs[:until])
