"""CSV files of other programs: which of their columns is what, and in which unit.

    program               time                      acceleration                     gyroscope
    Polar Sensor Logger   sensor timestamp [ns]     X [mg] Y [mg] Z [mg]             -
    Movesense samples     Timestamp (ms)            X: (m/s^2) ...                   -
    phyphox               Time (s)                  Acceleration x (m/s^2) ...       Gyroscope x (rad/s) ...
    Sensor Logger         seconds_elapsed           x y z, in m/s2                   -

Sensor Logger names its columns alike for every sensor: TotalAcceleration.csv has gravity in it, as
is needed; Accelerometer.csv has not, and is refused by what it reads at rest.  So is phyphox's
"Linear Acceleration".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one program writes its columns; names in lower case.

    Attributes
    ----------
    program : str
        Its name, for the notes.
    time : str
    time_unit_s : float
        The file's time times this is seconds.
    acc, gyro : tuple of str
        x, y, z; empty where there is none.
    acc_unit, gyro_unit : str
        Units of `monitor.exchange.csvheader`.
    """

    program: str
    time: str
    time_unit_s: float
    acc: tuple[str, ...]
    acc_unit: str
    gyro: tuple[str, ...] = ()
    gyro_unit: str = ""


DIALECTS = (
    Dialect(
        "Polar Sensor Logger", "sensor timestamp [ns]", 1e-9,
        ("x [mg]", "y [mg]", "z [mg]"), "mg",
    ),
    Dialect(
        "Movesense", "timestamp (ms)", 1e-3,
        ("x: (m/s^2)", "y: (m/s^2)", "z: (m/s^2)"), "m_s2",
    ),
    Dialect(
        "phyphox", "time (s)", 1.0,
        ("acceleration x (m/s^2)", "acceleration y (m/s^2)", "acceleration z (m/s^2)"), "m_s2",
        ("gyroscope x (rad/s)", "gyroscope y (rad/s)", "gyroscope z (rad/s)"), "rad_s",
    ),
    Dialect("Sensor Logger", "seconds_elapsed", 1.0, ("x", "y", "z"), "m_s2"),
)  # fmt: skip


def dialect_of(names: list[str]) -> Dialect | None:
    """The program that wrote these columns; None for our own layout and for unknown ones.

    Examples
    --------
    >>> dialect_of(["time", "seconds_elapsed", "z", "y", "x"]).program
    'Sensor Logger'
    >>> dialect_of(["time_s", "acc_x_g", "acc_y_g", "acc_z_g"]) is None
    True
    """
    return next((d for d in DIALECTS if {d.time, *d.acc} <= set(names)), None)
