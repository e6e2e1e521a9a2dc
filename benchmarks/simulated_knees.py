"""Knees of simulated wearers, strapped on anyhow, against the truth: error, drifts found, invented.

    python benchmarks/simulated_knees.py [--seeds 200] [--fs 25]

Every seed is another body: straps any way round, offsets up to 20 mg and 0.5 deg/s, gains off by
0.5 %, legs that fall out or in by up to 30 deg during rest, and in every other seed a knee that
drifts by 12 deg.  Legs alone, six or three axes by turns.  Straight from the body to the analysis,
without Bluetooth between (benchmarks/through_radio.py has that).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, from anywhere

from analysis.results import Poses, SensorData
from analysis.whole import analyze
from benchmarks.table import HEAD, Row, line
from devices.simulated.body import Body
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import Episode, Script, knee_drift, session_script
from devices.simulated.smooth import Move
from monitor.alerts.rules import alerts_over

FloatArray = NDArray[np.float64]

LEGS = ("left_thigh", "left_shank", "right_thigh", "right_shank")
DURATION_S = 300.0
REST_S = (45.0, 268.0)  # from after the bent pose to before the finish
LEAN_S, LEAN_TAKES_S = 60.0, 8.0
DRIFT_S, DRIFT_DEG = 130.0, 12.0
LARGEST_LEAN_DEG = 30.0
HEARD_WITHIN_S = 70.0  # of a drift's beginning: it takes 20 s, the rule waits for 10 s


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One wearer: errors of every second of rest (NaN unknown), and what was found."""

    knee_error_deg: FloatArray
    lean_error_deg: FloatArray
    has_gyro: bool
    had_drift: bool
    found: bool
    n_invented: int


def script(seed: int) -> tuple[Script, Episode | None]:
    """A short session with leaning legs; every other seed has a drift."""
    rng = np.random.default_rng([seed, 7])
    plain = session_script(DURATION_S, seed=seed)
    # the drift and the extra of the usual session are replaced by those of the trial
    moves = [m for m in plain.moves if not 100.0 < m.start_s < REST_S[1]]
    for side in ("left", "right"):
        lean_deg = float(rng.uniform(-LARGEST_LEAN_DEG, LARGEST_LEAN_DEG))
        moves.append(Move(f"lean_{side}_deg", LEAN_S, LEAN_TAKES_S, lean_deg))
    drift = None
    if seed % 2:
        side = str(rng.choice(["left", "right"]))
        drift, its_moves = knee_drift(side, DRIFT_S, float(rng.choice([-1, 1])) * DRIFT_DEG)
        moves += its_moves
    return replace(plain, moves=tuple(moves)), drift


def trial(seed: int, fs_hz: float) -> Trial:
    """Simulate, analyse, compare."""
    plan, drift = script(seed)
    body = Body(plan, seed=seed)
    has_gyro = seed % 4 >= 2
    imu = ImuSettings(fs_hz=fs_hz, has_gyro=has_gyro)
    worn = {}
    for i, placement in enumerate(LEGS):
        felt = feel(body, placement, imu, seed=4 * seed + i)
        worn[placement] = SensorData(felt.t_s, felt.acc_m_s2, felt.gyr_rad_s)
    result = analyze(worn, poses=Poses(plan.straight_s, plan.bent_s))
    epochs = result.epochs
    truth = body.truth(epochs.t_s)
    rest = (epochs.t_s > REST_S[0]) & (epochs.t_s < REST_S[1])
    knee = [
        (getattr(epochs, f"knee_{s}_deg") - getattr(truth, f"knee_{s}_deg"))[rest]
        for s in ("left", "right")
    ]
    lean = []
    for side in ("left", "right"):
        true = getattr(truth, f"lean_{side}_deg")
        held = (epochs.t_s >= plan.bent_s[0]) & (epochs.t_s <= plan.bent_s[1])
        true = true - true[held].mean()  # seen from the plane of the bent pose
        lean.append((getattr(epochs, f"lean_{side}_deg") - true)[rest])
    alerts, _ = alerts_over(epochs, bent_s=plan.bent_s)
    told = [a for a in alerts if a.kind == "knee_drift"]
    right = [
        a
        for a in told
        if drift is not None
        and a.side == drift.side
        and drift.start_s <= a.t_s <= drift.start_s + HEARD_WITHIN_S
    ]
    return Trial(
        np.concatenate(knee),
        np.concatenate(lean),
        has_gyro,
        drift is not None,
        bool(right),
        len(told) - len(right),
    )


def rows(trials: list[Trial]) -> list[Row]:
    """The table."""
    out = []
    for label, chosen in (
        ("three axes", [t for t in trials if not t.has_gyro]),
        ("six axes", [t for t in trials if t.has_gyro]),
    ):
        if not chosen:
            continue
        for what, values in (
            ("knee", np.concatenate([t.knee_error_deg for t in chosen])),
            ("lean", np.concatenate([t.lean_error_deg for t in chosen])),
        ):
            known = np.isfinite(values)
            p95 = float(np.percentile(np.abs(values[known]), 95))
            share = float(known.mean())
            out.append(
                Row(f"simulated {what}, {label}, p95", len(chosen), "deg", p95, None, "", share)
            )
    with_drift = [t for t in trials if t.had_drift]
    found = 100.0 * float(np.mean([t.found for t in with_drift])) if with_drift else None
    out.append(Row("drifts of 12 deg found", len(with_drift), "%", found, None))
    out.append(Row("alerts invented", len(trials), "", sum(t.n_invented for t in trials), None))
    return out


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200, help="bodies to try")
    parser.add_argument("--fs", type=float, default=25.0, help="samples a second")
    chosen = parser.parse_args()
    trials = []
    for seed in range(chosen.seeds):
        trials.append(trial(seed, chosen.fs))
        print(f"\r{seed + 1} of {chosen.seeds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(HEAD)
    for row in rows(trials):
        print(line(row))


if __name__ == "__main__":
    main()
