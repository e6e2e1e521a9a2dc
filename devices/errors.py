"""What can go wrong between a sensor and its samples.

DeviceError          anything here; carries a `hint`, the way out in one sentence
├── DecodeError      bytes that are not what the sensor's document says
├── SensorRefused    the sensor answered a command with an error
├── SensorSilent     the sensor did not answer, or stopped sending
└── RadioUnavailable no Bluetooth adapter, switched off, or not permitted
"""

from __future__ import annotations


class DeviceError(Exception):
    """A sensor or radio problem, with a `hint` that says what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class DecodeError(DeviceError):
    """Bytes that do not follow the sensor's document; `payload` keeps them for the log.

    Examples
    --------
    >>> str(DecodeError("expected 20 bytes, got 2", bytes.fromhex("beef")))
    'expected 20 bytes, got 2: be ef'
    """

    def __init__(self, message: str, payload: bytes) -> None:
        super().__init__(f"{message}: {payload.hex(' ')}")
        self.payload = payload


class SensorRefused(DeviceError):
    """The sensor answered, and the answer was no."""


class SensorSilent(DeviceError):
    """The sensor is connected but an expected answer or stream did not come."""


class RadioUnavailable(DeviceError):
    """This computer's Bluetooth cannot be used as it is."""
