"""Spoken words: by the platform's own voice, in a process of its own.

pyttsx3 (2.99) drives the same voices from inside the program, where its run loop is known to hang
after the first sentence or outside the main thread (its issues 126, 131 and 327); a process can be
given up.
"""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.cues.channel import Ability, CueFailed, first_found, run
from monitor.cues.message import Message

_SPEAKERS = ("say", "espeak-ng", "espeak", "spd-say")
_HINT = "Install a voice: sudo apt install espeak-ng"
_WORDS_PER_MIN = 140  # slower than the voices' own 175: somebody is resting
_ESPEAK_LOUDNESS = 40  # its usual 100 peaks at -3 dB, far above the bells
_POWERSHELL = (
    "Add-Type -AssemblyName System.Speech; "
    "$voice = New-Object System.Speech.Synthesis.SpeechSynthesizer; "
    "$voice.Rate = -2; $voice.Volume = {volume}; $voice.Speak([Console]::In.ReadToEnd())"
)


class Speech:
    """The channel: a voice reads the message."""

    name = "speech"
    needs_words = True

    def __init__(self, volume: float = 1.0) -> None:
        self._volume = volume

    def ability(self) -> Ability:
        """Whether there is a voice, and which."""
        if sys.platform == "win32":
            return Ability(can=True, by="Windows")
        found = first_found(_SPEAKERS)
        if found is None:
            return Ability(can=False, hint=_HINT)
        return Ability(can=True, by=Path(found).name)

    def give(self, message: Message) -> None:
        """Read it to its end."""
        run(self._command(message.text), message.text)

    def _command(self, text: str) -> tuple[str, ...]:
        if sys.platform == "win32":
            script = _POWERSHELL.format(volume=round(100 * self._volume))
            return ("powershell", "-NoProfile", "-Command", script)
        found = first_found(_SPEAKERS)
        if found is None:
            raise CueFailed("there is no program that speaks", hint=_HINT)
        speed = str(_WORDS_PER_MIN)
        match Path(found).name:
            case "say":
                return (found, "-r", speed, "-f", "-")
            case "spd-say":  # its scale is -100 to 100
                return (found, "--wait", "-r", "-20", "--", text)
            case _:
                loudness = str(round(_ESPEAK_LOUDNESS * self._volume))
                return (found, "-s", speed, "-a", loudness, "--stdin")
