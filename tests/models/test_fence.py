"""What may sound is kept to before a token is drawn, and something may always follow."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.scales import ROOTS, SCALES, pitch_classes
from musicrnn.models.fence import FREE, Fence, Limits, Range
from musicrnn.models.generator import Choice, Generator, Snapshot
from musicrnn.models.grammar import Grammar
from musicrnn.models.onnx_step import load_model
from musicrnn.models.score import Bar
from musicrnn.models.timing import position
from musicrnn.models.vocabulary import END, START, SUSTAIN, TICK, Vocabulary
from musicrnn.testing import random_model, small_vocabulary

VOCABULARIES = [
    small_vocabulary(),
    small_vocabulary(velocity_bins=3),
    small_vocabulary(articulation=False),
    small_vocabulary(drums=False),
]
PARTS = ("soprano", "bass", "drums")
PITCHES = st.integers(30, 80)
RANGES = st.builds(Range, st.sampled_from(PARTS), PITCHES, PITCHES)
LIMITS = st.builds(
    Limits,
    polyphony=st.integers(1, 6) | st.just(128),
    transpose=st.integers(-48, 48),
    scale=st.sampled_from(sorted(SCALES)),
    root=st.sampled_from(ROOTS),
    ranges=st.lists(RANGES, max_size=3, unique_by=lambda one: one.part).map(tuple),
)
BAR = Bar(0, 16)


@given(st.sampled_from(VOCABULARIES), st.lists(LIMITS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_something_may_always_follow_whatever_the_limits(
    vocabulary: Vocabulary, limits: list[Limits], rng: random.Random
) -> None:
    """Along any path, the limits changing between two ticks."""
    grammar, fences = Grammar(vocabulary), [Fence(vocabulary, one) for one in limits]
    state = grammar.advance(grammar.start, START)
    fence = fences[0]
    for _ in range(80):
        legal = grammar.legal(state)
        legal[END] = False
        narrowed = fence.narrow(legal, state)
        assert narrowed.any(), state
        assert not (narrowed & ~legal).any()
        token = rng.choice(np.flatnonzero(narrowed).tolist())
        state = grammar.advance(state, token)
        if token in (TICK, SUSTAIN):
            fence = rng.choice(fences)


def unheard(vocabulary: Vocabulary, limits: Limits) -> set[int]:
    """Return the parts none of whose pitches may be heard."""
    fence = Fence(vocabulary, limits)
    return {
        number
        for number, part in enumerate(vocabulary.parts)
        if not any(fence.allows(number, pitch + fence.shift(number)) for pitch in range(part.low, part.high + 1))
    }


@given(st.sampled_from(VOCABULARIES), st.lists(LIMITS, min_size=1, max_size=3), st.integers(0, 100))
def test_no_note_outside_is_ever_in_a_frame(vocabulary: Vocabulary, limits: list[Limits], seed: int) -> None:
    """Not in the ticks of a network that knows nothing of limits, nor as what was held before they changed.

    But of a part that is heard nowhere, and so is not restricted.
    """
    generator = Generator(random_model(vocabulary, 3, scale=2.0))
    point: Snapshot = generator.begin()
    for tick in range(12 * len(limits)):
        now = limits[tick // 12]
        record = generator.tick(tick, 0, position(tick % 16, BAR, 4), Choice(seed=seed, limits=now), point)
        assert len(record.frame) <= now.polyphony
        for note in record.frame:
            part = vocabulary.parts[note.part]
            if note.part in unheard(vocabulary, now):
                continue
            bounds = now.range_of(part.name)
            pitch = note.pitch if part.percussive else note.pitch + now.transpose
            assert max(bounds.low, 0) <= pitch <= min(bounds.high, 127)
            assert part.percussive or pitch % 12 in pitch_classes(now.scale, now.root)
        point = record.after


def test_without_limits_nothing_is_narrowed() -> None:
    """So that a session without them costs nothing and is what it was."""
    vocabulary = small_vocabulary()
    fence = Fence(vocabulary, FREE)
    state = Grammar(vocabulary).start
    legal = Grammar(vocabulary).legal(state)
    assert fence.is_open
    assert fence.narrow(legal, state) is legal


def test_a_range_that_is_upside_down_silences_its_part() -> None:
    """And only that one."""
    fence = Fence(small_vocabulary(), Limits(ranges=(Range("bass", 60, 40),)))
    assert not any(fence.allows(1, pitch) for pitch in range(128))
    assert fence.allows(0, 60)


@pytest.mark.parametrize("part", ["soprano", "bass"])
@pytest.mark.parametrize("bounds", [(127, 0), (127, 127), (0, 20)])
def test_a_part_that_is_heard_nowhere_does_not_silence_the_others(part: str, bounds: tuple[int, int]) -> None:
    """A model that has learnt four voices goes on with them, as with a part that is muted."""
    model = load_model("chorales")
    vocabulary = model.info.vocabulary
    limits = Limits(ranges=(Range(part, *bounds),))
    fence, generator = Fence(vocabulary, limits), Generator(model)
    point, struck = generator.begin(), 0
    for tick in range(24 * 16):
        record = generator.tick(tick, tick // 16, position(tick % 16, BAR, 4), Choice(seed=11, limits=limits), point)
        struck += sum(note.attack and fence.allows(note.part, note.pitch) for note in record.frame)
        point = generator.begin() if record.ended else record.after
    assert struck > 24 * 4


@pytest.mark.parametrize(
    ("scale", "root", "classes"),
    [
        ("major", "C", {0, 2, 4, 5, 7, 9, 11}),
        ("dorian", "D", {0, 2, 4, 5, 7, 9, 11}),
        ("minor", "A", {0, 2, 4, 5, 7, 9, 11}),
        ("blues", "B", {11, 2, 4, 5, 6, 9}),
    ],
)
def test_a_scale_is_its_pitch_classes(scale: str, root: str, classes: set[int]) -> None:
    """Counted from C."""
    assert pitch_classes(scale, root) == classes
