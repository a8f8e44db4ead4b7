"""Models that take over from each other, good and bad, among everything else that happens: what must always hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Command, Start
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.errors import ControlError
from musicrnn.models.generator import Generator
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import FailingModel, random_model, small_vocabulary
from tests.daemon.driving import TICK, Driver, Wait, driver, scripts
from tests.daemon.test_session_replay import PARTS, PRIMES, assert_sound

PIANO = Vocabulary(6, (Part("piano", 60, 80, channel=1, program=0, polyphony=2),), velocity_bins=8, max_polyphony=2)


def model(vocabulary: Vocabulary, seed: int, metre: tuple[int, int] = (2, 4)) -> StepModel:
    """Return a model that plays something, and not too much, in short bars."""
    return random_model(vocabulary, seed, units=4, scale=2.0, calm=4.0, metre=metre)


GOOD = {
    "four": model(small_vocabulary(), 1),
    "two": model(small_vocabulary(ticks_per_beat=2, drums=False), 2, (3, 4)),
    "plain": model(small_vocabulary(articulation=False), 3),
    "piano": model(PIANO, 4, (3, 8)),
}
BAD = {
    "raises": FailingModel(GOOD["four"], lambda _: "raise"),
    "not finite": FailingModel(GOOD["two"], lambda _: "state"),
    "of sevenths": model(small_vocabulary(ticks_per_beat=7), 5),
}
MODELS: Mapping[str, StepModel] = GOOD | BAD


@dataclass(frozen=True)
class Swap:
    """A model is loaded and is to take over."""

    name: str


Happening = Command | Swap
Story = list[tuple[Wait, Happening]]


def stories(names: list[str], *, longest_delay: float = 3.0) -> st.SearchStrategy[Story]:
    """Return what may happen in a session in which models change."""
    swaps = st.tuples(st.builds(Wait, ticks=st.integers(0, 20)), st.sampled_from(names).map(Swap))
    others = scripts(PARTS, PRIMES, longest_delay=longest_delay)
    return st.tuples(st.lists(swaps, min_size=1, max_size=3), others).flatmap(
        lambda both: st.permutations([*both[0], *both[1]])
    )


def live(player: Driver, story: Story) -> None:
    """Let a story happen, play on for a while, then end."""
    player.do(Start())
    for pause, happening in story:
        player.ticks(pause.ticks)
        player.late(pause.late)
        try:
            _happen(player, happening)
        except ControlError:
            continue  # a part of another model, or a grid that fits none before it
    player.ticks(20)
    player.end()


def _happen(player: Driver, happening: Happening) -> None:
    if isinstance(happening, Swap):
        player.engine.take_over(Generator(MODELS[happening.name]), happening.name)
    else:
        player.do(happening)


def replay(player: Driver, first: StepModel) -> bytes:
    """Return the MIDI file of the session played again from its log."""
    session = parse_session(player.log, "log")
    return midi_bytes(Replay(session, Generator(first), find=lambda name, _: MODELS[name]).run())


@given(
    st.sampled_from(sorted(GOOD)),
    stories(sorted(MODELS)),
    st.sampled_from(["go-on", "restart", "stop"]),
    st.integers(0, 5),
)
def test_any_story_of_models_leaves_no_note_on_and_replays_to_the_same_file(
    first: str, story: Story, end: str, bars: int
) -> None:
    """Good models and bad, commands, delays and the end of pieces, in any order."""
    player = driver(MODELS[first], end=end, bars=bars, sigma=0.5)
    live(player, story)
    assert_sound(player)
    assert replay(player, MODELS[first]) == midi_bytes(player.score)


@given(st.sampled_from(sorted(GOOD)), st.lists(st.sampled_from(sorted(GOOD)).map(Swap), min_size=1, max_size=4))
def test_bar_lines_stay_where_they_were_whatever_model_plays(first: str, swaps: list[Swap]) -> None:
    """Each bar is as long in seconds as the first, and the recording has as many."""
    player = driver(MODELS[first])
    player.do(Start())
    lines: dict[int, float] = {}
    for swap in [*swaps, None]:
        for _ in range(40):
            player.ticks(1)
            status = player.engine.status(player.clock.now())
            lines.setdefault(status.bar, player.clock.now())
        if swap is not None:
            _happen(player, swap)
    numerator, denominator = MODELS[first].info.metre
    beats = numerator * 4 / denominator
    started = lines[0]
    for bar, moment in lines.items():
        assert abs(moment - started - bar * beats * 4 * TICK) < 1e-6
    assert len(player.score.bars) == max(lines) + 1


@given(stories(sorted(GOOD), longest_delay=0.0), st.integers(1, 12))
def test_how_far_ahead_ticks_are_made_is_not_heard(story: Story, lookahead: int) -> None:
    """A model that takes over has its own future, made as far ahead."""
    near, far = driver(MODELS["four"], lookahead=1), driver(MODELS["four"], lookahead=lookahead)
    live(near, story)
    live(far, story)
    assert near.sent == far.sent
