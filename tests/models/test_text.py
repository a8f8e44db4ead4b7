"""Score text, literal text in and out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import ScoreTextError
from musicrnn.models.score import Bar, Note, Part, Score, Tempo
from musicrnn.models.text import score_of_text, text_of
from musicrnn.models.vocabulary import Vocabulary
from tests.models.whole_scores import whole_scores

SOPRANO, BASS = Part("soprano", 60, 72, 1), Part("bass", 36, 48, 2, 32)
DRUMS = Part("drums", 35, 59, 10, 0, True)
TEXT = """\
# grid = 4
# metre = 2/4
# tempo = 96
# velocity = 80
# part.soprano = range C4..C5, channel 1, program 0, polyphony 16
# part.bass = range C2..C3, channel 2, program 32, polyphony 16
E4 C4 bass:C2 . - ~E4 C#4!v100 ~bass:C2 . - D4 . -2 .
[3/4] -3 [tempo 120] C4 . -3 . -4
[5 ticks] C5 C4 . . C5 . -2
"""
SCORE = Score(
    4,
    (SOPRANO, BASS),
    (
        Note(0, 0, 60, 2), Note(0, 0, 64, 4), Note(0, 1, 36, 4), Note(2, 0, 61, 2, 100), Note(4, 0, 62, 3),
        Note(11, 0, 60, 4), Note(20, 0, 60, 1), Note(20, 0, 72, 1), Note(22, 0, 72, 3),
    ),
    (Bar(0, 8, 2, 4), Bar(8, 12, 3, 4), Bar(20, 5, 3, 4)),
    (Tempo(0, 96.0), Tempo(11, 120.0)),
)  # fmt: skip


def body(*lines: str, header: str = "# grid = 4\n# metre = 1/4\n") -> Score:
    """Read a text with the given bars."""
    return score_of_text(header + "\n".join(lines))


def test_a_score_is_written_a_line_a_bar() -> None:
    """With holds, silence, metre, tempo, a bar cut short, and velocities."""
    assert text_of(SCORE) == TEXT


def test_what_is_written_is_read() -> None:
    """Exactly."""
    assert score_of_text(TEXT) == SCORE


def test_the_example_of_the_reference_is_read() -> None:
    """Two bars of three parts."""
    reference = Path(__file__).parents[2] / "docs" / "score-text.md"
    score = score_of_text(reference.read_text(encoding="utf-8").split("```")[1])
    assert [part.name for part in score.parts] == ["soprano", "bass", "drums"]
    assert score.bars == (Bar(0, 36, 3, 4), Bar(36, 24, 2, 4))
    assert score.tempos == (Tempo(0, 96.0), Tempo(48, 80.0))
    assert Note(0, 1, 48, 24) in score.notes


def test_a_prime_needs_no_header() -> None:
    """The part is called notes, and the grid is the caller's."""
    score = score_of_text("C4 E4 . - G4 .", ticks_per_beat=12)
    assert score.parts == (Part("notes", 60, 67, 1),)
    assert score.notes == (Note(0, 0, 60, 2), Note(0, 0, 64, 2), Note(2, 0, 67, 1))
    assert score.bars == (Bar(0, 3),)


def test_a_prime_takes_the_parts_of_a_model() -> None:
    """An unnamed note is the first part's."""
    score = score_of_text("C4 bass:C2 .", parts=(SOPRANO, BASS), ticks_per_beat=4)
    assert score.parts == (SOPRANO, BASS)
    assert score.notes == (Note(0, 0, 60, 1), Note(0, 1, 36, 1))


def test_parts_that_no_header_names_are_made_as_they_come() -> None:
    """And drums are percussive."""
    score = score_of_text("lead:C4 drums:C2 . -", ticks_per_beat=4)
    assert score.parts == (Part("lead", 60, 60, 1), Part("drums", 36, 36, 10, 0, True))
    assert score.notes == (Note(0, 0, 60, 2), Note(0, 1, 36, 1))


def test_a_named_part_holds_until_the_next_name_in_the_tick() -> None:
    """And the next tick begins with the first part again."""
    score = score_of_text("bass:C2 E2 soprano:C4 . C4 .", parts=(SOPRANO, BASS), ticks_per_beat=4)
    assert [(note.start, note.part, note.pitch) for note in score.notes] == [
        (0, 0, 60),
        (0, 1, 36),
        (0, 1, 40),
        (1, 0, 60),
    ]


def test_sharps_flats_and_both_cases_are_read() -> None:
    """C4 is 60, Cb4 59, B#3 60, C-1 0 and G9 127."""
    score = body("c4 . C♯4 . Db4 . d♭4 .", "Cb4 . B#3 . C-1 . G9 .")
    assert [note.pitch for note in score.notes] == [60, 61, 61, 61, 59, 60, 0, 127]


def test_velocity_bins_are_read_and_written() -> None:
    """A bin stands for the velocity in its middle."""
    vocabulary = Vocabulary(4, (SOPRANO,), True, 8)
    loud = vocabulary.velocity_of(5)
    score = Score(4, (SOPRANO,), (Note(0, 0, 60, 4, loud),), (Bar(0, 4, 1, 4),))
    text = text_of(score, velocity_bins=8)
    assert "C4!5 . -3" in text
    assert score_of_text(text) == score


def test_hits_of_a_percussive_part_are_not_held() -> None:
    """A sustain after a hit leaves it ended."""
    score = body("drums:C2 . -3", header="# grid = 4\n# metre = 1/4\n# part.drums = percussive\n")
    assert score.parts == (Part("drums", 36, 36, 10, 0, True),)
    assert score.notes == (Note(0, 0, 36, 1),)
    both = Score(4, (SOPRANO, DRUMS), (Note(0, 0, 60, 4), Note(0, 1, 36, 1), Note(2, 1, 36, 1)), (Bar(0, 4, 1, 4),))
    assert "C4 drums:C2 . - ~C4 drums:C2 . -" in text_of(both)
    assert score_of_text(text_of(both)) == both


def test_comments_empty_lines_and_free_keys_are_passed_over() -> None:
    """Also after the bars have begun."""
    score = score_of_text(
        "# A tune\n# title = La Folia\n# grid = 4\n\n# metre = 1/4\nC4 . -3\n\n# second bar = here\n-4\n"
    )
    assert len(score.bars) == 2


def test_a_last_bar_may_be_unfinished() -> None:
    """So that a few notes can be typed as a prime; another bar after it cannot."""
    assert body("C4 . -").bars == (Bar(0, 2, 1, 4),)
    with pytest.raises(
        ScoreTextError, match=r"line 4: the bar before this one is unfinished: a bar of 1/4 must hold 4"
    ):
        body("C4 . -", "-4")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("C4 . x", r"line 3: a word must be a note such as C4, .* got 'x'"),
        ("H4 .", r"got 'H4'"),
        ("C10 .", r"a note must be a letter A to G, .* got 'C10'"),
        ("A9 .", r"a note must lie in C-1\.\.G9, got 'A9'"),
        ("C4 C4 .", r"a tick must name a note once, got 'C4' again"),
        ("C4 B#3 .", r"a tick must name a note once, got 'B#3' again"),
        ("~C4 .", r"only what sounds can be held, got '~C4'"),
        ("C4 . ~C4!v5 .", r"only an attack must have a velocity"),
        ("C4!v0 .", r"a velocity must be in 1\.\.127, got '0'"),
        ("C4!5 .", r"a bin needs '# velocity_bins = N' in the header"),
        ("C4", r"a tick must be ended by '\.', got the end of the bar"),
        ("C4 -", r"a tick must be ended by '\.', got '-' inside it"),
        ("C4 [tempo 96] .", r"a tempo must stand between ticks"),
        ("- [3/4]", r"a mark must be .* got '\[3/4\]' \(a metre or a length stands at the head"),
        ("[3/5] -", r"a metre must be 1\.\.255 over a power of 2 up to 64, got '3/5'"),
        ("[tempo 0] -", r"a tempo must be in 1\.\.6000 bpm, got '0'"),
        ("[tempo nan] -", r"a tempo must be in 1\.\.6000 bpm, got 'nan'"),
        ("[tempo 96", r"a mark must be .* got '\[tempo 96'"),
        ("[3 ticks] -4", r"a bar marked \[3 ticks\] must hold 3 ticks, got 4"),
        ("-5", r"a bar of 1/4 must hold 4 ticks, got 5"),
        ("[1/4]", r"a bar must hold a tick, got none"),
        ("-0", r"a sustain must be in 1\.\.9999999, got '0'"),
        ("[9999999 ticks] -9999999", r"a piece must be at most 20000 beats long"),
    ],
)  # fmt: skip
def test_what_breaks_the_rules_is_refused_with_its_line(line: str, message: str) -> None:
    """The message has the line, the rule and the value."""
    with pytest.raises(ScoreTextError, match=message):
        body(line)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("# grid = 5", r"a\.txt: line 1: grid must be one of 4, 12, 24, got '5'"),
        ("# gird = 4", r"a header's key must be one of grid, .* got 'gird'"),
        ("# velocity = 0", r"velocity must be in 1\.\.127, got '0'"),
        ("# velocity_bins = 99", r"velocity_bins, where it is not 0, must be in 2\.\.32, got '99'"),
        ("# velocity_bins = 1", r"velocity_bins, where it is not 0, must be in 2\.\.32, got '1'"),
        ("# part.x = range C4-C5", r"a range must be LOW\.\.HIGH, such as C2\.\.G5, got 'C4-C5'"),
        ("# part.x = range C5..C4", r"a range must be from a low note to one as high or higher, got 'C5\.\.C4'"),
        ("# part.x = channel 17", r"channel must be in 1\.\.16, got '17'"),
        ("# part.x = loud", r"a part must be 'range LOW\.\.HIGH', .* got 'loud'"),
        ("# part.x = \n# part.x = ", r"line 2: a part must be declared once, got 'x' again"),
        ("# part.a = range C4..C5\nb:C4 .", r"line 2: a part must be one of a, got 'b'"),
        ("# part.a = range C4..C5\nC3 .", r"line 2: a note of a must be in 60\.\.72, got 'C3' \(48\)"),
    ],
)
def test_a_wrong_header_is_refused_with_its_line(line: str, message: str) -> None:
    """And with the name of the file, where there is one."""
    with pytest.raises(ScoreTextError, match=message):
        score_of_text(line, name="a.txt")


@given(whole_scores())
def test_any_score_comes_back_from_its_text(score: Score) -> None:
    """Notes, velocities, parts, bars and tempo, exactly."""
    assert score_of_text(text_of(score)) == score


@given(whole_scores(), st.integers(2, 32))
def test_with_bins_loudness_comes_back_to_the_bin(score: Score, bins: int) -> None:
    """And the second time exactly."""
    vocabulary = Vocabulary(score.ticks_per_beat, score.parts, True, bins)
    back = score_of_text(text_of(score, bins))
    assert [vocabulary.bin_of(note.velocity) for note in back.notes] == [
        vocabulary.bin_of(note.velocity) for note in score.notes
    ]
    assert text_of(back, bins) == text_of(score, bins)


@given(st.text(alphabet="C4E#b~.-!v5: []/3ticksempo\n_x", max_size=60))
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    """Whatever is typed is read or refused with a line."""
    try:
        score = score_of_text(text)
    except ScoreTextError as error:
        assert "line " in str(error)
    else:
        assert score_of_text(text_of(score)).notes == score.notes
