"""The CSV door: what a good file gives, what is mended and counted, what is refused and why."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import UserError
from monitor.exchange import csvblocks
from monitor.exchange.csvfile import CsvLimits, CsvSensor, parse_specs, read_csv

HEADER = "time_s,acc_x_g,acc_y_g,acc_z_g"
G = 9.80665


def read(tmp_path: Path, text: str | bytes, *, name: str = "a.csv", **options: object) -> CsvSensor:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv("chest", path, **options)  # type: ignore[arg-type]


def rows(n: int = 1200, fs_hz: float = 100.0) -> list[str]:
    return [f"{i / fs_hz:.4f},0.01,-0.02,{1 + 0.001 * (i % 7):.4f}" for i in range(n)]


def csv(lines: list[str], header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


# --- good files ------------------------------------------------------------------------------


def test_units_become_si(tmp_path: Path) -> None:
    header = "time_s,acc_x_g,acc_y_g,acc_z_g,gyro_x_dps,gyro_y_dps,gyro_z_dps"
    got = read(tmp_path, csv(["0,0,0,1,180,0,0", "0.01,0,0,1,0,90,0"], header))
    np.testing.assert_allclose(got.data.acc_m_s2, [[0, 0, G], [0, 0, G]])
    assert got.data.gyr_rad_s is not None
    np.testing.assert_allclose(got.data.gyr_rad_s, [[np.pi, 0, 0], [0, np.pi / 2, 0]])
    np.testing.assert_allclose(got.data.t_s, [0, 0.01])


def test_si_columns_are_taken_as_they_are(tmp_path: Path) -> None:
    header = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"
    got = read(tmp_path, csv(["0,0,0,9.81,0.5,0,0", "0.01,0,0,9.81,0,0,0"], header))
    assert got.data.acc_m_s2[0, 2] == 9.81
    assert got.data.gyr_rad_s is not None
    assert got.data.gyr_rad_s[0, 0] == 0.5


WRITINGS = {
    "BOM and CRLF": "\ufeff" + csv(rows()).replace("\n", "\r\n"),
    "old Mac line ends": csv(rows()).replace("\n", "\r"),
    "semicolons": csv(rows()).replace(",", ";"),
    "semicolons and decimal commas": csv(rows()).replace(",", ";").replace(".", ","),
    "tabs": csv(rows()).replace(",", "\t"),
    "spaces": csv(rows()).replace(",", " ,  "),
    "capitals": csv(rows(), HEADER.upper()),
    "comments": "# sensor 7\n" + csv(["# start", *rows(), "", "# end"]),
    "quotes": csv(rows(), '"time_s","acc_x_g","acc_y_g","acc_z_g"'),
    "no last line end": csv(rows()).removesuffix("\n"),
    "blank lines": csv(rows()).replace("\n", "\n\n"),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_every_way_of_writing_a_table_reads_the_same(tmp_path: Path, writing: str) -> None:
    plain, other = read(tmp_path, csv(rows())), read(tmp_path, WRITINGS[writing])
    np.testing.assert_array_equal(other.data.t_s, plain.data.t_s)
    np.testing.assert_array_equal(other.data.acc_m_s2, plain.data.acc_m_s2)
    assert other.problems == ()


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    plain = read(tmp_path, csv(rows()))
    packed = read(tmp_path, gzip.compress(csv(rows()).encode()), name="any.txt")
    np.testing.assert_array_equal(packed.data.acc_m_s2, plain.data.acc_m_s2)


def test_columns_in_any_order_and_others_are_named(tmp_path: Path) -> None:
    header = "note,acc_z_g,acc_y_g,battery,acc_x_g,time_s"
    got = read(tmp_path, csv(["hello,1,0.2,99,0.1,0", "x,1,0.2,99,0.1,0.01"], header))
    np.testing.assert_allclose(got.data.acc_m_s2[0] / G, [0.1, 0.2, 1])
    assert got.notes == ("columns not used: note, battery",)


def test_times_can_be_made_from_a_rate(tmp_path: Path) -> None:
    got = read(tmp_path, "acc_x_g,acc_y_g,acc_z_g\n" + "0,0,1\n" * 5, fs_hz=50.0)
    np.testing.assert_allclose(got.data.t_s, [0, 0.02, 0.04, 0.06, 0.08])


def test_blocks_of_any_size_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = csv(rows())
    whole = read(tmp_path, text)
    for size in (64, 1000, 7919):
        monkeypatch.setattr(csvblocks, "BLOCK_BYTES", size)
        np.testing.assert_array_equal(read(tmp_path, text).data.acc_m_s2, whole.data.acc_m_s2)


# --- mended and counted ----------------------------------------------------------------------


def test_an_unknown_acceleration_is_a_row_of_nan_and_counted(tmp_path: Path) -> None:
    lines = rows()
    for i, cell in enumerate(["", "nan", "NULL", "inf", "-"]):
        lines[10 + i] = f"{lines[10 + i].split(',')[0]},0.01,{cell},1"
    lines[16] = f"{lines[16].split(',')[0]},1e308,0,1"  # beyond any sensor
    lines[20] = lines[20].split(",")[0]  # cut off after its time
    got = read(tmp_path, csv(lines))
    assert np.flatnonzero(np.isnan(got.data.acc_m_s2).all(axis=1)).tolist() == [
        *range(10, 15),
        16,
        20,
    ]
    assert got.n_bad == got.data.n_lost == 7
    assert got.problems == ()  # the analysis counts what is NaN, and says so once


def test_a_row_without_a_time_is_left_out_and_counted(tmp_path: Path) -> None:
    lines = rows()
    lines[5] = ",0,0,1"
    got = read(tmp_path, csv(lines))
    assert got.n_without_time == 1
    assert len(got.data.t_s) == 1199


def test_one_wild_time_costs_one_row(tmp_path: Path) -> None:
    lines = rows()
    lines[100] = "1e9,0,0,1"
    lines[500] = "-3,0,0,1"
    got = read(tmp_path, csv(lines), limits=CsvLimits(max_duration_s=1e10))
    assert got.n_falling == 2
    assert len(got.data.t_s) == 1198
    assert got.data.t_s[-1] == pytest.approx(11.99)


def test_a_row_left_out_is_lost_once(tmp_path: Path) -> None:
    lines = rows()
    for i in range(100, 1090, 10):
        lines[i] = "," + lines[i].partition(",")[2]  # no time
    got = read(tmp_path, csv(lines))
    assert (got.n_without_time, got.n_missing) == (99, 99)
    assert got.data.n_lost == 99


def test_times_that_fall_throughout_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"falls from 11\.99 to 0 s.* only 1 of 1200 rows"
    ) as caught:
        read(tmp_path, csv(rows()[::-1]))
    assert caught.value.hint == "sort the rows by time_s"


def test_a_clock_that_restarts_often_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"time_s goes back 2 times, first from 3\.99 to 0 s"
    ) as caught:
        read(tmp_path, csv(rows(400) * 3))
    assert "cut the file where its clock restarts" in caught.value.hint


def test_a_clock_that_restarts_once_is_said_before_all_else(tmp_path: Path) -> None:
    got = read(tmp_path, csv(rows(600) + rows(900)))
    assert got.problems[0].startswith("A LARGE PART IS MISSING: the clock restarts")
    assert 500 < got.n_falling <= 600


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_read_like_a_file(pack: Callable[[bytes], bytes]) -> None:
    reader, writer = os.pipe()
    os.write(writer, pack(csv(rows(1000)).encode()))
    os.close(writer)
    got = read_csv("chest", Path(f"/dev/fd/{reader}"))
    os.close(reader)
    assert got.n_rows == 1000


def test_whole_second_stamps_are_spread(tmp_path: Path) -> None:
    lines = [f"{i // 10},0,0,1" for i in range(200)]
    got = read(tmp_path, csv(lines))
    np.testing.assert_allclose(got.data.t_s, np.arange(200) / 10)
    assert got.n_duplicated == 180


def test_a_doubled_time_never_reaches_over_a_gap(tmp_path: Path) -> None:
    lines = [f"{t:.2f},0,0,1" for t in [*np.arange(100) / 10, 9.9, *(60 + np.arange(100) / 10)]]
    got = read(tmp_path, csv(lines))
    assert got.data.t_s[100] == pytest.approx(9.95)


def test_missing_samples_of_an_even_sensor_are_counted(tmp_path: Path) -> None:
    lines = rows()
    del lines[600:650]
    assert read(tmp_path, csv(lines)).data.n_lost == 50


@given(st.lists(st.sampled_from([0.0, 0.01, 0.02, 1.0, -0.5, np.nan]), min_size=2, max_size=60))
def test_times_never_fall_and_no_row_goes_uncounted(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float]
) -> None:
    t_s = np.where(np.isnan(steps), np.nan, np.nancumsum(steps))
    if np.isnan(t_s).all():
        return
    lines = [f"{t},0,0,1" for t in t_s]
    try:
        got = read(tmp_path_factory.mktemp("t"), csv(lines))
    except UserError:
        assert (np.diff(t_s[~np.isnan(t_s)]) < 0).sum() > 1  # set back more than once
        return
    assert (np.diff(got.data.t_s) >= 0).all()
    assert len(got.data.t_s) + got.n_falling + got.n_without_time == got.n_rows == len(steps)


def test_two_rows_are_read_and_said_to_be_short(tmp_path: Path) -> None:
    got = read(tmp_path, csv(rows(2)))
    assert len(got.data.t_s) == 2
    assert got.problems == ("only 0.01 s long: too short to say much",)


def test_a_gzip_without_its_end_gives_what_is_there(tmp_path: Path) -> None:
    packed = gzip.compress(csv(rows(5000)).encode())
    got = read(tmp_path, packed[: len(packed) // 2])
    assert 100 < got.n_rows < 5000
    assert any("cut off" in p for p in got.problems)


@pytest.mark.parametrize("at_rest", [6.96, 12.86, 26.0, 8.7])
def test_a_bad_sensor_is_no_unit_mix_up(tmp_path: Path, at_rest: float) -> None:
    header = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2"
    got = read(tmp_path, csv([f"{i / 100},0,0,{at_rest}" for i in range(200)], header))
    assert got.data.acc_m_s2[0, 2] == at_rest


# --- refused ---------------------------------------------------------------------------------


def still(value: float, unit: str) -> str:
    header = f"time_s,acc_x_{unit},acc_y_{unit},acc_z_{unit}"
    return csv([f"{i / 100},0,0,{value}" for i in range(200)], header)


REFUSED = {
    "empty": ("", "is empty", "header"),
    "only a header": (csv([]), "has a header but no rows", "one line per sample"),
    "no header": ("0,0,0,1\n0.01,0,0,1\n", "has no header", "time_s,acc_x_g"),
    "other names": (
        csv(rows(), "time_s,ax_g,ay_g,az_g"),
        r"no column acc_x_g, acc_y_g, acc_z_g; found time_s, ax_g, ay_g, az_g",
        "rename ax_g to acc_x_g, ay_g to acc_y_g, az_g to acc_z_g",
    ),
    "one axis missing": (
        csv(rows(), "time_s,acc_x_m_s2,acc_y_m_s2,temp"), "no column acc_z_m_s2", "acceleration is"
    ),
    "no time": (csv(rows(), "t_ms,acc_x_g,acc_y_g,acc_z_g"), "no column time_s", "--fs 100"),
    "twice": (csv(["0,0,0,1,1"] * 3, HEADER + ",acc_z_g"), "acc_z_g 2 times", "keep one"),
    "m/s2 called g": (still(9.81, "g"), r"reads 9.81 where 1 is .* look like m/s2", "acc_x_m_s2"),
    "g called m/s2": (still(1.02, "m_s2"), "reads 1.02 where 9.8 is .* look like g", "acc_x_g"),
    "mg called g": (still(998, "g"), "reads 998 .* look like mg", "convert"),
    "divided twice": (still(0.102, "g"), "reads 0.102 .* g divided by 9.8", "convert"),
    "all unknown": (
        csv(["0,0,,1", "1,0,,1"]), "column acc_y_g holds no number in 2 rows", "three axes"
    ),
    "no time known": (csv([",0,0,1", ",0,0,1"]), "column time_s holds no number", "--fs"),
    "a word": (
        csv([*rows(5), "0.05,0,oops,1"]), "line 7: 'oops' in column acc_y_g is not a number", "empty"
    ),
    "milliseconds": (csv([f"{i * 10},0,0,1" for i in range(99)]), "every 10 s", "milliseconds"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0", "not a text file: it starts with 89 50", "export"),
    "UTF-16": (csv(rows()).encode("utf-16"), "UTF-16", "UTF-8"),
    "a damaged gzip": (b"\x1f\x8b\x08\0" + b"\xff" * 60, "damaged", "copy it again"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_what_came_and_the_way_out(tmp_path: Path, case: str) -> None:
    text, message, hint = REFUSED[case]
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, text)
    assert hint in caught.value.hint


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        read_csv("chest", tmp_path / "no.csv")
    with pytest.raises(UserError, match="is a folder"):
        read_csv("chest", tmp_path)


@pytest.mark.parametrize("fs_hz", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none(tmp_path: Path, fs_hz: float) -> None:
    with pytest.raises(UserError, match="--fs must be a rate"):
        read(tmp_path, csv(rows()), fs_hz=fs_hz)


@pytest.mark.parametrize(
    ("specs", "message", "hint"),
    [
        (["chest"], "expected PLACEMENT=FILE", "chest=breathing.csv"),
        (["chest="], "expected PLACEMENT=FILE", "chest=breathing.csv"),
        (["left_tigh=a.csv"], "unknown placement 'left_tigh'", "did you mean left_thigh?"),
        (["tail=a.csv"], "unknown placement 'tail'", "One of: chest"),
        (["chest=a.csv", "chest=b.csv"], "chest is given twice", "one file"),
    ],
)
def test_specs_that_cannot_be_meant(specs: list[str], message: str, hint: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_specs(specs)
    assert hint in caught.value.hint


# --- size ------------------------------------------------------------------------------------


def test_a_file_too_long_is_refused_from_its_first_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvblocks, "BLOCK_BYTES", 4096)
    path = tmp_path / "long.csv"
    line = b"0.01,0.01,0.01,1.0\n"
    with path.open("wb") as file:
        file.write(HEADER.encode() + b"\n" + line * 1000)
        file.truncate(10 * 2**30)  # 10 GB, of which the disk holds only the beginning
    told: list[int] = []
    tracemalloc.start()
    with pytest.raises(UserError, match=r"about 5.58e\+08 rows; at most") as caught:
        read_csv("chest", path, progress=lambda done, _total: told.append(done))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "cut the session out" in caught.value.hint
    assert sum(told) < 10_000
    assert peak_bytes < 1_000_000


def test_memory_stays_bounded_while_rows_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gzip of equal lines tells nothing by its size: the rows so far stop it."""
    monkeypatch.setattr(csvblocks, "BLOCK_BYTES", 1 << 16)
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(40):
            file.write(b"0.01,0.01,0.01,1.0\n" * 25_000)  # 19 MB in all
    tracemalloc.start()
    with pytest.raises(UserError, match="rows"):
        read_csv("chest", path, limits=CsvLimits(max_rows=20_000))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 6_000_000


def test_more_rows_than_the_free_memory_can_analyse_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"SC_AVPHYS_PAGES": 100, "SC_PAGE_SIZE": 4096}  # 400 kB; a row takes 500 bytes
    monkeypatch.setattr("monitor.exchange.csvfile.os.sysconf", free.__getitem__)
    with pytest.raises(UserError, match="more than 819 rows"):
        read(tmp_path, csv(rows(1000)))
    assert read(tmp_path, csv(rows(800))).n_rows == 800


def test_more_than_a_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lasts more than 24 h") as caught:
        read(tmp_path, csv([f"{i * 1000},0,0,1" for i in range(99)]))
    assert "milliseconds" in caught.value.hint


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    read(tmp_path, csv(rows()), progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0
