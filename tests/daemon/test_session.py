"""A session log is read strictly, or refused with the file, the line and the value."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.play import PlaySettings
from musicrnn.daemon.replay import Replay, check_model
from musicrnn.daemon.session import (
    Entry,
    Session,
    entry_line,
    header_line,
    make_header,
    parse_session,
    read_session,
    resolved,
)
from musicrnn.errors import ControlError, SessionError
from musicrnn.models.generator import Generator
from musicrnn.testing import ScriptedModel, random_model, small_vocabulary

MODEL = ScriptedModel(small_vocabulary(), [()], metre=(3, 4), tempo=90.0)
HEADER = make_header(MODEL.info, PlaySettings(seed=5, tempo=90.0, mu=1.5), "C4 .", "ab" * 32)
START: Entry = {"tick": 0, "do": "start"}
END: Entry = {"tick": 24, "do": "end"}


def log(*entries: Entry) -> bytes:
    """Return a log of these entries."""
    return header_line(HEADER) + b"".join(entry_line(entry) for entry in entries)


def odd_header(section: str, key: Any, value: Any) -> bytes:
    """Return a header with one value in a section at fault."""
    values = json.loads(header_line(HEADER))
    values[section][key] = value
    return json.dumps(values).encode() + b"\n"


def test_a_log_comes_back_as_it_was_written() -> None:
    """Header and entries, with text beyond ASCII."""
    change = {"tick": 3, "do": "set", "name": "mu", "value": 0.1}
    entries = (START, change, {"tick": 5, "do": "prime", "prime": "♯"}, END)
    assert parse_session(log(*entries), "log") == Session(HEADER, entries, True)


def test_the_header_keeps_the_prime_and_no_path_to_it() -> None:
    """A log replays where the prime's file is not."""
    header = make_header(MODEL.info, PlaySettings(prime="/home/me/tune.mid"), "C4 .", "")
    assert header.prime == "C4 ."
    assert b"/home/me" not in header_line(header)


def test_a_seed_and_a_tempo_of_zero_are_resolved() -> None:
    """The tempo is the model's own; what was given stays."""
    assert resolved(PlaySettings(), MODEL.info, 77) == PlaySettings(seed=77, tempo=90.0)
    assert resolved(PlaySettings(seed=3, tempo=60.0), MODEL.info, 77) == PlaySettings(seed=3, tempo=60.0)


def test_a_log_that_breaks_off_is_good_up_to_its_last_whole_line() -> None:
    """As a crash leaves it."""
    whole = log(START, {"tick": 0, "do": "bar", "bar": 0})
    session = parse_session(whole + b'{"tick":12,"do":"b', "log")
    assert session == Session(HEADER, (START, {"tick": 0, "do": "bar", "bar": 0}), False)


def test_what_follows_the_end_is_not_read() -> None:
    """The session ended there."""
    assert parse_session(log(END) + b"rubbish\n", "log").entries == (END,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must begin with a header"),
        (header_line(HEADER)[:40], "got 40 bytes without the end of its first line"),
        (odd_header("play", "set", 1), "the header must be whole, got play has no set"),
        (odd_header("parts", 0, {}), "a part lacks name"),
        (odd_header("parts", 0, []), r"a part must be an object, got \[\]"),
        (b"\n", "line 1: must be JSON"),
        (b"[]\n", "line 1: must be a JSON object"),
        (b"{}\n", "this is none"),
        (b'{"session":"musicrnn","format":2}\n', "format 1"),
        (b'{"session":"musicrnn","format":1}\n', "the header must be whole"),
        (b"\xff\xfe\n", "must be JSON"),
        (b"[" * 100_000 + b"\n", "must be JSON"),
        (log({"tick": -1, "do": "stop"}), "line 2: tick must be a whole number in 0.."),
        (log({"tick": 10**12, "do": "stop"}), "tick must be a whole number in 0..50000000"),
        (log({"tick": True, "do": "stop"}), "tick must be"),
        (log({"tick": 5, "do": "stop"}, {"tick": 4, "do": "end"}), "line 3: tick must be a whole number in 5.."),
        (log({"tick": 0, "do": "dance"}), "do must be one of start"),
        (log({"tick": 0, "do": []}), "do must be one of start"),
        (log({"tick": 0, "do": "set", "name": "mu"}), "set must have its value"),
        (log({"tick": 0, "do": "mute", "part": 1, "muted": True}), "mute must have its part"),
        (log({"tick": 4, "do": "skip", "to": 4}), "to must be in 5.."),
        (log({"tick": 4, "do": "skip", "to": 10**12}), "to must be in 5..50000000"),
        (log({"tick": 4, "do": "failure", "kind": "odd"}), "kind must be rest or reset"),
        (log({"tick": 4, "do": "start", "prime": 1}), "prime must be a text"),
    ],
)
def test_a_log_that_is_wrong_is_refused_with_its_line(content: bytes, message: str) -> None:
    """The name of the file stands first."""
    with pytest.raises(SessionError, match=r"^log.*" + message):
        parse_session(content, "log")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("metre", [4]),
        ("metre", "x"),
        ("parts", [{}]),
        ("parts", None),
        ("play", {"mu": 99}),
        ("play", {"nonsense": 1}),
        ("model", 1),
        ("ticks_per_beat", "12"),
        ("extra", 1),
    ],
)
def test_a_header_that_is_wrong_is_refused(key: str, value: Any) -> None:
    """One fact at a time."""
    values = {**json.loads(header_line(HEADER)), key: value}
    with pytest.raises(SessionError, match="header"):
        parse_session(json.dumps(values).encode() + b"\n", "log")


@pytest.mark.parametrize(
    ("section", "key", "value", "reason"),
    [
        ("play", "tempo", 0, "play.tempo must be in 20..999, got 0"),
        ("", "ticks_per_beat", -1, "ticks_per_beat must be the model's, 4, got -1"),
        ("", "ticks_per_beat", 0, "ticks_per_beat must be the model's, 4, got 0"),
        ("", "metre", [0, 4], r"metre must be the model's, \(3, 4\), got \(0, 4\)"),
        ("", "parts", [], r"parts must be the model's, .*, got \(\)"),
        ("parts", 0, {"name": []}, "parts must be the model's"),
    ],
)
def test_a_header_that_contradicts_the_model_is_refused(section: str, key: Any, value: Any, reason: str) -> None:
    """Before anything is played."""
    values = json.loads(header_line(HEADER))
    (values[section] if section else values)[key] = value
    session = parse_session(json.dumps(values).encode() + b"\n" + log(START, END).partition(b"\n")[2], "log")
    with pytest.raises(SessionError, match=reason):
        check_model(session, Generator(MODEL), "")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_session_or_refused(content: bytes) -> None:
    """No other error comes out."""
    for candidate in (content, content + b"\n", header_line(HEADER) + content + b"\n"):
        with contextlib.suppress(SessionError):
            parse_session(candidate, "log")


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**9), st.text(max_size=5), st.floats())
KEYS = st.sampled_from(["tick", "do", "name", "value", "part", "muted", "to", "kind", "prime", "bar", "seconds"])
WORDS = st.sampled_from(["start", "set", "mute", "skip", "stop", "mu", "seed", "tempo", "soprano", "C4 ."])
ENTRIES = st.dictionaries(KEYS, st.one_of(SCALARS, WORDS))


@given(st.lists(st.tuples(st.integers(0, 50), ENTRIES), max_size=6))
def test_any_entries_are_replayed_or_refused(entries: list[tuple[int, Entry]]) -> None:
    """Half sensible ones."""
    made = [{**entry, "tick": tick} for tick, entry in entries]
    try:
        session = parse_session(log(*made, {"tick": 60, "do": "end"}), "log")
        if all(entry.get("to", 0) < 1000 for entry in session.entries if isinstance(entry.get("to", 0), int)):
            Replay(session, Generator(MODEL)).run()
    except (SessionError, ControlError):
        pass


def test_a_log_that_is_not_there_says_so(tmp_path: Path) -> None:
    """The system's own error: the command words it."""
    with pytest.raises(FileNotFoundError):
        read_session(tmp_path / "none.jsonl")


def test_a_log_is_read_from_its_file(tmp_path: Path) -> None:
    """The file's name is in messages."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(log(START, END))
    assert read_session(path).complete
    path.write_bytes(b"{}\n")
    with pytest.raises(SessionError, match=r"a\.jsonl"):
        read_session(path)


def test_a_session_is_not_replayed_with_another_model() -> None:
    """Neither with another vocabulary nor with another file of the same one."""
    session = Session(HEADER)
    check_model(session, Generator(MODEL), "ab" * 32)
    check_model(session, Generator(MODEL), "")
    with pytest.raises(SessionError, match="the seal abababababab, got cdcdcdcdcdcd"):
        check_model(session, Generator(MODEL), "cd" * 32)
    with pytest.raises(SessionError, match="vocabularies differ"):
        check_model(session, Generator(random_model(small_vocabulary(drums=False))), "")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"tick": 1, "do": "set", "name": "volume", "value": 1}, "a control must be one of mu"),
        ({"tick": 1, "do": "set", "name": "mu", "value": 99}, "mu must be in 0..16, got 99"),
        ({"tick": 1, "do": "mute", "part": "alto", "muted": True}, "a part must be one of soprano"),
    ],
)
def test_a_replay_refuses_what_a_session_cannot_have_done(entry: Entry, message: str) -> None:
    """The tick is named."""
    with pytest.raises(SessionError, match=f"tick 1: {message}"):
        Replay(parse_session(log(START, entry, END), "log"), Generator(MODEL)).run()
