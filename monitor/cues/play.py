"""How a WAV file is played: by the platform's own player, in a process of its own.

A sound system that hangs or crashes then takes nothing with it, and there is nothing to install on
macOS, Windows, or a Linux desktop.  Python's sound packages bind a C library into the program:
sounddevice needs PortAudio on Linux, miniaudio brings a copy of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.cues.channel import Ability, CueFailed, first_found, run

_PLAYERS = {  # PipeWire, PulseAudio, ALSA, macOS, then two that people have
    "pw-play": (),
    "paplay": (),
    "aplay": ("-q",),
    "afplay": (),
    "play": ("-q",),  # sox
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),
}
_HINT = "Install a player: sudo apt install pipewire-bin (or pulseaudio-utils, alsa-utils, sox)."


def ability() -> Ability:
    """Whether there is a player, and which."""
    if sys.platform == "win32":
        return Ability(can=True, by="Windows")
    found = first_found(tuple(_PLAYERS))
    if found is None:
        return Ability(can=False, hint=_HINT)
    return Ability(can=True, by=Path(found).name)


def play(path: Path) -> None:
    """Play a file to its end.

    Raises
    ------
    CueFailed
        When there is no player, or it cannot reach a loudspeaker.
    """
    if sys.platform == "win32":
        import winsound  # noqa: PLC0415  # only there

        try:
            winsound.PlaySound(str(path), winsound.SND_FILENAME | winsound.SND_NODEFAULT)
        except RuntimeError as error:
            raise CueFailed(f"Windows cannot play a sound: {error}") from error
        return
    found = first_found(tuple(_PLAYERS))
    if found is None:
        raise CueFailed("there is no program that plays sounds", hint=_HINT)
    run((found, *_PLAYERS[Path(found).name], str(path)))
