"""Stillness, smoothness, position, and the whole exercise told back: rows for the table.

    python benchmarks/body.py [--seeds 12]

Against recordings where there are any, else against the simulated body, whose truth is known; where
a well-kept package measures the same, its figure from the same data stands beside ours.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, from anywhere

from analysis.position import Mounting
from analysis.results import Movement, Poses, SensorData, SessionAnalysis
from analysis.smoothness import ldlj, ldlj_a_imu, sparc
from analysis.whole import analyze
from benchmarks import baselines, recordings
from benchmarks.table import HEAD, Row, line
from devices.simulated.body import PLACEMENTS, Body
from devices.simulated.exercise import exercise_script
from devices.simulated.imu import ImuSettings, feel
from devices.simulated.script import Episode, Script

FloatArray = NDArray[np.float64]

N_SEEDS = 12
LABELS = {
    "lyingBack": "supine",
    "lyingLeft": "left",
    "lyingRight": "right",
    "lyingStomach": "prone",
    "sitting": "upright",
    "standing": "upright",
}
ON_THE_BACK = ("coughing", "hyperventilating", "laughing", "singing", "talking")


def rows(n_seeds: int = N_SEEDS) -> list[Row]:
    """Every row of this part of the table."""
    return [
        *stillness_rows(),
        *smoothness_rows(),
        *position_rows(),
        *exercise_rows(n_seeds),
    ]


# --- stillness -----------------------------------------------------------------------------------


def stillness_rows() -> Iterator[Row]:
    """Whether movement tells lying quietly from talking, laughing and coughing; AUC."""
    ours: dict[str, list[float]] = {}
    peer: dict[str, list[float]] = {}
    n_known, n_epochs = 0, 0
    for activity in ("breathingNormal", "talking", "laughing", "coughing"):
        for recording in recordings.respeck(f"lyingBack_{activity}"):
            data = SensorData(recording.t_s, recording.acc_m_s2, recording.gyr_rad_s)
            moved = analyze({"chest": data}).epochs.movement_mg
            known = moved[np.isfinite(moved)]
            n_known, n_epochs = n_known + len(known), n_epochs + len(moved)
            if len(known):
                ours.setdefault(activity, []).append(float(np.median(known)))
            peer.setdefault(activity, []).append(_micromotion(recording.acc_m_s2))
    for activity, moved_mg in ours.items():
        if activity != "breathingNormal":
            yield Row(
                f"stillness, quiet from {activity}, AUC",
                len(moved_mg),
                "",
                _auc(ours["breathingNormal"], moved_mg),
                _auc(peer["breathingNormal"], peer[activity]),
                "now",
                n_known / n_epochs,
            )


def _micromotion(acc_m_s2: FloatArray) -> float:
    """RMS above breathing by the package micromotion; without it the crude one.

    Its quantity of motion proper, an integrated speed from 0.2 Hz up, holds the breaths as well and
    tells talking from quiet no better than a coin.
    """
    try:
        from micromotion import (  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415
            band_rms,
        )
    except ImportError:
        return baselines.fidget_mg(acc_m_s2, 25.0, (0.8, 10.0))
    return math.hypot(*(band_rms(axis, 25.0, (0.7, 10.0)) for axis in acc_m_s2.T))


# --- smoothness ----------------------------------------------------------------------------------


def smoothness_rows() -> Iterator[Row]:
    """Greatest difference from the author's own program, ours and scikit-digital-health's."""
    reference = recordings.smoothness_reference()
    if reference is None:
        return
    off: dict[str, tuple[list[float], list[float]]] = {}
    for item in reference["speed_profiles"]:
        speed, fs_hz = np.array(item["speed"]), float(str(item["fs"]))
        out = item["outputs"]
        assert isinstance(out, dict)  # noqa: S101 - the file's own shape
        pairs = (("SPARC", sparc, "sparc_fc10"), ("LDLJ", ldlj, "ldlj_v"))
        for label, measure, key in pairs:
            value, truth = measure(speed, fs_hz), out[key]
            if value is not None and truth is not None:
                mine, theirs = off.setdefault(label, ([], []))
                mine.append(abs(value - truth))
                theirs.append(abs(_skdh(label, speed, fs_hz) - truth))
    n_withheld = 0
    for item in reference["imu_movements"]:
        out, fs_hz = item["outputs"], float(str(item["fs"]))
        assert isinstance(out, dict)  # noqa: S101 - the file's own shape
        if "acc" not in item:
            continue
        value = ldlj_a_imu(np.array(item["acc"]), np.array(item["gyr"]), fs_hz)
        truth = out["ldlj_a_imu_grav_9.80665"]
        if value is None:
            n_withheld += 1
        elif truth is not None:
            off.setdefault("LDLJ-A, IMU, 2020", ([], []))[0].append(abs(value - truth))
    for label, (mine, theirs) in off.items():
        n_all = len(mine) + n_withheld * label.startswith("LDLJ-A")
        known = np.array(theirs)[np.isfinite(theirs)]
        worst = float(known.max()) if len(known) else None
        what = f"smoothness, {label}, worst"
        yield Row(what, len(mine), "", max(mine), worst, "now", len(mine) / n_all)


def _skdh(label: str, speed: FloatArray, fs_hz: float) -> float:
    """The same measure by scikit-digital-health; NaN where it is not installed."""
    try:
        from skdh.features import (  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415
            SPARC,
            DimensionlessJerk,
        )
    except ImportError:
        return math.nan
    measure = SPARC() if label == "SPARC" else DimensionlessJerk(log=True, signal_type="velocity")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.ravel(measure.compute(speed[:, np.newaxis], fs=fs_hz, axis=0))[0])


# --- position ------------------------------------------------------------------------------------


class Held(NamedTuple):
    """One recording: who, which file, which position it is labelled, and where up was."""

    person: int
    file: str
    name: str
    up: FloatArray


def held_positions(*, quiet_only: bool) -> list[Held]:
    """Every recording of a held position: the median of its samples, as a direction."""
    found = []
    for file, name in LABELS.items():
        also = ON_THE_BACK if file == "lyingBack" and not quiet_only else ()
        for activity in ("breathingNormal", *also):
            for recording in recordings.respeck(f"{file}_{activity}"):
                person = int(float(recording.name.split()[-1]))
                middle = np.median(recording.acc_m_s2, axis=0)
                found.append(Held(person, file, name, middle / np.linalg.norm(middle)))
    return found


def position_rows() -> Iterator[Row]:
    """Positions named, in percent.

    Leave one person out: where up is in each position is learned from all other people, who wear
    the sensor alike, and each recording of the person left out is one answer; unknown is wrong.
    Own two poses: the mounting is learned from the person's own supine and sitting recording alone,
    and the other four recordings of that person are the answers.  These files state the direction
    of gravity instead of its reaction (otherwise everybody's left would be right), so it is turned.
    """
    for quiet_only, what in ((True, "quiet"), (False, "all activities")):
        held = held_positions(quiet_only=quiet_only)
        if not held:
            return
        right = []
        for person in sorted({h.person for h in held}):
            others = [h for h in held if h.person != person]
            mounting = Mounting.learned(np.stack([h.up for h in others]), [h.name for h in others])
            left_out = [h for h in held if h.person == person]
            said = mounting.position(np.stack([h.up for h in left_out]))
            right += [a == h.name for a, h in zip(said, left_out, strict=True)]
        label = f"position, one person out, {what}"
        yield Row(label, len(right), "%", 100 * float(np.mean(right)), 97.9, "quoted", 1.0)
    right, n_known = [], 0
    held = held_positions(quiet_only=True)
    for person in sorted({h.person for h in held}):
        own = {h.file: h for h in held if h.person == person}
        if {"lyingBack", "sitting"} <= own.keys():
            mounting = Mounting.from_axes(-own["lyingBack"].up, -own["sitting"].up)
            for file in sorted(own.keys() - {"lyingBack", "sitting"}):
                (said_now,) = mounting.position(-own[file].up[np.newaxis])
                n_known += said_now != "unknown"
                right.append(said_now == own[file].name)
    share = 100 * float(np.mean(right))
    yield Row("position, own two poses", len(right), "%", share, None, "", n_known / len(right))


# --- the whole exercise --------------------------------------------------------------------------


class Told(NamedTuple):
    """A simulated exercise and what the analysis says of it."""

    script: Script
    body: Body
    result: SessionAnalysis
    is_hurried: bool


def told(seed: int) -> Told:
    """Six sensors strapped on anyhow; every second seed without gyroscopes, every third hurried."""
    is_hurried = seed % 3 == 2
    script = exercise_script(seed=seed, hurried=is_hurried)
    body = Body(script, seed=seed)
    sensor = ImuSettings(fs_hz=52.0, has_gyro=seed % 2 == 0)
    tracks = {p: feel(body, p, sensor, seed=100 * seed + i) for i, p in enumerate(PLACEMENTS)}
    sensors = {p: SensorData(t.t_s, t.acc_m_s2, t.gyr_rad_s) for p, t in tracks.items()}
    result = analyze(sensors, poses=Poses(script.straight_s, script.bent_s))
    return Told(script, body, result, is_hurried)


def exercise_rows(n_seeds: int) -> Iterator[Row]:
    """Phases, extras, positions and the finish over many seeds."""
    everyone = [told(seed) for seed in range(n_seeds)]
    pairs = Counter(pair for t in everyone for pair in phase_pairs(t))
    names = sorted({truth for truth, _ in pairs})
    for name in ("all", *names):
        chosen = {p: n for p, n in pairs.items() if name in {"all", p[0]}}
        right, n = sum(n for p, n in chosen.items() if p[0] == p[1]), sum(chosen.values())
        known = sum(n for p, n in chosen.items() if p[1] != "unknown") / n
        yield Row(f"phase, simulated, {name}, time", n, "%", 100 * right / n, None, "", known)
    for kind, back in (("knee_draw", "knee_return"), ("head_lift", "head_return")):
        n_true, n_found, n_told = _extras(everyone, kind, back)
        yield Row(f"{kind}, simulated, found", n_true, "%", 100 * n_found / n_true, None, "", 1.0)
        share = 100 * n_found / n_told if n_told else None
        yield Row(f"{kind}, simulated, true of told", n_told, "%", share, None, "", 1.0)
    judged = [(t.result.finish, t.is_hurried) for t in everyone]
    sure = [(f.hurried, truth) for f, truth in judged if f and f.hurried is not None]
    right_share = 100 * float(np.mean([a == b for a, b in sure])) if sure else None
    yield Row(
        "finish, simulated, hurried or not",
        len(sure),
        "%",
        right_share,
        None,
        "",
        len(sure) / len(everyone),
    )
    seconds = [pair for t in everyone for pair in position_pairs(t)]
    known_seconds = [a == b for a, b in seconds if b != "unknown"]
    yield Row(
        "position, simulated, any strap, time",
        len(seconds),
        "%",
        100 * float(np.mean(known_seconds)),
        None,
        "",
        len(known_seconds) / len(seconds),
    )


def phase_pairs(t: Told) -> list[tuple[str, str]]:
    """(truth, told) in the middle of every second."""
    middle_s = np.arange(0.5, t.script.duration_s)
    names = t.script.phase_at(middle_s)
    said = [
        next((p.name for p in t.result.phases if p.start_s <= m < p.end_s), "unknown")
        for m in middle_s
    ]
    return [(a, str(b)) for a, b in zip(names, said, strict=True)]


def position_pairs(t: Told) -> list[tuple[str, str]]:
    """(truth, told) in the middle of the seconds in which the trunk was within 20 deg of a position."""
    middle_s = np.arange(0.5, t.script.duration_s)
    truth = t.body.truth(middle_s)
    found = []
    for at, pitch, roll in zip(middle_s, truth.trunk_pitch_deg, truth.trunk_roll_deg, strict=True):
        if pitch > 70:
            name = "upright"
        elif abs(roll) > 65 and pitch < 20:
            name = "left" if roll > 0 else "right"
        elif abs(roll) < 20 and pitch < 20:
            name = "supine"
        else:
            continue
        said = next((p.name for p in t.result.positions if p.start_s <= at < p.end_s), "unknown")
        found.append((name, str(said)))
    return found


def _extras(everyone: list[Told], kind: str, back: str) -> tuple[int, int, int]:
    """Ways out and back that were done, that were found, and that were told."""
    n_true = n_found = n_told = 0
    for t in everyone:
        done = [e for e in t.script.episodes if e.kind == kind]
        said = [
            m
            for m in t.result.movements
            if m.kind in {kind, back} and (m.placement == "head" or m.placement.endswith("thigh"))
        ]
        n_true, n_told = n_true + 2 * len(done), n_told + len(said)
        for episode in done:
            first = (episode.start_s, episode.held_s[0])
            second = (episode.held_s[1], episode.end_s)
            n_found += any(_is(m, kind, first, episode) for m in said)
            n_found += any(_is(m, back, second, episode) for m in said)
    return n_true, n_found, n_told


def _is(movement: Movement, kind: str, span_s: tuple[float, float], episode: Episode) -> bool:
    """Whether a movement of this kind lies within the span, on the right side."""
    middle_s = 0.5 * (movement.start_s + movement.end_s)
    on_side = episode.side == "both" or movement.placement.startswith(episode.side)
    return on_side and movement.kind == kind and span_s[0] <= middle_s <= span_s[1]


def _auc(low: list[float], high: list[float]) -> float:
    a, b = np.array(low)[:, np.newaxis], np.array(high)[np.newaxis]
    return float(((a < b) + 0.5 * (a == b)).mean())


def main() -> None:
    """Print the rows, and which phase was told for which."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="simulated exercises")
    parser.add_argument("--confusion", action="store_true", help="which phase was told for which")
    options = parser.parse_args()
    print(HEAD)
    for row in rows(options.seeds):
        print(line(row))
    print("* quoted from the keeper of the recordings; the rest computed now.")
    if options.confusion:
        pairs = Counter(p for seed in range(options.seeds) for p in phase_pairs(told(seed)))
        for (truth, said), n in sorted(pairs.items()):
            if truth != said:
                print(f"{truth:>10} told as {said:<10}{n:>6} s")


if __name__ == "__main__":
    main()
