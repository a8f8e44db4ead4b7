"""A tick is a function of the snapshot before it, the controls and the seed, and of nothing else."""

from __future__ import annotations

import dataclasses
import enum
import sys
from collections.abc import Sequence
from itertools import pairwise
from types import FrameType
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Choice, Generator, Snapshot, TickRecord
from musicrnn.models.past import NOTHING
from musicrnn.models.sampling import Chance, Span
from musicrnn.models.score import regular_bars
from musicrnn.models.step import StepModel
from musicrnn.models.timing import positions
from musicrnn.models.tokens import decode, encode
from musicrnn.models.vocabulary import END, SUSTAIN, TICK, Kind
from musicrnn.testing import FailingModel, ScriptedModel, random_model, small_vocabulary

VOCABULARY = small_vocabulary(velocity_bins=3)
MODEL = random_model(VOCABULARY, 11, scale=2.0)
BAR = 16
POSITIONS = positions(regular_bars(64 * BAR, 4), 4)
SOPRANO: Frame = (Sounding(0, 60),)
HELD: Frame = (Sounding(0, 60, False),)


def play(model: StepModel, choice: Choice, ticks: int, start: Snapshot | None = None) -> list[TickRecord]:
    """Make ticks one after the other."""
    generator = Generator(model)
    point = start or generator.begin()
    records = []
    for tick in range(ticks):
        records.append(generator.tick(tick, tick // BAR, POSITIONS[tick], choice, point))
        point = records[-1].after
    return records


@given(st.integers(0, 2**63 - 1), st.floats(0, 4), st.floats(0, 2), st.sampled_from(get_args(Span)))
def test_the_same_seed_makes_the_same_ticks(seed: int, mu: float, sigma: float, span: Span) -> None:
    """Twice from the start, and once from the middle."""
    choice = Choice(mu, sigma, span, seed)
    first = play(MODEL, choice, 24)
    again = play(MODEL, choice, 24)
    assert [(r.tokens, r.exponents) for r in again] == [(r.tokens, r.exponents) for r in first]
    middle = Generator(MODEL).tick(12, 0, POSITIONS[12], choice, first[11].after)
    assert middle.tokens == first[12].tokens


@given(st.integers(0, 1000), st.floats(0, 3))
def test_what_it_makes_is_legal_and_decodes_to_its_frames(seed: int, mu: float) -> None:
    """The tokens of all ticks are a piece of the language."""
    generator = Generator(MODEL)
    records = play(MODEL, Choice(mu, seed=seed), 24)
    tokens = [token for record in records for token in record.tokens]
    state = generator.begin().grammar
    for token in tokens:
        assert generator.grammar.legal(state)[token]
        state = generator.grammar.advance(state, token)
    assert decode(tokens, VOCABULARY) == [record.frame for record in records]
    assert all(record.tokens[-1] in (TICK, SUSTAIN) for record in records)


@pytest.mark.parametrize(("span", "how_many"), [("run", 1), ("bar", 3), ("tick", 3 * BAR), ("token", None)])
def test_an_exponent_holds_for_its_span(span: Span, how_many: int | None) -> None:
    """One for the whole run, one a bar, one a tick, or one a token."""
    records = play(MODEL, Choice(1.0, 0.3, span, 5), 3 * BAR)
    exponents = [exponent for record in records for exponent in record.exponents]
    assert len(set(exponents)) == (len(exponents) if how_many is None else how_many)
    assert all(len(record.exponents) == len(record.tokens) for record in records)


@given(st.sampled_from(get_args(Span)), st.floats(0, 16))
def test_with_sigma_zero_the_exponent_is_mu(span: Span, mu: float) -> None:
    """Whatever its span."""
    for record in play(MODEL, Choice(mu, 0.0, span), 4):
        assert set(record.exponents) == {mu}


def test_a_piece_ends_only_where_it_may() -> None:
    """END is masked otherwise; after it stands the beginning of a piece."""
    generator = Generator(MODEL)
    choice = Choice(0.0, seed=1)
    assert all(END not in record.tokens for record in play(MODEL, choice, 200))
    records = play(MODEL, dataclasses.replace(choice, may_end=True), 200)
    ended = next(record for record in records if record.ended)
    assert ended.tokens == (END,)
    assert ended.frame == ()
    assert ended.after.token == generator.begin().token
    assert ended.after.grammar == generator.begin().grammar


def attacks(density: float) -> int:
    """Count the attacks in 60 ticks."""
    records = play(MODEL, Choice(density=density, seed=2), 60)
    return sum(int(VOCABULARY.kind[token]) == Kind.ATTACK for record in records for token in record.tokens)


def test_density_makes_more_or_fewer_attacks() -> None:
    """It is added to the logits of attacks."""
    assert attacks(-10.0) < attacks(-1.0) < attacks(0.0) < attacks(2.0)


def test_a_scripted_model_plays_its_script_over_and_over() -> None:
    """Frames come back with holds where notes go on."""
    vocabulary = small_vocabulary()
    script = [SOPRANO, HELD, (), SOPRANO]
    frames = [record.frame for record in play(ScriptedModel(vocabulary, script), Choice(), 8)]
    assert frames == [*script, *script]


@pytest.mark.parametrize("how", ["logits", "raise"])
def test_a_failing_network_raises_and_leaves_the_snapshot_good(how: str) -> None:
    """The same snapshot works again with a network that is well."""
    model = FailingModel(MODEL, lambda call: how if call == 0 else "")
    generator = Generator(model)
    point = generator.begin()
    with pytest.raises((FloatingPointError, RuntimeError)):
        generator.tick(0, 0, POSITIONS[0], Choice(), point)
    expected = play(MODEL, Choice(), 1)[0]
    assert generator.tick(0, 0, POSITIONS[0], Choice(), point).tokens == expected.tokens


def read_by_hand(model: StepModel, frames: Sequence[Frame]) -> Snapshot:
    """Read a prime token by token, the position being that of the tick in which the next token stands."""
    generator = Generator(model)
    tokens = encode(frames, generator.vocabulary)[:-1]
    point, tick = generator.begin(), 0
    for token, following in pairwise(tokens):
        _, network = model.step(token, POSITIONS[tick], point.network)
        point = Snapshot(following, generator.grammar.advance(point.grammar, following), network, frames[-1])
        tick += following in (TICK, SUSTAIN)
    return point


def test_a_prime_leaves_the_point_after_it() -> None:
    """The last token is not read yet: it is read with the position of the tick to be made."""
    vocabulary = small_vocabulary()
    model = random_model(vocabulary, 3)
    frames: list[Frame] = [SOPRANO, HELD, (Sounding(0, 60, False), Sounding(1, 45)), ()]
    point = Generator(model).prime(frames, POSITIONS)
    expected = read_by_hand(model, frames)
    assert point.token == expected.token
    assert point.grammar == expected.grammar
    np.testing.assert_array_equal(point.network, expected.network)


def test_an_empty_prime_is_the_beginning() -> None:
    """No frames, no step."""
    generator = Generator(MODEL)
    assert generator.prime([], []).grammar == generator.begin().grammar


def test_the_snapshot_before_is_never_changed() -> None:
    """Ticks can be made again from it."""
    generator = Generator(MODEL)
    point = play(MODEL, Choice(), 8)[-1].after
    before = point.network.copy()
    generator.tick(8, 0, POSITIONS[8], Choice(), point)
    np.testing.assert_array_equal(point.network, before)


@pytest.mark.parametrize(("chance", "free"), [("beats", (0, 4, 8, 12)), ("bars", (0,)), ("never", ())])
def test_chance_may_be_kept_to_beats_or_bars_or_out(chance: Chance, free: Sequence[int]) -> None:
    """From one point, other seeds make other music in the ticks where it may act, and the same in all others."""
    generator = Generator(MODEL)
    for tick in range(BAR):
        made = {
            generator.tick(tick, 0, POSITIONS[tick], Choice(0.5, seed=seed, chance=chance), generator.begin()).tokens
            for seed in range(12)
        }
        assert (len(made) > 1) == (tick in free)


def test_chance_may_be_kept_to_which_attack_it_is() -> None:
    """Every token is the likeliest, or an attack drawn where the likeliest is an attack."""
    generator = Generator(MODEL)
    attacks = VOCABULARY.kind == Kind.ATTACK
    drawn = 0
    for seed in range(40):
        point = generator.begin()
        record = generator.tick(0, 0, POSITIONS[0], Choice(0.5, seed=seed, chance="attacks"), point)
        last, state, network = point.token, point.grammar, point.network
        for token in record.tokens:
            logits, network = MODEL.step(last, POSITIONS[0], network)
            legal = generator.grammar.legal(state)
            legal[END] = False
            likeliest = int(np.argmax(np.where(legal, logits, -np.inf)))
            assert token == likeliest or (attacks[token] and attacks[likeliest])
            drawn += token != likeliest
            last, state = token, generator.grammar.advance(state, token)
    assert drawn > 0


def bars_again(records: Sequence[TickRecord], bar: int = BAR) -> float:
    """Return the share of bars that are the same as one before them."""
    frames = [record.frame for record in records]
    bars = [tuple(frames[at : at + bar]) for at in range(0, len(frames), bar)]
    return sum(one in bars[:number] for number, one in enumerate(bars)) / len(bars)


def test_the_memory_makes_bars_come_again() -> None:
    """With a network that remembers nothing, whole bars return only by the memory."""
    again = {
        memory: np.mean([bars_again(play(MODEL, Choice(1.5, seed=seed, memory=memory), 30 * BAR)) for seed in range(3)])
        for memory in (0.0, 0.5, 1.0)
    }
    assert again[0.0] <= 0.1
    assert again[1.0] > 0.3
    assert again[0.0] <= again[0.5] <= again[1.0]


@given(st.integers(0, 50), st.floats(0.0, 1.0), st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_with_the_memory_a_tick_depends_on_its_snapshot_alone(seed: int, memory: float, again: list[int]) -> None:
    """Whatever was made before, of this future or of another one."""
    choice, generator = Choice(1.5, seed=seed, memory=memory), Generator(MODEL)
    straight = play(MODEL, choice, 42)
    points = [generator.begin(), *(record.after for record in straight)]
    other = dataclasses.replace(choice, seed=seed + 1)
    for place in again:
        point = points[place]
        for tick in range(place, min(place + 3, 42)):
            point = generator.tick(tick, tick // BAR, POSITIONS[tick], other, point).after
        made = generator.tick(place, place // BAR, POSITIONS[place], choice, points[place])
        assert made.tokens == straight[place].tokens
        assert made.after.past == straight[place].after.past


def test_what_was_primed_is_remembered() -> None:
    """The past of a point after a prime is the prime's tokens, tick by tick; read in one go or some at a time."""
    frames = [record.frame for record in play(MODEL, Choice(seed=4), 20)]
    point = Generator(MODEL).prime(frames, POSITIONS)
    told = [token for tick in range(point.past.ticks) for token in point.past.at(tick).tokens]
    assert point.past.ticks == 20
    assert told == encode(frames, VOCABULARY)[1:-1]


def test_a_piece_that_begins_anew_remembers_nothing() -> None:
    """What was played in the piece before is of that piece."""
    records = play(MODEL, Choice(0.0, seed=1, may_end=True), 200)
    ended = next(record for record in records if record.ended)
    assert records[ended.tick - 1].after.past.ticks > 0
    assert ended.after.past == NOTHING
    assert records[ended.tick + 1].after.past.ticks == 1


@pytest.mark.skipif(not hasattr(enum.EnumType, "__getattr__"), reason="from Python 3.12 on it runs no Python code")
def test_numpy_is_not_given_an_enumeration() -> None:
    """It would ask it for its methods, which runs Python code, and lose a Ctrl-C that falls into that."""
    asked: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_qualname == "EnumType.__getattr__" and frame.f_back is not None:
            asked.append(f"{frame.f_back.f_code.co_qualname} for {frame.f_locals['name']}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        play(MODEL, Choice(seed=1), 2 * BAR)
    finally:
        sys.setprofile(before)
    assert asked == []
