"""The tables for people and the values for programs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from musicrnn.bench.figures import spread
from musicrnn.bench.machine import Machine
from musicrnn.bench.playing import Played, PlayerFacts
from musicrnn.bench.report import as_values, show
from musicrnn.bench.results import Results
from musicrnn.bench.sizes import Sized
from musicrnn.models.metadata import ModelInfo
from musicrnn.testing import small_vocabulary

SOME = spread([0.001, 0.002])
THROUGH = Played("jack", "", 0.0107, True, SOME, 2, 0, 0, True, PlayerFacts(0.15, True, False))
NOWHERE = Played("", "no port [could] be opened", 0.0, False, None, 0, 0, 3, False, None)
RESULTS = Results(
    Machine("Chip", 4, 4, 0, "", 0.0, "Linux 6 x86_64", {"Python": "3.12.1"}),
    ModelInfo("mine", small_vocabulary(), 2, 256, precision="int8"),
    tempo=120.0,
    tick_seconds=0.125,
    hot=SOME,
    paced=SOME,
    played=THROUGH,
    sizes=[
        Sized(1, 128, "float32", 600_000, 6, SOME, True),
        Sized(2, 256, "float32", 4_000_000, 6, spread([0.2, 0.3]), False),
        Sized(1, 128, "int8", 200_000, 6, SOME, True),
    ],
)


def shown(results: Results, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the printed lines."""
    show(results)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_tables_have_a_line_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """In milliseconds."""
    lines = shown(RESULTS, capsys)
    assert lines[0] == "Chip, 4 cores, load 0.0; Linux 6 x86_64; Python 3.12.1"
    assert "one step, hot 1.000 2.000 2.000 2.000 2" in lines
    assert "a note late, through jack 1.000 2.000 2.000 2.000 2" in lines
    assert "Output jack: 10.7 ms after the beat, the same for each note; none of 2 messages lost" in lines
    assert "Player started in 0.15 s; real-time priority, memory not locked" in lines
    assert "2 x 256 float32 4.0 MB 6 200.00 300.00 240% no" in lines
    assert "Largest that fits, float32: 1 x 128" in lines
    assert "Largest that fits, int8: 1 x 128, the largest that was tried" in lines


def test_without_a_port_the_reason_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no mark-up."""
    lines = shown(replace(RESULTS, played=NOWHERE, sizes=[]), capsys)
    assert "a note late, as it leaves the engine - - - - -" in lines
    assert "Output no port [could] be opened" in lines
    assert "3 ticks came too late and were skipped" in lines
    assert "Priority normal: this user may not have real time" in lines
    assert not [line for line in lines if "fits" in line]


def test_lost_notes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """They are why one measures."""
    lines = shown(replace(RESULTS, played=replace(THROUGH, lost=1, exact=False)), capsys)
    assert "Output jack: 10.7 ms after the beat, sent when its moment comes; 1 of 2 messages lost" in lines


def test_the_values_are_json_with_every_figure() -> None:
    """Programs find each by its name."""
    values = json.loads(json.dumps(as_values(RESULTS)))
    times = {"count": 2, "p50": 1.0, "p99": 2.0, "p99.9": 2.0, "max": 2.0}
    assert values["format"] == 1
    assert values["machine"]["processor"] == "Chip"
    assert values["model"] == {"name": "mine", "layers": 2, "units": 256, "precision": "int8", "ticks_per_beat": 4}
    assert (values["tempo"], values["tick_ms"]) == (120.0, 125.0)
    assert values["step_ms"] == {"hot": times, "paced": times}
    assert values["output"] == {
        "system": "jack",
        "reason": "",
        "latency_ms": 10.7,
        "exact": True,
        "lateness_ms": times,
        "messages": 2,
        "lost": 0,
        "skipped_ticks": 0,
        "engine": {"real_time": True},
        "player": {"start_ms": 150.0, "real_time": True, "locked": False},
    }
    assert [size["fits"] for size in values["sizes"]] == [True, False, True]
    assert values["sizes"][0]["tick_ms"] == times
    assert values["largest"] == {"float32": "1 x 128", "int8": "1 x 128"}


def test_what_was_not_measured_is_null() -> None:
    """And not left out."""
    values = as_values(replace(RESULTS, played=NOWHERE, sizes=[]))
    assert values["output"]["system"] is values["output"]["lateness_ms"] is values["output"]["player"] is None
    assert values["largest"] == {"float32": None, "int8": None}
