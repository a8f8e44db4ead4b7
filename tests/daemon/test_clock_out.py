"""The clock that is sent: 24 a quarter note in phase with the ticks, and what others are told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import Continue, Ramp, Set, Start, Stop, Tap
from musicrnn.daemon.clock_out import ClockOut
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.wire import Play
from musicrnn.models.generator import Generator
from musicrnn.models.score import Tempo
from musicrnn.testing import ScriptedModel, small_vocabulary
from tests.daemon.driving import DELAY, PLAY, TICK, Driver, driver

CLOCK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC


def sender(grid: int = 4, **settings: object) -> Driver:
    """Return an engine that sends its clock and plays rests, started, at 120 bpm."""
    model = ScriptedModel(small_vocabulary(ticks_per_beat=grid), [()])
    player = Driver(Engine(Generator(model), PLAY, clock_out=True))
    player.do(Start())
    return player


def system(player: Driver) -> list[tuple[float, bytes]]:
    """Return the system messages sent, in seconds from the first tick on, and forget them."""
    sent, player.sent = player.sent, []
    return [(round(one.seconds - 1000.0 - DELAY, 5), one.data) for one in sent if one.data[0] >= 0xF0]


@pytest.mark.parametrize("grid", [4, 12, 24])
def test_there_are_24_clocks_a_beat_whatever_the_grid(grid: int) -> None:
    """After the start, from the first tick on, a 48th of a second apart at 120 bpm."""
    player = sender(grid)
    player.ticks(2 * grid)
    first, *clocks = system(player)
    assert first == (0.0, bytes((START,)))
    assert clocks == [(round(number / 48, 5), bytes((CLOCK,))) for number in range(48)]


@given(st.sampled_from([1, 3, 4, 5, 12, 24, 36, 48]), st.integers(0, 3000), st.integers(0, 1000))
def test_clocks_of_any_grid_are_counted_neither_twice_nor_not_at_all(grid: int, first: int, count: int) -> None:
    """Also where ticks are shorter than clocks."""
    clocks = ClockOut(grid, 4 * grid)
    clocks.start(first, 0.0)
    sent = [one for tick in range(first, first + count) for one in clocks.tick(tick, tick / grid, 1 / grid)]
    assert [one.seconds for one in sent] == [
        pytest.approx(first / grid + number / 24, abs=1e-9) for number in range(-(-count * 24 // grid))
    ]


def test_a_stop_is_sent_once_and_a_continue_with_its_place() -> None:
    """Stopped after six of 16 ticks, at the seventh sixteenth; 0xF2 0x06 0x00."""
    player = sender()
    player.ticks(6)
    player.do(Stop(), Stop())
    assert [data for _, data in system(player)].count(bytes((STOP,))) == 1
    player.do(Continue())
    player.ticks(1)
    words = [data for _, data in system(player)]
    assert words == [bytes((0xF2, 6, 0)), bytes((CONTINUE,)), *[bytes((CLOCK,))] * 6]


def test_a_continue_inside_a_sixteenth_takes_effect_at_the_next() -> None:
    """On a grid of 12 a sixteenth has three ticks; it stopped after four."""
    player = sender(12)
    player.ticks(4)
    player.do(Stop())
    system(player)
    player.do(Continue())
    player.ticks(3)
    words = [data[0] for _, data in system(player)]
    assert words == [0xF2, CLOCK, CLOCK, CLOCK, CLOCK, CONTINUE, CLOCK, CLOCK]


def test_clocks_of_ticks_left_out_are_sent_all_the_same() -> None:
    """Others would lose their place; a second's delay is 48 clocks in all."""
    player = sender()
    player.ticks(8)
    player.late(1.0)
    player.ticks(8)
    clocks = [data for _, data in system(player) if data == bytes((CLOCK,))]
    assert len(clocks) == player.engine.tick * 6


def test_the_clock_goes_on_through_another_model_of_another_grid() -> None:
    """From four ticks a beat to twelve at the second bar; no clock more or less, each in its place."""
    player = sender()
    player.ticks(10)
    player.engine.take_over(Generator(ScriptedModel(small_vocabulary(ticks_per_beat=12), [()])), "other")
    player.ticks(6 + 48)
    clocks = [moment for moment, data in system(player) if data == bytes((CLOCK,))]
    assert clocks == [round(number / 48, 5) for number in range(2 * 96)]


@pytest.mark.parametrize("grid", [1, 4, 12])
def test_who_follows_gets_the_clocks_of_a_new_start_alone(grid: int) -> None:
    """Those of the rest of the tick, in which it was stopped, wait in the player, and are taken back."""
    player = sender(grid)
    player.ticks(grid + 1)
    player.clock.advance(0.002)
    player.do(Stop(), Start())
    player.ticks(2 * grid)
    core = Core()
    for message in player.sent:
        core.put(Play(message.seconds, message.data), 0.0)
    core.take()
    heard = [message for message in iter(lambda: core.pop(math.inf), None) if message[1][0] >= 0xF0]
    words = [data[0] for _, data in heard]
    stopped, started = words.index(STOP), words.index(START, 1)
    assert started == stopped + 1
    moments = [moment for moment, _ in heard[started:] if moment is not None]
    begin = moments[0]
    assert [moment - begin for moment in moments[1:]] == [pytest.approx(number / 48, abs=1e-6) for number in range(48)]


def test_nothing_is_sent_unless_it_is_asked_for() -> None:
    """No system message at all."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start())
    player.ticks(8)
    player.do(Stop(), Continue())
    player.ticks(8)
    assert system(player) == []


def test_a_ramp_goes_evenly_and_is_in_the_recording() -> None:
    """From 120 to 60 in two beats of four ticks; each tick has the tempo of its middle."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start())
    player.ticks(4)
    player.do(Ramp(60.0, 2.0))
    before = player.clock.now()
    player.ticks(9)
    assert player.score.tempos == (
        Tempo(0, 120.0),
        *[Tempo(4 + tick, 120.0 - 7.5 * (tick + 0.5)) for tick in range(8)],
        Tempo(12, 60.0),
    )
    lengths = [60 / 4 / (120.0 - 7.5 * (tick + 0.5)) for tick in range(8)]
    assert player.clock.now() - before == pytest.approx(TICK + sum(lengths), abs=1e-6)


def test_a_ramp_that_is_set_while_it_stands_begins_with_the_first_tick_of_the_start() -> None:
    """The ticks up to its bar line are left out: they never were."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start())
    player.ticks(3)
    player.do(Stop(), Ramp(60.0, 8.0), Start())
    player.ticks(33)
    ramp = [Tempo(16 + tick, 120.0 - 1.875 * (tick + 0.5)) for tick in range(32)]
    assert player.score.tempos == (Tempo(0, 120.0), *ramp, Tempo(48, 60.0))


def test_a_ramp_goes_on_where_it_was_stopped() -> None:
    """Half of it before, half of it after."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start(), Ramp(60.0, 2.0))
    player.ticks(4)
    player.do(Stop(), Start())
    player.ticks(5)
    places = (0, 1, 2, 3, 16, 17, 18, 19)
    ramp = [Tempo(place, 120.0 - 7.5 * (tick + 0.5)) for tick, place in enumerate(places)]
    assert player.score.tempos == (*ramp, Tempo(20, 60.0))


def test_a_ramp_that_is_set_while_it_stands_waits_beside_another_model_too() -> None:
    """Which stands at the next bar line, on a grid of its own."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start())
    player.ticks(3)
    player.do(Stop(), Ramp(60.0, 1.0))
    player.engine.take_over(Generator(ScriptedModel(small_vocabulary(ticks_per_beat=12), [()])), "other")
    player.prepare()
    player.do(Start())
    tempos = []
    for _ in range(13):
        player.ticks(1)
        tempos.append(player.engine.status(0.0).tempo)
    assert tempos == [*[120.0 - 5.0 * (tick + 0.5) for tick in range(12)], 60.0]


def test_a_tempo_that_is_set_ends_a_ramp() -> None:
    """What was said last holds."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start(), Ramp(60.0, 2.0))
    player.ticks(4)
    player.do(Set("tempo", 200.0))
    player.ticks(8)
    assert player.engine.status(0.0).tempo == 200.0


def test_taps_set_the_tempo() -> None:
    """Two of them, 0.4 s apart."""
    player = driver(ScriptedModel(small_vocabulary(), [()]))
    player.do(Start(), Tap())
    player.clock.advance(0.4)
    player.do(Tap())
    assert player.engine.status(0.0).tempo == pytest.approx(150.0)


def test_a_long_stretch_that_is_left_out_is_told_as_a_place_and_not_in_clocks() -> None:
    """Others stop, and go on from the next sixteenth note; hours of clocks at once would fill every pipe."""
    out = ClockOut(4, 16)
    out.start(0, 0.0)
    out.tick(0, 0.0, 0.125)
    said = [message.data for message in out.skip(1, 1601, 5.0)]
    assert said == [bytes((STOP,)), bytes((0xF2, 1601 % 128, 1601 // 128))]
    assert [message.data for message in out.tick(1601, 5.0, 0.125)][:1] == [bytes((CONTINUE,))]


@pytest.mark.parametrize(("bar", "bars"), [(12, 1365), (14, 1170), (16, 1024), (20, 819)])
def test_a_place_keeps_its_bar_when_places_begin_again(bar: int, bars: int) -> None:
    """There are 16,384 of them, which are no whole number of bars of three, five or seven quavers or quarters."""
    out = ClockOut(4, bar)
    out.start(0, 0.0)
    for number in (bars - 1, bars, bars + 1):
        out.stop(1.0)
        (said,) = out.go_on(number * bar + 2, 1.0)
        place = said.data[1] | said.data[2] << 7
        assert place == number % bars * bar + 2


def test_places_begin_again_after_the_last_where_a_bar_is_no_whole_number_of_them() -> None:
    """A bar of three ticks of a grid of eight."""
    out = ClockOut(8, 3)
    out.start(0, 0.0)
    out.stop(1.0)
    assert [one.data for one in out.go_on(2 * 16385, 1.0)] == [bytes((0xF2, 1, 0))]
