"""A session leaves in open formats, and each format's own library reads what was meant."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from analysis.results import (
    Breath,
    Epochs,
    Estimate,
    Movement,
    Phase,
    Poses,
    SensorData,
    SensorSummary,
    SessionAnalysis,
)
from monitor import home
from monitor.commands.export import FORMAT_NAMES
from monitor.errors import UserError
from monitor.exchange.edf import read_edf, write_edf
from monitor.exchange.fhir import write_fhir
from monitor.exchange.formats import FORMATS, outgoing
from monitor.exchange.motion_bids import read_bids, write_bids
from monitor.exchange.parquet import write_parquet
from monitor.exchange.session_data import Outgoing, needed, on_grid
from monitor.exchange.whole_files import import_whole
from monitor.recording.raw import RawSession
from monitor.result import Alert, Gap, SessionResult
from tests.monitor.acting import Played

STARTED = "2026-03-01T18:30:05+00:00"


@pytest.fixture(autouse=True)
def in_a_home(own_home: Path) -> Path:
    return own_home


def sensor(fs_hz: float, seconds: float, *, gyro: bool, hole: tuple[float, float]) -> SensorData:
    """A chest that nods, with a stretch that was not heard."""
    t_s = np.arange(0, seconds, 1 / fs_hz)
    t_s = t_s[(t_s < hole[0]) | (t_s > hole[1])]
    tilt = 0.02 * np.sin(2 * np.pi * 0.25 * t_s)
    acc = 9.80665 * np.stack([np.sin(tilt), 0 * tilt, np.cos(tilt)], axis=1)
    gyr = np.stack([0 * tilt, np.gradient(tilt, t_s), 0 * tilt], axis=1) if gyro else None
    return SensorData(t_s, acc, gyr)


def session() -> Outgoing:
    epochs = Epochs.unknown(np.arange(1.0, 61.0))
    epochs.knee_left_deg[10:] = 88.0
    analysis = SessionAnalysis(
        duration_s=60.0,
        sensors={"chest": SensorSummary(50.0, 2500, 0, 0.9)},
        phases=(Phase("straight", 0.0, 12.0), Phase("rest", 12.0, 60.0)),
        epochs=epochs,
        movements=(Movement("left_thigh", 12.0, 15.0, "out", -1.6, None, 45.0, 30.0),),
        summary={
            "breathing_per_min": Estimate(12.5, 11.0, 14.0, 0.8, "1/min"),
            "heart_per_min": Estimate(None, None, None, 0.0, "1/min"),
            "knee_left_deg": Estimate(88.0, 87.0, 89.0, 1.0, "deg"),
        },
        breaths=(Breath(20.0, 24.0, 1.2, "sigh"), Breath(24.0, 28.0, 0.6)),
    )
    result = SessionResult(
        analysis,
        alerts=(Alert(40.0, "knee_drift", "left", 99.0, 88.0, "Eleven degrees."),),
        gaps=(Gap("chest", 30.0, 34.0, "out of range"),),
        started_at=STARTED,
    )
    raw = RawSession(
        {
            "chest": sensor(50.0, 60.0, gyro=False, hole=(30.0, 34.0)),
            "right_shank": sensor(104.0, 60.0, gyro=True, hole=(70.0, 70.0)),
        },
        Poses(straight_s=(2.0, 10.0), bent_s=(15.0, 20.0), slide_s=(21.0, 29.0)),
    )
    return Outgoing("2026-03-01T18-30-05", raw, result)


def test_the_formats_of_help_are_the_formats_there_are() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


# --- EDF+ ------------------------------------------------------------------------------------


def test_edf_comes_back_within_its_sixteen_bits(tmp_path: Path) -> None:
    sent = session()
    [path] = write_edf(sent, tmp_path)
    back = read_edf(path)
    assert back.poses == sent.raw.poses
    assert back.started_at is not None
    for placement, data in sent.raw.sensors.items():
        got = back.sensors[placement]
        # 2 x 9.8 m/s2 in 65534 steps
        np.testing.assert_allclose(
            got.acc_m_s2, np.stack([np.interp(got.t_s, data.t_s, c) for c in data.acc_m_s2.T], 1),
            atol=3.2e-4,
        )  # fmt: skip
    assert back.sensors["chest"].gyr_rad_s is None
    assert back.sensors["right_shank"].gyr_rad_s is not None


def test_edf_holds_no_sample_where_none_was_heard(tmp_path: Path) -> None:
    [path] = write_edf(session(), tmp_path)
    chest = read_edf(path).sensors["chest"]
    assert not ((chest.t_s > 30.05) & (chest.t_s < 33.95)).any()
    assert chest.n_lost == pytest.approx(200, abs=3)


def test_an_edf_viewer_finds_names_units_and_annotations(tmp_path: Path) -> None:
    edfio = pytest.importorskip("edfio")
    [path] = write_edf(session(), tmp_path)
    file = edfio.read_edf(path)
    assert [s.label for s in file.signals][:3] == ["Chest acc x", "Chest acc y", "Chest acc z"]
    knee = file.get_signal("Knee L")
    assert knee.physical_dimension == "deg"
    assert knee.data[0] == knee.physical_min  # unknown: the lowest value
    assert knee.data[30] == pytest.approx(88.0, abs=0.01)
    texts = {(a.onset, a.text) for a in file.annotations}
    assert {(2.0, "pose straight"), (12.0, "phase rest"), (30.0, "gap chest")} <= texts
    assert (40.0, "alert knee_drift left") in texts


def test_an_edf_of_something_else_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    edfio = pytest.importorskip("edfio")
    path = tmp_path / "a.edf"
    edfio.Edf([edfio.EdfSignal(np.zeros(256), 256, label="EEG Fpz-Cz")]).write(path)
    with pytest.raises(UserError, match="found EEG Fpz-Cz"):
        read_edf(path)
    path.write_bytes(b"0       half a file")
    with pytest.raises(UserError, match="cannot be read as EDF"):
        read_edf(path)


# --- Motion-BIDS -----------------------------------------------------------------------------


def test_bids_comes_back_to_nine_digits_with_the_times_of_the_samples(tmp_path: Path) -> None:
    sent = session()
    write_bids(sent, tmp_path)
    back = read_bids(tmp_path / "bids")
    assert back.poses == sent.raw.poses
    assert back.started_at is not None
    for placement, data in sent.raw.sensors.items():
        np.testing.assert_allclose(back.sensors[placement].t_s, data.t_s, rtol=1e-8)
        np.testing.assert_allclose(back.sensors[placement].acc_m_s2, data.acc_m_s2, rtol=1e-8)


def test_the_bids_validator_accepts_every_file(tmp_path: Path) -> None:
    bids_validator = pytest.importorskip("bids_validator")
    paths = write_bids(session(), tmp_path)
    validator = bids_validator.BIDSValidator()
    names = [f"/{p.relative_to(tmp_path / 'bids').as_posix()}" for p in paths]
    assert [n for n in names if not validator.is_bids(n)] == []
    assert sum("tracksys-" in n for n in names) == 9


def test_the_bids_schema_knows_every_channel_and_sidecar_key(tmp_path: Path) -> None:
    schema_tools = pytest.importorskip("bidsschematools.schema")
    schema = schema_tools.load_schema()
    write_bids(session(), tmp_path)
    root = tmp_path / "bids"
    for path in root.rglob("*_channels.tsv"):
        head, *rows = [line.split("\t") for line in path.read_text().splitlines()]
        assert head == ["name", "component", "type", "tracked_point", "units"]
        assert {row[2] for row in rows} <= set(schema.objects.columns["type__channels"]["enum"])
    required = {"TaskName", "SamplingFrequency"}
    for path in root.rglob("*_motion.json"):
        about = json.loads(path.read_text())
        assert required <= about.keys()
        assert set(about) <= set(schema.objects.metadata.keys())


def test_bids_says_unknown_as_its_specification_does(tmp_path: Path) -> None:
    write_bids(session(), tmp_path)
    [path] = (tmp_path / "bids").rglob("*_tracksys-joints_motion.tsv")
    rows = path.read_text().splitlines()
    assert rows[0] == "n/a\tn/a\t1"
    assert rows[20] == "88\tn/a\t21"


def test_a_folder_without_motion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no \*_motion\.tsv"):
        read_bids(tmp_path)


# --- Parquet, FHIR, JSON ---------------------------------------------------------------------


def test_parquet_keeps_every_number_and_unknown_is_null(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    sent = session()
    write_parquet(sent, tmp_path)
    chest = parquet.read_table(tmp_path / "chest.parquet")
    np.testing.assert_array_equal(chest["time_s"].to_numpy(), sent.raw.sensors["chest"].t_s)
    epochs = parquet.read_table(tmp_path / "epochs.parquet")
    assert epochs["knee_left_deg"].null_count == 10
    breaths = parquet.read_table(tmp_path / "breaths.parquet")
    assert breaths["kind"].to_pylist() == ["sigh", "breath"]
    assert breaths["pause_s"].to_pylist() == [None, None]
    assert chest.schema.metadata[b"session"] == b"2026-03-01T18-30-05"


def test_fhir_observes_only_what_was_observed(tmp_path: Path) -> None:
    pytest.importorskip("fhir.resources")
    [path] = write_fhir(session(), tmp_path)
    bundle = json.loads(path.read_text())
    observed = [entry["resource"] for entry in bundle["entry"]]
    assert len(observed) == 2  # the heart rate is unknown
    breathing = observed[0]
    assert breathing["code"]["coding"][0]["code"] == "9279-1"
    assert breathing["valueQuantity"] == {
        "value": 12.5, "unit": "1/min", "system": "http://unitsofmeasure.org", "code": "/min"
    }  # fmt: skip
    assert "80%" in breathing["note"][0]["text"]
    assert "not a medical device" in breathing["note"][0]["text"]


def test_a_missing_package_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(UserError, match="needs the package no_such_package") as caught:
        needed("no_such_package.part", "edf")
    assert "[edf]" in caught.value.hint


# --- in again --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["edf", "bids", "mcap"])
def test_a_recorded_session_leaves_and_comes_back(
    played: Played, tmp_path: Path, name: str
) -> None:
    """What the analysis says of the imported session is what it said of the recorded one."""
    sent = outgoing(played.folder)
    if name == "mcap":
        path = played.folder / home.RECORDING_NAME
    else:
        [path, *_] = FORMATS[name].write(sent, tmp_path)
        path = tmp_path / "bids" if name == "bids" else path
    folder, result = import_whole(path)
    before, after = sent.result.analysis.epochs, result.analysis.epochs
    n = min(len(before), len(after))
    assert n > 100
    apart = np.abs(before.knee_left_deg[:n] - after.knee_left_deg[:n])
    known = apart[np.isfinite(apart)]
    assert len(known) > 60
    assert np.median(known) < 0.05
    assert home.session_folder(folder.name) == folder
    assert outgoing(folder).raw.sensors.keys() == sent.raw.sensors.keys()
    # a simulation that comes back is still nobody's practice
    assert result.source.startswith("simulated")


def test_a_file_of_no_known_kind_says_what_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("?")
    with pytest.raises(UserError, match="is no file of a whole session") as caught:
        import_whole(path)
    assert "PLACEMENT=FILE" in caught.value.hint


def test_a_damaged_recording_leaves_no_folder(tmp_path: Path, own_home: Path) -> None:
    path = tmp_path / "a.mcap"
    path.write_bytes(b"no recording")
    with pytest.raises(UserError):
        import_whole(path)
    assert not list(own_home.glob("sessions/*"))


# --- the grid --------------------------------------------------------------------------------


def test_a_line_is_drawn_between_samples_and_nothing_over_a_hole() -> None:
    data = SensorData(np.array([0.0, 0.1, 0.2, 0.6, 0.7]), np.arange(5.0)[:, None] * [1, 1, 1])
    grid = on_grid(data, 20.0, 16)[:, 0]
    np.testing.assert_allclose(grid[:5], [0.0, 0.5, 1.0, 1.5, 2.0])
    assert np.isnan(grid[5:12]).all()
    assert grid[12] == pytest.approx(3.0)
    assert math.isnan(grid[15])


def test_without_a_start_the_file_says_none(tmp_path: Path) -> None:
    sent = session()
    unknown = Outgoing(sent.name, sent.raw, replace(sent.result, started_at=None))
    [path] = write_edf(unknown, tmp_path)
    assert read_edf(path).started_at is None
    assert datetime.fromisoformat(STARTED) == datetime(2026, 3, 1, 18, 30, 5, tzinfo=UTC)
