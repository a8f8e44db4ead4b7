"""Large files are read and written in stretches, so that a kernel can let others run in between."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from musicrnn.files import (
    FILE,
    FOLDER,
    STRETCH,
    _InStretches,
    check_writable,
    clear_halves,
    named_path,
    read_in_stretches,
    what_is_at,
    write_in_stretches,
    write_text_whole,
    write_whole,
)

SIZES = [0, 1, STRETCH - 1, STRETCH, STRETCH + 1, 5 * STRETCH + 12_345]


class Noted(io.FileIO):
    """A file that notes how much is given to it at a time, and takes no more than ``most``."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path, "w+")
        self.most, self.noted = most, list[int]()

    def write(self, data: Any, /) -> int:
        """Write, and note it."""
        self.noted.append(len(data))
        return super().write(memoryview(data)[: self.most])


@pytest.mark.parametrize("size", SIZES)
def test_what_is_read_is_the_file(tmp_path: Path, size: int) -> None:
    """By its path and by its descriptor, which stays open; no more than was asked for."""
    path, content = tmp_path / "file", os.urandom(size)
    path.write_bytes(content)
    assert read_in_stretches(path, size + 1) == content
    assert read_in_stretches(path, size // 2) == content[: size // 2]
    with path.open("rb", buffering=0) as file:
        assert read_in_stretches(file.fileno(), size + 1) == content
        assert file.seek(0) == 0


def test_no_more_than_a_stretch_is_read_at_a_time(tmp_path: Path) -> None:
    """Whatever the buffer has room for."""
    path = tmp_path / "file"
    path.write_bytes(bytes(3 * STRETCH))
    with _InStretches(path) as file:
        assert [file.readinto(bytearray(2 * STRETCH)) for _ in range(4)] == [STRETCH] * 3 + [0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("most", [STRETCH, 100_000])
def test_what_is_written_is_the_content_in_stretches(tmp_path: Path, size: int, most: int) -> None:
    """Also where the system takes less than it is given."""
    content = os.urandom(size)
    with Noted(tmp_path / "file", most) as file:
        write_in_stretches(file, content)
        assert max(file.noted, default=0) <= STRETCH
    assert (tmp_path / "file").read_bytes() == content


def test_a_temporary_file_without_a_buffer_can_be_written_to() -> None:
    """As the loader of models does it."""
    with tempfile.TemporaryFile(buffering=0) as file:
        write_in_stretches(file, b"abc")
        assert file.tell() == 3


def test_what_cannot_be_written_is_named_as_it_was_asked_for(tmp_path: Path) -> None:
    """Not as the temporary file beside it, which nobody knows of."""
    for path in (tmp_path / "none" / "a.mid", tmp_path / ("a" * 300)):
        with pytest.raises(OSError, match=path.name) as unwritten:
            write_whole(path, b"")
        with pytest.raises(OSError, match=path.name) as refused:
            check_writable(path)
        assert unwritten.value.filename == refused.value.filename == str(path)


def test_a_look_at_whether_a_file_can_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Also where it is there: it stays as it was."""
    (tmp_path / "a").write_text("mine")
    check_writable(tmp_path / "a")
    check_writable(tmp_path / "b")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "mine")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_what_is_written_may_be_read_by_others(tmp_path: Path) -> None:
    """As what other programs write; the temporary file may not."""
    write_text_whole(tmp_path / "a", "é")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_what_could_not_be_written_leaves_no_half(tmp_path: Path) -> None:
    """A folder is in the way of the last step."""
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match=r"directory|denied"):
        write_whole(tmp_path / "a", b"abc")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_neither_writing_nor_a_look_leaves_a_file_open(tmp_path: Path) -> None:
    """A daemon writes for days."""
    free = next_descriptor()
    write_whole(tmp_path / "a", b"abc")
    check_writable(tmp_path / "a")
    assert next_descriptor() == free


def next_descriptor() -> int:
    """Return the number that the next file to be opened will have."""
    number = os.open(os.devnull, os.O_RDONLY)
    os.close(number)
    return number


def test_what_a_killed_writer_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    """By its name alone."""
    for name in (".a.mid.x1.tmp", "a.mid", ".hidden", "b.tmp"):
        (tmp_path / name).touch()
    clear_halves(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.mid", "b.tmp"]


def test_a_home_that_the_shell_left_in_a_name_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in ``--folder=~/music``."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert named_path("~/music") == tmp_path / "music"
    assert named_path("music~") == Path("music~")


def test_what_is_at_a_path_is_told_and_nothing_where_that_cannot_be_known(tmp_path: Path) -> None:
    """A name that is too long is nobody's."""
    (tmp_path / "a").touch()
    told = [what_is_at(path) for path in (tmp_path, tmp_path / "a", tmp_path / "b", tmp_path / ("a" * 300))]
    assert told == [FOLDER, FILE, "", ""]
