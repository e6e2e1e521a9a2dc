"""The pipeline: what comes out depends on what happened and when, on nothing else."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.driver import ClockKind, Notification, StreamInfo
from devices.sensors import pinetime
from monitor.live.pipeline import LivePipeline, LiveSettings
from monitor.recording.reader import RecordedBatch, Recording
from monitor.recording.replay import stream_info
from monitor.result import SessionResult

if TYPE_CHECKING:
    from tests.monitor.acting import Played

UNTIL_S = 10.0  # enough for epochs and quick to run
H10_HEART = "00002a37-0000-1000-8000-00805f9b34fb"
H10 = StreamInfo(fs_hz=100.0, acc_range_g=4.0, has_gyro=False, clock=ClockKind.DEVICE)


def run(recording: Recording, cuts_s: list[float], looks_s: list[float]) -> SessionResult:
    """The first seconds of a recording, cut anew at `cuts_s`, with `advance` at `looks_s` too."""
    pipeline = LivePipeline(
        tuple(recording.header.sensors), settings=LiveSettings(assume_nominal=True)
    )
    for event in recording.events:
        if event.kind == "link" and event.t_s < UNTIL_S:
            d = event.details
            pipeline.link_event(d["placement"], event.t_s, d["state"], d["detail"])
            if d["info"]:
                info = stream_info(d["info"])
                pipeline.stream_started(d["placement"], d["driver"], info, event.t_s)
    edges_s = sorted({*cuts_s, *looks_s, UNTIL_S})
    rest = {p: recording.notifications(p) for p in recording.header.sensors}
    for edge_s in edges_s:
        for placement, notifications in rest.items():
            now = [n for n in notifications if n.t_arrival_s < edge_s]
            pipeline.feed(placement, now)
            rest[placement] = notifications[len(now) :]
        if edge_s in looks_s:
            pipeline.advance(edge_s)
    return pipeline.finish(UNTIL_S)


def assert_same(a: SessionResult, b: SessionResult) -> None:
    for f in fields(a.analysis.epochs):
        mine, other = getattr(a.analysis.epochs, f.name), getattr(b.analysis.epochs, f.name)
        assert np.array_equal(mine, other, equal_nan=True), f.name
    assert a.alerts == b.alerts
    assert a.analysis.sensors == b.analysis.sensors


times = st.lists(st.floats(0.0, UNTIL_S), max_size=12)


@given(cuts_s=times, looks_s=times)
@settings(max_examples=4)
def test_neither_batches_nor_looks_change_what_comes_out(
    played: Played, cuts_s: list[float], looks_s: list[float]
) -> None:
    assert_same(run(played.recording, cuts_s, looks_s), run(played.recording, [], []))


def test_the_wearers_own_angle_is_taken_when_they_have_settled(played: Played) -> None:
    reference = played.end.result.reference
    truth_deg = played.wearer.body.truth(np.arange(60.0, 80.0)).knee_left_deg
    assert reference.knee_right_deg is None  # no sensor on the right leg
    assert reference.knee_left_deg is not None
    assert abs(reference.knee_left_deg - float(np.median(truth_deg))) < 2.0


def test_angles_are_unknown_until_the_poses_were_held_not_guessed(played: Played) -> None:
    batches = [e for e in played.recording.entries if isinstance(e, RecordedBatch)]
    pipeline = LivePipeline(tuple(played.recording.header.sensors))
    for event in played.recording.events:
        if event.kind == "link" and event.details["info"]:
            d = event.details
            pipeline.stream_started(d["placement"], d["driver"], stream_info(d["info"]), event.t_s)
    for batch in batches:
        if batch.t_s < UNTIL_S:
            pipeline.feed(batch.placement, batch.notifications)
    epochs = pipeline.finish(UNTIL_S).analysis.epochs
    assert len(epochs) == UNTIL_S
    assert np.isnan(epochs.knee_left_deg).all()


def heart(t_s: float) -> Notification:
    return Notification(t_s, H10_HEART, bytes([0x00, 61]))


def test_a_silent_sensor_is_told_once_and_leaves_a_gap_with_its_reason() -> None:
    pipeline = LivePipeline(("chest",))
    pipeline.stream_started("chest", "polar_h10", H10, 0.5)
    pipeline.feed("chest", [heart(t) for t in (1.0, 2.0, 3.0)])
    told = [(t, a.t_s) for t in (4.0, 5.9, 6.0, 9.0) for a in pipeline.advance(t).alerts]
    assert told == [(6.0, 6.0)]
    assert pipeline.advance(9.5).health["chest"].silent
    pipeline.link_event("chest", 10.0, "lost", "the link broke")
    pipeline.stream_started("chest", "polar_h10", H10, 12.0)
    pipeline.feed("chest", [heart(12.5), heart(13.5)])
    assert not pipeline.advance(14.0).health["chest"].silent
    result = pipeline.finish(15.0)
    [gap] = result.gaps
    assert (gap.start_s, gap.end_s, gap.reason) == (3.0, 12.5, "the link broke")
    assert [a.kind for a in result.alerts] == ["sensor_lost"]


def test_a_watch_that_speaks_of_changes_only_is_given_longer() -> None:
    watch = StreamInfo(10.0, 2.0, has_gyro=False, clock=ClockKind.COUNTED)
    pipeline = LivePipeline(("chest",))
    pipeline.stream_started("chest", "pinetime", watch, 0.5)
    said = [Notification(t, pinetime.DATA_UUID, bytes.fromhex("000000000004")) for t in (1.0, 5.5)]
    pipeline.feed("chest", said)
    told = [(t, a.t_s) for t in (5.4, 10.4, 10.6) for a in pipeline.advance(t).alerts]
    assert told == [(10.6, 10.5)]
    assert [(g.start_s, g.end_s) for g in pipeline.finish(12.0).gaps] == [(5.5, 12.0)]


def test_a_sensor_never_heard_is_a_gap_from_start_to_end() -> None:
    pipeline = LivePipeline(("chest", "left_thigh"))
    result = pipeline.finish(20.0)
    assert [(g.placement, g.start_s, g.end_s, g.reason) for g in result.gaps] == [
        ("chest", 0.0, 20.0, "not heard yet"),
        ("left_thigh", 0.0, 20.0, "not heard yet"),
    ]
    assert result.alerts == ()


def test_what_a_sensor_answers_while_it_is_started_gives_its_battery(played: Played) -> None:
    health = played.view.statuses[-1].update.health
    assert all(h.battery_percent is not None for h in health.values())


def test_health_counts_rate_and_loss(played: Played) -> None:
    health = played.view.statuses[-1].update.health["chest"]
    assert health.rate_hz is not None
    assert 90.0 < health.rate_hz < 110.0
    assert (health.n_lost, health.n_decode_errors, health.silent) == (0, 0, False)
