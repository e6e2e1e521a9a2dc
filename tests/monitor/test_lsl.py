"""An inlet that knows nothing of us receives what was sent, with the times of the samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from analysis.results import Epochs
from monitor.exchange.lsl import LslBridge
from monitor.result import Alert

pylsl: Any = pytest.importorskip("pylsl")


@pytest.fixture
def bridge() -> tuple[LslBridge, float]:
    zero_s = pylsl.local_clock()
    return LslBridge({"chest": True}, "test", zero_s=zero_s), zero_s


def inlet(name: str) -> Any:
    found = pylsl.resolve_byprop("name", f"backrelease {name}", timeout=10.0)
    assert found, "no stream was found on this computer"
    opened = pylsl.StreamInlet(found[0])
    opened.open_stream(timeout=10.0)
    return opened


def labels(opened: Any) -> list[str]:
    channel = opened.info(timeout=10.0).desc().child("channels").first_child()
    names = []
    while not channel.empty():
        names.append(channel.child_value("label"))
        channel = channel.next_sibling()
    return names


def pulled(opened: Any, n: int) -> tuple[list[list[Any]], list[float]]:
    rows, times = [], []
    for _ in range(n):
        row, at_s = opened.pull_sample(timeout=10.0)
        assert row is not None
        rows.append(row)
        times.append(at_s)
    return rows, times


def test_samples_arrive_with_their_own_times(bridge: tuple[LslBridge, float]) -> None:
    sender, zero_s = bridge
    receiver = inlet("chest")
    t_s = np.array([1.0, 1.0096, 1.5])
    acc = np.array([[0.0, 0.1, 9.8], [0.2, 0.3, 9.7], [np.nan, np.nan, np.nan]])
    sender.samples("chest", t_s, acc, np.ones((3, 3)))
    rows, times = pulled(receiver, 3)
    np.testing.assert_array_equal(np.array(rows)[:, :3], acc)
    np.testing.assert_array_equal(np.array(rows)[:, 3:], 1.0)
    np.testing.assert_allclose(np.array(times) - zero_s, t_s, atol=1e-6)
    assert labels(receiver) == ["acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"]


def test_epochs_and_alerts_arrive_and_unknown_stays_unknown(
    bridge: tuple[LslBridge, float],
) -> None:
    sender, zero_s = bridge
    numbers, markers = inlet("epochs"), inlet("alerts")
    epochs = Epochs.unknown(np.array([7.0]))
    epochs.knee_left_deg[0] = 88.5
    sender.epochs(epochs)
    sender.alert(Alert(7.0, "knee_drift", "left", 99.0, 88.5, "Ten degrees."))
    [row], [at_s] = pulled(numbers, 1)
    assert row[0] == 88.5
    assert math.isnan(row[1])
    assert at_s - zero_s == pytest.approx(7.0, abs=1e-6)
    [[words]], _ = pulled(markers, 1)
    assert words == "knee_drift left: Ten degrees."
