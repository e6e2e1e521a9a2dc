"""Keys are read without waiting, the terminal is put back, and without one nothing breaks."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator

import pytest

from monitor.live.keys import KEYS, Keyboard, keyboard

if sys.platform == "win32":
    pytest.skip("a pseudo terminal is POSIX", allow_module_level=True)

import pty
import termios


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A pseudo terminal as standard input: who types into the first is read from the second."""
    hands, terminal = pty.openpty()
    with os.fdopen(terminal, "r", closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield hands, terminal
    os.close(hands)
    os.close(terminal)


def test_single_keys_are_heard_at_once_and_rubbish_is_not(typist: tuple[int, int]) -> None:
    hands, _ = typist
    with keyboard() as keys:
        assert keys.pressed() == []
        os.write(hands, b" +xM\xff\x1b")
        assert keys.pressed() == ["pause", "extend", "mark"]
        assert keys.pressed() == []


def test_looking_does_not_wait(typist: tuple[int, int]) -> None:
    with keyboard() as keys:
        began_s = time.monotonic()
        for _ in range(100):
            keys.pressed()
        assert time.monotonic() - began_s < 1.0


def test_the_terminal_is_put_back_even_after_an_error(typist: tuple[int, int]) -> None:
    _, terminal = typist
    before = termios.tcgetattr(terminal)
    during: list[int] = []

    def fail() -> None:
        with keyboard():
            during.extend(termios.tcgetattr(terminal)[3:4])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not during[0] & termios.ICANON
    assert during[0] & termios.ISIG  # Ctrl-C stays Ctrl-C
    assert termios.tcgetattr(terminal) == before


def test_a_terminal_that_goes_away_is_silence(typist: tuple[int, int]) -> None:
    hands, _ = typist
    with keyboard() as keys:
        os.write(hands, b"\x04")
        assert keys.pressed() == []


@pytest.mark.parametrize("stdin", [io.StringIO("pp"), None])
def test_without_a_terminal_nobody_types(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with keyboard() as keys:
        assert type(keys) is Keyboard
        assert keys.pressed() == []


def test_a_closed_input_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdin", closed)
    with keyboard() as keys:
        assert keys.pressed() == []


def test_every_action_has_a_key() -> None:
    assert set(KEYS.values()) == {"pause", "extend", "finish", "skip", "mark", "snooze"}
