"""The lines of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.tui.heads import figures, header, pad_at, pads, part_at, parts
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


def playing(clock: str = "internal", port: str = "MusicRNN:out", model: str = "chorales", loading: str = "") -> State:
    """Return what is known of a daemon that plays and writes a take."""
    state = State()
    for name, values in (
        ("stream/model", (model, loading, 4, 16, 4, 4)),
        ("stream/source", (clock, port, "take.mid")),
        ("stream/place", (1, 99, 1, 1600, 119.5, 0.1)),
        ("stream/counts", (12, 3, 1, 2, 1, 999, 20, 4)),
        ("stream/timing", (0.1, 0.5, 1.5, 4.0)),
        ("record", (1,)),
    ):
        state.take(Message(f"{PREFIX}{name}", values), 1.0)
    return state


@pytest.mark.parametrize("width", [60, 80, 110, 160])
@pytest.mark.parametrize("loading", ["", "songs"])
@pytest.mark.parametrize("model", ["chorales", "a-model-of-my-own-with-a-long-name-0123456789"])
def test_the_first_line_says_what_matters_at_every_width(width: int, loading: str, model: str) -> None:
    """Whether it plays, where, how fast, what, whether a take is written, and the port of OSC: nothing is cut off."""
    line = words(header(playing(model=model, loading=loading), "127.0.0.1:65535", True, width))
    assert len(line) == width
    assert line.rstrip().endswith("65535")
    for what in ("▶", "bar 100.2", "119.5 bpm", model[:9], "● TAKE"):
        assert what in line


def test_the_first_line_says_all_where_there_is_room() -> None:
    """And without the words that are understood without them where there is less."""
    state = playing()
    assert words(header(state, "127.0.0.1:9000", True, 160)).rstrip() == (
        " MusicRNN ▶ playing  bar 100.2  119.5 bpm  4/4  chorales  ● TAKE  clock internal  port MusicRNN:out  "
        "OSC 127.0.0.1:9000"
    )
    assert words(header(state, "127.0.0.1:9000", True, 80)).rstrip() == (
        " ▶ bar 100.2  119.5 bpm  chorales  ● TAKE  internal  port MusicRNN…  OSC 9000"
    )


def test_what_is_amiss_and_another_machine_are_named_at_80_columns() -> None:
    """That there is no port, that the clock is lost, and the host of OSC that is not this one."""
    assert "port none" in words(header(playing(port="", loading="songs"), "127.0.0.1:9000", True, 80))
    line = words(header(playing("midi, lost, goes on", port=""), "[fe80::1]:9000", True, 80))
    assert "midi, lost, goes on" in line
    assert line.rstrip().endswith("OSC [fe80::1]:9000")


@pytest.mark.parametrize("width", [80, 110, 160])
def test_what_went_wrong_is_all_to_be_seen(width: int) -> None:
    """The other figures give way to it."""
    line = figures(playing(), width)
    assert len(words(line)) <= width
    assert words(line).endswith("late 12  skipped 3  failed 1  late out 2  dropped 1  refused 20  flood 4")
    assert "tick made in" in words(figures(State(), width))


@pytest.mark.parametrize("width", [60, 80, 110, 160])
@given(stored=st.dictionaries(st.sampled_from("123456789"), st.integers(0, 2**31 - 1)), seed=st.integers(0, 2**31 - 1))
def test_all_pads_are_to_be_seen_and_found_where_they_are_drawn(width: int, stored: dict[str, int], seed: int) -> None:
    """With the last digits of seeds at least."""
    line = words(pads(stored, seed, width))
    assert len(line.rstrip()) <= width
    assert "".join(dict.fromkeys(pad_at(stored, seed, x, width) for x in range(width))) == "123456789"


def test_seeds_are_whole_where_there_is_room() -> None:
    """The mark stands at the one that holds."""
    stored = {"1": 187093702, "3": 7}
    assert words(pads(stored, 7, 110)).startswith(" Seeds 1 187093702  2 ····  3▸7  4 ····")
    assert (
        words(pads(stored, 187093702, 80)) == " Seeds 1▸187093702 2 ···· 3 7 4 ···· 5 ···· 6 ···· 7 ···· 8 ···· 9 ···· "
    )
    assert words(pads(dict.fromkeys("123456789", 187093702), 7, 80)).startswith(" Seeds 1 …3702 2 …3702 3")
