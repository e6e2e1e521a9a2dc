"""A notification on the desktop: for the person beside, and for who wears headphones elsewhere.

By the desktop's own program: desktop-notifier (6.2) needs an event loop of its own and, on macOS, a
signed application around it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from monitor.cues.channel import Ability, CueFailed, first_found, run
from monitor.cues.message import Message

_TITLE = "backrelease"
_NOTIFIERS = ("osascript", "notify-send")
_HINT = "Install: sudo apt install libnotify-bin (and be on a desktop)."
_POWERSHELL = (
    "Add-Type -AssemblyName System.Windows.Forms; Add-Type -AssemblyName System.Drawing; "
    "$note = New-Object System.Windows.Forms.NotifyIcon; "
    "$note.Icon = [System.Drawing.SystemIcons]::Information; $note.Visible = $true; "
    f"$note.ShowBalloonTip(8000, '{_TITLE}', [Console]::In.ReadToEnd(), 'Info'); "
    "Start-Sleep 8; $note.Dispose()"
)


class Desktop:
    """The channel: a notification that goes away by itself."""

    name = "desktop"
    needs_words = True

    def ability(self) -> Ability:
        """Whether there is a desktop and a program that notifies."""
        if sys.platform == "win32":
            return Ability(can=True, by="Windows")
        found = first_found(_NOTIFIERS)
        if found is None:
            return Ability(can=False, hint=_HINT)
        if Path(found).name == "notify-send" and not _has_desktop():
            return Ability(can=False, hint="There is no desktop here: no DISPLAY, no session bus.")
        return Ability(can=True, by=Path(found).name)

    def give(self, message: Message) -> None:
        """Show it."""
        ability = self.ability()
        if not ability.can:
            raise CueFailed("there is no desktop to notify", hint=ability.hint)
        if sys.platform == "win32":
            run(("powershell", "-NoProfile", "-Command", _POWERSHELL), message.text)
        elif ability.by == "osascript":
            script = f'display notification (system attribute "WORDS") with title "{_TITLE}"'
            run(("env", f"WORDS={message.text}", "osascript", "-e", script))
        else:
            run(("notify-send", "--app-name", _TITLE, "--expire-time", "8000", "--",
                 _TITLE, message.text))  # fmt: skip


def _has_desktop() -> bool:
    return any(os.environ.get(n) for n in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"))
