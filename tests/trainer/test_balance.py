"""What of a corpus is told to be too little to learn from, or so much that the rest counts little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.config.corpus import CorpusSettings
from musicrnn.models.score import Note, Part, Score
from musicrnn.trainer.material import material
from tests.trainer.pieces import PARTS, tune, tunes

BELL = Part("bell", 60, 72, 3, polyphony=1)


def _told(named: list[tuple[str, Score]], bars_a_piece: int = 0) -> list[str]:
    """Return what is said of pieces of which all are to train on."""
    prepared = material(named, CorpusSettings(ticks_per_beat=4, validation_share=0, test_share=0))
    assert len(prepared.train) == len(named)
    return prepared.balance.told(len(named), sum(map(len, prepared.train)), bars_a_piece)


def _with_bells(count: int, bells: int) -> list[tuple[str, Score]]:
    """Return tunes with a third part, which has ``bells`` notes in the first of them and none in the others."""
    pieces = [(name, replace(score, parts=(*PARTS, BELL))) for name, score in tunes(count)]
    name, first = pieces[0]
    rung = (Note(at * 2, 2, 60, 1) for at in range(bells))
    return [(name, replace(first, notes=tuple(sorted((*first.notes, *rung))))), *pieces[1:]]


def test_of_pieces_alike_nothing_is_said() -> None:
    """Two parts with many notes, in pieces of three to seven bars."""
    assert _told(tunes(12)) == []


@pytest.mark.parametrize(("bells", "counted"), [(0, "bell (no notes)"), (1, "bell (1 note in 1 piece)")])
def test_a_part_with_next_to_no_notes_is_named(bells: int, counted: str) -> None:
    """And what can be done about it; one with as many notes as the others is not."""
    (words,) = _told(_with_bells(20, bells))
    assert f"less than 1 in 200 of the notes to train on: {counted}; " in words
    assert "[[corpus.parts]]" in words
    assert _told(_with_bells(20, 16)) == []


def test_only_the_pieces_to_train_on_count() -> None:
    """A part that is in pieces held back alone is learnt from nothing."""
    named = _with_bells(20, 16)
    held_back = next(
        seed for seed in range(99)
        if "tune-0" not in material(named, CorpusSettings(ticks_per_beat=4, split_seed=seed)).names["train"]
    )  # fmt: skip
    prepared = material(named, CorpusSettings(ticks_per_beat=4, split_seed=held_back))
    tokens = sum(map(len, prepared.train))
    assert "bell (no notes)" in prepared.balance.told(len(prepared.train), tokens, 0)[0]


def test_a_piece_that_is_much_of_all_is_named() -> None:
    """Not where a piece gives no more than some bars, nor of so few pieces that each is much."""
    named = [*tunes(6), ("epic", tune(99, 60))]
    (words,) = _told(named)
    assert words.startswith("epic has ")
    assert "--bars-a-piece" in words
    assert _told(named, bars_a_piece=8) == []
    assert _told([*tunes(3), ("epic", tune(99, 60))]) == []


@pytest.mark.train
def test_a_training_says_so_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Among its first lines."""
    from musicrnn.models.midi_write import write_midi

    for name, score in _with_bells(20, 1):
        write_midi(score, tmp_path / f"{name}.mid")
    words = ["train", str(tmp_path), "--validation-share=0", "--test-share=0", "--ticks-per-beat=4", "--units=8",
             "--embedding=4", "--lanes=2", "--window=32", "--epochs=1", "--audition-bars=1", "--no-cache",
             f"--run-folder={tmp_path / 'run'}"]  # fmt: skip
    assert cli.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("note: too little to learn from") and "bell (1 note in 1 piece)" in line for line in lines
    )
