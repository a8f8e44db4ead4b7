"""What is sent next, and what never is: every note-on has one note-off, in whatever order things come."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.player.core import MOST_WAITING, STALE_SECONDS, Core, Greet, Hush, Parting, is_on, urgent
from musicrnn.daemon.player.wire import Close, Force, Panic, Play

ON, OFF = b"\x90\x3c\x40", b"\x80\x3c\x00"
SILENCERS = [b"\xb0\x40\x00", b"\xb0\x7b\x00", b"\xb0\x78\x00"]


def core(*records: Play | Force | Panic | Close) -> Core:
    """Return a core that has taken records."""
    made = Core()
    for record in records:
        made.put(record, 0.0)
    made.take()
    return made


def popped(made: Core, until: float = math.inf) -> list[bytes]:
    """Return all that is to be sent before a moment."""
    found: list[bytes] = []
    while (message := made.pop(until)) is not None:
        found.append(message[1])
    return found


def test_messages_leave_in_order_of_their_moments() -> None:
    """Those of one moment in the order in which they came."""
    made = core(Play(2.0, OFF), Play(1.0, ON), Play(2.0, b"\x90\x40\x40"))
    assert made.next_moment == 1.0
    assert popped(made, 1.0) == []
    assert made.pop(1.5) == (1.0, ON)
    assert popped(made) == [OFF, b"\x90\x40\x40"]
    assert made.empty


def test_a_note_off_goes_only_where_a_note_on_went() -> None:
    """And once for each."""
    made = core(*(Play(1.0, data) for data in (OFF, ON, ON, OFF, OFF, OFF)))
    assert popped(made) == [ON, ON, OFF, OFF]


def test_a_note_on_of_velocity_0_is_a_note_off() -> None:
    """As MIDI has it."""
    made = core(Play(1.0, b"\x90\x3c\x00"), Play(2.0, ON), Play(3.0, b"\x90\x3c\x00"))
    assert popped(made) == [ON, b"\x90\x3c\x00"]


def test_a_panic_ends_what_sounds_and_drops_the_notes_that_wait() -> None:
    """Note-offs first, then pedal up, all notes off and all sound off; a program change is kept."""
    made = core(Play(1.0, ON))
    assert popped(made) == [ON]
    for record in (Play(2.0, b"\x90\x40\x40"), Play(2.0, b"\xc0\x07"), Panic(), Play(2.0, OFF)):
        made.put(record, 0.0)
    made.take()
    assert popped(made) == [b"\xc0\x07", OFF, *SILENCERS]


def test_what_goes_ahead_of_its_moment_at_a_panic_goes_in_order() -> None:
    """The program that was to be the last is; a channel that had no note yet is silenced as well."""
    made = core(Play(1.0, b"\xc0\x05"), Play(3.0, b"\xc0\x06"), Play(2.0, b"\xc0\x07"))
    made.put(Panic(), 0.0)
    made.take()
    assert popped(made) == [b"\xc0\x05", b"\xc0\x07", b"\xc0\x06", *SILENCERS]
    made = core(Play(1.0, b"\xc0\x05"))
    popped(made)
    made.put(Panic(), 2.0)
    made.take()
    assert popped(made) == SILENCERS


def test_a_note_off_that_waits_at_a_panic_is_not_sent_twice() -> None:
    """It goes at once instead."""
    made = core(Play(1.0, ON))
    assert popped(made, 1.5) == [ON]
    made.put(Play(5.0, OFF), 0.0)
    made.put(Panic(), 0.0)
    made.take()
    assert popped(made, 0.0) == [OFF, *SILENCERS]


def test_what_an_earlier_player_left_is_ended_without_an_account_of_it() -> None:
    """Before anything else."""
    made = core(Play(0.5, ON), Force(OFF))
    assert popped(made) == [OFF, ON]


def test_a_note_on_that_finds_no_room_is_dropped_and_anything_else_goes_first_next_time() -> None:
    """A dropped note has no note-off either."""
    made = core(Play(1.0, ON), Play(1.0, b"\x90\x40\x40"), Play(2.0, OFF), Play(2.0, b"\x80\x40\x00"))
    assert made.pop(1.5) == (1.0, ON)
    made.refused(ON)
    assert made.pop(1.5) == (1.0, b"\x90\x40\x40")
    assert made.pop(2.5) == (2.0, b"\x80\x40\x00")
    made.refused(b"\x80\x40\x00")
    assert popped(made) == [b"\x80\x40\x00"]
    assert (made.dropped, made.sent) == (1, 2)


def test_what_finds_no_room_goes_before_what_was_to_follow_it() -> None:
    """The end of a note stays ahead of what silences its channel."""
    made = core(Play(1.0, ON))
    popped(made)
    made.put(Panic(), 2.0)
    assert not made.empty
    made.take()
    assert made.pop(2.0) == (None, OFF)
    made.refused(OFF)
    assert popped(made) == [OFF, *SILENCERS]


@pytest.mark.parametrize("latency", [0.0, 0.0107, 0.17])
def test_what_the_engine_sends_late_is_late_and_not_stale(latency: float) -> None:
    """Half of what is too much is left for its way to the port; what is in time keeps its moment."""
    assert [urgent(seconds, 5.0, latency) for seconds in (5.5, 5.0, 4.99)] == [5.5, 5.0, 4.99]
    leaves = 5.0 + latency / 2  # after a period at most, of which the latency is two
    assert leaves - latency - urgent(1.0, 5.0, latency) == pytest.approx(STALE_SECONDS / 2)


def test_a_note_on_that_is_withheld_was_never_sent() -> None:
    """So neither is its note-off, and nobody counts it as dropped."""
    made = core(Play(1.0, ON), Play(2.0, OFF))
    assert made.pop(1.5) == (1.0, ON)
    made.withhold(ON)
    assert popped(made) == []
    assert (made.dropped, made.sent) == (0, 0)


def test_what_waits_moves_with_the_beat_that_it_belongs_to() -> None:
    """The order stays, what has left stays, and what must go at once does."""
    made = core(Play(1.0, ON), Play(2.0, OFF), Play(2.5, ON), Play(3.0, OFF), Force(SILENCERS[1]))
    assert popped(made, 1.5) == [SILENCERS[1], ON]
    made.move(-0.75)
    assert made.next_moment == 1.25
    assert popped(made, 1.5) == [OFF]
    made.move(1.0)
    assert popped(made, 2.7) == []
    assert popped(made) == [ON, OFF]


def test_a_flood_drops_note_ons_only() -> None:
    """The heap is bounded."""
    made = core(*[Play(1.0, ON)] * (MOST_WAITING + 5), *[Play(1.0, OFF)] * 5)
    assert made.dropped == 5
    assert len(popped(made)) == MOST_WAITING + 5


def test_closing_lets_what_waits_be_played() -> None:
    """And is known from then on."""
    made = core(Play(1.0, ON), Play(2.0, OFF), Close())
    assert made.closing
    assert popped(made) == [ON, OFF]


def test_a_new_listener_is_told_the_end_of_what_it_may_have_been_left_with() -> None:
    """It may be one that a person disconnected while notes sounded: of what sounds still it is told nothing."""
    made = core(*(Play(1.0, data) for data in (ON, b"\x91\x40\x40", b"\xc0\x07")))
    popped(made)
    for record in (Parting(), Play(3.0, OFF), Play(3.0, b"\x92\x40\x40"), Play(3.0, b"\x82\x40\x00")):
        made.put(record, 2.5)
    made.take()
    popped(made)
    made.put(Greet(), 4.0)
    made.take()
    assert popped(made) == [OFF, b"\xc0\x07"]
    assert dict(made.sounding.notes) == {(1, 0x40): 1}


def test_a_note_that_ended_just_before_a_listener_was_missed_counts_as_sounding_there() -> None:
    """The server tells of a disconnection a little later."""
    made = core(Play(1.0, ON), Play(2.0, OFF), Play(1.0, b"\x91\x40\x40"), Play(1.1, b"\x81\x40\x00"))
    popped(made)
    made.put(Parting(), 2.2)
    made.put(Greet(), 9.0)
    made.take()
    assert popped(made) == [OFF]


def test_a_new_listener_is_told_the_program_of_every_channel() -> None:
    """Of each the last one, also one that a panic let go ahead of its moment."""
    made = core(Play(1.0, b"\xc0\x07"), Play(1.0, b"\xc1\x08"), Play(5.0, b"\xc1\x09"))
    popped(made, 1.5)
    for record in (Panic(), Greet()):
        made.put(record, 2.0)
    made.take()
    assert popped(made)[-2:] == [b"\xc0\x07", b"\xc1\x09"]


def test_a_parting_forgets_nothing_that_an_earlier_one_or_an_earlier_player_left() -> None:
    """Whoever comes may be whom any of them left behind."""
    made = core(Force(OFF), Play(1.0, b"\x91\x40\x40"))
    popped(made)
    for record, moment in ((Parting(), 1.5), (Play(2.0, b"\x81\x40\x00"), 2.0), (Greet(), 9.0)):
        made.put(record, moment)
    made.take()
    assert popped(made) == [OFF, b"\x81\x40\x00"]


def test_what_an_earlier_player_left_is_told_to_whoever_comes_however_late() -> None:
    """A bridge to a synth may be started by hand long after the server; a key that sounds by then is left alone."""
    made = core(Force(OFF), Force(b"\x81\x40\x00"), Force(SILENCERS[0]), Play(1.0, b"\x91\x40\x40"))
    popped(made)
    for moment in (60.0, 3600.0):
        made.put(Greet(), moment)
        made.take()
        assert popped(made) == [OFF]


def test_a_note_that_a_panic_ended_just_before_a_listener_was_missed_counts_as_sounding_there() -> None:
    """As one that was let go."""
    made = core(Play(1.0, ON))
    popped(made)
    for record, moment in ((Panic(), 9.0), (Parting(), 9.5), (Greet(), 20.0)):
        made.put(record, moment)
    made.take()
    assert popped(made) == [OFF, *SILENCERS, OFF]


def test_the_keys_that_a_listener_may_be_left_with_are_told_at_each_parting() -> None:
    """Another player may be there when it comes back."""
    made = core(Play(1.0, ON), Play(1.0, b"\x91\x40\x40"), Play(2.0, OFF), Play(2.0, b"\x92\x40\x40"))
    popped(made)
    for moment in (2.5, 9.0):
        made.put(Parting(), moment)
    made.take()
    assert list(made.left) == [(0, 60), (1, 0x40), (2, 0x40), (1, 0x40), (2, 0x40)]


CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


def test_a_stop_takes_back_what_would_let_others_go_on_after_it() -> None:
    """The rest of a tick's clocks were handed over before it; those that come after it are of another start."""
    made = core(Play(1.0, CLOCK), Play(1.02, CLOCK), Play(1.04, CONTINUE), Play(1.04, CLOCK))
    for record in (Play(1.04, OFF), Play(1.02, STOP), Play(1.05, START), Play(1.05, CLOCK)):
        made.put(record, 1.0)
    made.take()
    assert popped(made) == [CLOCK, CLOCK, STOP, START, CLOCK]


def test_a_start_takes_back_the_clocks_of_the_song_before() -> None:
    """They would be counted in the new one, of which the first clock is at the start."""
    made = core(*(Play(seconds, CLOCK) for seconds in (1.0, 1.02, 1.04, 1.06)))
    for record in (Play(1.03, START), Play(1.03, CLOCK), Play(1.05, CLOCK)):
        made.put(record, 1.0)
    made.take()
    assert popped(made) == [CLOCK, CLOCK, START, CLOCK, CLOCK]


def test_what_waits_beyond_a_stop_stays_in_order() -> None:
    """Whatever was taken out from among it."""
    moments = (9.0, 1.0, 9.1, 6.0, 6.5, 9.2)
    ends = [bytes((0xB0, number, 0)) for number in range(len(moments))]
    made = core(*(Play(moment, CLOCK if moment == 6.0 else end) for moment, end in zip(moments, ends, strict=True)))
    made.put(Play(5.0, STOP), 1.0)
    made.take()
    assert popped(made) == [ends[1], STOP, ends[4], ends[0], ends[2], ends[5]]


def test_a_panic_leaves_the_clock_in_its_place() -> None:
    """Music goes on after it: a burst of clocks would put others ahead."""
    place = b"\xf2\x01\x00"
    made = core(Play(1.0, ON), Play(1.0, CLOCK), Play(1.02, CLOCK), Play(1.04, CLOCK), Play(1.05, place))
    assert popped(made, 1.01) == [ON, CLOCK]
    made.put(Panic(), 1.01)
    made.take()
    assert popped(made, 1.01) == [OFF, *SILENCERS]
    assert [made.pop(2.0) for _ in range(3)] == [(1.02, CLOCK), (1.04, CLOCK), (1.05, place)]
    assert made.empty


def test_a_player_that_leaves_sends_a_stop_that_waits_and_no_clock() -> None:
    """Nobody is there any more to whom the clocks would be of use."""
    made = core(Play(1.0, ON), Play(1.0, CLOCK), Play(1.02, CLOCK), Play(1.04, CLOCK), Play(1.04, STOP))
    assert popped(made, 1.01) == [ON, CLOCK]
    made.put(Hush(for_good=True), 1.01)
    made.take()
    assert popped(made, 1.01) == [STOP, OFF, *SILENCERS]
    assert made.empty


def test_an_engine_that_has_hung_is_not_heard_of_because_it_is_silenced() -> None:
    """Or it would count as back."""
    made = Core()
    for record, moment in ((Play(1.0, ON), 1.0), (Hush(), 3.0)):
        made.put(record, moment)
    made.take()
    assert made.heard_of == 1.0


def core_at(seconds: float, made: Core, *records: Play | Force | Hush) -> Core:
    """Return a core that has taken records at a moment."""
    for record in records:
        made.put(record, seconds)
    made.take()
    return made


def repeating(*records: Play | Force | Panic | Close) -> Core:
    """Return a core that has taken records and sends each note-off again after 100 ms."""
    made = Core(0.1)
    for record in records:
        made.put(record, 0.0)
    made.take()
    return made


def test_a_note_off_is_sent_again_where_that_is_asked_for() -> None:
    """For links that lose messages; in its place among the others, once, and before the player leaves."""
    made = repeating(Play(1.0, ON), Play(2.0, OFF), Play(2.05, b"\x90\x40\x40"), Play(2.2, b"\x80\x40\x00"), Close())
    assert popped(made, 2.15) == [ON, OFF, b"\x90\x40\x40", OFF]
    assert not made.empty
    assert popped(made) == [b"\x80\x40\x00", b"\x80\x40\x00"]
    assert made.empty


def test_a_note_on_is_not_sent_again() -> None:
    """Also where its note is over before a note-off would be."""
    made = repeating(Play(1.0, ON), Play(1.05, OFF))
    assert popped(made) == [ON, OFF, OFF]


def test_a_note_off_is_not_sent_again_where_its_key_is_down_by_then() -> None:
    """The second note keeps its length; after a panic the last end is sent again all the same."""
    made = repeating(Play(1.0, ON), Play(2.0, OFF), Play(2.05, ON), Play(3.0, OFF))
    assert popped(made, 3.05) == [ON, OFF, ON, OFF]
    made.put(Panic(), 3.05)
    made.take()
    assert popped(made, 3.05) == SILENCERS
    assert popped(made) == [OFF]


def test_what_a_panic_ends_is_ended_again() -> None:
    """A link that loses messages knows no panic; notes that begin after it are left alone."""
    other_on, other_off = b"\x90\x40\x40", b"\x80\x40\x00"
    made = repeating(Play(1.0, ON), Play(1.0, other_on), Play(2.05, other_off))
    assert popped(made, 2.0) == [ON, other_on]
    for record in (Panic(), Play(2.08, ON), Play(3.0, OFF)):
        made.put(record, 2.0)
    made.take()
    assert popped(made, 2.05) == [other_off, OFF, *SILENCERS]
    assert popped(made, 2.2) == [ON, other_off]
    assert popped(made) == [OFF, OFF]
    assert made.empty


def test_what_an_earlier_player_left_is_ended_again_too() -> None:
    """Not the controllers that go with it."""
    made = core_at(5.0, Core(0.1), Force(OFF), Force(SILENCERS[0]))
    assert popped(made, 5.05) == [OFF, SILENCERS[0]]
    assert popped(made) == [OFF]


def test_a_player_that_leaves_ends_all_again_before_it_does() -> None:
    """Its queue is empty only then."""
    made = core_at(5.0, Core(0.1), Play(1.0, ON))
    popped(made, 5.0)
    core_at(5.0, made, Hush(for_good=True))
    assert popped(made, 5.05) == [OFF, *SILENCERS]
    assert not made.empty
    assert popped(made) == [OFF]


KEYS = st.tuples(st.integers(0, 2), st.integers(60, 62))
EVENTS = st.one_of(
    st.builds(lambda key, moment: Play(moment, bytes((0x90 | key[0], key[1], 64))), KEYS, st.floats(0, 10)),
    st.builds(lambda key, moment: Play(moment, bytes((0x80 | key[0], key[1], 0))), KEYS, st.floats(0, 10)),
    st.just(Panic()),
)


SCRIPTS = st.lists(st.tuples(EVENTS, st.floats(0, 10), st.booleans()), max_size=60)


@given(SCRIPTS)
def test_every_note_on_has_one_note_off_whatever_comes(script: list[tuple[Play | Panic, float, bool]]) -> None:
    """Notes, panics, a full buffer now and then, and silence at the end."""
    made, down = Core(), Counter[tuple[int, int]]()

    def send(until: float, full: bool) -> None:
        while (message := made.pop(until)) is not None:
            data = message[1]
            if full:
                made.refused(data)
                if not is_on(data):
                    return
            elif data[0] & 0xE0 == 0x80:
                key = (data[0] & 15, data[1])
                down[key] += 1 if is_on(data) else -1
                assert down[key] >= 0

    for record, until, full in script:
        made.put(record, 0.0)
        made.take()
        send(until, full)
    made.silence(0.0)
    send(math.inf, full=False)
    assert not +down
    assert made.empty


@given(SCRIPTS)
def test_note_offs_that_are_sent_again_end_no_other_note(script: list[tuple[Play | Panic, float, bool]]) -> None:
    """With and without them a receiver has the same keys down, whatever comes."""
    cores, down = (Core(), Core(0.1)), (set[tuple[int, int]](), set[tuple[int, int]]())
    for record, until, _ in script:
        for made, keys in zip(cores, down, strict=True):
            hear(made, record, until, keys)
        assert down[0] == down[1]


def hear(made: Core, record: Play | Panic, until: float, keys: set[tuple[int, int]]) -> None:
    """Let a receiver, of which the keys that are down are given, hear what a core sends for a record."""
    made.put(record, 0.0)
    made.take()
    for data in popped(made, until):
        if data[0] & 0xE0 == 0x80:
            (keys.add if is_on(data) else keys.discard)((data[0] & 15, data[1]))
