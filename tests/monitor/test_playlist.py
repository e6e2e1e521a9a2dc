"""A play list says how long it lasts, or it is said what is missing."""

from __future__ import annotations

import importlib.util
import wave
from pathlib import Path

import pytest

from monitor.errors import UserError
from monitor.live.playlist import length_s


def written(folder: Path, text: str, name: str = "calm.m3u", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_lengths_are_summed_whatever_the_dialect(tmp_path: Path) -> None:
    extended = '\ufeff#EXTM3U\r\n#PLAYLIST:calm\r\n#extinf:245 logo="x,y",Ä - B\r\na.mp3\r\n\r\n'
    path = written(tmp_path, extended + "#EXTINF:55.5,C\r\n#EXTVLCOPT:x\r\nc.mp3\r\n")
    assert length_s(path) == 300.5
    latin = written(tmp_path, "#EXTM3U\n#EXTINF:60,J\xe4ger\nj.mp3\n", encoding="latin-1")
    assert length_s(latin) == 60.0


def test_files_are_asked_where_the_list_does_not_say(tmp_path: Path) -> None:
    pytest.importorskip("tinytag")
    with wave.open(str(tmp_path / "two.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 16000)
    path = written(tmp_path, "#EXTM3U\n#EXTINF:-1,Two seconds\ntwo.wav\n", "calm.m3u8")
    assert length_s(path) == pytest.approx(2.0)
    with pytest.raises(UserError, match=r"gone\.wav"):
        length_s(written(tmp_path, "gone.wav\n"))


def test_without_the_library_it_says_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r"does not say how long 'a\.mp3' lasts") as caught:
        length_s(written(tmp_path, "a.mp3\n"))
    assert "'.[playlist]'" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [("#EXTM3U\n", "calm.m3u", "is empty"), ("x", "calm.txt", "no play list that is known")],
)
def test_what_is_no_play_list_is_refused(
    tmp_path: Path, text: str, name: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        length_s(written(tmp_path, text, name))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the play list"):
        length_s(tmp_path / "no.m3u")
