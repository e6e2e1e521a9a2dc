"""Closed-form sensors give their errors back; a real session equals imucal's answer."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bench_calibration import FACES, TURNS, ferraris, six_faces
from analysis.errors import InputError
from tests.analysis.leg_model import G

FS_HZ = 100.0


def true_session():
    """Six faces, and a turn of -360 deg in 4 s about each axis while it points up."""
    acc, gyr = {}, {}
    for i, axis in enumerate("xyz"):
        for face, sense in ((f"{axis}_p", 1.0), (f"{axis}_a", -1.0)):
            acc[face] = np.zeros((200, 3))
            acc[face][:, i] = sense * G
            gyr[face] = np.zeros((200, 3))
        acc[f"{axis}_rot"] = acc[f"{axis}_p"][[0] * 400]
        gyr[f"{axis}_rot"] = np.zeros((400, 3))
        gyr[f"{axis}_rot"][:, i] = -2 * np.pi / 4
    return acc, gyr


@given(st.integers(0, 10_000))
def test_offsets_scales_skew_and_gravity_in_the_rate_are_given_back(seed):
    rng = np.random.default_rng(seed)
    acc, gyr = true_session()
    matrix_a, matrix_g = (np.eye(3) + 0.03 * rng.normal(size=(3, 3)) for _ in range(2))
    per_acc = 1e-4 * rng.normal(size=(3, 3))
    offset_a, offset_g = 0.3 * rng.normal(size=3), 0.02 * rng.normal(size=3)
    measured_a = {k: v @ matrix_a.T + offset_a for k, v in acc.items()}
    measured_g = {k: gyr[k] @ matrix_g.T + acc[k] @ per_acc.T + offset_g for k in gyr}
    found = ferraris(measured_a, measured_g, FS_HZ)
    for name in (*FACES, *TURNS):
        # each face shows its own axis' offset; the skew puts the rest right to second order
        assert found.acc(measured_a[name]) == pytest.approx(acc[name], abs=0.08)
        assert found.gyr(measured_g[name], acc[name]) == pytest.approx(gyr[name], abs=5e-3)
    assert found.acc_offset_m_s2 == pytest.approx(offset_a, abs=1e-9)
    assert found.acc_scale @ found.acc_skew == pytest.approx(matrix_a, abs=1e-9)
    assert found.gyr_scale @ found.gyr_skew == pytest.approx(matrix_g, abs=1e-9)
    assert found.gyr_per_acc == pytest.approx(per_acc, abs=1e-9)


def test_a_real_session_gives_what_imucal_gives(recordings):
    folder = recordings / "knee/imucal_ferraris"
    if not folder.exists():
        pytest.skip("no imucal_ferraris")
    text = gzip.decompress((folder / "example_ferraris_session.csv.gz").read_bytes())
    rows = np.array([line.split(b",") for line in text.splitlines()[1:]], dtype=float)
    spans = json.loads((folder / "example_ferraris_session_list.json").read_text())
    expected = json.loads((folder / "expected_by_imucal_2.6.0.json").read_text())
    expected = expected["example_ferraris_session"]
    cut = {k: slice(v["start"], v["end"]) for k, v in spans.items()}
    acc = {k: rows[s, 4:7] for k, s in cut.items()}
    gyr = {k: np.radians(rows[s, 1:4]) for k, s in cut.items()}
    found = ferraris(acc, gyr, 102.4)
    # imucal takes 9.81 for gravity, we 9.80665
    ratio = 9.81 / G
    assert found.acc_offset_m_s2 == pytest.approx(expected["b_a"], abs=1e-9)
    assert found.acc_scale == pytest.approx(ratio * np.array(expected["K_a"]), abs=1e-9)
    assert found.acc_skew == pytest.approx(np.array(expected["R_a"]), abs=1e-9)
    assert np.degrees(found.gyr_offset_rad_s) == pytest.approx(expected["b_g"], abs=1e-9)
    assert np.degrees(found.gyr_per_acc) == pytest.approx(
        ratio * np.array(expected["K_ga"]), abs=1e-9
    )
    assert found.gyr_scale == pytest.approx(np.array(expected["K_g"]), abs=1e-9)
    assert found.gyr_skew == pytest.approx(np.array(expected["R_g"]), abs=1e-9)


def test_a_wrong_face_and_half_a_turn_are_named():
    acc, gyr = true_session()
    with pytest.raises(InputError, match="y_p: the y axis does not point up"):
        six_faces({**acc, "y_p": acc["z_p"]})
    with pytest.raises(InputError, match="x_a missing"):
        six_faces({k: v for k, v in acc.items() if k != "x_a"})
    with pytest.raises(InputError, match="z_rot: turned by 180 deg about z instead of 360"):
        ferraris(acc, {**gyr, "z_rot": 0.5 * gyr["z_rot"]}, FS_HZ)
