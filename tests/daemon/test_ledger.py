"""A key is down once or not at all, and goes up where it went down."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from musicrnn.daemon.ledger import Keys, Ledger, NoteEvent, program, silencers
from musicrnn.daemon.player.core import Sounding
from musicrnn.daemon.protocols import TimedMessage

DIN_SECONDS_A_BYTE = 320e-6


def begin(ledger: Ledger, part: int, channel: int, pitch: int, tick: int = 0) -> list[NoteEvent]:
    """Begin a note of velocity 80."""
    return list(ledger.begin(part, channel, pitch, 80, tick))


def test_a_note_is_begun_and_ended_where_it_was_begun() -> None:
    """C4 on channel 3."""
    ledger = Ledger()
    events = begin(ledger, 0, 3, 60) + list(ledger.end(0, 60))
    assert [event.data.hex(" ") for event in events] == ["92 3c 50", "82 3c 00"]  # note on, note off; channel 3


def test_a_key_that_is_down_is_let_go_before_it_is_struck_again() -> None:
    """Off before on."""
    ledger = Ledger()
    begin(ledger, 0, 1, 60)
    assert begin(ledger, 0, 1, 60, tick=4) == [NoteEvent(0, 1, 60, 0), NoteEvent(0, 1, 60, 80)]
    assert ledger.end_all() == [NoteEvent(0, 1, 60)]


def test_a_note_that_does_not_sound_is_not_ended() -> None:
    """No stray note-offs."""
    ledger = Ledger()
    assert list(ledger.end(0, 60)) == []
    begin(ledger, 0, 1, 60)
    ledger.end_all()
    assert list(ledger.end(0, 60)) == []
    assert len(ledger) == 0


def test_two_parts_that_share_a_key_let_go_of_it_together() -> None:
    """The first to end says nothing."""
    ledger = Ledger()
    assert len(begin(ledger, 0, 1, 60)) == 1
    assert begin(ledger, 1, 1, 60) == []
    assert ledger.sounding() == ((0, 60), (1, 60))
    assert list(ledger.end(0, 60)) == []
    assert list(ledger.end(1, 60)) == [NoteEvent(0, 1, 60)]


def test_a_key_that_another_part_strikes_again_stays_down_until_both_have_let_go() -> None:
    """Whichever of them is the first to end."""
    for first, last in ((0, 1), (1, 0)):
        ledger = Ledger()
        begin(ledger, 0, 1, 60)
        assert [event.velocity for event in begin(ledger, 1, 1, 60, tick=4)] == [0, 80]
        assert list(ledger.end(first, 60)) == []
        assert [event.data for event in ledger.end(last, 60)] == [bytes((0x80, 60, 0))]
        assert len(ledger) == 0


def test_a_note_that_begins_anew_at_another_pitch_ends_where_it_was() -> None:
    """As when the transposition has changed since."""
    ledger = Ledger()
    begin(ledger, 0, 1, 60)
    assert list(ledger.begin(0, 1, 60, 80, 4, shift=2)) == [NoteEvent(0, 1, 60, 0), NoteEvent(0, 1, 62, 80)]
    assert ledger.heard() == {(0, 60): 62}
    assert ledger.end_all() == [NoteEvent(0, 1, 62)]
    assert len(ledger) == 0


def test_what_sounds_is_told_in_the_order_of_parts_and_pitches() -> None:
    """Whichever began first; the channels are remembered beyond the end."""
    ledger = Ledger()
    for part, channel, pitch in ((1, 2, 60), (0, 1, 64), (0, 1, 62)):
        begin(ledger, part, channel, pitch)
    assert list(ledger.sounding()) == list(ledger.heard()) == [(0, 62), (0, 64), (1, 60)]
    ledger.end_all()
    assert ledger.used == {1, 2}


def test_the_same_pitch_on_two_channels_is_two_keys() -> None:
    """Each has its own end."""
    ledger = Ledger()
    begin(ledger, 0, 1, 60)
    begin(ledger, 1, 2, 60)
    assert list(ledger.end(0, 60)) == [NoteEvent(0, 1, 60)]
    assert ledger.sounding() == ((1, 60),)


def test_notes_older_than_a_tick_are_known() -> None:
    """So that none sounds for ever."""
    ledger = Ledger()
    begin(ledger, 0, 1, 60, tick=0)
    begin(ledger, 0, 1, 64, tick=5)
    assert ledger.older_than(5) == [(0, 60)]


def test_silencers_are_pedal_up_all_notes_off_and_all_sound_off_on_each_channel() -> None:
    """Controllers 64, 123, 120."""
    assert [data.hex(" ") for data in silencers({2, 1})] == [
        "b0 40 00",
        "b0 7b 00",
        "b0 78 00",
        "b1 40 00",
        "b1 7b 00",
        "b1 78 00",
    ]


def test_32_notes_are_let_go_within_31_ms_of_a_din_line_before_anything_else() -> None:
    """A receiver that knows no All Notes Off hears them, and first; the messages for others come after."""
    sounding = Sounding()
    for pitch in range(48, 64):
        for channel in (0, 9):
            sounding.passes(bytes((0x90 | channel, pitch, 80)))
    messages = sounding.silence()
    offs = messages[:32]
    assert {data[0] & 0xF0 for data in offs} == {0x80}
    assert len({(data[0] & 15, data[1]) for data in offs}) == 32
    assert sum(map(len, offs)) * DIN_SECONDS_A_BYTE <= 0.031
    assert messages[32:] == silencers({1, 10})


def test_a_program_change_has_two_bytes() -> None:
    """Channel 16, program 127."""
    assert program(16, 127).hex(" ") == "cf 7f"


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("begin"), st.integers(0, 3), st.integers(60, 63)),
            st.tuples(st.just("end"), st.integers(0, 3), st.integers(60, 63)),
            st.tuples(st.just("tick"), st.just(0), st.just(0)),
        ),
        max_size=60,
    )
)
def test_whatever_is_begun_and_ended_each_key_is_down_once_or_not_at_all(steps: list[tuple[str, int, int]]) -> None:
    """Parts 0 and 1 share channel 1, parts 2 and 3 have their own."""
    ledger, tick = Ledger(), 0
    events: list[NoteEvent] = []
    for what, part, pitch in steps:
        if what == "begin":
            events += begin(ledger, part, max(part, 1), pitch, tick)
        elif what == "end":
            events += ledger.end(part, pitch)
        else:
            tick += 1
    events += ledger.end_all()
    down: Counter[tuple[int, int]] = Counter()
    for event in events:
        down[event.channel, event.pitch] += 1 if event.velocity else -1
        assert down[event.channel, event.pitch] in (0, 1)
    assert not +down


def test_what_was_sent_decides_what_is_to_end() -> None:
    """A begin counts before it is sent, an end after: whatever is broken off, too much is ended and not too little."""
    keys = Keys()
    on, off = TimedMessage(2.0, bytes((0x91, 60, 80))), TimedMessage(3.0, bytes((0x81, 60, 0)))
    assert keys.will_send(on)
    assert keys.ends(1.0) == [TimedMessage(2.0, bytes((0x81, 60, 0)))]
    keys.was_sent(on)
    assert keys.will_send(off)
    assert keys.ends(5.0) == [TimedMessage(5.0, bytes((0x81, 60, 0)))]
    keys.was_sent(off)
    assert keys.ends(5.0) == []
    assert not keys.will_send(off)


def test_what_is_to_end_ends_after_the_note_that_was_sent_last_however_far_ahead_a_clock_is() -> None:
    """Clocks are handed over for the whole tick; an end before its begin would be none. A soft note is one, too."""
    keys = Keys()
    for seconds, data in ((3.0, b"\x90\x3c\x01"), (2.0, b"\xb0\x40\x00"), (9.0, b"\xf8")):
        keys.will_send(TimedMessage(seconds, data))
    assert keys.ends(1.0) == [TimedMessage(3.0, b"\x80\x3c\x00")]
    assert keys.ends(4.0) == [TimedMessage(4.0, b"\x80\x3c\x00")]
