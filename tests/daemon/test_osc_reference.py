"""The reference page has every address and every control with its range."""

from __future__ import annotations

from pathlib import Path

from musicrnn.control import CONTROLS, Status
from musicrnn.daemon.osc import ADDRESSES, STATUS, status_messages

PAGE = (Path(__file__).parents[2] / "docs/osc.md").read_text(encoding="utf-8")


def test_every_address_has_its_row() -> None:
    """In the table of what is taken."""
    for address in (*ADDRESSES, STATUS):
        assert f"| `{address}` |" in PAGE, address


def test_every_control_has_its_range() -> None:
    """As it is checked."""
    for control in CONTROLS.values():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `/musicrnn/{control.name}` |"))
        assert f"{_plain(control.low)} to {_plain(control.high)}" in row


def test_every_answer_is_named() -> None:
    """In the table of what is answered."""
    for address, _ in status_messages(Status(), {"taken": 0, "refused": 0, "dropped": 0}):
        assert f"`{address}`" in PAGE or f"`{address.rpartition('/')[2]}`" in PAGE, address


def _plain(bound: float) -> str:
    return str(int(bound))
