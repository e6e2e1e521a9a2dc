"""A CSV recording played by virtual sensors through the whole live path.

    PLACEMENT=FILE.csv --> MotionTrack --> virtual sensor --> virtual radio --> a session

The files' second 0 is session second `LEAD_S`, because sensors need a moment to connect.  Where
the recording has nothing a virtual sensor is silent: before its first row, after its last, in its
gaps, at rows that are unknown.  What that looks like is the live path's own business: a sensor with
a clock shows every hole, one without shows those over 2 s, and after 5 s the link asks what is the
matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.results import Poses, SensorData
from devices.driver import StreamRequest
from devices.link import LinkSettings
from devices.virtual.peripheral import MotionTrack, Peripheral
from devices.virtual.wearer import SensorKind, peripheral_for
from monitor.errors import UserError
from monitor.live.fixed_course import FixedCourse
from monitor.live.pipeline import LiveSettings
from monitor.live.session import SessionEnd, View
from monitor.live.steps import Mark
from monitor.live.virtual_run import RadioKind, VirtualSession, play

LEAD_S = 5.0  # scan, connection and start conversation take about 4 s
_TAIL_S = 0.5  # the last samples are still on their way when the files end
_FASTEST_HZ = 100.0  # what both virtual sensors offer
_GAP_S = 1.0  # what is longer is a pause, not uneven sampling...
_GAP_STEPS = 2.5  # ...unless the file is that slow
_NAMES = {
    "polar_h10": "Polar H10 5EED000",
    "witmotion": "WT901BLE9",
    "movesense": "Movesense 5EED000",
}


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A recording as virtual sensors.

    `n_left_out` counts rows by placement that no sensor can send: unknown values, where a virtual
    sensor is silent, and times that do not rise.
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
        kind = (kinds or {}).get(placement, "polar_h10" if placement == "chest" else "witmotion")
        track, fs_hz, left_out[placement] = _track(placement, data, kind)
        rates_hz.append(fs_hz)
        name = f"{_NAMES[kind]}{number}"
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
        course=FixedCourse(
            played.duration_s + _TAIL_S,
            tuple(
                Mark(name, held_s[0] + LEAD_S, held_s[1] + LEAD_S)
                for name, held_s in windows
                if held_s is not None
            ),
        ),
        source=source,
        settings=LiveSettings(assume_nominal=poses == Poses()),
        request=StreamRequest(fs_hz=played.fs_hz),
        link=LinkSettings(silence_s=LEAD_S),  # the silence before the recording is no fault
        speed=speed,
        radio=radio,
    )
    return play(session, view, wall_clock)


def _track(placement: str, data: SensorData, kind: SensorKind) -> tuple[MotionTrack, float, int]:
    """What a sensor can send, in session time; its rate; and how many rows were left out."""
    gyr_rad_s = None if kind == "polar_h10" else data.gyr_rad_s
    columns = data.acc_m_s2 if gyr_rad_s is None else np.hstack([data.acc_m_s2, gyr_rad_s])
    known: NDArray[np.bool_] = np.all(np.isfinite(columns), axis=1)
    rows = np.flatnonzero(np.isfinite(data.t_s))
    latest = np.maximum.accumulate(data.t_s[rows])
    rows = rows[np.diff(latest, prepend=-np.inf) > 0.0]
    n_known = int(known[rows].sum())
    if n_known < 2:
        raise UserError(
            f"{placement}: {n_known} of {len(data.t_s)} rows can be played",
            hint="A recording needs at least two rows of numbers whose times rise.",
        )
    t_s, known = data.t_s[rows] + LEAD_S, known[rows]
    values = np.where(known[:, None], columns[rows], np.nan)
    steps_s = np.diff(t_s)
    typical_s = float(np.median(steps_s))
    pauses = np.flatnonzero(steps_s > max(_GAP_S, _GAP_STEPS * typical_s))
    # A row of NaN one step outside of what was recorded: there the silence begins and ends.
    begins = np.concatenate([t_s[pauses], t_s[-1:]]) + typical_s
    ends = np.concatenate([t_s[:1], t_s[pauses + 1]]) - typical_s
    at = np.concatenate([pauses + 1, [len(t_s)], [0], pauses + 1])
    order = np.lexsort((np.concatenate([begins, ends]), at))
    silent_s = np.concatenate([begins, ends])[order]
    track_t_s = np.insert(t_s, at[order], silent_s)
    values = np.insert(values, at[order], np.nan, axis=0)
    track = MotionTrack(
        track_t_s, values[:, :3], None if gyr_rad_s is None else values[:, 3:], np.empty(0)
    )
    sampled_s = float(np.delete(steps_s, pauses).sum())
    fs_hz = (len(steps_s) - len(pauses)) / max(sampled_s, 1e-9)
    return track, fs_hz, len(data.t_s) - n_known
