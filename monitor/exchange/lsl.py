"""A live bridge to the laboratory: samples, angles and alerts as Lab Streaming Layer outlets.

    backrelease chest            ACC m/s2 (and GYR rad/s)   as they come, each with its own time
    backrelease epochs           knees, breathing ...       one a second, NaN for unknown
    backrelease alerts           Markers                    kind, side and reason

Times are those of the samples, on the clock that every LSL inlet of the same network corrects for.
LSL sends what it is given over the local network to whoever listens: nothing of it starts unless it
is asked for.  By pylsl: https://labstreaminglayer.org
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.results import Epochs, FloatArray
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
    has_gyro : mapping
        Placement to whether its sensor has a gyroscope.
    session : str
        Identifies the streams, so that an inlet finds them again after a drop.
    zero_s : float, optional
        LSL's clock at session second 0; now, when it is not given.

    Raises
    ------
    UserError
        When pylsl is not installed.
    """

    def __init__(
        self, has_gyro: Mapping[str, bool], session: str, *, zero_s: float | None = None
    ) -> None:
        self._lsl: Any = needed("pylsl", "lsl")
        self._zero_s = self._lsl.local_clock() if zero_s is None else zero_s
        self._session = session
        self._samples = {p: self._sensor(p, with_gyro=gyro) for p, gyro in has_gyro.items()}
        self._epochs = self._outlet("epochs", "MoCap", 1.0, list(EPOCH_CHANNELS.items()))
        self._alerts = self._outlet("alerts", "Markers", 0.0, [("alert", "")], words=True)

    def samples(
        self, placement: str, t_s: FloatArray, acc_m_s2: FloatArray, gyr_rad_s: FloatArray | None
    ) -> None:
        """Send samples of one sensor; t_s are session seconds, (n,), the others (n, 3)."""
        outlet, n_channels = self._samples[placement]
        rows = np.full((len(t_s), n_channels), np.nan)
        rows[:, :3] = acc_m_s2
        if gyr_rad_s is not None and n_channels == 6:
            rows[:, 3:] = gyr_rad_s
        for row, at_s in zip(rows.tolist(), t_s.tolist(), strict=True):
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
