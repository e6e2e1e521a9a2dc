"""CSV files in, one session result out: what `analyze` and `import` have in common.

    PLACEMENT=FILE ... --csvfile--> samples --one clock--> analysis --alert rules--> SessionResult

Files have no link to lose, so the only alerts are those that the epochs give; they come from the
same rules as in a live session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.results import Poses, SensorData, SessionAnalysis
from analysis.whole import analyze
from monitor.alerts.rules import alerts_over
from monitor.errors import UserError
from monitor.exchange.csvfile import CsvLimits, CsvSensor, parse_specs, read_csv
from monitor.result import SessionResult

Window = tuple[float, float]

_LATEST_START_S = 3600.0  # a clock that starts later than this is a time of day or a date
_LONGEST_S = 24 * 3600.0
POSE_SLACK_S = 1.0  # a pose may be noted this much outside of the files

Progress = Callable[[str, int, int], None]
"""Told (placement, bytes read, bytes in the file)."""


@dataclass(frozen=True, slots=True, eq=False)
class CsvSession:
    """The files of one session, read and put on one clock.

    `shift_s` was taken off all times; `poses` are on the shifted clock.
    """

    sensors: Mapping[str, CsvSensor]
    poses: Poses
    shift_s: float
    notes: tuple[str, ...]

    @property
    def data(self) -> dict[str, SensorData]:
        """The samples alone, as the analysis takes them."""
        return {placement: sensor.data for placement, sensor in self.sensors.items()}


def read_session(
    specs: Sequence[str],
    *,
    fs_hz: float | None = None,
    straight: Window | None = None,
    bent: Window | None = None,
    slide: Window | None = None,
    limits: CsvLimits | None = None,
    progress: Progress | None = None,
) -> CsvSession:
    """Read ``PLACEMENT=FILE`` words.

    Times are used as they are when the earliest lies in the first hour; otherwise (a date, a time
    of day, before zero) all files are moved so that it becomes 0, and a note says so.

    Raises
    ------
    UserError
        For a file that cannot be used, files on different clocks, or a pose outside the files.
    """
    sensors = {}
    for placement, path in parse_specs(specs).items():
        told = None
        if progress is not None:
            told = _for_placement(progress, placement)
        sensors[placement] = read_csv(placement, path, fs_hz=fs_hz, limits=limits, progress=told)
    begin_s = {p: float(s.data.t_s[0]) for p, s in sensors.items()}
    end_s = {p: float(s.data.t_s[-1]) for p, s in sensors.items()}
    first, last = min(begin_s.values()), max(end_s.values())
    if last - first > _LONGEST_S:
        raise UserError(
            "the files are not on one clock: "
            + ", ".join(f"{p} goes from {begin_s[p]:.0f} to {end_s[p]:.0f} s" for p in sensors),
            hint="time_s must count from the same moment in all of them",
        )
    for name, window in (("straight", straight), ("bent", bent), ("slide", slide)):
        if window is not None and (
            window[0] < first - POSE_SLACK_S or window[1] > last + POSE_SLACK_S
        ):
            raise UserError(
                f"--{name} {window[0]:g}:{window[1]:g} lies outside the files, which go from "
                f"{first:.1f} to {last:.1f} s",
                hint="give the seconds by the time_s of the files",
            )
    shift_s = 0.0 if 0.0 <= first <= _LATEST_START_S else first
    notes = [f"{p}: {note}" for p, s in sensors.items() for note in s.notes]
    if shift_s:
        sensors = {p: _shifted(s, shift_s) for p, s in sensors.items()}
        notes.append(f"second 0 here is time_s {shift_s:.3f} in the files")
    poses = Poses(
        straight_s=_moved(straight, shift_s),
        bent_s=_moved(bent, shift_s),
        slide_s=_moved(slide, shift_s),
    )
    return CsvSession(sensors, poses, shift_s, tuple(notes))


def analyze_session(session: CsvSession, *, started_at: str | None = None) -> SessionResult:
    """Analyse files that were read; what was mended in them is among their sensors' problems."""
    analysis = analyze(session.data, poses=session.poses)
    analysis = _with_file_problems(analysis, session)
    alerts, reference = alerts_over(analysis.epochs, bent_s=session.poses.bent_s)
    names = ", ".join(f"{p} {s.path.name}" for p, s in session.sensors.items())
    return SessionResult(
        analysis=analysis,
        alerts=alerts,
        reference=reference,
        started_at=started_at,
        source=f"CSV files: {names}",
        sensors_worn=dict.fromkeys(session.sensors, "csv"),
    )


def _for_placement(progress: Progress, placement: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(placement, done, total)


def _moved(window: Window | None, shift_s: float) -> Window | None:
    return None if window is None else (window[0] - shift_s, window[1] - shift_s)


def _shifted(sensor: CsvSensor, shift_s: float) -> CsvSensor:
    # A double holds a date to a quarter of a microsecond; what the file wrote is found again.
    t_s = np.round(sensor.data.t_s - shift_s, 6)
    return replace(sensor, data=replace(sensor.data, t_s=t_s))


def _with_file_problems(analysis: SessionAnalysis, session: CsvSession) -> SessionAnalysis:
    sensors = {
        placement: replace(
            summary, problems=(*session.sensors[placement].problems, *summary.problems)
        )
        for placement, summary in analysis.sensors.items()
    }
    return replace(analysis, sensors=sensors, notes=(*analysis.notes, *session.notes))
