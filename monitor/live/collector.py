"""From the links to the recording and the pipeline: stored first, then interpreted.

    link --callback--> buffer --each 100 ms--> recorder, then pipeline
    link --event----> (its buffer first) ----> recorder, then pipeline

A callback only appends.  Nothing is dropped, and everything is counted.  Session times are
rounded to whole microseconds before either sees them, so a replay reads what was analysed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from devices.driver import Arrival, Notification
from devices.link import LinkEvent
from monitor.live.pipeline import LivePipeline
from monitor.live.steps import Mark
from monitor.recording.format import whole_microseconds


class Store(Protocol):
    """What the collector needs from a recorder."""

    def batch(self, placement: str, t_s: float, batch: Sequence[Notification]) -> None:
        """Store what a sensor sent."""

    def event(self, kind: str, t_s: float, **details: Any) -> None:
        """Store what happened."""


class Collector:
    """Buffers of all sensors, emptied into the recording and then into the pipeline."""

    def __init__(self, drivers: dict[str, str], store: Store, pipeline: LivePipeline) -> None:
        self._drivers = drivers
        self._store = store
        self._pipeline = pipeline
        self._buffers: dict[str, list[Arrival]] = {p: [] for p in drivers}
        self.streaming: set[str] = set()
        self.n_received = dict.fromkeys(drivers, 0)

    def ear(self, placement: str) -> Callable[[Arrival], None]:
        """What a link calls with each notification, stamped in session seconds; it does no work."""
        return self._buffers[placement].append

    def on_event(self, placement: str, event: LinkEvent) -> None:
        """Take one change of a link's state, after all that the sensor sent before it."""
        t_s = whole_microseconds(event.t_s)
        self._empty(placement, t_s)
        info = None if event.info is None else asdict(event.info)
        state, driver = str(event.state), self._drivers[placement]
        self._store.event(
            "link", t_s, placement=placement, state=state, detail=event.detail,
            driver=driver, info=info,
        )  # fmt: skip
        self._pipeline.link_event(placement, t_s, state, event.detail)
        if event.info is not None:
            self._pipeline.stream_started(placement, driver, event.info, t_s)
        if state == "streaming":
            self.streaming.add(placement)
        else:
            self.streaming.discard(placement)

    def flush(self, t_s: float) -> None:
        """Hand over everything that came until now, session time `t_s`."""
        for placement in self._buffers:
            self._empty(placement, t_s)

    def mark(self, mark: Mark, t_s: float) -> None:
        """Store and pass on what a stretch of the session was."""
        t_s = whole_microseconds(t_s)
        self._store.event("marker", t_s, **asdict(mark))
        self._pipeline.marker(mark.name, mark.start_s, mark.end_s, t_s)

    def _empty(self, placement: str, t_s: float) -> None:
        buffer = self._buffers[placement]
        if not buffer:
            return
        batch = [
            Notification(whole_microseconds(t_s), characteristic, payload)
            for t_s, characteristic, payload in buffer
        ]
        buffer.clear()  # the same list: `ear` holds on to it
        self.n_received[placement] += len(batch)
        self._store.batch(placement, t_s, batch)
        self._pipeline.feed(placement, batch)
