"""Files of other programs are read as they are: their columns, their units, their clocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import UserError
from monitor.exchange.csvfile import read_csv

T_S = np.arange(0.0, 12.0, 0.02)

FILES = {
    # three columns of a Polar H10 lying on its back, clock in nanoseconds since 2000
    "polar": (
        "Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg]",
        lambda t: f"2026-06-10T22:00:00.000;{599628000000000000 + round(t * 1e9)};0;0;1000",
    ),
    "movesense": (
        "Timestamp (ms),X: (m/s^2),Y: (m/s^2),Z: (m/s^2)",
        lambda t: f"{round(t * 1000)},0.000000,0.000000,9.806650, ",
    ),
    "phyphox": (
        '"Time (s)","Acceleration x (m/s^2)","Acceleration y (m/s^2)","Acceleration z (m/s^2)"',
        lambda t: f"{t:.9E},0.0E0,0.0E0,9.80665E0",
    ),
    "sensor logger": (
        "time,seconds_elapsed,z,y,x",
        lambda t: f"{1767620467350470700 + round(t * 1e9)},{t:.6f},9.80665,0,0",
    ),
}


def written(folder: Path, header: str, rows: list[str]) -> Path:
    path = folder / "a.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize("program", FILES)
def test_one_g_along_z_at_fifty_a_second(tmp_path: Path, program: str) -> None:
    header, row = FILES[program]
    sensor = read_csv("chest", written(tmp_path, header, [row(t) for t in T_S]))
    np.testing.assert_allclose(sensor.data.acc_m_s2, [[0, 0, 9.80665]] * len(T_S), atol=1e-9)
    np.testing.assert_allclose(np.diff(sensor.data.t_s), 0.02, atol=1e-6)
    assert any("read as a file of" in note for note in sensor.notes)


def test_phyphox_with_its_gyroscope(tmp_path: Path) -> None:
    header = FILES["phyphox"][0] + "".join(f',"Gyroscope {axis} (rad/s)"' for axis in "xyz")
    rows = [f"{t:.3f},0,0,9.81,0.1,0.2,0.3" for t in T_S]
    gyr = read_csv("chest", written(tmp_path, header, rows)).data.gyr_rad_s
    assert gyr is not None
    np.testing.assert_allclose(gyr[0], [0.1, 0.2, 0.3])


def test_acceleration_without_gravity_is_refused_with_the_file_to_take(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [
        f"0,{t:.3f},{z:.4f},0.001,0.002"
        for t, z in zip(T_S, rng.normal(0, 0.02, len(T_S)), strict=True)
    ]
    with pytest.raises(UserError, match="gravity has been taken out") as caught:
        read_csv("chest", written(tmp_path, FILES["sensor logger"][0], rows))
    assert "TotalAcceleration.csv" in caught.value.hint


def test_milligravities_that_are_gravities_are_refused(tmp_path: Path) -> None:
    header = FILES["polar"][0]
    rows = [f"x;{round(t * 1e9)};0;0;1" for t in T_S]
    with pytest.raises(UserError, match=r"reads 1 where 1000 is expected: the numbers look like g"):
        read_csv("chest", written(tmp_path, header, rows))
