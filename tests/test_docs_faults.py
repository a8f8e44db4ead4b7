"""The page of faults is whole, and the tests that it names are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
ROWS = [row for row in CELLS if re.fullmatch(r"[A-Z]\d+", row[0])]
LAST = {"N": 11, "P": 9, "T": 10, "M": 8, "S": 7}
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def names_of_tests(file: str) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return frozenset(name for name in names if name.startswith("test_"))


def test_every_fault_has_one_row_in_its_order() -> None:
    """N1 to S7, each with its number, words, what happens and tests."""
    assert [row[0] for row in ROWS] == [
        f"{kind}{number}" for kind, last in LAST.items() for number in range(1, last + 1)
    ]
    assert {len(row) for row in ROWS} == {4}
    assert all(all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_fault_names_tests_that_are_there(row: list[str]) -> None:
    """By file and function."""
    named = TEST.findall(row[3])
    assert named
    assert len(named) == row[3].count("::")
    assert [f"{file}::{name}" for file, name in named if name not in names_of_tests(file)] == []


def test_it_can_be_found() -> None:
    """From the pages that tell of reliability and of what happens."""
    for page in ("README.md", "docs/reliability.md", "docs/behaviour.md"):
        assert "faults.md" in (ROOT / page).read_text(encoding="utf-8"), page
