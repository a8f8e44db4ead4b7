"""The longest stretch that comes again within a piece."""

from __future__ import annotations

from dataclasses import replace

from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.trainer.repeats import longest_repeat
from musicrnn.trainer.sheet import sheet_of

VOICE = Part("voice", 30, 100)
DRUMS = Part("drums", 35, 60, channel=10, percussive=True)
TUNE = ((0, 60), (4, 62), (6, 65), (12, 64))


def piece(*notes: tuple[int, int], part: Part = VOICE) -> Score:
    """Return a score of one part on 4 ticks a beat with notes of (start, pitch), each a tick long."""
    return Score(4, (part,), tuple(sorted(Note(start, 0, pitch, 1) for start, pitch in notes)), regular_bars(64, 4))


def at(tick: int, pitch: int = 0) -> list[tuple[int, int]]:
    """Return the tune, later and higher."""
    return [(tick + start, pitch + note) for start, note in TUNE]


def beats(score: Score) -> float:
    """Return the longest repeat in beats."""
    return longest_repeat(sheet_of(score))


def test_what_comes_again_is_as_long_as_from_its_first_onset_to_its_last() -> None:
    """Twelve ticks are three beats, wherever it stands, transposed or not."""
    assert beats(piece(*at(0), *at(35))) == 3.0
    assert beats(piece(*at(0), *at(35, pitch=5))) == 3.0


def test_what_does_not_come_again_is_no_repeat() -> None:
    """Nor is a piece of two notes, or of none."""
    assert beats(piece(*at(0))) == 0.0
    assert beats(piece((0, 60), (4, 60))) == 0.0
    assert beats(piece()) == 0.0


def test_another_distance_in_time_ends_it() -> None:
    """The last note of the second comes a tick late."""
    late = [(start + (start == 47), pitch) for start, pitch in at(35)]
    assert beats(piece(*at(0), *late)) == 6 / 4


def test_hits_are_not_transposed() -> None:
    """A snare for a kick is another rhythm."""
    kicks = [(start, 36 + (start % 8 == 4)) for start in range(0, 24, 4)]
    assert beats(piece(*kicks, part=DRUMS)) == (20 - 8) / 4
    falling = piece(*((4 * i, 59 - 3 * i) for i in range(6)), part=DRUMS)
    assert beats(falling) == 0.0
    assert beats(replace(falling, parts=(replace(VOICE, low=35),))) == 4.0


def test_a_chord_is_the_same_in_any_key() -> None:
    """And another chord on the same bass is not."""
    chords = [(8 * i, root + step) for i, root in enumerate((60, 62, 67, 69)) for step in (0, 4, 7)]
    assert beats(piece(*chords)) == 2.0
    assert beats(piece(*(note for note in chords if note != (24, 73)))) == 0.0
