"""A CSV recording played by virtual sensors through the whole live path.

    PLACEMENT=FILE.csv --> MotionTrack --> virtual sensor --> virtual radio --> a session

The files' second 0 is session second `LEAD_S`, because sensors need a moment to connect; before
that a virtual sensor repeats its first value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from analysis.results import Poses, SensorData
from devices.driver import StreamRequest
from devices.virtual.peripheral import MotionTrack, Peripheral
from devices.virtual.wearer import SensorKind, peripheral_for
from monitor.errors import UserError
from monitor.live import LiveSettings
from monitor.schedule import Course, PoseWindow
from monitor.session import SessionEnd, View
from monitor.virtual_run import RadioKind, VirtualSession, play

LEAD_S = 5.0  # scan, connection and start conversation take about 4 s
_TAIL_S = 0.5  # the last samples are still on their way when the files end
_FASTEST_HZ = 100.0  # what both virtual sensors offer


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A recording as virtual sensors.

    `n_left_out` counts rows by placement that no sensor can send: unknown values, and times that
    do not rise.  There a virtual sensor sends its nearest known value.
    """

    peripherals: Mapping[str, Peripheral]
    duration_s: float
    fs_hz: float
    n_left_out: Mapping[str, int]


def as_sensors(
    sensors: Mapping[str, SensorData], kinds: Mapping[str, SensorKind] | None = None
) -> Played:
    """Virtual sensors that play a recording.

    Parameters
    ----------
    sensors
        Placement to samples, on one clock.
    kinds
        Which sensor plays a placement; by default a Polar H10 at the chest and a WitMotion
        elsewhere.

    Raises
    ------
    UserError
        When a sensor has no usable row.
    """
    peripherals: dict[str, Peripheral] = {}
    left_out: dict[str, int] = {}
    rates_hz: list[float] = []
    for number, (placement, data) in enumerate(sensors.items(), 1):
        track, left_out[placement] = _track(placement, data)
        rates_hz.append((track.t_s.size - 1) / max(float(np.ptp(track.t_s)), 1e-9))
        kind = (kinds or {}).get(placement, "polar_h10" if placement == "chest" else "witmotion")
        name = f"Polar H10 5EED000{number}" if kind == "polar_h10" else f"WT901BLE9{number}"
        peripherals[placement] = peripheral_for(track, kind, name)
    end_s = max(float(d.t_s[-1]) for d in sensors.values())
    return Played(peripherals, end_s + LEAD_S, min(max(rates_hz), _FASTEST_HZ), left_out)


def play_csv(
    played: Played,
    poses: Poses,
    view: View,
    wall_clock: Callable[[], datetime],
    *,
    source: str,
    radio: RadioKind = "auto",
    speed: float | None = None,
) -> tuple[SessionEnd, Path]:
    """Run the recording as a session, with the poses at their times in the files."""
    windows = [("straight", poses.straight_s), ("bent", poses.bent_s)]
    session = VirtualSession(
        peripherals=played.peripherals,
        course=Course(
            start_s=0.0,
            end_s=played.duration_s + _TAIL_S,
            cues=(),
            poses=tuple(
                PoseWindow(name, held_s[0] + LEAD_S, held_s[1] + LEAD_S)
                for name, held_s in windows
                if held_s is not None
            ),
        ),
        source=source,
        settings=LiveSettings(assume_nominal=poses == Poses()),
        request=StreamRequest(fs_hz=played.fs_hz),
        speed=speed,
        radio=radio,
    )
    return play(session, view, wall_clock)


def _track(placement: str, data: SensorData) -> tuple[MotionTrack, int]:
    """Rows that a sensor can send, in session time, and how many were left out."""
    known = np.isfinite(data.t_s) & np.isfinite(data.acc_m_s2).all(axis=1)
    if data.gyr_rad_s is not None:
        known &= np.isfinite(data.gyr_rad_s).all(axis=1)
    rows = np.flatnonzero(known)
    latest = np.maximum.accumulate(data.t_s[rows])
    rows = rows[np.concatenate(([True], np.diff(latest) > 0.0))] if len(rows) else rows
    if len(rows) < 2:
        raise UserError(
            f"{placement}: {len(rows)} of {len(data.t_s)} rows can be played",
            hint="A recording needs at least two rows of numbers whose times rise.",
        )
    gyr_rad_s = None if data.gyr_rad_s is None else data.gyr_rad_s[rows]
    track = MotionTrack(data.t_s[rows] + LEAD_S, data.acc_m_s2[rows], gyr_rad_s, np.empty(0))
    return track, len(data.t_s) - len(rows)
