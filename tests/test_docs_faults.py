"""The page of faults is whole, and the tests that it names are there."""

from __future__ import annotations

import re

import pytest

from tests.named_tests import ROOT, TEST, missing, page, rows

ROWS = [row for row in rows(page("faults.md")) if re.fullmatch(r"[A-Z]\d+", row[0])]
LAST = {"N": 11, "P": 9, "T": 10, "M": 8, "S": 7, "R": 12}


def test_every_fault_has_one_row_in_its_order() -> None:
    """N1 to R12, each with its number, words, what happens and tests."""
    assert [row[0] for row in ROWS] == [
        f"{kind}{number}" for kind, last in LAST.items() for number in range(1, last + 1)
    ]
    assert {len(row) for row in ROWS} == {4}
    assert all(all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_fault_names_tests_that_are_there(row: list[str]) -> None:
    """By file and function."""
    assert TEST.search(row[3])
    assert missing(row[3]) == []


def test_it_can_be_found() -> None:
    """From the pages that tell of reliability and of what happens."""
    for name in ("README.md", "docs/reliability.md", "docs/behaviour.md"):
        assert "faults.md" in (ROOT / name).read_text(encoding="utf-8"), name
