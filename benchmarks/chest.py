"""Breathing and heart against counted breaths, paces, a belt, an electrocardiogram: rows and pairs.

Everything goes the way of the program: samples into `analysis.whole.analyze`, epochs out.  The
peers get more than we take: the whole recording at once, as its first principal component
(`benchmarks.baselines.peer_rates`), and the mean of their rate over the same 30 s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.breathing import whole_recording_rate
from analysis.results import Breath, Epochs, SensorData, SessionAnalysis
from analysis.whole import analyze
from benchmarks import baselines, recordings
from benchmarks.matching import Matched, matched
from benchmarks.recordings import ChestRecording
from benchmarks.table import Row

FloatArray = NDArray[np.float64]

WINDOW_S = 30.0
EVERY_S = 5.0  # a window's error every 5 s: nearer ones are the same breaths again


class Windows(NamedTuple):
    """One entry a window that has a reference; NaN where a side has no answer."""

    truth: FloatArray
    ours: FloatArray
    baseline: FloatArray
    confidence: FloatArray
    neurokit2: FloatArray
    biosppy: FloatArray

    def errors(self, side: str = "ours") -> FloatArray:
        """Of one side, NaN where it has no answer."""
        return np.asarray(getattr(self, side) - self.truth)


@dataclass
class Pairs:
    """What the pictures show: name to (ours, reference), and all breathing windows."""

    of: dict[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)
    windows: list[Windows] = field(default_factory=list)


def chest_analysis(recording: ChestRecording) -> SessionAnalysis:
    """What the program says about one chest sensor, times from the recording's start."""
    t_s = recording.t_s - recording.t_s[0]
    return analyze({"chest": SensorData(t_s, recording.acc_m_s2, recording.gyr_rad_s)})


def chest_epochs(recording: ChestRecording) -> Epochs:
    """Its epochs."""
    return chest_analysis(recording).epochs


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


def windows_of(
    recording: ChestRecording, epochs: Epochs, truth: FloatArray | None = None
) -> Windows:
    """The epochs that end a full window, every 5 s, beside the reference, the crude, the peers."""
    rows = np.flatnonzero((epochs.t_s >= WINDOW_S) & (epochs.t_s % EVERY_S == 0))
    if truth is None:
        truth = np.array([reference_at(recording, epochs.t_s[i]) for i in rows])
    bins = _bins(recording)
    spans = [slice(int(10 * (t - WINDOW_S)), int(10 * t)) for t in epochs.t_s[rows]]
    crude = np.array([baselines.breathing_per_min(bins[span], 10.0) for span in spans])
    peers = []
    for peer in baselines.PEERS:
        told = baselines.peer_per_min(peer, bins, 10.0)
        peers.append(np.array([_mean(told[span]) for span in spans]))
    answerable = np.isfinite(truth)
    columns = (
        truth,
        epochs.breathing_per_min[rows],
        crude,
        epochs.breathing_confidence[rows],
        *peers,
    )
    return Windows(*(np.asarray(c, dtype=float)[answerable] for c in columns))


def breathing_rows(
    name: str, found: list[ChestRecording], pairs: Pairs, *, is_paced: bool
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
        windows.append(windows_of(recording, epochs))
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
    yield from _window_rows(
        f"{name}, 30 s, mean{' (pace)' if is_paced else ''}", windows, pairs, name
    )


def belt_rows(found: list[ChestRecording], posture: str, pairs: Pairs) -> Iterator[Row]:
    """30 s windows against a respiration belt: its spectrum, and breaths marked by a person."""
    by_belt, by_hand = [], []
    for recording in found:
        epochs = chest_epochs(recording)
        by_hand.append(windows_of(recording, epochs))
        rows = np.flatnonzero((epochs.t_s >= WINDOW_S) & (epochs.t_s % EVERY_S == 0))
        belt = np.array([_belt_per_min(recording, epochs.t_s[i]) for i in rows])
        by_belt.append(windows_of(recording, epochs, belt))
    pairs.windows += by_hand
    sides = ("ours", "baseline", *baselines.PEERS)
    known = {side: _coverage(by_belt, side) for side in sides}
    middle = {s: _nanmedian([_mean_abs(w.errors(s)) for w in by_belt]) for s in sides}
    within = {s: 100 * _mean(np.array([_within(w.errors(s)) for w in by_belt])) for s in sides}
    n = len(found)
    for label, unit, value in (("median person", "/min", middle), ("within 2/min", "%", within)):
        what = f"belt, {posture}, 30 s, {label}"
        yield Row(what, n, unit, value["ours"], value["baseline"], "now", known["ours"])
        for peer in baselines.PEERS:
            yield Row(f"  {peer}", n, unit, None, value[peer], peer, known[peer])
    hand = _nanmedian([_mean_abs(w.errors()) for w in by_hand])
    quoted = 0.79 if posture == "sit" else None  # the keeper's figure for sitting
    covered = _coverage(by_hand, "ours")
    yield Row(f"belt, {posture}, 30 s, by hand, median", n, "/min", hand, quoted, "quoted", covered)
    pairs.of[f"breathing, belt, {posture}"] = _known_pairs(by_hand)


def coverage_rows(pairs: Pairs) -> Iterator[Row]:
    """Error of the surest share of all windows: confidence must earn its name."""
    joined = _joined(pairs.windows)
    order = np.argsort(-np.nan_to_num(joined.confidence, nan=-1.0), kind="stable")
    for share in (0.5, 0.7, 0.8, 0.9, 1.0):
        kept = joined.errors()[order[: int(share * len(order))]]
        known = float(np.isfinite(kept).sum() / len(order))
        what = f"all 30 s windows, surest {100 * share:.0f} %"
        yield Row(what, len(kept), "/min", _mean_abs(kept), None, "", known)


def breath_rows(name: str, found: list[ChestRecording]) -> Iterator[Row]:
    """Breath by breath: found among the counted, counted among the found, and their lengths."""
    parts: list[Matched] = []
    covered_s = lasted_s = 0.0
    for recording in found:
        breaths = chest_analysis(recording).breaths
        lasted_s += float(recording.t_s[-1] - recording.t_s[0])
        covered_s += sum(b.end_s - b.start_s for b in breaths)
        counted_s = recording.breaths_s
        if counted_s is not None and len(counted_s) > 2:
            parts += [matched(run, counted_s - recording.t_s[0]) for run in _runs(breaths)]
    coverage = covered_s / lasted_s
    n_true, n_counted = sum(p.n_matched for p in parts), sum(p.n_counted for p in parts)
    n_found = sum(p.n_found for p in parts)
    off_s = np.concatenate([p.length_errors_s for p in parts])
    for label, unit, value in (
        ("found", "%", 100 * n_true / max(n_counted, 1)),
        ("right", "%", 100 * n_true / max(n_found, 1)),
        ("length, 1.96 SD", "s", 1.96 * float(off_s.std())),
    ):
        n = len(off_s) if unit == "s" else n_counted
        yield Row(f"breaths, {name}, {label}", n, unit, value, None, "", coverage)


def heart_rows(posture: str, found: list[ChestRecording], pairs: Pairs) -> Iterator[Row]:
    """Heart rate from the chest's motion against an electrocardiogram, 20 s windows."""
    quoted = {"supine": 1.2, "sitting": 1.8, "standing": 4.2}[posture]
    ours, reference = [], []
    for recording in found:
        epochs = chest_epochs(recording)
        beats_s = np.empty(0) if recording.beats_s is None else recording.beats_s
        beats_s = beats_s - recording.t_s[0]
        for i in np.flatnonzero((epochs.t_s >= 20) & (epochs.t_s % EVERY_S == 0)):
            truth = counted_per_min(beats_s, epochs.t_s[i], 20.0)
            if np.isfinite(truth):
                ours.append(epochs.heart_per_min[i])
                reference.append(truth)
    told, truths = np.array(ours), np.array(reference)
    known = np.isfinite(told)
    pairs.of[f"heart, {posture}"] = told[known], truths[known]
    mean = _mean_abs(told - truths)
    what = f"heart, {posture}, 20 s, mean"
    yield Row(what, len(told), "/min", mean, quoted, "quoted", float(known.mean()))


def oximeter_rows() -> Iterator[Row]:
    """Mean of a quarter of an hour from one coarse axis against an oximeter's 500 s."""
    quoted = {"lying": 0.0, "seated": 1.9, "standing": 2.2}  # medians of its windows
    for recording in recordings.hea():
        epochs = chest_epochs(recording)
        told = _mean(recording.also["oximeter_per_min"])
        first = epochs.t_s <= 500  # if the readings began with the recording
        for label, rates, theirs in (
            ("all", epochs.heart_per_min, quoted[recording.posture]),
            ("500 s", epochs.heart_per_min[first], None),
        ):
            off = abs(_mean(rates) - told)
            known = float(np.isfinite(rates).mean())
            what = f"heart, one axis, {recording.posture}, {label}"
            yield Row(what, 1, "/min", off, theirs, "quoted", known)


def chest_rows(pairs: Pairs) -> Iterator[Row]:
    """Every line about the chest, as it becomes known; kinds that are not there are left out."""
    counted = {p: list(recordings.wendexd(p)) for p in ("supine", "sitting", "standing")}
    paced = {"phone": list(recordings.agatelite()), "deep, phone": list(recordings.paoli())}
    belts = {p: list(recordings.rrhr(p)) for p in ("sit", "stand")}
    counted, paced, belts = ({k: v for k, v in d.items() if v} for d in (counted, paced, belts))
    for posture, found in counted.items():
        yield from breathing_rows(f"counted, {posture}", found, pairs, is_paced=False)
    for name, found in paced.items():
        yield from breathing_rows(f"paced, {name}", found, pairs, is_paced=True)
    for posture, found in belts.items():
        yield from belt_rows(found, posture, pairs)
    if pairs.windows:
        yield from coverage_rows(pairs)
    for posture, found in counted.items():
        yield from breath_rows(f"counted, {posture}", found)
    for posture, found in belts.items():
        yield from breath_rows(f"belt, {posture}", found)
    for posture, found in counted.items():
        yield from heart_rows(posture, found, pairs)
    yield from oximeter_rows()


def _window_rows(what: str, windows: list[Windows], pairs: Pairs, name: str) -> Iterator[Row]:
    pairs.windows += windows
    pairs.of[f"breathing, {name}"] = _known_pairs(windows)
    joined = _joined(windows)
    ours, crude = (_mean_abs(joined.errors(side)) for side in ("ours", "baseline"))
    n = len(joined.truth)
    yield Row(what, n, "/min", ours, crude, "now", _coverage(windows, "ours"))
    for peer in baselines.PEERS:
        mean = _mean_abs(joined.errors(peer))
        yield Row(f"  {peer}", n, "/min", None, mean, peer, _coverage(windows, peer))


def _runs(breaths: tuple[Breath, ...]) -> Iterator[FloatArray]:
    """Beginnings of breaths that follow each other, and the end of the last."""
    run: list[float] = []
    for breath in breaths:
        if run and run[-1] != breath.start_s:
            yield np.array(run)
            run = []
        run = run or [breath.start_s]
        run.append(breath.end_s)
    if run:
        yield np.array(run)


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


def _coverage(parts: list[Windows], side: str) -> float:
    return float(np.isfinite(_joined(parts).errors(side)).mean())


def _known_pairs(parts: list[Windows]) -> tuple[FloatArray, FloatArray]:
    joined = _joined(parts)
    known = np.isfinite(joined.ours)
    return joined.ours[known], joined.truth[known]


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _mean_abs(errors: FloatArray) -> float:
    return _mean(np.abs(errors))


def _nanmedian(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.median(known)) if known else float("nan")


def _within(errors: FloatArray, per_min: float = 2.0) -> float:
    known = errors[np.isfinite(errors)]
    return float((np.abs(known) <= per_min).mean()) if len(known) else float("nan")
