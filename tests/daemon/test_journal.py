"""The session log as it is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn.daemon.journal import Journal


def test_entries_are_lines_in_order(tmp_path: Path) -> None:
    """After the header; all of them are there when it is closed."""
    journal = Journal(tmp_path / "new" / "a.jsonl", b"header\n")
    for bar in range(100):
        journal.add([{"tick": bar * 16, "do": "bar", "bar": bar}, {"tick": bar * 16, "do": "panic"}])
    journal.add([])
    journal.close()
    lines = journal.path.read_text().splitlines()
    assert lines[0] == "header"
    assert [json.loads(line)["tick"] for line in lines[1::2]] == [bar * 16 for bar in range(100)]
    assert journal.problem == ""


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    path = tmp_path / "a.jsonl"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        Journal(path, b"header\n")
    assert path.read_text() == "mine"


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file of this process grow beyond half a megabyte."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_header_that_does_not_fit_leaves_no_file(tmp_path: Path) -> None:
    """An empty log would stand in the way of the next start."""
    with pytest.raises(OSError, match="too large"):
        Journal(tmp_path / "a.jsonl", b"x" * 600_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    """The log gives up, nobody else."""
    journal = Journal(tmp_path / "a.jsonl", b"header\n")
    for bar in range(10):
        journal.add([{"tick": 0, "do": "bar", "bar": bar, "error": "x" * 100_000}])
    journal.close()
    assert journal.problem == "the session log is incomplete: File too large"
