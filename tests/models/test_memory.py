"""The memory: what it guesses, that it can be taken back, and what becomes of a guess."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models import memory as module
from musicrnn.models.memory import Guess, Memory
from musicrnn.models.past import CHUNK, CHUNKS, NOTHING, Past
from musicrnn.models.recall import NEAR, Recall
from musicrnn.models.trust import Trust, log_odds, recalled
from musicrnn.models.vocabulary import SUSTAIN, TICK, Kind
from musicrnn.testing import small_vocabulary

VOCABULARY = small_vocabulary()
NOTES = [int(token) for token in np.flatnonzero(VOCABULARY.kind == Kind.ATTACK)[:5]]
EVEN = Trust((4,), (2.0, 5.0), (0.5, 0.5))
ticks = st.lists(
    st.one_of(
        st.just((SUSTAIN,)),
        st.lists(st.sampled_from(NOTES[:3]), max_size=2, unique=True).map(lambda notes: (*notes, TICK)),
    ),
    max_size=60,
)


def told(tokens: list[int]) -> list[Guess | None]:
    """Return the guess after each of some tokens."""
    memory = Memory(VOCABULARY)
    guesses = []
    for token in tokens:
        memory.read(token)
        guesses.append(memory.guess())
    return guesses


def tune(*notes: int) -> list[int]:
    """Return a note a tick, each held for another."""
    return [token for note in notes for token in (NOTES[note], TICK, SUSTAIN)]


def test_what_comes_again_is_guessed_from_the_second_onset_on() -> None:
    """A phrase that returns: two onsets are listened to, and then each token is known until it goes another way."""
    phrase, other = tune(0, 1, 2, 3), tune(4)
    guesses = told([*phrase, *other, *phrase])
    again = guesses[len(phrase) + len(other) :]
    assert guesses[: len(phrase) + len(other)] == [None] * (len(phrase) + len(other))
    assert again[:3] == [None] * 3
    assert [guess.token for guess in again[3:-1] if guess] == phrase[4:]
    assert [guess.onsets for guess in again[3:] if guess] == [2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert again[-1] == Guess(other[0], 4)


def test_a_guess_that_did_not_come_true_ends_the_likeness() -> None:
    """What was alike before counts no more; the last two onsets are looked for anew."""
    guesses = told([*tune(0, 1, 2, 3), *tune(0, 1, 4), *tune(1)])
    at = len(tune(0, 1, 2, 3, 0, 1))
    assert guesses[at - 1] == Guess(NOTES[2], 2)
    assert guesses[at] is None


def test_the_last_time_counts() -> None:
    """Of two continuations the newer one is guessed."""
    guesses = told([*tune(0, 1, 2), *tune(0, 1, 3), *tune(0, 1)])
    assert guesses[-1] == Guess(NOTES[3], 2)


@given(ticks, st.integers(0, 200), ticks)
def test_what_is_taken_back_leaves_no_trace(
    first: list[tuple[int, ...]], keep: int, then: list[tuple[int, ...]]
) -> None:
    """Tokens that were read and taken back change no guess after them."""
    tokens = [token for tick in first for token in tick]
    memory = Memory(VOCABULARY)
    for token in tokens:
        memory.read(token)
    keep = min(keep, len(tokens))
    memory.back_to(keep)
    follow = [token for tick in then for token in tick]
    guesses = []
    for token in follow:
        memory.read(token)
        guesses.append(memory.guess())
    assert guesses == told([*tokens[:keep], *follow])[keep:]


@given(st.lists(st.tuples(ticks, st.integers(0, 60)), min_size=1, max_size=6))
def test_the_memory_of_a_past_is_that_of_its_tokens(steps: list[tuple[list[tuple[int, ...]], int]]) -> None:
    """Wherever it goes on from: some ticks before, the same point, or the beginning."""
    recall, pasts = Recall(VOCABULARY), [NOTHING]
    for played, back in steps:
        past = pasts[max(0, len(pasts) - 1 - back)]
        pasts = pasts[: max(1, len(pasts) - back)]
        for tick in played:
            past = past.then(tick)
            pasts.append(past)
        tokens = [token for tick in range(past.ticks) for token in past.at(tick).tokens]
        assert recall.at(past).guess() == (told(tokens)[-1] if tokens else None)
        recall.at(past).read(NOTES[0])


def long_past(count: int) -> list[Past]:
    """Return the past after each of many ticks, of a tune that comes again every 12 ticks but for a note of 30."""
    pasts = [NOTHING]
    for tick in range(count):
        note = NOTES[3] if tick % 30 == 0 else NOTES[tick % 12 // 3]
        pasts.append(pasts[-1].then((note, TICK) if tick % 3 == 0 else (SUSTAIN,)))
    return pasts


def test_hours_take_no_more_room_than_minutes_and_are_still_remembered() -> None:
    """Ticks, marks, places and tokens are let go of, and the guess is what the last ticks alone make it."""
    pasts = long_past(CHUNK * (CHUNKS + 40))
    recall = Recall(VOCABULARY)
    sizes = []
    for past in pasts[1:]:
        memory = recall.at(past)
        sizes.append((len(memory._tokens), len(memory._traces), len(memory._places), len(recall._marks)))
    assert pasts[-1].ticks == CHUNK * (CHUNKS + 40)
    assert pasts[-1].dropped >= CHUNK * 39
    most = max(sizes[: CHUNK * (CHUNKS + 10)])
    assert max(size[0] for size in sizes) <= most[0] + module.SLACK + module.BLOCK
    assert max(size[2] for size in sizes) < 200
    assert sizes[-1][3] == NEAR
    assert memory.guess() == Recall(VOCABULARY).at(pasts[-1]).guess()
    assert memory.guess() is not None


def test_going_back_after_ticks_were_dropped_is_exact() -> None:
    """The future can be cut and made again after hours too."""
    pasts = long_past(CHUNK * (CHUNKS + 5))
    straight, detour = Recall(VOCABULARY), Recall(VOCABULARY)
    for number, past in enumerate(pasts[1:], 1):
        wanted = straight.at(past).guess()
        detour.at(past)
        if number % 97 == 0:
            other = past
            for _ in range(70):
                other = other.then((NOTES[4], TICK))
            detour.at(other)
            assert detour.at(past).guess() == wanted


@given(st.integers(0, 4), st.floats(0.0, 1.0), st.integers(2, 9))
def test_what_is_recalled_is_a_distribution_with_the_guess_as_likely_as_trusted(
    token: int, share: float, onsets: int
) -> None:
    """The others keep their proportions; with a share of 0 nothing changes."""
    log_p = np.log(np.array([0.1, 0.2, 0.3, 0.15, 0.25]))
    found = recalled(log_p.copy(), Guess(token, onsets), EVEN, share)
    assert math.isclose(np.exp(found).sum(), 1.0, rel_tol=1e-9)
    likely = EVEN.likelihood(onsets, float(log_p[token]))
    assert math.isclose(math.exp(found[token]), (1 - share) * math.exp(log_p[token]) + share * likely, rel_tol=1e-9)
    others = np.arange(5) != token
    ratios = np.exp(found[others] - log_p[others])
    np.testing.assert_allclose(ratios, ratios[0])
    assert share or (found == log_p).all()


def test_what_is_impossible_or_certain_stays_so() -> None:
    """A forbidden guess gets nothing, and the only legal token keeps all."""
    log_p = np.array([-np.inf, math.log(0.5), math.log(0.5)])
    assert (recalled(log_p, Guess(0, 9), EVEN, 1.0) == log_p).all()
    only = np.array([-np.inf, 0.0, -np.inf])
    assert (recalled(only, Guess(1, 9), EVEN, 1.0) == only).all()
    assert recalled(log_p, None, EVEN, 1.0) is log_p


@pytest.mark.parametrize("p", [1e-9, 0.2, 0.5, 0.999999, 1.0])
def test_log_odds_are_those_of_the_probability_within_bounds(p: float) -> None:
    """And finite for what is certain."""
    wanted = math.log(p / (1 - p)) if p < 1 else math.inf
    assert log_odds(math.log(p)) == pytest.approx(min(max(wanted, -14.0), 14.0), rel=1e-3)
