r"""One leg from the side as it stands: thigh, shank, foot on the floor, and the wearer's own angle.

head ●──trunk──● hip  /  knee  \  foot, flat on the floor
"""

from __future__ import annotations

import math

from monitor.screen.canvas import Canvas

_THIGH_M, _SHANK_M = 0.43, 0.41  # joint to joint, of a stature of 1.75 m (Winter, fig. 4.1)
_TRUNK_M, _HEAD_M, _FOOT_M = 0.5, 0.11, 0.2
_JOINT_M = 0.09  # hip and ankle above the floor, lying
_LENGTH_M = _HEAD_M * 2 + _TRUNK_M + _THIGH_M + _SHANK_M + _FOOT_M
_HEIGHT_M = 0.56  # a knee bent as far as knees go
_THICK = ((0, 0), (1, 0), (0, 1))
_DOTTED = 3


def draw_leg(
    knee_deg: float | None,
    own_deg: float | None,
    width: int,
    height: int,
    *,
    ascii_only: bool = False,
) -> list[str]:
    """One leg at its real angle, thick, and the wearer's own angle, dotted.

    Parameters
    ----------
    knee_deg, own_deg : float or None
        Flexion now and the reference; None and NaN are unknown and not drawn.
    width, height : int
        Letters.

    Returns
    -------
    list of str
        `height` strings of `width` letters.

    Examples
    --------
    >>> for line in draw_leg(90.0, None, 26, 5):
    ...     print(line.rstrip())
    <BLANKLINE>
    <BLANKLINE>
                 ⢀⡴⠻⣦⡀
    ⡴⠒⢦        ⣠⡴⠋  ⠈⢿⣤⡀
    ⣳⣤⣞⣉⣉⣉⣉⣉⣉⣉⣙⣁⣀⣀⣀⣀⣀⣀⣈⣻⣶⣶⣤⣀⣀⣀
    """
    canvas = Canvas(width, height)
    scale = min((canvas.width - 1) / _LENGTH_M, (canvas.height - 1) / _HEIGHT_M)
    floor = canvas.height - 1
    canvas.line(0, floor, canvas.width - 1, floor)
    hip_x, hip_y = (2.0 * _HEAD_M + _TRUNK_M) * scale, floor - _JOINT_M * scale
    radius = _HEAD_M * scale * 0.8
    for degree in range(0, 360, 8):
        angle = math.radians(degree)
        canvas.dot(radius * (1 + math.cos(angle)), floor - 1 - radius * (1 + math.sin(angle)))
    canvas.line(2.0 * radius, hip_y, hip_x, hip_y)
    if own_deg is not None and not math.isnan(own_deg):
        _leg(canvas, own_deg, hip_x, hip_y, scale, every=_DOTTED)
    if knee_deg is not None and not math.isnan(knee_deg):
        for dx, dy in _THICK:
            _leg(canvas, knee_deg, hip_x + dx, hip_y + dy, scale)
    return canvas.lines(ascii_only=ascii_only)


def rows_for(width: int) -> int:
    """The height in letters beyond which a drawing of this width does not grow."""
    return math.ceil(2 * width / _LENGTH_M * _HEIGHT_M / 4)


def _leg(
    canvas: Canvas, knee_deg: float, hip_x: float, hip_y: float, scale: float, *, every: int = 1
) -> None:
    """The foot stays on the floor, so that one angle fixes both segments."""
    knee = math.radians(knee_deg)
    along, across = _THIGH_M + _SHANK_M * math.cos(knee), _SHANK_M * math.sin(knee)
    thigh = math.atan2(across, along)
    knee_x = hip_x + _THIGH_M * math.cos(thigh) * scale
    knee_y = hip_y - _THIGH_M * math.sin(thigh) * scale
    ankle_x = hip_x + math.hypot(along, across) * scale
    toe_x, toe_y = ankle_x + _FOOT_M * scale, hip_y + _JOINT_M * scale - 1
    canvas.line(hip_x, hip_y, knee_x, knee_y, every=every)
    canvas.line(knee_x, knee_y, ankle_x, hip_y, every=every)
    canvas.line(ankle_x, hip_y, toe_x, toe_y, every=every)
