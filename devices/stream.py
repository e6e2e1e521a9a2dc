"""One sensor's notifications become samples in session time: the same way live and in a replay.

Notification --decoder--> chunks in device time --ClockMap--> Samples in session time
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from devices.chunk import BatteryChunk, Chunk, FloatArray, HeartChunk, ImuChunk
from devices.clock import ClockMap
from devices.driver import Driver, Notification, StreamInfo
from devices.errors import DecodeError


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Consecutive samples of one sensor in session time, nothing missing between them.

    Attributes
    ----------
    t_s : (n,) array
        Session time, strictly rising within and over all `Samples` of a stream.
    acc_m_s2 : (n, 3) array
        Specific force in the sensor's own axes.
    gyr_rad_s : (n, 3) array or None
        Angular rate in the sensor's own axes, where it has a gyroscope.
    n_lost : int
        Samples that are missing just before the first of these.
    loss_is_estimate : bool
        Whether `n_lost` is inferred from arrival times, for want of a counter or clock.
    """

    t_s: FloatArray
    acc_m_s2: FloatArray
    gyr_rad_s: FloatArray | None
    n_lost: int
    loss_is_estimate: bool


@dataclass(frozen=True, slots=True)
class StreamCounters:
    """What went through a stream since it began."""

    n_notifications: int = 0
    n_samples: int = 0
    n_lost: int = 0
    loss_is_estimate: bool = False
    n_decode_errors: int = 0


Decoded: TypeAlias = Samples | HeartChunk | BatteryChunk


class SensorStream:
    """Decoder and clock of one sensor, with the counters that tell how well it went.

    Cutting the notifications into other batches changes neither samples nor times.

    Parameters
    ----------
    driver : Driver
        From the registry, by the name that the recording carries.
    info : StreamInfo
        What the sensor agreed to.

    Examples
    --------
    >>> from devices.driver import ClockKind
    >>> from devices.sensors.witmotion import DATA_UUID, DRIVER
    >>> info = StreamInfo(100.0, 16.0, has_gyro=True, clock=ClockKind.COUNTED)
    >>> stream = SensorStream(DRIVER, info)
    >>> flat = bytes.fromhex("5561 000000000008 000000000000 000000000000")
    >>> (samples,) = stream.feed([Notification(2.0, DATA_UUID, flat)])
    >>> samples.t_s.tolist(), samples.acc_m_s2.tolist()
    ([2.0], [[0.0, 0.0, 9.80665]])
    """

    def __init__(self, driver: Driver, info: StreamInfo) -> None:
        self._driver = driver
        self._info = info
        self._decoder = driver.new_decoder(info)
        self._clock = ClockMap(info.clock, info.fs_hz)
        self._last_t_s: float | None = None
        self._is_resumed = False
        self.counters = StreamCounters()

    def resume(self, info: StreamInfo) -> None:
        """Go on after the sensor was connected or started again; call it for each new agreement.

        Nothing of the old connection reaches into the new one.  What the sensor would have sent in
        between counts as lost, by estimate, with the first samples that follow.
        """
        self._info = info
        self._decoder = self._driver.new_decoder(info)
        self._clock = ClockMap(info.clock, info.fs_hz, not_before_s=self._last_t_s)
        self._is_resumed = self._last_t_s is not None

    def feed(self, batch: Sequence[Notification]) -> list[Decoded]:
        """Decode a batch, oldest first.  Errors are counted, not raised."""
        decoded: list[Decoded] = []
        n_errors = 0
        for chunk in self._decoder.feed(batch):
            if isinstance(chunk, DecodeError):
                n_errors += 1
            else:
                decoded.extend(self._in_session_time(chunk))
        samples = [item for item in decoded if isinstance(item, Samples)]
        before = self.counters
        self.counters = replace(
            before,
            n_notifications=before.n_notifications + len(batch),
            n_samples=before.n_samples + sum(len(item.t_s) for item in samples),
            n_lost=before.n_lost + sum(item.n_lost for item in samples),
            loss_is_estimate=before.loss_is_estimate
            or any(item.n_lost and item.loss_is_estimate for item in samples),
            n_decode_errors=before.n_decode_errors + n_errors,
        )
        return decoded

    def _in_session_time(self, chunk: Chunk) -> Iterator[Decoded]:
        if not isinstance(chunk, ImuChunk):
            yield chunk
            return
        t_s, losses = self._clock.map_and_losses(chunk.t_device_s, chunk.t_arrival_s)
        n_lost, is_estimate = chunk.n_lost, False
        if self._is_resumed and self._last_t_s is not None:
            n_lost = max(0, round((float(t_s[0]) - self._last_t_s) * self._info.fs_hz) - 1)
            self._is_resumed, is_estimate = False, True
        self._last_t_s = float(t_s[-1])
        lost_at = {0: n_lost}
        for loss in losses:
            lost_at[loss.at] = lost_at.get(loss.at, 0) + loss.n_lost
            is_estimate = True
        begins = sorted(lost_at)
        for begin, end in zip(begins, [*begins[1:], len(t_s)], strict=True):
            yield Samples(
                t_s=t_s[begin:end],
                acc_m_s2=chunk.acc_m_s2[begin:end],
                gyr_rad_s=None if chunk.gyr_rad_s is None else chunk.gyr_rad_s[begin:end],
                n_lost=lost_at[begin],
                loss_is_estimate=is_estimate,
            )
