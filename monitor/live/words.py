"""Everything that is said to a wearer who lies with their eyes resting.

One thought a sentence, nothing that must be answered, no numbers, and never a word about how to
breathe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STRAIGHT = "Lie on your back with your legs straight on the floor, and keep still for a moment."
BEND = (
    "Now slowly bend your knees and stand your feet flat on the floor, "
    "as far apart as your shoulders."
)
HOLD = "Stay like this, quite still, for a moment."
POSITION = (
    "Lie on your back, knees bent, feet flat on the floor and as far apart as your shoulders. "
    "Keep still for a moment."
)
POSE_LEFT_OUT = "Never mind, we go on. The angle of your knees stays unknown this time."
SETTLE = "Let your arms rest by your sides. Make yourself comfortable, and let the floor carry you."
REST = "Rest now. There is nothing to do."
PAUSED = "Pause. Take your time."
RESUMED = "We go on."
EXTENDED = "Five minutes more."
EXTRAS_DONE = "That was all. Rest again, and let everything become heavy."

FINISH = (
    "The time of rest is over. Whenever you like, roll slowly onto one side, and wait there.",
    "Slowly come up to kneeling.",
    "When you are ready, stand up, without any hurry.",
    "Notice how you feel.",
)
FINISH_PHASES = ("roll to the side", "kneel", "stand", "notice")


@dataclass(frozen=True, slots=True)
class Extra:
    """One optional movement: asked for, then brought to its end."""

    name: str
    begin: str
    end: str


EXTRAS = (
    Extra(
        "left knee to the chest",
        "If you like, take your left knee in your hands and draw it slowly up to your chest.",
        "Slowly put the left foot back, and rest.",
    ),
    Extra(
        "right knee to the chest",
        "If you like, draw your right knee slowly up to your chest.",
        "Slowly put the right foot back, and rest.",
    ),
    Extra(
        "head lifted by the hands",
        "If you like, lift your head with both hands, slowly and gently.",
        "Lay your head back down, and let it be heavy.",
    ),
    Extra(
        "left arm to the ceiling",
        "If you like, raise your left arm to the ceiling until the shoulder blade leaves the floor.",
        "Let the shoulder settle first, then lower the arm.",
    ),
    Extra(
        "right arm to the ceiling",
        "If you like, raise your right arm to the ceiling until the shoulder blade leaves the floor.",
        "Let the shoulder settle first, then lower the arm.",
    ),
)

HEAD_TOO_HIGH = "Your chin is close to your chest: take one book less."
HEAD_TOO_LOW = "Your head is tilted back: take one book more."
FEET_CLOSER = "Bring {feet} a little closer to you."
FEET_AWAY = "Let {feet} slide a little further away."
KNEES_IN = "{knees} towards the middle: let your knees stand above your feet."
KNEES_OUT = "{knees} outwards: let your knees stand above your feet."


def feet(sides: tuple[str, ...]) -> str:
    """Whose feet, in words.

    Examples
    --------
    >>> feet(("left",)), feet(("left", "right"))
    ('your left foot', 'your feet')
    """
    return f"your {sides[0]} foot" if len(sides) == 1 else "your feet"


def knees_fall(sides: tuple[str, ...]) -> str:
    """Whose knees fall, in words.

    Examples
    --------
    >>> knees_fall(("right",))
    'Your right knee falls'
    """
    return f"Your {sides[0]} knee falls" if len(sides) == 1 else "Your knees fall"


def fault_words(fault: str) -> str:
    """What `analysis.pose_check` found, to be said aloud: a sentence without numbers.

    Examples
    --------
    >>> fault_words("left leg still bent")
    'Your left leg is still bent.'
    >>> fault_words("right thigh hardly turned (12 deg): foot flat on the floor")
    'Your right thigh hardly turned: foot flat on the floor.'
    >>> fault_words("nothing heard from the chest")
    'There is nothing heard from the chest.'
    """
    text = re.sub(r" \(\d+ deg\)| by \d+ deg|reads [\d.]+ g instead of 1", _spoken, fault)
    if text.startswith("nothing"):
        return f"There is {text}."
    if text.startswith("the "):
        return f"{text[0].upper()}{text[1:]}."
    return f"Your {text.replace(' still ', ' is still ', 1)}."


def _spoken(match: re.Match[str]) -> str:
    return "cannot be right" if match[0].startswith("reads") else ""
