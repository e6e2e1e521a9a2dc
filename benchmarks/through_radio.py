"""Real recordings, played by virtual sensors through the whole live path.

    python benchmarks/through_radio.py [--radio memory|bumble]

Each recording is analysed twice: directly from its arrays, and as a session (virtual sensor, radio,
bleak, link, driver, clock, recording, pipeline).  The table shows how far the two are apart, and
the error of both against the reference where there is one.  A virtual sensor sends what its
protocol can hold, so its resolution and rate are part of the difference.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import recordings

from analysis.results import Epochs, FloatArray, Poses, SensorData
from analysis.whole import analyze
from monitor import home
from monitor.exchange.csv_replay import LEAD_S, as_sensors, play_csv
from monitor.live.virtual_run import RadioKind
from monitor.screen.view import PlainView

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One recording: which column of the epochs is looked at, and what it should be."""

    name: str
    sensors: dict[str, SensorData]
    column: str
    poses: Poses = field(default_factory=Poses)
    truth: Callable[[FloatArray], FloatArray] | None = None


def cases() -> Iterator[Case]:
    """Everything that is there."""
    for knee in recordings.cmu():
        yield _seated(knee)
    for name in ("raw_pitch_slow", "raw_roll_medium"):
        for hinge in recordings.hinge(name):
            yield _hinge(f"hinge {name[4:]}", hinge)
    for chest in [*recordings.wendexd("supine"), *list(recordings.agatelite())[:3]]:
        data = SensorData(chest.t_s, chest.acc_m_s2, chest.gyr_rad_s)
        rate = float("nan") if chest.rate_per_min is None else chest.rate_per_min
        yield Case(
            f"chest {chest.name}",
            {"chest": data},
            "breathing_per_min",
            truth=lambda t_s, rate=rate: np.full(len(t_s), rate),
        )


def _hinge(name: str, r: recordings.KneeRecording) -> Case:
    """A hinge that never rests cannot hold the poses: it is strapped on the nominal way instead.

    Both sensors are turned alike, by what they feel and not by the encoder: the axis about which
    the moving one turns becomes lateral, up in the fixed one becomes anterior.
    """
    gyr, fixed = r.shank_gyr_rad_s, np.nanmean(r.thigh_acc_m_s2, axis=0)
    assert gyr is not None  # noqa: S101 - these two have gyroscopes
    lateral = np.linalg.svd(gyr[:: len(gyr) // 5000 + 1], full_matrices=False)[2][0]
    anterior = fixed - (fixed @ lateral) * lateral
    anterior /= np.linalg.norm(anterior)
    long = np.cross(lateral, anterior)
    if np.nanmean(r.shank_acc_m_s2 @ long) < 0:  # it swings up on the other side
        lateral, long = -lateral, -long
    turn = np.stack([long, lateral, anterior], axis=1)
    sensors = {
        placement: SensorData(
            d.t_s, d.acc_m_s2 @ turn, None if d.gyr_rad_s is None else d.gyr_rad_s @ turn
        )
        for placement, d in _leg(r).items()
    }
    return Case(
        name, sensors, "knee_left_deg", truth=lambda t_s: np.interp(t_s, r.t_s, r.reference_deg)
    )


def _seated(r: recordings.KneeRecording) -> Case:
    """Standing and sitting are the poses; the reference's zero is standing."""
    labels = r.labels if r.labels is not None else np.full(len(r.t_s), "")
    stand_s, sit_s = (_longest(r.t_s, labels == label) for label in ("stand", "sit1"))
    standing = (r.t_s >= stand_s[0]) & (r.t_s <= stand_s[1])
    zero_deg = float(np.nanmean(r.reference_deg[standing]))

    def truth(t_s: FloatArray) -> FloatArray:
        near = np.searchsorted(r.t_s, t_s).clip(0, len(r.t_s) - 1)
        return r.reference_deg[near] - zero_deg

    return Case("cmu knee", _leg(r), "knee_left_deg", Poses(stand_s, sit_s), truth)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radio", choices=("memory", "bumble"), default="memory")
    radio = parser.parse_args().radio
    print(
        f"{'recording':<26}{'unit':>6}{'apart: median':>15}{'95 %':>8}"
        f"{'error direct':>14}{'radio':>8}{'lost':>7}{'real time x':>13}"
    )
    n_cases = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ[home.HOME_VARIABLE] = folder
        for case in cases():
            n_cases += 1
            print(_row(case, radio), flush=True)
    if n_cases == 0:
        print(f"no recordings at {recordings.DATA}: nothing was measured", file=sys.stderr)


def _row(case: Case, radio: RadioKind) -> str:
    direct = analyze(case.sensors, poses=case.poses).epochs
    began_s = time.perf_counter()
    view = PlainView(lambda _line: None)
    end, _ = play_csv(
        as_sensors(case.sensors), case.poses, view, lambda: START, source=case.name, radio=radio
    )
    took_s = time.perf_counter() - began_s
    radioed = end.result.analysis.epochs
    shift = round(LEAD_S)
    n = min(len(direct), len(radioed) - shift)
    a = getattr(direct, case.column)[:n]
    b = getattr(radioed, case.column)[shift : shift + n]
    apart = np.abs(a - b)
    apart = apart[~np.isnan(apart)]
    median, p95 = np.percentile(apart, (50, 95)) if len(apart) else (np.nan, np.nan)
    errors = [_error(case, direct[:n], values) for values in (a, b)]
    n_lost = sum(s.n_lost for s in end.result.analysis.sensors.values())
    unit = "deg" if "deg" in case.column else "/min"
    return (
        f"{case.name:<26}{unit:>6}{median:>15.2f}{p95:>8.2f}"
        f"{errors[0]:>14}{errors[1]:>8}{n_lost:>7}{end.t_end_s / took_s:>13.0f}"
    )


def _error(case: Case, epochs: Epochs, values: FloatArray) -> str:
    if case.truth is None:
        return "-"
    error = np.abs(values - case.truth(epochs.t_s))  # an epoch's angle is read at its end
    return "unknown" if np.isnan(error).all() else f"{np.nanmedian(error):.2f}"


def _leg(r: recordings.KneeRecording) -> dict[str, SensorData]:
    return {
        "left_thigh": SensorData(r.t_s, r.thigh_acc_m_s2, r.thigh_gyr_rad_s),
        "left_shank": SensorData(r.t_s, r.shank_acc_m_s2, r.shank_gyr_rad_s),
    }


def _longest(t_s: FloatArray, held: recordings.NDArray[np.bool_]) -> tuple[float, float]:
    """The label's stretch without its first and last second."""
    rows = np.flatnonzero(held)
    return float(t_s[rows[0]]) + 1.0, float(t_s[rows[-1]]) - 1.0


if __name__ == "__main__":
    main()
