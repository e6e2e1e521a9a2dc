"""How a running session is seen: a screen that is drawn, or plain lines.

The screen redraws itself twice a second in a thread of rich; the session only leaves the newest
state.  Plain lines are one in ten seconds and one per event, for logs and screen readers.
Unknown is a dash, never a zero.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from monitor.live.keys import KEYS_WORDS, Keyboard
from monitor.screen.layout import Picture, clock, compose, lost_words, number, percent

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from analysis.results import Epochs
    from monitor.live.keys import Key
    from monitor.live.session import Status
    from monitor.result import Alert

_REDRAWS_PER_S = 2  # a clock of seconds never shows the same one twice, nor skips one
_LAST_WORDS = 3
_SHOWN = (
    "stillness",
    "breathing_per_min",
    "breathing_confidence",
    "heart_per_min",
    "knee_left_deg",
    "knee_right_deg",
    "lean_left_deg",
    "lean_right_deg",
)


class Latest:
    """The newest known values, collected from the pipeline's updates."""

    def __init__(self) -> None:
        self.row: dict[str, float] = {}

    def take(self, epochs: Epochs) -> None:
        """Remember the last of newly final epochs."""
        if len(epochs):
            self.row = {n: float(getattr(epochs, n)[-1]) for n in _SHOWN}

    def get(self, name: str) -> float | None:
        """The newest value, None before the first."""
        return self.row.get(name)


class PlainView:
    """One line per `every_s` of session time and one per event."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        every_s: float = 10.0,
        keys: Keyboard | None = None,
    ) -> None:
        self._write = write
        self._every_s = every_s
        self._keys = keys or Keyboard()
        self._next_s = 0.0
        self._now_s = 0.0
        self._latest = Latest()

    def say(self, t_s: float, text: str) -> None:
        """Print a cue or message."""
        self._write(f"{clock(t_s)}  {text}")

    def alert(self, alert: Alert) -> None:
        """Print an alert."""
        self._write(f"{clock(alert.t_s)}  ALERT  {alert.reason}")

    def note(self, text: str) -> None:
        """Print something about the program itself."""
        self.say(self._now_s, text)

    def pressed(self) -> Sequence[Key]:
        """The keys since the last call."""
        return self._keys.pressed()

    def show(self, status: Status) -> None:
        """Print the state when its time has come."""
        self._now_s = status.t_s
        self._latest.take(status.update.epochs)
        if status.t_s < self._next_s:
            return
        self._next_s = (math.floor(status.t_s / self._every_s) + 1) * self._every_s
        get = self._latest.get
        streaming = sum(not h.silent for h in status.update.health.values() if h.last_heard_s)
        left = "" if status.left_s is None else f"  left {clock(math.ceil(status.left_s))}"
        waits = f" (clock waits: {status.waits})" if status.waits else ""
        self._write(
            f"{clock(status.t_s)}  {status.phase}{left}{waits}  "
            f"knees {number(get('knee_left_deg'))}/{number(get('knee_right_deg'))} deg  "
            f"still {percent(get('stillness'))}  "
            f"breath {number(get('breathing_per_min'), '.1f')}/min "
            f"(sure {percent(get('breathing_confidence'))})  "
            f"heart {number(get('heart_per_min'))}/min  "
            f"sensors {streaming}/{len(status.update.health)}  "
            f"lost {lost_words(status.update.health.values())}  "
            f"recorded {status.recorded_s:.2f} of {status.t_s:.2f} s"
        )


class ScreenView:
    """The whole terminal, drawn by rich; put back as it was afterwards."""

    def __init__(self, console: Console, keys: Keyboard | None = None) -> None:
        from rich.live import Live  # noqa: PLC0415  # only a terminal pays for it

        self._console = console
        self._keys = keys
        self._status: Status | None = None
        self._latest = Latest()
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._ascii_only = not console.encoding.lower().startswith("utf")
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=_REDRAWS_PER_S,
            screen=True,
        )

    def __enter__(self) -> ScreenView:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        self._live.stop()

    def say(self, t_s: float, text: str) -> None:
        """Show a cue or message among the last words."""
        self._words.append(f"{clock(t_s)}  {text}")

    def alert(self, alert: Alert) -> None:
        """Show an alert among the last words."""
        self._words.append(f"{clock(alert.t_s)}  {alert.reason}")

    def note(self, text: str) -> None:
        """Show something about the program itself among the last words."""
        self.say(self._status.t_s if self._status else 0.0, text)

    def pressed(self) -> Sequence[Key]:
        """The keys since the last call."""
        return self._keys.pressed() if self._keys else ()

    def show(self, status: Status) -> None:
        """Take the newest state; the thread draws it when its time has come."""
        self._latest.take(status.update.epochs)
        self._status = status

    def render(self) -> RenderableType:
        """Draw the newest state in the size that the terminal has now."""
        from rich.text import Text  # noqa: PLC0415

        width, height = self._console.size
        lines = compose(self._picture(), width, height, ascii_only=self._ascii_only)
        text = Text(no_wrap=True, end="")
        for k, line in enumerate(lines):
            text.append("\n" * (k > 0) + line.text, line.style)
        return text

    def _picture(self) -> Picture:
        status = self._status
        words = tuple(self._words)
        if status is None:
            return Picture(words=words)
        return Picture(
            t_s=status.t_s,
            phase=status.phase,
            left_s=status.left_s,
            waits=status.waits,
            values=self._latest.row,
            reference=status.update.reference,
            health=status.update.health,
            heart_source=status.update.heart_source,
            curve=status.breath.curve() if status.breath else None,
            words=words,
            keys=f" {KEYS_WORDS if self._keys else 'Ctrl-C ends it in order'}",
            recording_failed=status.recording_failed,
        )
