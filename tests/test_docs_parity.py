"""The page of the predecessors' points is whole, and what it names is there."""

from __future__ import annotations

import re

import pytest

from tests.named_tests import ROOT, TEST, missing, page, rows

PAGE = page("parity.md")
ROWS = [row for row in rows(PAGE) if not set(row[0]) <= {"-"} and row[0] not in ("point", "fault")]
POINTS = [row for row in ROWS if re.fullmatch(r"P\d+", row[0])]
FAULTS = [row for row in ROWS if row not in POINTS]


def test_every_point_has_one_row_in_its_order() -> None:
    """P1 to P50, each with its number, words, state, place and tests."""
    assert [row[0] for row in POINTS] == [f"P{number}" for number in range(1, 51)]
    assert {len(row) for row in POINTS} == {5}


def test_every_fault_has_one_row() -> None:
    """Thirteen of the original, three of the bi-axial RNN, no two alike."""
    assert len({row[0] for row in FAULTS}) == len(FAULTS) == 13 + 3
    assert {len(row) for row in FAULTS} == {2}


@pytest.mark.parametrize("row", POINTS, ids=lambda row: row[0])
def test_a_point_that_is_met_names_a_place_and_a_test_and_an_open_one_does_not(row: list[str]) -> None:
    """There is no third state."""
    _, _, state, place, shown = row
    assert state in ("met", "open")
    assert bool(TEST.search(shown)) == (state == "met")
    assert place or state == "open"


def test_every_fault_names_a_test() -> None:
    """A fault can come back in silence otherwise."""
    assert [row[0] for row in FAULTS if not TEST.search(row[1])] == []


def test_every_test_that_is_named_is_there() -> None:
    """By file and function; a reference in another form is found as well."""
    assert missing(PAGE) == []


def test_every_setting_that_is_named_is_there() -> None:
    """Flags are written as they are typed."""
    known = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    commands = "".join(
        (ROOT / "src/musicrnn/commands" / f"{verb}.py").read_text() for verb in ("check", "convert", "daemon")
    )
    flags = {flag for row in POINTS for flag in re.findall(r"--[a-z][a-z-]+", row[3])}
    plain = {flag.replace("--no-", "--") for flag in flags} - {"--config"}
    assert sorted(flag for flag in plain if f"`{flag}`" not in known and f'"{flag}"' not in commands) == []
