"""The score language: frames to tokens and back, and the grammar that both keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.errors import GrammarError
from musicrnn.models.frames import Sounding, frames_of, score_of
from musicrnn.models.grammar import Grammar, Phase
from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.models.tokens import decode, encode
from musicrnn.models.vocabulary import END, START, SUSTAIN, TICK, Vocabulary
from tests.models.strategies import frames, scores, vocabularies

SATB = Vocabulary(4, (Part("soprano", 57, 81, polyphony=1), Part("bass", 36, 60, polyphony=2)), max_polyphony=3)


@given(st.data())
def test_legal_frames_come_back_from_their_tokens(data: st.DataObject) -> None:
    """Frames → tokens → frames is identity, whatever the vocabulary."""
    vocabulary = data.draw(vocabularies())
    piece = data.draw(frames(vocabulary))
    assert decode(encode(piece, vocabulary), vocabulary) == piece


@given(st.data())
def test_the_grammar_admits_every_token_of_legal_frames(data: st.DataObject) -> None:
    """No token of a legal piece is masked before it is read."""
    vocabulary = data.draw(vocabularies())
    tokens = encode(data.draw(frames(vocabulary)), vocabulary)
    grammar = Grammar(vocabulary)
    legal = grammar.legal_many(grammar.columns(grammar.states(tokens)))
    assert all(legal[i, token] for i, token in enumerate(tokens))


@given(st.data())
def test_whatever_the_grammar_admits_decodes_and_encodes_back(data: st.DataObject) -> None:
    """Any walk through the grammar has a next token at each point, and is the one spelling of its frames."""
    vocabulary = data.draw(vocabularies())
    grammar = Grammar(vocabulary)
    state = grammar.start
    tokens: list[int] = []
    length = data.draw(st.integers(1, 40))
    while len(tokens) < length or state.phase != Phase.OPEN:
        legal = grammar.legal(state).nonzero()[0].tolist()
        choices = [token for token in legal if token != END]
        assert choices, f"no legal token after {[vocabulary.name(token) for token in tokens]}"
        tokens.append(data.draw(st.sampled_from(choices)))
        state = grammar.advance(state, tokens[-1])
    tokens.append(END)
    assert encode(decode(tokens, vocabulary), vocabulary) == tokens


@given(st.data())
def test_legal_one_by_one_equals_legal_all_at_once(data: st.DataObject) -> None:
    """The sampler's mask and the loss's mask are the same."""
    vocabulary = data.draw(vocabularies())
    grammar = Grammar(vocabulary)
    states = grammar.states(encode(data.draw(frames(vocabulary)), vocabulary))
    together = grammar.legal_many(grammar.columns(states))
    assert all((together[i] == grammar.legal(state)).all() for i, state in enumerate(states))


@given(st.data())
def test_a_score_comes_back_from_its_frames(data: st.DataObject) -> None:
    """Score → frames → score is identity, velocities to the bin, where articulation is told and polyphony allows it."""
    vocabulary = data.draw(vocabularies())
    wide = Vocabulary(
        vocabulary.ticks_per_beat,
        tuple(Part(p.name, p.low, p.high, p.channel, p.program, p.percussive, 128) for p in vocabulary.parts),
        velocity_bins=vocabulary.velocity_bins,
        max_polyphony=128,
    )
    score = data.draw(scores(wide))
    piece, fit = frames_of(score, wide)
    back = score_of(piece, wide, score.bars, score.tempos)
    bins = wide.velocity_bins

    def shown(note: Note) -> tuple[int, ...]:
        return (note.start, note.part, note.pitch, note.length, wide.bin_of(note.velocity) if bins else 0)

    assert (fit.out_of_range, fit.over_polyphony) == (0, 0)
    assert [shown(note) for note in back.notes] == [shown(note) for note in score.notes]


def test_a_held_chord_is_one_token_a_tick() -> None:
    """SUSTAIN stands for a whole chord going on, and for a rest going on."""
    score = Score(4, SATB.parts, (Note(0, 0, 72, 3), Note(0, 1, 48, 3)), regular_bars(4, 4)[:1])
    piece, _ = frames_of(score, SATB)
    attacks = [SATB.attack(0, 72), SATB.attack(1, 48), TICK]
    rest_of_bar = [SUSTAIN] * 12
    assert encode(piece, SATB) == [START, *attacks, SUSTAIN, SUSTAIN, TICK, *rest_of_bar, END]


def test_what_is_not_named_is_released() -> None:
    """A frame that names one of two sounding notes ends the other."""
    tokens = [SATB.attack(0, 72), SATB.attack(1, 48), TICK, SATB.hold(1, 48), TICK]
    assert decode(tokens, SATB)[1] == (Sounding(1, 48, False),)


def test_the_outer_notes_are_kept_where_polyphony_is_too_small() -> None:
    """Of three bass notes where two may sound, the highest and the lowest stay."""
    notes = tuple(sorted(Note(0, 1, pitch, 2) for pitch in (40, 45, 50)))
    piece, fit = frames_of(Score(4, SATB.parts, notes, regular_bars(4, 4)), SATB)
    assert [note.pitch for note in piece[0]] == [50, 40]
    assert fit.over_polyphony == 1


def test_a_hit_lasts_one_tick_and_cannot_be_held() -> None:
    """Percussive notes are gone in the next tick: SUSTAIN after a hit is silence."""
    drums = Vocabulary(4, (Part("drums", 35, 51, 10, percussive=True),))
    assert decode([drums.attack(0, 36), TICK, SUSTAIN], drums) == [(Sounding(0, 36),), ()]
    with pytest.raises(ValueError, match="no HOLD"):
        drums.hold(0, 36)


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param([START, START], id="two starts"),
        pytest.param([START, SATB.hold(0, 60)], id="a hold of what does not sound"),
        pytest.param([START, SATB.attack(0, 60), SATB.attack(0, 61)], id="rising pitch"),
        pytest.param([START, SATB.attack(0, 60), SATB.attack(0, 60)], id="one note twice"),
        pytest.param([START, SATB.attack(0, 60), SUSTAIN], id="SUSTAIN within a frame"),
        pytest.param([START, END, TICK], id="a tick after the end"),
    ],
)
def test_broken_rules_are_refused(tokens: list[int]) -> None:
    """What the grammar forbids raises GrammarError."""
    with pytest.raises(GrammarError):
        Grammar(SATB).states([*tokens, END])


def test_no_octave_sees_another() -> None:
    """Each pitch has tokens of its own; the lowest does not wrap round to the highest."""
    piano = Vocabulary(4, (Part("piano", 21, 108),))
    tokens = [piano.attack(0, pitch) for pitch in range(21, 109)] + [piano.hold(0, pitch) for pitch in range(21, 109)]
    assert len(set(tokens)) == 2 * 88
    assert [int(piano.pitch[token]) for token in tokens] == [*range(21, 109)] * 2


@pytest.mark.parametrize("bins", [1, 2, 8, 31, 32])
def test_velocity_bins_are_stable(bins: int) -> None:
    """The velocity that stands for a bin falls into that bin."""
    vocabulary = Vocabulary(4, SATB.parts, velocity_bins=bins)
    assert [vocabulary.bin_of(vocabulary.velocity_of(i)) for i in range(bins)] == [*range(bins)]


@given(vocabularies())
def test_a_vocabulary_comes_back_from_its_description(vocabulary: Vocabulary) -> None:
    """to_dict and from_dict are inverse, and the fingerprint stays."""
    again = Vocabulary.from_dict(vocabulary.to_dict())
    assert again == vocabulary
    assert again.fingerprint == vocabulary.fingerprint
