"""What OSC messages mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import CONTROLS, Command, Continue, Forget, Panic, Prime, Record, Reset, Set, Start, Status, Stop
from musicrnn.daemon.osc import ADDRESSES, asks, command_of, status_messages, values_asked_for
from musicrnn.daemon.osc_packets import Malformed, Message, bundle_bytes, message_bytes, messages
from musicrnn.errors import ControlError


def _said(address: str, *values: int | float | str | bool) -> Command | None:
    return command_of(messages(message_bytes(f"/musicrnn/{address}", *values))[0])


@pytest.mark.parametrize(
    ("address", "values", "command"),
    [
        ("mu", (1.5,), Set("mu", 1.5)),
        ("mu", (2,), Set("mu", 2.0)),
        ("sigma", (0.25,), Set("sigma", 0.25)),
        ("seed", (7,), Set("seed", 7)),
        ("tempo", (90.0,), Set("tempo", 90.0)),
        ("density", (-2.0,), Set("density", -2.0)),
        ("start", (), Start()),
        ("start", (1.0,), Start()),
        ("start", (0.0,), None),
        ("stop", (True,), Stop()),
        ("continue", (), Continue()),
        ("reset", (), Reset()),
        ("panic", (), Panic()),
        ("panic", (0,), None),
        ("prime", ("C4 . - - -",), Prime("C4 . - - -")),
        ("mute", ("bass",), Set("mute", 1, "bass")),
        ("mute", ("bass", 0), Set("mute", 0, "bass")),
        ("mute", ("bass", 1.0), Set("mute", 1, "bass")),
        ("mute", ("bass", True), Set("mute", 1, "bass")),
        ("mute/bass", (False,), Set("mute", 0, "bass")),
        ("forget", ("mute", "bass"), Forget("mute", "bass")),
        ("forget", ("start",), Forget("start")),
        ("record", (), Record(None)),
        ("record", (1.0,), Record(True)),
        ("record", (0,), Record(False)),
        ("record", (True,), Record(True)),
    ],
)
def test_a_message_is_a_command(
    address: str, values: tuple[int | float | str | bool, ...], command: Command | None
) -> None:
    """Each address with the types it takes; a button's release is nothing."""
    assert _said(address, *values) == command


@pytest.mark.parametrize("number", ["i", "f", "d", "h"])
@pytest.mark.parametrize(("button", "pressed"), [("panic", Panic()), ("start", Start()), ("record", Record(True))])
def test_a_button_takes_every_kind_of_number(button: str, pressed: Command, number: str) -> None:
    """Some clients send nothing but doubles: a panic of theirs must not be refused."""
    assert command_of(Message(f"/musicrnn/{button}", number, (1,))) == pressed
    assert command_of(Message(f"/musicrnn/{button}", number, (0,))) == (Record(False) if button == "record" else None)


@pytest.mark.parametrize(
    ("address", "values", "reason"),
    [
        ("mu", (), "mu takes: number, 0 to 16; got: nothing"),
        ("mu", ("loud",), "mu takes: number, 0 to 16; got: 'loud'"),
        ("mu", (float("nan"),), "finite"),
        ("mu", (float("inf"),), "finite"),
        ("mu", (-0.5,), "0..16"),
        ("tempo", (0,), "20..999"),
        ("seed", (1.5,), "whole"),
        ("start", ("now",), "start takes: none, or a button's number; got: 'now'"),
        ("mute", (1,), "mute takes: part, then 0 or 1, or the part alone for 1; got: 1"),
        ("mute", ("bass", 2), "mute must be in 0..1, got 2"),
        ("mute", ("bass", -3), "mute must be in 0..1, got -3"),
        ("mute/bass", (0.5,), "mute must be a whole number, got 0.5"),
        ("solo", ("bass", float("nan")), "solo must be a finite number, got nan"),
        ("record", (2,), "record must be 0 or 1, got 2"),
        ("record", (0.5,), "record must be 0 or 1, got 0.5"),
        ("record", (float("nan"),), "record must be 0 or 1, got nan"),
        ("record", (1.0000001,), "record must be 0 or 1, got 1.0000001"),
        ("mu", (16.00001,), "mu must be in 0..16, got 16.00000"),
        ("tempo", (999.0001,), "tempo must be in 20..999, got 999.0001"),
        ("tempo", (19.99999,), "tempo must be in 20..999, got 19.9999"),
        ("seed", (3.000001,), "seed must be a whole number, got 3.00000"),
        ("panic", (float("nan"),), "what presses a button must be a number, got nan"),
        ("reseed", (float("nan"),), "what presses a button must be a number, got nan"),
        ("learn", ("mu", float("-inf"), float("inf")), "mu must be learnt between finite numbers, got -inf"),
        ("learn", ("mu", 0.0, float("nan")), "mu must be learnt between finite numbers, got nan"),
        ("keep", (1.5,), "must be a whole number, got 1.5"),
        ("keep", (0,), "must be in 1.."),
        ("prime", ("C4 " * 4000,), "8192"),
        ("*", (), "one of"),
        ("mu/", (1.0,), "got '/musicrnn/mu/': did you mean '/musicrnn/mu'?"),
        ("MU", (1.0,), "got '/musicrnn/MU': did you mean '/musicrnn/mu'?"),
        ("quit", (), "an address must be one of those in docs/osc.md, got '/musicrnn/quit'"),
    ],
)
def test_a_wrong_message_is_refused_with_its_reason(
    address: str, values: tuple[int | float | str, ...], reason: str
) -> None:
    """Unknown addresses, patterns, wrong types and values out of range change nothing."""
    with pytest.raises(ControlError, match=re.escape(reason)):
        command_of(messages(message_bytes(f"/musicrnn/{address}", *values), 65536)[0])


@given(st.sampled_from(sorted(ADDRESSES)), st.lists(st.one_of(st.integers(), st.floats(), st.text()), max_size=3))
def test_any_values_are_a_command_or_refused(address: str, values: list[int | float | str]) -> None:
    """Whatever types and values come, only ControlError or Malformed does."""
    letters = {int: "i", float: "d", str: "s"}
    types = "".join(letters[type(value)] for value in values)
    try:
        command_of(Message(address, types, tuple(values)))
    except (ControlError, Malformed):
        return


ASKED = Status(
    controls={"mu": 1.5, "tempo": 90.0}, part_controls={"mute": {"bass": 1, "lead": 0}}, parts=("bass", "lead")
)


@pytest.mark.parametrize(
    ("address", "values", "answer"),
    [
        ("mu", (), [("mu", (1.5,))]),
        ("get", ("mu",), [("mu", (1.5,))]),
        ("get", ("mute",), [("mute", ("bass", 1)), ("mute", ("lead", 0))]),
        ("mute/bass", (), [("mute/bass", (1,))]),
        ("get", (), [("mu", (1.5,)), ("tempo", (90.0,)), ("mute", ("bass", 1)), ("mute", ("lead", 0))]),
    ],
)
def test_a_question_is_answered_with_the_values_that_were_asked_for(
    address: str, values: tuple[str, ...], answer: list[tuple[str, tuple[float | str, ...]]]
) -> None:
    """Each at the address that sets it."""
    (message,) = messages(message_bytes(f"/musicrnn/{address}", *values))
    assert asks(message)
    assert values_asked_for(message, ASKED) == [(f"/musicrnn/{name}", found) for name, found in answer]


@pytest.mark.parametrize(("address", "values"), [("get", ("loudness",)), ("mute/drums", ())])
def test_a_question_for_what_is_not_there_is_refused(address: str, values: tuple[str, ...]) -> None:
    """A control or a part."""
    (message,) = messages(message_bytes(f"/musicrnn/{address}", *values))
    with pytest.raises(ControlError, match="must be one of"):
        values_asked_for(message, ASKED)


@pytest.mark.parametrize(("address", "values"), [("mu", (1.0,)), ("mu/bass", ()), ("start", ()), ("mute/bass", (1,))])
def test_what_is_no_question_is_not_answered(address: str, values: tuple[float, ...]) -> None:
    """A control of the whole has no parts."""
    assert not asks(messages(message_bytes(f"/musicrnn/{address}", *values))[0])


@pytest.mark.parametrize(
    ("address", "values"),
    [("x" * 900, ()), ("mu", ("x" * 900,)), ("start", tuple(range(90))), ("learn", ("x" * 900, float("nan"), 1.0))],
)
def test_a_refusal_is_short_whatever_was_sent(address: str, values: tuple[float | str, ...]) -> None:
    """It is shown in the status."""
    with pytest.raises(ControlError) as refused:
        command_of(messages(message_bytes(f"/musicrnn/{address}", *values))[0])
    assert len(str(refused.value)) < 1_000
    assert "x" * 100 not in str(refused.value)


def test_every_control_has_an_address() -> None:
    """A control that is declared can be set over OSC."""
    assert {f"/musicrnn/{name}" for name in CONTROLS} <= set(ADDRESSES)


def test_the_status_fits_into_one_packet_that_can_be_read_again() -> None:
    """The answer to /musicrnn/status is a bundle of messages with whole numbers of any size."""
    status = Status(
        playing=True,
        bar=3,
        controls={"seed": 2**62},
        parts=("a", "b"),
        sounding=(("a", 60),),
        part_controls={"mute": {"a": 0, "b": 1}},
    )
    found = messages(bundle_bytes(status_messages(status, {"refused": 2})), 4096)
    values = {message.address: message.values for message in found}
    assert values["/musicrnn/status/seed"] == (2**62,)
    assert values["/musicrnn/status/sounding"] == ("a", 60)
    assert values["/musicrnn/status/refused"] == (2,)


def test_each_thing_that_the_status_tells_has_its_address() -> None:
    """And each number its place."""
    status = Status(
        playing=True,
        bar=3,
        beat=2,
        tick=1,
        tempo=90.0,
        clock="internal",
        model="chorales",
        loading="other",
        parts=("a", "b"),
        sounding=(("a", 60), ("b", 62)),
        part_controls={"mute": {"d": 1, "c": 1, "b": 1, "a": 1}, "solo": {"a": 0, "b": 1}},
        late_ticks=4,
        skipped_ticks=5,
        failures=6,
        late_messages=7,
        dropped_messages=8,
        port="out",
        recording="a.mid",
        taking=True,
        kept_lately=("older.mid", "b.mid"),
        message="well",
    )
    values = {address.removeprefix("/musicrnn/status/"): found for address, found in status_messages(status, {})}
    assert {name: value for name, value in values.items() if name not in CONTROLS} == {
        "playing": (1,),
        "place": (3, 2, 1),
        "clock": ("internal",),
        "exponent": (status.exponent,),
        "model": ("chorales",),
        "loading": ("other",),
        "parts": ("a", "b"),
        "muted": ("a", "b", "c", "d"),
        "soloed": ("b",),
        "sounding": ("a", 60, "b", 62),
        "late": (4, 5, 6),
        "port": ("out",),
        "output": (7, 8),
        "recording": ("a.mid",),
        "taking": (1,),
        "kept": ("b.mid",),
        "message": ("well",),
    }
    assert type(values["playing"][0]) is int
    assert values["tempo"] == (90.0,)
