"""The whole screen as lines: what is drawn where, for any size from 40 x 12 on.

    REST                                            time 12:34
    ▉▉ big clock, time left      stillness, breathing, heart
    left leg                     right leg
    sensors
    the last words
    keys

Pure: the newest values and a size in, lines out.  Unknown is a dash.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from monitor.screen.canvas import Canvas
from monitor.screen.digits import big
from monitor.screen.legs import draw_leg, rows_for

if TYPE_CHECKING:
    from analysis.results import FloatArray
    from monitor.live.sensor import SensorHealth
    from monitor.result import Reference

UNKNOWN = "\u2013"  # an en dash; a hyphen beside numbers reads as a minus
_TRACE_HEIGHT = 2
_LEAST_LEGS = 4
_LARGE = (110, 36)  # from this size on the clock is drawn twice as large
_SENSOR_WIDTH = 38


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and whether it is to stand out or to keep back."""

    text: str
    style: Literal["", "bold", "dim"] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything that is drawn.

    Attributes
    ----------
    values : mapping
        Newest epoch by name of its column; NaN is unknown.
    curve : (n,) array or None
        Breathing over the last minute.
    words : sequence of str
        The last things said, newest last.
    keys : str
        What can be pressed.
    """

    t_s: float = 0.0
    phase: str = "get ready"
    left_s: float | None = None
    waits: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    reference: Reference | None = None
    health: Mapping[str, SensorHealth] = field(default_factory=dict)
    heart_source: str = ""
    curve: FloatArray | None = None
    words: Sequence[str] = ()
    keys: str = ""
    recording_failed: bool = False


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


def percent(share: float | None) -> str:
    """A share in words; unknown is a dash."""
    return number(None if share is None else share * 100.0, unit=" %")


def compose(picture: Picture, width: int, height: int, *, ascii_only: bool = False) -> list[Line]:
    """The screen: exactly `height` lines, none wider than `width`.

    Examples
    --------
    >>> lines = compose(Picture(), 80, 24)
    >>> len(lines), max(len(line.text) for line in lines) <= 80
    (24, True)
    """
    rule = Line(("-" if ascii_only else "\u2500") * width, "dim")
    head = [_header(picture, width), rule]
    scale = 2 if width >= _LARGE[0] and height >= _LARGE[1] else 1
    top = _top(picture, width, scale, ascii_only=ascii_only)
    sensors = _sensors(picture.health, width)
    foot = [rule, *_words(picture, width), Line(picture.keys, "dim")]
    room = height - len(head) - len(top) - len(sensors) - len(foot) - 1
    legs: list[Line] = []
    if room >= _LEAST_LEGS:
        rows = min(room, rows_for(width // 2 - 2) + 1)
        above = (room - rows) // 2
        legs = [Line("")] * above + _legs(picture, width, rows, ascii_only=ascii_only)
        legs += [Line("")] * (room - len(legs))
    lines = [*head, *top, *legs, *sensors, *foot]
    if len(lines) > height:  # a very small window: what matters most stays
        lines = [*head, *top, *foot][:height]
    lines += [Line("")] * (height - len(lines))
    return [Line(line.text[:width], line.style) for line in lines]


def _header(picture: Picture, width: int) -> Line:
    phase = picture.phase.upper() + (f"   clock waits: {picture.waits}" if picture.waits else "")
    after = f"{clock(picture.t_s)} since the start"
    return Line(f" {phase}{after:>{max(width - len(phase) - 2, 0)}} ", "bold")


def _top(picture: Picture, width: int, scale: int, *, ascii_only: bool) -> list[Line]:
    """The time left, large, and beside it what is measured now."""
    left = "--:--" if picture.left_s is None else clock(math.ceil(picture.left_s))
    digits = big(left, scale=scale, ascii_only=ascii_only)
    beside = _beside(picture, max(width - len(digits[0]) - 8, 0), ascii_only=ascii_only)
    rows = max(len(digits), len(beside))
    digits += [" " * len(digits[0])] * (rows - len(digits))
    labels = [" " * 6] * (rows - 1) + [" left "]
    beside += [""] * (rows - len(beside))
    return [
        Line(f" {d}{label}{b}", "bold") for d, label, b in zip(digits, labels, beside, strict=True)
    ]


def _beside(picture: Picture, width: int, *, ascii_only: bool) -> list[str]:
    get = picture.values.get
    still = get("stillness")
    sure = percent(get("breathing_confidence"))
    heart = number(get("heart_per_min"), unit=" /min")
    by = f"  by the {picture.heart_source}" if picture.heart_source else "  by chest motion"
    return [
        f"still     {percent(still):>6}  {_bar(still, width - 19, ascii_only=ascii_only)}",
        f"breathing {number(get('breathing_per_min'), '.1f', ' /min'):>10}  sure {sure}",
        *_trace(picture.curve, width, ascii_only=ascii_only),
        f"heart     {heart:>10}{by if heart != UNKNOWN else ''}",
    ]


def _bar(share: float | None, width: int, *, ascii_only: bool) -> str:
    if share is None or math.isnan(share) or width < 4:
        return ""
    full, rest = ("=", ".") if ascii_only else ("\u2588", "\u2591")
    n = round(share * width)
    return full * n + rest * (width - n)


def _trace(curve: FloatArray | None, width: int, *, ascii_only: bool) -> list[str]:
    """The curve over the whole width; stretches that are not known stay empty."""
    canvas = Canvas(max(width, 1), _TRACE_HEIGHT)
    if curve is not None:
        values = curve.tolist()
        known = sorted(abs(v) for v in values if v == v)  # noqa: PLR0124  # NaN
        if known:
            # By what nine tenths stay within: one movement must not flatten a minute of breaths.
            top = max(known[int(0.9 * (len(known) - 1))] * 1.2, 1e-9)
            middle = (canvas.height - 1) / 2.0
            before: tuple[float, float] | None = None
            for i, value in enumerate(values):
                if value != value:  # noqa: PLR0124  # NaN
                    before = None
                    continue
                x = i * (canvas.width - 1) / (len(values) - 1)
                y = middle - max(min(value / top, 1.0), -1.0) * middle
                from_x, from_y = before or (x, y)
                canvas.line(from_x, from_y, x, y)
                before = (x, y)
    return canvas.lines(ascii_only=ascii_only)


def _legs(picture: Picture, width: int, height: int, *, ascii_only: bool) -> list[Line]:
    """Both legs side by side, each with its angle in figures above."""
    half = width // 2
    drawn = []
    for side in ("left", "right"):
        knee = picture.values.get(f"knee_{side}_deg")
        own = getattr(picture.reference, f"knee_{side}_deg", None)
        lean = picture.values.get(f"lean_{side}_deg")
        caption = f" {side} knee {number(knee, unit=' deg')} (own {number(own)})"
        if lean is not None and not math.isnan(lean) and abs(lean) >= 1.0:
            caption += f"  leans {abs(lean):.0f} {'out' if lean > 0 else 'in'}"
        art = draw_leg(knee, own, half - 2, height - 1, ascii_only=ascii_only)
        drawn.append([f"{caption:<{half}.{half}}", *(f" {row} " for row in art)])
    rows = [a + b for a, b in zip(*drawn, strict=True)]
    return [Line(rows[0], "bold"), *(Line(row) for row in rows[1:])]


def _sensors(health: Mapping[str, SensorHealth], width: int) -> list[Line]:
    """Two sensors a line, or as many as fit."""
    cells = [_cell(placement, h) for placement, h in health.items()]
    n = max(width // _SENSOR_WIDTH, 1)
    return [
        Line(" " + "  ".join(f"{c:<{_SENSOR_WIDTH - 1}}" for c in cells[i : i + n]))
        for i in range(0, len(cells), n)
    ]


def _cell(placement: str, health: SensorHealth) -> str:
    link, rate, lost, battery = sensor_cells(health)
    told = rate if link == "streaming" else link
    return f"{placement.replace('_', ' '):<11}{told:>10.10} lost {lost:<5.5}{battery:>5}"


def sensor_cells(health: SensorHealth) -> tuple[str, str, str, str]:
    """Link, rate, loss and battery of one sensor in words; an estimated loss has a ``~``."""
    link = "silent" if health.silent else health.state or "waiting"
    battery = number(health.battery_percent, unit=" %")
    about = "~" if health.loss_by == "estimated" and health.n_lost else ""
    lost = f"{about}{health.n_lost}"
    return link, number(health.rate_hz, ".0f", " Hz"), lost, battery


def lost_words(health: Iterable[SensorHealth]) -> str:
    """The samples lost by all sensors, those counted apart from those estimated."""
    lost = {"counted": 0, "estimated": 0}
    for sensor in health:
        lost["counted" if sensor.loss_by == "counted" else "estimated"] += sensor.n_lost
    said = [f"{n} {how}" for how, n in lost.items() if n]
    return " + ".join(said) or "0"


def _words(picture: Picture, width: int) -> list[Line]:
    """The last thing said, and before it what fits into three lines."""
    failed = "NOT RECORDING: the disk refuses. "
    rows: list[Line] = []
    for k, words in enumerate(reversed(picture.words)):
        lines = textwrap.wrap(words, width - 2, subsequent_indent=" " * 7)
        if len(rows) + len(lines) > 3 and rows:
            break
        rows = [Line(f" {text}", "bold" if k == 0 else "") for text in lines] + rows
    if picture.recording_failed:
        rows = [Line(f" {failed}", "bold"), *rows[-2:]]
    rows = rows[:3]
    return [Line("")] * (3 - len(rows)) + rows
