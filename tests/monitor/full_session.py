"""A plausible session in which everything is filled: twenty minutes, five sensors, one hole.

Made from formulas, so that a test can say what a figure must show.  What `unknown` names is left
as a session without it would have it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from analysis.phases import in_phase
from analysis.relaxation import relaxation
from analysis.results import (
    Breath,
    Epochs,
    Finish,
    FloatArray,
    Movement,
    Phase,
    Position,
    SensorSummary,
    SessionAnalysis,
)
from analysis.summary import summarise
from monitor.report.spectrogram import Spectrogram
from monitor.result import Alert, Gap, LedgerEntry, Reference, SessionResult
from monitor.session_notes import Rating, SessionNotes

SAID = SessionNotes(
    before=Rating(comfort=4, calm=5),
    after=Rating(comfort=7, calm=8),
    tags=("evening", "after work"),
    text="My lower back let go about half way.\nThe left knee wanted to fall out.",
)

_PHASES = (
    Phase("straight", 0, 35), Phase("settling", 35, 90), Phase("rest", 90, 420),
    Phase("extra", 420, 470), Phase("rest", 470, 1110), Phase("rolling", 1110, 1130),
    Phase("kneeling", 1130, 1160), Phase("standing", 1160, 1200),
)  # fmt: skip
_LEGS = ("left_thigh", "left_shank", "right_thigh", "right_shank")


def full_session(seed: int = 7) -> SessionResult:
    """Everything known, but for the sixty seconds in which the right shank was not heard."""
    chance = np.random.default_rng(seed)
    epochs = _epochs(chance)
    breaths = tuple(_breaths(chance))
    phases = _PHASES
    drift = Alert(
        641.0, "knee_drift", "left", 79.0, 90.2,
        "The left knee is at 79 degrees, 11 straighter than your own 90, and stayed more than 8 away for 10 s.",
    )  # fmt: skip
    again = replace(
        drift, t_s=980.0, value=100.0,
        reason="The left knee is at 100 degrees, 10 more bent than your own 90, and stayed more than 8 away for 10 s.",
    )  # fmt: skip
    lost = Alert(
        760.0, "sensor_lost", "right", None, None, "The right shank was not heard for 5 s."
    )
    analysis = SessionAnalysis(
        duration_s=1200.0,
        sensors={"chest": SensorSummary(50.0, 60_000, 40, 0.999)}
        | {
            p: SensorSummary(
                52.0, 62_300, 0 if p != "right_shank" else 3120,
                0.95 if p == "right_shank" else 1.0,
                ("The strap slipped once, at 13:40.",) if p == "right_shank" else (),
            )
            for p in _LEGS
        },
        phases=phases,
        epochs=epochs,
        movements=_movements(),
        summary=summarise(epochs, phases, breaths),
        notes=("Heart rate is from the heart-rate sensor's own beats.",),
        positions=(
            Position("supine", 0, 1112), Position("left", 1112, 1132),
            Position("prone", 1132, 1150), Position("upright", 1150, 1200),
        ),
        breaths=breaths,
        finish=Finish(
            1110.0, 1172.0, 1110.0, 1130.0, 1160.0, 64.0, hurried=False,
            reason="Getting up took 62 s, the trunk turning at up to 64 deg/s: unhurried.",
        ),
    )  # fmt: skip
    return SessionResult(
        analysis=analysis,
        alerts=(drift, lost, again),
        reference=Reference(90.2, 88.4),
        gaps=(Gap("right_shank", 755.0, 815.0, "out of range"),),
        started_at="2026-03-01T18:30:05+01:00",
        source="made from formulas for a test",
        sensors_worn={"chest": "polar_h10"} | dict.fromkeys(_LEGS, "movella_dot"),
        loss_by={"chest": "estimated"},
        ledger=(
            LedgerEntry(drift, "knee drift", 10.0, 0, 641.0, "", 688.0),
            LedgerEntry(lost, "silence", 5.0, 0, None, "snoozed until 13:00", 815.0),
            LedgerEntry(again, "knee drift", 10.0, 1, 982.0, "", None),
        ),
    )


def chest_spectrogram() -> Spectrogram:
    """A breath's band, two bands of the heart, and a hole."""
    edges_hz = np.geomspace(0.05, 20.0, 69)
    middle_hz = np.sqrt(edges_hz[:-1] * edges_hz[1:])
    t_s = np.arange(20.0, 1180.0, 10.0)
    power = np.zeros((len(t_s), len(middle_hz)))
    for hz, wide, high in ((0.2, 0.08, 40.0), (1.05, 0.04, 14.0), (9.0, 0.25, 18.0)):
        power += high * np.exp(-(np.log(middle_hz / hz) ** 2) / (2 * wide**2))
    power -= 70.0 + 8.0 * np.log10(middle_hz)
    power[75:80] = np.nan
    return Spectrogram(t_s, edges_hz, power)


def _epochs(chance: np.random.Generator) -> Epochs:
    t_s = np.arange(1.0, 1201.0)
    lying = t_s <= 1110

    def slow(size: float) -> FloatArray:
        steps = chance.normal(0, 1, len(t_s)).cumsum()
        return size * (steps - np.linspace(0, steps[-1], len(t_s))) / steps.std()

    bent = np.interp(t_s, [0, 35, 60, 1110, 1125, 1160, 1172], [2, 2, 90, 90, 110, 95, 4])
    extra = 40 * np.exp(-(((t_s - 432) / 6) ** 2))
    drifted = np.interp(t_s, [600, 640, 660, 690, 940, 970], [0, -11, -11, 0, 0, 10])
    left = bent + slow(0.8) + np.where(lying, drifted, 0.0)
    right = bent - 1.8 + slow(0.6) + extra
    hole = (t_s > 755) & (t_s <= 815)
    moving = ~in_phase(t_s, _PHASES, "rest")
    settled = np.exp(-t_s / 400)
    restless = np.clip(
        chance.normal(0.97, 0.05, len(t_s)) - 0.5 * (chance.random(len(t_s)) < 0.02), 0, 1
    )
    epochs = replace(
        Epochs.unknown(t_s),
        stillness=np.where(moving, restless * 0.3, restless),
        movement_mg=np.where(moving, 60.0, 1.5) * np.exp(chance.normal(0, 0.3, len(t_s))),
        breathing_per_min=np.where(moving | (t_s < 102), np.nan, 10.5 + 4.0 * settled + slow(0.4)),
        breathing_confidence=np.clip(0.9 + slow(0.12), 0, 1),
        heart_per_min=60.0 + 10.0 * settled + slow(0.8) + np.where(t_s > 1110, 14.0, 0.0),
        heart_confidence=np.where(np.abs(t_s - 500) < 60, 0.5, 0.95),
        trunk_tilt_deg=np.interp(
            t_s, [0, 1110, 1122, 1132, 1150, 1158, 1166], [1, 1, 84, 84, 60, 88, 91]
        ),
        knee_left_deg=left,
        knee_right_deg=np.where(hole, np.nan, right),
        lean_left_deg=1.5 + slow(0.9) - np.where(lying, drifted, 0.0) / 3,
        lean_right_deg=np.where(hole, np.nan, -0.8 + slow(0.6)),
        posture_drift_deg=np.where(in_phase(t_s, _PHASES, "rest"), 1.2 * (1 - settled), np.nan),
        drowsy=np.where(moving, np.nan, np.interp(t_s, [90, 700, 900, 1110], [0, 0.15, 0.7, 0.3])),
    )  # fmt: skip
    return replace(epochs, relaxation=relaxation(epochs))


def _breaths(chance: np.random.Generator) -> list[Breath]:
    found, start_s = [], 103.0
    while start_s < 1100.0:
        took_s = (
            60.0 / (10.5 + 4.0 * np.exp(-start_s / 400)) * float(np.exp(chance.normal(0, 0.09)))
        )
        depth = 1.1 * float(np.exp(chance.normal(0, 0.15)))
        if not 418 < start_s < 474:
            sigh = len(found) % 57 == 50
            found.append(
                Breath(
                    start_s, start_s + took_s, depth * (2.6 if sigh else 1.0),
                    "sigh" if sigh else "breath", 0.18 * took_s + 0.2 * float(chance.random()),
                )
            )  # fmt: skip
        start_s += took_s
    return found


def _movements() -> tuple[Movement, ...]:
    rows = (
        ("left_thigh", 38.0, 46.0, "out", -1.58, 42.0, 14.0),
        ("right_thigh", 47.0, 55.0, "out", -1.61, 43.0, 13.0),
        ("right_thigh", 424.0, 431.0, "knee_draw", -1.55, 71.0, 24.0),
        ("right_thigh", 438.0, 444.0, "knee_return", -1.92, 70.0, 31.0),
        ("head", 455.0, 459.0, "head_lift", -1.60, 28.0, 12.0),
        ("head", 463.0, 467.0, "head_return", None, 28.0, 12.0),
        ("chest", 1110.0, 1122.0, "roll", -1.70, 83.0, 22.0),
        ("chest", 1132.0, 1150.0, "kneel", -2.60, 96.0, 64.0),
        ("chest", 1158.0, 1166.0, "stand", -1.80, 40.0, 41.0),
    )
    return tuple(
        Movement(p, a, b, kind, cast("float | None", sparc), -6.3, turned, speed)
        for p, a, b, kind, sparc, turned, speed in rows
    )
