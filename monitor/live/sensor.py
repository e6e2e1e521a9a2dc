"""One worn sensor in the live pipeline: what happened in order, decoded when its time has come."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from devices.chunk import BatteryChunk, HeartChunk
from devices.driver import ClockKind, Notification, StreamInfo
from devices.registry import driver_named
from devices.stream import Samples, SensorStream, StreamCounters
from monitor.alerts.battery_low import BatteryLowAlert
from monitor.alerts.finding import Finding
from monitor.alerts.sensor_lost import SensorLostAlert
from monitor.result import Gap, LossBy

_RATE_OVER_S = 5.0  # long enough to be calm on a screen, short enough to show a failing link
_REASONS_FOR_SILENCE = ("silent", "lost")
# Silent, too: what comes then answers the start conversation, and is no sign of a stream.
_STATES_WITHOUT_STREAM = ("connecting", "silent", "lost", "stopped")


class Started(NamedTuple):
    """The sensor agreed to stream."""

    t_s: float
    driver_name: str
    info: StreamInfo


class LinkState(NamedTuple):
    """The link changed its state."""

    t_s: float
    state: str
    detail: str


class Marker(NamedTuple):
    """A pose was held; said at `t_s`."""

    t_s: float
    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SensorHealth:
    """How one sensor is doing, for the screen.

    `state` is the link's last word, "" before any.  `rate_hz` counts the samples of the last
    five seconds; None before the first.  `battery_percent` is None until the sensor says it.
    `loss_by` says how `n_lost` is known, by the sensor's own count or by estimate; "" before any.
    """

    state: str
    detail: str
    rate_hz: float | None
    n_notifications: int
    n_samples: int
    n_lost: int
    loss_is_estimate: bool
    n_decode_errors: int
    last_heard_s: float | None
    silent: bool
    battery_percent: float | None
    loss_by: LossBy = ""


class LiveSensor:
    """Queue, decoder, silence watch and counters of one placement."""

    def __init__(
        self, placement: str, *, lost_after_s: float, battery_below_percent: float = 0.0
    ) -> None:
        self._placement = placement
        self._lost_after_s = lost_after_s  # of a sensor whose driver gives it no longer
        self._happened: deque[Notification | Started | LinkState] = deque()
        self._stream: SensorStream | None = None
        self._before_stream: list[Notification] = []
        self._is_streaming = False
        self._lost = SensorLostAlert(placement, after_s=lost_after_s)
        self._low = BatteryLowAlert(placement, below_percent=battery_below_percent)
        self._found: list[Finding] = []
        self._gaps: list[Gap] = []
        self._link = LinkState(0.0, "", "")
        self._why_silent = ""
        self._last_heard_s: float | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._battery_percent: float | None = None
        self._clock: ClockKind | None = None
        self._notices: list[str] = []

    def started(self, t_s: float, driver_name: str, info: StreamInfo) -> None:
        """Queue a stream's beginning."""
        self._happened.append(Started(t_s, driver_name, info))

    def link(self, t_s: float, state: str, detail: str) -> None:
        """Queue a link's change of state."""
        self._happened.append(LinkState(t_s, state, detail))

    def heard(self, notifications: Sequence[Notification]) -> None:
        """Queue what the sensor sent."""
        self._happened.extend(notifications)

    def take_until(self, before_s: float) -> list[Samples | HeartChunk]:
        """Decode everything that happened before `before_s`."""
        out: list[Samples | HeartChunk] = []
        batch: list[Notification] = []
        while self._happened and self._happened[0][0] < before_s:
            item = self._happened.popleft()
            if isinstance(item, Notification):
                batch.append(item)
                continue
            out += self._decode(batch)
            batch = []
            self._change(item)
        return out + self._decode(batch)

    def found_until(self, t_s: float) -> list[Finding]:
        """What is to be said about this sensor, given that all before `t_s` was taken."""
        new = (self._lost.silent_until(t_s), self._low.update(t_s, self._battery_percent))
        found = self._found + [f for f in new if f]
        self._found = []
        while self._recent and self._recent[0][0] < t_s - _RATE_OVER_S:
            self._recent.popleft()
        return found

    def notices(self) -> list[str]:
        """Good news since the last call: each is to be said once."""
        said, self._notices = self._notices, []
        return said

    def loss_by(self) -> LossBy:
        """How the loss of this sensor is known."""
        if self._clock is None or self._stream is None:
            return ""
        if self._clock is ClockKind.COUNTED or self._stream.counters.loss_is_estimate:
            return "estimated"
        return "counted"

    def all_gaps(self, end_s: float) -> tuple[Gap, ...]:
        """Stretches without a word, the one that lasts until the end included."""
        since_s = 0.0 if self._last_heard_s is None else self._last_heard_s
        return (*self._gaps, *self._gap(since_s, end_s))

    def health(self) -> SensorHealth:
        """How it is doing now."""
        counters = StreamCounters() if self._stream is None else self._stream.counters
        n_recent = sum(n for _, n in self._recent)
        heard = self._last_heard_s is not None
        return SensorHealth(
            state=self._link.state,
            detail=self._link.detail,
            rate_hz=n_recent / _RATE_OVER_S if heard else None,
            n_notifications=counters.n_notifications,
            n_samples=counters.n_samples,
            n_lost=counters.n_lost,
            loss_is_estimate=counters.loss_is_estimate,
            n_decode_errors=counters.n_decode_errors,
            last_heard_s=self._last_heard_s,
            silent=self._lost.is_silent,
            battery_percent=self._battery_percent,
            loss_by=self.loss_by(),
        )

    def _change(self, item: Started | LinkState) -> None:
        if isinstance(item, Started):
            self._start(item)
            return
        self._link = item
        if item.state in _STATES_WITHOUT_STREAM:
            self._is_streaming = False
        if item.state in _REASONS_FOR_SILENCE and not self._why_silent:
            self._why_silent = item.detail or item.state  # the first reason; the rest follows

    def _start(self, item: Started) -> None:
        driver = driver_named(item.driver_name)
        # While the sensor was being asked it answered; its samples were at the old settings.
        for said in driver.new_decoder(item.info).feed(self._before_stream):
            if isinstance(said, BatteryChunk):
                self._battery_percent = said.percent
        self._before_stream = []
        self._is_streaming = True
        self._clock = item.info.clock
        self._lost_after_s = max(self._lost_after_s, driver.silent_after_s)
        self._lost.after_s = self._lost_after_s
        if self._stream is None:
            self._stream = SensorStream(driver, item.info)
        else:
            self._stream.resume(item.info)

    def _decode(self, batch: list[Notification]) -> list[Samples | HeartChunk]:
        if self._stream is None or not self._is_streaming:
            self._before_stream += batch
            return []
        if not batch:
            return []
        self._note(batch)
        out: list[Samples | HeartChunk] = []
        for said in self._stream.feed(batch):
            if isinstance(said, BatteryChunk):
                self._battery_percent = said.percent
                continue
            out.append(said)
            if isinstance(said, Samples):
                self._recent.append((batch[-1].t_arrival_s, len(said.t_s)))
        return out

    def _note(self, batch: list[Notification]) -> None:
        """Watch for silence between the notifications, however they were cut into batches."""
        for n in batch:
            since_s = 0.0 if self._last_heard_s is None else self._last_heard_s
            if n.t_arrival_s - since_s >= self._lost_after_s:
                told = self._lost.silent_until(n.t_arrival_s)
                self._found += [told] if told else []
                if self._lost.is_silent:
                    self._notices.append(back_words(self._placement, n.t_arrival_s - since_s))
                self._gaps += self._gap(since_s, n.t_arrival_s)
                self._why_silent = ""
            self._last_heard_s = n.t_arrival_s
            back = self._lost.heard(n.t_arrival_s)
            self._found += [back] if back else []

    def _gap(self, start_s: float, end_s: float) -> list[Gap]:
        if end_s - start_s < self._lost_after_s:
            return []
        never = self._last_heard_s is None
        reason = self._why_silent or ("not heard yet" if never else "nothing came")
        return [Gap(self._placement, start_s, end_s, reason)]


def back_words(placement: str, away_s: float) -> str:
    """What the wearer hears when a sensor that was told lost is there again.

    Examples
    --------
    >>> back_words("left_thigh", 12.4)
    'The left thigh sensor is back after 12 s.'
    """
    return f"The {placement.replace('_', ' ')} sensor is back after {away_s:.0f} s."
