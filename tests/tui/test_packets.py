"""Reading what comes from the network: never an exception, never a letter that commands the terminal."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from musicrnn.tui.packets import LONGEST_TEXT, Message, drawable, packet, read
from musicrnn.tui.state import State

NUMBERS = st.integers(-(2**31), 2**31 - 1) | st.floats(width=32, allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=50)


@given(st.lists(NUMBERS | TEXTS, max_size=20))
def test_what_is_built_is_read_again(values: list[int | float | str]) -> None:
    """By python-osc, and by our own reader."""
    assert read(packet("/musicrnn/x", *values)) == [Message("/musicrnn/x", tuple(values))]


def test_a_bundle_is_its_messages() -> None:
    """In their order."""
    bundle = OscBundleBuilder(IMMEDIATELY)
    for value in (1, 2):
        message = OscMessageBuilder("/a")
        message.add_arg(value)
        bundle.add_content(message.build())
    assert read(bundle.build().dgram) == [Message("/a", (1,)), Message("/a", (2,))]


@given(st.binary(max_size=300))
def test_no_bytes_hang_or_break_it(data: bytes) -> None:
    """Nor the state that takes what was read, alone or as a bundle."""
    state = State()
    for message in [*read(data), *read(b"#bundle\0" + bytes(8) + data)]:
        state.take(message, 0.0)
    assert state.revision == 0
    assert not state.connected(0.0)


def test_a_bundle_with_an_element_of_negative_size_is_left() -> None:
    """It hangs other readers."""
    assert read(b"#bundle\0" + bytes(8) + struct.pack(">i", -4)) == []


def test_numbers_that_are_not_finite_are_left_out() -> None:
    """With the whole message."""
    assert read(packet("/musicrnn/mu", float("nan"))) == []
    assert read(packet("/musicrnn/mu", float("inf"))) == []


@given(st.text(max_size=400))
def test_text_is_made_fit_to_be_drawn(text: str) -> None:
    """No control, no line end, nothing that turns the direction of writing, and not endless."""
    drawn = drawable(text)
    assert drawn.isprintable() or not drawn
    assert len(drawn) == min(len(text), LONGEST_TEXT)
    assert not set(drawn) & {"\x1b", "\n", "\u202e"}
