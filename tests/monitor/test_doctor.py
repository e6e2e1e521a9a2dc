"""Each check on a computer that is well and on one that is not."""

from __future__ import annotations

import importlib.metadata
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest

from monitor.checks import doctor
from monitor.commands.doctor import _show


def amiss(found: Iterator[doctor.Finding]) -> list[str]:
    return [f"{f.what} -> {f.remedy}" for f in found if not f.ok]


def test_python() -> None:
    assert doctor.python_version((3, 11, 0)).ok
    old = doctor.python_version((3, 10, 4))
    assert not old.ok
    assert "3.11" in old.remedy


def test_a_missing_package_is_named() -> None:
    found = list(doctor.package_versions(["numpy", "no-such-package"]))
    assert [f.what for f in found if not f.ok] == ["the package no-such-package is missing"]
    assert "numpy " in found[-1].what


def test_our_packages_are_from_one_place() -> None:
    assert amiss(doctor.our_packages(doctor.OUR_PACKAGES)) == []


def test_another_installation_with_our_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rival = SimpleNamespace(
        metadata={"Name": "lab-tools"}, files=[PurePosixPath("analysis/__init__.py")]
    )
    single = SimpleNamespace(metadata={"Name": "tiny"}, files=[PurePosixPath("monitor.py")])
    fine = SimpleNamespace(metadata={"Name": "other"}, files=None)
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: [rival, single, fine])
    said = amiss(doctor.our_packages(doctor.OUR_PACKAGES))
    assert len(said) == 2
    assert "lab-tools also installs a package called analysis" in said[0]
    assert "tiny also installs a package called monitor" in said[1]


def test_a_data_folder_that_can_be_made(tmp_path: Path) -> None:
    assert amiss(doctor.data_folder_usable(tmp_path / "new" / "folder")) == []
    assert not (tmp_path / "new").exists()


def test_a_data_folder_under_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = amiss(doctor.data_folder_usable(tmp_path / "file" / "sessions"))
    assert said[0].startswith("sessions cannot be written")
    assert "BACKRELEASE_HOME" in said[0]


def test_a_data_folder_that_others_can_read_does_not_stop_a_session(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = list(doctor.data_folder_usable(tmp_path))
    assert any("mode 755" in f.what and f.remedy == f"chmod 700 {tmp_path}" for f in found)
    assert doctor.can_run(found)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=5_000_000)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: usage)
    assert "5 MB free" in amiss(doctor.data_folder_usable(tmp_path))[0]


@pytest.fixture
def bus() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as folder,  # a socket's path must be short
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server,
    ):
        server.bind(f"{folder}/bus")
        server.listen()
        yield f"unix:path={folder}/bus"


def adapter(tmp_path: Path, *, rfkill_state: str) -> Path:
    (tmp_path / "hci0" / "rfkill3").mkdir(parents=True)
    (tmp_path / "hci0" / "rfkill3" / "state").write_text(f"{rfkill_state}\n")
    (tmp_path / "hci0:11").mkdir()  # a connection, not an adapter
    return tmp_path


def test_linux_that_is_well(tmp_path: Path, bus: str) -> None:
    found = list(doctor.linux_bluetooth(adapter(tmp_path, rfkill_state="1"), bus))
    assert found[0].what == "Bluetooth adapter hci0"
    assert doctor.can_run(found)


def test_linux_switched_off(tmp_path: Path, bus: str) -> None:
    said = amiss(doctor.linux_bluetooth(adapter(tmp_path, rfkill_state="0"), bus))
    assert said == ["hci0 is switched off -> rfkill unblock bluetooth"]


def test_linux_without_anything(tmp_path: Path) -> None:
    said = amiss(doctor.linux_bluetooth(tmp_path / "none", f"unix:path={tmp_path}/no-bus"))
    assert "no Bluetooth adapter" in said[0]
    assert "backrelease demo" in said[0]
    assert "No such file" in said[1]
    assert "systemctl start" in said[1]


def test_an_address_without_a_socket(tmp_path: Path, bus: str) -> None:
    said = amiss(doctor.linux_bluetooth(adapter(tmp_path, rfkill_state="1"), "tcp:host=x"))
    assert "names no socket" in said[0]
    del bus


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_other_systems_say_where_to_allow_it(system: str) -> None:
    assert "Settings" in next(doctor.bluetooth(system)).what


def test_an_unknown_system() -> None:
    assert not next(doctor.bluetooth("Plan9")).ok


def test_long_findings_break_between_words_within_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _show(doctor.Finding(False, "a wanted word " * 12, "and a remedy " * 10))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("LOOK HERE  a wanted")
    assert all(
        line.split()[0] in {"LOOK", "a", "wanted", "word", "->", "and", "remedy"} for line in lines
    )
