"""Note-offs that may not have been heard: which are said again, and when."""

from __future__ import annotations

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


def test_what_was_said_long_before_is_not_said_again() -> None:
    """Half a second: its cycle was fetched."""
    repeats = after((1.0, OFF), (1.1 + KEPT_SECONDS, OTHER))
    repeats.miss(1.2 + KEPT_SECONDS)
    assert repeats.due(1.3 + KEPT_SECONDS, NOTHING) == [OTHER]


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
