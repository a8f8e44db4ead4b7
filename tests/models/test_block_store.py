"""Blocks come back from memory and from the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import CorpusError
from musicrnn.models.block_store import BlockStore


@given(st.lists(st.binary(max_size=9), max_size=12), st.integers(0, 40))
def test_every_block_comes_back_by_its_number(blocks: list[bytes], in_memory: int) -> None:
    """Wherever the file begins, and in any order of looks, also between additions."""
    store = BlockStore(in_memory)
    numbers = []
    for block in blocks:
        numbers.append(store.add(block))
        assert store.get(numbers[0]) == blocks[0]
    assert [store.get(number) for number in reversed(numbers)] == blocks[::-1]


def test_a_folder_without_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for temporary files that is not there stands for one in which nothing can be written."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(CorpusError, match=r"gone: must have room for the corpus: No such file or directory"):
        BlockStore(0).add(b"block")
