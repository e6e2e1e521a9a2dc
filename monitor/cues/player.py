"""Gives cues without anybody waiting for them.

    session --give--> queue --thread--> first channel that works --fails--> the next, said once

`give` only puts a message into a queue.  A channel that fails is told once and left out for the
rest of the session; when none is left, the session goes on in silence and says so.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from monitor.cues.channel import Channel, CueFailed
from monitor.cues.choices import ChannelName, CueChoices, channels
from monitor.cues.message import Buzz, Message
from monitor.cues.sensor import Sensor

_STALE_S = 15.0
"""A word about the posture of a quarter of a minute ago is none; the queue was held up."""


class Cues:
    """Reaches the wearer as they chose.

    Parameters
    ----------
    choices : CueChoices
    on_trouble : callable
        Told once of each channel that fails, in words; called from the thread.
    made : mapping, optional
        Channels to use instead of this computer's own.
    """

    def __init__(
        self,
        choices: CueChoices | None = None,
        *,
        on_trouble: Callable[[str], None] = lambda _words: None,
        made: Mapping[ChannelName, Channel] | None = None,
    ) -> None:
        self._choices = choices or CueChoices()
        self._channels = dict(made or channels(self._choices.volume))
        self._on_trouble = on_trouble
        self._failed: set[str] = set()
        self._queue: queue.SimpleQueue[tuple[float, Message] | None] = queue.SimpleQueue()
        # A daemon, so that a loudspeaker that hangs cannot keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="cues", daemon=True)
        self._thread.start()

    def give(self, message: Message) -> None:
        """Let the wearer know, soon; returns at once and never raises."""
        self._queue.put((time.monotonic(), message))

    def attach(self, buzz: Buzz) -> None:
        """From now on worn sensors can be felt, too."""
        self._channels["sensor"] = Sensor(buzz)

    def close(self, wait_s: float = 10.0) -> None:
        """Give what is queued, but wait no longer than that."""
        self._queue.put(None)
        self._thread.join(wait_s)

    def __enter__(self) -> Cues:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            put_s, message = item
            if message.kind in {"alert", "corrected"} and time.monotonic() - put_s > _STALE_S:
                continue
            try:
                self._give(message)
            except Exception as error:  # nothing about a cue may end a session
                self._trouble("cues", f"cues failed ({error})", "")

    def _give(self, message: Message) -> None:
        c = self._choices
        match message.kind:
            case "corrected":
                if c.when_corrected:
                    self._first(c.alerts, replace(message, text=""))
            case "alert":
                by = self._first(c.alerts, message)
                if c.speak_alerts and by != "speech":
                    self._first(("speech",), message)
            case "bell":
                self._first(("bell", *c.alerts), message)
                self._first(("speech",), message)
            case _:
                self._first(c.guidance, message)

    def _first(self, names: Sequence[ChannelName], message: Message) -> str:
        """By the first channel that works; returns its name, empty when none did."""
        for name in names:
            channel = self._channels.get(name)
            if (
                channel is None
                or name in self._failed
                or (channel.needs_words and not message.text)
            ):
                continue
            try:
                channel.give(message)
            except CueFailed as error:
                self._trouble(name, str(error), error.hint)
            else:
                return name
        return ""

    def _trouble(self, name: str, words: str, hint: str) -> None:
        if name not in self._failed:
            self._failed.add(name)
            self._on_trouble(f"No cues by {name}: {words}. {hint}".strip())
