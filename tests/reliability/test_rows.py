"""The table of reliability can be made in pieces."""

from __future__ import annotations

from pathlib import Path

from tests.reliability.rows import HEAD, Rows


class Runs:
    """Stands in for pytest: each test writes a row, and those in ``wrong`` fail."""

    def __init__(self, *wrong: str) -> None:
        self._wrong = wrong
        self.tests: list[str] = []

    def __call__(self, test: str, rows: Path) -> bool:
        """Run a test."""
        self.tests.append(test)
        rows.write_text(f"| {test} |\n", encoding="utf-8")
        return test not in self._wrong


def test_a_table_that_was_broken_off_goes_on_with_what_failed_or_was_not_run(tmp_path: Path) -> None:
    """A row of a test that failed is not in it, and none is in it twice."""
    path = tmp_path / "build" / "reliability.md"
    assert Rows(path).make(["a", "b"], Runs("b")) == ["b"]
    assert path.read_text(encoding="utf-8") == f"{HEAD}| a |\n"
    later = Runs()
    assert Rows(path).make(["a", "b", "c"], later) == []
    assert later.tests == ["b", "c"]
    assert str(Rows(path)) == f"{HEAD}| a |\n| b |\n| c |\n"


def test_a_table_can_be_begun_anew(tmp_path: Path) -> None:
    """Then all is run again."""
    rows = Rows(tmp_path / "reliability.md")
    rows.make(["a"], Runs())
    rows.forget()
    assert str(rows) == HEAD
    again = Runs()
    rows.make(["a"], again)
    assert again.tests == ["a"]
