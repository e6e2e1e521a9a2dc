"""Which sensor is worn where, told by tapping: a state machine that is told of taps.

asked for the chest --a free sensor tapped--> asked for the left thigh --...--> done
                    --next-->  this placement stays empty
                    --back-->  the last answer is taken back
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.results import PLACEMENTS

PLACES = {
    "chest": "around your chest, just below the breast",
    "left_thigh": "around your left thigh, a hand above the knee",
    "left_shank": "around your left lower leg, a hand below the knee",
    "right_thigh": "around your right thigh, a hand above the knee",
    "right_shank": "around your right lower leg, a hand below the knee",
    "head": "on your forehead, its x arrow towards the crown",
}
STRAPS = (
    "Straps sit firm but comfortable, the sensor flat on the body. Any way round will do: each "
    "session finds out by itself."
)


class TapAssignment:
    """Asks for one placement after the other.

    Parameters
    ----------
    sensors : sequence of str
        Addresses of the sensors that may be tapped.

    Examples
    --------
    >>> asked = TapAssignment(["A1", "B2"])
    >>> asked.tapped("A1"), asked.asked
    ('That is your chest.', 'left_thigh')
    >>> asked.tapped("A1")
    'That one is your chest already. Tap the sensor on your left thigh.'
    >>> asked.skip()
    >>> asked.tapped("B2"), asked.is_done
    ('That is your left lower leg.', True)
    >>> asked.chosen
    {'chest': 'A1', 'left_shank': 'B2'}
    """

    def __init__(self, sensors: Sequence[str], placements: Sequence[str] = PLACEMENTS) -> None:
        self._sensors = tuple(sensors)
        self._placements = tuple(placements)
        self._answers: list[str | None] = []

    @property
    def chosen(self) -> dict[str, str]:
        """Placement to sensor, as far as it is known."""
        pairs = zip(self._placements, self._answers, strict=False)
        return {placement: sensor for placement, sensor in pairs if sensor is not None}

    @property
    def is_done(self) -> bool:
        """Whether every sensor has its place, or every place was asked for."""
        return len(self.chosen) == len(self._sensors) or len(self._answers) == len(self._placements)

    @property
    def asked(self) -> str:
        """The placement that is asked for; empty when done."""
        return "" if self.is_done else self._placements[len(self._answers)]

    def tapped(self, sensor: str) -> str:
        """A sensor was tapped twice; returns what to say."""
        if self.is_done or sensor not in self._sensors:
            return ""
        for placement, taken in self.chosen.items():
            if taken == sensor:
                return (
                    f"That one is your {part(placement)} already. "
                    f"Tap the sensor on your {part(self.asked)}."
                )
        placement = self.asked
        self._answers.append(sensor)
        return f"That is your {part(placement)}."

    def skip(self) -> None:
        """Nothing is worn there."""
        if not self.is_done:
            self._answers.append(None)

    def back(self) -> None:
        """Take the last answer back."""
        if self._answers:
            self._answers.pop()


def part(placement: str) -> str:
    """A placement as the wearer calls it.

    Examples
    --------
    >>> part("left_shank")
    'left lower leg'
    """
    return placement.replace("_shank", "_lower_leg").replace("_", " ")


def ask_words(placement: str) -> str:
    """What is asked for one placement."""
    return f"Put a sensor {PLACES[placement]}. Then tap it twice with a finger."
