"""An inlet that knows nothing of us receives what was sent, with the times of the samples."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.results import Epochs
from devices.stream import Samples
from monitor.exchange.lsl import LslBridge
from monitor.live.virtual_run import VirtualSession, play
from monitor.result import Alert
from tests.monitor.acting import START, Listener, as_scripted, small_wearer

pylsl: Any = pytest.importorskip("pylsl")


@pytest.fixture
def bridge() -> tuple[LslBridge, float]:
    zero_s = pylsl.local_clock()
    return LslBridge("test", zero_s=zero_s), zero_s


@dataclass
class Remembering:
    heard: dict[str, list[Samples]] = field(default_factory=dict)
    rows: list[Epochs] = field(default_factory=list)

    def samples(self, placement: str, samples: Samples) -> None:
        self.heard.setdefault(placement, []).append(samples)

    def epochs(self, epochs: Epochs) -> None:
        self.rows.append(epochs)

    def alert(self, alert: Alert) -> None:
        """Nothing drifts in a minute and a half."""


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
    before = Samples(np.array([0.5]), np.zeros((1, 3)), np.ones((1, 3)), 0, False)
    sender.samples("chest", before)  # a stream begins with its first samples
    receiver = inlet("chest")
    t_s = np.array([1.0, 1.0096, 1.5])
    acc = np.array([[0.0, 0.1, 9.8], [0.2, 0.3, 9.7], [np.nan, np.nan, np.nan]])
    sender.samples("chest", Samples(t_s, acc, np.ones((3, 3)), 0, False))
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


def test_a_session_sends_its_samples_and_epochs_while_it_runs(own_home: Path) -> None:
    """Through the virtual radio: what the bridge was handed is what the session analysed."""
    bridge = Remembering()
    wearer = small_wearer(1.5)
    session = VirtualSession(wearer.sensors, as_scripted(90.0), "test", radio="memory")
    end, _ = play(session, Listener(), lambda: START, bridge=bridge)
    sent = {p: sum(len(s.t_s) for s in said) for p, said in bridge.heard.items()}
    assert sent == {p: s.n_samples for p, s in end.result.analysis.sensors.items()}
    assert Epochs.joined(bridge.rows).t_s.tolist() == end.live_epochs.t_s.tolist()
