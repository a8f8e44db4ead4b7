"""Old texts of 89 characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import ScoreTextError
from musicrnn.models.bar_lines import nearest
from musicrnn.models.legacy_text import LOWEST, NOTE_CHARACTERS, TICKS_PER_BEAT, is_legacy_text, read_legacy_text
from musicrnn.models.score import Bar, Note, Score


def test_the_example_of_the_old_program_is_read() -> None:
    """A C-major third for four ticks of a sixteenth of a quarter, then G for four."""
    score = read_legacy_text("_4^_4^_4^_4^_/_/_/_/_", 4)
    assert score.notes == (Note(0, 0, 60, 1), Note(0, 0, 64, 1), Note(1, 0, 67, 1))
    assert score.bars == (Bar(0, 16),)
    assert (score.parts[0].low, score.parts[0].high) == (21, 108)


def test_all_88_keys_have_a_character_of_their_own() -> None:
    """MIDI notes 21 to 108, both included; C4 is the character 4."""
    assert len(set(NOTE_CHARACTERS)) == 88
    score = read_legacy_text("_" + NOTE_CHARACTERS + "_", 4)
    assert [note.pitch for note in score.notes] == list(range(21, 109))
    assert NOTE_CHARACTERS[60 - 21] == "4"


def test_rests_and_line_ends_are_read() -> None:
    """Two separators in a row are a silent tick; the lowest octave is no pitch of the top."""
    score = read_legacy_text("_4_" + "_" * 15 + "\n" + "G_" * 16, 4)
    assert score.notes == (Note(0, 0, 60, 1), Note(4, 0, 21, 4))


def test_a_last_tick_without_separator_counts() -> None:
    """Sampling stopped in the middle of it."""
    assert len(read_legacy_text("_4_/", 4).notes) == 2


def test_a_foreign_character_is_refused_with_its_place() -> None:
    """Line and column."""
    with pytest.raises(ScoreTextError, match=r"old\.txt: line 2, column 2: a character must be one of the 89, got ' '"):
        read_legacy_text("_4_\n/ _", 4, "old.txt")


def test_old_texts_are_told_from_score_text() -> None:
    """Score text has spaces; an old text has nothing but the 89 characters."""
    assert is_legacy_text("_4^_\n4^_")
    assert not is_legacy_text("# grid = 12\nC4 . -3")
    assert not is_legacy_text("C4")
    assert not is_legacy_text("")


def legacy_text(score: Score) -> str:
    """Return a score of one part as an old text."""
    down: list[set[int]] = [set() for _ in range(nearest(score.length, score.ticks_per_beat, TICKS_PER_BEAT))]
    for note in score.notes:
        first, last = (nearest(at, score.ticks_per_beat, TICKS_PER_BEAT) for at in (note.start, note.end))
        for keys in down[first:last]:
            keys.add(note.pitch)
    return "_" + "".join("".join(NOTE_CHARACTERS[pitch - LOWEST] for pitch in sorted(keys)) + "_" for keys in down)


@given(st.lists(st.sets(st.sampled_from(NOTE_CHARACTERS), max_size=5), min_size=1, max_size=40))
def test_an_old_text_comes_back_from_a_grid_that_holds_it(ticks: list[set[str]]) -> None:
    """Six ticks of the old grid at a time are four of the grid of 24, so sixteenths come back exactly."""
    in_order = ["".join(sorted(keys, key=NOTE_CHARACTERS.index)) for keys in ticks]
    text = "_" + "".join((keys + "_") * 2 for keys in in_order)
    back = legacy_text(read_legacy_text(text, 24))
    assert back.rstrip("_") == text.rstrip("_")


@given(st.text(alphabet=NOTE_CHARACTERS + "_\n", max_size=80), st.sampled_from((4, 12, 24)))
def test_any_old_text_is_read(text: str, grid: int) -> None:
    """On any grid, notes of one pitch apart."""
    score = read_legacy_text(text, grid)
    assert score.ticks_per_beat == grid
    assert bool(score.notes) == any(character not in "_\n" for character in text)
