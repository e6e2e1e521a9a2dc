"""How the wearer wants to be reached: the `[cues]` of the configuration, and the channels for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from monitor.cues.bell import Bell
from monitor.cues.channel import Channel
from monitor.cues.desktop import Desktop
from monitor.cues.sensor import Sensor
from monitor.cues.speech import Speech
from monitor.cues.terminal import Terminal

ChannelName: TypeAlias = Literal["bell", "speech", "sensor", "desktop", "terminal"]


@dataclass(frozen=True, slots=True)
class CueChoices:
    """What is given how.

    Attributes
    ----------
    alerts : tuple of channel names
        For alerts, the first that works.  ``sensor`` first is the quietest, for who wears one that
        vibrates.
    guidance : tuple of channel names
        For what is said to do next, the first that works.
    speak_alerts : bool
        Whether the words of an alert follow the bell.
    when_corrected : bool
        Whether being right again is answered with a high, soft bell.
    volume : float
        Of bells and speech, 0 to 1.
    """

    alerts: tuple[ChannelName, ...] = ("bell", "terminal")
    guidance: tuple[ChannelName, ...] = ("speech", "bell", "terminal")
    speak_alerts: bool = True
    when_corrected: bool = False
    volume: float = 0.7

    def __post_init__(self) -> None:
        if not 0.0 <= self.volume <= 1.0:
            raise ValueError(f"volume is 0 to 1, not {self.volume:g}")


def channels(volume: float = 1.0) -> dict[ChannelName, Channel]:
    """Every channel there is."""
    return {
        "bell": Bell(volume),
        "speech": Speech(volume),
        "sensor": Sensor(),
        "desktop": Desktop(),
        "terminal": Terminal(),
    }
