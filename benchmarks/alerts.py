"""Which rule cues less and corrects more, and is every real drift cued soon, and nothing else.

    python benchmarks/alerts.py rules   [--sessions 200]    threshold against exposure, epochs only
    python benchmarks/alerts.py body    [--sessions 200]    the simulated body, through the analysis
    python benchmarks/alerts.py latency [--minutes 3] [--stall 0.2]    in real time, memory radio

`rules` simulates what a knee's epochs look like: in-tolerance wander (3 deg SD, 60 s), fidgets, 1 deg
of noise, and true drifts of 12 deg that last until the wearer, told or not, puts them right.
`body` lets a body lie, drift and fidget, and sends what its sensors feel through analysis, rules
and engine, with the defaults of a session.  `latency` runs whole sessions, with a rule that cues
nearly every second, and a disk that stalls.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, from anywhere

from analysis.results import Poses
from analysis.session import AnalysisSettings, SessionAnalyzer
from devices.simulated.body import Body, BodySettings
from devices.simulated.imu import feel
from devices.simulated.script import PhaseSpan, Script, fidgets, knee_draw, knee_drift
from devices.simulated.script import session_script as default_script
from devices.simulated.smooth import Move
from devices.virtual.wearer import H10, WITMOTION
from monitor.alerts.engine import AlertEngine
from monitor.alerts.excursion import Excursion, ExcursionLimits
from monitor.alerts.rules import EpochRules
from monitor.alerts.settings import AlertSettings
from monitor.live.pipeline import STEP_S, TELL_AFTER_S
from monitor.result import Alert

WANDER_DEG, WANDER_TAU_S, NOISE_DEG, DRIFT_DEG = 3.0, 60.0, 1.0, 12.0
OUT_DEG = 8.0
DUE_WITHIN_S = 30.0  # after the drift is complete


# --- the rules, on epochs ------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """One simulated session: cues, seconds from the drift to its cue, seconds out of tolerance."""

    n_cues: int
    delay_s: float | None
    out_s: int


def knee_session(
    seed: int, limits: ExcursionLimits, *, drifts: bool, ramp_s: float = 10.0, n: int = 900
) -> Outcome:
    """One knee for a quarter of an hour; who is told puts it right within three to seven seconds."""
    rng = np.random.default_rng(seed)
    keep = math.exp(-1.0 / WANDER_TAU_S)
    steps = rng.normal(0.0, WANDER_DEG * math.sqrt(1.0 - keep**2), n)
    noise = rng.normal(0.0, NOISE_DEG, n)
    fidget = np.zeros(n, dtype=bool)
    for at in np.flatnonzero(rng.random(n) < 1.0 / 60.0):
        fidget[at : at + rng.integers(1, 4)] = True
    swing = rng.normal(0.0, 8.0, n) * fidget
    frozen = fidget & (rng.random(n) < 0.7)  # stillness sees most fidgets, not all
    on_s = int(rng.integers(120, n - 240)) if drifts else n
    way, takes_s = rng.choice([-1.0, 1.0]), int(rng.integers(3, 8))
    rule = Excursion(limits)
    wander, is_over, right_s, out_s = rng.normal(0.0, WANDER_DEG), False, -1, 0
    cues: list[int] = []
    for t in range(n):
        wander = keep * wander + steps[t]
        share = 0.0 if is_over else float(np.clip((t - on_s) / ramp_s, 0.0, 1.0))
        is_over = is_over or t > on_s + 180  # put right though nobody said so
        off_deg = (1.0 - share) * wander + share * way * DRIFT_DEG
        out_s += abs(off_deg) > OUT_DEG
        told = rule.update(float(t), off_deg + noise[t] + swing[t], frozen=bool(frozen[t]))
        if told == "away":
            cues.append(t)
            right_s = t + takes_s
        if t == right_s:
            wander, is_over = rng.normal(0.0, 1.0), is_over or t >= on_s
    after = [t - on_s for t in cues if t >= on_s]
    in_time = bool(after) and after[0] <= ramp_s + DUE_WITHIN_S
    return Outcome(len(cues), float(after[0]) if in_time else None, int(out_s))


def rules(n_sessions: int) -> None:
    """Print how each rule does with nothing due, and with one drift in each session."""
    print(f"{n_sessions} knees of 15 min each way")
    print(
        "rule                          none due: cues, p95 | drift: cues missed  delay s  p95  out s"
    )
    tried = {
        "threshold 8 deg, 5 s": ExcursionLimits(evidence="threshold", dwell_s=5.0),
        "threshold 8 deg, 10 s": ExcursionLimits(evidence="threshold", dwell_s=10.0),
        "threshold 8 deg, 15 s": ExcursionLimits(evidence="threshold", dwell_s=15.0),
        "exposure 8 deg, 10 deg s": ExcursionLimits(exposure_deg_s=10.0),
        "exposure 8 deg, 20 deg s *": ExcursionLimits(),
        "exposure 8 deg, 30 deg s": ExcursionLimits(exposure_deg_s=30.0),
        "exposure 8 deg, 40 deg s": ExcursionLimits(exposure_deg_s=40.0),
        "exposure 6 deg, 40 deg s": ExcursionLimits(enter_deg=6.0, exposure_deg_s=40.0),
    }
    for name, limits in tried.items():
        calm = [knee_session(s, limits, drifts=False).n_cues for s in range(n_sessions)]
        seen = [knee_session(s, limits, drifts=True) for s in range(n_sessions)]
        delays = [o.delay_s for o in seen if o.delay_s is not None]
        print(
            f"{name:<28} {np.mean(calm):10.2f} {np.percentile(calm, 95):5.0f}    |"
            f"{np.mean([o.n_cues for o in seen]):11.2f} {len(seen) - len(delays):6d} "
            f"{np.median(delays):8.0f} {np.percentile(delays, 95):4.0f} "
            f"{np.mean([o.out_s for o in seen]):6.1f}"
        )
    print("* the default")


# --- the body, through the analysis ----------------------------------------------------------------


def drifting_script(seed: int, *, drifts: bool, duration_s: float = 420.0) -> Script:
    """Poses, rest with fidgets, an extra, and perhaps one drift of 12 deg that is held for 30 s."""
    rng = np.random.default_rng([seed, 11])
    plain = default_script(duration_s, seed=seed)
    moves = [m for m in plain.moves if m.start_s < 40.0]
    episodes = []
    sides, start_s = rng.permutation(["left", "right"]), float(rng.uniform(150.0, 220.0))
    planned = [knee_draw(str(sides[0]), 320.0)]
    if drifts:
        way = float(rng.choice([-DRIFT_DEG, DRIFT_DEG]))
        planned.append(knee_drift(str(sides[1]), start_s, way, held_s=30.0))
    for episode, its_moves in planned:
        episodes.append(episode)
        moves += its_moves
    for episode, its_moves in fidgets(46.0, duration_s - 5.0, seed, keep_clear=episodes):
        episodes.append(episode)
        moves += its_moves
    phases = (PhaseSpan("straight", 0.0), PhaseSpan("settling", 19.5), PhaseSpan("rest", 63.0))
    kept: tuple[Move, ...] = tuple(moves)
    return replace(plain, moves=kept, episodes=tuple(episodes), phases=phases)


@dataclass(frozen=True)
class Lived:
    """One session of a body.

    `n_undue` are cues about a leg that was within the rule's limit of its own true median;
    `delay_s` is from the drift's onset to its cue, None when it was missed or there was none.
    """

    n_cues: int
    n_undue: int
    delay_s: float | None


def lived(seed: int, *, drifts: bool, sway_deg: float, fs_hz: float = 50.0) -> Lived:
    """Let a body live through a session."""
    script = drifting_script(seed, drifts=drifts)
    body = Body(script, BodySettings(sway_deg=sway_deg), seed=seed)
    poses = Poses(script.straight_s, script.bent_s)
    worn = ("chest", "left_thigh", "left_shank", "right_thigh", "right_shank")
    analyzer = SessionAnalyzer(worn, AnalysisSettings(assume_nominal=False), poses=poses)
    for k, placement in enumerate(worn):
        sensor = replace(H10 if placement == "chest" else WITMOTION, fs_hz=fs_hz)
        felt = feel(body, placement, sensor, seed=100 * seed + k)
        analyzer.feed(placement, felt.t_s, felt.acc_m_s2, felt.gyr_rad_s)
    epochs = analyzer.finish().epochs
    settings = AlertSettings()
    judge, engine = EpochRules(settings), AlertEngine(settings)
    judge.bent_until(script.bent_s[1])
    cues: list[tuple[float, Alert]] = []
    for k in range(len(epochs)):
        found = judge.judge(epochs[k : k + 1])
        due_s = float(epochs.t_s[k]) + STEP_S + TELL_AFTER_S  # as in the pipeline
        told = engine.step(due_s, found, can_see=not judge.is_frozen)
        cues += [(due_s, t.alert) for t in told if t.message.kind == "alert" and t.alert]
    onset = [e for e in script.episodes if e.kind == "drift"]
    after = [g - onset[0].start_s for g, _ in cues if onset and g >= onset[0].start_s]
    in_time = bool(after) and onset[0].start_s + after[0] <= onset[0].end_s
    n_undue = sum(not _is_due(body, alert, settings) for _, alert in cues)
    return Lived(len(cues), n_undue, after[0] if in_time else None)


def _is_due(body: Body, alert: Alert, settings: AlertSettings) -> bool:
    """Whether the leg really was away when the rule was satisfied."""
    what, limits = ("knee", settings) if alert.kind == "knee_drift" else ("lean", settings.lean)
    if not alert.side:
        return False
    t_s = np.append(np.arange(70.0, body.script.duration_s - 5.0), alert.t_s - 0.5)
    t_s.sort()
    true_deg = getattr(body.truth(t_s), f"{what}_{alert.side}_deg")
    now_deg = true_deg[np.searchsorted(t_s, alert.t_s - 0.5)]
    return bool(abs(now_deg - np.median(true_deg)) > limits.enter_deg)


def body(n_sessions: int) -> None:
    """Print what a body's drifts lead to, and what nothing leads to."""
    for sway_deg in (0.4, 3.0):
        calm = [lived(s, drifts=False, sway_deg=sway_deg) for s in range(n_sessions)]
        n = [x.n_cues for x in calm]
        undue = [x.n_undue for x in calm]
        print(
            f"sway {sway_deg:g} deg, no drift, {n_sessions} sessions of 7 min: {np.mean(n):.2f} "
            f"cues a session, p95 {np.percentile(n, 95):.0f}, most {max(n)}; of them undue "
            f"{np.mean(undue):.2f}, p95 {np.percentile(undue, 95):.0f}, most {max(undue)}",
            flush=True,
        )
    for sway_deg in (0.4, 1.5):
        seen = [lived(s, drifts=True, sway_deg=sway_deg) for s in range(n_sessions)]
        delays = [x.delay_s for x in seen if x.delay_s is not None]
        print(
            f"sway {sway_deg:g} deg, a drift of 12 deg (20 s to get there, held 30 s), "
            f"{n_sessions} sessions: {len(delays)} cued, {np.median(delays):.1f} s after its onset "
            f"(p95 {np.percentile(delays, 95):.1f}, most {max(delays):.1f}); "
            f"{np.mean([x.n_cues for x in seen]):.2f} cues a session",
            flush=True,
        )


# --- how late, in real time ---------------------------------------------------------------------


def latency(minutes: float, stall_s: float) -> None:
    """Print how late after its moment each cue was given, in a session that runs in real time."""
    from devices.link import scan  # noqa: PLC0415
    from devices.virtual.memory_radio import MemoryRadio  # noqa: PLC0415
    from devices.virtual.wearer import dressed  # noqa: PLC0415
    from monitor.live.assignment import all_found, assign  # noqa: PLC0415
    from monitor.live.fixed_course import FixedCourse  # noqa: PLC0415
    from monitor.live.pipeline import LivePipeline, LiveSettings  # noqa: PLC0415
    from monitor.live.session import Session, SessionPlan  # noqa: PLC0415
    from monitor.live.steps import Mark  # noqa: PLC0415
    from monitor.recording.format import RecordedSensor, SessionHeader  # noqa: PLC0415
    from monitor.recording.reader import read_recording  # noqa: PLC0415
    from monitor.recording.writer import Recorder  # noqa: PLC0415
    from monitor.screen.view import PlainView  # noqa: PLC0415

    wearer = dressed(
        Body(default_script(60.0 * minutes, seed=1), seed=1), frames_per_notification=None
    )
    eager = AlertSettings(
        enter_deg=0.02, leave_deg=0.01, exposure_deg_s=0.0, refractory_s=0.0, lowpass_s=0.01,
        budget_min=0.0, levels=10**6, off=("sensor_lost",),
    )  # fmt: skip

    def slow_sync(descriptor: int) -> None:
        time.sleep(stall_s)
        os.fsync(descriptor)

    async def run(folder: str) -> None:
        loop = asyncio.get_running_loop()
        t_zero_s = loop.time()
        radio = MemoryRadio(list(wearer.sensors.values()), t_zero_s=t_zero_s).radio()
        wanted = {p: x.advert.address for p, x in wearer.sensors.items()}
        found = await scan(1.0, radio, lambda seen: all_found(wanted, seen))
        poses = (Mark("straight", 5.0, 15.0), Mark("bent", 30.0, 40.0))
        course = FixedCourse(60.0 * minutes, poses)
        plan = SessionPlan(assign(wanted, found), radio, course=course)
        header = SessionHeader(
            datetime.now(UTC).isoformat(), time.time_ns(),
            {p: RecordedSensor(p, "", f.driver.name) for p, f in plan.sensors.items() if f.driver},
            "benchmark", True, {}, "",
        )  # fmt: skip
        recorder = Recorder(Path(folder) / "recording.mcap", header, sync=slow_sync)
        pipeline = LivePipeline(tuple(plan.sensors), settings=LiveSettings(alerts=eager))
        session = Session(
            plan, recorder, pipeline, PlainView(lambda _line: None), t_zero_s=t_zero_s
        )
        await session.run(asyncio.Event())

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))
        recording = read_recording(Path(folder) / "recording.mcap")
    told = [e for e in recording.events if e.kind == "told"]
    late_ms = 1000.0 * np.array([e.details["late_s"] for e in told])
    arrivals = np.sort([n.t_arrival_s for p in wearer.sensors for n in recording.notifications(p)])
    due_s = np.array([e.t_s for e in told]) - late_ms / 1000.0
    last_s = arrivals[np.searchsorted(arrivals, due_s) - 1]
    print(
        f"{minutes:g} min in real time, each sync of the disk {1000 * stall_s:g} ms late: "
        f"{len(told)} cues; from the moment each was due to Cues.give: median "
        f"{np.median(late_ms):.1f} ms, p95 {np.percentile(late_ms, 95):.1f}, p99 "
        f"{np.percentile(late_ms, 99):.1f}, most {late_ms.max():.1f}; the last notification before "
        f"that moment had come {1000 * np.median(due_s - last_s):.1f} ms earlier (median)"
    )


def main() -> None:
    """Run the part that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("rules", "body", "latency"))
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--stall", type=float, default=0.2)
    chosen = parser.parse_args()
    if chosen.part == "rules":
        rules(chosen.sessions)
    elif chosen.part == "body":
        body(chosen.sessions)
    else:
        latency(chosen.minutes, chosen.stall)


if __name__ == "__main__":
    main()
