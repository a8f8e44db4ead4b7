"""What the messages make known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import CONTROLS
from musicrnn.tui.packets import Message, Value
from musicrnn.tui.paint import words
from musicrnn.tui.roll import View, roll
from musicrnn.tui.state import PREFIX, TICKS_KEPT, State, letters_for, ticks_of
from tests.tui.stand_in import chorale


def state_of(*messages: tuple[str, tuple[Value, ...]]) -> State:
    """Return what is known after some messages."""
    state = State()
    for name, values in messages:
        state.take(Message(PREFIX + name, values), 1.0)
    return state


def test_controls_are_known_by_their_addresses() -> None:
    """Of the whole and of parts; the default holds while nothing is known."""
    state = state_of(("mu", (1.5,)), ("scale", ("dorian",)), ("low", ("bass", 40)))
    assert state.value("mu") == 1.5
    assert state.value("scale") == "dorian"
    assert state.value("low", "bass") == 40
    assert state.value("high", "bass") == 127


@pytest.mark.parametrize(
    "message",
    [
        ("mu", ("loud",)),
        ("mu", (99.0,)),
        ("scale", ("bebop",)),
        ("stream/place", (1, 2)),
        ("stream/model", ("x", "", 0, 0, 4, 4)),
        ("stream/belief", (1, 0.5)),
        ("stream/timing", ("a", "b", "c", "d")),
        ("stream/unheard-of", (1,)),
    ],
)
def test_a_message_that_makes_no_sense_changes_nothing(message: tuple[str, tuple[Value, ...]]) -> None:
    """What was known stays."""
    before = state_of(*chorale())
    after = state_of(*chorale(), message)
    assert after.controls == before.controls
    assert (after.bar, after.tick, after.belief, after.timing) == (
        before.bar,
        before.tick,
        before.belief,
        before.timing,
    )
    assert after.ticks_per_beat == 4


NUMBERS = st.integers(-(2**31), 2**31 - 1) | st.floats(-1e9, 1e9) | st.text(max_size=5)
NAMES = [
    "place", "played", "coming", "figures", "belief", "likeliest", "chosen", "model", "parts", "source", "counts",
    "timing",
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([f"stream/{name}" for name in NAMES]), st.lists(NUMBERS, max_size=12))))
def test_no_message_breaks_the_state_or_the_picture(messages: list[tuple[str, list[Value]]]) -> None:
    """Whatever the values are, they can be drawn."""
    state = state_of(*((name, tuple(values)) for name, values in messages))
    assert len(roll(state, View(), 60, 12)) == 12
    assert len(state.played) <= TICKS_KEPT


def test_ticks_are_read_from_flat_numbers_as_far_as_they_are_whole() -> None:
    """A last tick that is cut is left out."""
    flat = (7, 2, 0, 60, 80, 1, 48, 0, 8, 0, 9, 3, 0, 60, 80)
    assert dict(ticks_of(flat)) == {7: ((0, 60, 80), (1, 48, 0)), 8: ()}


def test_each_part_has_a_letter_of_its_own() -> None:
    """From its name if it can be."""
    assert letters_for(["soprano", "alto", "tenor", "bass"]) == ["S", "A", "T", "B"]
    assert letters_for(["piano", "piano", "pad", "!"]) == ["P", "I", "A", "1"]


def test_the_last_ticks_are_kept_and_no_more() -> None:
    """Memory does not grow through the night."""
    flat = tuple(number for tick in range(3 * TICKS_KEPT) for number in (tick, 1, 0, 60, 80))
    assert sorted(state_of(("stream/played", flat)).played) == list(range(2 * TICKS_KEPT, 3 * TICKS_KEPT))


def test_the_roll_shows_past_and_future_on_both_sides_of_the_line() -> None:
    """Large letters begin what was played, small ones what is to come; the muted bass is small and grey."""
    state = state_of(*chorale())
    lines = roll(state, View(), 60, 20)
    left = "".join(words(line).ljust(60)[: words(lines[0]).index("│")] for line in lines)
    right = "".join(words(line).ljust(60)[words(lines[0]).index("│") + 1 :] for line in lines)
    assert {"S", "A", "T", "b"} <= set(left)
    assert {"s", "a"} <= set(right)
    assert not {"S", "A", "T", "B"} & set(right)
    assert all(role == "dim" for line in lines for text, role in line if "b" in text)


def test_every_control_has_a_place_in_the_state() -> None:
    """A control that is added to the table is known here at once."""
    for name, control in CONTROLS.items():
        values: tuple[Value, ...] = ("bass", control.low) if control.per_part else (control.default,)
        state = state_of((name, values))
        assert state.revision > 0
        assert state.value(name, "bass" if control.per_part else "") == values[-1]


def test_an_update_that_tells_nothing_new_is_not_drawn_again() -> None:
    """The seconds until the next tick are not shown; a warning is told as often as it comes."""
    state = state_of(*chorale())
    drawn = state.revision
    state.take(Message(f"{PREFIX}stream/place", (1, 7, 1, 120, 120.0, 0.05)), 2.0)
    state.take(Message(f"{PREFIX}stream/counts", (1, 0, 0, 0, 0, 9, 2, 0)), 2.0)
    assert state.revision == drawn
    assert state.connected(3.0)
    state.take(Message(f"{PREFIX}event/warning", ("the port is gone; it is looked for",)), 2.0)
    state.take(Message(f"{PREFIX}stream/place", (1, 7, 1, 121, 120.0, 0.05)), 2.0)
    assert state.revision == drawn + 2


@pytest.mark.parametrize("message", [("mu", (1.5,)), ("error", ("no",)), ("models", ("drums",)), ("subscribed", ())])
def test_only_where_it_is_tells_the_state_of_a_daemon(message: tuple[str, tuple[Value, ...]]) -> None:
    """Whatever else it says: whether it plays is not known by that."""
    assert not state_of(message).connected(1.0)
    assert state_of(message, ("stream/place", (0, 0, 0, 0, 120.0, 0.0))).connected(1.0)


def test_a_port_that_is_lost_and_one_that_is_back_stand_in_the_log() -> None:
    """The first one does not: it was there before."""
    ports = ("MusicRNN:out", "MusicRNN:out", "lost; looking for it", "MusicRNN:out")
    known = state_of(*(("stream/source", ("internal", port, f"{i}.mid")) for i, port in enumerate(ports)))
    assert list(known.log) == ["port: lost; looking for it", "port: MusicRNN:out"]


def test_another_daemon_begins_with_an_empty_picture() -> None:
    """Its ticks are numbered anew; what the one before it played and believed is gone."""
    state = state_of(*chorale(), ("stream/place", (0, 0, 0, 0, 120.0, 0.0)))
    assert (state.played, state.coming, state.likeliest, state.chosen) == ({}, {}, (), ())
    assert max(state.belief) == 0.0
    assert not state.entropies
