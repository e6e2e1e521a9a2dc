"""The Bluetooth SIG's own characteristics that several sensors share: heart rate and battery.

Documents: GATT Specification Supplement, "Heart Rate Measurement" (0x2A37) and "Battery Level"
(0x2A19).

    0x2A37  u8      flags: bit 0 rate is u16, bits 1-2 contact (2 supported, 1 detected),
                           bit 3 energy present, bit 4 RR present
            u8/u16  beats per minute
            u16     energy in kJ, if bit 3
            u16...  RR intervals, 1/1024 s, oldest first, to the end, if bit 4
    0x2A19  u8      percent
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from devices.chunk import BatteryChunk, HeartChunk
from devices.errors import DecodeError

HEART_RATE_UUID = "00002a37-0000-1000-8000-00805f9b34fb"
BATTERY_SERVICE_UUID = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_UUID = "00002a19-0000-1000-8000-00805f9b34fb"

_RATE_IS_U16, _CONTACT_DETECTED, _CONTACT_SUPPORTED, _HAS_ENERGY, _HAS_RR = 1, 2, 4, 8, 16
_RR_PER_S = 1024.0


def decode_heart_rate(t_arrival_s: float, payload: bytes) -> HeartChunk | DecodeError:
    """Heart rate and RR intervals of one notification, strictly by its flags.

    A sensor that supports contact detection and has none reports a meaningless rate: NaN, and no
    intervals.  A rate of zero means "none yet" and is NaN too; intervals of zero are left out.

    Examples
    --------
    >>> beat = decode_heart_rate(0.0, bytes.fromhex("10 48 5a03 6403"))
    >>> beat.heart_per_min, beat.rr_s.tolist()
    (72.0, [0.837890625, 0.84765625])
    """
    if not payload:
        return DecodeError("heart rate: expected flags, got nothing", payload)
    flags = payload[0]
    rate_size = 2 if flags & _RATE_IS_U16 else 1
    rr_from = 1 + rate_size + (2 if flags & _HAS_ENERGY else 0)
    if len(payload) < rr_from:
        return DecodeError(
            f"heart rate: flags promise {rr_from} bytes, got {len(payload)}", payload
        )
    rr_bytes = payload[rr_from:]
    if flags & _HAS_RR and len(rr_bytes) % 2:
        return DecodeError("heart rate: half an RR interval at the end", payload)

    per_min = int.from_bytes(payload[1 : 1 + rate_size], "little")
    rr = np.frombuffer(rr_bytes if flags & _HAS_RR else b"", dtype="<u2")
    if flags & _CONTACT_SUPPORTED and not flags & _CONTACT_DETECTED:
        per_min, rr = 0, rr[:0]
    return HeartChunk(
        t_arrival_s=t_arrival_s,
        heart_per_min=float(per_min) if per_min else float("nan"),
        rr_s=rr[rr > 0] / _RR_PER_S,
    )


def decode_battery(t_arrival_s: float, payload: bytes) -> BatteryChunk | DecodeError:
    """State of charge of one read or notification.

    Examples
    --------
    >>> decode_battery(0.0, b"c").percent
    99.0
    """
    if len(payload) != 1:
        return DecodeError(f"battery: expected 1 byte, got {len(payload)}", payload)
    if payload[0] > 100:
        return DecodeError("battery: more than 100 percent", payload)
    return BatteryChunk(t_arrival_s=t_arrival_s, percent=float(payload[0]))


def advertised_battery(service_data: Mapping[str, bytes]) -> float | None:
    """State of charge that an advertisement carries: a byte under the battery service's UUID.

    Examples
    --------
    >>> advertised_battery({BATTERY_SERVICE_UUID: b"c"}), advertised_battery({})
    (99.0, None)
    """
    told = decode_battery(0.0, service_data.get(BATTERY_SERVICE_UUID, b""))
    return told.percent if isinstance(told, BatteryChunk) else None
