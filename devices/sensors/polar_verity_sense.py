"""Polar Verity Sense and OH1 armbands: acceleration with the band's own clock, and heart rate.

    Verity Sense  52 Hz, 8 g    frames of differences, up to 1.4 s long
    OH1           50 Hz, 8 g

What they speak is Polar's measurement data service: `polar_frames.py` reads the bytes, and
`polar_pmd.py` leads the conversations.  The number of channels belongs into the start command.  A
band whose answer to it names a factor sends counts, one that does not sends milli-g.

Left alone on purpose: the SDK mode, whose higher rates cost the heart rate (a band found in that
mode is taken out of it); pulse intervals, which slow the heart rate down to one in 5 s; the Verity's
gyro, a second stream with stamps of its own, which doubles what the radio must carry.  The bands
tell no intervals between beats with the heart rate, and their skin contact is unreliable.  In the
charger a Verity refuses to stream, and its battery level is stale.
"""

from __future__ import annotations

from devices.driver import Driver, Start, StreamRequest
from devices.sensors.polar_frames import PmdDecoder
from devices.sensors.polar_pmd import CHANNELS, RANGE, RATE, RESOLUTION, start, stop

_SETTINGS = (RATE, RESOLUTION, RANGE, CHANNELS)  # in the order of the vendor's example


def _start(request: StreamRequest) -> Start:
    return start(request, _SETTINGS)


DRIVER = Driver(
    name="polar_verity_sense",
    title="Polar Verity Sense and OH1",
    axes="as the maker draws them for each model: the two models' axes differ",
    recognises=lambda advert: (advert.name or "").startswith(("Polar Sense", "Polar OH1")),
    start=_start,
    stop=stop,
    new_decoder=PmdDecoder,
)
