"""kill -9 at any moment: the recording opens, at most a second is lost, and `report` works.

`benchmarks/crash.py` does the same in real time, twenty times, and prints a table.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def crash() -> ModuleType:
    spec = importlib.util.spec_from_file_location("crash", ROOT / "benchmarks" / "crash.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["crash"] = module  # its dataclass looks its module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_session_opens_loses_less_than_a_second_and_is_reported(
    crash: ModuleType, tmp_path: Path, seed: int
) -> None:
    # Eight times real time: a second of the wearer's is then an eighth of one here.
    after_s = random.Random(seed).uniform(0.05, 0.8)  # noqa: S311  # not a secret
    found = crash.crash_once(tmp_path, after_s, speed="8")
    assert found.n_seconds is not None, "the recording does not open"
    assert found.n_seconds > 0.0
    assert found.n_damaged == 0
    assert found.lost_s <= 1.0
    assert found.reported
