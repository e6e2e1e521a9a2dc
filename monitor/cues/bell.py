"""Soft struck bells, made of sine waves: heard at low level, gone in two seconds.

    1.00 --+  15 ms to rise, then each partial dies away by itself, the higher the sooner
    2.76 --+  three loudnesses; the loudest is struck twice
    5.40 --+

Decaying sounds are rated less annoying than flat ones and are heard better at low level (Foley,
Schlesinger and Schutz 2022, J Acoust Soc Am).  The partials are those of a free bar (1, 2.756,
5.404: Fletcher and Rossing, The Physics of Musical Instruments, ch. 2), as in chimes.
"""

from __future__ import annotations

import io
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.cues import play
from monitor.cues.channel import Ability
from monitor.cues.message import Message, MessageKind

FS_HZ = 44100
_LEAD_S = 0.5  # a loudspeaker that slept loses the first 0.3 s, which is all of the stroke
_PARTIALS = ((1.0, 1.0), (2.756, 0.35), (5.404, 0.12))  # ratio, strength
_PITCH_HZ: dict[MessageKind, float] = {
    "guide": 440.0,
    "alert": 392.0,
    "corrected": 587.3,
    "bell": 329.6,
    "end": 293.7,
}
_LOUDEST = (0.1, 0.2, 0.35)  # of full scale: -20, -14, -9 dB; speech peaks near -14


@dataclass(frozen=True, slots=True)
class BellSettings:
    """How a bell sounds.

    Attributes
    ----------
    onset_s : float
        From nothing to full; under 10 ms it clicks, over 30 it is no longer struck.
    decay_s : float
        Until the deepest partial is 60 dB down.
    again_s : float
        Between the two strikes of the loudest bell.
    """

    onset_s: float = 0.015
    decay_s: float = 1.8
    again_s: float = 0.9


def bell(
    kind: MessageKind = "alert",
    level: int = 0,
    *,
    volume: float = 1.0,
    settings: BellSettings | None = None,
) -> NDArray[np.float64]:
    """The samples of one cue at `FS_HZ`, -1 to 1.

    Parameters
    ----------
    kind
        Chooses the pitch, all within an octave and a half of a low, warm d.
    level
        0 the softest, 2 the loudest.
    volume
        The wearer's own, 0 to 1.

    Examples
    --------
    >>> [round(float(abs(bell(level=k)).max()), 2) for k in range(3)]
    [0.1, 0.2, 0.35]
    """
    s = settings or BellSettings()
    level = min(max(level, 0), 2)
    one = _struck(_PITCH_HZ[kind], s)
    sound = np.zeros(len(one) + round((s.again_s if level == 2 else 0.0) * FS_HZ))
    sound[: len(one)] = one
    if level == 2:
        sound[-len(one) :] += one
    sound *= _LOUDEST[level] * volume / np.abs(sound).max()
    return sound


def wav(sound: NDArray[np.float64]) -> bytes:
    """The samples as a WAV file, 16 bits, one channel, after a little silence."""
    sound = np.concatenate([np.zeros(round(_LEAD_S * FS_HZ)), sound])
    counts = np.round(np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FS_HZ)
        file.writeframes(counts.tobytes())
    return out.getvalue()


class Bell:
    """The channel: a bell through the loudspeaker."""

    name = "bell"
    needs_words = False

    def __init__(self, volume: float = 1.0) -> None:
        self._volume = volume

    def ability(self) -> Ability:
        """Whether there is something to play it with."""
        return play.ability()

    def give(self, message: Message) -> None:
        """Strike it."""
        with tempfile.TemporaryDirectory(prefix="backrelease-") as folder:
            path = Path(folder) / "bell.wav"
            path.write_bytes(wav(bell(message.kind, message.level, volume=self._volume)))
            play.play(path)


def _struck(pitch_hz: float, s: BellSettings) -> NDArray[np.float64]:
    t_s = np.arange(round(s.decay_s * FS_HZ)) / FS_HZ
    sound = np.zeros(len(t_s))
    for ratio, strength in _PARTIALS:
        dies = np.exp(-np.log(1000.0) * t_s / (s.decay_s / ratio**0.5))  # 1000 is 60 dB
        sound += strength * dies * np.sin(2.0 * np.pi * ratio * pitch_hz * t_s)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(t_s / s.onset_s, 0.0, 1.0))
    fall = np.clip((s.decay_s - t_s) / 0.02, 0.0, 1.0)  # to silence, without a click
    sound *= rise * fall
    return sound
