"""Note-offs that may not have been heard: which are said again, and when."""

from __future__ import annotations

from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.repeats import KEPT_SECONDS, LONGEST_SECONDS, SETTLED_SECONDS, Repeats
from musicrnn.daemon.player.wire import Play

ON, OFF, OTHER = b"\x90\x3c\x40", b"\x80\x3c\x00", b"\x91\x3c\x00"


def after(*written: tuple[float, bytes]) -> Repeats:
    """Return what remembers messages that were written at some moments."""
    repeats = Repeats()
    for seconds, data in written:
        repeats.note(seconds, data)
    return repeats


def test_without_a_missed_cycle_nothing_is_said_again() -> None:
    """However long it lasts."""
    repeats = after((1.0, ON), (1.1, OFF))
    assert repeats.due(1.1) == repeats.due(9.0) == []
    assert not repeats.pending


def test_note_offs_are_said_again_once_cycles_are_kept_again() -> None:
    """Both kinds of note-off, once; no note-on, no controller."""
    repeats = after((1.0, ON), (1.0, b"\xb0\x40\x00"), (1.01, OFF), (1.02, OTHER))
    repeats.miss(1.03)
    moments = 1.03 + 0.9 * SETTLED_SECONDS, 1.03 + SETTLED_SECONDS, 2.0
    said = [(repeats.pending, repeats.due(moment), repeats.pending) for moment in moments]
    assert said == [(True, [], True), (True, [OFF, OTHER], False), (False, [], False)]


def test_a_machine_that_misses_cycles_without_end_gets_them_all_the_same() -> None:
    """After a quarter of a second, and what was said meanwhile after the next."""
    repeats = after((1.0, OFF))
    said: list[tuple[float, list[bytes]]] = []
    for cycle in range(100):
        seconds = 1.0 + 0.01 * cycle
        repeats.miss(seconds)
        if found := repeats.due(seconds):
            said.append((seconds, found))
        if cycle == 50:
            repeats.note(seconds, OTHER)
    assert [found for _, found in said] == [[OFF], [OTHER]]
    assert said[0][0] < 1.0 + LONGEST_SECONDS + 0.02


def test_what_was_said_long_before_is_not_said_again() -> None:
    """Half a second: its cycle was fetched."""
    repeats = after((1.0, OFF), (1.1 + KEPT_SECONDS, OTHER))
    repeats.miss(1.2 + KEPT_SECONDS)
    assert repeats.due(2.0 + KEPT_SECONDS) == [OTHER]


def test_a_key_that_sounds_again_is_left_alone() -> None:
    """Its note-off would end the new note."""
    core = Core()
    core.put(Play(1.0, ON), 0.0)
    core.take()
    assert core.pop(2.0) == (1.0, ON)
    core.repeat([OFF, b"\x81\x3c\x00"])
    assert core.pop(2.0) == (None, b"\x81\x3c\x00")
    assert core.pop(2.0) is None
