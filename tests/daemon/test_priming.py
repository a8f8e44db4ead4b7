"""What a model is started from: score text, the old characters, a text file or a MIDI file."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.prime_text import prime_text
from musicrnn.daemon.priming import Primer, prime_frames, prime_positions
from musicrnn.errors import ControlError, MidiFileError, MusicRNNError
from musicrnn.models.frames import Frame, Sounding, frames_of
from musicrnn.models.generator import Generator
from musicrnn.models.midi_write import write_midi
from musicrnn.models.score import Bar, Note, Part, Score, regular_bars
from musicrnn.models.text_write import text_of
from musicrnn.models.timing import Position
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import FailingModel, random_model, small_vocabulary
from tests.models.strategies import scores

VOCABULARY = small_vocabulary()
CHOIR = Vocabulary(
    4, tuple(Part(name, low, low + 14, polyphony=1) for name, low in (("a", 62), ("b", 58), ("c", 50), ("d", 40)))
)


def frames(text: str, vocabulary: Vocabulary = VOCABULARY) -> list[Frame]:
    """Return the frames of a prime."""
    return prime_frames(text, vocabulary)[0]


def c(attack: bool = True) -> Sounding:
    """C4 in the soprano."""
    return Sounding(0, 60, attack)


def test_an_empty_prime_has_no_frames() -> None:
    """Nor has one of blanks."""
    assert prime_frames("", VOCABULARY) == ([], ())
    assert prime_frames(" \n ", VOCABULARY) == ([], ())


def test_score_text_without_a_header_is_read_on_the_models_grid() -> None:
    """An attack, two ticks of it, a rest."""
    assert frames("C4 . - . -") == [(c(),), (c(False),), (), ()]


def test_bars_may_stand_in_one_line() -> None:
    """A shell or an OSC client has no line ends at hand."""
    assert len(frames("C4 . -15 | D4 . -15")) == 32


def test_notes_of_no_part_go_to_the_parts_that_have_room_for_them() -> None:
    """Highest first, one voice each."""
    found = frames("C5 G4 E4 C3 .", CHOIR)
    assert found == [(Sounding(0, 72), Sounding(1, 67), Sounding(2, 64), Sounding(3, 48))]


def test_a_note_that_no_part_takes_is_refused() -> None:
    """Out of all ranges, or one more than there are voices."""
    for text in ("C9 .", "C5 C#5 D5 ."):
        with pytest.raises(ControlError, match=r"no part of the model takes C(9|#5) at tick 0"):
            frames(text, CHOIR)


def test_a_line_at_fault_is_counted_as_its_writer_counts() -> None:
    """A metre that is put before the text counts for none."""
    with pytest.raises(ControlError, match="line 1: a word must be"):
        frames("C4 . H9 .")
    with pytest.raises(ControlError, match="line 2: a word must be"):
        frames("C4 . - - - - - - - - - - - - - - -\nH9 .")


def test_parts_may_be_named() -> None:
    """As the model names them."""
    assert frames("C4 bass:C3 .") == [(c(), Sounding(1, 48))]
    with pytest.raises(ControlError, match="a part must be one of soprano, bass, drums, got 'alto'"):
        frames("alto:C4 .")


def test_a_note_out_of_its_parts_range_is_refused() -> None:
    """The message gives the range."""
    with pytest.raises(ControlError, match=r"soprano must be in 60\.\.72"):
        frames("soprano:C3 .")


def test_one_line_may_hold_any_number_of_ticks() -> None:
    """They end on a bar line; the first bar is a pickup."""
    found, bars = prime_frames("C4 . -15 D4 . -2", VOCABULARY, (3, 4))
    assert len(found) == 19
    assert [(bar.start, bar.length, bar.numerator) for bar in bars] == [(0, 7, 3), (7, 12, 3)]
    positions = prime_positions(bars, 4)
    assert positions[:2] == [Position(1, 1, 3), Position(2, 1, 3)]
    assert positions[-1] == Position(3, 2, 3)


def test_one_line_may_hold_more_ticks_than_any_metre() -> None:
    """As long as a piece may be."""
    found, bars = prime_frames("C4 . -4999", VOCABULARY, (3, 4))
    assert len(found) == 5000
    assert {bar.length for bar in bars[1:]} == {12}
    with pytest.raises(ControlError, match="a piece must be at most 20000 beats long"):
        prime_frames("C4 . -80000", VOCABULARY, (3, 4))


def test_old_characters_are_read_on_the_models_grid() -> None:
    """A third for a quarter note, sixteen ticks of old, four here."""
    found = frames("_" + "4^_" * 16)
    assert len(found) == 4
    assert found[0] == (Sounding(0, 64), Sounding(0, 60))


def test_the_old_default_is_no_prime() -> None:
    """`first_chars = _`."""
    assert frames("_") == []


def test_a_text_on_another_grid_is_put_on_the_models() -> None:
    """Twelve ticks a beat to four."""
    assert len(frames("# grid = 12\nC4 . -11 E4 . -35")) == 16


def test_a_text_that_names_no_metre_is_in_the_models() -> None:
    """Three beats a bar, three quarters long."""
    found, bars = prime_frames("C4 . -11 | D4 . -11", VOCABULARY, (3, 4))
    assert len(found) == 24
    assert [(bar.numerator, bar.length) for bar in bars] == [(3, 12), (3, 12)]


def test_a_prime_that_ends_within_a_bar_ends_on_the_bar_line() -> None:
    """Two ticks are the last two of a bar."""
    assert prime_positions([Bar(0, 2)], 4) == [Position(2, 3, 4), Position(3, 3, 4)]


def test_whole_bars_are_where_they_are() -> None:
    """The second is cut short and ends with its metre."""
    found = prime_positions([Bar(0, 16), Bar(16, 4)], 4)
    assert found[0] == Position(0, 0, 4)
    assert found[16:] == [Position(tick, 3, 4) for tick in range(4)]


def test_a_primer_reads_bit_by_bit_what_the_generator_reads_at_once() -> None:
    """The same point in the end."""
    generator = Generator(random_model(VOCABULARY, 4))
    text = "C4 . -3 E4 bass:C3 . -3 ~E4 . -7"
    primer = Primer(generator, text)
    while primer.work(1):
        pass
    found, bars = prime_frames(text, VOCABULARY)
    expected = generator.prime(found, prime_positions(bars, 4))
    assert primer.snapshot.token == expected.token
    assert primer.snapshot.grammar == expected.grammar
    assert primer.snapshot.frame == expected.frame
    np.testing.assert_array_equal(primer.finish().network, expected.network)


@given(scores(VOCABULARY))
def test_a_score_written_as_text_is_a_prime_or_refused_for_its_polyphony(score: Score) -> None:
    """Its text, in the model's own parts."""
    text = text_of(score)
    if frames_of(score, VOCABULARY)[1].over_polyphony:
        with pytest.raises(ControlError, match="too many at once"):
            frames(text)
    else:
        assert len(frames(text)) == score.length


@given(st.text(max_size=60))
def test_any_text_is_a_prime_or_refused(text: str) -> None:
    """No other error comes out."""
    with contextlib.suppress(ControlError):
        prime_frames(text, VOCABULARY)


WORDS = ["C4", "~C4", "E5", ".", "-", "-9", "|", "bass:C3", "[3/4]", "[tempo 90]", "_", "!v3"]


@given(st.lists(st.sampled_from(WORDS)))
def test_any_words_of_the_language_are_a_prime_or_refused(words: list[str]) -> None:
    """In any order."""
    try:
        found, bars = prime_frames(" ".join(words), VOCABULARY)
    except ControlError:
        return
    assert len(found) == len(prime_positions(bars, 4))


def written(path: Path, parts: tuple[Part, ...]) -> str:
    """Write a MIDI file of one bar with a note in each part; return its path as a setting."""
    notes = tuple(Note(4 * index, index, part.low + 2, 4) for index, part in enumerate(parts))
    write_midi(Score(4, parts, notes, regular_bars(16, 4)), path)
    return str(path)


def test_a_midi_file_is_a_prime(tmp_path: Path) -> None:
    """By the names of its parts."""
    text = prime_text(written(tmp_path / "a.mid", VOCABULARY.parts), VOCABULARY)
    found = frames(text)
    assert len(found) == 16
    assert (found[0], found[4], found[8]) == ((Sounding(0, 62),), (Sounding(1, 42),), (Sounding(2, 38),))


def test_a_midi_file_with_other_names_is_taken_by_place(tmp_path: Path) -> None:
    """Two voices and drums, as the model has."""
    parts = (Part("flute", 60, 72, 4), Part("cello", 40, 52, 5), Part("kit", 36, 42, 10, percussive=True))
    found = frames(prime_text(written(tmp_path / "a.mid", parts), VOCABULARY))
    assert (found[0], found[4], found[8]) == ((Sounding(0, 62),), (Sounding(1, 42),), (Sounding(2, 38),))


def test_a_midi_file_with_another_number_of_voices_is_taken_note_by_note(tmp_path: Path) -> None:
    """By range and room."""
    found = frames(prime_text(written(tmp_path / "a.mid", (Part("any", 60, 72),)), VOCABULARY))
    assert found[0] == (Sounding(0, 62),)


def test_a_midi_file_out_of_the_models_range_is_refused(tmp_path: Path) -> None:
    """By name, and note by note."""
    for name in ("soprano", "any"):
        setting = written(tmp_path / "a.mid", (Part(name, 90, 100),))
        with pytest.raises(ControlError, match=r"a\.mid: the prime must fit the model: .* G#6 at tick 0"):
            prime_text(setting, VOCABULARY)


def test_a_text_file_is_a_prime(tmp_path: Path) -> None:
    """Score text as well as the old characters."""
    path = tmp_path / "tune.txt"
    path.write_text("# grid = 4\nC4 . -15\n", encoding="utf-8")
    assert frames(prime_text(str(path), VOCABULARY))[0] == (c(),)
    path.write_text("_" + "4_" * 16, encoding="utf-8")
    assert frames(prime_text(str(path), VOCABULARY))[0] == (c(),)


def test_a_text_that_is_no_path_is_left_as_it_is() -> None:
    """It is read when it is used."""
    for text in ("C4 . D4 .", "_4_4_", "", "x" * 5000, "a\0b"):
        assert prime_text(text, VOCABULARY) == text


def test_a_file_that_is_not_there_is_named() -> None:
    """It is told by its ending."""
    with pytest.raises(ControlError, match=r"nowhere\.mid: the prime's file must be readable"):
        prime_text("nowhere.mid", VOCABULARY)
    with pytest.raises(ControlError, match=r"~nobody-of-that-name/a\.mid: the prime's file must be readable"):
        prime_text("~nobody-of-that-name/a.mid", VOCABULARY)


def test_a_file_that_is_no_midi_file_is_refused(tmp_path: Path) -> None:
    """Whatever it holds."""
    path = tmp_path / "a.mid"
    for content in (b"", b"MThd", b"\x00" * 100):
        path.write_bytes(content)
        with pytest.raises(MidiFileError):
            prime_text(str(path), VOCABULARY)


def test_a_folder_is_no_prime(tmp_path: Path) -> None:
    """Although it has a prime's ending."""
    folder = tmp_path / "a.mid"
    folder.mkdir()
    with pytest.raises(MusicRNNError, match="must be readable"):
        prime_text(str(folder), VOCABULARY)


def test_a_prime_after_which_the_state_is_not_finite_is_not_used() -> None:
    """Nothing that is made from such a state could be."""
    model = FailingModel(random_model(small_vocabulary(), 1), lambda call: "state" if call == 2 else "")
    primer = Primer(Generator(model), "C4 . -15")
    with np.errstate(invalid="ignore", over="ignore"), pytest.raises(FloatingPointError, match="must be finite"):
        primer.finish()


READS_PRIMES = """
import sys
from musicrnn.config.play import PlaySettings
from musicrnn.control import Prime, Start
from musicrnn.daemon import run
from musicrnn.daemon.engine import Engine
from musicrnn.models.generator import Generator
from musicrnn.testing import random_model, small_vocabulary

engine = Engine(Generator(random_model(small_vocabulary())), PlaySettings(seed=1, tempo=120.0))
engine.handle(Start(), 1000.0)
before = set(sys.modules)
for text in ("C4 . -15", "# grid = 12\\nC4 . -11", "bass:C3 . -3 |", "_" + "4_" * 16):
    engine.handle(Prime(text), 1000.0)
print("symusic" in before, sorted(set(sys.modules) - before))
"""


def test_a_prime_that_comes_while_it_plays_imports_nothing() -> None:
    """That took 0.1 s of the thread that sends the notes. What reads MIDI files is not there for it either."""
    answer = subprocess.run([sys.executable, "-c", READS_PRIMES], capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("False []\n", "")
