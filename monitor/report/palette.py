"""Colours by what they mean, once for light and once for dark.

Hues are those of Okabe and Ito (2008, "Color Universal Design"), which stay apart for the common
kinds of colour blindness; on dark they are lightened until they reach 4.5 : 1 against the page.
A figure is drawn in the light values; in the page each becomes a CSS variable, so that one
picture serves both themes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ink:
    """One colour: its name as a CSS variable, and its values."""

    name: str
    light: str
    dark: str


TEXT = Ink("ink", "#1b1f24", "#e8eaed")
QUIET = Ink("quiet", "#4d545c", "#aab2bb")
AXIS = Ink("axis", "#8a9099", "#7d8590")
GRID = Ink("grid", "#dfe3e8", "#30363d")
PAGE = Ink("page", "#ffffff", "#14181d")
UNKNOWN = Ink("unknown", "#eef0f3", "#20262d")
UNKNOWN_EDGE = Ink("unknown-edge", "#c3c9d0", "#454d57")

LEFT = Ink("left", "#0072b2", "#56b4e9")
RIGHT = Ink("right", "#c24e00", "#f29b5f")
STILL = Ink("still", "#00805d", "#3cc79d")
BREATH = Ink("breath", "#0a5f91", "#74c0ee")
HEART = Ink("heart", "#a8456f", "#e39abd")
RELAX = Ink("relax", "#6a4fa0", "#b7a3e3")
ALERT = Ink("alert", "#b3261e", "#ff8a80")
GUIDE = Ink("guide", "#6d757e", "#98a1ab")
SPECTRUM = Ink("spectrum", "#2f86c1", "#2f86c1")  # in a picture of pixels: one value for both

PHASES = {
    "straight": Ink("ph-straight", "#93c6f6", "#1561a8"),
    "settling": Ink("ph-settling", "#e2efdf", "#2c4a38"),
    "rest": Ink("ph-rest", "#a9d9c6", "#1d6650"),
    "extra": Ink("ph-extra", "#f6e3b0", "#5c4a17"),
    "rolling": Ink("ph-rolling", "#efe4f5", "#382b49"),
    "kneeling": Ink("ph-kneeling", "#d8c1e6", "#57426f"),
    "standing": Ink("ph-standing", "#bf9fd5", "#735a91"),
    "unknown": UNKNOWN,
}

POSITIONS = {
    "supine": Ink("po-supine", "#c6dfe2", "#254449"),
    "left": Ink("po-left", "#f2ead9", "#3a311d"),
    "right": Ink("po-right", "#e9b797", "#7d4c30"),
    "prone": Ink("po-prone", "#d3d18f", "#5d5b1d"),
    "upright": Ink("po-upright", "#cfcbe8", "#413a6b"),
    "unknown": UNKNOWN,
}

ALL = (
    TEXT, QUIET, AXIS, GRID, PAGE, UNKNOWN, UNKNOWN_EDGE, LEFT, RIGHT, STILL, BREATH, HEART, RELAX,
    ALERT, GUIDE, *(ink for name, ink in PHASES.items() if name != "unknown"),
    *(ink for name, ink in POSITIONS.items() if name != "unknown"),
)  # fmt: skip
