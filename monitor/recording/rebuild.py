"""Make a session's result from its recording alone.

The recording is the only thing that cannot be made again: a session whose program was killed has
no result yet, and a better decoder or measure may want to read an old one once more.
"""

from __future__ import annotations

from pathlib import Path

from monitor import home
from monitor.live.pipeline import LiveSettings
from monitor.recording.reader import read_recording
from monitor.recording.replay import replay
from monitor.result import SessionResult


def rebuild_result(folder: Path, settings: LiveSettings | None = None) -> SessionResult:
    """Read the recording in a session's folder and analyse it again.

    Raises
    ------
    UserError
        When the folder holds no readable recording.
    """
    return replay(read_recording(folder / home.RECORDING_NAME), settings).result
