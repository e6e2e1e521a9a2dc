"""One hypothesis profile for all: no wall-clock deadline, the same examples every run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

RECORDINGS = Path(__file__).parents[2] / "shared" / "data"
"""Real recordings with references, beside the project; never part of it (no licence to pass on)."""


@pytest.fixture(scope="session")
def recordings() -> Path:
    if not RECORDINGS.is_dir():
        pytest.skip(f"no real recordings at {RECORDINGS}")
    return RECORDINGS
