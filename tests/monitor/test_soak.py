"""Links, collector and recorder in flat memory; `benchmarks/soak.py` goes on for eight hours."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path

import pytest

from devices.virtual.loop import VirtualTimeLoop

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_an_hour_of_five_sensors_leaves_memory_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    soak = importlib.import_module("soak")
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        went = runner.run(soak.soak(1.0, soak.NoPipeline(), tmp_path))
    assert went.n_sent > 5 * 3590 * 100
    assert went.resident_mb[-1] - went.resident_mb[1] < soak.LIMIT_GROWTH_MB
    assert went.file_mb > 30.0, "everything was stored meanwhile"
