"""Pieces in a mapped file: the same as in memory, and next to nothing of them stays there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import CorpusError, TrainingError
from musicrnn.models.grammar import Grammar
from musicrnn.trainer.dataset import Piece, total
from musicrnn.trainer.lanes import Lanes
from musicrnn.trainer.material import Material, material
from musicrnn.trainer.store import IN_MEMORY, PieceWriter
from tests.trainer.pieces import tunes

ROOT = Path(__file__).parents[2]
SETTINGS = CorpusSettings(ticks_per_beat=4, transpose=5)
PLAIN = material(tunes(12), SETTINGS)


@pytest.fixture(params=[0, IN_MEMORY], ids=["in a file", "in memory"])
def stored(tmp_path: Path, request: pytest.FixtureRequest) -> Material:
    """Return the same tunes, stored either way."""
    return material(tunes(12), SETTINGS, writer=PieceWriter(tmp_path, request.param))


def assert_same(one: Piece, other: Piece) -> None:
    """Compare two pieces in all they hold, kinds of number and all."""
    for field in fields(Piece):
        left, right = getattr(one, field.name), getattr(other, field.name)
        np.testing.assert_array_equal(left, right, err_msg=field.name)
        assert np.asarray(left).dtype == np.asarray(right).dtype, field.name


def test_stored_pieces_are_what_was_written(stored: Material) -> None:
    """Every piece of every share comes back as it is in memory, in its order."""
    for name in ("train", "valid", "test"):
        kept, plain = getattr(stored, name), getattr(PLAIN, name)
        assert len(kept) == len(plain)
        for one, other in zip(kept, plain, strict=True):
            assert_same(one, other)
    assert stored.names == PLAIN.names
    assert total(stored.train) == total(PLAIN.train)


def test_batches_of_stored_pieces_are_the_same(stored: Material) -> None:
    """Forty batches, over more than one epoch, with transposition and cut pieces."""
    streams = [
        Lanes(pieces, Grammar(PLAIN.vocabulary), 3, 24, transpose=5, seed=2, bars_a_piece=3)
        for pieces in (stored.train, PLAIN.train)
    ]
    for _ in range(40):
        one, other = (stream.next() for stream in streams)
        assert one is not None
        assert other is not None
        for name in ("tokens", "targets", "places", "valid", "legal", "fresh"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert streams[0].epoch > 0
    assert streams[0].position() == streams[1].position()


def test_a_part_of_the_pieces_can_be_taken(stored: Material) -> None:
    """By a slice; beyond the end there is none."""
    assert_same(stored.train[1:3][0], stored.train[1])
    assert len(stored.train[2:]) == len(stored.train) - 2
    with pytest.raises(IndexError):
        stored.train[len(stored.train)]


def test_the_file_leaves_nothing_behind(stored: Material, tmp_path: Path) -> None:
    """It has no name while it is in use, so no end of the process can leave it."""
    assert len(stored.train) > 0
    if sys.platform == "linux":
        assert list(tmp_path.iterdir()) == []


def test_stored_arrays_cannot_be_written_to(stored: Material) -> None:
    """What is mapped is read only."""
    with pytest.raises(ValueError, match="read-only"):
        stored.train[0].tokens[0] = 1


def test_a_folder_that_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(TrainingError, match="nowhere: the encoded corpus cannot be written"):
        material(tunes(12), SETTINGS, writer=PieceWriter(tmp_path / "nowhere", 0))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_is_told_plainly(tmp_path: Path) -> None:
    """Where the file may be 10 kB long, a larger corpus ends in one error that names the folder, and leaves no file."""
    program = """
import resource, sys
from pathlib import Path
from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import TrainingError
from musicrnn.trainer.material import material
from musicrnn.trainer.store import PieceWriter
from tests.trainer.pieces import tunes
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    material(tunes(30), CorpusSettings(ticks_per_beat=4), writer=PieceWriter(Path(sys.argv[1]), 0))
except TrainingError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{tmp_path}: the encoded corpus cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_no_pieces_at_all_are_refused_as_ever(tmp_path: Path) -> None:
    """A corpus too small is a CorpusError, stored or not."""
    with pytest.raises(CorpusError):
        material(tunes(2), SETTINGS, writer=PieceWriter(tmp_path))
    assert len(PieceWriter(tmp_path).pieces()) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the system's count of memory is read as Linux tells it")
def test_memory_is_flat_as_stored_pieces_grow(tmp_path: Path) -> None:
    """Writing 3,000 times a long piece, 200 MB of it, raises the peak by less than a tenth of that."""
    program = """
import sys
from pathlib import Path
from musicrnn.config.corpus import CorpusSettings
from musicrnn.trainer.material import material
from musicrnn.trainer.memory import peak_memory
from musicrnn.trainer.store import IN_MEMORY, PieceWriter
from tests.trainer.pieces import tune
piece = material([(str(i), tune(i, 400)) for i in range(3)], CorpusSettings(ticks_per_beat=4)).train[0]
before, writer = peak_memory(), PieceWriter(Path(sys.argv[1]))
for _ in range(3000):
    writer.add(piece)
pieces = writer.pieces()
size = sum(getattr(piece, name).nbytes for name in ("tokens", "places", "rules", "bars"))
assert len(pieces[2999]) == len(piece)
print(3000 * size, peak_memory() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    written, more = map(int, done.stdout.split())
    assert written > 100e6
    assert more < written / 10
