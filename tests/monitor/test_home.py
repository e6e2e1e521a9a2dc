"""The data folder is private, whatever the umask, and its errors are readable."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import home
from monitor.errors import UserError

START = datetime(2026, 3, 1, 18, 30, 5, tzinfo=UTC)
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(home.HOME_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    was = os.umask(request.param)
    yield request.param
    os.umask(was)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_folders_and_files_are_the_owners_alone_under_any_umask(umask: int, own_home: Path) -> None:
    folder = home.new_session_folder(START)
    os.close(home.open_private(folder / home.RESULT_NAME))
    assert [mode(p) for p in (own_home, own_home / "sessions", folder)] == [0o700] * 3
    assert mode(folder / home.RESULT_NAME) == 0o600


def test_two_sessions_in_one_second_get_two_folders() -> None:
    names = [home.new_session_folder(START).name for _ in range(3)]
    assert names == ["2026-03-01T18-30-05", "2026-03-01T18-30-05-2", "2026-03-01T18-30-05-3"]


def made_sessions(n: int) -> list[str]:
    folders = [home.new_session_folder(START) for _ in range(n)]
    for folder in folders:
        (folder / home.RECORDING_NAME).write_bytes(b"")
    return [f.name for f in folders]


def test_the_tenth_session_of_a_second_comes_after_the_second() -> None:
    names = made_sessions(11)
    assert [f.name for f in home.all_session_folders()] == names
    assert home.session_folder("last").name == "2026-03-01T18-30-05-11"


def test_a_session_is_found_by_name_or_by_the_beginning_of_one() -> None:
    made_sessions(2)
    assert home.session_folder("2026-03-01T18-30-05").name == "2026-03-01T18-30-05"
    with pytest.raises(UserError, match="'2026' fits 2 sessions: 2026-03-01T18-30-05, "):
        home.session_folder("2026")
    with pytest.raises(UserError, match="no session 'x'") as caught:
        home.session_folder("x")
    assert "The latest is 2026-03-01T18-30-05-2" in caught.value.hint


def test_no_session_yet_names_the_folder_and_the_way_out(own_home: Path) -> None:
    with pytest.raises(UserError, match=str(own_home)) as caught:
        home.session_folder("last")
    assert "backrelease demo" in caught.value.hint


def test_an_empty_folder_is_no_session() -> None:
    home.new_session_folder(START)
    assert home.all_session_folders() == []


def test_a_data_folder_that_is_a_file_is_named(own_home: Path) -> None:
    own_home.write_text("not a folder")
    with pytest.raises(UserError, match=str(own_home)) as caught:
        home.new_session_folder(START)
    assert home.HOME_VARIABLE in caught.value.hint


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "no permission"),
        (errno.EIO, "cannot use"),
    ],
)
def test_what_the_system_refuses_is_said_with_the_path(code: int, words: str) -> None:
    with (
        pytest.raises(UserError, match=f"{words}.* /some/where"),
        home.readable_errors(Path("/some/where")),
    ):
        raise OSError(code, os.strerror(code))
