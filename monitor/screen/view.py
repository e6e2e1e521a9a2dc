"""The terminal view of a running session: a panel of 80 x 24, or plain lines.

The panel redraws itself four times a second in a thread of rich; the session only leaves the
newest state.  Plain lines are one in ten seconds and one per event, for logs and screen readers.
Unknown is a dash, never a zero.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from analysis.results import Epochs
    from monitor.live.keys import Key
    from monitor.live.sensor import SensorHealth
    from monitor.live.session import Status
    from monitor.result import Alert

UNKNOWN = "\u2013"  # an en dash; a hyphen beside numbers reads as a minus
_REDRAWS_PER_S = 4
_LAST_WORDS = 3
_SHOWN = (
    "stillness",
    "breathing_per_min",
    "breathing_confidence",
    "heart_per_min",
    "knee_left_deg",
    "knee_right_deg",
)


def clock(t_s: float) -> str:
    """Session seconds as minutes and seconds.

    Examples
    --------
    >>> clock(754.2)
    '12:34'
    """
    return f"{int(t_s) // 60:02d}:{int(t_s) % 60:02d}"


def number(value: float | None, form: str = ".0f", unit: str = "") -> str:
    """A value with its unit, or a dash when it is not known.

    Examples
    --------
    >>> number(89.6, unit=" deg"), number(None) == number(float("nan")) == UNKNOWN
    ('90 deg', True)
    >>> number(-0.3)
    '0'
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{value:z{form}}{unit}"  # z: a knee at -0.3 is at 0, not at -0


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

    def __init__(self, write: Callable[[str], None], *, every_s: float = 10.0) -> None:
        self._write = write
        self._every_s = every_s
        self._next_s = 0.0
        self._latest = Latest()

    def __enter__(self) -> PlainView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Nothing to put back."""

    def say(self, t_s: float, text: str) -> None:
        """Print a cue or message."""
        self._write(f"{clock(t_s)}  {text}")

    def alert(self, alert: Alert) -> None:
        """Print an alert."""
        self._write(f"{clock(alert.t_s)}  ALERT  {alert.reason}")

    def pressed(self) -> Sequence[Key]:
        """Nothing yet."""
        return ()

    def show(self, status: Status) -> None:
        """Print the state when its time has come."""
        self._latest.take(status.update.epochs)
        if status.t_s < self._next_s:
            return
        self._next_s = (math.floor(status.t_s / self._every_s) + 1) * self._every_s
        get = self._latest.get
        streaming = sum(not h.silent for h in status.update.health.values() if h.last_heard_s)
        self._write(
            f"{clock(status.t_s)}  {status.phase}  "
            f"knees {number(get('knee_left_deg'))}/{number(get('knee_right_deg'))} deg  "
            f"still {_percent(get('stillness'))}  "
            f"breath {number(get('breathing_per_min'), '.1f')}/min "
            f"(sure {_percent(get('breathing_confidence'))})  "
            f"heart {number(get('heart_per_min'))}/min  "
            f"sensors {streaming}/{len(status.update.health)}  "
            f"lost {lost_words(status.update.health.values())}  "
            f"recorded {status.recorded_s:.2f} of {status.t_s:.2f} s"
        )


class PanelView:
    """The panel, drawn by rich."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live  # noqa: PLC0415  # only a terminal pays for it

        self._status: Status | None = None
        self._latest = Latest()
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=_REDRAWS_PER_S,
            transient=True,
        )

    def __enter__(self) -> PanelView:
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

    def show(self, status: Status) -> None:
        """Take the newest state; the thread draws it when its time has come."""
        self._latest.take(status.update.epochs)
        self._status = status

    def pressed(self) -> Sequence[Key]:
        """Nothing yet."""
        return ()

    def render(self) -> RenderableType:
        """Draw the newest state."""
        from rich.console import Group  # noqa: PLC0415
        from rich.panel import Panel  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        status, get = self._status, self._latest.get
        if status is None:
            return Text("starting")
        left = "" if status.left_s is None else f"   {clock(status.left_s)} left"
        values = Table.grid(padding=(0, 2))
        reference = status.update.reference
        for side, own in (("left", reference.knee_left_deg), ("right", reference.knee_right_deg)):
            knee = number(get(f"knee_{side}_deg"), unit=" deg")
            values.add_row(f"{side} knee", knee, f"your own {number(own, unit=' deg')}")
        values.add_row("stillness", _percent(get("stillness")), _bar(get("stillness")))
        sure = f"sure {_percent(get('breathing_confidence'))}"
        values.add_row("breathing", number(get("breathing_per_min"), ".1f", " /min"), sure)
        beats = status.update.heart_source
        heart = number(get("heart_per_min"), unit=" /min")
        by_motion = "" if heart == UNKNOWN else "by chest motion"
        values.add_row("heart", heart, f"beats of the {beats} sensor" if beats else by_motion)
        sensors = Table(box=None, padding=(0, 2), header_style="dim")
        for title in ("sensor", "link", "rate", "lost", "battery"):
            sensors.add_column(title, no_wrap=True)
        for placement, health in status.update.health.items():
            sensors.add_row(placement.replace("_", " "), *sensor_cells(health))
        words = Text("\n".join(self._words) or " ")
        failed = (
            [Text("NOT RECORDING: the disk refuses", "bold")] if status.recording_failed else []
        )
        title = f"{status.phase}   {clock(status.t_s)}{left}"
        body = Group(values, Text(""), sensors, Text(""), words, *failed)
        return Panel(body, title=title, subtitle="Ctrl-C ends it in order", width=80)


def sensor_cells(health: SensorHealth) -> tuple[str, str, str, str]:
    """Link, rate, loss and battery of one sensor in words."""
    link = "silent" if health.silent else health.state or "waiting"
    battery = number(health.battery_percent, unit=" %")
    lost = f"{health.n_lost} {health.loss_by}".rstrip()
    return link, number(health.rate_hz, ".0f", " Hz"), lost, battery


def lost_words(health: Iterable[SensorHealth]) -> str:
    """The samples lost by all sensors, those counted apart from those estimated."""
    lost = {"counted": 0, "estimated": 0}
    for sensor in health:
        lost["counted" if sensor.loss_by == "counted" else "estimated"] += sensor.n_lost
    said = [f"{n} {how}" for how, n in lost.items() if n]
    return " + ".join(said) or "0"


def _percent(share: float | None) -> str:
    return number(None if share is None else share * 100.0, unit=" %")


def _bar(share: float | None, width: int = 20) -> str:
    if share is None or math.isnan(share):
        return ""
    full = round(share * width)
    return "=" * full + "." * (width - full)
