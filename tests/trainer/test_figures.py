"""Figures of pieces that are small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from musicrnn.models.score import Bar, Note, Part, Score, regular_bars
from musicrnn.trainer.figures import class_of_tick, entropy, figures_of, part_figures_of
from musicrnn.trainer.sheet import sheet_of
from tests.models.strategies import scores, vocabularies

VOICE = Part("voice", 40, 90)
BASS = Part("bass", 30, 60, channel=2)
DRUMS = Part("drums", 35, 60, channel=10, percussive=True)


def piece(*notes: tuple[int, int, int, int], parts: tuple[Part, ...] = (VOICE, BASS), bars: int = 1) -> Score:
    """Return 4/4 bars at 4 ticks a beat with notes of (start, part, pitch, length)."""
    return Score(4, parts, tuple(sorted(Note(*note) for note in notes)), regular_bars(bars * 16, 4))


SCALE = piece(*((4 * i, 0, 60 + step, 4) for i, step in enumerate((0, 2, 4, 5))), (0, 1, 48, 16))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("onsets on a beat", 1.0),
        ("onsets on the half of a beat", 0.0),
        ("bars struck on their first beat", 1.0),
        ("onsets a beat", 1.0),
        ("notes a beat", 1.25),
        ("notes an onset", 1.25),
        ("beats between onsets", 1.0),
        ("length of a note in beats", (4 * 1 + 4) / 5),
        ("notes sounding at once", 2.0),
        ("share of silence", 0.0),
        ("scale consistency", 1.0),
        ("pitch range in semitones", 17.0),
        ("pitch-class entropy in bits", 0.4 * math.log2(1 / 0.4) + 3 * 0.2 * math.log2(1 / 0.2)),
        ("onsets within a triad", 2 / 3),
        ("top-voice interval in semitones", 5 / 3),
    ],
)
def test_a_scale_over_a_held_note(name: str, value: float) -> None:
    """C D E F over C: C alone is one pitch class, C and D no triad, C and E one, C and F one."""
    assert figures_of(SCALE)[name] == pytest.approx(value)


def test_onsets_are_counted_by_where_they_stand_in_the_beat() -> None:
    """On a grid of twelve: the beat, its half, a quarter, a third, and a twelfth."""
    ticks = np.array([0, 6, 3, 9, 4, 8, 1, 11])
    assert class_of_tick(ticks, 12).tolist() == [1.0, 0.5, 0.25, 0.25, 1 / 3, 1 / 3, 0.0, 0.0]


def test_a_pickup_counts_towards_its_bar_line() -> None:
    """A first bar of one beat is the fourth beat, not the first."""
    bars = (Bar(0, 6, 4, 4), Bar(6, 16, 4, 4))
    score = Score(4, (VOICE,), (Note(0, 0, 60, 2), Note(2, 0, 62, 4), Note(6, 0, 64, 4)), bars)
    assert sheet_of(score).place[[0, 2, 6]].tolist() == [[2, 2, 4], [0, 3, 4], [0, 0, 4]]
    assert figures_of(score)["onsets on the half of a beat"] == pytest.approx(1 / 3)


def test_a_rhythm_comes_again_whatever_its_notes_are() -> None:
    """Bars of two halves, of two other halves, of one note, and an empty one, which counts as none."""
    score = piece((0, 0, 60, 8), (8, 0, 62, 8), (16, 0, 64, 8), (24, 0, 65, 4), (32, 0, 60, 4), bars=4)
    assert figures_of(score)["rhythms like an earlier bar's"] == pytest.approx(1 / 3)
    assert figures_of(score)["bars like an earlier bar"] == 0.0


def test_the_top_voice_is_the_highest_note_of_each_onset() -> None:
    """A chord counts once; 60 to 67 to 65 are seven up and two down."""
    score = piece((0, 0, 60, 4), (0, 0, 52, 4), (4, 0, 55, 4), (4, 0, 67, 4), (8, 0, 65, 4))
    voice = part_figures_of(score)["voice"]
    assert voice["top voice: mean interval in semitones"] == pytest.approx(4.5)
    assert voice["top voice: steps (1 or 2 semitones)"] == pytest.approx(0.5)
    assert voice["share of silence"] == pytest.approx(0.25)


def test_a_part_that_is_silent_has_no_melody() -> None:
    """Its figures are nan, not 0: it must not be mistaken for one that repeats its note."""
    bass = part_figures_of(piece((0, 0, 60, 4)))["bass"]
    assert math.isnan(bass["top voice: repeated notes"])
    assert bass["notes a beat"] == 0.0


def test_a_piece_without_notes_has_figures_all_the_same() -> None:
    """A model may be silent."""
    found = figures_of(piece())
    assert found["notes a beat"] == 0.0
    assert math.isnan(found["scale consistency"])


def test_a_score_without_bars_is_refused() -> None:
    """There is nothing to measure along."""
    with pytest.raises(ValueError, match="a score must have a bar to be measured"):
        figures_of(Score(4, (VOICE,)))


def test_bars_that_come_again_are_found_wherever_they_stood() -> None:
    """A B A has one bar of three that is like an earlier one; empty bars do not count."""
    notes = [(0, 0, 60, 4), (16, 0, 62, 4), (32, 0, 60, 4)]
    assert figures_of(piece(*notes, bars=4))["bars like an earlier bar"] == pytest.approx(1 / 3)


def test_groove_is_alike_where_onsets_stand_in_the_same_places() -> None:
    """Of sixteen sixteenths the second bar differs from the first in one, the third from the second in none."""
    notes = [(0, 0, 60, 1), (8, 0, 60, 1), (16, 0, 62, 1), (32, 0, 60, 1)]
    assert figures_of(piece(*notes, bars=3))["groove similarity"] == pytest.approx((15 / 16 + 1) / 2)


def test_drums_have_figures_of_their_own_and_no_pitches() -> None:
    """A scale of drums means nothing."""
    score = piece((0, 0, 36, 1), (4, 0, 38, 1), (8, 0, 36, 1), parts=(DRUMS,))
    found = figures_of(score)
    assert found["drums in use"] == 2.0
    assert "scale consistency" not in found
    assert part_figures_of(score) == {}


def test_loudness_is_measured_where_there_is_any() -> None:
    """Beats are 40 louder than what stands between them."""
    notes = (Note(0, 0, 60, 2, 100), Note(2, 0, 60, 2, 60), Note(4, 0, 60, 2, 100))
    found = figures_of(Score(4, (VOICE,), notes, regular_bars(16, 4)))
    assert found["accent of the beat in velocity"] == pytest.approx(40.0)
    assert "mean velocity" not in figures_of(SCALE)


def test_entropy_is_in_bits() -> None:
    """Four alike are two bits; nothing has none."""
    assert entropy(np.array([3, 3, 0, 3, 3])) == pytest.approx(2.0)
    assert math.isnan(entropy(np.zeros(3)))


@given(vocabularies().flatmap(scores))
def test_shares_are_shares_whatever_the_piece(score: Score) -> None:
    """Every figure is a number of a sensible size or nan, and the five places of onsets make one."""
    if not score.bars:
        return
    found = figures_of(score)
    places = [value for name, value in found.items() if name.startswith("onsets on ") or name == "onsets elsewhere"]
    assert math.isnan(sum(places)) == (not score.notes)
    if score.notes:
        assert sum(places) == pytest.approx(1.0)
    assert all(math.isnan(value) or -127 <= value <= 1000 for value in found.values())
