"""The configuration is the wearer's: private, commented, and wrong words are named."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import config
from monitor.errors import UserError
from monitor.fill import filled

pytestmark = pytest.mark.usefixtures("own_home")


@dataclass(frozen=True)
class Inner:
    enter_deg: float = 8.0
    kind: Literal["soft", "loud"] = "soft"


@dataclass(frozen=True)
class Outer:
    inner: Inner = Inner()
    names: tuple[str, ...] = ()
    limit: float | None = None
    n: int = 3
    on: bool = True


def written(text: str) -> Path:
    path = config.config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_a_file_everything_is_as_usual() -> None:
    assert config.load() == config.Config()
    assert config.load().session.minutes == 15.0
    assert not config.load().history.streak


def test_what_is_stored_is_read_again_and_private() -> None:
    sensor = {"name": "Polar H10 51A0", "address": "AA:BB", "driver": "polar_h10"}
    path = config.store({"sensors": {"chest": sensor}, "session": {"minutes": 20}})
    read = config.load()
    assert read.sensors.worn() == {"chest": config.SensorEntry(**sensor)}
    assert read.session.minutes == 20.0
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_comments_and_what_was_not_asked_for_stay() -> None:
    path = written("# mine\n[session]\nminutes = 10.0  # short days\nquiet = true\n")
    config.store({"session": {"minutes": 12.0}, "wearer": {"height_m": 1.7}})
    text = path.read_text()
    assert text.startswith("# mine\n[session]\nminutes = 12.0  # short days\nquiet = true\n")
    config.store({"wearer": {"height_m": None}})
    assert config.load().wearer.height_m is None
    assert config.load().session.quiet


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[session]\nminuts = 5.0", "session: there is no 'minuts'", "'minutes'"),
        ("[sesion]\nminutes = 5.0", "there is no 'sesion'", "'session'"),
        ("[sensors.left_thy]\nname = 'x'", "sensors: there is no 'left_thy'", "'left_thigh'"),
        ("[session]\nminutes = 'ten'", "session.minutes: 'ten' is not a number", "a number"),
        ("[session]\nminutes = 900.0", "900 minutes: give 1.5 to 120", "allowed"),
        ("[wearer]\nheight_m = 175", "nobody is 175 m tall", "allowed"),
        ("[history]\nstreak = 1", "history.streak: 1 is not true or false", "true or false"),
        ("[session]\nminutes = nan", "session.minutes: nan is not a number", "a number"),
        ("minutes = ", "not as TOML files are written", "setup"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_the_way_out(
    text: str, message: str, hint: str
) -> None:
    path = written(text)
    with pytest.raises(UserError) as caught:
        config.load()
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert hint in caught.value.hint


def test_a_change_that_could_not_be_read_again_is_refused_and_the_file_stays() -> None:
    path = config.store({"session": {"minutes": 20.0}})
    before = path.read_text()
    with pytest.raises(UserError, match="999 minutes"):
        config.store({"session": {"minutes": 999.0}})
    assert path.read_text() == before


def test_a_file_that_cannot_be_read_is_not_written_over() -> None:
    path = written("[session\n")
    with pytest.raises(UserError, match="TOML"):
        config.store({"session": {"minutes": 20.0}})
    assert path.read_text() == "[session\n"


def test_sections_of_other_parts_wait_for_their_owners() -> None:
    written("[alerts.inner]\nenter_deg = 12\n[cues]\nanything = 'goes'\n")
    read = config.load()
    assert filled(Outer(), read.alerts, "alerts").inner.enter_deg == 12.0
    with pytest.raises(UserError, match="cues: there is no 'anything'"):
        filled(Outer(), read.cues, "cues")


@given(
    st.builds(
        Outer,
        st.builds(Inner, st.floats(allow_nan=False), st.sampled_from(["soft", "loud"])),
        st.lists(st.text()).map(tuple),
        st.none() | st.floats(allow_nan=False),
        st.integers(),
        st.booleans(),
    )
)
def test_any_settings_come_back_from_their_own_table(settings: Outer) -> None:
    table = {
        "inner": {"enter_deg": settings.inner.enter_deg, "kind": settings.inner.kind},
        "names": list(settings.names),
        "limit": settings.limit,
        "n": settings.n,
        "on": settings.on,
    }
    assert filled(Outer(), table) == settings


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"inner": 3}, "inner: 3 is not a table"),
        ({"inner": {"kind": "shrill"}}, "inner.kind: 'shrill' is not one of soft, loud"),
        ({"names": "one"}, r"names: 'one' is not a list"),
        ({"n": 1.5}, "n: 1.5 is not a whole number"),
        ({"limit": float("nan")}, "limit: nan is not a number"),
    ],
)
def test_a_value_of_another_kind_is_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        filled(Outer(), table)
