"""Heart rate and battery against published notifications; any bytes give a value."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.chunk import BatteryChunk, HeartChunk
from devices.errors import DecodeError

VECTORS = tomllib.loads((Path(__file__).parent / "vectors" / "sig.toml").read_text())


def joined(fields: list[list[str]]) -> bytes:
    return bytes.fromhex("".join(value for _, value in fields))


@pytest.mark.parametrize("vector", VECTORS["heart_rate"], ids=lambda vector: vector["id"])
def test_heart_rate_vectors(vector: dict[str, Any]) -> None:
    chunk = sig.decode_heart_rate(1.5, joined(vector["fields"]))
    assert isinstance(chunk, HeartChunk)
    assert chunk.t_arrival_s == 1.5
    np.testing.assert_equal(chunk.heart_per_min, vector["heart_per_min"])
    np.testing.assert_array_equal(chunk.rr_s * 1024, vector["rr_1024"])


@pytest.mark.parametrize("vector", VECTORS["battery"], ids=lambda vector: vector["id"])
def test_battery_vectors(vector: dict[str, Any]) -> None:
    assert sig.decode_battery(1.5, joined(vector["fields"])) == BatteryChunk(1.5, vector["percent"])


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("", "heart rate: expected flags, got nothing: "),
        ("00", "heart rate: flags promise 2 bytes, got 1: 00"),
        ("09 0000", "heart rate: flags promise 5 bytes, got 3: 09 00 00"),
        ("10 48 5a", "heart rate: half an RR interval at the end: 10 48 5a"),
    ],
)
def test_a_heart_rate_shorter_than_its_flags_is_an_error(payload: str, message: str) -> None:
    error = sig.decode_heart_rate(0.0, bytes.fromhex(payload))
    assert isinstance(error, DecodeError)
    assert str(error) == message


def test_a_battery_above_100_percent_is_an_error() -> None:
    assert isinstance(sig.decode_battery(0.0, b"\x65"), DecodeError)
    assert isinstance(sig.decode_battery(0.0, b""), DecodeError)


@given(st.binary(max_size=30))
def test_any_bytes_are_a_chunk_or_an_error(payload: bytes) -> None:
    heart = sig.decode_heart_rate(0.0, payload)
    assert isinstance(heart, DecodeError) or (heart.rr_s > 0).all()
    assert isinstance(sig.decode_battery(0.0, payload), BatteryChunk | DecodeError)
