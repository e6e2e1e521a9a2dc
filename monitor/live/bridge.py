"""A session seen by another program as it happens: what a view is shown goes to the bridge, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from analysis.results import Epochs
from devices.stream import Samples
from monitor.live.keys import Key
from monitor.live.session import Status, View
from monitor.result import Alert


class Bridge(Protocol):
    """Another program that listens: `monitor.exchange.lsl.LslBridge`."""

    def samples(self, placement: str, samples: Samples) -> None:
        """Take samples of one sensor."""

    def epochs(self, epochs: Epochs) -> None:
        """Take newly final epochs."""

    def alert(self, alert: Alert) -> None:
        """Take an alert."""


@dataclass(frozen=True, slots=True)
class BridgedView:
    """The wearer's view, with a bridge listening in."""

    view: View
    bridge: Bridge

    def say(self, t_s: float, text: str) -> None:
        """Words are for the wearer alone."""
        self.view.say(t_s, text)

    def alert(self, alert: Alert) -> None:
        """Tell both."""
        self.bridge.alert(alert)
        self.view.alert(alert)

    def show(self, status: Status) -> None:
        """Show both."""
        self.bridge.epochs(status.update.epochs)
        self.view.show(status)

    def note(self, text: str) -> None:
        """Notes are for the wearer alone."""
        self.view.note(text)

    def pressed(self) -> Sequence[Key]:
        """Only the wearer has keys."""
        return self.view.pressed()
