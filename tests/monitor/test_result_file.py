"""The JSON contract: exact keys, null for unknown, and numbers that survive the journey."""

from __future__ import annotations

import json
import math
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results import (
    Breath,
    Epochs,
    Estimate,
    Finish,
    Movement,
    Phase,
    Position,
    SensorSummary,
    SessionAnalysis,
)
from monitor.errors import UserError
from monitor.result import Alert, Gap, LedgerEntry, Reference, SessionResult
from monitor.result_file import from_json, to_json, write_text

CONTRACT = ("format", "version", "duration_s", "sensors", "phases", "epochs", "movements", "alerts")
EPOCH_COLUMNS = [
    "t_s", "stillness", "movement_mg", "breathing_per_min", "breathing_confidence",
    "heart_per_min", "heart_confidence", "trunk_tilt_deg", "knee_left_deg", "knee_right_deg",
    "lean_left_deg", "lean_right_deg", "relaxation",
]  # fmt: skip


OUR_COLUMNS = ["posture_drift_deg", "drowsy"]
ALL_COLUMNS = [*EPOCH_COLUMNS, *OUR_COLUMNS]


def small_result(**changes: object) -> SessionResult:
    epochs = Epochs.unknown(np.array([1.0, 2.0, 3.0]))
    epochs.knee_left_deg[:] = [90.12345, np.nan, 88.0]
    values = {
        "analysis": SessionAnalysis(
            duration_s=3.0,
            sensors={"left_thigh": SensorSummary(100.0, 300, 2, 0.99, ("reads 1.02 g at rest",))},
            phases=(Phase("rest", 0.0, 3.0),),
            epochs=epochs,
            movements=(Movement("left_thigh", 1.0, 2.5, "slide", -1.6, None, 40.0, 31.5),),
            summary={"knee_left_deg": Estimate(89.1, 88.0, 90.2, 0.66, "deg")},
            notes=("No poses were given.",),
            positions=(Position("supine", 0.0, 3.0),),
            breaths=(Breath(0.5, 2.5, 1.25, "sigh"),),
            finish=Finish(2.0, 3.0, 2.0, None, None, 44.0, None, "It was cut short."),
        ),
        "alerts": (Alert(2.5, "knee_drift", "left", 80.0, 90.0, "Ten degrees, für dich."),),
        "reference": Reference(knee_left_deg=90.0),
        "gaps": (Gap("left_thigh", 1.0, 1.5, "out of range"),),
        "started_at": "2025-05-01T08:00:00+02:00",
        "source": "made by a test",
        "sensors_worn": {"left_thigh": "witmotion"},
        "ledger": (
            LedgerEntry(
                Alert(2.5, "knee_drift", "left", 80.0, 90.0, "Ten degrees, für dich."),
                rule="8 deg for 10 s",
                dwell_s=10.0,
                delivered_s=2.5,
            ),
        ),
    }
    return SessionResult(**(values | changes))  # type: ignore[arg-type]


def test_every_key_of_the_contract_is_there() -> None:
    document = json.loads(to_json(small_result()))
    assert document["format"] == "backrelease-analysis"
    assert document["version"] == 1
    assert set(CONTRACT) | {"summary"} <= document.keys()
    assert list(document["epochs"]) == ALL_COLUMNS
    assert document["sensors"]["left_thigh"].keys() == {
        "fs_hz", "n_samples", "n_lost", "coverage", "problems"
    }  # fmt: skip
    assert document["phases"] == [{"name": "rest", "start_s": 0.0, "end_s": 3.0}]
    assert document["movements"][0].keys() == {
        "placement", "start_s", "end_s", "kind", "sparc", "ldlj", "range_deg", "peak_speed_deg_s"
    }  # fmt: skip
    assert document["alerts"][0].keys() == {"t_s", "kind", "side", "value", "reference", "reason"}
    assert document["summary"]["knee_left_deg"].keys() == {
        "value", "low", "high", "coverage", "unit"
    }  # fmt: skip


def test_unknown_is_null_and_known_is_rounded() -> None:
    document = json.loads(to_json(small_result()))
    assert document["epochs"]["knee_left_deg"] == [90.123, None, 88.0]
    assert document["epochs"]["stillness"] == [None, None, None]
    assert document["movements"][0]["ldlj"] is None


def test_a_session_of_which_nothing_is_known() -> None:
    nothing = SessionResult(SessionAnalysis(math.nan, {}, (), Epochs.unknown(np.empty(0))))
    back = from_json(to_json(nothing))
    assert math.isnan(back.analysis.duration_s)
    assert len(back.analysis.epochs) == 0
    assert back.started_at is None


numbers = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, -0.0])
maybe = st.none() | numbers


@given(
    columns=st.integers(0, 6).flatmap(
        lambda n: st.lists(
            st.lists(numbers, min_size=n, max_size=n),
            min_size=len(ALL_COLUMNS),
            max_size=len(ALL_COLUMNS),
        )
    ),
    value=maybe,
    reason=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_there_and_back_within_the_stated_precision(
    columns: list[list[float]], value: float | None, reason: str
) -> None:
    epochs = Epochs(**dict(zip(ALL_COLUMNS, map(np.array, columns), strict=True)))
    analysis = SessionAnalysis(
        9.0, {}, (), epochs, summary={"x": Estimate(value, value, value, 0.5, "deg")}
    )
    text = to_json(SessionResult(analysis, alerts=(Alert(1.0, "k", "", value, value, reason),)))
    assert "NaN" not in text.replace(json.dumps(reason, ensure_ascii=False), "")
    back = from_json(text)
    for field in fields(Epochs):
        sent = np.array(getattr(epochs, field.name), dtype=float)
        sent[~np.isfinite(sent)] = np.nan
        np.testing.assert_allclose(
            getattr(back.analysis.epochs, field.name), sent, atol=0.5e-2, rtol=0, equal_nan=True
        )
    known = value is not None and math.isfinite(value)
    assert back.alerts[0].reason == reason
    assert back.alerts[0].value == (pytest.approx(value, abs=0.5e-4) if known else None)
    assert back.analysis.summary["x"].low == (pytest.approx(value, abs=0.5e-4) if known else None)
    assert to_json(back) == text


def test_everything_beside_the_contract_comes_back() -> None:
    sent = small_result()
    back = from_json(to_json(sent))
    assert back.reference == sent.reference
    assert back.gaps == sent.gaps
    assert back.alerts == sent.alerts
    assert back.started_at == sent.started_at
    assert back.source == sent.source
    assert back.sensors_worn == sent.sensors_worn
    assert back.analysis.sensors == sent.analysis.sensors
    assert back.analysis.movements == sent.analysis.movements
    assert back.analysis.notes == sent.analysis.notes


def test_a_key_of_a_later_writer_is_passed_over() -> None:
    document = json.loads(to_json(small_result()))
    document["weather"] = "rain"
    document["alerts"][0]["volume"] = 3
    assert from_json(json.dumps(document)).alerts == small_result().alerts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a result"),
        ("[1]", "got 'list'"),
        ('{"format": "something"}', "got 'something'"),
        ('{"format": "backrelease-analysis", "version": 2}', "version 2; this program reads 1"),
        ('{"format": "backrelease-analysis", "version": 1}', "damaged: KeyError at 'epochs'"),
        ('{"format": "backrelease-analysis", "version": NaN}', "NaN is not JSON"),
        pytest.param("[" * 100_000, "recursion", id="brackets"),
    ],
)
def test_what_is_no_result_is_refused_with_a_way_out(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        from_json(text)
    assert caught.value.hint


def test_columns_of_different_lengths_are_refused() -> None:
    document = json.loads(to_json(small_result()))
    document["epochs"]["stillness"] = [1.0]
    with pytest.raises(UserError, match="different lengths"):
        from_json(json.dumps(document))


def test_a_file_is_written_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_text(path, "old")

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left") as caught:
        write_text(path, "new")
    assert "room" in caught.value.hint
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write_text(tmp_path / "no" / "result.json", "x")


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    target, link = tmp_path / "deep" / "result.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    target.unlink()
    write_text(link, "again")  # to where it points, although nothing is there
    assert link.is_symlink()
    assert target.read_text() == "again"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]


def test_what_is_ours_comes_back_whole() -> None:
    result = small_result()
    back = from_json(to_json(result))
    assert back.ledger == result.ledger
    for name in ("positions", "breaths", "finish"):
        assert getattr(back.analysis, name) == getattr(result.analysis, name)


def test_a_column_that_an_older_version_did_not_write_is_unknown() -> None:
    document = json.loads(to_json(small_result()))
    for name in OUR_COLUMNS:
        del document["epochs"][name]
    assert np.isnan(from_json(json.dumps(document)).analysis.epochs.drowsy).all()
