"""Polar H10 chest strap: acceleration with the strap's own clock, heart rate and RR intervals.

    25, 50, 100, 200 Hz; 2, 4, 8 g; frames of raw int16, up to 36 samples

What it speaks is Polar's measurement data service: `polar_frames.py` reads the bytes, and
`polar_pmd.py` leads the conversations.

The strap switches off about a minute after it was taken off, and drops its link 45 s after.  It
serves one program at a time.  Its electrocardiogram stays off: together with acceleration it is more
than weak adapters carry, and the intervals between beats come with the heart rate anyway.
"""

from __future__ import annotations

from devices.driver import Driver, Start, StreamRequest
from devices.sensors.polar_frames import DATA_UUID, PmdDecoder
from devices.sensors.polar_pmd import (
    CONTROL_UUID,
    RANGE,
    RATE,
    RESOLUTION,
    SERVICE_UUID,
    start,
    stop,
)

__all__ = ["CONTROL_UUID", "DATA_UUID", "DRIVER", "SERVICE_UUID"]

_SETTINGS = (RANGE, RATE, RESOLUTION)  # in the order of the vendor's example


def _start(request: StreamRequest) -> Start:
    return start(request, _SETTINGS)


DRIVER = Driver(
    name="polar_h10",
    title="Polar H10",
    axes="z out of the pod's front, so up when the wearer lies; the maker documents no more",
    recognises=lambda advert: (advert.name or "").startswith("Polar H10"),
    start=_start,
    stop=stop,
    new_decoder=PmdDecoder,
)
