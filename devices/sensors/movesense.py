"""Movesense: acceleration and angular rate over the GATT SensorData Protocol (GSP), and heart rate.

Documents: Movesense, "GATT SensorData Protocol specification", and its public sample
`gatt_sensordata_app`, which fixes what the document leaves open.  Little-endian.

    write   34800001   u8 command, u8 reference, ...     1 subscribe + path, 2 unsubscribe
    notify  34800002   u8 response, u8 reference, ...    1 result: u16 status
                                                         2 data, 3 the rest of the data before it
    data    u32 ms since boot, of the FIRST sample       wraps after 49.7 days
            float32 x3 acceleration, all samples         m/s2
            float32 x3 angular rate, all samples         deg/s, in /Meas/IMU6 only
            (float32 x3 magnetic field                   uT, in /Meas/IMU9 only)

A value longer than 150 bytes comes in two parts, cut anywhere.  Data of a length that no whole
samples have is such a first part.

Only the commands 0 to 2 are used: firmwares number the others differently.  So the range stays what
the sensor has, which is not told.  IMU6 takes one of the few subscriptions where acceleration and
angular rate would take two.  Look-alikes without this service speak other protocols: firmware before
2.3 (Whiteboard) and the sample for offline data (6b200001-...).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from devices import sig
from devices.chunk import Chunk, ImuChunk
from devices.columns import columns_of
from devices.driver import (
    Advert,
    Ask,
    ClockKind,
    Driver,
    Notification,
    Read,
    Start,
    Stop,
    StreamInfo,
    StreamRequest,
    Subscribe,
    Write,
)
from devices.errors import DecodeError, DeviceError, SensorRefused, SensorSilent
from devices.sensors.movesense_packets import (
    DATA,
    DATA_PART_2,
    RESULT,
    Motion,
    Packets,
    decode_motion,
    decode_packets,
)
from devices.stamps import CLOCK_WAS_SET_S, Moment, StampClock, in_runs

SERVICE_UUID = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMAND_UUID = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA_UUID = "34800002-7185-4d5d-b431-630e7050e8f0"
ADVERTISED_UUID = "0000fdf3-0000-1000-8000-00805f9b34fb"

SUBSCRIBE, UNSUBSCRIBE = 1, 2
ACCELERATION, IMU6, IMU9 = "/Meas/Acc", "/Meas/IMU6", "/Meas/IMU9"
REFERENCE = {ACCELERATION: 0x63, IMU9: 0x64, IMU6: 0x66}  # our choice: data names its resource so
_KINDS = {REFERENCE[ACCELERATION]: 1, REFERENCE[IMU6]: 2, REFERENCE[IMU9]: 3}

RATES_HZ = (13, 26, 52, 104, 208, 416, 833, 1666)
_STREAMED_HZ = RATES_HZ[:4]  # beyond that a packet of IMU6 does not fit into two parts

_RANGE_G = 8.0  # assumed: neither told nor to be set with these commands
_NO_SLOT_FREE = 507
_OK_BELOW = 300  # statuses are those of HTTP
_ANSWER_S = 3.0  # data comes within a tenth of it; old firmware answers with nothing else
_STOP_ANSWER_S = 1.0  # old firmware never answers
_WORTH_IT = 8  # notifications in a batch; for fewer, arrays cost more than they save
_TOO_EARLY = 0.9  # samples; less than one, so that times rise from packet to packet
_UPDATE = "Update its firmware to 2.3 or newer with the Movesense Showcase app."


# --- bytes to values -------------------------------------------------------------------------


def subscribe_command(resource: str, fs_hz: int) -> bytes:
    """The command that subscribes to a motion resource.

    Examples
    --------
    >>> subscribe_command(ACCELERATION, 52).hex(" ")
    '01 63 2f 4d 65 61 73 2f 41 63 63 2f 35 32'
    """
    return bytes((SUBSCRIBE, REFERENCE[resource])) + f"{resource}/{fs_hz}".encode("ascii")


def unsubscribe_command(resource: str) -> bytes:
    """The command that ends a subscription."""
    return bytes((UNSUBSCRIBE, REFERENCE[resource]))


def result_status(payload: bytes) -> int | None:
    """Status of a command's result, or None if `payload` is none.

    The old sample app sends it high byte first: 507 is `01 fb`.

    Examples
    --------
    >>> result_status(bytes.fromhex("01 63 c8 00")), result_status(bytes.fromhex("01 63 01 fb"))
    (200, 507)
    """
    if len(payload) < 4 or payload[0] != RESULT:
        return None
    status = int.from_bytes(payload[2:4], "little")
    return status if status < 1000 else int.from_bytes(payload[2:4], "big")


# --- values to samples -----------------------------------------------------------------------


class MovesenseDecoder:
    """Joins the parts of a packet and times its samples from the stamp of its first.

    The vendor spreads samples up to the stamp of the *next* packet, which is not there yet: we use
    the step of the packet before, but never more than the nominal one, so that no sample reaches
    into the next packet.  What the radio loses is whole packets: an interval that is out by less
    than half a packet is the sensor's own rate.
    """

    def __init__(self, info: StreamInfo) -> None:
        self._fs_hz = info.fs_hz
        self._clock = StampClock(bits=32, tick_s=1e-3)
        self._n_before = 0  # samples of the packet before
        self._first_part: _FirstPart | None = None

    def feed(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        """One chunk a packet, or for many that follow each other; then the rest as it came.

        Packets that came before, or too late, leave nothing.
        """
        told = columns_of(batch, DATA_UUID) if len(batch) >= _WORTH_IT else None
        if told is not None and self._first_part is None:
            packets = decode_packets(told, _KINDS)
            if packets is not None and len(packets.stamp_ms) >= _WORTH_IT:
                rest = [item for item in batch if item[1] != DATA_UUID]
                return [*self._feed_packets(packets), *self._feed_any(rest)]
        return self._feed_any(batch)

    def _feed_packets(self, packets: Packets) -> list[Chunk | DecodeError]:
        n, passed_ms = packets.kinds.shape[2], np.diff(packets.stamp_ms).astype(np.int64)
        since_s = passed_ms * self._clock.tick_s
        beside = since_s * self._fs_hz - n
        was_not_set = since_s <= np.diff(packets.t_arrival_s) + CLOCK_WAS_SET_S
        is_due = (passed_ms > 0) & (beside >= -_TOO_EARLY) & (beside <= 0.5 * n) & was_not_set

        def one(at: int) -> list[Chunk | DecodeError]:
            motion = Motion(int(packets.stamp_ms[at]), tuple(packets.kinds[:, at]))
            return list(self._feed_motion(float(packets.t_arrival_s[at]), motion, b""))

        def many(at: int, end: int) -> ImuChunk | None:
            return self._feed_unbroken(packets, passed_ms, at, end)

        return in_runs(is_due, many, one)

    def _feed_unbroken(
        self, packets: Packets, passed_ms: NDArray[np.int64], at: int, end: int
    ) -> ImuChunk | None:
        """Packets `at` to `end`, each due after the one before, in one chunk.

        None when the first of them is not due.
        """
        arrivals, n = packets.t_arrival_s[at:end], packets.kinds.shape[2]
        first = self._clock.read(int(packets.stamp_ms[at]), float(arrivals[0]))
        if first is None:
            return None
        period_s = step_s = 1.0 / self._fs_hz
        if first.since_s is not None:
            beside = first.since_s * self._fs_hz - self._n_before
            if not -_TOO_EARLY <= beside <= 0.5 * self._n_before:
                return None
            step_s = min(period_s, first.since_s / self._n_before)
        since_s = passed_ms[at : end - 1] * self._clock.tick_s
        elapsed = first.elapsed_ticks + np.concatenate([[0], np.cumsum(passed_ms[at : end - 1])])
        t_first_s = elapsed * self._clock.tick_s
        steps_s = np.concatenate([[step_s], np.minimum(period_s, since_s / n)])
        self._clock.keep(
            Moment(
                int(packets.stamp_ms[end - 1]), float(arrivals[-1]), int(elapsed[-1]),
                float(t_first_s[-1]), float(since_s[-1]),
            )
        )  # fmt: skip
        self._n_before = n
        t_device_s = t_first_s[:, None] + steps_s[:, None] * np.arange(n, dtype=np.float64)
        acc_m_s2, *others = packets.kinds[:, at:end].reshape(len(packets.kinds), -1, 3)
        return ImuChunk(
            t_device_s=t_device_s.ravel(),
            t_arrival_s=arrivals.repeat(n),
            acc_m_s2=acc_m_s2,
            gyr_rad_s=np.deg2rad(others[0]) if others else None,
        )

    # Any notifications, one by one.

    def _feed_any(self, batch: Sequence[Notification]) -> list[Chunk | DecodeError]:
        decoded: list[Chunk | DecodeError] = []
        for t_arrival_s, characteristic, payload in batch:
            if characteristic == DATA_UUID:
                decoded.extend(self._feed_response(t_arrival_s, payload))
            elif characteristic == sig.HEART_RATE_UUID:
                decoded.append(sig.decode_heart_rate(t_arrival_s, payload))
            elif characteristic == sig.BATTERY_UUID:
                decoded.append(sig.decode_battery(t_arrival_s, payload))
        return decoded

    def _feed_response(
        self, t_arrival_s: float, payload: bytes
    ) -> Generator[Chunk | DecodeError, None, None]:
        if len(payload) < 2:
            yield DecodeError("expected a response and a reference", payload)
        elif payload[0] == DATA:
            yield from self._drop_first_part()
            if payload[1] not in _KINDS:
                yield DecodeError(f"data of subscription {payload[1]}, which is not ours", payload)
            elif (motion := decode_motion(payload[2:], _KINDS[payload[1]])) is None:
                self._first_part = _FirstPart(payload[1], payload[2:])
            else:
                yield from self._feed_motion(t_arrival_s, motion, payload)
        elif payload[0] == DATA_PART_2:
            yield from self._feed_part_2(t_arrival_s, payload)
        elif payload[0] != RESULT:
            yield DecodeError(f"unknown response {payload[0]}", payload)

    def _feed_part_2(
        self, t_arrival_s: float, payload: bytes
    ) -> Generator[Chunk | DecodeError, None, None]:
        first = self._first_part
        if first is None or first.reference != payload[1]:
            yield from self._drop_first_part()
            if len(payload) > 2:  # an empty rest after whole data says nothing
                yield DecodeError("the second part of data whose first part is missing", payload)
            return
        self._first_part = None
        value = first.value + payload[2:]
        if (motion := decode_motion(value, _KINDS[first.reference])) is None:
            yield DecodeError(f"{len(value)} bytes are not a stamp and whole samples", value)
        else:
            yield from self._feed_motion(t_arrival_s, motion, value)

    def _drop_first_part(self) -> Generator[DecodeError, None, None]:
        if (first := self._first_part) is not None:
            self._first_part = None
            yield DecodeError("data without its second part", first.value)

    def _feed_motion(
        self, t_arrival_s: float, motion: Motion, payload: bytes
    ) -> Generator[Chunk | DecodeError, None, None]:
        acc_m_s2, *others = motion.kinds
        if not np.isfinite(motion.kinds).all():
            yield DecodeError("values that are no numbers", payload)
            return
        moment = self._clock.read(motion.stamp_ms, t_arrival_s)
        if moment is None:
            return  # redelivered or overtaken: its time has been told already
        n, step_s, n_lost = len(acc_m_s2), 1.0 / self._fs_hz, 0
        if moment.since_s is not None:
            beside = moment.since_s * self._fs_hz - self._n_before  # in samples
            if beside < -_TOO_EARLY:
                yield DecodeError(
                    f"{self._n_before} samples in {moment.since_s:.3f} s at {self._fs_hz:g} Hz",
                    payload,
                )
                return
            if beside > 0.5 * self._n_before:
                n_lost = round(beside)
            else:
                step_s = min(step_s, moment.since_s / self._n_before)
        self._clock.keep(moment)
        self._n_before = n
        yield ImuChunk(
            t_device_s=moment.t_s + step_s * np.arange(n, dtype=np.float64),
            t_arrival_s=np.full(n, t_arrival_s),
            acc_m_s2=acc_m_s2,
            gyr_rad_s=np.deg2rad(others[0]) if others else None,
            n_lost=n_lost,
        )


@dataclass(frozen=True, slots=True)
class _FirstPart:
    """Data whose second part has not come yet."""

    reference: int
    value: bytes


# --- conversations ---------------------------------------------------------------------------


def _recognises(advert: Advert) -> bool:
    return (advert.name or "").startswith("Movesense") or ADVERTISED_UUID in advert.service_uuids


def _start(request: StreamRequest) -> Start:
    with suppress(DeviceError):  # not every firmware has it
        yield Read(sig.BATTERY_UUID)
    try:
        yield Subscribe(DATA_UUID)
    except SensorRefused as refused:
        raise SensorRefused("this Movesense does not speak GSP", hint=_UPDATE) from refused
    with suppress(DeviceError):  # not every firmware has it
        yield Subscribe(sig.HEART_RATE_UUID)
    # Ends what runs when a silent sensor is started again; at a new connection there is nothing.
    yield from _unsubscribe()

    fs_hz = min(_STREAMED_HZ, key=lambda hz: (abs(hz - request.fs_hz), -hz))
    resource = IMU6
    status = yield from _subscribe(resource, fs_hz)
    if status is None or (status >= _OK_BELOW and status != _NO_SLOT_FREE):
        yield from _unsubscribe()
        resource = ACCELERATION  # some variants have no gyroscope
        status = yield from _subscribe(resource, fs_hz)
    _check(status)
    return StreamInfo(
        fs_hz=float(fs_hz),
        acc_range_g=_RANGE_G,
        has_gyro=resource == IMU6,
        clock=ClockKind.DEVICE,
        note=f"the sensor keeps the range that it has; {_RANGE_G:g} g is assumed",
    )


def _subscribe(resource: str, fs_hz: int) -> Generator[Ask, bytes, int | None]:
    """Status of the answer; data is as good as one; None for silence."""
    question = subscribe_command(resource, fs_hz)
    is_answer = partial(_is_answer, (RESULT, DATA), REFERENCE[resource])
    try:
        answer = yield Ask(COMMAND_UUID, question, True, DATA_UUID, is_answer, _ANSWER_S)
    except SensorSilent:
        return None
    status = result_status(answer)
    return 200 if status is None else status


def _unsubscribe() -> Generator[Ask | Write, bytes, None]:
    """End both subscriptions that we make; a firmware that does not answer is asked once."""
    is_answer = partial(_is_answer, (RESULT,), REFERENCE[IMU6])
    with suppress(SensorSilent):
        question = unsubscribe_command(IMU6)
        yield Ask(COMMAND_UUID, question, True, DATA_UUID, is_answer, _STOP_ANSWER_S)
    yield Write(COMMAND_UUID, unsubscribe_command(ACCELERATION), response=True)


def _is_answer(responses: tuple[int, ...], reference: int, payload: bytes) -> bool:
    return len(payload) >= 4 and payload[0] in responses and payload[1] == reference


def _check(status: int | None) -> None:
    if status is None:
        raise SensorSilent("the Movesense takes the command, but sends nothing", hint=_UPDATE)
    if status == _NO_SLOT_FREE:
        raise SensorRefused(
            "the Movesense has no subscription free (status 507)",
            hint="Close the Movesense app and other programs that use the sensor.",
        )
    if status >= _OK_BELOW:
        raise SensorRefused(f"the Movesense refused to stream (status {status})", hint=_UPDATE)


def _stop() -> Stop:
    """The sensor drops its subscriptions with the link; told first, it saves its battery."""
    yield from _unsubscribe()


DRIVER = Driver(
    name="movesense",
    title="Movesense",
    axes="as the maker draws them on the sensor; the protocol's document does not say",
    recognises=_recognises,
    start=_start,
    stop=_stop,
    new_decoder=MovesenseDecoder,
)
