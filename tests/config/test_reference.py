"""The reference pages in docs/ are those that the declarations give."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.config.flags import flag_of
from musicrnn.config.old_ini import MAPPINGS
from musicrnn.config.reference import configuration_page, main, old_config_page
from musicrnn.config.settings import declared

DOCS = Path(__file__).parents[2] / "docs"
STALE = "write it again with: python -m musicrnn.config.reference docs"


def test_the_page_of_settings_is_not_stale() -> None:
    """It is written by a command, never by hand."""
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == configuration_page(), STALE


def test_the_page_of_the_old_settings_is_not_stale() -> None:
    """It is written by a command, never by hand."""
    assert (DOCS / "old-config.md").read_text(encoding="utf-8") == old_config_page(), STALE


def test_every_setting_is_on_the_page_with_its_flag() -> None:
    """A setting that the page leaves out cannot be found."""
    page = configuration_page()
    for name, rule in declared():
        assert f"| `{name.split('.')[1]}` |" in page
        assert rule.positional or f"`{flag_of(name, rule)}`" in page


def test_every_old_key_is_on_its_page() -> None:
    """P3."""
    page = old_config_page()
    assert all(f"| {row.section} | `{row.key}` |" in page for row in MAPPINGS)


def test_the_command_writes_both_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the folder that is named."""
    monkeypatch.setattr("sys.argv", ["reference", str(tmp_path)])
    assert main() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["configuration.md", "old-config.md"]
