"""What the engine sends, given commands and time: literal events of scripted models."""

from __future__ import annotations

import pytest

from musicrnn.control import Continue, Panic, Prime, Quit, Reset, Set, Start, Stop
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.performance import MAX_FAILURES
from musicrnn.errors import ControlError
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.testing import FailingModel, ManualClock, ScriptedModel, random_model, small_vocabulary
from tests.daemon.driving import DELAY, PLAY, TICK, Driver, driver

VOCABULARY = small_vocabulary()
ON, OFF, DRUM_ON, DRUM_OFF = 0x90, 0x80, 0x99, 0x89
C: Frame = (Sounding(0, 60),)
C_HELD: Frame = (Sounding(0, 60, False),)
DRUM: Frame = (Sounding(2, 36),)
TUNE: list[Frame] = [C, C_HELD, (), ()]


class SlowModel:
    """Another model that takes its time for each frame."""

    def __init__(self, model: StepModel, clock: ManualClock, seconds: float) -> None:
        self.info = model.info
        self.initial_state = model.initial_state
        self._model, self._clock, self._seconds = model, clock, seconds

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the other model's step, later."""
        self._clock.advance(self._seconds / 2)  # an attack and the end of its tick are two steps
        return self._model.step(token, position, state)


def at(tick: int, start: float = DELAY) -> float:
    """Return the moment of a tick in seconds after the start."""
    return round(start + tick * TICK, 6)


def tune(frames: list[Frame] = TUNE, bars: int = 0) -> Driver:
    """Return an engine that plays frames over and over, started."""
    player = driver(ScriptedModel(VOCABULARY, frames), bars=bars)
    player.do(Start())
    return player


def test_nothing_plays_before_the_start() -> None:
    """There is no deadline and nothing to release."""
    engine = Engine(Generator(ScriptedModel(VOCABULARY, TUNE)), PLAY)
    assert engine.next_deadline() is None
    assert engine.release(1000.0) == []
    assert not engine.status(1000.0).playing


def test_programs_are_sent_at_the_start_each_on_its_channel() -> None:
    """Choir aahs on 1, bass on 2, the standard kit on 10."""
    player = tune()
    assert [message.data.hex(" ") for message in player.sent] == ["c0 34", "c1 20", "c9 00"]


def test_notes_begin_and_end_on_their_ticks() -> None:
    """The bar's head is accented, the other beats less."""
    player = tune()
    player.ticks(8)
    assert player.notes() == [
        (at(0), ON, 60, 96),
        (at(2), OFF, 60, 0),
        (at(4), ON, 60, 88),
        (at(6), OFF, 60, 0),
    ]


def test_a_hit_ends_one_tick_later_and_before_the_next_hit() -> None:
    """Hits are never held."""
    player = tune([DRUM, DRUM, (), ()])
    player.ticks(4)
    assert player.notes() == [
        (at(0), DRUM_ON, 36, 96),
        (at(1), DRUM_OFF, 36, 0),
        (at(1), DRUM_ON, 36, 80),
        (at(2), DRUM_OFF, 36, 0),
    ]


def test_at_one_moment_ends_come_before_begins() -> None:
    """Also where another part of the frame begins first in its order."""
    player = tune([(Sounding(1, 45),), C])
    player.ticks(2)
    assert [event[1:3] for event in player.notes()] == [(ON + 1, 45), (OFF + 1, 45), (ON, 60)]


def test_without_articulation_a_note_named_again_goes_on() -> None:
    """There is nothing to tell an attack from a hold."""
    vocabulary = small_vocabulary(articulation=False)
    player = driver(ScriptedModel(vocabulary, [C, C, (), C]))
    player.do(Start())
    player.ticks(4)
    assert [event[:2] for event in player.notes()] == [(at(0), ON), (at(2), OFF), (at(3), ON)]


def test_velocity_bins_are_played_in_their_middle() -> None:
    """Four bins: 16, 48, 80, 112 (and a bit)."""
    vocabulary = small_vocabulary(velocity_bins=4)
    player = driver(ScriptedModel(vocabulary, [(Sounding(0, 60, True, bin_),) for bin_ in range(4)]))
    player.do(Start())
    player.ticks(4)
    assert [event[3] for event in player.notes() if event[1] == ON] == [16, 48, 80, 112]


def test_stop_releases_at_once_and_continue_goes_on_from_the_same_place() -> None:
    """The note that was cut off is heard again with its next attack."""
    player = tune()
    player.ticks(1)
    player.clock.advance(0.01)
    player.do(Stop())
    assert player.notes()[-1] == (0.06, OFF, 60, 0)
    assert player.engine.next_deadline() is None
    player.clock.advance(10.0)
    player.do(Continue())
    player.ticks(4)
    start = at(0) + 10.01 + DELAY
    assert player.notes() == [(at(3, start), ON, 60, 88)]


@pytest.mark.parametrize(("quantise", "end"), [("beat", (22, 22, 36)), ("bar", (36, 36, 36))])
def test_a_stop_waits_for_a_beat_of_its_own_bar(quantise: str, end: tuple[int, ...]) -> None:
    """In 9/8, whose second bar begins half-way between two quarter notes of the piece; its last half beat is one."""
    for tick, left in zip((20, 21, 35), end, strict=True):
        player = driver(ScriptedModel(VOCABULARY, TUNE, metre=(9, 8)), quantise=quantise)
        player.do(Start())
        player.ticks(tick)
        player.do(Stop())
        player.ticks(99)
        assert player.engine.tick == left


def test_start_after_a_stop_begins_at_the_head_of_a_bar() -> None:
    """With the accent of a bar's head."""
    player = tune()
    player.ticks(6)
    player.do(Stop())
    player.notes()
    player.do(Start())
    player.ticks(1)
    assert [event[1:] for event in player.notes()] == [(ON, 60, 96)]
    assert player.engine.tick == 17


def test_start_while_playing_begins_anew_at_the_next_bar() -> None:
    """The script is in its middle there: it would have gone on with the second half."""
    player = tune([C, C_HELD, (), (), (), ()])
    player.ticks(10)
    player.do(Start())
    player.ticks(6)
    player.notes()
    player.ticks(1)
    assert [event[1:] for event in player.notes()] == [(ON, 60, 96)]


def test_continue_before_any_start_starts() -> None:
    """As a transport does."""
    player = driver(ScriptedModel(VOCABULARY, TUNE))
    player.do(Continue())
    player.ticks(1)
    assert player.notes() == [(at(0), ON, 60, 96)]


def test_a_tempo_change_acts_from_the_next_tick_on() -> None:
    """Twice as fast from tick 2 on; the notes are the same."""
    player = tune()
    player.ticks(2)
    player.do(Set("tempo", 240.0))
    player.ticks(4)
    assert [event[0] for event in player.notes()] == [at(0), at(2), round(at(2) + TICK, 6)]


def test_a_control_is_heard_on_the_next_tick_though_ticks_after_it_were_made() -> None:
    """Density far down silences a model that would play at every tick."""
    player = driver(random_model(VOCABULARY, 1), lookahead=24)
    player.do(Start())
    player.ticks(4)
    player.prepare()
    player.do(Set("density", -10.0), Set("mu", 16.0))
    player.notes()
    player.ticks(8)
    assert not [event for event in player.notes() if event[3]]


def test_reset_acts_at_the_next_bar() -> None:
    """The script begins anew there, and what sounds is released."""
    player = tune([C, *[C_HELD] * 24, ()])
    player.ticks(10)
    player.do(Reset())
    player.ticks(7)
    assert player.notes() == [(at(0), ON, 60, 96), (at(16), OFF, 60, 0), (at(16), ON, 60, 96)]


def test_a_prime_is_played_on_from_at_the_next_bar() -> None:
    """What it leaves sounding is struck there."""
    player = driver(ScriptedModel(VOCABULARY, [()]))
    player.do(Start())
    player.ticks(1)
    player.do(Prime("bass:C3 . -15"))
    player.ticks(15)
    assert player.notes() == []
    player.ticks(1)
    assert player.notes() == [(at(16), ON + 1, 48, 96)]
    assert b'"do":"prime","prime":"bass:C3 . -15"' in player.log


@pytest.mark.parametrize("text", ["H4 .", "C4", "C-1 .", "C4 C4 .", "\0"])
def test_a_prime_that_is_wrong_is_refused_and_changes_nothing(text: str) -> None:
    """The music goes on as it was."""
    player = tune()
    with pytest.raises(ControlError):
        player.do(Prime(text))
    player.ticks(8)
    assert len(player.notes()) == 4
    assert b"prime" not in player.log.split(b"\n", 1)[1]


def test_an_engine_with_a_wrong_prime_is_not_made() -> None:
    """The message says why."""
    with pytest.raises(ControlError, match="the prime must be"):
        driver(ScriptedModel(VOCABULARY, TUNE), prime="H4 .")


def test_a_start_waits_for_a_long_prime_to_be_read() -> None:
    """A bit at a time, by `prepare`; then it starts with the next release."""
    player = driver(random_model(VOCABULARY, 1), prime="C4 . D4 . E4 . F4 . -12 |" * 20)
    player.do(Start())
    assert player.engine.status(player.clock.now()).playing
    assert player.sent == []
    player.ticks(2)
    assert player.engine.tick == 1


def test_a_muted_part_is_released_and_comes_back_with_its_next_attack() -> None:
    """The model goes on playing it unheard."""
    player = tune([C, C_HELD, C_HELD, ()])
    player.ticks(1)
    player.do(Set("mute", 1, "soprano"))
    player.ticks(4)
    player.do(Set("mute", 0, "soprano"))
    player.ticks(4)
    assert [event[:2] for event in player.notes()] == [(at(0), ON), (at(1), OFF), (at(8), ON)]


def test_a_part_that_is_unknown_cannot_be_muted() -> None:
    """The message names those that are known."""
    with pytest.raises(ControlError, match="soprano, bass, drums, got 'alto'"):
        tune().do(Set("mute", 1, "alto"))


def test_panic_silences_by_every_means_and_playing_goes_on() -> None:
    """Note-offs first, then the controllers on every channel used."""
    player = tune()
    player.ticks(1)
    player.sent.clear()
    player.do(Panic())
    data = [message.data.hex(" ") for message in player.sent]
    assert data[0] == "80 3c 00"
    assert data[1:] == [f"{0xB0 + channel:x} {number} 00" for channel in (0, 1, 9) for number in ("40", "7b", "78")]
    player.notes()
    player.ticks(4)
    assert [event[1] for event in player.notes()] == [ON]


def test_silence_ends_everything_once() -> None:
    """Asked twice, the log ends once."""
    player = tune()
    player.ticks(1)
    player.end()
    player.end()
    assert player.engine.finished
    assert player.log.count(b'"do":"end"') == 1


def test_quit_releases_and_finishes() -> None:
    """As Stop, and for good."""
    player = tune()
    player.ticks(1)
    player.do(Quit())
    assert player.engine.finished
    assert player.notes()[-1][1] == OFF


def test_it_finishes_by_itself_after_so_many_bars() -> None:
    """On the bar line, with what sounds released there."""
    player = tune([C, *[C_HELD] * 40], bars=2)
    player.ticks(100)
    assert player.engine.finished
    assert player.notes() == [(at(0), ON, 60, 96), (at(32), OFF, 60, 0)]


def test_no_note_is_longer_than_eight_bars() -> None:
    """Then it is forced off, and not struck again."""
    player = tune([C, *[C_HELD] * 400])
    player.ticks(300)
    assert player.notes() == [(at(0), ON, 60, 96), (at(8 * 16), OFF, 60, 0)]


def test_no_note_is_longer_than_eight_bars_even_where_every_tick_comes_too_late() -> None:
    """A model far too slow: one tick after the other is skipped, and what sounds ends in time."""
    player = tune([C, *[C_HELD] * 40])
    player.ticks(1)
    while player.engine.tick < 12 * 16:
        player.clock.advance((player.engine.next_deadline() or 0.0) - player.clock.now())
        player.late(14.5 * TICK)
    assert player.engine.status(player.clock.now()).skipped_ticks == player.engine.tick - 1
    (note,) = player.score.notes
    assert 4 * 16 < note.length <= 8 * 16


def test_a_tick_that_is_a_little_late_is_played_at_once() -> None:
    """With the moment at which it was due."""
    player = tune()
    player.prepare()
    player.late(DELAY + 0.04)
    assert player.notes() == [(at(0), ON, 60, 96)]
    assert player.engine.status(1000.0).late_ticks == 1


def test_what_is_too_late_is_skipped_and_never_played_in_a_burst() -> None:
    """Held up for three quarters of a bar: the music goes on later, on its grid, and hits are ended."""
    player = tune([(*C, *DRUM), C_HELD, (), ()])
    player.ticks(1)
    player.notes()
    player.late(11.5 * TICK)
    assert player.notes() == [(at(0) + 11.5 * TICK, DRUM_OFF, 36, 0)]
    assert player.engine.status(1000.0).skipped_ticks == 11
    player.ticks(4)
    assert player.engine.tick == 16
    assert player.notes() == [(at(13), OFF, 60, 0), (at(15), ON, 60, 80), (at(15), DRUM_ON, 36, 80)]


def test_after_a_gap_of_more_than_a_bar_all_is_released_and_it_goes_on_from_the_same_place() -> None:
    """As after a stop: eight hours of sleep are no eight hours of skipped ticks."""
    player = tune()
    player.ticks(1)
    player.notes()
    player.late(8 * 3600.0)
    assert [event[1] for event in player.notes()] == [OFF]
    assert player.engine.tick == 2  # the second tick had been made
    assert player.engine.status(player.clock.now()).skipped_ticks == 0
    player.ticks(4)
    assert player.engine.tick == 6
    assert b'"do":"gap"' in player.log


def test_a_start_that_comes_late_is_only_later() -> None:
    """Nothing is skipped before anything was heard."""
    player = tune()
    player.late(3.0)
    player.ticks(1)
    assert player.notes() == [(3.0 + DELAY, ON, 60, 96)]


def test_a_start_that_comes_late_with_its_first_tick_made_begins_at_once() -> None:
    """So that even a model that takes long for a tick begins."""
    player = tune()
    player.prepare()
    player.late(3.0)
    assert player.notes() == [(3.0, ON, 60, 96)]


@pytest.mark.parametrize("ticks_each", [1.5, 3.0, 10.0])
def test_a_model_too_slow_for_its_tempo_still_plays(ticks_each: float) -> None:
    """Each tick takes longer to make than it lasts."""
    player = driver(SlowModel(ScriptedModel(VOCABULARY, [C, ()]), clock := ManualClock(), ticks_each * TICK))
    player.clock = clock
    player.do(Start())
    player.ticks(100)
    assert sum(event[1] == ON for event in player.notes()) > 10


@pytest.mark.parametrize("how", ["raise", "logits", "state"])
def test_a_failure_of_the_model_is_survived(how: str) -> None:
    """What sounds goes on for that tick; the state before it is used again."""
    model = FailingModel(ScriptedModel(VOCABULARY, TUNE), lambda call: how if call == 2 else "")
    player = driver(model)
    player.do(Start())
    player.ticks(9)
    assert [event[:2] for event in player.notes()] == [(at(0), ON), (at(3), OFF), (at(5), ON), (at(7), OFF)]
    assert player.engine.status(1000.0).failures == 1


def test_a_model_that_keeps_failing_is_started_anew_and_it_is_said() -> None:
    """After eight failures in a row what sounds is released."""
    model = FailingModel(ScriptedModel(VOCABULARY, TUNE), lambda call: "raise" if call >= 3 else "")
    player = driver(model)
    player.do(Start())
    player.ticks(30)
    assert [event[:2] for event in player.notes()] == [(at(0), ON), (at(1 + MAX_FAILURES), OFF)]
    status = player.engine.status(player.clock.now())
    assert status.playing
    assert status.failures == 28
    assert "failed 8 times in a row" in status.message


def test_a_prime_that_the_model_cannot_read_is_dropped() -> None:
    """The message says so, and it starts all the same."""
    model = FailingModel(random_model(VOCABULARY), lambda call: "raise" if call == 0 else "")
    player = driver(model, prime="C4 . D4 .")
    player.do(Start())
    player.ticks(5)
    assert player.engine.tick >= 3
    assert player.engine.status(player.clock.now()).failures == 1


@pytest.mark.parametrize(("end", "playing"), [("stop", False), ("restart", True), ("go-on", True)])
def test_the_end_of_a_piece_stops_restarts_or_is_not_allowed(end: str, playing: bool) -> None:
    """A model that would end its piece anywhere."""
    player = driver(random_model(VOCABULARY, 1), end=end, mu=0.0)
    player.do(Start())
    player.ticks(400)
    assert player.engine.status(player.clock.now()).playing is playing
    assert (b'"do":"reset"' in player.log) is (end == "restart")


def test_the_status_says_what_is_played() -> None:
    """Position, controls, what sounds, and what is muted."""
    player = tune()
    player.do(Set("mu", 1.5), Set("mute", 1, "bass"))
    player.ticks(6)
    status = player.engine.status(player.clock.now())
    assert (status.playing, status.tick, status.bar, status.beat) == (True, 6, 0, 1)
    assert (status.tempo, status.controls["mu"], status.exponent, status.controls["seed"]) == (120.0, 1.5, 1.5, 1)
    assert (status.parts, status.muted) == (("soprano", "bass", "drums"), frozenset({"bass"}))
    assert status.sounding == (("soprano", 60),)


def test_the_past_is_bounded() -> None:
    """Sixty-four bars, and network states only at bar lines."""
    player = tune()
    player.ticks(64 * 16 + 40)
    timeline = player.engine._performance.timeline
    assert len(timeline.past) == 64 * 16
    assert all(made.point.snapshot.network.size == 0 for made in timeline.past)
    assert len(timeline.bar_points) == 64
