"""Our error against measured references, beside the crude baseline: one table.

    python benchmarks/accuracy.py [--json OUT]

Everything goes the way of the program: samples into `analysis.session.analyze`, epochs out.
Recordings that are not there are skipped, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, from anywhere

from analysis.breathing import whole_recording_rate
from analysis.results import Epochs, SensorData
from analysis.session import analyze
from analysis.smoothness import ldlj, sparc
from benchmarks import baselines, recordings
from benchmarks.knees import knee_rows
from benchmarks.recordings import ChestRecording
from benchmarks.table import HEAD, Row, line

FloatArray = NDArray[np.float64]

WINDOW_S = 30.0
EVERY_S = 5.0  # a window's error every 5 s: nearer ones are the same breaths again


class Windows(NamedTuple):
    """Errors of 30 s windows, one entry a window; NaN where a side was unknown."""

    ours: FloatArray
    baseline: FloatArray
    confidence: FloatArray

    def known(self) -> NDArray[np.bool_]:
        """Windows with an answer of ours and a reference."""
        return np.isfinite(self.ours)


def chest_epochs(recording: ChestRecording) -> Epochs:
    """What the program says about one chest sensor, times from the recording's start."""
    t_s = recording.t_s - recording.t_s[0]
    return analyze({"chest": SensorData(t_s, recording.acc_m_s2, recording.gyr_rad_s)}).epochs


def counted_per_min(breaths_s: FloatArray, end_s: float, window_s: float = WINDOW_S) -> float:
    """Rate from the first to the last breath counted within a window; NaN for fewer than three."""
    inside = breaths_s[(breaths_s >= end_s - window_s) & (breaths_s <= end_s)]
    if len(inside) < 3:
        return float("nan")
    return float(60 * (len(inside) - 1) / (inside[-1] - inside[0]))


def reference_at(recording: ChestRecording, end_s: float) -> float:
    """Reference rate over the window that ends at `end_s` seconds of the recording."""
    if recording.breaths_s is not None:
        return counted_per_min(recording.breaths_s - recording.t_s[0], end_s)
    return recording.rate_per_min if recording.rate_per_min is not None else float("nan")


def window_errors(recording: ChestRecording, epochs: Epochs, *, with_baseline: bool) -> Windows:
    """Errors of the epochs that end a full window, every 5 s."""
    rows = np.flatnonzero((epochs.t_s >= WINDOW_S) & (epochs.t_s % EVERY_S == 0))
    truth = np.array([reference_at(recording, epochs.t_s[i]) for i in rows])
    ours = epochs.breathing_per_min[rows] - truth
    crude = np.full(len(rows), np.nan)
    if with_baseline:
        bins, fs_hz = _bins(recording), 10.0
        ends = (epochs.t_s[rows] * fs_hz).astype(int)
        crude = (
            np.array(
                [
                    baselines.breathing_per_min(bins[max(0, e - int(WINDOW_S * fs_hz)) : e], fs_hz)
                    for e in ends
                ]
            )
            - truth
        )
    answerable = np.isfinite(truth)
    return Windows(
        ours[answerable], crude[answerable], epochs.breathing_confidence[rows][answerable]
    )


def breathing_rows(
    name: str, found: list[ChestRecording], pool: list[Windows], *, is_paced: bool
) -> Iterator[Row]:
    """Whole recordings (mean, median, worst) and 30 s windows of one collection."""
    whole, crude_whole, coverage, windows = [], [], [], []
    for recording in found:
        epochs = chest_epochs(recording)
        rate = whole_recording_rate(
            epochs.t_s, epochs.breathing_per_min, epochs.breathing_confidence
        )
        if recording.rate_per_min is not None and rate.rate_per_min is not None:
            whole.append(abs(rate.rate_per_min - recording.rate_per_min))
            if recording.baseline_per_min is not None:
                crude_whole.append(abs(recording.baseline_per_min - recording.rate_per_min))
        coverage.append(float(np.isfinite(epochs.breathing_per_min).mean()))
        windows.append(window_errors(recording, epochs, with_baseline=True))
    pool += windows
    n, known = len(found), float(np.mean(coverage))
    measures: tuple[tuple[str, Callable[[list[float]], float]], ...] = (
        ("mean", lambda v: float(np.mean(v))),
        ("median", lambda v: float(np.median(v))),
        ("worst", lambda v: float(np.max(v))),
    )
    for label, measure in measures:
        yield Row(
            f"{name}, whole, {label}",
            n,
            "/min",
            measure(whole) if whole else None,
            measure(crude_whole) if crude_whole else None,
            "quoted" if crude_whole else "",
            known,
        )
    joined = _joined(windows)
    yield Row(
        f"{name}, 30 s, mean{' (pace)' if is_paced else ''}",
        len(joined.ours),
        "/min",
        _mean_abs(joined.ours),
        _mean_abs(joined.baseline),
        "now",
        float(joined.known().mean()),
    )


def belt_rows(found: list[ChestRecording], posture: str, pool: list[Windows]) -> Iterator[Row]:
    """30 s windows against a respiration belt: its spectrum, and breaths marked by a person."""
    by_belt, by_hand, within, windows = [], [], [], []
    crude_belt, crude_within = [], []
    for recording in found:
        epochs = chest_epochs(recording)
        errors = window_errors(recording, epochs, with_baseline=False)
        windows.append(errors)
        by_hand.append(_mean_abs(errors.ours))
        rows = np.flatnonzero((epochs.t_s >= WINDOW_S) & (epochs.t_s % EVERY_S == 0))
        belt = np.array([_belt_per_min(recording, epochs.t_s[i]) for i in rows])
        off = np.abs(epochs.breathing_per_min[rows] - belt)
        by_belt.append(float(np.nanmean(off)) if np.isfinite(off).any() else np.nan)
        within.append((off[np.isfinite(off)] <= 2).mean() if np.isfinite(off).any() else np.nan)
        bins = _bins(recording)
        crude = np.array(
            [
                baselines.breathing_per_min(
                    bins[int((t - WINDOW_S) * 10) : int(t * 10)], 10.0, (0.1, 0.6)
                )
                for t in epochs.t_s[rows]
            ]
        )
        off = np.abs(crude - belt)
        crude_belt.append(float(np.nanmean(off)))
        crude_within.append(float((off[np.isfinite(off)] <= 2).mean()))
    pool += windows
    joined, n = _joined(windows), len(found)
    known = float(joined.known().mean())
    middle, worst = float(np.nanmedian(by_belt)), float(np.nanmedian(crude_belt))
    yield Row(f"belt, {posture}, 30 s, median person", n, "/min", middle, worst, "now", known)
    share, crude_share = 100 * float(np.nanmean(within)), 100 * float(np.mean(crude_within))
    yield Row(f"belt, {posture}, 30 s, within 2/min", n, "%", share, crude_share, "now", known)
    hand = float(np.nanmedian(by_hand))
    quoted = 0.79 if posture == "sit" else None  # the keeper's figure for sitting
    yield Row(f"belt, {posture}, 30 s, by hand, median", n, "/min", hand, quoted, "quoted", known)


def coverage_rows(pool: list[Windows]) -> Iterator[Row]:
    """Error of the surest share of all windows: confidence must earn its name."""
    joined = _joined(pool)
    order = np.argsort(-np.nan_to_num(joined.confidence, nan=-1.0))
    for share in (0.5, 0.7, 0.8, 0.9):
        kept = joined.ours[order[: int(share * len(order))]]
        known = float(np.isfinite(kept).sum() / len(order))
        yield Row(
            f"all 30 s windows, surest {100 * share:.0f} %",
            len(kept),
            "/min",
            _mean_abs(kept),
            None,
            "",
            known,
        )


def heart_rows(posture: str, found: list[ChestRecording]) -> Iterator[Row]:
    """Heart rate from the chest's motion against an electrocardiogram, 20 s windows."""
    quoted = {"supine": 1.2, "sitting": 1.8, "standing": 4.2}[posture]
    off, n_windows = [], 0
    for recording in found:
        epochs = chest_epochs(recording)
        beats_s = np.empty(0) if recording.beats_s is None else recording.beats_s
        beats_s = beats_s - recording.t_s[0]
        for i in np.flatnonzero((epochs.t_s >= 20) & (epochs.t_s % EVERY_S == 0)):
            truth = counted_per_min(beats_s, epochs.t_s[i], 20.0)
            if np.isfinite(truth):
                n_windows += 1
                off.append(epochs.heart_per_min[i] - truth)
    errors = np.array(off)
    known = float(np.isfinite(errors).mean()) if len(errors) else 0.0
    yield Row(
        f"heart, {posture}, 20 s, mean",
        n_windows,
        "/min",
        _mean_abs(errors),
        quoted,
        "quoted",
        known,
    )


def stillness_rows() -> Iterator[Row]:
    """Whether the movement figure tells lying quietly from talking, laughing and coughing."""
    ours, crude, coverage = {}, {}, []
    for activity in ("breathingNormal", "talking", "laughing", "coughing"):
        ours[activity], crude[activity] = [], []
        for recording in recordings.respeck(f"lyingBack_{activity}"):
            epochs = chest_epochs(recording)
            known = epochs.movement_mg[np.isfinite(epochs.movement_mg)]
            coverage.append(len(known) / max(len(epochs), 1))
            if len(known):
                ours[activity].append(float(np.median(known)))  # as the summary has it
            crude[activity].append(baselines.fidget_mg(recording.acc_m_s2, 25.0, (0.8, 10.0)))
    if not ours["breathingNormal"]:
        return
    for activity in ("talking", "laughing", "coughing"):
        yield Row(
            f"stillness, quiet from {activity}, AUC",
            len(ours[activity]),
            "",
            _auc(ours["breathingNormal"], ours[activity]),
            _auc(crude["breathingNormal"], crude[activity]),
            "now",
            float(np.mean(coverage)),
        )


def smoothness_rows() -> Iterator[Row]:
    """Greatest difference from the values of the authors' own programs."""
    reference = recordings.smoothness_reference()
    if reference is None:
        return
    off: dict[str, list[float]] = {"SPARC": [], "LDLJ": []}
    for item in reference["speed_profiles"]:
        speed, out = np.array(item["speed"]), item["outputs"]
        fs_hz = float(str(item["fs"]))
        assert isinstance(out, dict)  # noqa: S101 - the file's own shape
        pairs = (("SPARC", sparc, "sparc_fc10"), ("LDLJ", ldlj, "ldlj_v"))
        for label, measure, key in pairs:
            value = measure(speed, fs_hz)
            if value is not None and out[key] is not None:
                off[label].append(abs(value - out[key]))
    for label, differences in off.items():
        yield Row(f"smoothness, {label}, worst", len(differences), "", max(differences), None)


def all_rows() -> Iterator[Row]:
    """Every line of the table, as it becomes known."""
    pool: list[Windows] = []
    for posture in ("supine", "sitting", "standing"):
        if found := list(recordings.wendexd(posture)):
            yield from breathing_rows(f"counted, {posture}", found, pool, is_paced=False)
    for name, load in (("phone", recordings.agatelite), ("deep, phone", recordings.paoli)):
        if found := list(load()):
            yield from breathing_rows(f"paced, {name}", found, pool, is_paced=True)
    for posture in ("sit", "stand"):
        if found := list(recordings.rrhr(posture)):
            yield from belt_rows(found, posture, pool)
    if pool:
        yield from coverage_rows(pool)
    for posture in ("supine", "sitting", "standing"):
        if found := list(recordings.wendexd(posture)):
            yield from heart_rows(posture, found)
    yield from stillness_rows()
    yield from smoothness_rows()
    yield from knee_rows()


def main() -> None:
    """Print the table; with --json also write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    chosen = parser.parse_args()
    if not recordings.DATA.is_dir():
        print(f"No recordings at {recordings.DATA}: nothing to measure.")
        return
    print(HEAD)
    rows = []
    for row in all_rows():
        rows.append(row)
        print(line(row))
    print("* quoted from the keeper of the recordings; the rest computed now.")
    if chosen.json:
        chosen.json.write_text(
            json.dumps([asdict(r) for r in rows], indent=1) + "\n", encoding="utf-8"
        )


def _bins(recording: ChestRecording) -> FloatArray:
    t_s = recording.t_s - recording.t_s[0]
    which = np.floor(t_s * 10 + 1e-9).astype(int)
    count = np.bincount(which).astype(float)
    with np.errstate(invalid="ignore"):
        columns = [np.bincount(which, axis) / count for axis in recording.acc_m_s2.T]
    return np.stack(columns, axis=1)


def _belt_per_min(recording: ChestRecording, end_s: float) -> float:
    t_s = recording.also["belt_t_s"] - recording.t_s[0]
    inside = (t_s >= end_s - WINDOW_S) & (t_s <= end_s)
    if inside.sum() < 0.9 * WINDOW_S * 10:
        return float("nan")
    fs_hz = 1 / float(np.mean(np.diff(t_s[inside])))
    return baselines.spectral_peak_per_min(recording.also["belt_n"][inside], fs_hz)


def _joined(parts: list[Windows]) -> Windows:
    return Windows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _mean_abs(errors: FloatArray) -> float:
    known = errors[np.isfinite(errors)]
    return float(np.abs(known).mean()) if len(known) else float("nan")


def _auc(low: list[float], high: list[float]) -> float:
    a, b = np.array(low)[:, np.newaxis], np.array(high)[np.newaxis]
    return float(((a < b) + 0.5 * (a == b)).mean())


if __name__ == "__main__":
    main()
