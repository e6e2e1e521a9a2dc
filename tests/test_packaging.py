"""The wheel holds our three packages and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]


def test_wheel_holds_exactly_the_three_packages(tmp_path: Path) -> None:
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path)))
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {n for n in names if not n.endswith(".dist-info")} == {"devices", "analysis", "monitor"}


def test_wheel_carries_the_report_template_and_style(tmp_path: Path) -> None:
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path)))
    names = zipfile.ZipFile(wheel).namelist()
    assert [n for n in names if n.startswith("monitor/report/") and n.endswith(".mplstyle")]
    assert [n for n in names if n.startswith("monitor/report/") and ".html" in n]
