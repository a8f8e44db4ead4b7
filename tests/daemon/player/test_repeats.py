"""Note-offs that may not have been heard: which are said again, and when."""

from __future__ import annotations

import pytest

from musicrnn.daemon.player.core import Sounding
from musicrnn.daemon.player.repeats import KEPT_SECONDS, LONGEST_SECONDS, SETTLED_SECONDS, Repeats

ON, OFF, OTHER = b"\x90\x3c\x40", b"\x80\x3c\x00", b"\x91\x3c\x00"
NOTHING = Sounding()


def after(*written: tuple[float, bytes]) -> Repeats:
    """Return what remembers messages that were written at some moments."""
    repeats = Repeats()
    for seconds, data in written:
        repeats.note(seconds, data)
    return repeats


def test_without_a_missed_cycle_nothing_is_said_again() -> None:
    """However long it lasts."""
    repeats = after((1.0, ON), (1.1, OFF))
    assert repeats.due(1.1, NOTHING) == repeats.due(9.0, NOTHING) == []
    assert not repeats.pending


def test_note_offs_are_said_again_once_cycles_are_kept_again() -> None:
    """Both kinds of note-off, once; no note-on, no controller."""
    repeats = after((1.0, ON), (1.0, b"\xb0\x40\x00"), (1.01, OFF), (1.02, OTHER))
    repeats.miss(1.03)
    moments = 1.03 + 0.9 * SETTLED_SECONDS, 1.03 + SETTLED_SECONDS, 1.2
    said = [(repeats.pending, repeats.due(moment, NOTHING), repeats.pending) for moment in moments]
    assert said == [(True, [], True), (True, [OFF, OTHER], False), (False, [], False)]


def test_a_machine_that_misses_cycles_without_end_gets_them_twice_at_most() -> None:
    """Every quarter of a second, until half a second after they were written first: not for ever."""
    repeats = after((1.0, OFF))
    said: list[tuple[float, list[bytes]]] = []
    for cycle in range(300):
        seconds = 1.0 + 0.01 * cycle
        repeats.miss(seconds)
        if found := repeats.due(seconds, NOTHING):
            said.append((seconds, found))
            for data in found:
                repeats.note(seconds, data)
        if cycle == 100:
            repeats.note(seconds, OTHER)
    assert [found for _, found in said].count([OFF]) in (1, 2)
    assert [found for _, found in said].count([OTHER]) in (1, 2)
    assert said[0][0] < 1.0 + LONGEST_SECONDS + 0.02
    assert len(said) <= 4


def missing(repeats: Repeats, begin: float, end: float, cycle: float = 0.01) -> list[bytes]:
    """Miss every cycle from ``begin`` to ``end``; return what was said again meanwhile."""
    said: list[bytes] = []
    for number in range(round((end - begin) / cycle)):
        seconds = begin + cycle * number
        repeats.miss(seconds)
        for data in repeats.due(seconds, NOTHING, cycle):
            repeats.note(seconds, data)
            said.append(data)
    return said


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.5, 60.0])
def test_after_a_long_stall_all_that_ended_in_it_is_said_once_more(seconds: float) -> None:
    """However long a synth takes to load a patch: what was said again meanwhile was lost on it, too."""
    repeats = after((0.6, OTHER), (0.95, OFF))
    said = missing(repeats, 1.0, 1.0 + seconds)
    assert said.count(OFF) <= 2
    assert repeats.pending
    assert repeats.due(1.0 + seconds + SETTLED_SECONDS, NOTHING) == [OTHER, OFF]
    assert not repeats.pending


def test_what_is_said_once_more_after_a_long_stall_is_said_no_more_after_that() -> None:
    """Cycles that are missed later have nothing to do with it."""
    repeats = after((0.95, OFF))
    missing(repeats, 1.0, 2.0)
    assert repeats.due(2.1, NOTHING) == [OFF]
    assert [repeats.due(2.1 + 0.01 * cycle, NOTHING) for cycle in range(100)] == [[]] * 100
    repeats.miss(3.1)
    assert repeats.due(3.2, NOTHING) == []


def test_a_stall_of_which_only_parts_are_told_is_made_up_for_at_its_end() -> None:
    """A server with much else to do tells of no miss for a while: what looked like the end was lost, too."""
    repeats = after((0.95, OFF))
    missing(repeats, 1.0, 1.6)
    assert repeats.due(1.66, NOTHING) == [OFF]
    missing(repeats, 1.67, 2.5)
    assert repeats.due(2.6, NOTHING) == [OFF]


def test_a_stall_is_one_where_no_more_than_half_a_second_of_it_goes_by_unmissed() -> None:
    """What ended before it is remembered through the cycles that seemed well."""
    repeats = after((0.95, OFF))
    missing(repeats, 1.0, 2.0)
    assert [repeats.due(2.0 + 0.01 * cycle, NOTHING) for cycle in range(30)].count([OFF]) == 1
    repeats.miss(2.3)
    assert repeats.due(2.3, NOTHING) == []
    assert repeats.due(2.4, NOTHING) == [OFF]


def test_a_server_that_misses_a_cycle_now_and_then_for_good_is_told_each_end_a_few_times() -> None:
    """Each tenth of a second for a minute: as often as half a second has room for."""
    repeats, said = after((0.95, OFF)), 0
    for cycle in range(6_000):
        seconds = 1.0 + 0.01 * cycle
        if cycle % 10 == 0:
            repeats.miss(seconds)
        for data in repeats.due(seconds, NOTHING):
            repeats.note(seconds, data)
            said += 1
    assert said <= 5
    assert repeats.due(62.0, NOTHING) == []


def test_where_no_cycles_come_the_half_second_is_that_before_the_last_one() -> None:
    """A machine, or a player, that stands still for seconds takes along what it has just written."""
    repeats = Repeats()
    for cycle in range(80):
        assert repeats.due(1.0 + 0.01 * cycle, NOTHING) == []
        if cycle in (0, 60):
            repeats.note(1.0 + 0.01 * cycle, OFF if cycle else OTHER)
    repeats.miss(6.6)
    assert repeats.due(6.6, NOTHING) == []
    assert repeats.due(6.7, NOTHING) == [OFF]


def test_what_had_been_heard_before_a_long_stall_is_not_said_again() -> None:
    """It ended more than half a second before."""
    repeats = after((0.9 - KEPT_SECONDS, OTHER), (0.95, OFF))
    missing(repeats, 1.0, 2.0)
    assert repeats.due(2.1, NOTHING) == [OFF]


def test_after_a_long_stall_a_key_that_sounds_is_left_alone() -> None:
    """Its note may have begun in the midst of it."""
    sounding = Sounding()
    repeats = after((1.0, OFF), (1.0, OTHER))
    missing(repeats, 1.0, 2.0)
    assert sounding.passes(ON)
    assert repeats.due(2.1, sounding) == [OTHER]


def test_of_a_key_that_ends_again_and_again_one_end_is_kept() -> None:
    """So a stall of minutes costs no more than there are keys."""
    repeats = Repeats()
    for number in range(20_000):
        repeats.miss(0.01 * number)
        repeats.note(0.01 * number, bytes((0x80 | number % 16, number // 16 % 128, number % 100)))
    found = repeats.due(300.0, NOTHING)
    assert len(found) == len({(data[0], data[1]) for data in found}) == 16 * 128


def test_with_long_periods_a_stall_is_over_after_two_of_them() -> None:
    """Of 4,096 frames each: its misses lie further apart than cycles take to settle elsewhere."""
    repeats = after((0.95, OFF))
    assert missing(repeats, 1.0, 1.0 + 20 * 0.085, 0.085).count(OFF) <= 2
    assert repeats.pending
    assert repeats.due(1.0 + 20 * 0.085, NOTHING, 0.085) == []
    assert repeats.due(1.0 + 21 * 0.085, NOTHING, 0.085) == [OFF]


def test_what_was_said_long_before_is_not_said_again() -> None:
    """Half a second: its cycle was fetched."""
    repeats = after((1.0, OFF), (1.1 + KEPT_SECONDS, OTHER))
    repeats.miss(1.2 + KEPT_SECONDS)
    assert repeats.due(1.3 + KEPT_SECONDS, NOTHING) == [OTHER]


def test_what_was_said_long_before_is_forgotten_though_an_older_key_has_ended_again_since() -> None:
    """The order is that of the last ends."""
    repeats = after((1.0, OFF), (1.1, OTHER))
    repeats.note(5.0, OFF)
    repeats.miss(5.05)
    assert repeats.due(5.2, NOTHING) == [OFF]


def test_time_counts_again_once_cycles_come_again() -> None:
    """What was written after a standstill is as old as it is."""
    repeats = Repeats()
    for seconds in (1.0, 6.0):
        assert repeats.due(seconds, NOTHING) == []
    repeats.note(6.0, OFF)
    for cycle in range(100):
        assert repeats.due(6.0 + 0.01 * cycle, NOTHING) == []
    repeats.miss(7.0)
    assert repeats.due(7.1, NOTHING) == []


def test_a_key_that_sounds_again_is_left_alone() -> None:
    """Its note-off would end the new note."""
    sounding = Sounding()
    assert sounding.passes(ON)
    repeats = after((1.0, OFF), (1.0, OTHER))
    repeats.miss(1.0)
    assert repeats.due(1.1, sounding) == [OTHER]


def test_a_note_off_that_ends_another_note_is_remembered_too() -> None:
    """Its like that was said again a moment before is another one."""
    repeats = after((1.0, OFF))
    repeats.miss(1.0)
    for data in repeats.due(1.1, NOTHING):
        repeats.note(1.1, data)
    repeats.note(1.4, OFF)
    repeats.miss(1.4)
    assert repeats.due(1.1 + KEPT_SECONDS, NOTHING) == [OFF]
