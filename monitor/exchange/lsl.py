"""A live bridge to the laboratory: samples, angles and alerts as Lab Streaming Layer outlets.

    backrelease chest            ACC m/s2 (and GYR rad/s)   as they come, each with its own time
    backrelease epochs           knees, breathing ...       one a second, NaN for unknown
    backrelease alerts           Markers                    kind, side and reason

Times are those of the samples, on the clock that every LSL inlet of the same network corrects for.
LSL sends what it is given over the local network to whoever listens: nothing of it starts unless it
is asked for.  By pylsl: https://labstreaminglayer.org
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.results import Epochs
from devices.stream import Samples
from monitor.exchange.session_data import needed
from monitor.result import Alert

EPOCH_CHANNELS = {  # columns of the epochs, and their units
    "knee_left_deg": "deg",
    "knee_right_deg": "deg",
    "breathing_per_min": "1/min",
    "heart_per_min": "1/min",
    "stillness": "0 to 1",
    "relaxation": "0 to 1",
}
_AXES = "xyz"


class LslBridge:
    """Outlets of one session.

    Parameters
    ----------
    session : str
        Identifies the streams, so that an inlet finds them again after a drop.  The stream of a
        sensor begins with its first samples, when it is known whether it has a gyroscope.
    zero_s : float, optional
        LSL's clock at session second 0; now, when it is not given.

    Raises
    ------
    UserError
        When pylsl is not installed.
    """

    def __init__(self, session: str, *, zero_s: float | None = None) -> None:
        self._lsl: Any = needed("pylsl", "lsl")
        self._zero_s = self._lsl.local_clock() if zero_s is None else zero_s
        self._session = session
        self._samples: dict[str, tuple[Any, int]] = {}
        self._epochs = self._outlet("epochs", "MoCap", 1.0, list(EPOCH_CHANNELS.items()))
        self._alerts = self._outlet("alerts", "Markers", 0.0, [("alert", "")], words=True)

    def samples(self, placement: str, samples: Samples) -> None:
        """Send samples of one sensor."""
        if placement not in self._samples:
            has_gyro = samples.gyr_rad_s is not None
            self._samples[placement] = self._sensor(placement, with_gyro=has_gyro)
        outlet, n_channels = self._samples[placement]
        rows = np.full((len(samples.t_s), n_channels), np.nan)
        rows[:, :3] = samples.acc_m_s2
        if samples.gyr_rad_s is not None and n_channels == 6:
            rows[:, 3:] = samples.gyr_rad_s
        for row, at_s in zip(rows.tolist(), samples.t_s.tolist(), strict=True):
            outlet.push_sample(
                row, self._zero_s + at_s
            )  # a chunk has one time, samples have theirs

    def epochs(self, epochs: Epochs) -> None:
        """Send newly final epochs."""
        columns = np.stack([getattr(epochs, name) for name in EPOCH_CHANNELS], axis=1)
        for row, t_s in zip(columns.tolist(), epochs.t_s.tolist(), strict=True):
            self._epochs.push_sample(row, self._zero_s + t_s)

    def alert(self, alert: Alert) -> None:
        """Send an alert as a marker."""
        words = f"{alert.kind} {alert.side}".rstrip() + f": {alert.reason}"
        self._alerts.push_sample([words], self._zero_s + alert.t_s)

    def _sensor(self, placement: str, *, with_gyro: bool) -> tuple[Any, int]:
        channels = [(f"acc_{axis}", "m/s2") for axis in _AXES]
        channels += [(f"gyro_{axis}", "rad/s") for axis in _AXES] if with_gyro else []
        # an irregular rate: Bluetooth loses samples, and every one has its own time
        return self._outlet(placement, "MoCap", 0.0, channels), len(channels)

    def _outlet(
        self,
        name: str,
        kind: str,
        fs_hz: float,
        channels: list[tuple[str, str]],
        *,
        words: bool = False,
    ) -> Any:
        lsl = self._lsl
        info = lsl.StreamInfo(
            f"backrelease {name}",
            kind,
            len(channels),
            fs_hz or lsl.IRREGULAR_RATE,
            lsl.cf_string if words else lsl.cf_double64,
            f"backrelease-{self._session}-{name}",
        )
        listed = info.desc().append_child("channels")
        for label, unit in channels:
            channel = listed.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", unit)
        return lsl.StreamOutlet(info)
