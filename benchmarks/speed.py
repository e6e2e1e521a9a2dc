"""What an analysis costs: five sensors, 20 minutes, 104 Hz, six axes; ratios only.

    python benchmarks/speed.py [--minutes 20] [--runs 5] [--profile] [--no-process]

In process, samples in arrays:

    analysis / VQF          `analyze` against VQF's C++ over the same arrays       at most 0.5
    analysis / load+convert against reading the sensors' counts (16 bits) from
                            files and turning them into SI units                   at most 10

As a process, samples in CSV files:

    analyze / read          `backrelease analyze` against a Python that imports
                            numpy and reads the same files                         at most 4

The simulated body wears the sensors, so there are breaths, beats, movements and a finish to find.
Every ratio is the median of runs that alternate, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, from anywhere

from analysis.results import Poses, SensorData
from analysis.whole import analyze
from devices.simulated.body import Body
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import BENT_S, STRAIGHT_S, session_script

FS_HZ = 104.0
PLACEMENTS = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")
POSES = Poses(STRAIGHT_S, BENT_S)
LIMITS = {"VQF": 0.5, "load+convert": 10.0, "read": 4.0}
_ACC_LSB, _GYR_LSB = 9.80665 / 8192, np.deg2rad(1 / 16.4)


def session_data(minutes: float) -> dict[str, SensorData]:
    """The default session as five cheap sensors feel it."""
    body = Body(session_script(60.0 * minutes), seed=1)
    tracks = {p: feel(body, p, ImuSettings(fs_hz=FS_HZ), seed=i) for i, p in enumerate(PLACEMENTS)}
    return {p: SensorData(t.t_s, t.acc_m_s2, t.gyr_rad_s) for p, t in tracks.items()}


def vqf(sensors: dict[str, SensorData]) -> None:
    """Orientation of every sensor at every sample, by VQF's compiled library."""
    from vqf import VQF  # noqa: PLC0415 - a peer, for this benchmark only

    for data in sensors.values():
        filter_ = VQF(1 / FS_HZ)
        filter_.updateBatch(data.gyr_rad_s, data.acc_m_s2)


def store_counts(sensors: dict[str, SensorData], folder: Path) -> None:
    """Counts as a sensor sends them, 12 bytes a sample."""
    for placement, data in sensors.items():
        assert data.gyr_rad_s is not None  # noqa: S101 - made above
        both = np.concatenate([data.acc_m_s2 / _ACC_LSB, data.gyr_rad_s / _GYR_LSB], axis=1)
        np.rint(both).astype("<i2").tofile(folder / f"{placement}.bin")


def load(folder: Path) -> dict[str, SensorData]:
    """Read the counts and make them SI."""
    sensors = {}
    for placement in PLACEMENTS:
        counts = np.fromfile(folder / f"{placement}.bin", "<i2").reshape(-1, 6)
        t_s = np.arange(len(counts)) / FS_HZ
        sensors[placement] = SensorData(t_s, counts[:, :3] * _ACC_LSB, counts[:, 3:] * _GYR_LSB)
    return sensors


def store_csv(sensors: dict[str, SensorData], folder: Path) -> None:
    """Files of the analyze command."""
    head = "time_s,acc_x_g,acc_y_g,acc_z_g,gyro_x_dps,gyro_y_dps,gyro_z_dps"
    for placement, data in sensors.items():
        assert data.gyr_rad_s is not None  # noqa: S101 - made above
        columns = data.t_s[:, None], data.acc_m_s2 / 9.80665, np.degrees(data.gyr_rad_s)
        rows = np.concatenate(columns, axis=1)
        np.savetxt(folder / f"{placement}.csv", rows, "%.5f", ",", header=head, comments="")


def paired(
    ours: Callable[[], object], other: Callable[[], object], n_runs: int
) -> tuple[float, float, float]:
    """Median seconds of both, and median of the runs' ratios."""
    seconds = np.empty((n_runs, 2))
    for run in range(n_runs):
        for column, work in enumerate((ours, other)):
            began_s = time.perf_counter()
            work()
            seconds[run, column] = time.perf_counter() - began_s
    a, b = np.median(seconds, axis=0)
    return float(a), float(b), float(np.median(seconds[:, 0] / seconds[:, 1]))


def process(arguments: list[str], bytecode: Path) -> Callable[[], object]:
    """A whole process with one thread, whose modules are compiled as those of an installed program."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    return lambda: subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, env=environment
    )


def tell(what: str, answer: tuple[float, float, float]) -> None:
    """One line."""
    ours_s, other_s, ratio = answer
    limit = LIMITS[what]
    said = "" if ratio <= limit else "   ABOVE"
    print(f"{what:<14}{ours_s:8.3f} s{other_s:8.3f} s{ratio:8.2f}   at most {limit:g}{said}")


def main() -> None:
    """Print the ratios and their limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="where the analysis spends its time")
    parser.add_argument("--no-process", action="store_true", help="in process only")
    options = parser.parse_args()
    sensors = session_data(options.minutes)
    n = sum(len(data.t_s) for data in sensors.values())
    print(f"{len(sensors)} sensors, {options.minutes:g} min, {FS_HZ:g} Hz: {n} six-axis samples")
    if options.profile:
        profiler = cProfile.Profile()
        profiler.runcall(analyze, sensors, poses=POSES)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    print(f"{'analysis /':<14}{'ours':>10}{'other':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = lambda: analyze(sensors, poses=POSES)  # noqa: E731
        ours()  # what is made once for a program: imports, tables
        tell("VQF", paired(ours, lambda: vqf(sensors), options.runs))
        store_counts(sensors, folder)
        tell("load+convert", paired(ours, lambda: load(folder), options.runs))
        if options.no_process:
            return
        store_csv(sensors, folder)
        files = [str(folder / f"{p}.csv") for p in PLACEMENTS]
        reading = f"import numpy\nfor f in {files!r}: numpy.loadtxt(f, delimiter=',', skiprows=1)"
        worn = [f"{p}={f}" for p, f in zip(PLACEMENTS, files, strict=True)]
        held = [
            "--straight",
            "{:g}:{:g}".format(*STRAIGHT_S),
            "--bent",
            "{:g}:{:g}".format(*BENT_S),
        ]
        command = ["-m", "monitor", "analyze", *worn, *held, "--json", str(folder / "out.json")]
        whole, read = (process(words, folder / "bytecode") for words in (command, ["-c", reading]))
        whole(), read()  # compiles what was not
        tell("read", paired(whole, read, min(options.runs, 3)))


if __name__ == "__main__":
    main()
