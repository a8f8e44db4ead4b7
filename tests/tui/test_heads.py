"""The lines of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.tui.heads import part_at, parts
from musicrnn.tui.packets import Message
from musicrnn.tui.paint import fit, words
from musicrnn.tui.state import PREFIX, State

NAMES = ("flöte", "声部", "oboe", *(f"violin {number}" for number in range(20)))


def with_parts(names: tuple[str, ...]) -> State:
    """Return what is known of a daemon whose model has these parts."""
    state = State()
    values = tuple(value for name in names for value in (name, 0, 127, 0, 1))
    state.take(Message(f"{PREFIX}stream/parts", values), 1.0)
    return state


@pytest.mark.parametrize("width", [60, 80, 160])
@given(chosen=st.sampled_from(NAMES))
def test_the_chosen_part_is_always_to_be_seen(width: int, chosen: str) -> None:
    """However many there are, and whatever they are called."""
    line = words(fit(parts(with_parts(NAMES), chosen, width), width))
    assert f"{chosen} ◂" in line
    assert line.startswith(" Parts")


def test_a_part_is_found_where_it_is_drawn() -> None:
    """Also where those before it are not shown."""
    state = with_parts(("one", "two", "three", "four", "five"))
    assert part_at(state, "five", words(parts(state, "five", 60)).index("five"), 60) == 4
    assert part_at(state, "five", words(parts(state, "five", 20)).index("five"), 20) == 4
    assert "four" not in words(parts(state, "five", 20))
    assert part_at(state, "five", 0, 60) is None
