"""The reference page has the table of the program, and tells of everything that is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.control import CONTROLS, Status
from musicrnn.daemon.osc import ADDRESSES, QUESTIONS, status_messages
from musicrnn.daemon.osc_page import address_table, main, renewed
from musicrnn.daemon.stream import MOST

PAGE = Path(__file__).parents[2] / "docs/osc.md"
TEXT = PAGE.read_text(encoding="utf-8")
STALE = "write it again with: python -m musicrnn.daemon.osc_page docs"


def test_the_table_is_not_stale() -> None:
    """It is written by a command, never by hand."""
    assert renewed(TEXT) == TEXT, STALE


def test_every_address_has_its_row() -> None:
    """In the table of what is taken."""
    for address in (*ADDRESSES, *QUESTIONS):
        assert f"| `{address}` |" in address_table(), address


def test_every_control_has_its_range_or_its_choices() -> None:
    """As it is checked."""
    for control in CONTROLS.values():
        row = next(line for line in address_table().splitlines() if line.startswith(f"| `/musicrnn/{control.name}` |"))
        low, high = int(control.low), int(control.high)
        assert any(words in row for words in (f"{low} to {high}", f"{low} or {high}")), row
        assert all(choice in row for choice in control.choices), row


def test_every_answer_is_named() -> None:
    """One by one, or as the control of that name."""
    for address, _ in status_messages(Status(), {"taken": 0, "refused": 0, "dropped": 0}):
        name = address.rpartition("/")[2]
        assert f"`{address}`" in TEXT or f"`{name}`" in TEXT or name in CONTROLS, address


def test_the_number_of_subscribers_is_told() -> None:
    """As it is checked."""
    assert f"at most {MOST} subscribers" in TEXT


def test_the_command_writes_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the page in the folder that is named."""
    page = tmp_path / "osc.md"
    page.write_text("before <!-- addresses: begin -->\nwhat was there\n<!-- addresses: end --> after", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["osc_page", str(tmp_path)])
    assert main() == 0
    assert address_table() in page.read_text(encoding="utf-8")
    assert "what was there" not in page.read_text(encoding="utf-8")


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    """Nothing is lost."""
    with pytest.raises(ValueError, match="must have <!-- addresses: begin -->"):
        renewed("no table here")
