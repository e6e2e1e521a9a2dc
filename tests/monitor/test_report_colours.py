"""The palette tells apart for every eye what stands side by side, and can be read on both pages.

Colour blindness is simulated after Machado, Oliveira and Fernandes (2009, "A physiologically-based
model for simulation of color vision deficiency"), severity 1.0, in linear RGB.  Distances are
those of CIE Lab (1976); 2.3 is what an eye can just tell when two patches touch.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from analysis.results import FloatArray
from monitor.report import palette
from monitor.report.palette import Ink

EYES = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip
_TO_XYZ = np.array(  # sRGB, IEC 61966-2-1, white D65
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip

TOGETHER = (  # lines and marks that meet in one panel
    (palette.LEFT, palette.RIGHT), (palette.LEFT, palette.ALERT), (palette.RIGHT, palette.ALERT),
    (palette.ALERT, palette.GUIDE), (palette.TEXT, palette.HEART), (palette.RELAX, palette.HEART),
    (palette.BREATH, palette.TEXT), (palette.SPECTRUM, palette.HEART),
    (palette.SPECTRUM, palette.TEXT), (palette.LEFT, palette.TEXT), (palette.RIGHT, palette.TEXT),
)  # fmt: skip


def linear(colour: str) -> FloatArray:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eye: str) -> FloatArray:
    seen = np.clip(EYES[eye] @ linear(colour), 0, 1)
    share = _TO_XYZ @ seen / np.array([0.95047, 1.0, 1.08883])
    f = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(a: Ink, b: Ink, eye: str, theme: str) -> float:
    return float(np.linalg.norm(lab(getattr(a, theme), eye) - lab(getattr(b, theme), eye)))


def contrast(a: str, b: str) -> float:
    dim, bright = sorted(float(_TO_XYZ[1] @ linear(c)) for c in (a, b))
    return (bright + 0.05) / (dim + 0.05)


def test_the_simulation_knows_what_it_should() -> None:
    assert lab("#ffffff", "ordinary") == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000", "ordinary") == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    red, green = Ink("red", "#c8362e", ""), Ink("green", "#4f7a1e", "")
    assert apart(red, green, "ordinary", "light") > 80
    assert apart(red, green, "deuteranopia", "light") < 25  # the pair that a palette must not have


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_lines_of_one_panel_are_told_apart_by_every_eye(eye: str, theme: str) -> None:
    for a, b in TOGETHER:
        assert apart(a, b, eye, theme) >= 14, (a.name, b.name)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("bands", [palette.PHASES, palette.POSITIONS])
def test_bands_are_told_apart_by_every_eye(bands: dict[str, Ink], eye: str, theme: str) -> None:
    for a, b in combinations(bands.values(), 2):
        assert apart(a, b, eye, theme) >= 4.6, (a.name, b.name)  # twice what an eye can just tell


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_and_lines_stand_out_from_the_page(theme: str) -> None:
    page, ink = getattr(palette.PAGE, theme), getattr(palette.TEXT, theme)
    for one in (
        palette.TEXT, palette.QUIET, palette.LEFT, palette.RIGHT, palette.STILL, palette.BREATH,
        palette.HEART, palette.RELAX, palette.ALERT, palette.GUIDE,
    ):  # fmt: skip
        assert contrast(getattr(one, theme), page) >= 4.5, one.name  # WCAG 2.2, AA, small text
    for band in (*palette.PHASES.values(), *palette.POSITIONS.values()):
        assert contrast(ink, getattr(band, theme)) >= 4.5, band.name
